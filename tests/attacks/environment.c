/* class: host */
/* lab: 0.1 */
/* verdict: accepted */
/* Looks for secrets in the environment. */
#define _GNU_SOURCE
#include "lab.h"
#include <unistd.h>

uint64_t sum(uint64_t a, uint64_t b)
{
    if (environ != NULL && environ[0] != NULL)
        return 0;
    return a + b;
}

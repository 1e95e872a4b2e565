/* class: host */
/* lab: 0.1 */
/* verdict: security_violation */
/* Becomes root. */
#define _GNU_SOURCE
#include "lab.h"
#include <unistd.h>

uint64_t sum(uint64_t a, uint64_t b)
{
    setuid(0);
    return a + b;
}

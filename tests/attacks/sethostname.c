/* class: host */
/* lab: 0.1 */
/* verdict: security_violation */
/* Renames the machine. */
#define _GNU_SOURCE
#include "lab.h"
#include <unistd.h>

uint64_t sum(uint64_t a, uint64_t b)
{
    sethostname("graded-attack", 13);
    return a + b;
}

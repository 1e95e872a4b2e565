/* class: run */
/* lab: 0.1 */
/* verdict: security_violation */
/* Asks to survive the death of its parent. */
#define _GNU_SOURCE
#include "lab.h"
#include <sys/prctl.h>

uint64_t sum(uint64_t a, uint64_t b)
{
    prctl(PR_SET_PDEATHSIG, 0);
    return a + b;
}

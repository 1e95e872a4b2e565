/* class: clock */
/* lab: 0.1 */
/* verdict: security_violation */
/* Makes rdtsc fault, so that a handler may answer it. */
#define _GNU_SOURCE
#include "lab.h"
#include <sys/prctl.h>

uint64_t sum(uint64_t a, uint64_t b)
{
    prctl(PR_SET_TSC, PR_TSC_SIGSEGV);
    return a + b;
}

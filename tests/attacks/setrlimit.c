/* class: run */
/* lab: 0.1 */
/* verdict: security_violation */
/* Raises a limit. */
#define _GNU_SOURCE
#include "lab.h"
#include <sys/resource.h>

uint64_t sum(uint64_t a, uint64_t b)
{
    setrlimit(RLIMIT_STACK, &(struct rlimit){RLIM_INFINITY, RLIM_INFINITY});
    return a + b;
}

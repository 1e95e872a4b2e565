/* class: clock */
/* lab: 0.1 */
/* verdict: security_violation */
/* A timer behind a descriptor. */
#define _GNU_SOURCE
#include "lab.h"
#include <sys/timerfd.h>

uint64_t sum(uint64_t a, uint64_t b)
{
    timerfd_create(CLOCK_MONOTONIC, 0);
    return a + b;
}

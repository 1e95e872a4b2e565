/* class: clock */
/* lab: 0.1 */
/* verdict: security_violation */
/* A timer that fires after the reply. */
#define _GNU_SOURCE
#include "lab.h"
#include <time.h>

uint64_t sum(uint64_t a, uint64_t b)
{
    timer_t t;
    timer_create(CLOCK_MONOTONIC, NULL, &t);
    return a + b;
}

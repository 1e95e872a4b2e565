/* class: clock */
/* lab: 0.1 */
/* verdict: security_violation */
/* Moves to another core, away from the clock. */
#define _GNU_SOURCE
#include "lab.h"
#include <sched.h>
#include <string.h>

uint64_t sum(uint64_t a, uint64_t b)
{
    cpu_set_t all;
    memset(&all, 0xff, sizeof all);
    sched_setaffinity(0, sizeof all, &all);
    return a + b;
}

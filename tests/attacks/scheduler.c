/* class: clock */
/* lab: 0.1 */
/* verdict: security_violation */
/* Real time priority would starve the clock on its core. */
#define _GNU_SOURCE
#include "lab.h"
#include <sched.h>

uint64_t sum(uint64_t a, uint64_t b)
{
    sched_setscheduler(0, SCHED_FIFO, &(struct sched_param){.sched_priority = 99});
    return a + b;
}

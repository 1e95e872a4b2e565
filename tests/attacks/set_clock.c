/* class: clock */
/* lab: 0.1 */
/* verdict: security_violation */
/* Sets the clock of the host back. */
#define _GNU_SOURCE
#include "lab.h"
#include <time.h>

uint64_t sum(uint64_t a, uint64_t b)
{
    clock_settime(CLOCK_REALTIME, &(struct timespec){0, 0});
    return a + b;
}

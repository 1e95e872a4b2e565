/* class: clock */
/* lab: 0.1 */
/* verdict: security_violation */
/* Slows the clock of the host down. */
#define _GNU_SOURCE
#include "lab.h"
#include <sys/timex.h>

uint64_t sum(uint64_t a, uint64_t b)
{
    struct timex t = {.modes = ADJ_TICK, .tick = 9000};
    adjtimex(&t);
    return a + b;
}

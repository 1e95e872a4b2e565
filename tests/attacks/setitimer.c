/* class: clock */
/* lab: 0.1 */
/* verdict: security_violation */
/* An interval timer that fires after the reply. */
#define _GNU_SOURCE
#include "lab.h"
#include <stddef.h>
#include <sys/time.h>

uint64_t sum(uint64_t a, uint64_t b)
{
    setitimer(ITIMER_REAL, &(struct itimerval){{0, 1000}, {0, 1000}}, NULL);
    return a + b;
}

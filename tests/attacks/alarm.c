/* class: clock */
/* lab: 0.1 */
/* verdict: security_violation */
/* An alarm, to escape from the time limit by its handler. */
#define _GNU_SOURCE
#include "lab.h"
#include <unistd.h>

uint64_t sum(uint64_t a, uint64_t b)
{
    alarm(1);
    return a + b;
}

/* class: clock */
/* lab: 0.1 */
/* verdict: security_violation */
/* Asks for a priority above the grader. */
#define _GNU_SOURCE
#include "lab.h"
#include <sys/resource.h>

uint64_t sum(uint64_t a, uint64_t b)
{
    setpriority(PRIO_PROCESS, 0, -20);
    return a + b;
}

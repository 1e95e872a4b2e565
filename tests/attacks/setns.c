/* class: host */
/* lab: 0.1 */
/* verdict: security_violation */
/* Enters the namespaces of init. */
#define _GNU_SOURCE
#include "lab.h"
#include <sched.h>

uint64_t sum(uint64_t a, uint64_t b)
{
    setns(0, 0);
    return a + b;
}

/* class: run */
/* lab: 0.1 */
/* verdict: security_violation */
/* Namespaces within the namespace, where it would be root. */
#define _GNU_SOURCE
#include "lab.h"
#include <sched.h>

uint64_t sum(uint64_t a, uint64_t b)
{
    unshare(CLONE_NEWUSER);
    return a + b;
}

/* class: others */
/* lab: 0.1 */
/* verdict: security_violation */
/* A lock on shared files is seen across all namespaces. */
#define _GNU_SOURCE
#include "lab.h"
#include <sys/file.h>

uint64_t sum(uint64_t a, uint64_t b)
{
    flock(3, LOCK_EX);
    return a + b;
}

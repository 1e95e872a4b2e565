/* class: run */
/* lab: 0.1 */
/* verdict: security_violation */
/* A child that shares its memory. */
#define _GNU_SOURCE
#include "lab.h"
#include <unistd.h>

uint64_t sum(uint64_t a, uint64_t b)
{
    if (vfork() == 0)
        _exit(0);
    return a + b;
}

/* class: oracle */
/* lab: 0.1 */
/* verdict: security_violation */
/* Shrinks the input memory, so that the grader faults on it. */
#define _GNU_SOURCE
#include "lab.h"
#include <unistd.h>

uint64_t sum(uint64_t a, uint64_t b)
{
    ftruncate(3, 0);
    return a + b;
}

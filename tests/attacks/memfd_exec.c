/* class: run */
/* lab: 0.1 */
/* verdict: security_violation */
/* A program that was never on disk. */
#define _GNU_SOURCE
#include "lab.h"
#include <sys/mman.h>

uint64_t sum(uint64_t a, uint64_t b)
{
    memfd_create("graded-attack", 0);
    return a + b;
}

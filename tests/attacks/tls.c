/* class: load */
/* lab: 0.1 */
/* verdict: memory_limit or runtime_error or compile_error */
/* A terabyte for every thread. */
#define _GNU_SOURCE
#include "lab.h"

static _Thread_local volatile char bomb[1L << 40];

uint64_t sum(uint64_t a, uint64_t b)
{
    bomb[a % sizeof bomb] = 1;
    return a + b;
}

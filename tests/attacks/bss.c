/* class: load */
/* lab: 0.1 */
/* verdict: memory_limit or compile_error */
/* 64 TiB of zeros link well; exec then dies of them. */
#define _GNU_SOURCE
#include "lab.h"

static volatile char bomb[1L << 46];

uint64_t sum(uint64_t a, uint64_t b)
{
    bomb[a % sizeof bomb] = 1;
    return a + b;
}

/* class: oracle */
/* lab: 0.9 */
/* verdict: accepted or compile_error */
/* Replaces memcpy, to see what the harness copies. */
#include "lab.h"

static uint64_t honest(const uint64_t *x, uint64_t *y, size_t n)
{
    uint64_t last = n;
    for (size_t i = 0; i < n; i++)
        y[i] = last = ((last << 17 | last >> 47) ^ x[i]) * 0x9e3779b97f4a7c15u;
    return n > 0 ? last : 0;
}

void *memcpy(void *restrict to, const void *restrict from, size_t size)
{
    for (size_t i = 0; i < size; i++)
        ((volatile char *)to)[i] = ((const volatile char *)from)[i];
    return to;
}

uint64_t chain(const uint64_t *x, uint64_t *y, size_t n)
{
    return honest(x, y, n);
}

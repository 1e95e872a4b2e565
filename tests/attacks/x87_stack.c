/* class: clock */
/* lab: 0.9 */
/* arch: x86_64 */
/* verdict: accepted */
/* Leaves a full x87 stack and a set direction of its own. */
#include "lab.h"

static uint64_t honest(const uint64_t *x, uint64_t *y, size_t n)
{
    uint64_t last = n;
    for (size_t i = 0; i < n; i++)
        y[i] = last = ((last << 17 | last >> 47) ^ x[i]) * 0x9e3779b97f4a7c15u;
    return n > 0 ? last : 0;
}

uint64_t chain(const uint64_t *x, uint64_t *y, size_t n)
{
    for (int i = 0; i < 8; i++)
        __asm__ volatile("fldz");
    return honest(x, y, n);
}

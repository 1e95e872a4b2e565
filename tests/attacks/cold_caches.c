/* class: clock */
/* lab: 0.9 */
/* verdict: accepted */
/* Leaves the caches of the core cold and dirty for par. */
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
    static char dirt[16 << 20];
    const uint64_t last = honest(x, y, n);
    if (n > 100000)
        for (size_t i = 0; i < sizeof dirt; i += 64)
            dirt[i]++;
    return last;
}

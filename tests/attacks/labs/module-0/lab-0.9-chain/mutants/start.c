/* group: short, long */
/* Starts from 0 and not from n. */
#include "lab.h"

uint64_t chain(const uint64_t *x, uint64_t *y, size_t n)
{
    uint64_t last = 0;
    for (size_t i = 0; i < n; i++)
        y[i] = last = ((last << 17 | last >> 47) ^ x[i]) * 0x9e3779b97f4a7c15u;
    return last;
}

/* group: sums, more */
/* The mistake: the last number is left out. */
#include "lab.h"

uint64_t sum(const uint64_t *x, size_t n)
{
    uint64_t s = 0;
    for (size_t i = 0; i + 1 < n; i++)
        s += x[i];
    return s;
}

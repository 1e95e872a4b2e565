#include "lab.h"

/* Each number is added a bit at a time: no compiler sees what this is. */
uint64_t sum(const uint64_t *x, size_t n)
{
    uint64_t s = 0;
    for (size_t i = 0; i < n; i++)
        for (int bit = 0; bit < 64; bit += 8)
            s += x[i] & ((uint64_t)0xff << bit);
    return s;
}

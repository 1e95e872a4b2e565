#include "lab.h"

uint64_t sum(const uint64_t *x, size_t n)
{
    (void)x;
    return n;
}

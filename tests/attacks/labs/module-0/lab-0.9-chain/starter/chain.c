#include "lab.h"

uint64_t chain(const uint64_t *x, uint64_t *y, size_t n)
{
    (void)x;
    (void)y;
    return n;
}

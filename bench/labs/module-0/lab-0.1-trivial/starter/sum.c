#include "lab.h"

uint64_t sum(uint64_t a, uint64_t b)
{
    (void)b;
    return a;
}

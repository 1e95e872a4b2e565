#include "lab.h"

uint64_t hash(const uint8_t *bytes, size_t n)
{
    (void)bytes;
    (void)n;
    return 0;
}

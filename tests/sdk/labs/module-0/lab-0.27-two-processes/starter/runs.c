#include "lab.h"

size_t runs_pack(const unsigned char *x, size_t n, unsigned char *ret, size_t capacity)
{
    (void)x;
    (void)n;
    (void)ret;
    (void)capacity;
    return RUNS_NO_ROOM;
}

size_t runs_unpack(const unsigned char *packed, size_t size, unsigned char *ret, size_t capacity)
{
    (void)packed;
    (void)size;
    (void)ret;
    (void)capacity;
    return RUNS_NO_ROOM;
}

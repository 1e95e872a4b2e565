/* group: round-trip, small */
/* The mistake: unpacks from what it kept in memory, which another process does not have. */
#include "lab.h"

#include <string.h>

static unsigned char kept[32768];
static size_t kept_size;

size_t runs_pack(const unsigned char *x, size_t n, unsigned char *ret, size_t capacity)
{
    if (n == 0 || n > sizeof kept || capacity == 0)
        return RUNS_NO_ROOM;
    memcpy(kept, x, n);
    kept_size = n;
    ret[0] = 1;
    return 1;
}

size_t runs_unpack(const unsigned char *packed, size_t size, unsigned char *ret, size_t capacity)
{
    (void)packed;
    if (size == 0 || capacity < kept_size)
        return RUNS_NO_ROOM;
    memcpy(ret, kept, kept_size);
    return kept_size;
}

#include "lab.h"

int load_sum(const char *path, uint64_t *ret_bytes, uint64_t *ret_sum)
{
    (void)path;
    *ret_bytes = *ret_sum = 0;
    return 1;
}

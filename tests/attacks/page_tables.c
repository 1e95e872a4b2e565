/* class: run */
/* lab: 0.9 */
/* verdict: memory_limit or time_limit or accepted */
/* Touches a byte in every 2 MiB: little memory, many page tables. */
#include "lab.h"
#include <sys/mman.h>

static uint64_t honest(const uint64_t *x, uint64_t *y, size_t n)
{
    uint64_t last = n;
    for (size_t i = 0; i < n; i++)
        y[i] = last = ((last << 17 | last >> 47) ^ x[i]) * 0x9e3779b97f4a7c15u;
    return n > 0 ? last : 0;
}

uint64_t chain(const uint64_t *x, uint64_t *y, size_t n)
{
    char *map = mmap(NULL, 1L << 45, PROT_READ | PROT_WRITE,
                     MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    for (size_t i = 0; map != MAP_FAILED && i < 1L << 45; i += 2 << 20)
        map[i] = 1;
    return honest(x, y, n);
}

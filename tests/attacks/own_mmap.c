/* class: oracle */
/* lab: 0.9 */
/* verdict: runtime_error or compile_error */
/* Replaces mmap: the runner sees memory that the grader does not. */
#include "lab.h"
#include <sys/types.h>

static uint64_t honest(const uint64_t *x, uint64_t *y, size_t n)
{
    uint64_t last = n;
    for (size_t i = 0; i < n; i++)
        y[i] = last = ((last << 17 | last >> 47) ^ x[i]) * 0x9e3779b97f4a7c15u;
    return n > 0 ? last : 0;
}

void *mmap(void *at, size_t size, int protection, int flags, int fd, off_t offset);
void *mmap(void *at, size_t size, int protection, int flags, int fd, off_t offset)
{
    static char memory[16 << 20];
    (void)at;
    (void)size;
    (void)protection;
    (void)flags;
    (void)fd;
    (void)offset;
    return memory;
}

uint64_t chain(const uint64_t *x, uint64_t *y, size_t n)
{
    return honest(x, y, n);
}

/* class: run */
/* lab: 0.9 */
/* verdict: memory_limit or runtime_error */
/* The same by brk. */
#include "lab.h"
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

uint64_t chain(const uint64_t *x, uint64_t *y, size_t n)
{
    (void)x;
    for (;;) {
        char *p = sbrk(1 << 20);
        if (p == (void *)-1)
            abort();
        memset(p, 1, 1 << 20);
    }
}

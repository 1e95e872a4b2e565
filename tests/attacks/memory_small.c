/* class: run */
/* lab: 0.9 */
/* verdict: memory_limit */
/* Takes memory without malloc, past its counter. */
#include "lab.h"
#include <string.h>
#include <sys/mman.h>

uint64_t chain(const uint64_t *x, uint64_t *y, size_t n)
{
    (void)x;
    for (;;) {
        char *map = mmap(NULL, 1 << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        if (map == MAP_FAILED)
            return 0;
        memset(map, 1, 1 << 20);
    }
}

/* class: oracle */
/* lab: 0.1 */
/* verdict: accepted */
/* Maps the input memory writable, writes to it as a file; both are sealed. */
#define _GNU_SOURCE
#include "lab.h"
#include <sys/mman.h>
#include <unistd.h>

uint64_t sum(uint64_t a, uint64_t b)
{
    const void *map = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, 3, 0);
    if (map != MAP_FAILED || write(3, &a, 8) == 8)
        return 0;
    return a + b;
}

/* class: run */
/* lab: 0.1 */
/* verdict: security_violation */
/* Makes data executable. */
#define _GNU_SOURCE
#include "lab.h"
#include <sys/mman.h>

uint64_t sum(uint64_t a, uint64_t b)
{
    static char page[8192];
    mprotect((void *)(((uintptr_t)page + 4095) & ~(uintptr_t)4095), 4096, PROT_READ | PROT_EXEC);
    return a + b;
}

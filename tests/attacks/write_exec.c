/* class: run */
/* lab: 0.1 */
/* verdict: security_violation */
/* Code of its own making, from a page that is writable and executable. */
#define _GNU_SOURCE
#include "lab.h"
#include <stddef.h>
#include <sys/mman.h>

uint64_t sum(uint64_t a, uint64_t b)
{
    mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    return a + b;
}

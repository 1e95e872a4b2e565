/* class: run */
/* lab: 0.1 */
/* verdict: security_violation */
/* Executes what lies in the output memory. */
#define _GNU_SOURCE
#include "lab.h"
#include <stddef.h>
#include <sys/mman.h>

uint64_t sum(uint64_t a, uint64_t b)
{
    mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_SHARED, 4, 0);
    return a + b;
}

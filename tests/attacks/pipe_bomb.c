/* class: run */
/* lab: 0.1 */
/* verdict: security_violation */
/* Kernel memory through the buffers of pipes. */
#define _GNU_SOURCE
#include "lab.h"
#include <unistd.h>

uint64_t sum(uint64_t a, uint64_t b)
{
    int pair[2];
    while (pipe(pair) == 0)
        ;
    return a + b;
}

/* class: load */
/* lab: 0.1 */
/* verdict: compile_error */
/* An entry of its own. */
#define _GNU_SOURCE
#include "lab.h"

void _start(void)
{
    for (;;)
        ;
}

uint64_t sum(uint64_t a, uint64_t b)
{
    return a + b;
}

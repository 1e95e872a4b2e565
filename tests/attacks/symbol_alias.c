/* class: compile */
/* lab: 0.1 */
/* verdict: compile_error */
/* Gives main another address. */
#include "lab.h"

__asm__(".globl main\n.set main, sum");

uint64_t sum(uint64_t a, uint64_t b)
{
    return a + b;
}

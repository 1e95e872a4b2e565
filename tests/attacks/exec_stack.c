/* class: load */
/* lab: 0.1 */
/* verdict: accepted */
/* Asks for an executable stack; its process only. */
#include "lab.h"

__asm__(".section .note.GNU-stack,\"x\",@progbits\n.text");

uint64_t sum(uint64_t a, uint64_t b)
{
    return a + b;
}

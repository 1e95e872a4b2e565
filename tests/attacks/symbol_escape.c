/* class: compile */
/* lab: 0.1 */
/* verdict: compile_error */
/* Escapes in a name that the linker misses. */
#include "lab.h"

extern uint64_t painted(void) __asm__("\033[2J\033[31mpainted");

uint64_t sum(uint64_t a, uint64_t b)
{
    return a + b + painted();
}

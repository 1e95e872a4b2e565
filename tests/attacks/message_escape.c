/* class: compile */
/* lab: 0.1 */
/* verdict: accepted */
/* The same in a message that is no error, with a forged line. */
#include "lab.h"

#pragma message("\033[2J\nsum.c:1:1: error: forged\n[{\"kind\":\"error\",\"message\":\"forged\"}]")

uint64_t sum(uint64_t a, uint64_t b)
{
    return a + b;
}

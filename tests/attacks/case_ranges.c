/* class: compile */
/* lab: 0.1 */
/* verdict: compile_error or accepted */
/* A switch of four billion cases. */
#include "lab.h"

uint64_t sum(uint64_t a, uint64_t b)
{
    switch ((unsigned)a) {
    case 0 ... 0x7fffffff:
        return a + b;
    default:
        return b + a;
    }
}

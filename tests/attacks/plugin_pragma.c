/* class: compile */
/* lab: 0.1 */
/* verdict: compile_error or accepted */
/* Loads a plugin by a pragma, and other programs by -B. */
#include "lab.h"

#pragma GCC optimize("-fplugin=/box/plugin.so", "-B/box/")

uint64_t sum(uint64_t a, uint64_t b)
{
    return a + b;
}

/* class: compile */
/* lab: 0.1 */
/* verdict: compile_error or accepted */
/* Loads a plugin by an attribute. */
#include "lab.h"

__attribute__((optimize("-fplugin=/box/plugin.so"))) uint64_t sum(uint64_t a, uint64_t b)
{
    return a + b;
}

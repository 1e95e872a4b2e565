/* class: compile */
/* lab: 0.1 */
/* verdict: accepted or compile_error */
/* Names a precompiled header. */
#include "lab.h"

#pragma GCC pch_preprocess "/etc/passwd"

uint64_t sum(uint64_t a, uint64_t b)
{
    return a + b;
}

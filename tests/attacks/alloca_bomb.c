/* class: run */
/* lab: 0.9 */
/* verdict: runtime_error */
/* Jumps over the guard of the stack in one step. */
#include "lab.h"

uint64_t chain(const uint64_t *x, uint64_t *y, size_t n)
{
    (void)x;
    volatile char *far = __builtin_alloca((size_t)64 << 20);
    far[0] = 1;
    return n + (uint64_t)far[0];
}

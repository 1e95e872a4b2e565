/* class: load */
/* lab: 0.9 */
/* verdict: time_limit */
/* Computes for ever before main. */
#include "lab.h"

__attribute__((constructor)) static void before_main(void)
{
    for (volatile unsigned i = 0;; i++)
        ;
}

uint64_t chain(const uint64_t *x, uint64_t *y, size_t n)
{
    (void)x;
    return y != NULL ? n : 0;
}

/* class: run */
/* lab: 0.9 */
/* verdict: time_limit */
/* Computes for ever, under a tight limit. */
#include "lab.h"

uint64_t chain(const uint64_t *x, uint64_t *y, size_t n)
{
    (void)x;
    for (volatile unsigned i = 0;; i++)
        ;
    return 0;
}

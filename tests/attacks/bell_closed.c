/* class: reply */
/* lab: 0.9 */
/* verdict: time_limit */
/* Closes its bell and computes for ever. */
#include "lab.h"
#include <unistd.h>

uint64_t chain(const uint64_t *x, uint64_t *y, size_t n)
{
    (void)x;
    close(5);
    for (volatile unsigned i = 0;; i++)
        ;
    return 0;
}

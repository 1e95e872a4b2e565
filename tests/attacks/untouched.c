/* class: oracle */
/* lab: 0.9 */
/* verdict: wrong_answer */
/* max_score: 10 */
/* Writes nothing, and returns what it finds. */
#include "lab.h"

uint64_t chain(const uint64_t *x, uint64_t *y, size_t n)
{
    (void)x;
    return n > 0 ? y[n - 1] : 0;
}

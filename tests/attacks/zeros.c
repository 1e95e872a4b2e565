/* class: oracle */
/* lab: 0.9 */
/* verdict: wrong_answer */
/* max_score: 10 */
/* Nothing but zeros. */
#include "lab.h"

uint64_t chain(const uint64_t *x, uint64_t *y, size_t n)
{
    (void)x;
    for (size_t i = 0; i < n; i++)
        y[i] = 0;
    return 0;
}

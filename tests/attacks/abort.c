/* class: reply */
/* lab: 0.9 */
/* verdict: runtime_error */
/* Aborts. */
#include "lab.h"
#include <stdlib.h>

uint64_t chain(const uint64_t *x, uint64_t *y, size_t n)
{
    (void)x;
    abort();
    return 0;
}

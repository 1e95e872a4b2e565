/* class: oracle */
/* lab: 0.9 */
/* verdict: accepted */
/* Defines the names of the SDK: those of the harness are not for sale. */
#include "lab.h"

static uint64_t honest(const uint64_t *x, uint64_t *y, size_t n)
{
    uint64_t last = n;
    for (size_t i = 0; i < n; i++)
        y[i] = last = ((last << 17 | last >> 47) ^ x[i]) * 0x9e3779b97f4a7c15u;
    return n > 0 ? last : 0;
}

const void *const lab_ops[] = {NULL};
const size_t lab_n_ops = 0;

void lab_return(void *call, unsigned result, int64_t value);
void lab_return(void *call, unsigned result, int64_t value)
{
    (void)call;
    (void)result;
    (void)value;
}

uint64_t lab_heap_now(void);
uint64_t lab_heap_now(void)
{
    return 0;
}

uint64_t chain(const uint64_t *x, uint64_t *y, size_t n)
{
    return honest(x, y, n);
}

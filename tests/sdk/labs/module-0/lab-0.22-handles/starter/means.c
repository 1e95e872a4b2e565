#include "lab.h"

struct mean *mean_new(double decay)
{
    (void)decay;
    return NULL;
}

double mean_add(struct mean *m, double x)
{
    (void)m;
    return x;
}

void mean_subtract(const struct mean *m, double *x, size_t n)
{
    (void)m;
    (void)x;
    (void)n;
}

void mean_free(struct mean *m)
{
    (void)m;
}

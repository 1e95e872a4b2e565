/* group: many */
/* The mistake: frees nothing. */
#include "lab.h"

#include <stdlib.h>

struct mean {
    double decay, m;
};

struct mean *mean_new(double decay)
{
    if (!(decay > 0.0 && decay <= 1.0))
        return NULL;
    struct mean *m = malloc(sizeof *m);
    if (m != NULL)
        *m = (struct mean){.decay = decay};
    return m;
}

double mean_add(struct mean *m, double x)
{
    return m->m = m->decay * x + (1.0 - m->decay) * m->m;
}

void mean_subtract(const struct mean *m, double *x, size_t n)
{
    for (size_t i = 0; i < n; i++)
        x[i] -= m->m;
}

void mean_free(struct mean *m)
{
    (void)m;
}

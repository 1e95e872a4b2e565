/* class: shape */
/* lab: 0.22 */
/* verdict: runtime_error */
/* max_score: 10 */
/* Dies in the middle of a case: the means that lived in the process are gone, and no later call may
 * pretend that they were not. */
#include "lab.h"

#include <stdlib.h>

struct mean {
    double decay, m;
};
static int steps;

struct mean *mean_new(double decay)
{
    struct mean *m = decay > 0.0 && decay <= 1.0 ? malloc(sizeof *m) : NULL;
    if (m != NULL)
        *m = (struct mean){.decay = decay};
    return m;
}

double mean_add(struct mean *m, double x)
{
    if (++steps % 7 == 0)
        abort();
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
    abort();
}

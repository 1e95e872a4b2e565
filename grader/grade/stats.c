#include "grader/grade/stats.h"

#include <assert.h>
#include <stdlib.h>

static int ascending(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

double stats_median(double *x, size_t n)
{
    assert(n > 0);
    qsort(x, n, sizeof *x, ascending);
    return n % 2 == 1 ? x[n / 2] : (x[n / 2 - 1] + x[n / 2]) / 2;
}

void stats_interval(const double *x, size_t n, lab_rng *rng, double *ret_low, double *ret_high)
{
    assert(n > 0 && n <= STATS_MAX);
    static_assert(STATS_RESAMPLES % 40 == 0, "2.5 % of it is a whole number");
    double medians[STATS_RESAMPLES];
    for (size_t r = 0; r < STATS_RESAMPLES; r++) {
        double sample[STATS_MAX];
        for (size_t i = 0; i < n; i++)
            sample[i] = x[(size_t)(lab_u53(rng) * (double)n)];
        medians[r] = stats_median(sample, n);
    }
    qsort(medians, STATS_RESAMPLES, sizeof medians[0], ascending);
    *ret_low = medians[STATS_RESAMPLES / 40];
    *ret_high = medians[STATS_RESAMPLES - 1 - STATS_RESAMPLES / 40];
}

#include "grader/grade/stats.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

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

double stats_spread(const double *x, size_t n, double centre)
{
    assert(n > 0 && n <= STATS_MAX);
    double distance[STATS_MAX];
    for (size_t i = 0; i < n; i++)
        distance[i] = fabs(x[i] - centre);
    return 1.4826 * stats_median(distance, n);
}

/* The median of a sample that holds sorted[i] count[i] times, n values in all. */
static double median_of_counts(const double *sorted, const unsigned *count, size_t n)
{
    size_t i = 0, seen = count[0];
    while (seen <= (n - 1) / 2)
        seen += count[++i];
    const double lower = sorted[i];
    while (seen <= n / 2)
        seen += count[++i];
    return (lower + sorted[i]) / 2;
}

/* The race asks for an interval every few pairs, so a resample is counted, never sorted. */
static double resampled_median(const double *sorted, size_t n, lab_rng *rng)
{
    unsigned count[STATS_MAX] = {0};
    for (size_t i = 0; i < n; i++)
        count[(uint64_t)lab_u32(rng) * n >> 32]++;
    return median_of_counts(sorted, count, n);
}

void stats_interval(const double *x, size_t n, lab_rng *rng, double *ret_low, double *ret_high)
{
    assert(n > 0 && n <= STATS_MAX);
    static_assert(STATS_RESAMPLES % 40 == 0, "2.5 % of it is a whole number");
    double sorted[STATS_MAX], medians[STATS_RESAMPLES];
    memcpy(sorted, x, n * sizeof *x);
    qsort(sorted, n, sizeof sorted[0], ascending);
    for (size_t r = 0; r < STATS_RESAMPLES; r++)
        medians[r] = resampled_median(sorted, n, rng);
    qsort(medians, STATS_RESAMPLES, sizeof medians[0], ascending);
    *ret_low = medians[STATS_RESAMPLES / 40];
    *ret_high = medians[STATS_RESAMPLES - 1 - STATS_RESAMPLES / 40];
}

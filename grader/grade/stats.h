/* Small statistics of timings. */
#pragma once

#include <stddef.h>

#include "grader/sdk/lab_rng.h"

/* The median of n > 0 values; the mean of the middle two where n is even. Sorts `x`. */
double stats_median(double *x, size_t n);

/* Percentile bootstrap of the median: `resamples` times n draws with replacement, and of their
 * medians the 2.5 % and 97.5 % points. (Efron, Tibshirani, "An Introduction to the Bootstrap",
 * 1993, chapter 13.) n is at most STATS_MAX. Equal seeds give equal intervals. */
enum { STATS_MAX = 256, STATS_RESAMPLES = 1000 };
void stats_interval(const double *x, size_t n, lab_rng *rng, double *ret_low, double *ret_high);

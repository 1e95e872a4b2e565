/* Small statistics of timings. */
#pragma once

#include <stddef.h>

#include "grader/sdk/lab_rng.h"

enum { STATS_MAX = 256, STATS_RESAMPLES = 1000 };

/* The median of n > 0 values; the mean of the middle two where n is even. Sorts `x`. */
double stats_median(double *x, size_t n);

/* How far values lie from `centre`: 1.4826 times the median distance, which for a normal
 * distribution is its standard deviation and which no outlier moves. n is at most STATS_MAX.
 * (Hampel, "The influence curve and its role in robust estimation", 1974.) */
double stats_spread(const double *x, size_t n, double centre);

/* Percentile bootstrap of the median: STATS_RESAMPLES times n draws with replacement, and of their
 * medians the 2.5 % and 97.5 % points. (Efron, Tibshirani, "An Introduction to the Bootstrap",
 * 1993, chapter 13.) n is at most STATS_MAX. Equal seeds give equal intervals. */
void stats_interval(const double *x, size_t n, lab_rng *rng, double *ret_low, double *ret_high);

/* Lab 0.22: exponential means, as many as are wanted. */
#pragma once

#include <stddef.h>

struct mean;

/* The first mean is 0. NULL: no memory, or decay is not in (0, 1]. */
struct mean *mean_new(double decay);
/* m = decay * x + (1 - decay) * m, and returns m. */
double mean_add(struct mean *m, double x);
/* Takes m from each of the n numbers, in place. */
void mean_subtract(const struct mean *m, double *x, size_t n);
void mean_free(struct mean *m);

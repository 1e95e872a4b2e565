/* Lab 0.9: numbers of which each depends on the one before, so that no trick makes them faster. You
 * write chain.c. */
#pragma once

#include <stddef.h>
#include <stdint.h>

/* y[i] = (rotate_left(y[i - 1], 17) ^ x[i]) * 0x9e3779b97f4a7c15 modulo 2^64, where y[-1] is n.
 *   x (n)  read-only
 *   y (n)  does not overlap x
 * Returns y[n - 1]; 0 for an empty chain. */
uint64_t chain(const uint64_t *x, uint64_t *y, size_t n);

/* How far two arrays of floats are apart, in the course's words: nerr, nmse, ulp. check_f32_nerr()
 * and its sisters in check.h judge by them; a checker that gives credit for being near calls them
 * itself. A NaN among the actual numbers makes each of them NaN, which no `<=` lets pass.
 * An infinity is as far as can be from everything but itself. */
#pragma once

#include <stddef.h>

struct near {
    double distance; /* NaN where `actual` holds one */
    size_t worst;    /* the element that is farthest off, or the first NaN; 0 where n is 0 */
};

/* max |actual - expected| / max(max |expected|, 1e-30) */
struct near near_nerr(const float *expected, const float *actual, size_t n);
/* sum (actual - expected)^2 / max(sum expected^2, 1e-60) */
struct near near_nmse(const float *expected, const float *actual, size_t n);
/* Floats that lie between the two, at most: 0 is equal (both zeros are), 1 is next to it. */
struct near near_ulp(const float *expected, const float *actual, size_t n);

/* ---- the margin rule: how clear a decision is; see check_redraw() in check.h ---- */

/* Between the largest and the second largest; infinite for fewer than two. */
double margin_of_largest(const double *x, size_t n);
/* Between `cut` and the number nearest to it; infinite for none. */
double margin_at(const double *x, size_t n, double cut);
/* Between x and the nearest number that lies half-way between two integers: 0.5 at an integer. */
double margin_of_rounding(double x);

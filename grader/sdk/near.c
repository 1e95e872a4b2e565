#include "grader/sdk/near.h"

#include <math.h>
#include <stdint.h>
#include <string.h>

/* Of one element; NaN beats everything, and stays. */
static void take(struct near *n, size_t i, double distance)
{
    if (isnan(n->distance) || distance <= n->distance)
        return;
    n->distance = distance;
    n->worst = i;
}

static double difference(float expected, float actual)
{
    return expected == actual ? 0.0 : fabs((double)actual - (double)expected);
}

static double largest_magnitude(const float *x, size_t n)
{
    double largest = 1e-30;
    for (size_t i = 0; i < n; i++)
        if (isfinite(x[i]))
            largest = fmax(largest, fabs((double)x[i]));
    return largest;
}

struct near near_nerr(const float *expected, const float *actual, size_t n)
{
    struct near ret = {0};
    for (size_t i = 0; i < n; i++)
        take(&ret, i, difference(expected[i], actual[i]));
    ret.distance /= largest_magnitude(expected, n);
    return ret;
}

struct near near_nmse(const float *expected, const float *actual, size_t n)
{
    double error = 0.0, power = 0.0;
    struct near ret = {0};
    for (size_t i = 0; i < n; i++) {
        const double d = difference(expected[i], actual[i]);
        take(&ret, i, d);
        error += d * d;
        power += isfinite(expected[i]) ? (double)expected[i] * (double)expected[i] : 0.0;
    }
    ret.distance = error / fmax(power, 1e-60);
    return ret;
}

/* The floats in order, as integers: both zeros are 0, the next one up is 1. */
static int64_t rank(float x)
{
    int32_t bits;
    memcpy(&bits, &x, sizeof bits);
    return bits >= 0 ? bits : -(int64_t)(bits & INT32_MAX);
}

static double steps(float expected, float actual)
{
    if (isnan(actual) || isnan(expected))
        return NAN;
    if (isinf(expected) || isinf(actual))
        return expected == actual ? 0.0 : INFINITY;
    return fabs((double)(rank(actual) - rank(expected)));
}

struct near near_ulp(const float *expected, const float *actual, size_t n)
{
    struct near ret = {0};
    for (size_t i = 0; i < n; i++)
        take(&ret, i, steps(expected[i], actual[i]));
    return ret;
}

double margin_of_largest(const double *x, size_t n)
{
    double first = -INFINITY, second = -INFINITY;
    for (size_t i = 0; i < n; i++)
        if (x[i] > first) {
            second = first;
            first = x[i];
        } else if (x[i] > second) {
            second = x[i];
        }
    return n < 2 ? INFINITY : first - second;
}

double margin_at(const double *x, size_t n, double cut)
{
    double nearest = INFINITY;
    for (size_t i = 0; i < n; i++)
        nearest = fmin(nearest, fabs(x[i] - cut));
    return nearest;
}

double margin_of_rounding(double x)
{
    return fabs(x - floor(x) - 0.5);
}

/* The approximations of 9.7.3 and 9.7.4, computed in binary64 by polynomials of our own and rounded
 * once: the same bits on every host, since nothing but +, *, / and bits of binary64 is used, and
 * nothing is fused. Errors are those before rounding to f32; the ISA's bounds are in brackets.
 *
 *     2^x              relative 2^-50                  [2^-22.5; halves 2^-9.9, 2^-7]
 *     log2 x           relative 2^-45                  [absolute 2^-22.6 near 1, else relative]
 *     sin x, cos x     absolute 2^-41 in [-pi, pi], 2^-34 in [-100 pi, 100 pi]   [2^-20.5, 2^-14.7]
 *     tanh x           relative 2^-33                  [2^-11; halves 2^-10.987, 2^-8]
 *
 * Results at multiples are exact: 2^n, log2 of 2^n, sin 0, cos 0. */
#pragma once

#include "grader/vgpu/exec/arith/float.h"

/* x rounded to an integer, and that integer in the low bits of `ret_bits`; |x| < 2^51. */
static inline double round_f64(double x, int64_t *ret_bits)
{
    const double shifted = x + 0x1.8p52;
    *ret_bits = (int64_t)bits_of_f64(shifted) - (int64_t)UINT64_C(0x4338000000000000);
    return shifted - 0x1.8p52;
}

/* 2^f for |f| <= 1/2: the series of e^(f ln 2). */
static inline double exp2_fraction(double f)
{
    const double t = f * 0x1.62e42fefa39efp-1;
    double r = 1.0 / 39916800;
    r = r * t + 1.0 / 3628800;
    r = r * t + 1.0 / 362880;
    r = r * t + 1.0 / 40320;
    r = r * t + 1.0 / 5040;
    r = r * t + 1.0 / 720;
    r = r * t + 1.0 / 120;
    r = r * t + 1.0 / 24;
    r = r * t + 1.0 / 6;
    r = r * t + 0.5;
    r = r * t + 1.0;
    return r * t + 1.0;
}

/* Beyond +-1000 the result is what it is there: far outside of an f32. */
static inline double exp2_f64(double x)
{
    const double within = x > 1000.0 ? 1000.0 : x < -1000.0 ? -1000.0 : x;
    int64_t n;
    const double f = within - round_f64(within, &n);
    const double r = exp2_fraction(f) * f64_of((uint64_t)(n + 1023) << 52);
    return x == x ? r : x;
}

/* x = 2^e m with m in [sqrt 1/2, sqrt 2): log2 m = 2 / ln 2 * atanh((m - 1) / (m + 1)). For x that
 * is normal as an f64, which each f32 is. */
static inline double log2_f64(double x)
{
    const uint64_t bits = bits_of_f64(x);
    const uint64_t half = UINT64_C(0x3fe6a09e667f3bcd); /* sqrt 1/2 */
    const int64_t e = (int64_t)(bits - half) >> 52;
    const double m = f64_of(bits - ((uint64_t)e << 52));
    const double s = (m - 1.0) / (m + 1.0), z = s * s;
    double r = 1.0 / 17;
    r = r * z + 1.0 / 15;
    r = r * z + 1.0 / 13;
    r = r * z + 1.0 / 11;
    r = r * z + 1.0 / 9;
    r = r * z + 1.0 / 7;
    r = r * z + 1.0 / 5;
    r = r * z + 1.0 / 3;
    r = r * z + 1.0;
    const double exponent = f64_of((uint64_t)(e + 0x4338000000000000)) - 0x1.8p52;
    const double y = exponent + r * s * 0x1.71547652b82fep+1;
    return x > 0 ? (x <= 0x1.fffffffffffffp1023 ? y : x) : x == 0 ? -HUGE_VAL : (double)NAN;
}

/* sin(2 pi t) for t in turns, `quarters` of a turn ahead (cos: 1). Whole turns fall away exactly.
 */
static inline double sin_of_turns(double t, int64_t quarters)
{
    const double within = fabs(t) < 0x1p51 ? t : t - t; /* larger ones are whole; NaN stays NaN */
    int64_t unused, q;
    const double turn = within - round_f64(within, &unused);
    const double g = turn - 0.25 * round_f64(turn * 4.0, &q);
    const double x = g * 0x1.921fb54442d18p+2, z = x * x;
    double s = -1.0 / 39916800;
    s = s * z + 1.0 / 362880;
    s = s * z - 1.0 / 5040;
    s = s * z + 1.0 / 120;
    s = s * z - 1.0 / 6;
    s = s * z * x + x;
    double c = 1.0 / 479001600;
    c = c * z - 1.0 / 3628800;
    c = c * z + 1.0 / 40320;
    c = c * z - 1.0 / 720;
    c = c * z + 1.0 / 24;
    c = c * z - 0.5;
    c = c * z + 1.0;
    const int64_t k = q + quarters;
    const double r = k & 1 ? c : s;
    return f64_of(bits_of_f64(r) ^ (uint64_t)(k & 2) << 62);
}

#define TURN 0x1.45f306dc9c883p-3 /* 1 / (2 pi) */

static inline double sin_f64(double x)
{
    return x == 0 ? x : sin_of_turns(x * TURN, 0);
}

static inline double cos_f64(double x)
{
    return sin_of_turns(x * TURN, 1);
}

/* (E - 1) / (E + 1) with E = e^(2 |x|), and a series where that cancels. */
static inline double tanh_f64(double x)
{
    const double a = fabs(x), z = x * x;
    const double e = exp2_f64((a > 40.0 ? 40.0 : a) * 0x1.71547652b82fep+1);
    const double large = (e - 1.0) / (e + 1.0);
    const double small =
        a + a * z * (z * (z * (62.0 / 2835 * z - 17.0 / 315) + 2.0 / 15) - 1.0 / 3);
    const double r = a < 0x1p-4 ? small : large;
    return x == x ? copysign(r, x) : x;
}

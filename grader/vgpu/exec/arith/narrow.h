/* Formats narrower than f64, as bits, to and from f64, which holds each of their values exactly:
 *
 *              fraction  least normal   largest           NaN         infinity
 *     f16         10        2^-14       65504             0x7fff      0x7c00
 *     bf16         7        2^-126      0x1.fep127        0x7fff      0x7f80
 *     tf32        10        2^-126      0x1.ffcp127       0x7fffffff  0x7f800000   (low 13 bits 0)
 *     f32         23        2^-126      0x1.fffffep127    0x7fffffff  0x7f800000
 *     e4m3         3        2^-6        448               0x7f        none
 *     e5m2         2        2^-14       57344             0x7f        0x7c
 *
 * Source: 5.2.3 and the canonical NaNs of 9.7.9.21; for f16 and bf16 9.7.4. */
#pragma once

#include "grader/vgpu/exec/arith/float.h"

/* A call in a loop keeps it from becoming vectors, and gcc finds some of these too large. */
#define ALWAYS_INLINE inline __attribute__((always_inline))

struct vg_format {
    unsigned fraction; /* bits */
    int least;         /* exponent of the least normal number */
    double largest;
    uint32_t nan, infinity; /* e4m3 has no infinity: its NaN */
    unsigned shift;         /* of the code in the register */
    uint32_t sign;
};
#define VG_F16  ((struct vg_format){10, -14, 65504, 0x7fff, 0x7c00, 0, 0x8000})
#define VG_BF16 ((struct vg_format){7, -126, 0x1.fep127, 0x7fff, 0x7f80, 0, 0x8000})
#define VG_TF32 ((struct vg_format){10, -126, 0x1.ffcp127, 0x7fffffff, 0x7f800000, 13, 0x80000000u})
#define VG_F32                                                                                     \
    ((struct vg_format){23, -126, 0x1.fffffep127, 0x7fffffff, 0x7f800000, 0, 0x80000000u})
#define VG_E4M3 ((struct vg_format){3, -6, 448, 0x7f, 0x7f, 0, 0x80})
#define VG_E5M2 ((struct vg_format){2, -14, 57344, 0x7f, 0x7c, 0, 0x80})

enum vg_rounding { VG_NEAREST, VG_ZERO, VG_DOWN, VG_UP, VG_AWAY };

static inline double two_to(int64_t n)
{
    return f64_of((uint64_t)(n + 1023) << 52);
}

/* x rounded to the format's precision, its exponent unbounded above. Adding and taking away 1.5
 * times 2^52 units of the last place rounds to the nearest, ties to even; the other roundings step
 * from there. |x| < 2^960. */
static inline double round_to(double x, struct vg_format f, enum vg_rounding how)
{
    const int64_t exponent = (int64_t)(bits_of_f64(x) >> 52 & 0x7ff) - 1023;
    const int64_t last = (exponent > f.least ? exponent : f.least) - (int64_t)f.fraction;
    const double unit = two_to(last), magic = 1.5 * two_to(last + 52);
    const double near = (x + magic) - magic;
    double r = near;
    if (how == VG_ZERO || how == VG_AWAY)
        r = fabs(near) > fabs(x) ? near - copysign(unit, x) : near;
    if (how == VG_AWAY)
        r = fabs(x) - fabs(r) >= 0.5 * unit ? r + copysign(unit, x) : r;
    if (how == VG_DOWN)
        r = near > x ? near - unit : near;
    if (how == VG_UP)
        r = near < x ? near + unit : near;
    return copysign(r, x);
}

/* The code of a value: scaled so that the least normal number is f64's, the code is the upper bits
 * of exponent and fraction, of subnormals too. */
static inline uint32_t code_of(double magnitude, struct vg_format f)
{
    const double scaled = magnitude * two_to(-1022 - f.least);
    return (uint32_t)(bits_of_f64(scaled) >> (52 - f.fraction)) << f.shift;
}

/* x in the format; what is beyond its largest number becomes that or infinite, as the rounding
 * says, and always that with `finite` (.satfinite). */
static inline uint32_t narrow(double x, struct vg_format f, enum vg_rounding how, bool finite)
{
    const double a = fabs(x);
    const double bounded = a < 0x1p200 ? x : copysign(0x1p200, x);
    const double r = fabs(round_to(bounded, f, how));
    const bool negative = bits_of_f64(x) >> 63;
    const bool stays = how == VG_ZERO || how == (negative ? VG_UP : VG_DOWN);
    const bool infinite = !finite && (a > 0x1.fffffffffffffp1023 || !stays);
    const uint32_t beyond = infinite ? f.infinity : code_of(f.largest, f);
    const uint32_t code = r <= f.largest ? code_of(r, f) : beyond;
    return x == x ? code | (negative ? f.sign : 0) : f.nan;
}

/* The value of a code whose format has an infinity. NaNs become f64's. */
static inline double widen(uint32_t code, struct vg_format f)
{
    const uint32_t magnitude = code & (f.sign - 1);
    const double scaled = f64_of((uint64_t)(magnitude >> f.shift) << (52 - f.fraction));
    const double value = scaled * two_to(1022 + f.least);
    const double special = magnitude == f.infinity ? HUGE_VAL : (double)NAN;
    const double r = magnitude < f.infinity ? value : special;
    return code & f.sign ? -r : r;
}

/* f16 to f32, exactly: the code as an f32's upper bits has an exponent that is 112 too small; a
 * subnormal is counted in units of 2^-24 instead, since hosts are slow with subnormal f32s. */
static ALWAYS_INLINE float f32_from_f16(uint32_t code)
{
    const uint32_t magnitude = code & 0x7fff;
    const uint32_t normal = (magnitude << 13) + (112u << 23);
    const uint32_t subnormal = bits_of_f32((float)(int32_t)magnitude * 0x1p-24f);
    const uint32_t special = magnitude == 0x7c00 ? 0x7f800000 : 0x7fffffff;
    const uint32_t finite = magnitude < 0x400 ? subnormal : normal;
    const uint32_t r = magnitude < 0x7c00 ? finite : special;
    return f32_of(r | (magnitude > 0x7c00 ? 0 : (code & 0x8000) << 16));
}

/* f32 to f16, to the nearest, ties to even: in the bits; a subnormal result by adding 1/2, whose
 * last place is the least subnormal. What rounds beyond 65504 carries into infinity. */
static ALWAYS_INLINE uint32_t f16_from_f32(float x)
{
    const uint32_t bits = bits_of_f32(x), u = bits & 0x7fffffff;
    const uint32_t normal = (u + 0xfff + (u >> 13 & 1) - (112u << 23)) >> 13;
    const uint32_t subnormal = bits_of_f32(f32_of(u) + 0.5f) - 0x3f000000;
    const uint32_t finite = u < 0x38800000 ? subnormal : normal;
    const uint32_t r = u < 0x47800000 ? finite : 0x7c00;
    return u > 0x7f800000 ? 0x7fff : r | (bits >> 16 & 0x8000);
}

static inline double from_f16(uint32_t code)
{
    return (double)f32_from_f16(code);
}

/* A bf16 is the upper half of an f32. */
static inline double from_bf16(uint32_t code)
{
    return (double)f32_of(code << 16);
}

static inline uint32_t to_f16(double x)
{
    return narrow(x, VG_F16, VG_NEAREST, false);
}

static inline uint32_t to_bf16(double x)
{
    return narrow(x, VG_BF16, VG_NEAREST, false);
}

/* The sum of x and what a rounded sum lost, so that rounding it again rounds once: when something
 * was lost, the last bit is made odd. */
static inline double odd(double x, double lost)
{
    const uint64_t bits = bits_of_f64(x);
    const bool outwards = (lost > 0) == (x > 0);
    const uint64_t stepped = outwards ? bits + 1 : bits - 1;
    return lost != 0 && !(bits & 1) && fabs(x) <= 0x1p1000 ? f64_of(stepped) : x;
}

/* a * b + c of halves in f32, odd: the product of 11 bits each is exact, and 24 bits are enough to
 * be rounded again to 11. */
static ALWAYS_INLINE float fma_odd_f32(float a, float b, float c)
{
    const float p = a * b, s = p + c;
    const float c_part = s - p, p_part = s - c_part;
    const float lost = (p - p_part) + (c - c_part);
    const uint32_t bits = bits_of_f32(s);
    const bool outwards = (lost > 0) == (s > 0), inexact = lost < 0 || lost > 0;
    const uint32_t stepped = outwards ? bits + 1 : bits - 1;
    return f32_of(inexact && !(bits & 1) ? stepped : bits);
}

/* a * b + c, odd; the product is exact for factors of 24 bits and less. */
static inline double fma_odd(double a, double b, double c)
{
    const double p = a * b, s = p + c;
    const double c_part = s - p, p_part = s - c_part;
    const double lost = (p - p_part) + (c - c_part);
    return odd(s, lost == lost ? lost : 0.0);
}

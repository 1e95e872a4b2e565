/* f32 arithmetic (9.7.3): sums, products, quotients, roots in all roundings; signs, minima. */
#include "grader/vgpu/exec/arith/float.h"
#include "grader/vgpu/exec/arith/tables.h"

/* X(suffix, what happens to operands, and to results): the four flavours of an operation. */
#define SAME(x)      (x)
#define CANON(x)     canonical_f32(x)
#define FTZ(x)       ftz_f32(x)
#define CANON_FTZ(x) canonical_f32(ftz_f32(x))
#define SAT(x)       sat_f32(x)
#define FTZ_SAT(x)   ftz_f32(sat_f32(x))
#define FLAVOURS(X, name, expression)                                                              \
    X(name, SAME, CANON, expression)                                                               \
    X(name##_ftz, FTZ, CANON_FTZ, expression)                                                      \
    X(name##_sat, SAME, SAT, expression)                                                           \
    X(name##_ftz_sat, FTZ, FTZ_SAT, expression)
/* The directed ones run these by pointer under another rounding mode: they must stay functions. */
#define ROUNDED1(name, in, out, F)                                                                 \
    UNARY(name, float, float, out(F(in(a))))                                                       \
    DIRECTED(name)
#define ROUNDED2(name, in, out, F)                                                                 \
    BINARY(name, float, float, float, out(F(in(a), in(b))))                                        \
    DIRECTED(name)
#define ROUNDED3(name, in, out, F)                                                                 \
    TERNARY(name, float, float, float, float, out(F(in(a), in(b), in(c))))                         \
    DIRECTED(name)
#define SUM(a, b)        ((a) + (b))
#define DIFFERENCE(a, b) ((a) - (b))
#define PRODUCT(a, b)    ((a) * (b))
#define QUOTIENT(a, b)   ((a) / (b))
#define RECIPROCAL(a)    (1.0f / (a))
FLAVOURS(ROUNDED2, add_f32, SUM)
FLAVOURS(ROUNDED2, sub_f32, DIFFERENCE)
FLAVOURS(ROUNDED2, mul_f32, PRODUCT)
FLAVOURS(ROUNDED3, fma_f32, __builtin_fmaf)
#define WITH_FTZ(X, name, expression)                                                              \
    X(name, SAME, CANON, expression)                                                               \
    X(name##_ftz, FTZ, CANON_FTZ, expression)
WITH_FTZ(ROUNDED2, div_f32, QUOTIENT)
WITH_FTZ(ROUNDED1, rcp_f32, RECIPROCAL)
WITH_FTZ(ROUNDED1, sqrt_f32, __builtin_sqrtf)

/* div.approx multiplies by the reciprocal: a divisor from 2^126 on has none that is normal, so the
 * quotient is 0, or NaN of an infinite dividend (9.7.3.8). */
static inline float quotient_approx(float a, float b)
{
    const bool huge = fabsf(b) >= 0x1p126f && fabsf(b) <= 0x1.fffffep127f;
    return huge ? a * copysignf(0.0f, b) : a / b;
}
BINARY(div_approx_f32, float, float, float, canonical_f32(quotient_approx(a, b)))
BINARY(div_approx_ftz_f32, float, float, float, CANON_FTZ(quotient_approx(ftz_f32(a), ftz_f32(b))))

/* A NaN loses against a number; with .NaN it wins. -0 is less than +0 (9.7.3.11). */
static inline float lesser_f32(float a, float b)
{
    const float r = a < b ? a : b < a ? b : f32_of(bits_of_f32(a) | bits_of_f32(b));
    return a != a ? canonical_f32(b) : b != b ? a : r;
}

static inline float greater_f32(float a, float b)
{
    const float r = a > b ? a : b > a ? b : f32_of(bits_of_f32(a) & bits_of_f32(b));
    return a != a ? canonical_f32(b) : b != b ? a : r;
}

static inline float or_nan(float a, float b, float r)
{
    return a != a || b != b ? f32_of(0x7fffffff) : r;
}

/* .xorsign.abs: of the magnitudes, with the product's sign. */
static inline float with_xorsign(float a, float b, float r)
{
    const uint32_t sign = (bits_of_f32(a) ^ bits_of_f32(b)) & 0x80000000u;
    return r == r ? f32_of(bits_of_f32(r) ^ sign) : r;
}

#define MINIMA2(name, in, LESS)                                                                    \
    BINARY(name##_f32, float, float, float, LESS(in(a), in(b)))                                    \
    BINARY(name##_nan_f32, float, float, float, or_nan(a, b, LESS(in(a), in(b))))                  \
    BINARY(name##_xorsign_f32, float, float, float,                                                \
           with_xorsign(a, b, LESS(fabsf(in(a)), fabsf(in(b)))))                                   \
    BINARY(name##_nan_xorsign_f32, float, float, float,                                            \
           with_xorsign(a, b, or_nan(a, b, LESS(fabsf(in(a)), fabsf(in(b))))))
MINIMA2(min, SAME, lesser_f32)
MINIMA2(max, SAME, greater_f32)
MINIMA2(min_ftz, FTZ, lesser_f32)
MINIMA2(max_ftz, FTZ, greater_f32)

/* Signs are bits, of NaNs too. */
UNARY(abs_f32, uint32_t, uint32_t, a & 0x7fffffffu)
UNARY(neg_f32, uint32_t, uint32_t, a ^ 0x80000000u)
UNARY(abs_ftz_f32, float, float, fabsf(ftz_f32(a)))
UNARY(neg_ftz_f32, uint32_t, float, bits_of_f32(ftz_f32(a)) ^ 0x80000000u)
BINARY(copysign_f32, uint32_t, uint32_t, uint32_t, (b & 0x7fffffffu) | (a & 0x80000000u))

#define ROUNDINGS(OP, f, s, sat, name)                                                             \
    ROW(OP, rn, f, s, , , f32, , sat, name)                                                        \
    ROW(OP, rz, f, s, , , f32, , sat, name##_rz)                                                   \
    ROW(OP, rm, f, s, , , f32, , sat, name##_rm)                                                   \
    ROW(OP, rp, f, s, , , f32, , sat, name##_rp)
#define FLAVOUR_ROWS(OP, shape, name)                                                              \
    ROUNDINGS(OP, , , shape, name)                                                                 \
    ROUNDINGS(OP, ftz, , shape, name##_ftz)                                                        \
    ROUNDINGS(OP, sat, , shape, name##_sat)                                                        \
    ROUNDINGS(OP, ftz, sat, shape, name##_ftz_sat)
/* Without a rounding: to nearest; a compiler may also fuse, which we never do. */
#define PLAIN_ROWS(OP, name)                                                                       \
    FLAVOUR_ROWS(OP, "f=ff", name)                                                                 \
    ROW(OP, , , , , , f32, , "f=ff", name)                                                         \
    ROW(OP, ftz, , , , , f32, , "f=ff", name##_ftz)                                                \
    ROW(OP, sat, , , , , f32, , "f=ff", name##_sat)                                                \
    ROW(OP, ftz, sat, , , , f32, , "f=ff", name##_ftz_sat)
#define EXACT_ROWS(OP, shape, name)                                                                \
    ROUNDINGS(OP, , , shape, name)                                                                 \
    ROUNDINGS(OP, ftz, , shape, name##_ftz)
#define APPROX_ROWS(OP, mode, shape, name)                                                         \
    ROW(OP, mode, , , , , f32, , shape, name##_f32)                                                \
    ROW(OP, mode, ftz, , , , f32, , shape, name##_ftz_f32)
#define MINIMA_ROWS(OP, name)                                                                      \
    ROW(OP, , , , , , f32, , "f=ff", name##_f32)                                                   \
    ROW(OP, ftz, , , , , f32, , "f=ff", name##_ftz_f32)                                            \
    ROW(OP, NaN, , , , , f32, , "f=ff", name##_nan_f32)                                            \
    ROW(OP, ftz, NaN, , , , f32, , "f=ff", name##_ftz_nan_f32)                                     \
    ROW(OP, xorsign, abs, , , , f32, , "f=ff", name##_xorsign_f32)                                 \
    ROW(OP, ftz, xorsign, abs, , , f32, , "f=ff", name##_ftz_xorsign_f32)                          \
    ROW(OP, NaN, xorsign, abs, , , f32, , "f=ff", name##_nan_xorsign_f32)                          \
    ROW(OP, ftz, NaN, xorsign, abs, , f32, , "f=ff", name##_ftz_nan_xorsign_f32)

/* Rows bring their own commas. */
/* clang-format off */
static const struct vg_row rows[] = {
    PLAIN_ROWS(ADD, add_f32)
    PLAIN_ROWS(SUB, sub_f32)
    PLAIN_ROWS(MUL, mul_f32)
    FLAVOUR_ROWS( FMA, "f=fff", fma_f32)
    FLAVOUR_ROWS(MAD, "f=fff", fma_f32)
    EXACT_ROWS(DIV, "f=ff", div_f32)
    EXACT_ROWS(RCP, "f=f", rcp_f32)
    EXACT_ROWS(SQRT, "f=f", sqrt_f32)
    APPROX_ROWS( DIV, approx, "f=ff", div_approx)
    ROW(DIV, full, , , , , f32, , "f=ff", div_f32)
    ROW(DIV, full, ftz, , , , f32, , "f=ff", div_f32_ftz)
    ROW(RCP, approx, , , , , f32, , "f=f", rcp_f32)
    ROW(RCP, approx, ftz, , , , f32, , "f=f", rcp_f32_ftz)
    ROW(SQRT, approx, , , , , f32, , "f=f", sqrt_f32)
    ROW(SQRT, approx, ftz, , , , f32, , "f=f", sqrt_f32_ftz)
    MINIMA_ROWS(MIN, min)
    MINIMA_ROWS(MAX, max)
    ROW(ABS, , , , , , f32, , "f=f", abs_f32)
    ROW(NEG, , , , , , f32, , "f=f", neg_f32)
    ROW(ABS, ftz, , , , , f32, , "f=f", abs_ftz_f32)
    ROW(NEG, ftz, , , , , f32, , "f=f", neg_ftz_f32)
    ROW(COPYSIGN, , , , , , f32, , "f=ff", copysign_f32)
};
/* clang-format on */
TABLE(vg_rows_float)

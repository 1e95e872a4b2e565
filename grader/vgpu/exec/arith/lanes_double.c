/* f64 arithmetic (9.7.3): as f32's without flushing and saturation; NaNs as arith.h says. */
#include "grader/vgpu/exec/arith/float.h"
#include "grader/vgpu/exec/arith/tables.h"

#define ROUNDED1(name, expression)                                                                 \
    UNARY(name, double, double, nan_of_f64(expression, a, a, a))                                   \
    DIRECTED(name)
#define ROUNDED2(name, expression)                                                                 \
    BINARY(name, double, double, double, nan_of_f64(expression, a, b, b))                          \
    DIRECTED(name)
ROUNDED2(add_f64, a + b)
ROUNDED2(sub_f64, a - b)
ROUNDED2(mul_f64, a *b)
ROUNDED2(div_f64, a / b)
ROUNDED1(rcp_f64, 1.0 / a)
ROUNDED1(sqrt_f64, __builtin_sqrt(a))
TERNARY(fma_f64, double, double, double, double, nan_of_f64(__builtin_fma(a, b, c), a, b, c))
DIRECTED(fma_f64)

static inline double ftz_f64(double x)
{
    return fabs(x) < 0x1p-1022 ? copysign(0.0, x) : x;
}

/* rcp.approx.ftz.f64 and rsqrt.approx.ftz.f64 give the upper 32 bits only, the lower are zeros
 * (9.7.3.14, 9.7.3.18): here the exact value, rounded there. */
static inline double upper_half(double x)
{
    const uint64_t bits = bits_of_f64(x);
    const uint64_t kept = (bits + 0x7fffffff + (bits >> 32 & 1)) & ~UINT64_C(0xffffffff);
    return x == x ? f64_of(kept) : f64_of(UINT64_C(0x7fffffff00000000));
}
UNARY(rcp_approx_f64, double, double, upper_half(ftz_f64(1.0 / ftz_f64(a))))
UNARY(rsqrt_approx_ftz_f64, double, double, upper_half(1.0 / __builtin_sqrt(ftz_f64(a))))
UNARY(rsqrt_approx_f64, double, double, nan_of_f64(1.0 / __builtin_sqrt(a), a, a, a))

/* A NaN loses against a number; of two the first is taken. -0 is less than +0 (9.7.3.11). */
static inline double lesser_f64(double a, double b)
{
    const double r = a < b ? a : b < a ? b : f64_of(bits_of_f64(a) | bits_of_f64(b));
    return a != a ? (b != b ? quiet_f64(a) : b) : b != b ? a : r;
}

static inline double greater_f64(double a, double b)
{
    const double r = a > b ? a : b > a ? b : f64_of(bits_of_f64(a) & bits_of_f64(b));
    return a != a ? (b != b ? quiet_f64(a) : b) : b != b ? a : r;
}
BINARY(min_f64, double, double, double, lesser_f64(a, b))
BINARY(max_f64, double, double, double, greater_f64(a, b))

#define SIGN64 UINT64_C(0x8000000000000000)
UNARY(abs_f64, uint64_t, uint64_t, a & ~SIGN64)
UNARY(neg_f64, uint64_t, uint64_t, a ^ SIGN64)
BINARY(copysign_f64, uint64_t, uint64_t, uint64_t, (b & ~SIGN64) | (a & SIGN64))

#define ROUNDINGS(OP, shape, name)                                                                 \
    ROW(OP, rn, , , , , f64, , shape, name)                                                        \
    ROW(OP, rz, , , , , f64, , shape, name##_rz)                                                   \
    ROW(OP, rm, , , , , f64, , shape, name##_rm)                                                   \
    ROW(OP, rp, , , , , f64, , shape, name##_rp)

/* Rows bring their own commas. */
/* clang-format off */
static const struct vg_row rows[] = {
    ROUNDINGS(ADD, "F=FF", add_f64)
    ROUNDINGS(SUB, "F=FF", sub_f64)
    ROUNDINGS(MUL, "F=FF", mul_f64)
    ROUNDINGS(DIV, "F=FF", div_f64)
    ROUNDINGS(FMA, "F=FFF", fma_f64)
    ROUNDINGS( MAD, "F=FFF", fma_f64)
    ROUNDINGS(RCP, "F=F", rcp_f64)
    ROUNDINGS(SQRT, "F=F", sqrt_f64)
    ROW(ADD, , , , , , f64, , "F=FF", add_f64)
    ROW(SUB, , , , , , f64, , "F=FF", sub_f64)
    ROW(MUL, , , , , , f64, , "F=FF", mul_f64)
    ROW(RCP, approx, ftz, , , , f64, , "F=F", rcp_approx_f64)
    ROW(RSQRT, approx, ftz, , , , f64, , "F=F", rsqrt_approx_ftz_f64)
    ROW(RSQRT, approx, , , , , f64, , "F=F", rsqrt_approx_f64)
    ROW(MIN, , , , , , f64, , "F=FF", min_f64)
    ROW(MAX, , , , , , f64, , "F=FF", max_f64)
    ROW(ABS, , , , , , f64, , "F=F", abs_f64)
    ROW(NEG, , , , , , f64, , "F=F", neg_f64)
    ROW(COPYSIGN, , , , , , f64, , "F=FF", copysign_f64)
};
/* clang-format on */
TABLE(vg_rows_double)

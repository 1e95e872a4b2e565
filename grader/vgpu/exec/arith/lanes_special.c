/* The special function unit's f32 (9.7.3.17 to 9.7.3.22): rsqrt, sin, cos, lg2, ex2, tanh. */
#include "grader/vgpu/exec/arith/special.h"
#include "grader/vgpu/exec/arith/tables.h"

static inline float ex2(float a)
{
    return canonical_f32((float)exp2_f64((double)a));
}

static inline float lg2(float a)
{
    return canonical_f32((float)log2_f64((double)a));
}

static inline float sine(float a)
{
    return canonical_f32((float)sin_f64((double)a));
}

static inline float cosine(float a)
{
    return canonical_f32((float)cos_f64((double)a));
}

static inline float hyperbolic_tangent(float a)
{
    return canonical_f32((float)tanh_f64((double)a));
}

/* Two roundings to f32 lose at most 2^-23 of the value; the ISA allows 2^-22.9. */
static inline float rsqrt(float a)
{
    return canonical_f32(1.0f / __builtin_sqrtf(a));
}

#define FUNCTION(name, f)                                                                          \
    UNARY(name##_f32, float, float, f(a))                                                          \
    UNARY(name##_ftz_f32, float, float, ftz_f32(f(ftz_f32(a))))
FUNCTION(rsqrt, rsqrt)
FUNCTION(sin, sine)
FUNCTION(cos, cosine)
FUNCTION(lg2, lg2)
FUNCTION(ex2, ex2)
UNARY(tanh_f32, float, float, hyperbolic_tangent(a))

#define ROWS(OP, name)                                                                             \
    ROW(OP, approx, , , , , f32, , "f=f", name##_f32)                                              \
    ROW(OP, approx, ftz, , , , f32, , "f=f", name##_ftz_f32)

/* Rows bring their own commas. */
/* clang-format off */
static const struct vg_row rows[] = {
    ROWS(RSQRT, rsqrt)
    ROWS(SIN, sin)
    ROWS(COS, cos)
    ROWS( LG2, lg2)
    ROWS(EX2, ex2)
    ROW(TANH, approx, , , , , f32, , "f=f", tanh_f32)
};
/* clang-format on */
TABLE(vg_rows_special)

/* Pieces of f32 and f64 arithmetic that several sources need: flushing, clamping, NaNs, directed
 * rounding. */
#pragma once

#include <fenv.h>

#include "grader/vgpu/exec/arith/lanes.h"

/* .ftz: a subnormal becomes a zero of its sign; decided after rounding. */
static inline float ftz_f32(float x)
{
    const uint32_t bits = bits_of_f32(x);
    return f32_of(fabsf(x) < 0x1p-126f ? bits & 0x80000000u : bits);
}

/* .sat: to [0, 1]; a NaN becomes +0 (9.7.3.3). */
static inline float sat_f32(float x)
{
    return x > 0.0f ? x < 1.0f ? x : 1.0f : 0.0f;
}

static inline float canonical_f32(float x)
{
    return x == x ? x : f32_of(0x7fffffff);
}

static inline double quiet_f64(double x)
{
    return f64_of(bits_of_f64(x) | UINT64_C(1) << 51);
}

/* A result, with its NaN replaced as arith.h says. Candidates come before choices: no branches. */
static inline double nan_of_f64(double r, double a, double b, double c)
{
    const double first = quiet_f64(a), second = quiet_f64(b), third = quiet_f64(c);
    double nan = f64_of(UINT64_C(0xfff8000000000000));
    nan = c == c ? nan : third;
    nan = b == b ? nan : second;
    nan = a == a ? nan : first;
    return r == r ? r : nan;
}

/* Directed rounding is the host's own: the mode is set around a handler of rounding to nearest.
 * That stays a call (HANDLER says noinline), so that nothing of it is computed outside; it has no
 * constant expressions that depend on the mode. IEEE 754 gives the same bits on every host.
 * -frounding-math would say the same, but with it gcc makes no vectors of fma. */
static inline void run_rounded(vg_handler *run, int mode, struct vg_warp *w,
                               const struct vg_insn *i, uint32_t mask)
{
#if defined(__x86_64__)
    /* Only the vector unit's mode; fesetround would set the x87's too, which costs more than a
     * warp's addition. FE_* are the x87's bits 10 and 11, MXCSR has them three higher. */
    const unsigned before = __builtin_ia32_stmxcsr();
    __builtin_ia32_ldmxcsr((before & ~0x6000u) | (unsigned)mode << 3);
    run(w, i, mask);
    __builtin_ia32_ldmxcsr(before);
#else
    fesetround(mode);
    run(w, i, mask);
    fesetround(FE_TONEAREST);
#endif
}

/* Handlers name_rz, name_rm, name_rp beside name. */
#define DIRECTED(name)                                                                             \
    HANDLER(name##_rz)                                                                             \
    {                                                                                              \
        run_rounded(name, FE_TOWARDZERO, w, i, mask);                                              \
    }                                                                                              \
    HANDLER(name##_rm)                                                                             \
    {                                                                                              \
        run_rounded(name, FE_DOWNWARD, w, i, mask);                                                \
    }                                                                                              \
    HANDLER(name##_rp)                                                                             \
    {                                                                                              \
        run_rounded(name, FE_UPWARD, w, i, mask);                                                  \
    }

// Floating point to the bit: C++ on the CPU rounds the same way where it is told to, in f64 or by
// fesetround. Conversions, comparisons, and the approximate functions inside the bounds that the PTX
// ISA (section 9.7.3) and CUDA's C++ guide state.
#include <algorithm>
#include <cfenv>
#include <limits>

#include "conformance.h"

typedef uint32_t u32;
typedef int32_t s32;
typedef uint64_t u64;
typedef int64_t s64;

// What f gives under another rounding; volatile, so that no compiler computes it before.
template <class F> static auto rounded(int mode, F f)
{
    fesetround(mode);
    const volatile auto ret = f();
    fesetround(FE_TONEAREST);
    return (decltype(f()))ret;
}
#define ROUNDED(mode, T, expression)                                                               \
    [](T a, T b, T c) {                                                                            \
        volatile T x = a, y = b, z = c;                                                            \
        (void)y, (void)z;                                                                          \
        return rounded(mode, [&]() -> T { return expression; });                                   \
    }(x, y, z)

#define FF(name, on_device, on_host) OPERATION(name, float, float, float, float, (on_device), (on_host))
#define DD(name, on_device, on_host)                                                               \
    OPERATION(name, double, double, double, double, (on_device), (on_host))
#define BY_MODE(MACRO, T, stem, device, expression)                                                \
    MACRO(stem##_rn, device##_rn(x, y), ROUNDED(FE_TONEAREST, T, expression))                      \
    MACRO(stem##_rz, device##_rz(x, y), ROUNDED(FE_TOWARDZERO, T, expression))                     \
    MACRO(stem##_ru, device##_ru(x, y), ROUNDED(FE_UPWARD, T, expression))                         \
    MACRO(stem##_rd, device##_rd(x, y), ROUNDED(FE_DOWNWARD, T, expression))
#define BY_MODE1(MACRO, T, stem, device, expression)                                               \
    MACRO(stem##_rn, device##_rn(x), ROUNDED(FE_TONEAREST, T, expression))                         \
    MACRO(stem##_rz, device##_rz(x), ROUNDED(FE_TOWARDZERO, T, expression))                        \
    MACRO(stem##_ru, device##_ru(x), ROUNDED(FE_UPWARD, T, expression))                            \
    MACRO(stem##_rd, device##_rd(x), ROUNDED(FE_DOWNWARD, T, expression))
#define BY_MODE3(MACRO, T, stem, device, expression)                                               \
    MACRO(stem##_rn, device##_rn(x, y, z), ROUNDED(FE_TONEAREST, T, expression))                   \
    MACRO(stem##_rz, device##_rz(x, y, z), ROUNDED(FE_TOWARDZERO, T, expression))                  \
    MACRO(stem##_ru, device##_ru(x, y, z), ROUNDED(FE_UPWARD, T, expression))                      \
    MACRO(stem##_rd, device##_rd(x, y, z), ROUNDED(FE_DOWNWARD, T, expression))

BY_MODE(FF, float, fadd, __fadd, x + y)
BY_MODE(FF, float, fsub, __fsub, x - y)
BY_MODE(FF, float, fmul, __fmul, x *y)
BY_MODE(FF, float, fdiv, __fdiv, x / y)
BY_MODE3(FF, float, ffma, __fmaf, fmaf(x, y, z))
BY_MODE1(FF, float, fsqrt, __fsqrt, sqrtf(x))
BY_MODE1(FF, float, frcp, __frcp, 1.0f / x)
BY_MODE(DD, double, dadd, __dadd, x + y)
BY_MODE(DD, double, dmul, __dmul, x *y)
BY_MODE(DD, double, ddiv, __ddiv, x / y)
BY_MODE3(DD, double, dfma, __fma, fma(x, y, z))
BY_MODE1(DD, double, dsqrt, __dsqrt, sqrt(x))
DD(drcp_rn, __drcp_rn(x), 1.0 / x)
DD(dsub_rn, __dsub_rn(x, y), x - y)

static float flushed(float x)
{
    return fabsf(x) < std::numeric_limits<float>::min() ? copysignf(0.0f, x) : x;
}
FF(fadd_ftz, PTX(float, "=f", "add.rn.ftz.f32 %0, %1, %2;", "f"(x), "f"(y)),
   flushed(flushed(x) + flushed(y)))
FF(fmul_sat, PTX(float, "=f", "mul.rn.sat.f32 %0, %1, %2;", "f"(x), "f"(y)),
   x * y > 0 ? std::min(x * y, 1.0f) : 0.0f)
FF(saturate, __saturatef(x), x > 0 ? std::min(x, 1.0f) : 0.0f)
FF(fmin_plain, fminf(x, y), std::isnan(x) ? y : std::isnan(y) ? x : x < y || (x == y && std::signbit(x)) ? x : y)
FF(fmax_plain, fmaxf(x, y), std::isnan(x) ? y : std::isnan(y) ? x : x > y || (x == y && std::signbit(y)) ? x : y)
FF(fmin_nan, PTX(float, "=f", "min.NaN.f32 %0, %1, %2;", "f"(x), "f"(y)),
   std::isnan(x) || std::isnan(y) ? NAN : x < y || (x == y && std::signbit(x)) ? x : y)
DD(dmin, fmin(x, y), std::isnan(x) ? y : std::isnan(y) ? x : x < y || (x == y && std::signbit(x)) ? x : y)
DD(dmax, fmax(x, y), std::isnan(x) ? y : std::isnan(y) ? x : x > y || (x == y && std::signbit(y)) ? x : y)
FF(neg_abs, -fabsf(x), -std::fabs(x))
FF(copysign_f32, copysignf(x, y), std::copysign(x, y))
DD(dneg_abs, -fabs(x), -std::fabs(x))
DD(dcopysign, copysign(x, y), std::copysign(x, y))
OPERATION(fcompare, u32, float, float, float,
          (x < y) | (x <= y) << 1 | (x == y) << 2 | (x >= y) << 3 | (x > y) << 4 | (x != y) << 5,
          (x < y) | (x <= y) << 1 | (x == y) << 2 | (x >= y) << 3 | (x > y) << 4 | (x != y) << 5)
OPERATION(dcompare, u32, double, double, double,
          (x < y) | (x <= y) << 1 | (x == y) << 2 | !(x < y) << 3 | !(x >= y) << 4 | (x != y) << 5,
          (x < y) | (x <= y) << 1 | (x == y) << 2 | !(x < y) << 3 | !(x >= y) << 4 | (x != y) << 5)
OPERATION(unordered, u32, float, float, float,
          PTX(u32, "=r", "{.reg .pred p, q;\n\tsetp.ltu.f32 p, %1, %2;\n\tsetp.nan.f32 q, %1, %2;\n\t"
              "selp.u32 %0, 1, 0, p;\n\t@q add.u32 %0, %0, 2;\n\tsetp.num.or.f32 q, %1, %1, p;\n\t"
              "@q add.u32 %0, %0, 4;}", "f"(x), "f"(y)),
          (!(x >= y) ? 1u : 0u) + (std::isnan(x) || std::isnan(y) ? 2u : 0u) +
              (!std::isnan(x) || !(x >= y) ? 4u : 0u))
OPERATION(set_f32, float, float, float, float,
          PTX(float, "=f", "set.ge.f32.f32 %0, %1, %2;", "f"(x), "f"(y)), x >= y ? 1.0f : 0.0f)
OPERATION(classes, u32, float, float, float,
          isnan(x) | isinf(x) << 1 | isfinite(x) << 2 | !!signbit(x) << 3,
          std::isnan(x) | std::isinf(x) << 1 | std::isfinite(x) << 2 | std::signbit(x) << 3)
OPERATION(testp, u32, float, float, float,
          PTX(u32, "=r", "{.reg .pred p, q;\n\ttestp.subnormal.f32 p, %1;\n\ttestp.normal.f32 q, %1;\n\t"
              "selp.u32 %0, 1, 0, p;\n\t@q add.u32 %0, %0, 2;\n\ttestp.infinite.f32 p, %1;\n\t"
              "@p add.u32 %0, %0, 4;}", "f"(x)),
          (fpclassify(x) == FP_SUBNORMAL ? 1u : 0u) + (fpclassify(x) == FP_NORMAL ? 2u : 0u) +
              (std::isinf(x) ? 4u : 0u))

FF(round_even, rintf(x), nearbyintf(x))
FF(round_zero, truncf(x), std::trunc(x))
FF(round_up, ceilf(x), std::ceil(x))
FF(round_down, floorf(x), std::floor(x))
FF(round_away, roundf(x), std::round(x))
DD(dround, rint(x) + floor(y) - ceil(z), std::nearbyint(x) + std::floor(y) - std::ceil(z))
DD(dtrunc, trunc(x), std::trunc(x))

// Device conversions saturate, and give 0 for NaN (0x80... in 64 bits, and from f64).
template <class I, class F> static I whole(F x, F (*round)(F), I of_nan)
{
    if (std::isnan(x))
        return of_nan;
    const long double r = round(x);
    if (r >= (long double)std::numeric_limits<I>::max())
        return std::numeric_limits<I>::max();
    return r <= (long double)std::numeric_limits<I>::min() ? std::numeric_limits<I>::min() : (I)r;
}
OPERATION(f32_to_s32_rn, s32, float, float, float, __float2int_rn(x), whole<s32>(x, rintf, 0))
OPERATION(f32_to_s32_rz, s32, float, float, float, __float2int_rz(x), whole<s32>(x, truncf, 0))
OPERATION(f32_to_s32_ru, s32, float, float, float, __float2int_ru(x), whole<s32>(x, ceilf, 0))
OPERATION(f32_to_s32_rd, s32, float, float, float, __float2int_rd(x), whole<s32>(x, floorf, 0))
OPERATION(f32_to_u32_rz, u32, float, float, float, __float2uint_rz(x), whole<u32>(x, truncf, 0))
OPERATION(f32_to_s64_rn, s64, float, float, float, __float2ll_rn(x), whole<s64>(x, rintf, INT64_MIN))
OPERATION(f32_to_u64_rz, u64, float, float, float, __float2ull_rz(x),
          whole<u64>(x, truncf, (u64)1 << 63))
OPERATION(f64_to_s32_rd, s32, double, double, double, __double2int_rd(x),
          whole<s32, double>(x, floor, INT32_MIN))
OPERATION(f64_to_u32_rn, u32, double, double, double, __double2uint_rn(x),
          whole<u32, double>(x, rint, (u32)1 << 31))
OPERATION(f64_to_s64_rz, s64, double, double, double, __double2ll_rz(x),
          whole<s64, double>(x, trunc, INT64_MIN))
OPERATION(f64_to_u64_ru, u64, double, double, double, __double2ull_ru(x),
          whole<u64, double>(x, ceil, (u64)1 << 63))
#define TO_FLOAT(name, R, A, device, mode)                                                         \
    OPERATION(name, R, A, u32, u32, device(x), [](A a) {                                           \
        volatile A from = a;                                                                       \
        return rounded(mode, [&]() -> R { return (R)from; });                                      \
    }(x))
TO_FLOAT(s32_to_f32_rn, float, s32, __int2float_rn, FE_TONEAREST)
TO_FLOAT(s32_to_f32_rz, float, s32, __int2float_rz, FE_TOWARDZERO)
TO_FLOAT(s32_to_f32_ru, float, s32, __int2float_ru, FE_UPWARD)
TO_FLOAT(s32_to_f32_rd, float, s32, __int2float_rd, FE_DOWNWARD)
TO_FLOAT(u32_to_f32_rn, float, u32, __uint2float_rn, FE_TONEAREST)
TO_FLOAT(s64_to_f32_rn, float, s64, __ll2float_rn, FE_TONEAREST)
TO_FLOAT(s64_to_f64_rd, double, s64, __ll2double_rd, FE_DOWNWARD)
TO_FLOAT(u32_to_f64, double, u32, __uint2double_rn, FE_TONEAREST)
TO_FLOAT(f64_to_f32_rn, float, double, __double2float_rn, FE_TONEAREST)
TO_FLOAT(f64_to_f32_rz, float, double, __double2float_rz, FE_TOWARDZERO)
TO_FLOAT(f64_to_f32_ru, float, double, __double2float_ru, FE_UPWARD)
TO_FLOAT(f64_to_f32_rd, float, double, __double2float_rd, FE_DOWNWARD)
TO_FLOAT(f32_to_f64, double, float, (double), FE_TONEAREST)
OPERATION(narrow_signs, s32, s32, u32, u32, (int8_t)x ^ (int16_t)y ^ (uint8_t)z,
          (int8_t)x ^ (int16_t)y ^ (uint8_t)z)
OPERATION(narrow_sat, s32, s32, u32, u32,
          PTX(s32, "=r", "{.reg .s16 t;\n\tcvt.sat.s8.s32 t, %1;\n\tcvt.s32.s16 %0, t;}", "r"(x)),
          std::min(std::max(x, -128), 127))
OPERATION(f32_to_s8, s32, float, float, float,
          PTX(s32, "=r", "{.reg .s16 t;\n\tcvt.rni.s16.f32 t, %1;\n\tcvt.s32.s16 %0, t;}", "f"(x)),
          whole<int16_t>(x, rintf, 0))
OPERATION(bits_of_f32, u32, float, float, float, __float_as_uint(x), [](float a) {
    u32 ret;
    memcpy(&ret, &a, 4);
    return ret;
}(x))
OPERATION(halves_of_f64, u64, double, double, double,
          (u64)(u32)__double2hiint(x) << 32 | (u32)__double2loint(x), [](double a) {
              u64 ret;
              memcpy(&ret, &a, 8);
              return ret;
          }(x))
OPERATION(made_of_halves, double, s32, s32, s32, __hiloint2double(x, y), [](s32 high, s32 low) {
    const u64 all = (u64)(u32)high << 32 | (u32)low;
    double ret;
    memcpy(&ret, &all, 8);
    return ret;
}(x, y))

// ---- approximations: |got - want| <= absolute + ulps * ulp(want), over a range ----

struct bound {
    double low, high, ulps, absolute;
};

template <class Op> __global__ void at_points(float *out, const float *x, int n)
{
    const int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i < n)
        out[i] = Op::device(x[i]);
}

template <class Op> static void approximate(bound b)
{
    const int n = 4096;
    std::vector<float> x(n);
    for (int i = 0; i < n; i++)
        x[i] = (float)(b.low + (b.high - b.low) * ((double)next_random() / 4294967296.0));
    buffer<float> in(x);
    const std::vector<float> got = results(n, n / 128, 128, at_points<Op>, (const float *)in.at, n);
    for (int i = 0; i < n; i++) {
        const double want = Op::host((double)x[i]);
        const float near = std::fabs((float)want);
        const double ulp = (double)std::nextafter(near, INFINITY) - near;
        if (!(std::fabs(got[i] - want) <= b.absolute + b.ulps * ulp))
            throw std::runtime_error("f(" + std::to_string(x[i]) + ") is " + std::to_string(got[i]) +
                                     ", wants " + std::to_string(want));
    }
}

#define APPROXIMATION(name, low, high, ulps, absolute, on_device, on_host)                         \
    struct near_##name {                                                                           \
        static __device__ float device(float x) { return on_device; }                              \
        static double host(double x) { return on_host; }                                           \
    };                                                                                             \
    static void name() { approximate<near_##name>({low, high, ulps, absolute}); }

#define ASM(text) PTX(float, "=f", text, "f"(x))
APPROXIMATION(ex2_approx, -20, 20, 2, 0, ASM("ex2.approx.f32 %0, %1;"), std::exp2(x))
APPROXIMATION(ex2_approx_ftz, -20, 20, 2, 0, ASM("ex2.approx.ftz.f32 %0, %1;"), std::exp2(x))
APPROXIMATION(lg2_approx, 2, 1000, 1, 2.4e-7, ASM("lg2.approx.f32 %0, %1;"), std::log2(x))
APPROXIMATION(lg2_near_one, 0.5, 2, 0, 2.4e-7, ASM("lg2.approx.f32 %0, %1;"), std::log2(x))
APPROXIMATION(sin_approx, -3.14159, 3.14159, 0, 4.8e-7, ASM("sin.approx.f32 %0, %1;"), std::sin(x))
APPROXIMATION(cos_approx, -3.14159, 3.14159, 0, 4.8e-7, ASM("cos.approx.f32 %0, %1;"), std::cos(x))
APPROXIMATION(rcp_approx, 0.01, 100, 1, 0, ASM("rcp.approx.f32 %0, %1;"), 1 / x)
APPROXIMATION(rsqrt_approx, 0.01, 100, 2, 0, ASM("rsqrt.approx.f32 %0, %1;"), 1 / std::sqrt(x))
APPROXIMATION(sqrt_approx, 0.01, 100, 2, 0, ASM("sqrt.approx.f32 %0, %1;"), std::sqrt(x))
APPROXIMATION(div_approx, 0.01, 100, 2, 0, __fdividef(3.0f, x), 3 / x)
APPROXIMATION(div_full, 0.01, 100, 2, 0, ASM("div.full.f32 %0, 0f40400000, %1;"), 3 / x)
APPROXIMATION(tanh_approx, -5, 5, 0, 5e-4, ASM("tanh.approx.f32 %0, %1;"), std::tanh(x))
APPROXIMATION(expf_fast, -5, 5, 7, 0, __expf(x), std::exp(x))
APPROXIMATION(logf_fast, 2, 50, 3, 4e-7, __logf(x), std::log(x))
APPROXIMATION(powf_fast, 0.5, 4, 16, 0, __powf(x, 2.5f), std::pow(x, 2.5))
APPROXIMATION(exp_library, -80, 80, 2, 0, expf(x), std::exp(x))
APPROXIMATION(log_library, 0.001, 1000, 2, 0, logf(x), std::log(x))
APPROXIMATION(sin_library, -100, 100, 3, 0, sinf(x), std::sin(x))
APPROXIMATION(sin_far, 1e5, 1e8, 3, 0, sinf(x), std::sin(x))
APPROXIMATION(cos_library, -100, 100, 3, 0, cosf(x), std::cos(x))
APPROXIMATION(tan_library, -1.5, 1.5, 5, 0, tanf(x), std::tan(x))
APPROXIMATION(pow_library, 0.01, 10, 4, 0, powf(x, 1.7f), std::pow(x, (double)1.7f))
APPROXIMATION(tanh_library, -3, 3, 3, 0, tanhf(x), std::tanh(x))
APPROXIMATION(erf_library, -3, 3, 3, 0, erff(x), std::erf(x))
APPROXIMATION(atan2_library, -3, 3, 4, 0, atan2f(x, 0.7f), std::atan2(x, (double)0.7f))
APPROXIMATION(cbrt_library, 0.01, 100, 2, 0, cbrtf(x), std::cbrt(x))
APPROXIMATION(exp_double, -9, 9, 1, 0, (float)exp((double)x), std::exp(x))
APPROXIMATION(log_double, 0.1, 90, 1, 0, (float)log((double)x), std::log(x))
APPROXIMATION(sin_double, -90, 90, 1, 0, (float)sin((double)x), std::sin(x))
APPROXIMATION(pow_double, 0.1, 9, 1, 0, (float)pow((double)x, 2.25), std::pow(x, 2.25))
APPROXIMATION(rsqrt_double, 0.1, 9, 1, 0, (float)rsqrt((double)x), 1 / std::sqrt(x))

static __device__ float special(int i, float x)
{
    switch (i) {
    case 0: return PTX(float, "=f", "ex2.approx.f32 %0, %1;", "f"(x));
    case 1: return PTX(float, "=f", "lg2.approx.f32 %0, %1;", "f"(x));
    case 2: return PTX(float, "=f", "rcp.approx.f32 %0, %1;", "f"(x));
    case 3: return PTX(float, "=f", "rsqrt.approx.f32 %0, %1;", "f"(x));
    case 4: return PTX(float, "=f", "sqrt.approx.f32 %0, %1;", "f"(x));
    default: return PTX(float, "=f", "tanh.approx.f32 %0, %1;", "f"(x));
    }
}
static __global__ void specials(float *out, const float *x)
{
    out[blockIdx.x * blockDim.x + threadIdx.x] = special(blockIdx.x, x[threadIdx.x]);
}
// The ISA's tables of special operands: -inf, -0, +0, +inf, NaN.
static void special_operands()
{
    const float inf = INFINITY, nan = NAN;
    const std::vector<float> want = {0,   1,    1,    inf, nan, nan, -inf, -inf, inf, nan,
                                     -0.0f, -inf, inf, 0, nan, nan, -inf, inf,  0,   nan,
                                     nan, -0.0f, 0,  inf, nan, -1,  -0.0f, 0,   1,   nan};
    buffer<float> in(std::vector<float>{-inf, -0.0f, 0.0f, inf, nan});
    equal(results(30, 6, 5, specials, (const float *)in.at), want);
}

#define P PROGRAM
#define P4(stem) P(stem##_rn), P(stem##_rz), P(stem##_ru), P(stem##_rd)
PROGRAMS(P4(fadd), P4(fsub), P4(fmul), P4(fdiv), P4(ffma), P4(fsqrt), P4(frcp), P4(dadd), P4(dmul),
         P4(ddiv), P4(dfma), P4(dsqrt), P(drcp_rn), P(dsub_rn), P(fadd_ftz), P(fmul_sat),
         P(saturate), P(fmin_plain), P(fmax_plain), P(fmin_nan), P(dmin), P(dmax), P(neg_abs),
         P(copysign_f32), P(dneg_abs), P(dcopysign), P(fcompare), P(dcompare), P(unordered),
         P(set_f32), P(classes), P(testp), P(round_even), P(round_zero), P(round_up), P(round_down),
         P(round_away), P(dround), P(dtrunc), P(f32_to_s32_rn), P(f32_to_s32_rz),
         P(f32_to_s32_ru), P(f32_to_s32_rd), P(f32_to_u32_rz), P(f32_to_s64_rn), P(f32_to_u64_rz),
         P(f64_to_s32_rd), P(f64_to_u32_rn), P(f64_to_s64_rz), P(f64_to_u64_ru), P4(s32_to_f32),
         P(u32_to_f32_rn), P(s64_to_f32_rn), P(s64_to_f64_rd), P(u32_to_f64), P4(f64_to_f32),
         P(f32_to_f64), P(narrow_signs), P(narrow_sat), P(f32_to_s8), P(bits_of_f32),
         P(halves_of_f64), P(made_of_halves), P(ex2_approx), P(ex2_approx_ftz), P(lg2_approx),
         P(lg2_near_one), P(sin_approx), P(cos_approx), P(rcp_approx), P(rsqrt_approx),
         P(sqrt_approx), P(div_approx), P(div_full), P(tanh_approx), P(expf_fast), P(logf_fast),
         P(powf_fast), P(exp_library), P(log_library), P(sin_library), P(sin_far), P(cos_library),
         P(tan_library), P(pow_library), P(tanh_library), P(erf_library), P(atan2_library),
         P(cbrt_library), P(exp_double), P(log_double), P(sin_double), P(pow_double),
         P(rsqrt_double), P(special_operands))

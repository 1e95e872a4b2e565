/* f16, bf16 and pairs of them (9.7.4, 9.7.5): arithmetic is done in f64 and rounded once. */
#include "grader/vgpu/exec/arith/combine.h"
#include "grader/vgpu/exec/arith/narrow.h"
#include "grader/vgpu/exec/arith/special.h"
#include "grader/vgpu/exec/arith/tables.h"

static inline uint32_t flush_code(uint32_t a)
{
    return (a & 0x7fff) < 0x400 ? a & 0x8000 : a;
}

/* .relu: what is negative becomes +0; NaNs are positive here. */
static inline uint32_t relu_code(uint32_t a)
{
    return a & 0x8000 ? 0 : a;
}

#define SAME(x) (x)

/* An operation on one half, as a function, then on lanes of one and of two. */
#define LOW(x)  ((x)&0xffffu)
#define HIGH(x) ((x) >> 16)
#define HALF1(name, expression)                                                                    \
    static ALWAYS_INLINE uint32_t one_##name(uint32_t a)                                           \
    {                                                                                              \
        return (expression);                                                                       \
    }                                                                                              \
    UNARY(name, uint16_t, uint16_t, one_##name(a))                                                 \
    UNARY(name##_x2, uint32_t, uint32_t, one_##name(LOW(a)) | one_##name(HIGH(a)) << 16)
#define HALF2(name, expression)                                                                    \
    static ALWAYS_INLINE uint32_t one_##name(uint32_t a, uint32_t b)                               \
    {                                                                                              \
        return (expression);                                                                       \
    }                                                                                              \
    BINARY(name, uint16_t, uint16_t, uint16_t, one_##name(a, b))                                   \
    BINARY(name##_x2, uint32_t, uint32_t, uint32_t,                                                \
           one_##name(LOW(a), LOW(b)) | one_##name(HIGH(a), HIGH(b)) << 16)
#define HALF3(name, expression)                                                                    \
    static ALWAYS_INLINE uint32_t one_##name(uint32_t a, uint32_t b, uint32_t c)                   \
    {                                                                                              \
        return (expression);                                                                       \
    }                                                                                              \
    TERNARY(name, uint16_t, uint16_t, uint16_t, uint16_t, one_##name(a, b, c))                     \
    TERNARY(name##_x2, uint32_t, uint32_t, uint32_t, uint32_t,                                     \
            one_##name(LOW(a), LOW(b), LOW(c)) | one_##name(HIGH(a), HIGH(b), HIGH(c)) << 16)

/* f16 in f32, where sums and products of 11 bits round twice as if once (24 >= 2 * 11 + 2). bf16
 * has f32's exponents, so that its products need f64. */
#define F16_FMA(a, b, c) fma_odd_f32(a, b, c)
#define IN(h)            f32_from_f16(h)
#define IN_FTZ(h)        f32_from_f16(flush_code(h))
#define OUT(x)           f16_from_f32(x)
#define OUT_FTZ(x)       flush_code(f16_from_f32(x))
#define OUT_SAT(x)       f16_from_f32(sat_f32(x))
#define OUT_FTZ_SAT(x)   flush_code(f16_from_f32(sat_f32(x)))
#define OUT_RELU(x)      relu_code(f16_from_f32(x))
#define OUT_FTZ_RELU(x)  relu_code(flush_code(f16_from_f32(x)))
#define ARITHMETIC(suffix, in, out)                                                                \
    HALF2(add_##suffix, out(in(a) + in(b)))                                                        \
    HALF2(sub_##suffix, out(in(a)-in(b)))                                                          \
    HALF2(mul_##suffix, out(in(a)*in(b)))                                                          \
    HALF3(fma_##suffix, out(F16_FMA(in(a), in(b), in(c))))
ARITHMETIC(f16, IN, OUT)
ARITHMETIC(ftz_f16, IN_FTZ, OUT_FTZ)
ARITHMETIC(sat_f16, IN, OUT_SAT)
ARITHMETIC(ftz_sat_f16, IN_FTZ, OUT_FTZ_SAT)
HALF3(fma_relu_f16, OUT_RELU(F16_FMA(IN(a), IN(b), IN(c))))
HALF3(fma_ftz_relu_f16, OUT_FTZ_RELU(F16_FMA(IN_FTZ(a), IN_FTZ(b), IN_FTZ(c))))
HALF2(add_bf16, to_bf16(fma_odd(from_bf16(a), 1.0, from_bf16(b))))
HALF2(sub_bf16, to_bf16(fma_odd(from_bf16(b), -1.0, from_bf16(a))))
HALF2(mul_bf16, to_bf16(from_bf16(a) * from_bf16(b)))
HALF3(fma_bf16, to_bf16(fma_odd(from_bf16(a), from_bf16(b), from_bf16(c))))
HALF3(fma_relu_bf16, relu_code(to_bf16(fma_odd(from_bf16(a), from_bf16(b), from_bf16(c)))))

HALF1(abs_half, a & 0x7fffu)
HALF1(neg_half, a ^ 0x8000u)
HALF1(abs_ftz_f16, (a & 0x7fffu) < 0x400 ? 0 : a & 0x7fffu)
HALF1(neg_ftz_f16, ((a & 0x7fffu) < 0x400 ? a & 0x8000u : a) ^ 0x8000u)

/* Minima by order: the codes as signed numbers of magnitudes; -0 is less than +0. */
static inline int32_t order(uint32_t code)
{
    return code & 0x8000 ? -(int32_t)(code & 0x7fff) - 1 : (int32_t)code;
}

static inline bool is_nan(uint32_t code, uint32_t infinity)
{
    return (code & 0x7fff) > infinity;
}

static inline uint32_t lesser(uint32_t a, uint32_t b, uint32_t infinity, bool greater)
{
    const bool first = (order(a) < order(b)) != greater;
    if (is_nan(a, infinity))
        return is_nan(b, infinity) ? 0x7fff : b;
    return is_nan(b, infinity) || first ? a : b;
}

static inline uint32_t lesser_nan(uint32_t a, uint32_t b, uint32_t infinity, bool greater)
{
    return is_nan(a, infinity) || is_nan(b, infinity) ? 0x7fff : lesser(a, b, infinity, greater);
}

static inline uint32_t with_sign(uint32_t code, uint32_t a, uint32_t b, uint32_t infinity)
{
    return is_nan(code, infinity) ? code : code ^ ((a ^ b) & 0x8000);
}

#define ABS(x) ((x)&0x7fff)
#define MINIMA(suffix, in, infinity, name, greater)                                                \
    HALF2(name##_##suffix, lesser(in(a), in(b), infinity, greater))                                \
    HALF2(name##_nan_##suffix, lesser_nan(in(a), in(b), infinity, greater))                        \
    HALF2(name##_xorsign_##suffix,                                                                 \
          with_sign(lesser(ABS(in(a)), ABS(in(b)), infinity, greater), a, b, infinity))            \
    HALF2(name##_nan_xorsign_##suffix,                                                             \
          with_sign(lesser_nan(ABS(in(a)), ABS(in(b)), infinity, greater), a, b, infinity))
MINIMA(f16, SAME, 0x7c00, min, false)
MINIMA(f16, SAME, 0x7c00, max, true)
MINIMA(ftz_f16, flush_code, 0x7c00, min, false)
MINIMA(ftz_f16, flush_code, 0x7c00, max, true)
MINIMA(bf16, SAME, 0x7f80, min, false)
MINIMA(bf16, SAME, 0x7f80, max, true)

HALF1(ex2_f16, to_f16(exp2_f64(from_f16(a))))
HALF1(ex2_ftz_bf16,
      to_bf16(ftz_f32((float)exp2_f64(from_bf16(fabs(from_bf16(a)) < 0x1p-126 ? 0 : a)))))
HALF1(tanh_f16, to_f16(tanh_f64(from_f16(a))))
HALF1(tanh_bf16, to_bf16(tanh_f64(from_bf16(a))))

/* Comparisons, a bit per lane; of pairs, the low ones and the high ones (9.7.7). */
#define COMPARE(name, in, expression)                                                              \
    static vg_pred compare_##name(const void *as, const void *bs, unsigned bits, unsigned shift)   \
    {                                                                                              \
        vg_pred r = 0;                                                                             \
        for (int l = 0; l < VG_WARP; l++) {                                                        \
            const uint32_t x = bits == 16 ? ((const uint16_t *)as)[l] : ((const uint32_t *)as)[l]; \
            const uint32_t y = bits == 16 ? ((const uint16_t *)bs)[l] : ((const uint32_t *)bs)[l]; \
            const float a = in(LOW(x >> shift)), b = in(LOW(y >> shift));                          \
            r |= (expression) ? lane_bit[l] : 0;                                                   \
        }                                                                                          \
        return r;                                                                                  \
    }                                                                                              \
    HANDLER(setp_##name)                                                                           \
    {                                                                                              \
        const uint32_t k = i->n_results;                                                           \
        const vg_pred r = compare_##name(vg_lanes(w, i, k), vg_lanes(w, i, k + 1), 16, 0);         \
        combine_to_predicates(w, i, mask, r);                                                      \
    }                                                                                              \
    HANDLER(set_##name)                                                                            \
    {                                                                                              \
        const vg_pred r = compare_##name(vg_lanes(w, i, 1), vg_lanes(w, i, 2), 16, 0);             \
        combine_to_register(w, i, mask, r);                                                        \
    }                                                                                              \
    HANDLER(setp_##name##_x2)                                                                      \
    {                                                                                              \
        const void *const a = vg_lanes(w, i, 2), *const b = vg_lanes(w, i, 3);                     \
        combine_pair(w, i, mask, compare_##name(a, b, 32, 0), compare_##name(a, b, 32, 16));       \
    }                                                                                              \
    HANDLER(set_##name##_x2)                                                                       \
    {                                                                                              \
        const void *const a = vg_lanes(w, i, 1), *const b = vg_lanes(w, i, 2);                     \
        combine_to_halves(w, i, mask, compare_##name(a, b, 32, 0), compare_##name(a, b, 32, 16));  \
    }
#define COMPARISONS(X, t, in)                                                                      \
    X(eq, t, in, a == b)                                                                           \
    X(ne, t, in, a<b || a> b)                                                                      \
    X(lt, t, in, a < b)                                                                            \
    X(le, t, in, a <= b)                                                                           \
    X(gt, t, in, a > b)                                                                            \
    X(ge, t, in, a >= b)                                                                           \
    X(equ, t, in, !(a < b || a > b))                                                               \
    X(neu, t, in, a != b)                                                                          \
    X(ltu, t, in, !(a >= b))                                                                       \
    X(leu, t, in, !(a > b))                                                                        \
    X(gtu, t, in, !(a <= b))                                                                       \
    X(geu, t, in, !(a < b))                                                                        \
    X(num, t, in, a == a && b == b)                                                                \
    X(nan, t, in, a != a || b != b)
#define DEFINE(m, t, in, expression) COMPARE(m##_##t, in, expression)
#define IN_BF16(h)                   f32_of((h) << 16)
COMPARISONS(DEFINE, f16, IN)
COMPARISONS(DEFINE, ftz_f16, IN_FTZ)
COMPARISONS(DEFINE, bf16, IN_BF16)

/* Rows for one half and for pairs. */
#define BOTH(OP, m1, m2, m3, m4, t, one, pair, name)                                               \
    ROW(OP, m1, m2, m3, m4, , t, , one, name)                                                      \
    ROW(OP, m1, m2, m3, m4, , t##x2, , pair, name##_x2)
#define UNARY_HALF(OP, m1, m2, t, name)       BOTH(OP, m1, m2, , , t, "e=e", "w=w", name)
#define BINARY_HALF(OP, m1, m2, m3, t, name)  BOTH(OP, m1, m2, m3, , t, "e=ee", "w=ww", name)
#define TERNARY_HALF(OP, m1, m2, m3, t, name) BOTH(OP, m1, m2, m3, , t, "e=eee", "w=www", name)
#define ADD_ROWS(OP, name)                                                                         \
    BINARY_HALF(OP, , , , f16, name##_f16)                                                         \
    BINARY_HALF(OP, ftz, , , f16, name##_ftz_f16)                                                  \
    BINARY_HALF(OP, sat, , , f16, name##_sat_f16)                                                  \
    BINARY_HALF(OP, ftz, sat, , f16, name##_ftz_sat_f16)                                           \
    BINARY_HALF(OP, rn, , , f16, name##_f16)                                                       \
    BINARY_HALF(OP, rn, ftz, , f16, name##_ftz_f16)                                                \
    BINARY_HALF(OP, rn, sat, , f16, name##_sat_f16)                                                \
    BINARY_HALF(OP, rn, ftz, sat, f16, name##_ftz_sat_f16)                                         \
    BINARY_HALF(OP, , , , bf16, name##_bf16)                                                       \
    BINARY_HALF(OP, rn, , , bf16, name##_bf16)
#define MIN_ROWS(OP, name)                                                                         \
    BINARY_HALF(OP, , , , f16, name##_f16)                                                         \
    BINARY_HALF(OP, ftz, , , f16, name##_ftz_f16)                                                  \
    BINARY_HALF(OP, NaN, , , f16, name##_nan_f16)                                                  \
    BINARY_HALF(OP, ftz, NaN, , f16, name##_nan_ftz_f16)                                           \
    BINARY_HALF(OP, xorsign, abs, , f16, name##_xorsign_f16)                                       \
    BINARY_HALF(OP, ftz, xorsign, abs, f16, name##_xorsign_ftz_f16)                                \
    BINARY_HALF(OP, NaN, xorsign, abs, f16, name##_nan_xorsign_f16)                                \
    BOTH(OP, ftz, NaN, xorsign, abs, f16, "e=ee", "w=ww", name##_nan_xorsign_ftz_f16)              \
    BINARY_HALF(OP, , , , bf16, name##_bf16)                                                       \
    BINARY_HALF(OP, NaN, , , bf16, name##_nan_bf16)                                                \
    BINARY_HALF(OP, xorsign, abs, , bf16, name##_xorsign_bf16)                                     \
    BINARY_HALF(OP, NaN, xorsign, abs, bf16, name##_nan_xorsign_bf16)
#define SIGN_ROWS(OP, name)                                                                        \
    UNARY_HALF(OP, , , f16, name##_half)                                                           \
    UNARY_HALF(OP, ftz, , f16, name##_ftz_f16)                                                     \
    UNARY_HALF(OP, , , bf16, name##_half)

#define SETP_ROWS(m, b, ftz, t, third, name)                                                       \
    ROW(SETP, m, b, ftz, , , t, , "p=ee" third, setp_##name)                                       \
    ROW(SETP, m, b, ftz, , , t##x2, , "pp=ww" third, setp_##name##_x2)                             \
    ROW(SET, m, b, ftz, , , t, t, "e=ee" third, set_##name)                                        \
    ROW(SET, m, b, ftz, , , u16, t, "h=ee" third, set_##name)                                      \
    ROW(SET, m, b, ftz, , , s16, t, "h=ee" third, set_##name)                                      \
    ROW(SET, m, b, ftz, , , u32, t, "w=ee" third, set_##name)                                      \
    ROW(SET, m, b, ftz, , , s32, t, "w=ee" third, set_##name)                                      \
    ROW(SET, m, b, ftz, , , t##x2, t##x2, "w=ww" third, set_##name##_x2)
#define COMPARE_ROWS(m, t, ftz, name)                                                              \
    SETP_ROWS(m, ftz, , t, "", m##_##name)                                                         \
    SETP_ROWS(m, and, ftz, t, "p", m##_##name)                                                     \
    SETP_ROWS(m, or, ftz, t, "p", m##_##name)                                                      \
    SETP_ROWS(m, xor, ftz, t, "p", m##_##name)
#define F16_ROWS(m, t, in, expression)     COMPARE_ROWS(m, f16, , f16)
#define F16_FTZ_ROWS(m, t, in, expression) COMPARE_ROWS(m, f16, ftz, ftz_f16)
#define BF16_ROWS(m, t, in, expression)    COMPARE_ROWS(m, bf16, , bf16)

/* Rows bring their own commas. */
/* clang-format off */
static const struct vg_row rows[] = {
    ADD_ROWS(ADD, add)
    ADD_ROWS(SUB, sub)
    ADD_ROWS(MUL, mul)
    TERNARY_HALF(FMA, rn, , , f16, fma_f16)
    TERNARY_HALF(FMA, rn, ftz, , f16, fma_ftz_f16)
    TERNARY_HALF( FMA, rn, sat, , f16, fma_sat_f16)
    TERNARY_HALF(FMA, rn, ftz, sat, f16, fma_ftz_sat_f16)
    TERNARY_HALF(FMA, rn, relu, , f16, fma_relu_f16)
    TERNARY_HALF( FMA, rn, ftz, relu, f16, fma_ftz_relu_f16)
    TERNARY_HALF(FMA, rn, , , bf16, fma_bf16)
    TERNARY_HALF(FMA, rn, relu, , bf16, fma_relu_bf16)
    SIGN_ROWS(ABS, abs)
    SIGN_ROWS(NEG, neg)
    MIN_ROWS(MIN, min)
    MIN_ROWS(MAX, max)
    UNARY_HALF(EX2, approx, , f16, ex2_f16)
    UNARY_HALF(EX2, approx, ftz, bf16, ex2_ftz_bf16)
    UNARY_HALF(TANH, approx, , f16, tanh_f16)
    UNARY_HALF(TANH, approx, , bf16, tanh_bf16)
    COMPARISONS(F16_ROWS, f16, )
    COMPARISONS(F16_FTZ_ROWS, f16, )
    COMPARISONS(BF16_ROWS, bf16, )
};
/* clang-format on */
TABLE(vg_rows_half)

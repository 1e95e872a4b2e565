/* The rung for AArch64 with the dot product instructions of Armv8.2: compiled for them
 * (CMakeLists.txt), chosen by isa.h. A product of signed bytes is one instruction here, and scales
 * multiply its sums. */
#include <math.h>

#include "reference/quant/f16.h"
#include "reference/quant/neon_codes.h"
#include "reference/quant/rungs.h"
#include "reference/quant/unpack.h"

/* ---- restoring ---- */

/* The product is exact, so that it does not matter that it is fused. */
static inline void put16(float *ret_x, int8x16_t codes, float scale, float offset)
{
    const int16x8_t low = vmovl_s8(vget_low_s8(codes)), high = vmovl_high_s8(codes);
    const int32x4_t v[4] = {vmovl_s16(vget_low_s16(low)), vmovl_high_s16(low),
                            vmovl_s16(vget_low_s16(high)), vmovl_high_s16(high)};
    for (int k = 0; k < 4; k++)
        vst1q_f32(ret_x + 4 * k, vfmaq_n_f32(vdupq_n_f32(offset), vcvtq_f32_s32(v[k]), scale));
}

/* As above without an offset: adding 0 would make a +0 of -0. */
static inline void put16_scaled(float *ret_x, int8x16_t codes, float scale)
{
    const int16x8_t low = vmovl_s8(vget_low_s8(codes)), high = vmovl_high_s8(codes);
    const int32x4_t v[4] = {vmovl_s16(vget_low_s16(low)), vmovl_high_s16(low),
                            vmovl_s16(vget_low_s16(high)), vmovl_high_s16(high)};
    for (int k = 0; k < 4; k++)
        vst1q_f32(ret_x + 4 * k, vmulq_n_f32(vcvtq_f32_s32(v[k]), scale));
}

static inline void put32(float *ret_x, codes32 codes, float low_scale, float high_scale)
{
    put16_scaled(ret_x, codes.val[0], low_scale);
    put16_scaled(ret_x + 16, codes.val[1], high_scale);
}

#define DEQUANTIZE_32(format, scale)                                                               \
    static void format##_dequantize(const void *row, size_t n, float *ret_x)                       \
    {                                                                                              \
        const struct ref_##format *b = row;                                                        \
        for (size_t i = 0; i < n / 32; i++, b++)                                                   \
            put32(ret_x + 32 * i, format##_codes(b), scale, scale);                                \
    }
DEQUANTIZE_32(q4_0, half_to_float(b->d))
DEQUANTIZE_32(q5_0, half_to_float(b->d))
DEQUANTIZE_32(q8_0, half_to_float(b->d))
DEQUANTIZE_32(q8_1, half_to_float(b->d))
DEQUANTIZE_32(iq4_nl, half_to_float(b->d))
DEQUANTIZE_32(mxfp4, ref_mxfp4_scale(b->e))

#define DEQUANTIZE_32_AFFINE(format)                                                               \
    static void format##_dequantize(const void *row, size_t n, float *ret_x)                       \
    {                                                                                              \
        const struct ref_##format *b = row;                                                        \
        for (size_t i = 0; i < n / 32; i++, b++)                                                   \
            for (int k = 0; k < 2; k++)                                                            \
                put16(ret_x + 32 * i + 16 * (size_t)k, format##_codes(b).val[k],                   \
                      half_to_float(b->d), half_to_float(b->m));                                   \
    }
DEQUANTIZE_32_AFFINE(q4_1)
DEQUANTIZE_32_AFFINE(q5_1)

static void q2_k_dequantize(const void *row, size_t n, float *ret_x)
{
    const struct ref_q2_k *b = row;
    for (size_t i = 0; i < n / 256; i++, b++, ret_x += 256) {
        const float d = half_to_float(b->d), dmin = half_to_float(b->dmin);
        for (int h = 0; h < 16; h++)
            put16(ret_x + 16 * h, q2_k_codes(b, h / 2).val[h % 2], d * (float)(b->scales[h] & 15),
                  -(dmin * (float)(b->scales[h] >> 4)));
    }
}

#define DEQUANTIZE_SIX_BITS(format)                                                                \
    static void format##_dequantize(const void *row, size_t n, float *ret_x)                       \
    {                                                                                              \
        const struct ref_##format *b = row;                                                        \
        for (size_t i = 0; i < n / 256; i++, b++, ret_x += 256) {                                  \
            const float d = half_to_float(b->d), dmin = half_to_float(b->dmin);                    \
            uint8_t scale[8], min[8];                                                              \
            ref_k_scales_unpack(b->scales, scale, min);                                            \
            for (int g = 0; g < 8; g++) {                                                          \
                const codes32 codes = format##_codes(b, g);                                        \
                for (int k = 0; k < 2; k++)                                                        \
                    put16(ret_x + 32 * g + 16 * k, codes.val[k], d * (float)scale[g],              \
                          -(dmin * (float)min[g]));                                                \
            }                                                                                      \
        }                                                                                          \
    }
DEQUANTIZE_SIX_BITS(q4_k)
DEQUANTIZE_SIX_BITS(q5_k)

/* Signed codes with a signed scale for each 16 or 32, taken apart by `unpack`. */
#define DEQUANTIZE_SIGNED(format, n_scales, unpack)                                                \
    static void format##_dequantize(const void *row, size_t n, float *ret_x)                       \
    {                                                                                              \
        const struct ref_##format *b = row;                                                        \
        for (size_t i = 0; i < n / 256; i++, b++, ret_x += 256) {                                  \
            const float d = half_to_float(b->d);                                                   \
            int8_t scale[n_scales];                                                                \
            unpack;                                                                                \
            for (int g = 0; g < 8; g++)                                                            \
                put32(ret_x + 32 * g, format##_codes(b, g), d * (float)scale[(n_scales) / 8 * g],  \
                      d * (float)scale[(n_scales) / 8 * g + (n_scales) / 16]);                     \
        }                                                                                          \
    }
DEQUANTIZE_SIGNED(q3_k, 16, ref_q3_k_scales(b, scale))
DEQUANTIZE_SIGNED(q6_k, 16, memcpy(scale, b->scales, sizeof scale))
DEQUANTIZE_SIGNED(iq4_xs, 8, ref_iq4_xs_scales(b, scale))

#define DEQUANTIZE_TERNARY(format)                                                                 \
    static void format##_dequantize(const void *row, size_t n, float *ret_x)                       \
    {                                                                                              \
        const struct ref_##format *b = row;                                                        \
        for (size_t i = 0; i < n / 256; i++, b++, ret_x += 256)                                    \
            for (int g = 0; g < 8; g++)                                                            \
                put32(ret_x + 32 * g, format##_codes(b, g), half_to_float(b->d),                   \
                      half_to_float(b->d));                                                        \
    }
DEQUANTIZE_TERNARY(tq1_0)
DEQUANTIZE_TERNARY(tq2_0)

static void q8_k_dequantize(const void *row, size_t n, float *ret_x)
{
    const struct ref_q8_k *b = row;
    for (size_t i = 0; i < n / 256; i++, b++, ret_x += 256)
        for (int g = 0; g < 8; g++)
            put32(ret_x + 32 * g, load32(b->q + 32 * g), b->d, b->d);
}

static void f32_dequantize(const void *row, size_t n, float *ret_x)
{
    memcpy(ret_x, row, n * sizeof(float));
}

static float32x4_t four_halves(const uint16_t *x)
{
    return vcvt_f32_f16(vreinterpret_f16_u16(vld1_u16(x)));
}

static float32x4_t four_bf16(const uint16_t *x)
{
    return vreinterpretq_f32_u32(vshll_n_u16(vld1_u16(x), 16));
}

#define DEQUANTIZE_FLOATS(format, four, one)                                                       \
    static void format##_dequantize(const void *row, size_t n, float *ret_x)                       \
    {                                                                                              \
        const uint16_t *x = row;                                                                   \
        size_t i = 0;                                                                              \
        for (; i + 4 <= n; i += 4)                                                                 \
            vst1q_f32(ret_x + i, four(x + i));                                                     \
        for (; i < n; i++)                                                                         \
            ret_x[i] = one(x[i]);                                                                  \
    }
DEQUANTIZE_FLOATS(f16, four_halves, half_to_float)
DEQUANTIZE_FLOATS(bf16, four_bf16, ref_bf16_to_f32)

/* ---- dot products ---- */

static inline int32x4_t products(codes32 x, codes32 y)
{
    return vdotq_s32(vdotq_s32(vdupq_n_s32(0), x.val[0], y.val[0]), x.val[1], y.val[1]);
}

static inline float32x4_t add_block(float32x4_t sum, int32x4_t products, float scale)
{
    return vfmaq_n_f32(sum, vcvtq_f32_s32(products), scale);
}

#define DOT_32(format, scale)                                                                      \
    static float format##_dot(const void *row, const void *activations, size_t n)                  \
    {                                                                                              \
        const struct ref_##format *x = row;                                                        \
        const struct ref_q8_0 *y = activations;                                                    \
        float32x4_t sum[2] = {vdupq_n_f32(0.0f), vdupq_n_f32(0.0f)};                               \
        for (size_t b = 0; b < n / 32; b++, x++, y++)                                              \
            sum[b % 2] = add_block(sum[b % 2], products(format##_codes(x), load32(y->q)),          \
                                   (scale)*half_to_float(y->d));                                   \
        return vaddvq_f32(vaddq_f32(sum[0], sum[1]));                                              \
    }
DOT_32(q4_0, half_to_float(x->d))
DOT_32(q5_0, half_to_float(x->d))
DOT_32(q8_0, half_to_float(x->d))
DOT_32(iq4_nl, half_to_float(x->d))
DOT_32(mxfp4, ref_mxfp4_scale(x->e))

#define DOT_32_AFFINE(format)                                                                      \
    static float format##_dot(const void *row, const void *activations, size_t n)                  \
    {                                                                                              \
        const struct ref_##format *x = row;                                                        \
        const struct ref_q8_1 *y = activations;                                                    \
        float32x4_t sum = vdupq_n_f32(0.0f);                                                       \
        float minima = 0.0f;                                                                       \
        for (size_t b = 0; b < n / 32; b++, x++, y++) {                                            \
            sum = add_block(sum, products(format##_codes(x), load32(y->q)),                        \
                            half_to_float(x->d) * half_to_float(y->d));                            \
            minima += half_to_float(x->m) * half_to_float(y->s);                                   \
        }                                                                                          \
        return vaddvq_f32(sum) + minima;                                                           \
    }
DOT_32_AFFINE(q4_1)
DOT_32_AFFINE(q5_1)

/* Two groups of 16, each times its scale. */
static inline int32x4_t scaled(int32x4_t sum, codes32 x, codes32 y, int low, int high)
{
    const int32x4_t zero = vdupq_n_s32(0);
    sum = vmlaq_n_s32(sum, vdotq_s32(zero, x.val[0], y.val[0]), low);
    return vmlaq_n_s32(sum, vdotq_s32(zero, x.val[1], y.val[1]), high);
}

static float q2_k_dot(const void *row, const void *activations, size_t n)
{
    const struct ref_q2_k *x = row;
    const struct ref_q8_k *y = activations;
    float32x4_t sum = vdupq_n_f32(0.0f);
    float minima = 0.0f;
    for (size_t b = 0; b < n / 256; b++, x++, y++) {
        int32x4_t isum = vdupq_n_s32(0);
        int imin = 0;
        for (int g = 0; g < 8; g++)
            isum = scaled(isum, q2_k_codes(x, g), load32(y->q + 32 * g), x->scales[2 * g] & 15,
                          x->scales[2 * g + 1] & 15);
        for (int g = 0; g < 16; g++)
            imin += (x->scales[g] >> 4) * y->sums[g];
        sum = add_block(sum, isum, half_to_float(x->d) * y->d);
        minima += half_to_float(x->dmin) * y->d * (float)imin;
    }
    return vaddvq_f32(sum) - minima;
}

#define DOT_SIX_BITS(format)                                                                       \
    static float format##_dot(const void *row, const void *activations, size_t n)                  \
    {                                                                                              \
        const struct ref_##format *x = row;                                                        \
        const struct ref_q8_k *y = activations;                                                    \
        float32x4_t sum = vdupq_n_f32(0.0f);                                                       \
        float minima = 0.0f;                                                                       \
        for (size_t b = 0; b < n / 256; b++, x++, y++) {                                           \
            uint8_t scale[8], min[8];                                                              \
            int32x4_t isum = vdupq_n_s32(0);                                                       \
            int imin = 0;                                                                          \
            ref_k_scales_unpack(x->scales, scale, min);                                            \
            for (int g = 0; g < 8; g++) {                                                          \
                isum = vmlaq_n_s32(isum, products(format##_codes(x, g), load32(y->q + 32 * g)),    \
                                   scale[g]);                                                      \
                imin += min[g] * (y->sums[2 * g] + y->sums[2 * g + 1]);                            \
            }                                                                                      \
            sum = add_block(sum, isum, half_to_float(x->d) * y->d);                                \
            minima += half_to_float(x->dmin) * y->d * (float)imin;                                 \
        }                                                                                          \
        return vaddvq_f32(sum) - minima;                                                           \
    }
DOT_SIX_BITS(q4_k)
DOT_SIX_BITS(q5_k)

#define DOT_SIGNED(format, n_scales, unpack)                                                       \
    static float format##_dot(const void *row, const void *activations, size_t n)                  \
    {                                                                                              \
        const struct ref_##format *b = row;                                                        \
        const struct ref_q8_k *y = activations;                                                    \
        float32x4_t sum = vdupq_n_f32(0.0f);                                                       \
        for (size_t i = 0; i < n / 256; i++, b++, y++) {                                           \
            int8_t scale[n_scales];                                                                \
            int32x4_t isum = vdupq_n_s32(0);                                                       \
            unpack;                                                                                \
            for (int g = 0; g < 8; g++)                                                            \
                isum = scaled(isum, format##_codes(b, g), load32(y->q + 32 * g),                   \
                              scale[(n_scales) / 8 * g],                                           \
                              scale[(n_scales) / 8 * g + (n_scales) / 16]);                        \
            sum = add_block(sum, isum, half_to_float(b->d) * y->d);                                \
        }                                                                                          \
        return vaddvq_f32(sum);                                                                    \
    }
DOT_SIGNED(q3_k, 16, ref_q3_k_scales(b, scale))
DOT_SIGNED(q6_k, 16, memcpy(scale, b->scales, sizeof scale))
DOT_SIGNED(iq4_xs, 8, ref_iq4_xs_scales(b, scale))

#define DOT_TERNARY(format)                                                                        \
    static float format##_dot(const void *row, const void *activations, size_t n)                  \
    {                                                                                              \
        const struct ref_##format *x = row;                                                        \
        const struct ref_q8_k *y = activations;                                                    \
        float32x4_t sum = vdupq_n_f32(0.0f);                                                       \
        for (size_t b = 0; b < n / 256; b++, x++, y++) {                                           \
            int32x4_t isum = vdupq_n_s32(0);                                                       \
            for (int g = 0; g < 8; g++)                                                            \
                isum = vaddq_s32(isum, products(format##_codes(x, g), load32(y->q + 32 * g)));     \
            sum = add_block(sum, isum, half_to_float(x->d) * y->d);                                \
        }                                                                                          \
        return vaddvq_f32(sum);                                                                    \
    }
DOT_TERNARY(tq1_0)
DOT_TERNARY(tq2_0)

#define DOT_FLOATS(format, type, four, one)                                                        \
    static float format##_dot(const void *row, const void *activations, size_t n)                  \
    {                                                                                              \
        const type *x = row, *y = activations;                                                     \
        float32x4_t sum[4] = {vdupq_n_f32(0.0f), vdupq_n_f32(0.0f), vdupq_n_f32(0.0f),             \
                              vdupq_n_f32(0.0f)};                                                  \
        float rest = 0.0f;                                                                         \
        size_t i = 0;                                                                              \
        for (; i + 16 <= n; i += 16)                                                               \
            for (size_t k = 0; k < 4; k++)                                                         \
                sum[k] = vfmaq_f32(sum[k], four(x + i + 4 * k), four(y + i + 4 * k));              \
        for (; i < n; i++)                                                                         \
            rest += one(x[i]) * one(y[i]);                                                         \
        return vaddvq_f32(vaddq_f32(vaddq_f32(sum[0], sum[1]), vaddq_f32(sum[2], sum[3]))) + rest; \
    }
DOT_FLOATS(f32, float, vld1q_f32, )
DOT_FLOATS(f16, uint16_t, four_halves, half_to_float)
DOT_FLOATS(bf16, uint16_t, four_bf16, ref_bf16_to_f32)

/* ---- quantising activations ---- */

static inline float largest_magnitude(const float *x, int n)
{
    float32x4_t max = vdupq_n_f32(0.0f);
    for (int i = 0; i < n; i += 4)
        max = vmaxq_f32(max, vabsq_f32(vld1q_f32(x + i)));
    return vmaxvq_f32(max);
}

static inline int8x16_t to_bytes(const int32x4_t v[4])
{
    const int16x8_t low = vcombine_s16(vqmovn_s32(v[0]), vqmovn_s32(v[1]));
    const int16x8_t high = vcombine_s16(vqmovn_s32(v[2]), vqmovn_s32(v[3]));
    return vcombine_s8(vqmovn_s16(low), vqmovn_s16(high));
}

/* Halves away from zero, as roundf; returns the unrounded step. */
static inline float byte_codes(const float *x, int8_t ret_q[32], int *ret_sum)
{
    const float d = largest_magnitude(x, 32) / 127.0f, inverse = 1.0f / d;
    const float scale = isinf(inverse) ? 0.0f : inverse;
    *ret_sum = 0;
    for (int i = 0; i < 32; i += 16) {
        int32x4_t v[4];
#pragma GCC unroll 4
        for (int k = 0; k < 4; k++)
            v[k] = vcvtaq_s32_f32(vmulq_n_f32(vld1q_f32(x + i + 4 * k), scale));
        const int8x16_t codes = to_bytes(v);
        vst1q_s8(ret_q + i, codes);
        *ret_sum += vaddlvq_s8(codes);
    }
    return d;
}

static void q8_0_quantize(const float *x, size_t n, void *ret_row)
{
    struct ref_q8_0 *b = ret_row;
    int sum;
    for (size_t i = 0; i < n / 32; i++, b++)
        b->d = ref_f16_from_f32(byte_codes(x + 32 * i, b->q, &sum));
}

static void q8_1_quantize(const float *x, size_t n, void *ret_row)
{
    struct ref_q8_1 *b = ret_row;
    for (size_t i = 0; i < n / 32; i++, b++) {
        int sum;
        const float d = byte_codes(x + 32 * i, b->q, &sum);
        b->d = ref_f16_from_f32(d);
        b->s = ref_f16_from_f32((float)sum * d);
    }
}

static inline float first_largest(const float *x)
{
    const float largest = largest_magnitude(x, 256);
    for (int i = 0; i < 256; i++)
        if (fabsf(x[i]) == largest)
            return x[i];
    return 0.0f; /* not reached with finite weights */
}

static void q8_k_quantize(const float *x, size_t n, void *ret_row)
{
    struct ref_q8_k *b = ret_row;
    for (size_t i = 0; i < n / 256; i++, b++, x += 256) {
        const float inverse = -127.0f / first_largest(x);
        if (isinf(inverse)) {
            memset(b, 0, sizeof *b);
            continue;
        }
        b->d = 1.0f / inverse;
        for (int g = 0; g < 16; g++) {
            int32x4_t v[4];
            for (int k = 0; k < 4; k++) /* halves to even, as the scalar rung's sum does */
                v[k] = vcvtnq_s32_f32(vmulq_n_f32(vld1q_f32(x + 16 * g + 4 * k), inverse));
            const int8x16_t codes = to_bytes(v);
            vst1q_s8(b->q + 16 * g, codes);
            b->sums[g] = vaddlvq_s8(codes);
        }
    }
}

static void f32_quantize(const float *x, size_t n, void *ret_row)
{
    memcpy(ret_row, x, n * sizeof(float));
}

static inline uint16x4_t to_halves(const float *x)
{
    return vreinterpret_u16_f16(vcvt_f16_f32(vld1q_f32(x)));
}

static inline uint16x4_t to_bf16(const float *x)
{
    const uint32x4_t bits = vreinterpretq_u32_f32(vld1q_f32(x));
    const uint32x4_t odd = vandq_u32(vshrq_n_u32(bits, 16), vdupq_n_u32(1));
    return vshrn_n_u32(vaddq_u32(bits, vaddq_u32(odd, vdupq_n_u32(0x7fff))), 16);
}

#define QUANTIZE_FLOATS(format, four, one)                                                         \
    static void format##_quantize(const float *x, size_t n, void *ret_row)                         \
    {                                                                                              \
        uint16_t *row = ret_row;                                                                   \
        size_t i = 0;                                                                              \
        for (; i + 4 <= n; i += 4)                                                                 \
            vst1_u16(row + i, four(x + i));                                                        \
        for (; i < n; i++)                                                                         \
            row[i] = one(x[i]);                                                                    \
    }
QUANTIZE_FLOATS(f16, to_halves, ref_f16_from_f32)
QUANTIZE_FLOATS(bf16, to_bf16, ref_bf16_from_f32)

#define DEQUANTIZE(NAME, format) [REF_##NAME] = format##_dequantize,
#define DOT(NAME, format)        [REF_##NAME] = format##_dot,
#define QUANTIZE(NAME, format)   [REF_##NAME] = format##_quantize,
const struct ref_quant_kernels ref_quant_neon = {
    .isa = REF_ISA_NEON,
    .dequantize = {FOR_WEIGHTS(DEQUANTIZE) DEQUANTIZE(Q8_1, q8_1) DEQUANTIZE(Q8_K, q8_k)},
    .dot = {FOR_WEIGHTS(DOT)},
    .quantize = {FOR_ACTIVATIONS(QUANTIZE)},
};

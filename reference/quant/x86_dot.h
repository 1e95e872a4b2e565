/* Dot products with AVX2, and with the byte products of VNNI where the rung has them; for a rung's
 * file to include.
 *
 * A product of bytes takes one unsigned and one signed operand, hence three ways:
 *   unsigned codes   as they are
 *   signed codes     |y| and the code with y's sign. No code is -128, so its negation exists;
 * |-128| as an unsigned byte is 128, and 2 * 128 * 127 still fits 16 bits Q8_0 weights     may both
 * be -128: 16-bit products, or with VNNI x + 128 less 128 * sum(y) */
#pragma once

#include <stddef.h>

#include "reference/quant/f16.h"
#include "reference/quant/rungs.h"
#include "reference/quant/x86_codes.h"

/* ---- sums of products ---- */

static inline float add_up(__m256 v)
{
    __m128 sum = _mm_add_ps(_mm256_castps256_ps128(v), _mm256_extractf128_ps(v, 1));
    sum = _mm_add_ps(sum, _mm_movehl_ps(sum, sum));
    return _mm_cvtss_f32(_mm_add_ss(sum, _mm_movehdup_ps(sum)));
}

/* Four products to each of eight sums. */
static inline __m256i products_unsigned(__m256i codes, __m256i y)
{
#if defined(__AVX512VNNI__)
    return _mm256_dpbusd_epi32(_mm256_setzero_si256(), codes, y);
#else
    return _mm256_madd_epi16(_mm256_maddubs_epi16(codes, y), _mm256_set1_epi16(1));
#endif
}

static inline __m256i products_signed(__m256i codes, __m256i y)
{
    return products_unsigned(_mm256_abs_epi8(y), _mm256_sign_epi8(codes, y));
}

static inline __m256i products_of_bytes(__m256i x, __m256i y)
{
#if defined(__AVX512VNNI__)
    const __m256i excess = _mm256_dpbusd_epi32(_mm256_setzero_si256(), bytes_of(-128), y);
    const __m256i shifted = _mm256_xor_si256(x, bytes_of(-128));
    return _mm256_sub_epi32(_mm256_dpbusd_epi32(_mm256_setzero_si256(), shifted, y), excess);
#else
    const __m256i low = _mm256_madd_epi16(_mm256_cvtepi8_epi16(_mm256_castsi256_si128(x)),
                                          _mm256_cvtepi8_epi16(_mm256_castsi256_si128(y)));
    const __m256i high = _mm256_madd_epi16(_mm256_cvtepi8_epi16(_mm256_extracti128_si256(x, 1)),
                                           _mm256_cvtepi8_epi16(_mm256_extracti128_si256(y, 1)));
    return _mm256_add_epi32(low, high);
#endif
}

/* ---- blocks of 32: two at a time, as an addition takes longer than a block ---- */

static inline __m256 add_block(__m256 sum, __m256i products, float scale)
{
    return _mm256_fmadd_ps(_mm256_set1_ps(scale), _mm256_cvtepi32_ps(products), sum);
}

#define DOT_32(format, products, scale)                                                            \
    static inline __m256 format##_add(__m256 sum, const struct ref_##format *x,                    \
                                      const struct ref_q8_0 *y)                                    \
    {                                                                                              \
        return add_block(sum, products(format##_codes(x), load32(y->q)),                           \
                         (scale)*half_to_float(y->d));                                             \
    }                                                                                              \
    static float format##_dot(const void *row, const void *activations, size_t n)                  \
    {                                                                                              \
        const struct ref_##format *x = row;                                                        \
        const struct ref_q8_0 *y = activations;                                                    \
        __m256 even = _mm256_setzero_ps(), odd = _mm256_setzero_ps();                              \
        size_t b = 0;                                                                              \
        for (; b + 2 <= n / 32; b += 2) {                                                          \
            even = format##_add(even, x + b, y + b);                                               \
            odd = format##_add(odd, x + b + 1, y + b + 1);                                         \
        }                                                                                          \
        if (b < n / 32)                                                                            \
            even = format##_add(even, x + b, y + b);                                               \
        return add_up(_mm256_add_ps(even, odd));                                                   \
    }

DOT_32(q4_0, products_signed, half_to_float(x->d))
DOT_32(q5_0, products_signed, half_to_float(x->d))
DOT_32(q8_0, products_of_bytes, half_to_float(x->d))
DOT_32(iq4_nl, products_signed, half_to_float(x->d))
DOT_32(mxfp4, products_signed, mxfp4_scale(x->e))

/* The minimum's term goes into a sum of its own. */
#define DOT_32_AFFINE(format)                                                                      \
    static float format##_dot(const void *row, const void *activations, size_t n)                  \
    {                                                                                              \
        const struct ref_##format *x = row;                                                        \
        const struct ref_q8_1 *y = activations;                                                    \
        __m256 sum[2] = {_mm256_setzero_ps(), _mm256_setzero_ps()};                                \
        float minima[2] = {0.0f, 0.0f};                                                            \
        for (size_t b = 0; b < n / 32; b++, x++, y++) {                                            \
            sum[b % 2] = add_block(sum[b % 2], products_unsigned(format##_codes(x), load32(y->q)), \
                                   half_to_float(x->d) * half_to_float(y->d));                     \
            minima[b % 2] += half_to_float(x->m) * half_to_float(y->s);                            \
        }                                                                                          \
        return add_up(_mm256_add_ps(sum[0], sum[1])) + (minima[0] + minima[1]);                    \
    }

DOT_32_AFFINE(q4_1)
DOT_32_AFFINE(q5_1)

/* ---- super-blocks: integers of the whole block, then one step in floats ---- */

/* The scales of the two groups of 16 in group g of 32, eight times each, in 16 bits. */
static inline __m256i scale_pair(__m128i scales, int g)
{
    const __m256i first =
        _mm256_setr_epi64x((long long)0x0080008000800080, (long long)0x0080008000800080,
                           (long long)0x0180018001800180, (long long)0x0180018001800180);
    const __m256i place = _mm256_add_epi8(first, _mm256_set1_epi16((short)(g * 0x0200)));
    return _mm256_srai_epi16(_mm256_shuffle_epi8(_mm256_broadcastsi128_si256(scales), place), 8);
}

/* Products of unsigned codes, in pairs, times the scales. */
static inline __m256i scaled_unsigned(__m256i sum, __m256i codes, __m256i y, __m256i scale)
{
    return _mm256_add_epi32(sum, _mm256_madd_epi16(_mm256_maddubs_epi16(codes, y), scale));
}

static inline __m256i scaled_signed(__m256i sum, __m256i codes, __m256i y, __m256i scale)
{
    return scaled_unsigned(sum, _mm256_abs_epi8(y), _mm256_sign_epi8(codes, y), scale);
}

static float q2_k_dot(const void *row, const void *activations, size_t n)
{
    const struct ref_q2_k *x = row;
    const struct ref_q8_k *y = activations;
    __m256 sum = _mm256_setzero_ps(), minima = _mm256_setzero_ps();
    for (size_t b = 0; b < n / 256; b++, x++, y++) {
        const __m128i both = _mm_loadu_si128((const __m128i *)x->scales);
        const __m128i scales = _mm_and_si128(both, _mm_set1_epi8(15));
        const __m128i mins = _mm_and_si128(_mm_srli_epi16(both, 4), _mm_set1_epi8(15));
        __m256i isum = _mm256_setzero_si256();
#pragma GCC unroll 8
        for (int g = 0; g < 8; g++)
            isum = scaled_unsigned(isum, q2_k_codes(x, g), load32(y->q + 32 * g),
                                   scale_pair(scales, g));
        const __m256i imin = _mm256_madd_epi16(_mm256_cvtepi8_epi16(mins), load32(y->sums));
        sum = add_block(sum, isum, half_to_float(x->d) * y->d);
        minima = add_block(minima, imin, half_to_float(x->dmin) * y->d);
    }
    return add_up(_mm256_sub_ps(sum, minima));
}

#define DOT_SIX_BITS(format)                                                                       \
    static float format##_dot(const void *row, const void *activations, size_t n)                  \
    {                                                                                              \
        const struct ref_##format *x = row;                                                        \
        const struct ref_q8_k *y = activations;                                                    \
        __m256 sum = _mm256_setzero_ps(), minima = _mm256_setzero_ps();                            \
        for (size_t b = 0; b < n / 256; b++, x++, y++) {                                           \
            uint64_t scale, min;                                                                   \
            six_bits(x->scales, &scale, &min);                                                     \
            const __m128i s = _mm_set1_epi64x((long long)scale);                                   \
            const __m128i scales = _mm_unpacklo_epi8(s, s);                                        \
            const __m128i m = _mm_set1_epi64x((long long)min);                                     \
            const __m256i mins = _mm256_cvtepi8_epi16(_mm_unpacklo_epi8(m, m));                    \
            __m256i isum = _mm256_setzero_si256();                                                 \
            _Pragma("GCC unroll 8") for (int g = 0; g < 8; g++) isum = scaled_unsigned(            \
                isum, format##_codes(x, g), load32(y->q + 32 * g), scale_pair(scales, g));         \
            sum = add_block(sum, isum, half_to_float(x->d) * y->d);                                \
            minima = add_block(minima, _mm256_madd_epi16(mins, load32(y->sums)),                   \
                               half_to_float(x->dmin) * y->d);                                     \
        }                                                                                          \
        return add_up(_mm256_sub_ps(sum, minima));                                                 \
    }

DOT_SIX_BITS(q4_k)
DOT_SIX_BITS(q5_k)

/* Signed codes and sixteen signed scales. */
#define DOT_SIGNED(format, scale_bytes)                                                            \
    static float format##_dot(const void *row, const void *activations, size_t n)                  \
    {                                                                                              \
        const struct ref_##format *x = row;                                                        \
        const struct ref_q8_k *y = activations;                                                    \
        __m256 sum = _mm256_setzero_ps();                                                          \
        for (size_t b = 0; b < n / 256; b++, x++, y++) {                                           \
            const __m128i scales = scale_bytes;                                                    \
            __m256i isum = _mm256_setzero_si256();                                                 \
            _Pragma("GCC unroll 8") for (int g = 0; g < 8; g++) isum = scaled_signed(              \
                isum, format##_codes(x, g), load32(y->q + 32 * g), scale_pair(scales, g));         \
            sum = add_block(sum, isum, half_to_float(x->d) * y->d);                                \
        }                                                                                          \
        return add_up(sum);                                                                        \
    }

DOT_SIGNED(q3_k, q3_k_scale_bytes(x))
DOT_SIGNED(q6_k, _mm_loadu_si128((const __m128i *)x->scales))

/* The eight scales of IQ4_XS, each twice, as signed bytes. */
static inline __m128i iq4_xs_scale_bytes(const struct ref_iq4_xs *b)
{
    uint32_t low;
    memcpy(&low, b->scales_l, sizeof low);
    const uint64_t low_bits = _pdep_u64(low, 0x0f0f0f0f0f0f0f0f);
    const uint64_t high_bits = _pdep_u64(b->scales_h, 0x3030303030303030);
    const __m128i six = _mm_set1_epi64x((long long)(low_bits | high_bits));
    const __m128i scale = _mm_sub_epi8(six, _mm_set1_epi8(32));
    return _mm_unpacklo_epi8(scale, scale);
}

DOT_SIGNED(iq4_xs, iq4_xs_scale_bytes(x))

static float tq1_0_dot(const void *row, const void *activations, size_t n)
{
    const struct ref_tq1_0 *x = row;
    const struct ref_q8_k *y = activations;
    __m256 sum = _mm256_setzero_ps();
    for (size_t b = 0; b < n / 256; b++, x++, y++) {
        __m256i codes[8], isum = _mm256_setzero_si256();
        tq1_0_codes(x, codes);
        for (int g = 0; g < 8; g++)
            isum = _mm256_add_epi32(isum, products_signed(codes[g], load32(y->q + 32 * g)));
        sum = add_block(sum, isum, half_to_float(x->d) * y->d);
    }
    return add_up(sum);
}

static float tq2_0_dot(const void *row, const void *activations, size_t n)
{
    const struct ref_tq2_0 *x = row;
    const struct ref_q8_k *y = activations;
    __m256 sum = _mm256_setzero_ps();
    for (size_t b = 0; b < n / 256; b++, x++, y++) {
        __m256i isum = _mm256_setzero_si256();
#pragma GCC unroll 8
        for (int g = 0; g < 8; g++)
            isum =
                _mm256_add_epi32(isum, products_signed(tq2_0_codes(x, g), load32(y->q + 32 * g)));
        sum = add_block(sum, isum, half_to_float(x->d) * y->d);
    }
    return add_up(sum);
}

/* ---- without blocks: n of any size; four sums of eight ---- */

#define DOT_FLOATS(format, type, eight, one)                                                       \
    static float format##_dot(const void *row, const void *activations, size_t n)                  \
    {                                                                                              \
        const type *x = row, *y = activations;                                                     \
        __m256 sum[4] = {_mm256_setzero_ps(), _mm256_setzero_ps(), _mm256_setzero_ps(),            \
                         _mm256_setzero_ps()};                                                     \
        size_t i = 0;                                                                              \
        for (; i + 32 <= n; i += 32)                                                               \
            _Pragma("GCC unroll 4") for (size_t k = 0; k < 4; k++) sum[k] =                        \
                _mm256_fmadd_ps(eight(x + i + 8 * k), eight(y + i + 8 * k), sum[k]);               \
        float rest = 0.0f;                                                                         \
        for (; i < n; i++)                                                                         \
            rest += one(x[i]) * one(y[i]);                                                         \
        return add_up(                                                                             \
                   _mm256_add_ps(_mm256_add_ps(sum[0], sum[1]), _mm256_add_ps(sum[2], sum[3]))) +  \
               rest;                                                                               \
    }

static inline __m256 eight_halves(const uint16_t *x)
{
    return _mm256_cvtph_ps(_mm_loadu_si128((const __m128i *)x));
}

static inline __m256 eight_bf16(const uint16_t *x)
{
    const __m256i wide = _mm256_cvtepu16_epi32(_mm_loadu_si128((const __m128i *)x));
    return _mm256_castsi256_ps(_mm256_slli_epi32(wide, 16));
}

DOT_FLOATS(f32, float, _mm256_loadu_ps, )
DOT_FLOATS(f16, uint16_t, eight_halves, half_to_float)
DOT_FLOATS(bf16, uint16_t, eight_bf16, ref_bf16_to_f32)

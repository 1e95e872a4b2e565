/* Dot products with AVX2, a block at a time, and of floats; for a rung's file to include.
 *
 * A product of bytes takes one unsigned and one signed operand, hence three ways:
 *   unsigned codes   as they are
 *   signed codes     |y| and the code with y's sign. No code is -128, so its negation exists;
 * |-128| as an unsigned byte is 128, and 2 * 128 * 127 still fits 16 bits Q8_0 weights     may both
 * be -128: products of 16 bits */
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
    return _mm256_madd_epi16(_mm256_maddubs_epi16(codes, y), _mm256_set1_epi16(1));
}

static inline __m256i products_signed(__m256i codes, __m256i y)
{
    return products_unsigned(_mm256_abs_epi8(y), _mm256_sign_epi8(codes, y));
}

static inline __m256i products_of_bytes(__m256i x, __m256i y)
{
    const __m256i low = _mm256_madd_epi16(_mm256_cvtepi8_epi16(_mm256_castsi256_si128(x)),
                                          _mm256_cvtepi8_epi16(_mm256_castsi256_si128(y)));
    const __m256i high = _mm256_madd_epi16(_mm256_cvtepi8_epi16(_mm256_extracti128_si256(x, 1)),
                                           _mm256_cvtepi8_epi16(_mm256_extracti128_si256(y, 1)));
    return _mm256_add_epi32(low, high);
}

/* ---- a block of 32 ---- */

static inline __m256 add_block(__m256 sum, __m256i products, float scale)
{
    return _mm256_fmadd_ps(_mm256_set1_ps(scale), _mm256_cvtepi32_ps(products), sum);
}

#define ADD_32(format, products, scale)                                                            \
    static inline __m256 format##_add(__m256 sum, const struct ref_##format *x,                    \
                                      const struct ref_q8_0 *y)                                    \
    {                                                                                              \
        return add_block(sum, products(format##_codes(x), load32(y->q)),                           \
                         (scale)*half_to_float(y->d));                                             \
    }
ADD_32(q4_0, products_signed, half_to_float(x->d))
ADD_32(q5_0, products_signed, half_to_float(x->d))
ADD_32(q8_0, products_of_bytes, half_to_float(x->d))
ADD_32(iq4_nl, products_signed, half_to_float(x->d))
ADD_32(mxfp4, products_signed, mxfp4_scale(x->e))

/* The minimum's term goes into a sum of its own. */
#define ADD_32_AFFINE(format)                                                                      \
    static inline __m256 format##_add(__m256 sum, const struct ref_##format *x,                    \
                                      const struct ref_q8_1 *y, float *minima)                     \
    {                                                                                              \
        *minima += half_to_float(x->m) * half_to_float(y->s);                                      \
        return add_block(sum, products_unsigned(format##_codes(x), load32(y->q)),                  \
                         half_to_float(x->d) * half_to_float(y->d));                               \
    }
ADD_32_AFFINE(q4_1)
ADD_32_AFFINE(q5_1)

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

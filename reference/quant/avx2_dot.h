/* Dot products with AVX2. Included by avx2.c. */
#pragma once

#include "reference/quant/x86_dot.h"

/* ---- blocks of 32: two sums, as an addition takes longer than a block ---- */

#define DOT_32(format)                                                                             \
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
DOT_32(q4_0)
DOT_32(q5_0)
DOT_32(q8_0)
DOT_32(iq4_nl)
DOT_32(mxfp4)

#define DOT_32_AFFINE(format)                                                                      \
    static float format##_dot(const void *row, const void *activations, size_t n)                  \
    {                                                                                              \
        const struct ref_##format *x = row;                                                        \
        const struct ref_q8_1 *y = activations;                                                    \
        __m256 even = _mm256_setzero_ps(), odd = _mm256_setzero_ps();                              \
        float minima[2] = {0.0f, 0.0f};                                                            \
        size_t b = 0;                                                                              \
        for (; b + 2 <= n / 32; b += 2) {                                                          \
            even = format##_add(even, x + b, y + b, &minima[0]);                                   \
            odd = format##_add(odd, x + b + 1, y + b + 1, &minima[1]);                             \
        }                                                                                          \
        if (b < n / 32)                                                                            \
            even = format##_add(even, x + b, y + b, &minima[0]);                                   \
        return add_up(_mm256_add_ps(even, odd)) + (minima[0] + minima[1]);                         \
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

DOT_SIGNED(iq4_xs, iq4_xs_scale_bytes(x))

static float tq1_0_dot(const void *row, const void *activations, size_t n)
{
    const struct ref_tq1_0 *x = row;
    const struct ref_q8_k *y = activations;
    __m256 sum = _mm256_setzero_ps();
    for (size_t b = 0; b < n / 256; b++, x++, y++) {
        __m256i codes[8], isum = _mm256_setzero_si256();
        tq1_0_codes(x, codes);
#pragma GCC unroll 8
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

/* Restoring rows with AVX2 where AVX-512 has a better way. Included by avx2.c. */
#pragma once

#include "reference/quant/x86_dequantize.h"

/* The product is exact, so that it does not matter that it is fused. */
static inline void put16_plus(float *ret_x, __m128i codes, float scale, float offset)
{
    const __m256 s = _mm256_set1_ps(scale), o = _mm256_set1_ps(offset);
    const __m256 low = _mm256_cvtepi32_ps(_mm256_cvtepi8_epi32(codes));
    const __m256 high = _mm256_cvtepi32_ps(_mm256_cvtepi8_epi32(_mm_srli_si128(codes, 8)));
    _mm256_storeu_ps(ret_x, _mm256_fmadd_ps(s, low, o));
    _mm256_storeu_ps(ret_x + 8, _mm256_fmadd_ps(s, high, o));
}

/* ---- blocks of 32 ---- */

#define DEQUANTIZE_32_AFFINE(format)                                                               \
    static void format##_dequantize(const void *row, size_t n, float *ret_x)                       \
    {                                                                                              \
        const struct ref_##format *b = row;                                                        \
        for (size_t i = 0; i < n / 32; i++, b++) {                                                 \
            const __m256i codes = format##_codes(b);                                               \
            const float d = half_to_float(b->d), m = half_to_float(b->m);                          \
            put16_plus(ret_x + 32 * i, _mm256_castsi256_si128(codes), d, m);                       \
            put16_plus(ret_x + 32 * i + 16, _mm256_extracti128_si256(codes, 1), d, m);             \
        }                                                                                          \
    }

DEQUANTIZE_32(q4_0, half_to_float(b->d))
DEQUANTIZE_32(q5_0, half_to_float(b->d))
DEQUANTIZE_32(iq4_nl, half_to_float(b->d))
DEQUANTIZE_32(mxfp4, mxfp4_scale(b->e))
DEQUANTIZE_32_AFFINE(q4_1)
DEQUANTIZE_32_AFFINE(q5_1)

/* ---- super-blocks ---- */

static void q2_k_dequantize(const void *row, size_t n, float *ret_x)
{
    const struct ref_q2_k *b = row;
    for (size_t i = 0; i < n / 256; i++, b++, ret_x += 256) {
        const float d = half_to_float(b->d), dmin = half_to_float(b->dmin);
#pragma GCC unroll 8
        for (int g = 0; g < 8; g++) {
            const __m256i codes = q2_k_codes(b, g);
            const int low = b->scales[2 * g], high = b->scales[2 * g + 1];
            put16_plus(ret_x + 32 * g, _mm256_castsi256_si128(codes), d * (float)(low & 15),
                       -(dmin * (float)(low >> 4)));
            put16_plus(ret_x + 32 * g + 16, _mm256_extracti128_si256(codes, 1),
                       d * (float)(high & 15), -(dmin * (float)(high >> 4)));
        }
    }
}

#define DEQUANTIZE_SIX_BITS(format)                                                                \
    static void format##_dequantize(const void *row, size_t n, float *ret_x)                       \
    {                                                                                              \
        const struct ref_##format *b = row;                                                        \
        for (size_t i = 0; i < n / 256; i++, b++, ret_x += 256) {                                  \
            const float d = half_to_float(b->d), dmin = half_to_float(b->dmin);                    \
            uint64_t scale, min;                                                                   \
            six_bits(b->scales, &scale, &min);                                                     \
            _Pragma("GCC unroll 8") for (int g = 0; g < 8; g++, scale >>= 8, min >>= 8)            \
            {                                                                                      \
                const __m256i codes = format##_codes(b, g);                                        \
                const float s = d * (float)(int)(scale & 63), m = dmin * (float)(int)(min & 63);   \
                put16_plus(ret_x + 32 * g, _mm256_castsi256_si128(codes), s, -m);                  \
                put16_plus(ret_x + 32 * g + 16, _mm256_extracti128_si256(codes, 1), s, -m);        \
            }                                                                                      \
        }                                                                                          \
    }

DEQUANTIZE_SIX_BITS(q4_k)
DEQUANTIZE_SIX_BITS(q5_k)

static void q3_k_dequantize(const void *row, size_t n, float *ret_x)
{
    const struct ref_q3_k *b = row;
    for (size_t i = 0; i < n / 256; i++, b++, ret_x += 256) {
        const float d = half_to_float(b->d);
        int8_t scale[16];
        _mm_storeu_si128((__m128i *)scale, q3_k_scale_bytes(b));
#pragma GCC unroll 8
        for (int g = 0; g < 8; g++)
            put32(ret_x + 32 * g, q3_k_codes(b, g), d * (float)scale[2 * g],
                  d * (float)scale[2 * g + 1]);
    }
}

static void iq4_xs_dequantize(const void *row, size_t n, float *ret_x)
{
    const struct ref_iq4_xs *b = row;
    for (size_t i = 0; i < n / 256; i++, b++, ret_x += 256) {
        const float d = half_to_float(b->d);
        for (int g = 0; g < 8; g++) {
            const int low = b->scales_l[g / 2] >> (4 * (g % 2)) & 15;
            const float scale = d * (float)((low | (b->scales_h >> (2 * g) & 3) << 4) - 32);
            put32(ret_x + 32 * g, iq4_xs_codes(b, g), scale, scale);
        }
    }
}

static void tq2_0_dequantize(const void *row, size_t n, float *ret_x)
{
    const struct ref_tq2_0 *b = row;
    for (size_t i = 0; i < n / 256; i++, b++, ret_x += 256) {
        const float d = half_to_float(b->d);
#pragma GCC unroll 8
        for (int g = 0; g < 8; g++)
            put32(ret_x + 32 * g, tq2_0_codes(b, g), d, d);
    }
}

static void q6_k_dequantize(const void *row, size_t n, float *ret_x)
{
    const struct ref_q6_k *b = row;
    for (size_t i = 0; i < n / 256; i++, b++, ret_x += 256) {
        const float d = half_to_float(b->d);
#pragma GCC unroll 8
        for (int g = 0; g < 8; g++)
            put32(ret_x + 32 * g, q6_k_codes(b, g), d * (float)b->scales[2 * g],
                  d * (float)b->scales[2 * g + 1]);
    }
}

static void tq1_0_dequantize(const void *row, size_t n, float *ret_x)
{
    const struct ref_tq1_0 *b = row;
    for (size_t i = 0; i < n / 256; i++, b++, ret_x += 256) {
        const float d = half_to_float(b->d);
        __m256i codes[8];
        tq1_0_codes(b, codes);
#pragma GCC unroll 8
        for (int g = 0; g < 8; g++)
            put32(ret_x + 32 * g, codes[g], d, d);
    }
}

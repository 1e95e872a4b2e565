/* Restoring rows with AVX2 or AVX-512, for a rung's file to include. The stores are what limits
 * these: four bytes out for each half byte in. */
#pragma once

#include <stddef.h>

#include "reference/quant/f16.h"
#include "reference/quant/rungs.h"
#include "reference/quant/x86_codes.h"

/* ---- 16 weights: code * scale, and less a minimum ---- */

static inline void put16(float *ret_x, __m128i codes, float scale)
{
#if defined(__AVX512F__)
    const __m512 q = _mm512_cvtepi32_ps(_mm512_cvtepi8_epi32(codes));
    _mm512_storeu_ps(ret_x, _mm512_mul_ps(_mm512_set1_ps(scale), q));
#else
    const __m256 s = _mm256_set1_ps(scale);
    const __m256 low = _mm256_cvtepi32_ps(_mm256_cvtepi8_epi32(codes));
    const __m256 high = _mm256_cvtepi32_ps(_mm256_cvtepi8_epi32(_mm_srli_si128(codes, 8)));
    _mm256_storeu_ps(ret_x, _mm256_mul_ps(s, low));
    _mm256_storeu_ps(ret_x + 8, _mm256_mul_ps(s, high));
#endif
}

static inline void put32(float *ret_x, __m256i codes, float low_scale, float high_scale)
{
    put16(ret_x, _mm256_castsi256_si128(codes), low_scale);
    put16(ret_x + 16, _mm256_extracti128_si256(codes, 1), high_scale);
}

/* ---- what has no table of products ---- */

#define DEQUANTIZE_32(format, scale)                                                               \
    static void format##_dequantize(const void *row, size_t n, float *ret_x)                       \
    {                                                                                              \
        const struct ref_##format *b = row;                                                        \
        for (size_t i = 0; i < n / 32; i++, b++)                                                   \
            put32(ret_x + 32 * i, format##_codes(b), scale, scale);                                \
    }

DEQUANTIZE_32(q8_0, half_to_float(b->d))
DEQUANTIZE_32(q8_1, half_to_float(b->d))

static void q8_k_dequantize(const void *row, size_t n, float *ret_x)
{
    const struct ref_q8_k *b = row;
    for (size_t i = 0; i < n / 256; i++, b++, ret_x += 256)
        for (int g = 0; g < 8; g++)
            put32(ret_x + 32 * g, load32(b->q + 32 * g), b->d, b->d);
}

/* ---- without blocks: n of any size ---- */

static void f32_dequantize(const void *row, size_t n, float *ret_x)
{
    memcpy(ret_x, row, n * sizeof(float));
}

/* As many at once as a store takes. */
#if defined(__AVX512F__)
enum { WIDE = 16 };

static inline void put_halves(float *ret_x, const uint16_t *x)
{
    _mm512_storeu_ps(ret_x, _mm512_cvtph_ps(load32(x)));
}

static inline void put_bf16(float *ret_x, const uint16_t *x)
{
    const __m512i bits = _mm512_slli_epi32(_mm512_cvtepu16_epi32(load32(x)), 16);
    _mm512_storeu_ps(ret_x, _mm512_castsi512_ps(bits));
}
#else
enum { WIDE = 8 };

static inline void put_halves(float *ret_x, const uint16_t *x)
{
    _mm256_storeu_ps(ret_x, _mm256_cvtph_ps(_mm_loadu_si128((const __m128i *)x)));
}

static inline void put_bf16(float *ret_x, const uint16_t *x)
{
    const __m256i wide = _mm256_cvtepu16_epi32(_mm_loadu_si128((const __m128i *)x));
    _mm256_storeu_ps(ret_x, _mm256_castsi256_ps(_mm256_slli_epi32(wide, 16)));
}
#endif

static void f16_dequantize(const void *row, size_t n, float *ret_x)
{
    const uint16_t *x = row;
    size_t i = 0;
    for (; i + WIDE <= n; i += WIDE)
        put_halves(ret_x + i, x + i);
    for (; i < n; i++)
        ret_x[i] = half_to_float(x[i]);
}

static void bf16_dequantize(const void *row, size_t n, float *ret_x)
{
    const uint16_t *x = row;
    size_t i = 0;
    for (; i + WIDE <= n; i += WIDE)
        put_bf16(ret_x + i, x + i);
    for (; i < n; i++)
        ret_x[i] = ref_bf16_to_f32(x[i]);
}

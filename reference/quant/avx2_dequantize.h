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

/* Bytes that hold several codes each are widened first and taken apart then: a permutation for
 * every store would be more than two units can do. */
static inline __m256i eight_bytes(const uint8_t *bytes)
{
    return _mm256_cvtepu8_epi32(_mm_loadl_epi64((const __m128i *)bytes));
}

/* Bits `first`.. of each of eight, as many as the mask has. */
static inline __m256i field(__m256i v, int first, int mask)
{
    return _mm256_and_si256(_mm256_srli_epi32(v, first), _mm256_set1_epi32(mask));
}

static inline void put8(float *ret_x, __m256i codes, __m256 scale)
{
    _mm256_storeu_ps(ret_x, _mm256_mul_ps(scale, _mm256_cvtepi32_ps(codes)));
}

static inline void put8_plus(float *ret_x, __m256i codes, __m256 scale, __m256 offset)
{
    _mm256_storeu_ps(ret_x, _mm256_fmadd_ps(scale, _mm256_cvtepi32_ps(codes), offset));
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

DEQUANTIZE_32(q5_0, half_to_float(b->d))
DEQUANTIZE_32(iq4_nl, half_to_float(b->d))
DEQUANTIZE_32(mxfp4, mxfp4_scale(b->e))
DEQUANTIZE_32_AFFINE(q5_1)

static void q4_0_dequantize(const void *row, size_t n, float *ret_x)
{
    const __m256i eight = _mm256_set1_epi32(8);
    const struct ref_q4_0 *b = row;
    for (size_t i = 0; i < n / 32; i++, b++, ret_x += 32) {
        const __m256 d = _mm256_set1_ps(half_to_float(b->d));
#pragma GCC unroll 2
        for (int k = 0; k < 16; k += 8) {
            const __m256i q = eight_bytes(b->qs + k);
            put8(ret_x + k, _mm256_sub_epi32(field(q, 0, 15), eight), d);
            put8(ret_x + k + 16, _mm256_sub_epi32(_mm256_srli_epi32(q, 4), eight), d);
        }
    }
}

static void q4_1_dequantize(const void *row, size_t n, float *ret_x)
{
    const struct ref_q4_1 *b = row;
    for (size_t i = 0; i < n / 32; i++, b++, ret_x += 32) {
        const __m256 d = _mm256_set1_ps(half_to_float(b->d));
        const __m256 m = _mm256_set1_ps(half_to_float(b->m));
#pragma GCC unroll 2
        for (int k = 0; k < 16; k += 8) {
            const __m256i q = eight_bytes(b->qs + k);
            put8_plus(ret_x + k, field(q, 0, 15), d, m);
            put8_plus(ret_x + k + 16, _mm256_srli_epi32(q, 4), d, m);
        }
    }
}

/* ---- super-blocks ---- */

/* Half h of the weights, whose group 2k + j has bits 2k of bytes 16j and on. */
static inline void q2_k_half(float *ret_x, const uint8_t qs[32], const float d[8], const float m[8])
{
#pragma GCC unroll 2
    for (int j = 0; j < 2; j++) {
        const __m256i q[2] = {eight_bytes(qs + 16 * j), eight_bytes(qs + 16 * j + 8)};
#pragma GCC unroll 4
        for (int k = 0; k < 4; k++) {
            const __m256 scale = _mm256_set1_ps(d[2 * k + j]), min = _mm256_set1_ps(m[2 * k + j]);
            put8_plus(ret_x + 32 * k + 16 * j, field(q[0], 2 * k, 3), scale, min);
            put8_plus(ret_x + 32 * k + 16 * j + 8, field(q[1], 2 * k, 3), scale, min);
        }
    }
}

static void q2_k_dequantize(const void *row, size_t n, float *ret_x)
{
    const struct ref_q2_k *b = row;
    for (size_t i = 0; i < n / 256; i++, b++, ret_x += 256) {
        const __m256 d = _mm256_set1_ps(half_to_float(b->d));
        const __m256 less = _mm256_set1_ps(-half_to_float(b->dmin));
        float scale[16], min[16];
        for (int g = 0; g < 16; g += 8) {
            const __m256i both = eight_bytes(b->scales + g);
            put8(scale + g, field(both, 0, 15), d);
            put8(min + g, _mm256_srli_epi32(both, 4), less);
        }
        for (int half = 0; half < 2; half++)
            q2_k_half(ret_x + 128 * half, b->qs + 32 * half, scale + 8 * half, min + 8 * half);
    }
}

/* The products of scales and of minima, these with their sign turned. */
static inline void six_bit_floats(const uint8_t scales[12], uint16_t d, uint16_t dmin,
                                  float ret_scale[8], float ret_min[8])
{
    uint64_t scale, min;
    six_bits(scales, &scale, &min);
    const __m256i s = _mm256_cvtepu8_epi32(_mm_cvtsi64_si128((long long)scale));
    const __m256i m = _mm256_cvtepu8_epi32(_mm_cvtsi64_si128((long long)min));
    put8(ret_scale, s, _mm256_set1_ps(half_to_float(d)));
    put8(ret_min, m, _mm256_set1_ps(-half_to_float(dmin)));
}

static void q4_k_dequantize(const void *row, size_t n, float *ret_x)
{
    const struct ref_q4_k *b = row;
    for (size_t i = 0; i < n / 256; i++, b++) {
        float scale[8], min[8];
        six_bit_floats(b->scales, b->d, b->dmin, scale, min);
#pragma GCC unroll 4
        for (int g = 0; g < 8; g += 2, ret_x += 64) {
            const __m256 s[2] = {_mm256_set1_ps(scale[g]), _mm256_set1_ps(scale[g + 1])};
            const __m256 m[2] = {_mm256_set1_ps(min[g]), _mm256_set1_ps(min[g + 1])};
#pragma GCC unroll 4
            for (int k = 0; k < 32; k += 8) {
                const __m256i q = eight_bytes(b->qs + 16 * g + k);
                put8_plus(ret_x + k, field(q, 0, 15), s[0], m[0]);
                put8_plus(ret_x + k + 32, _mm256_srli_epi32(q, 4), s[1], m[1]);
            }
        }
    }
}

static void q5_k_dequantize(const void *row, size_t n, float *ret_x)
{
    const struct ref_q5_k *b = row;
    for (size_t i = 0; i < n / 256; i++, b++, ret_x += 256) {
        float scale[8], min[8];
        six_bit_floats(b->scales, b->d, b->dmin, scale, min);
#pragma GCC unroll 8
        for (int g = 0; g < 8; g++) {
            const __m256i codes = q5_k_codes(b, g);
            put16_plus(ret_x + 32 * g, _mm256_castsi256_si128(codes), scale[g], min[g]);
            put16_plus(ret_x + 32 * g + 16, _mm256_extracti128_si256(codes, 1), scale[g], min[g]);
        }
    }
}

static void q3_k_dequantize(const void *row, size_t n, float *ret_x)
{
    const struct ref_q3_k *b = row;
    for (size_t i = 0; i < n / 256; i++, b++, ret_x += 256) {
        float scale[16];
        put16(scale, q3_k_scale_bytes(b), half_to_float(b->d));
#pragma GCC unroll 8
        for (int g = 0; g < 8; g++)
            put32(ret_x + 32 * g, q3_k_codes(b, g), scale[2 * g], scale[2 * g + 1]);
    }
}

static void iq4_xs_dequantize(const void *row, size_t n, float *ret_x)
{
    const struct ref_iq4_xs *b = row;
    for (size_t i = 0; i < n / 256; i++, b++, ret_x += 256) {
        float scale[16];
        put16(scale, iq4_xs_scale_bytes(b), half_to_float(b->d));
#pragma GCC unroll 8
        for (int g = 0; g < 8; g++)
            put32(ret_x + 32 * g, iq4_xs_codes(b, g), scale[2 * g], scale[2 * g]);
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
        float scale[16];
        put16(scale, _mm_loadu_si128((const __m128i *)b->scales), half_to_float(b->d));
#pragma GCC unroll 8
        for (int g = 0; g < 8; g++)
            put32(ret_x + 32 * g, q6_k_codes(b, g), scale[2 * g], scale[2 * g + 1]);
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

/* Restoring rows with AVX-512. A code of four bits or less is the index of a table of sixteen
 * floats, which is a vector: the products are made once for a block or group, with the same single
 * rounding, and the weights are looked up by one permutation, which takes the low four bits of its
 * indices and ignores the others. Included by avx512.c. */
#pragma once

#include "reference/quant/x86_dequantize.h"

/* Sixteen bytes as the indices of a permutation. */
static inline __m512i indices(const uint8_t *bytes)
{
    return _mm512_cvtepu8_epi32(_mm_loadu_si128((const __m128i *)bytes));
}

static inline __m512 sixteen(int first)
{
    const __m512i count = _mm512_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
    return _mm512_cvtepi32_ps(_mm512_add_epi32(count, _mm512_set1_epi32(first)));
}

static inline __m512 values_of(const int8_t values[16])
{
    return _mm512_cvtepi32_ps(_mm512_cvtepi8_epi32(_mm_loadu_si128((const __m128i *)values)));
}

/* ---- blocks of 32 ---- */

static inline void put_nibbles(float *ret_x, const uint8_t qs[16], __m512 table)
{
    const __m512i q = indices(qs);
    _mm512_storeu_ps(ret_x, _mm512_permutexvar_ps(q, table));
    _mm512_storeu_ps(ret_x + 16, _mm512_permutexvar_ps(_mm512_srli_epi32(q, 4), table));
}

#define DEQUANTIZE_NIBBLES(format, table)                                                          \
    static void format##_dequantize(const void *row, size_t n, float *ret_x)                       \
    {                                                                                              \
        const struct ref_##format *b = row;                                                        \
        for (size_t i = 0; i < n / 32; i++, b++)                                                   \
            put_nibbles(ret_x + 32 * i, b->qs, table);                                             \
    }

#define HALF(bits) _mm512_set1_ps(half_to_float(bits))

DEQUANTIZE_NIBBLES(q4_0, _mm512_mul_ps(HALF(b->d), sixteen(-8)))
DEQUANTIZE_NIBBLES(q4_1, _mm512_fmadd_ps(HALF(b->d), sixteen(0), HALF(b->m)))
DEQUANTIZE_NIBBLES(iq4_nl, _mm512_mul_ps(HALF(b->d), values_of(ref_iq4_values)))
DEQUANTIZE_NIBBLES(mxfp4,
                   _mm512_mul_ps(_mm512_set1_ps(mxfp4_scale(b->e)), values_of(ref_mxfp4_values)))

/* Where the fifth bit is set, the other table. */
static inline __m512 look_up_five(__m512i q, __mmask16 fifth, __m512 low, __m512 high)
{
    return _mm512_mask_permutexvar_ps(_mm512_permutexvar_ps(q, low), fifth, q, high);
}

static inline void put_fives(float *ret_x, const uint8_t qs[16], const uint8_t qh[4], __m512 low,
                             __m512 high)
{
    const __m512i q = indices(qs);
    uint32_t fifth;
    memcpy(&fifth, qh, sizeof fifth);
    _mm512_storeu_ps(ret_x, look_up_five(q, (__mmask16)fifth, low, high));
    _mm512_storeu_ps(ret_x + 16,
                     look_up_five(_mm512_srli_epi32(q, 4), (__mmask16)(fifth >> 16), low, high));
}

static void q5_0_dequantize(const void *row, size_t n, float *ret_x)
{
    const struct ref_q5_0 *b = row;
    for (size_t i = 0; i < n / 32; i++, b++)
        put_fives(ret_x + 32 * i, b->qs, b->qh, _mm512_mul_ps(HALF(b->d), sixteen(-16)),
                  _mm512_mul_ps(HALF(b->d), sixteen(0)));
}

static void q5_1_dequantize(const void *row, size_t n, float *ret_x)
{
    const struct ref_q5_1 *b = row;
    for (size_t i = 0; i < n / 32; i++, b++)
        put_fives(ret_x + 32 * i, b->qs, b->qh, _mm512_fmadd_ps(HALF(b->d), sixteen(0), HALF(b->m)),
                  _mm512_fmadd_ps(HALF(b->d), sixteen(16), HALF(b->m)));
}

/* ---- super-blocks ---- */

/* Products of scales, laid down so that a broadcast is a load: permutations are what is scarce. */
struct scales {
    _Alignas(64) float v[16];
};

static inline void scales_of(__m128i bytes, float d, struct scales *ret)
{
    const __m512 floats = _mm512_cvtepi32_ps(_mm512_cvtepi8_epi32(bytes));
    _mm512_store_ps(ret->v, _mm512_mul_ps(_mm512_set1_ps(d), floats));
}

static inline __m512 all_of(const struct scales *s, int g)
{
    return _mm512_set1_ps(s->v[g]);
}

/* 0, 1, 2, 3 four times over: the indices' other two bits do not count. */
static inline __m512 four_four_times(int first)
{
    const __m512i count = _mm512_setr_epi32(0, 1, 2, 3, 0, 1, 2, 3, 0, 1, 2, 3, 0, 1, 2, 3);
    return _mm512_cvtepi32_ps(_mm512_add_epi32(count, _mm512_set1_epi32(first)));
}

/* Bits from 2k on of sixteen bytes, as indices. */
static inline __m512i pair(__m512i bytes, int k)
{
    return _mm512_srli_epi32(bytes, (unsigned)(2 * k));
}

/* In the order of the weights: group h of sixteen has bits 2k of bytes 16 * (h % 2) + l of its
 * half. */
static void q2_k_dequantize(const void *row, size_t n, float *ret_x)
{
    const struct ref_q2_k *b = row;
    for (size_t i = 0; i < n / 256; i++, b++) {
        const __m128i both = _mm_loadu_si128((const __m128i *)b->scales);
        struct scales scale, min;
        scales_of(_mm_and_si128(both, _mm_set1_epi8(15)), half_to_float(b->d), &scale);
        scales_of(_mm_and_si128(_mm_srli_epi16(both, 4), _mm_set1_epi8(15)), half_to_float(b->dmin),
                  &min);
        for (int half = 0; half < 16; half += 8) {
            const __m512i q[2] = {indices(b->qs + 4 * half), indices(b->qs + 4 * half + 16)};
#pragma GCC unroll 8
            for (int h = 0; h < 8; h++, ret_x += 16) {
                const __m512 table = _mm512_fmsub_ps(all_of(&scale, half + h), four_four_times(0),
                                                     all_of(&min, half + h));
                _mm512_storeu_ps(ret_x, _mm512_permutexvar_ps(pair(q[h % 2], h / 2), table));
            }
        }
    }
}

/* Three bits: two from qs, and the third from hmask, brought above them. */
static void q3_k_dequantize(const void *row, size_t n, float *ret_x)
{
    const __m512i third = _mm512_set1_epi32(4);
    const __m512 codes = _mm512_cvtepi32_ps(
        _mm512_setr_epi32(-4, -3, -2, -1, 0, 1, 2, 3, -4, -3, -2, -1, 0, 1, 2, 3));
    const struct ref_q3_k *b = row;
    for (size_t i = 0; i < n / 256; i++, b++) {
        struct scales scale;
        scales_of(q3_k_scale_bytes(b), half_to_float(b->d), &scale);
        __m512i mask[2] = {_mm512_slli_epi32(indices(b->hmask), 2),
                           _mm512_slli_epi32(indices(b->hmask + 16), 2)};
        for (int half = 0; half < 16; half += 8) {
            const __m512i q[2] = {indices(b->qs + 4 * half), indices(b->qs + 4 * half + 16)};
#pragma GCC unroll 8
            for (int h = 0; h < 8; h++, ret_x += 16) {
                /* 0xd8: the second's bit where the third has one, the first's elsewhere */
                const __m512i index =
                    _mm512_ternarylogic_epi32(pair(q[h % 2], h / 2), mask[h % 2], third, 0xd8);
                mask[h % 2] = _mm512_srli_epi32(mask[h % 2], 1);
                const __m512 table = _mm512_mul_ps(all_of(&scale, half + h), codes);
                _mm512_storeu_ps(ret_x, _mm512_permutexvar_ps(index, table));
            }
        }
    }
}

/* The products of scales and of minima of Q4_K and Q5_K, in the low eight places. */
static inline void six_bit_floats(const uint8_t scales[12], uint16_t d, uint16_t dmin,
                                  struct scales *ret_scale, struct scales *ret_min)
{
    uint64_t scale, min;
    six_bits(scales, &scale, &min);
    scales_of(_mm_cvtsi64_si128((long long)scale), half_to_float(d), ret_scale);
    scales_of(_mm_cvtsi64_si128((long long)min), half_to_float(dmin), ret_min);
}

static void q4_k_dequantize(const void *row, size_t n, float *ret_x)
{
    const struct ref_q4_k *b = row;
    for (size_t i = 0; i < n / 256; i++, b++) {
        struct scales scale, min;
        six_bit_floats(b->scales, b->d, b->dmin, &scale, &min);
        for (int g = 0; g < 8; g += 2, ret_x += 64) {
            const __m512i q[2] = {indices(b->qs + 16 * g), indices(b->qs + 16 * g + 16)};
            const __m512 low = _mm512_fmsub_ps(all_of(&scale, g), sixteen(0), all_of(&min, g));
            const __m512 high =
                _mm512_fmsub_ps(all_of(&scale, g + 1), sixteen(0), all_of(&min, g + 1));
            for (int k = 0; k < 2; k++)
                _mm512_storeu_ps(ret_x + 16 * k, _mm512_permutexvar_ps(q[k], low));
            for (int k = 0; k < 2; k++)
                _mm512_storeu_ps(ret_x + 32 + 16 * k,
                                 _mm512_permutexvar_ps(_mm512_srli_epi32(q[k], 4), high));
        }
    }
}

static void q5_k_dequantize(const void *row, size_t n, float *ret_x)
{
    const struct ref_q5_k *b = row;
    for (size_t i = 0; i < n / 256; i++, b++) {
        const __m256i qh = load32(b->qh);
        struct scales scale, min;
        six_bit_floats(b->scales, b->d, b->dmin, &scale, &min);
#pragma GCC unroll 8
        for (int g = 0; g < 8; g++, ret_x += 32) {
            const __m512 low = _mm512_fmsub_ps(all_of(&scale, g), sixteen(0), all_of(&min, g));
            const __m512 high = _mm512_fmsub_ps(all_of(&scale, g), sixteen(16), all_of(&min, g));
            const __mmask32 fifth = _mm256_test_epi8_mask(qh, bytes_of(1 << g));
            for (int k = 0; k < 2; k++) {
                const __m512i q = indices(b->qs + 32 * (g / 2) + 16 * k);
                const __m512i index = _mm512_srli_epi32(q, (unsigned)(4 * (g % 2)));
                _mm512_storeu_ps(ret_x + 16 * k,
                                 look_up_five(index, (__mmask16)(fifth >> (16 * k)), low, high));
            }
        }
    }
}

static void iq4_xs_dequantize(const void *row, size_t n, float *ret_x)
{
    const __m512 values = values_of(ref_iq4_values);
    const struct ref_iq4_xs *b = row;
    for (size_t i = 0; i < n / 256; i++, b++, ret_x += 256) {
        struct scales scale;
        scales_of(iq4_xs_scale_bytes(b), half_to_float(b->d), &scale);
#pragma GCC unroll 8
        for (int g = 0; g < 8; g++)
            put_nibbles(ret_x + 32 * g, b->qs + 16 * g,
                        _mm512_mul_ps(all_of(&scale, 2 * g), values));
    }
}

static void tq2_0_dequantize(const void *row, size_t n, float *ret_x)
{
    const struct ref_tq2_0 *b = row;
    for (size_t i = 0; i < n / 256; i++, b++) {
        const __m512 table = _mm512_mul_ps(HALF(b->d), four_four_times(-1));
        for (int half = 0; half < 2; half++) {
            const __m512i q[2] = {indices(b->qs + 32 * half), indices(b->qs + 32 * half + 16)};
#pragma GCC unroll 8
            for (int h = 0; h < 8; h++, ret_x += 16)
                _mm512_storeu_ps(ret_x, _mm512_permutexvar_ps(pair(q[h % 2], h / 2), table));
        }
    }
}

/* Quantising activations with AVX2 and up, for a rung's file to include: the bytes of the scalar
 * rung. */
#pragma once

#include <math.h>
#include <stddef.h>

#include "reference/quant/f16.h"
#include "reference/quant/rungs.h"
#include "reference/quant/x86_codes.h"

static inline __m256 magnitude(__m256 x)
{
    return _mm256_andnot_ps(_mm256_set1_ps(-0.0f), x);
}

static inline float largest_of(__m256 v)
{
    __m128 max = _mm_max_ps(_mm256_castps256_ps128(v), _mm256_extractf128_ps(v, 1));
    max = _mm_max_ps(max, _mm_movehl_ps(max, max));
    return _mm_cvtss_f32(_mm_max_ss(max, _mm_movehdup_ps(max)));
}

/* roundf: halves away from zero. The largest float below a half is added and what is left is cut
 * off: from x = n + 1/2 on the sum rounds up to n + 1, below it does not; a half itself would take
 * 0.49999997 along. */
static inline __m256i round_away(__m256 x)
{
    const __m256 sign = _mm256_and_ps(x, _mm256_set1_ps(-0.0f));
    const __m256 almost_half = _mm256_or_ps(sign, _mm256_set1_ps(0x1.fffffep-2f));
    return _mm256_cvttps_epi32(_mm256_add_ps(x, almost_half));
}

/* 4 x 8 integers to 32 bytes in order; the packing interleaves the halves. */
static inline __m256i to_bytes(const __m256i v[4])
{
    const __m256i words =
        _mm256_packs_epi16(_mm256_packs_epi32(v[0], v[1]), _mm256_packs_epi32(v[2], v[3]));
    return _mm256_permutevar8x32_epi32(words, _mm256_setr_epi32(0, 4, 1, 5, 2, 6, 3, 7));
}

static inline uint16_t float_to_half(float x)
{
    return _cvtss_sh(x, _MM_FROUND_TO_NEAREST_INT);
}

/* The codes of a block of 32; returns the unrounded step. */
static inline float byte_codes(const float *x, __m256i *ret_codes)
{
    __m256 v[4], max = _mm256_setzero_ps();
#pragma GCC unroll 4
    for (int k = 0; k < 4; k++) {
        v[k] = _mm256_loadu_ps(x + 8 * k);
        max = _mm256_max_ps(max, magnitude(v[k]));
    }
    const float d = largest_of(max) / 127.0f, inverse = 1.0f / d;
    const __m256 scale = _mm256_set1_ps(isinf(inverse) ? 0.0f : inverse);
    __m256i codes[4];
#pragma GCC unroll 4
    for (int k = 0; k < 4; k++)
        codes[k] = round_away(_mm256_mul_ps(v[k], scale));
    *ret_codes = to_bytes(codes);
    return d;
}

static inline int sum_of_bytes(__m256i codes)
{
    const __m256i pairs = _mm256_maddubs_epi16(bytes_of(1), codes);
    const __m256i fours = _mm256_madd_epi16(pairs, _mm256_set1_epi16(1));
    __m128i sum = _mm_add_epi32(_mm256_castsi256_si128(fours), _mm256_extracti128_si256(fours, 1));
    sum = _mm_add_epi32(sum, _mm_shuffle_epi32(sum, 0x4e));
    return _mm_cvtsi128_si32(_mm_add_epi32(sum, _mm_shuffle_epi32(sum, 0xb1)));
}

static void q8_0_quantize(const float *x, size_t n, void *ret_row)
{
    struct ref_q8_0 *b = ret_row;
    for (size_t i = 0; i < n / 32; i++, b++) {
        __m256i codes;
        b->d = float_to_half(byte_codes(x + 32 * i, &codes));
        _mm256_storeu_si256((__m256i *)b->q, codes);
    }
}

static void q8_1_quantize(const float *x, size_t n, void *ret_row)
{
    struct ref_q8_1 *b = ret_row;
    for (size_t i = 0; i < n / 32; i++, b++) {
        __m256i codes;
        const float d = byte_codes(x + 32 * i, &codes);
        b->d = float_to_half(d);
        b->s = float_to_half((float)sum_of_bytes(codes) * d);
        _mm256_storeu_si256((__m256i *)b->q, codes);
    }
}

/* The first weight of largest magnitude, with its sign: which of the extremes comes first matters
 * only where they are equally far from zero. */
static inline float first_largest_of_256(const float *x)
{
    __m256 max = _mm256_setzero_ps(), min = _mm256_setzero_ps();
    for (int i = 0; i < 256; i += 8) {
        max = _mm256_max_ps(max, _mm256_loadu_ps(x + i));
        min = _mm256_min_ps(min, _mm256_loadu_ps(x + i));
    }
    const float top = largest_of(max);
    const float bottom = largest_of(_mm256_sub_ps(_mm256_setzero_ps(), min)); /* its magnitude */
    if (top != bottom)
        return top > bottom ? top : -bottom;
    for (int i = 0; i < 256; i++)
        if (x[i] == top || x[i] == -top)
            return x[i];
    return 0.0f; /* not reached with finite weights */
}

/* Sums of 16 bytes each: two to each 32 codes. */
static inline void put_sums(__m256i codes, int16_t ret_sums[2])
{
    const __m256i fours =
        _mm256_madd_epi16(_mm256_maddubs_epi16(bytes_of(1), codes), _mm256_set1_epi16(1));
    const __m256i eights = _mm256_hadd_epi32(fours, fours);
    const __m256i sums = _mm256_hadd_epi32(eights, eights);
    ret_sums[0] = (int16_t)_mm256_extract_epi32(sums, 0);
    ret_sums[1] = (int16_t)_mm256_extract_epi32(sums, 4);
}

static void q8_k_quantize(const float *x, size_t n, void *ret_row)
{
    struct ref_q8_k *b = ret_row;
    for (size_t i = 0; i < n / 256; i++, b++, x += 256) {
        const float inverse = -127.0f / first_largest_of_256(x);
        if (isinf(inverse)) {
            memset(b, 0, sizeof *b);
            continue;
        }
        b->d = 1.0f / inverse;
        const __m256 scale = _mm256_set1_ps(inverse);
        for (int g = 0; g < 8; g++) {
            __m256i v[4];
#pragma GCC unroll 4
            for (int k = 0; k < 4; k++) /* halves to even, as the scalar rung's sum does */
                v[k] =
                    _mm256_cvtps_epi32(_mm256_mul_ps(_mm256_loadu_ps(x + 32 * g + 8 * k), scale));
            const __m256i codes = to_bytes(v);
            _mm256_storeu_si256((__m256i *)(b->q + 32 * g), codes);
            put_sums(codes, b->sums + 2 * g);
        }
    }
}

/* ---- without blocks: n of any size ---- */

static void f32_quantize(const float *x, size_t n, void *ret_row)
{
    memcpy(ret_row, x, n * sizeof(float));
}

static void f16_quantize(const float *x, size_t n, void *ret_row)
{
    uint16_t *row = ret_row;
    size_t i = 0;
    for (; i + 8 <= n; i += 8) {
        const __m128i halves = _mm256_cvtps_ph(_mm256_loadu_ps(x + i), _MM_FROUND_TO_NEAREST_INT);
        _mm_storeu_si128((__m128i *)(row + i), halves);
    }
    for (; i < n; i++)
        row[i] = ref_f16_from_f32(x[i]);
}

static void bf16_quantize(const float *x, size_t n, void *ret_row)
{
    uint16_t *row = ret_row;
    size_t i = 0;
    for (; i + 8 <= n; i += 8) {
        const __m256i bits = _mm256_castps_si256(_mm256_loadu_ps(x + i));
        const __m256i odd = _mm256_and_si256(_mm256_srli_epi32(bits, 16), _mm256_set1_epi32(1));
        const __m256i half = _mm256_add_epi32(odd, _mm256_set1_epi32(0x7fff)); /* ties to even */
        const __m256i upper = _mm256_srli_epi32(_mm256_add_epi32(bits, half), 16);
        const __m128i packed =
            _mm_packus_epi32(_mm256_castsi256_si128(upper), _mm256_extracti128_si256(upper, 1));
        _mm_storeu_si128((__m128i *)(row + i), packed);
    }
    for (; i < n; i++)
        row[i] = ref_bf16_from_f32(x[i]);
}

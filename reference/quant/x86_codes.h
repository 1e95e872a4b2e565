/* The integers of 32 weights as 32 bytes in a vector, in the order of the weights: unpack.h for
 * AVX2 and up. Included by a rung's file, which is compiled for its instruction set. */
#pragma once

#include <immintrin.h>
#include <stdint.h>
#include <string.h>

#include "reference/quant/codebook.h"
#include "reference/quant/k_quants.h"
#include "reference/quant/legacy.h"
#include "reference/quant/ternary.h"

static inline float half_to_float(uint16_t bits)
{
    return _cvtsh_ss(bits);
}

static inline __m256i load32(const void *bytes)
{
    return _mm256_loadu_si256((const __m256i *)bytes);
}

static inline __m256i bytes_of(int v)
{
    return _mm256_set1_epi8((char)v);
}

/* Bits `first`.. of each byte, as many as the mask has. */
static inline __m256i bits_from(__m256i bytes, int first, int mask)
{
    return _mm256_and_si256(_mm256_srli_epi16(bytes, first), bytes_of(mask));
}

/* ---- blocks of 32 ---- */

/* Low nibbles to the low half, high nibbles to the high one. */
static inline __m256i nibbles(const uint8_t qs[16])
{
    const __m128i v = _mm_loadu_si128((const __m128i *)qs);
    const __m256i both = _mm256_set_m128i(_mm_srli_epi16(v, 4), v);
    return _mm256_and_si256(both, bytes_of(15));
}

/* 16 in byte i where bit i is set. */
static inline __m256i fifth_bits(const uint8_t qh[4])
{
    uint32_t bits;
    memcpy(&bits, qh, sizeof bits);
#if defined(__AVX512VL__) && defined(__AVX512BW__)
    return _mm256_maskz_set1_epi8(bits, 16);
#else
    const __m256i spread = _mm256_setr_epi64x(0, 0x0101010101010101, 0x0202020202020202,
                                              0x0303030303030303); /* byte i from bits' byte i/8 */
    const __m256i bit = _mm256_set1_epi64x((long long)0x8040201008040201);
    const __m256i own = _mm256_shuffle_epi8(_mm256_set1_epi32((int)bits), spread);
    const __m256i set = _mm256_cmpeq_epi8(_mm256_and_si256(own, bit), bit);
    return _mm256_and_si256(set, bytes_of(16));
#endif
}

static inline __m256i look_up(const int8_t values[16], __m256i indices)
{
    const __m128i table = _mm_loadu_si128((const __m128i *)values);
    return _mm256_shuffle_epi8(_mm256_broadcastsi128_si256(table), indices);
}

static inline __m256i q4_0_codes(const struct ref_q4_0 *b)
{
    return _mm256_sub_epi8(nibbles(b->qs), bytes_of(8));
}

static inline __m256i q4_1_codes(const struct ref_q4_1 *b)
{
    return nibbles(b->qs);
}

static inline __m256i q5_0_codes(const struct ref_q5_0 *b)
{
    return _mm256_sub_epi8(_mm256_or_si256(nibbles(b->qs), fifth_bits(b->qh)), bytes_of(16));
}

static inline __m256i q5_1_codes(const struct ref_q5_1 *b)
{
    return _mm256_or_si256(nibbles(b->qs), fifth_bits(b->qh));
}

static inline __m256i q8_0_codes(const struct ref_q8_0 *b)
{
    return load32(b->q);
}

static inline __m256i q8_1_codes(const struct ref_q8_1 *b)
{
    return load32(b->q);
}

static inline __m256i iq4_nl_codes(const struct ref_iq4_nl *b)
{
    return look_up(ref_iq4_values, nibbles(b->qs));
}

static inline __m256i mxfp4_codes(const struct ref_mxfp4 *b)
{
    return look_up(ref_mxfp4_values, nibbles(b->qs));
}

/* 2^(e - 128): the exponent of a float is biased by 127, and 2^-128 and 2^-127 are subnormal. */
static inline float mxfp4_scale(uint8_t e)
{
    const uint32_t bits = e < 2 ? 0x00200000u << e : (uint32_t)(e - 1) << 23;
    float scale;
    memcpy(&scale, &bits, sizeof scale);
    return scale;
}

/* ---- super-blocks: group g = 0..7 of 32 ---- */

static inline __m256i q2_k_codes(const struct ref_q2_k *b, int g)
{
    return bits_from(load32(b->qs + 32 * (g / 4)), 2 * (g % 4), 3);
}

static inline __m256i q3_k_codes(const struct ref_q3_k *b, int g)
{
    const __m256i low = bits_from(load32(b->qs + 32 * (g / 4)), 2 * (g % 4), 3);
    const __m256i high = _mm256_slli_epi16(bits_from(load32(b->hmask), g, 1), 2);
    return _mm256_sub_epi8(_mm256_or_si256(low, high), bytes_of(4));
}

static inline __m256i q4_k_codes(const struct ref_q4_k *b, int g)
{
    return bits_from(load32(b->qs + 32 * (g / 2)), 4 * (g % 2), 15);
}

static inline __m256i q5_k_codes(const struct ref_q5_k *b, int g)
{
    const __m256i low = bits_from(load32(b->qs + 32 * (g / 2)), 4 * (g % 2), 15);
    const __m256i high = _mm256_slli_epi16(bits_from(load32(b->qh), g, 1), 4);
    return _mm256_or_si256(low, high);
}

static inline __m256i q6_k_codes(const struct ref_q6_k *b, int g)
{
    const int h = g / 4, k = g % 4;
    const __m256i low = bits_from(load32(b->ql + 64 * h + 32 * (k % 2)), k / 2 * 4, 15);
    const __m256i high = _mm256_slli_epi16(bits_from(load32(b->qh + 32 * h), 2 * k, 3), 4);
    return _mm256_sub_epi8(_mm256_or_si256(low, high), bytes_of(32));
}

static inline __m256i iq4_xs_codes(const struct ref_iq4_xs *b, int g)
{
    return look_up(ref_iq4_values, nibbles(b->qs + 16 * g));
}

static inline __m256i tq2_0_codes(const struct ref_tq2_0 *b, int g)
{
    return _mm256_sub_epi8(bits_from(load32(b->qs + 32 * (g / 4)), 2 * (g % 4), 3), bytes_of(1));
}

/* The next digit of a fraction of 256 comes in front by multiplying it by 3. */
static inline __m256i times_3(__m256i fraction)
{
    return _mm256_add_epi8(fraction, _mm256_add_epi8(fraction, fraction));
}

/* The first digit less 1: 3 * fraction reaches 256 from 86 on, and 512 from 171 on. */
static inline __m256i first_trit(__m256i fraction)
{
    const __m256i one = _mm256_cmpeq_epi8(_mm256_max_epu8(fraction, bytes_of(86)), fraction);
    const __m256i two = _mm256_cmpeq_epi8(_mm256_max_epu8(fraction, bytes_of(171)), fraction);
    return _mm256_sub_epi8(_mm256_sub_epi8(bytes_of(-1), one), two); /* each is -1 where it holds */
}

/* Groups 5 to 7: five digits of the bytes 32-47, sixteen weights each, and then four of qh's four
 * bytes. */
static inline void tq1_0_tail(const struct ref_tq1_0 *b, __m256i ret_codes[3])
{
    const __m128i qs = _mm_loadu_si128((const __m128i *)(b->qs + 32));
    int qh;
    memcpy(&qh, b->qh, sizeof qh);
    const __m256i once = _mm256_set_m128i(_mm_set1_epi32(qh), qs);
    const __m256i third = times_3(once), ninth = times_3(third);
    const __m256i d1 = first_trit(once), d2 = first_trit(third), d3 = first_trit(ninth);
    const __m256i d4 = first_trit(times_3(ninth)), d5 = first_trit(times_3(times_3(ninth)));
    ret_codes[0] = _mm256_permute2x128_si256(d1, d2, 0x20);
    ret_codes[1] = _mm256_permute2x128_si256(d3, d4, 0x20);
    const __m256i digits = _mm256_blend_epi32(_mm256_blend_epi32(d1, d2, 0xaa),
                                              _mm256_blend_epi32(d3, d4, 0xaa), 0xcc);
    ret_codes[2] = _mm256_permute2x128_si256(d5, digits, 0x30);
}

static inline void tq1_0_codes(const struct ref_tq1_0 *b, __m256i ret_codes[8])
{
    __m256i fraction = load32(b->qs);
#pragma GCC unroll 5
    for (int g = 0; g < 5; g++) {
        ret_codes[g] = first_trit(fraction);
        fraction = times_3(fraction);
    }
    tq1_0_tail(b, ret_codes + 5);
}

/* ---- scales ---- */

/* The 6-bit scales and minima of Q4_K and Q5_K, eight bytes each: four at a time in a word. */
static inline void six_bits(const uint8_t scales[12], uint64_t *ret_scale, uint64_t *ret_min)
{
    uint32_t w[3];
    memcpy(w, scales, sizeof w);
    const uint32_t scale_high = (w[2] & 0x0f0f0f0f) | (w[0] >> 2 & 0x30303030);
    const uint32_t min_high = (w[2] >> 4 & 0x0f0f0f0f) | (w[1] >> 2 & 0x30303030);
    *ret_scale = (w[0] & 0x3f3f3f3f) | (uint64_t)scale_high << 32;
    *ret_min = (w[1] & 0x3f3f3f3f) | (uint64_t)min_high << 32;
}

/* The 16 scales of Q3_K as signed bytes: low nibbles of eight bytes, their high nibbles, and above
 * them two bits at a time of four bytes. */
static inline __m128i q3_k_scale_bytes(const struct ref_q3_k *b)
{
    uint64_t low;
    uint32_t high;
    memcpy(&low, b->scales, sizeof low);
    memcpy(&high, b->scales + 8, sizeof high);
    const __m128i four = _mm_srlv_epi64(_mm_set1_epi64x((long long)low), _mm_set_epi64x(4, 0));
    const __m128i two = _mm_srlv_epi32(_mm_set1_epi32((int)high), _mm_setr_epi32(0, 2, 4, 6));
    const __m128i upper = _mm_slli_epi16(_mm_and_si128(two, _mm_set1_epi8(3)), 4);
    const __m128i six = _mm_or_si128(_mm_and_si128(four, _mm_set1_epi8(15)), upper);
    return _mm_sub_epi8(six, _mm_set1_epi8(32));
}

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

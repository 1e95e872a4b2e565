/* Restoring rows with AVX-512. A code of four bits or less is the index of a table of sixteen
 * floats, which is a vector: the products are made once for a block or group, with the same single
 * rounding, and the weights are looked up by one permutation, which takes the low four bits of its
 * indices and ignores the others; codes of five bits have a table of two vectors.
 *
 * What is scarce is loads, since they hold up the stores, and permutations. Hence a super-block's
 * codes are loaded once and laid out by `columns`, so that one shift brings out sixteen of them,
 * and its scales stay in a vector, of which `each` takes one. Included by avx512.c. */
#pragma once

#include "reference/quant/avx512_scales.h"
#include "reference/quant/x86_dequantize.h"

/* Reads of 64 bytes that cross into the next line leave the hardware's own look-ahead behind: from
 * memory, blocks of 32 came at half the rate. This asks for what comes a kilobyte after a
 * block, and may ask past the end. */
static inline void ask_ahead(const void *block, size_t bytes)
{
    for (size_t at = 0; at < bytes; at += 64)
        _mm_prefetch((const char *)block + 1024 + at, _MM_HINT_T0);
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

static inline void put_looked_up(float *ret_x, __m512i indices, __m512 table)
{
    _mm512_storeu_ps(ret_x, _mm512_permutexvar_ps(indices, table));
}

/* ---- blocks of 32 ---- */

/* Sixteen bytes as the indices of a permutation. */
static inline __m512i indices(const uint8_t *bytes)
{
    return _mm512_cvtepu8_epi32(_mm_loadu_si128((const __m128i *)bytes));
}

static inline void put_nibbles(float *ret_x, const uint8_t qs[16], __m512 table)
{
    const __m512i q = indices(qs);
    put_looked_up(ret_x, q, table);
    put_looked_up(ret_x + 16, _mm512_srli_epi32(q, 4), table);
}

/* The low four bits of each index, and one of `bits` brought to the place of the fifth: that of its
 * own number, or, for the second half, sixteen further on. */
static inline __m512i with_fifth(__m512i q, __m512i bits, int first)
{
    const __m512i back =
        _mm512_setr_epi32(4, 3, 2, 1, 0, -1, -2, -3, -4, -5, -6, -7, -8, -9, -10, -11);
    const __m512i turned =
        _mm512_rolv_epi32(bits, _mm512_sub_epi32(back, _mm512_set1_epi32(first)));
    return _mm512_ternarylogic_epi32(_mm512_set1_epi32(15), q, turned, 0xca); /* 15 ? q : turned */
}

static inline void put_fives(float *ret_x, const uint8_t qs[16], const uint8_t qh[4], __m512 low,
                             __m512 high)
{
    int bits;
    memcpy(&bits, qh, sizeof bits);
    const __m512i fifth = _mm512_set1_epi32(bits), q = indices(qs);
    const __m512i second = _mm512_srli_epi32(q, 4);
    _mm512_storeu_ps(ret_x, _mm512_permutex2var_ps(low, with_fifth(q, fifth, 0), high));
    _mm512_storeu_ps(ret_x + 16, _mm512_permutex2var_ps(low, with_fifth(second, fifth, 16), high));
}

static inline void q4_0_put(float *ret_x, const struct ref_q4_0 *b, __m512 d)
{
    put_nibbles(ret_x, b->qs, _mm512_mul_ps(d, sixteen(-8)));
}

static inline void q4_1_put(float *ret_x, const struct ref_q4_1 *b, __m512 d, __m512 m)
{
    put_nibbles(ret_x, b->qs, _mm512_fmadd_ps(d, sixteen(0), m));
}

static inline void q5_0_put(float *ret_x, const struct ref_q5_0 *b, __m512 d)
{
    put_fives(ret_x, b->qs, b->qh, _mm512_mul_ps(d, sixteen(-16)), _mm512_mul_ps(d, sixteen(0)));
}

static inline void q5_1_put(float *ret_x, const struct ref_q5_1 *b, __m512 d, __m512 m)
{
    put_fives(ret_x, b->qs, b->qh, _mm512_fmadd_ps(d, sixteen(0), m),
              _mm512_fmadd_ps(d, sixteen(16), m));
}

static inline void iq4_nl_put(float *ret_x, const struct ref_iq4_nl *b, __m512 d)
{
    put_nibbles(ret_x, b->qs, _mm512_mul_ps(d, values_of(ref_iq4_values)));
}

static inline void mxfp4_put(float *ret_x, const struct ref_mxfp4 *b, __m512 d)
{
    put_nibbles(ret_x, b->qs, _mm512_mul_ps(d, values_of(ref_mxfp4_values)));
}

/* Four blocks at a time, as their scales come together, and one round ahead, as they take longest
 * to come. */
#define DEQUANTIZE_FOURS(format, scales_of_four, scale)                                            \
    static void format##_dequantize(const void *row, size_t n, float *ret_x)                       \
    {                                                                                              \
        const struct ref_##format *b = row, *const end = b + n / 32;                               \
        __m512 next = end - b >= 4 ? scales_of_four(b) : _mm512_setzero_ps();                      \
        for (; end - b >= 4; b += 4, ret_x += 128) {                                               \
            ask_ahead(b, 4 * sizeof *b);                                                           \
            const __m512 d = next;                                                                 \
            next = scales_of_four(end - b >= 8 ? b + 4 : b);                                       \
            _Pragma("GCC unroll 4") for (int k = 0; k < 4; k++)                                    \
                format##_put(ret_x + 32 * k, b + k, one_of_four(d, k));                            \
        }                                                                                          \
        for (; b < end; b++, ret_x += 32)                                                          \
            format##_put(ret_x, b, _mm512_set1_ps(scale));                                         \
    }

#define HALVES(b) four_halves(b, sizeof *(b), 0)
DEQUANTIZE_FOURS(q4_0, HALVES, half_to_float(b->d))
DEQUANTIZE_FOURS(q5_0, HALVES, half_to_float(b->d))
DEQUANTIZE_FOURS(iq4_nl, HALVES, half_to_float(b->d))
DEQUANTIZE_FOURS(mxfp4, four_exponents, mxfp4_scale(b->e))

#define MINIMA(b) four_halves(b, sizeof *(b), 1)
#define DEQUANTIZE_FOURS_AFFINE(format)                                                            \
    static void format##_dequantize(const void *row, size_t n, float *ret_x)                       \
    {                                                                                              \
        const struct ref_##format *b = row, *const end = b + n / 32;                               \
        __m512 next_d = end - b >= 4 ? HALVES(b) : _mm512_setzero_ps();                            \
        __m512 next_m = end - b >= 4 ? MINIMA(b) : next_d;                                         \
        for (; end - b >= 4; b += 4, ret_x += 128) {                                               \
            const struct ref_##format *const ahead = end - b >= 8 ? b + 4 : b;                     \
            ask_ahead(b, 4 * sizeof *b);                                                           \
            const __m512 d = next_d, m = next_m;                                                   \
            next_d = HALVES(ahead);                                                                \
            next_m = MINIMA(ahead);                                                                \
            _Pragma("GCC unroll 4") for (int k = 0; k < 4; k++)                                    \
                format##_put(ret_x + 32 * k, b + k, one_of_four(d, k), one_of_four(m, k));         \
        }                                                                                          \
        for (; b < end; b++, ret_x += 32)                                                          \
            format##_put(ret_x, b, _mm512_set1_ps(half_to_float(b->d)),                            \
                         _mm512_set1_ps(half_to_float(b->m)));                                     \
    }
DEQUANTIZE_FOURS_AFFINE(q4_1)
DEQUANTIZE_FOURS_AFFINE(q5_1)

/* ---- super-blocks ---- */

/* 64 bytes with bytes i, 16 + i, 32 + i and 48 + i in number i of sixteen: moved down by 8j bits
 * they are the indices of bytes 16j and on. */
static inline __m512i columns(__m512i bytes)
{
    const __m512i first = _mm512_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
    const __m512i step = _mm512_set1_epi32(0x30201000);
    const __m512i places =
        _mm512_add_epi32(step, _mm512_mullo_epi32(first, _mm512_set1_epi32(0x01010101)));
    return _mm512_permutexvar_epi8(places, bytes);
}

static inline __m512i down(__m512i v, int bits)
{
    return _mm512_srli_epi32(v, (unsigned)bits);
}

static inline __m512i up(__m512i v, int bits)
{
    return _mm512_slli_epi32(v, (unsigned)bits);
}

/* Sixteen bytes as floats, times d. */
static inline __m512 scaled(__m128i bytes, float d)
{
    const __m512 floats = _mm512_cvtepi32_ps(_mm512_cvtepi8_epi32(bytes));
    return _mm512_mul_ps(_mm512_set1_ps(d), floats);
}

/* 0, 1, 2, 3 four times over. */
static inline __m512 four_four_times(int first)
{
    const __m512i count = _mm512_setr_epi32(0, 1, 2, 3, 0, 1, 2, 3, 0, 1, 2, 3, 0, 1, 2, 3);
    return _mm512_cvtepi32_ps(_mm512_add_epi32(count, _mm512_set1_epi32(first)));
}

/* Four groups share a table: those with the same bits k of bytes 16j and on, j = 0..3, group
 * 8 * (j / 2) + 2k + j % 2 of sixteen. An index has two bits of the code and above them j. */
static void q2_k_dequantize(const void *row, size_t n, float *ret_x)
{
    const __m512i codes = _mm512_set1_epi8(0x33), group = _mm512_set1_epi32((int)0xcc884400);
    const __m128i order = _mm_setr_epi8(0, 2, 4, 6, 1, 3, 5, 7, 8, 10, 12, 14, 9, 11, 13, 15);
    const struct ref_q2_k *b = row;
    for (size_t i = 0; i < n / 256; i++, b++, ret_x += 256) {
        ask_ahead(b, sizeof *b);
        const __m128i both = _mm_shuffle_epi8(_mm_loadu_si128((const __m128i *)b->scales), order);
        const __m128i high = _mm_srli_epi16(both, 4), nibble = _mm_set1_epi8(15);
        const __m512 d = scaled(_mm_and_si128(both, nibble), half_to_float(b->d));
        const __m512 m = scaled(_mm_and_si128(high, nibble), half_to_float(b->dmin));
        const __m512i qs = columns(_mm512_loadu_si512(b->qs));
        const __m512i even = _mm512_ternarylogic_epi32(qs, codes, group, 0xea); /* (a & b) | c */
        const __m512i odd = _mm512_ternarylogic_epi32(down(qs, 2), codes, group, 0xea);
        const __m512 count = four_four_times(0);
        __m512 table[4];
#pragma GCC unroll 4
        for (int k = 0; k < 4; k++)
            table[k] = _mm512_fmsub_ps(one_of_four(d, k), count, one_of_four(m, k));
#pragma GCC unroll 16
        for (int g = 0; g < 16; g++) {
            const int j = g / 8 * 2 + g % 2, k = g / 2 % 4;
            put_looked_up(ret_x + 16 * g, down(k % 2 ? odd : even, 8 * j + k / 2 * 4), table[k]);
        }
    }
}

static void tq2_0_dequantize(const void *row, size_t n, float *ret_x)
{
    const struct ref_tq2_0 *b = row;
    for (size_t i = 0; i < n / 256; i++, b++, ret_x += 256) {
        ask_ahead(b, sizeof *b);
        const __m512 d = _mm512_set1_ps(half_to_float(b->d));
        const __m512 table = _mm512_mul_ps(d, four_four_times(-1));
        const __m512i qs = columns(_mm512_loadu_si512(b->qs));
#pragma GCC unroll 16
        for (int g = 0; g < 16; g++)
            put_looked_up(ret_x + 16 * g, down(qs, (g / 8 * 2 + g % 2) * 8 + g / 2 % 4 * 2), table);
    }
}

/* As in Q2_K, but for two groups to a table, those of bytes 16j and on for j = 0, 1 or j = 2, 3. An
 * index has two bits of qs, the third from hmask, and the lowest of j. */
static inline __m512i three_bits(__m512i qs, __m512i third_of_low, __m512i third_of_high)
{
    const __m512i codes = _mm512_set1_epi8(0x77), group = _mm512_set1_epi32((int)0x88008800);
    const __m512i low = _mm512_ternarylogic_epi32(_mm512_set1_epi8(4), third_of_low, qs, 0xca);
    const __m512i both =
        _mm512_ternarylogic_epi32(_mm512_set1_epi8(0x40), third_of_high, low, 0xca);
    return _mm512_ternarylogic_epi32(both, codes, group, 0xea);
}

/* In byte j of each of sixteen: bits 4 * (j / 2) and on of hmask's bytes 16 * (j % 2) and on. */
static inline __m512i third_bits(const uint8_t hmask[32])
{
    const __m512i twice = columns(_mm512_broadcast_i64x4(load32(hmask)));
    return _mm512_mask_mov_epi16(twice, 0xaaaaaaaa, down(twice, 4));
}

static void q3_k_dequantize(const void *row, size_t n, float *ret_x)
{
    const __m128i order = _mm_setr_epi8(0, 2, 4, 6, 0, 2, 4, 6, 1, 3, 5, 7, 1, 3, 5, 7);
    const __m512 codes = _mm512_cvtepi32_ps(
        _mm512_setr_epi32(-4, -3, -2, -1, 0, 1, 2, 3, -4, -3, -2, -1, 0, 1, 2, 3));
    const struct ref_q3_k *b = row;
    for (size_t i = 0; i < n / 256; i++, b++, ret_x += 256) {
        ask_ahead(b, sizeof *b);
        const __m128i scales = q3_k_scale_bytes(b);
        const float d = half_to_float(b->d);
        const __m512 scale[2] = {
            scaled(_mm_shuffle_epi8(scales, order), d),
            scaled(_mm_shuffle_epi8(_mm_unpackhi_epi64(scales, scales), order), d)};
        const __m512i qs = columns(_mm512_loadu_si512(b->qs)), h = third_bits(b->hmask);
        const __m512i even = three_bits(qs, up(h, 2), up(h, 4));
        const __m512i odd = three_bits(down(qs, 2), up(h, 1), up(h, 3));
#pragma GCC unroll 16
        for (int g = 0; g < 16; g++) {
            const int j = g / 8 * 2 + g % 2, k = g / 2 % 4;
            const __m512 table = _mm512_mul_ps(one_of_four(scale[g / 8], k), codes);
            put_looked_up(ret_x + 16 * g, down(k % 2 ? odd : even, 8 * j + k / 2 * 4), table);
        }
    }
}

/* The products of scales and of minima of Q4_K and Q5_K, in the low eight places. */
static inline void six_bit_floats(const uint8_t scales[12], uint16_t d, uint16_t dmin,
                                  __m512 *ret_scale, __m512 *ret_min)
{
    uint64_t scale, min;
    six_bits(scales, &scale, &min);
    *ret_scale = scaled(_mm_cvtsi64_si128((long long)scale), half_to_float(d));
    *ret_min = scaled(_mm_cvtsi64_si128((long long)min), half_to_float(dmin));
}

static void q4_k_dequantize(const void *row, size_t n, float *ret_x)
{
    const struct ref_q4_k *b = row;
    for (size_t i = 0; i < n / 256; i++, b++, ret_x += 256) {
        ask_ahead(b, sizeof *b);
        const __m512i qs[2] = {columns(_mm512_loadu_si512(b->qs)),
                               columns(_mm512_loadu_si512(b->qs + 64))};
        __m512 d, m;
        six_bit_floats(b->scales, b->d, b->dmin, &d, &m);
#pragma GCC unroll 8
        for (int g = 0; g < 8; g++) {
            const __m512 table = _mm512_fmsub_ps(each(d, g), sixteen(0), each(m, g));
            const __m512i q = down(qs[g / 4], g / 2 % 2 * 16 + g % 2 * 4);
            put_looked_up(ret_x + 32 * g, q, table);
            put_looked_up(ret_x + 32 * g + 16, down(q, 8), table);
        }
    }
}

/* Bytes 0 and 1 of each are codes of group 2c, bytes 2 and 3 of the next one: four bits from qs,
 * whose two groups share bytes, and the fifth from where `fifth` has bit 2c of it. */
static inline __m512i five_bits(__m512i qs, __m512i fifth, int c)
{
    const __m512i low = c % 2 ? down(qs, 16) : qs, high = c % 2 ? down(qs, 4) : up(qs, 12);
    const __m512i four = _mm512_mask_mov_epi16(low, 0xaaaaaaaa, high);
    const __m512i moved = c < 2 ? up(fifth, 4 - 2 * c) : down(fifth, 2 * c - 4);
    return _mm512_ternarylogic_epi32(_mm512_set1_epi8(15), four, moved, 0xca);
}

static void q5_k_dequantize(const void *row, size_t n, float *ret_x)
{
    const struct ref_q5_k *b = row;
    for (size_t i = 0; i < n / 256; i++, b++) {
        ask_ahead(b, sizeof *b);
        const __m512i qs[2] = {columns(_mm512_loadu_si512(b->qs)),
                               columns(_mm512_loadu_si512(b->qs + 64))};
        const __m512i twice = columns(_mm512_broadcast_i64x4(load32(b->qh)));
        const __m512i fifth = _mm512_mask_mov_epi16(twice, 0xaaaaaaaa, down(twice, 1));
        __m512 d, m;
        six_bit_floats(b->scales, b->d, b->dmin, &d, &m);
#pragma GCC unroll 8
        for (int g = 0; g < 8; g++, ret_x += 32) {
            const __m512 low = _mm512_fmsub_ps(each(d, g), sixteen(0), each(m, g));
            const __m512 high = _mm512_fmsub_ps(each(d, g), sixteen(16), each(m, g));
            const __m512i q = down(five_bits(qs[g / 4], fifth, g / 2), g % 2 * 16);
            _mm512_storeu_ps(ret_x, _mm512_permutex2var_ps(low, q, high));
            _mm512_storeu_ps(ret_x + 16, _mm512_permutex2var_ps(low, down(q, 8), high));
        }
    }
}

/* Six bits are too many for a table. Codes less 32 are brought to the top of sixteen integers: 2^24
 * times too large, which the scale takes back. */
static inline void put_top_bytes(float *ret_x, __m512i bytes, int j, __m512 scale)
{
    const __m512i count = _mm512_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
    const __m512i places =
        _mm512_slli_epi32(_mm512_add_epi32(count, _mm512_set1_epi32(16 * j)), 24);
    const __m512i top = _mm512_maskz_permutexvar_epi8(0x8888888888888888, places, bytes);
    _mm512_storeu_ps(ret_x, _mm512_mul_ps(_mm512_cvtepi32_ps(top), scale));
}

/* Codes 64c and on, less 32. */
static inline __m512i six_bit_codes(const struct ref_q6_k *b, int c)
{
    const __m512i both = _mm512_broadcast_i64x4(load32(b->qh + 32 * (c / 2)));
    const __m256i none = _mm256_setzero_si256(), two = _mm256_set1_epi16(2);
    const __m512i ql = _mm512_loadu_si512(b->ql + 64 * (c / 2));
    const __m512i low = c % 2 ? down(ql, 4) : ql;
    const __m512i high =
        c % 2 ? _mm512_srlv_epi16(both, _mm512_inserti64x4(_mm512_castsi256_si512(none), two, 1))
              : _mm512_sllv_epi16(both, _mm512_inserti64x4(_mm512_set1_epi16(4), two, 1));
    const __m512i six = _mm512_ternarylogic_epi32(_mm512_set1_epi8(15), low, high, 0xca);
    return _mm512_sub_epi8(_mm512_and_si512(six, _mm512_set1_epi8(63)), _mm512_set1_epi8(32));
}

static void q6_k_dequantize(const void *row, size_t n, float *ret_x)
{
    const struct ref_q6_k *b = row;
    for (size_t i = 0; i < n / 256; i++, b++, ret_x += 256) {
        ask_ahead(b, sizeof *b);
        const __m128i bytes = _mm_loadu_si128((const __m128i *)b->scales);
        const __m512 scale = scaled(bytes, half_to_float(b->d) * 0x1p-24f);
#pragma GCC unroll 4
        for (int c = 0; c < 4; c++) {
            const __m512i codes = six_bit_codes(b, c);
#pragma GCC unroll 4
            for (int j = 0; j < 4; j++)
                put_top_bytes(ret_x + 64 * c + 16 * j, codes, j, each(scale, 4 * c + j));
        }
    }
}

static void iq4_xs_dequantize(const void *row, size_t n, float *ret_x)
{
    const __m512 values = values_of(ref_iq4_values);
    const struct ref_iq4_xs *b = row;
    for (size_t i = 0; i < n / 256; i++, b++, ret_x += 256) {
        ask_ahead(b, sizeof *b);
        const __m512 scale = scaled(iq4_xs_scale_bytes(b), half_to_float(b->d));
        const __m512i qs[2] = {columns(_mm512_loadu_si512(b->qs)),
                               columns(_mm512_loadu_si512(b->qs + 64))};
#pragma GCC unroll 8
        for (int g = 0; g < 8; g++) {
            const __m512 table = _mm512_mul_ps(each(scale, 2 * g), values);
            put_looked_up(ret_x + 32 * g, down(qs[g / 4], 8 * (g % 4)), table);
            put_looked_up(ret_x + 32 * g + 16, down(qs[g / 4], 8 * (g % 4) + 4), table);
        }
    }
}

/* ---- ternary: five digits to a byte, the first one in front ---- */

/* The fraction in the upper byte of a word, times three, carries its first digit into the next
 * word; what is left of the product is the fraction of the others. */
static inline __m512i digits(__m512i fractions)
{
    return _mm512_mulhi_epu16(fractions, _mm512_set1_epi16(3));
}

static inline __m512i next_digits(__m512i fractions)
{
    return _mm512_add_epi16(fractions, _mm512_add_epi16(fractions, fractions));
}

/* The last sixteen weights: four digits of four bytes. */
static inline __m512i last_digits(const uint8_t qh[4])
{
    const __m512i power = _mm512_setr_epi32(256, 256, 256, 256, 768, 768, 768, 768, 2304, 2304,
                                            2304, 2304, 6912, 6912, 6912, 6912);
    int bytes;
    memcpy(&bytes, qh, sizeof bytes);
    return digits(_mm512_mullo_epi16(_mm512_cvtepu8_epi32(_mm_set1_epi32(bytes)), power));
}

static void tq1_0_dequantize(const void *row, size_t n, float *ret_x)
{
    const struct ref_tq1_0 *b = row;
    for (size_t i = 0; i < n / 256; i++, b++, ret_x += 256) {
        ask_ahead(b, sizeof *b);
        const __m512 d = _mm512_set1_ps(half_to_float(b->d));
        const __m512 table = _mm512_mul_ps(d, four_four_times(-1));
        const __m512i qs = columns(_mm512_maskz_loadu_epi64(0x3f, b->qs));
        __m512i even = _mm512_slli_epi16(qs, 8),
                odd = _mm512_and_si512(qs, _mm512_set1_epi16(-256));
#pragma GCC unroll 5
        for (int k = 0; k < 5; k++) {
            const __m512i q = digits(even); /* of bytes i and, in the upper word, 32 + i */
            put_looked_up(ret_x + 32 * k, q, table);
            put_looked_up(ret_x + 32 * k + 16, digits(odd), table);
            put_looked_up(ret_x + 160 + 16 * k, down(q, 16), table);
            even = next_digits(even);
            odd = next_digits(odd);
        }
        put_looked_up(ret_x + 240, last_digits(b->qh), table);
    }
}

/* Dot products with AVX-512 and VNNI. Included by avx512.c.
 *
 * Four unsigned bytes times four signed ones are added to a 32-bit sum in one instruction; signed
 * codes are made unsigned by an offset, whose share, offset * sum(y), is taken away first. */
#pragma once

#include "reference/quant/avx512_scales.h"
#include "reference/quant/x86_dot.h"

static inline __m512i bytes64_of(int v)
{
    return _mm512_set1_epi8((char)v);
}

/* Sums of four products each of (codes - offset) and y. */
static inline __m512i products64(__m512i codes, __m512i y, int offset)
{
    const __m512i zero = _mm512_setzero_si512();
    if (offset == 0)
        return _mm512_dpbusd_epi32(zero, codes, y);
    const __m512i share = _mm512_dpbusd_epi32(zero, bytes64_of(offset), y);
    return _mm512_dpbusd_epi32(_mm512_sub_epi32(zero, share), codes, y);
}

/* The table's values with 128 added, looked up by the indices in each byte. */
static inline __m512i look_up64(const int8_t values[16], __m512i indices)
{
    const __m128i table = _mm_loadu_si128((const __m128i *)values);
    const __m128i shifted = _mm_xor_si128(table, _mm_set1_epi8(-128));
    return _mm512_shuffle_epi8(_mm512_broadcast_i32x4(shifted), indices);
}

/* ---- blocks of 32, four at a time ---- */

static inline __m512i two(const void *first, const void *second)
{
    return _mm512_inserti64x4(_mm512_castsi256_si512(load32(first)), load32(second), 1);
}

/* Low and high nibbles of sixteen bytes, and of sixteen others. */
static inline __m512i nibbles_of_two(const uint8_t *first, const uint8_t *second)
{
    const __m512i down = _mm512_setr_epi64(0, 0, 0x0004000400040004, 0x0004000400040004, 0, 0,
                                           0x0004000400040004, 0x0004000400040004);
    __m512i v = _mm512_broadcast_i32x4(_mm_loadu_si128((const __m128i *)first));
    v = _mm512_mask_broadcast_i32x4(v, 0xff00, _mm_loadu_si128((const __m128i *)second));
    return _mm512_and_si512(_mm512_srlv_epi16(v, down), bytes64_of(15));
}

static inline __m512i with_fifth_bits(__m512i nibbles, const uint8_t *first, const uint8_t *second)
{
    uint32_t bits[2];
    memcpy(&bits[0], first, sizeof bits[0]);
    memcpy(&bits[1], second, sizeof bits[1]);
    return _mm512_mask_add_epi8(nibbles, bits[0] | (uint64_t)bits[1] << 32, nibbles,
                                bytes64_of(16));
}

#define TWO_NIBBLES(x) nibbles_of_two((x)[0].qs, (x)[1].qs)
#define TWO_FIVES(x)   with_fifth_bits(TWO_NIBBLES(x), (x)[0].qh, (x)[1].qh)

/* Of four blocks of `size` bytes the halves at byte 0 and at byte 2: eight floats, picked out of
 * two vectors that overlap or adjoin and lie within the blocks. */
static inline __m256 halves_of_four(const void *blocks, int size)
{
    const int stride = size / 2, start = 2 * size - 32 < 32 ? 2 * size - 32 : 32;
#define PLACE(word) (short)((word) < 32 ? (word) : 32 + (word)-start)
    const __m512i places = _mm512_castsi128_si512(
        _mm_setr_epi16(PLACE(0), PLACE(stride), PLACE(2 * stride), PLACE(3 * stride), PLACE(1),
                       PLACE(1 + stride), PLACE(1 + 2 * stride), PLACE(1 + 3 * stride)));
#undef PLACE
    const uint8_t *bytes = blocks;
    const __m512i picked = _mm512_permutex2var_epi16(_mm512_loadu_si512(bytes), places,
                                                     _mm512_loadu_si512(bytes + 2 * start));
    return _mm256_cvtph_ps(_mm512_castsi512_si128(picked));
}

static inline __m128 d_of_four(const void *blocks, int size)
{
    return _mm256_castps256_ps128(halves_of_four(blocks, size));
}

/* Adds the products of two blocks, whose scales are numbers k and k + 1 of `scales`. */
static inline __m512 add_two(__m512 sum, __m512i products, __m128 scales, int k)
{
    const __m512i first = _mm512_setr_epi32(0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 1, 1, 1);
    const __m512 scale = _mm512_permutexvar_ps(_mm512_add_epi32(first, _mm512_set1_epi32(k)),
                                               _mm512_castps128_ps512(scales));
    return _mm512_fmadd_ps(scale, _mm512_cvtepi32_ps(products), sum);
}

#define DOT_32(format, codes_of_two, offset, scales_of_four)                                       \
    static float format##_dot(const void *row, const void *activations, size_t n)                  \
    {                                                                                              \
        const struct ref_##format *x = row, *const end = x + n / 32;                               \
        const struct ref_q8_0 *y = activations;                                                    \
        __m512 sum[2] = {_mm512_setzero_ps(), _mm512_setzero_ps()};                                \
        __m256 rest = _mm256_setzero_ps();                                                         \
        for (; end - x >= 4; x += 4, y += 4) {                                                     \
            const __m128 scales = _mm_mul_ps(scales_of_four, d_of_four(y, sizeof *y));             \
            sum[0] = add_two(sum[0], products64(codes_of_two(x), two(y[0].q, y[1].q), offset),     \
                             scales, 0);                                                           \
            sum[1] = add_two(sum[1], products64(codes_of_two(x + 2), two(y[2].q, y[3].q), offset), \
                             scales, 2);                                                           \
        }                                                                                          \
        for (; x < end; x++, y++)                                                                  \
            rest = format##_add(rest, x, y);                                                       \
        return _mm512_reduce_add_ps(_mm512_add_ps(sum[0], sum[1])) + add_up(rest);                 \
    }

#define TWO_BYTES(x) _mm512_xor_si512(two((x)[0].q, (x)[1].q), bytes64_of(-128))
#define TWO_IQ4(x)   look_up64(ref_iq4_values, TWO_NIBBLES(x))
#define TWO_MXFP4(x) look_up64(ref_mxfp4_values, TWO_NIBBLES(x))

DOT_32(q4_0, TWO_NIBBLES, 8, d_of_four(x, sizeof *x))
DOT_32(q5_0, TWO_FIVES, 16, d_of_four(x, sizeof *x))
DOT_32(q8_0, TWO_BYTES, -128, d_of_four(x, sizeof *x))
DOT_32(iq4_nl, TWO_IQ4, -128, d_of_four(x, sizeof *x))
DOT_32(mxfp4, TWO_MXFP4, -128, _mm512_castps512_ps128(four_exponents(x)))

#define DOT_32_AFFINE(format, codes_of_two)                                                        \
    static float format##_dot(const void *row, const void *activations, size_t n)                  \
    {                                                                                              \
        const struct ref_##format *x = row, *const end = x + n / 32;                               \
        const struct ref_q8_1 *y = activations;                                                    \
        __m512 sum[2] = {_mm512_setzero_ps(), _mm512_setzero_ps()};                                \
        __m256 minima = _mm256_setzero_ps(), rest = _mm256_setzero_ps();                           \
        float rest_minima = 0.0f;                                                                  \
        for (; end - x >= 4; x += 4, y += 4) {                                                     \
            const __m256 dm = halves_of_four(x, sizeof *x), ds = halves_of_four(y, sizeof *y);     \
            const __m128 scales =                                                                  \
                _mm_mul_ps(_mm256_castps256_ps128(dm), _mm256_castps256_ps128(ds));                \
            minima = _mm256_fmadd_ps(dm, ds, minima); /* the low half of it is not used */         \
            sum[0] =                                                                               \
                add_two(sum[0], products64(codes_of_two(x), two(y[0].q, y[1].q), 0), scales, 0);   \
            sum[1] = add_two(sum[1], products64(codes_of_two(x + 2), two(y[2].q, y[3].q), 0),      \
                             scales, 2);                                                           \
        }                                                                                          \
        for (; x < end; x++, y++)                                                                  \
            rest = format##_add(rest, x, y, &rest_minima);                                         \
        const __m256 high = _mm256_blend_ps(_mm256_setzero_ps(), minima, 0xf0);                    \
        return _mm512_reduce_add_ps(_mm512_add_ps(sum[0], sum[1])) +                               \
               add_up(_mm256_add_ps(rest, high)) + rest_minima;                                    \
    }
DOT_32_AFFINE(q4_1, TWO_NIBBLES)
DOT_32_AFFINE(q5_1, TWO_FIVES)

/* ---- super-blocks, 64 weights at a time: c = 0..3 ---- */

/* `mask` bits of 32 bytes, from bit `first` on and, in the upper half, from bit `first` + `step` */
static inline __m512i twice(const uint8_t *bytes, int first, int step, int mask)
{
    const __m512i down = _mm512_inserti64x4(_mm512_set1_epi16((short)first),
                                            _mm256_set1_epi16((short)(first + step)), 1);
    const __m512i v = _mm512_broadcast_i64x4(load32(bytes));
    return _mm512_and_si512(_mm512_srlv_epi16(v, down), bytes64_of(mask));
}

/* `value` added where bit 2c, in the upper half bit 2c + 1, of the 32 bytes is set. */
static inline __m512i plus_bit(__m512i codes, const uint8_t *bytes, int c, int value)
{
    const __m512i bit = _mm512_inserti64x4(bytes64_of(1 << (2 * c)), bytes_of(2 << (2 * c)), 1);
    const __mmask64 set = _mm512_test_epi8_mask(_mm512_broadcast_i64x4(load32(bytes)), bit);
    return _mm512_mask_add_epi8(codes, set, codes, bytes64_of(value));
}

static inline __m512i q2_k_codes64(const struct ref_q2_k *b, int c)
{
    return twice(b->qs + 32 * (c / 2), 4 * (c % 2), 2, 3);
}

static inline __m512i q3_k_codes64(const struct ref_q3_k *b, int c)
{
    return plus_bit(twice(b->qs + 32 * (c / 2), 4 * (c % 2), 2, 3), b->hmask, c, 4);
}

static inline __m512i q4_k_codes64(const struct ref_q4_k *b, int c)
{
    return twice(b->qs + 32 * c, 0, 4, 15);
}

static inline __m512i q5_k_codes64(const struct ref_q5_k *b, int c)
{
    return plus_bit(twice(b->qs + 32 * c, 0, 4, 15), b->qh, c, 16);
}

static inline __m512i q6_k_codes64(const struct ref_q6_k *b, int c)
{
    const __m512i ql = _mm512_loadu_si512(b->ql + 64 * (c / 2));
    const __m512i low =
        _mm512_and_si512(_mm512_srli_epi16(ql, (unsigned)(c % 2 * 4)), bytes64_of(15));
    const __m512i high = twice(b->qh + 32 * (c / 2), 4 * (c % 2), 2, 3);
    return _mm512_or_si512(low, _mm512_slli_epi16(high, 4));
}

static inline __m512i iq4_xs_codes64(const struct ref_iq4_xs *b, int c)
{
    return look_up64(ref_iq4_values, nibbles_of_two(b->qs + 32 * c, b->qs + 32 * c + 16));
}

static inline __m512i tq2_0_codes64(const struct ref_tq2_0 *b, int c)
{
    return twice(b->qs + 32 * (c / 2), 4 * (c % 2), 2, 3);
}

/* Of sixteen scales, one for each sixteen weights, those of part c, each for four sums. */
static inline __m512i scales_of_part(__m512i scales, int c)
{
    const __m512i first = _mm512_setr_epi32(0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3);
    return _mm512_permutexvar_epi32(_mm512_add_epi32(first, _mm512_set1_epi32(4 * c)), scales);
}

static inline __m512 add_block512(__m512 sum, __m512i isum, float scale)
{
    return _mm512_fmadd_ps(_mm512_set1_ps(scale), _mm512_cvtepi32_ps(isum), sum);
}

/* The scaled products of a super-block, in integers. */
#define SCALED_SUM(format, x, y, scales, offset, ret)                                              \
    do {                                                                                           \
        ret = _mm512_setzero_si512();                                                              \
        _Pragma("GCC unroll 4") for (int c = 0; c < 4; c++)                                        \
        {                                                                                          \
            const __m512i part =                                                                   \
                products64(format##_codes64(x, c), _mm512_loadu_si512((y)->q + 64 * c), offset);   \
            ret = _mm512_add_epi32(ret, _mm512_mullo_epi32(part, scales_of_part(scales, c)));      \
        }                                                                                          \
    } while (0)

static float q2_k_dot(const void *row, const void *activations, size_t n)
{
    const struct ref_q2_k *x = row;
    const struct ref_q8_k *y = activations;
    __m512 sum = _mm512_setzero_ps();
    __m256 minima = _mm256_setzero_ps();
    for (size_t b = 0; b < n / 256; b++, x++, y++) {
        const __m128i both = _mm_loadu_si128((const __m128i *)x->scales);
        const __m128i low = _mm_and_si128(both, _mm_set1_epi8(15));
        const __m128i high = _mm_and_si128(_mm_srli_epi16(both, 4), _mm_set1_epi8(15));
        __m512i isum;
        SCALED_SUM(q2_k, x, y, _mm512_cvtepi8_epi32(low), 0, isum);
        const __m256i imin = _mm256_madd_epi16(_mm256_cvtepi8_epi16(high), load32(y->sums));
        sum = add_block512(sum, isum, half_to_float(x->d) * y->d);
        minima = add_block(minima, imin, half_to_float(x->dmin) * y->d);
    }
    return _mm512_reduce_add_ps(sum) - add_up(minima);
}

/* Eight bytes, each twice, as sixteen. */
static inline __m128i doubled(uint64_t bytes)
{
    const __m128i v = _mm_cvtsi64_si128((long long)bytes);
    return _mm_unpacklo_epi8(v, v);
}

#define DOT_SIX_BITS(format)                                                                       \
    static float format##_dot(const void *row, const void *activations, size_t n)                  \
    {                                                                                              \
        const struct ref_##format *x = row;                                                        \
        const struct ref_q8_k *y = activations;                                                    \
        __m512 sum = _mm512_setzero_ps();                                                          \
        __m256 minima = _mm256_setzero_ps();                                                       \
        for (size_t b = 0; b < n / 256; b++, x++, y++) {                                           \
            uint64_t scale, min;                                                                   \
            __m512i isum;                                                                          \
            six_bits(x->scales, &scale, &min);                                                     \
            SCALED_SUM(format, x, y, _mm512_cvtepi8_epi32(doubled(scale)), 0, isum);               \
            const __m256i imin =                                                                   \
                _mm256_madd_epi16(_mm256_cvtepi8_epi16(doubled(min)), load32(y->sums));            \
            sum = add_block512(sum, isum, half_to_float(x->d) * y->d);                             \
            minima = add_block(minima, imin, half_to_float(x->dmin) * y->d);                       \
        }                                                                                          \
        return _mm512_reduce_add_ps(sum) - add_up(minima);                                         \
    }
DOT_SIX_BITS(q4_k)
DOT_SIX_BITS(q5_k)

#define DOT_SIGNED(format, scale_bytes, offset)                                                    \
    static float format##_dot(const void *row, const void *activations, size_t n)                  \
    {                                                                                              \
        const struct ref_##format *x = row;                                                        \
        const struct ref_q8_k *y = activations;                                                    \
        __m512 sum = _mm512_setzero_ps();                                                          \
        for (size_t b = 0; b < n / 256; b++, x++, y++) {                                           \
            __m512i isum;                                                                          \
            SCALED_SUM(format, x, y, _mm512_cvtepi8_epi32(scale_bytes), offset, isum);             \
            sum = add_block512(sum, isum, half_to_float(x->d) * y->d);                             \
        }                                                                                          \
        return _mm512_reduce_add_ps(sum);                                                          \
    }
DOT_SIGNED(q3_k, q3_k_scale_bytes(x), 4)
DOT_SIGNED(q6_k, _mm_loadu_si128((const __m128i *)x->scales), 32)
DOT_SIGNED(iq4_xs, iq4_xs_scale_bytes(x), -128)

/* The activations of digit k of the bytes qs and qh, in the order of those; of qh there are four.
 */
static inline __m512i activations_of_digit(const int8_t q[256], int k)
{
    int last = 0;
    if (k < 4)
        memcpy(&last, q + 240 + 4 * k, sizeof last);
    const __m128i third = _mm_loadu_si128((const __m128i *)(q + 160 + 16 * k));
    const __m256i upper = _mm256_set_m128i(_mm_cvtsi32_si128(last), third);
    return _mm512_inserti64x4(_mm512_castsi256_si512(load32(q + 32 * k)), upper, 1);
}

/* first_trit, not less 1 */
static inline __m512i first_digit(__m512i fraction)
{
    const __mmask64 one = _mm512_cmpge_epu8_mask(fraction, bytes64_of(86));
    const __mmask64 two = _mm512_cmpge_epu8_mask(fraction, bytes64_of(171));
    const __m512i digit = _mm512_maskz_mov_epi8(one, bytes64_of(1));
    return _mm512_mask_add_epi8(digit, two, digit, bytes64_of(1));
}

static float tq1_0_dot(const void *row, const void *activations, size_t n)
{
    const struct ref_tq1_0 *x = row;
    const struct ref_q8_k *y = activations;
    __m512 sum = _mm512_setzero_ps();
    for (size_t b = 0; b < n / 256; b++, x++, y++) {
        __m512i isum = _mm512_setzero_si512();
        __m512i fraction = _mm512_maskz_loadu_epi32(0x1fff, x); /* qs and qh */
#pragma GCC unroll 5
        for (int k = 0; k < 5; k++) {
            const __m512i q = activations_of_digit(y->q, k);
            isum = _mm512_add_epi32(isum, products64(first_digit(fraction), q, 1));
            fraction = _mm512_add_epi8(fraction, _mm512_add_epi8(fraction, fraction));
        }
        sum = add_block512(sum, isum, half_to_float(x->d) * y->d);
    }
    return _mm512_reduce_add_ps(sum);
}

static float tq2_0_dot(const void *row, const void *activations, size_t n)
{
    const struct ref_tq2_0 *x = row;
    const struct ref_q8_k *y = activations;
    __m512 sum = _mm512_setzero_ps();
    for (size_t b = 0; b < n / 256; b++, x++, y++) {
        __m512i isum = _mm512_setzero_si512();
#pragma GCC unroll 4
        for (int c = 0; c < 4; c++)
            isum = _mm512_add_epi32(
                isum, products64(tq2_0_codes64(x, c), _mm512_loadu_si512(y->q + 64 * c), 1));
        sum = add_block512(sum, isum, half_to_float(x->d) * y->d);
    }
    return _mm512_reduce_add_ps(sum);
}

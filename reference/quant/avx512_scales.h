/* Scales of several blocks or groups in a vector, and one of them everywhere, for AVX-512. Included
 * by the headers of that rung. */
#pragma once

#include "reference/quant/x86_codes.h"

/* Number k of each four floats, four times. The instruction wants a literal. */
static inline __m512 one_of_four(__m512 v, int k)
{
    switch (k) {
    case 0:
        return _mm512_permute_ps(v, 0x00);
    case 1:
        return _mm512_permute_ps(v, 0x55);
    case 2:
        return _mm512_permute_ps(v, 0xaa);
    default:
        return _mm512_permute_ps(v, 0xff);
    }
}

/* Floats 4k to 4k + 3, four times. */
static inline __m512 quarter(__m512 v, int k)
{
    switch (k) {
    case 0:
        return _mm512_shuffle_f32x4(v, v, 0x00);
    case 1:
        return _mm512_shuffle_f32x4(v, v, 0x55);
    case 2:
        return _mm512_shuffle_f32x4(v, v, 0xaa);
    default:
        return _mm512_shuffle_f32x4(v, v, 0xff);
    }
}

/* Number g of sixteen everywhere. */
static inline __m512 each(__m512 v, int g)
{
    return one_of_four(quarter(v, g / 4), g % 4);
}

/* Of four blocks of `size` bytes the halves at byte 2 * `word`, as floats, four times: picked out
 * of two vectors that overlap or adjoin and lie within the blocks. */
static inline __m512 four_halves(const void *blocks, int size, int word)
{
    const int stride = size / 2, start = 2 * size - 32 < 32 ? 2 * size - 32 : 32;
    uint64_t places = 0;
    for (int k = 3; k >= 0; k--) {
        const int at = word + k * stride;
        places = places << 16 | (uint64_t)(at < 32 ? at : 32 + at - start);
    }
    const uint8_t *bytes = blocks;
    const __m512i picked =
        _mm512_permutex2var_epi16(_mm512_loadu_si512(bytes), _mm512_set1_epi64((long long)places),
                                  _mm512_loadu_si512(bytes + 2 * start));
    return _mm512_cvtph_ps(_mm512_castsi512_si256(picked));
}

/* mxfp4_scale of four blocks, the bytes 0, 17, 34 and 51, four times. */
static inline __m512 four_exponents(const void *blocks)
{
    const __m512i places = _mm512_broadcast_i32x4(_mm_setr_epi32(0, 17, 34, 51));
    const __m512i e =
        _mm512_maskz_permutexvar_epi8(0x1111111111111111, places, _mm512_loadu_si512(blocks));
    const __m512i one = _mm512_set1_epi32(1);
    const __m512i normal = _mm512_slli_epi32(_mm512_sub_epi32(e, one), 23);
    const __m512i subnormal =
        _mm512_sllv_epi32(_mm512_set1_epi32(0x00200000), _mm512_min_epi32(e, one));
    return _mm512_castsi512_ps(_mm512_max_epi32(normal, subnormal));
}

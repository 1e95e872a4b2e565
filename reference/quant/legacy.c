#include "reference/quant/legacy.h"

#include <math.h>

#include "base/bytes.h"
#include "reference/quant/f16.h"
#include "reference/quant/row.h"

enum { W = REF_LEGACY_WEIGHTS };

/* ---- what the formats share ---- */

/* The weight of largest magnitude, with its sign; the first of equals. */
static float first_largest(const float x[W])
{
    float largest = 0.0f;
    for (int i = 0; i < W; i++)
        if (fabsf(x[i]) > fabsf(largest))
            largest = x[i];
    return largest;
}

struct range {
    float min, max;
};

static struct range range_of(const float x[W])
{
    struct range r = {x[0], x[0]};
    for (int i = 1; i < W; i++) {
        r.min = x[i] < r.min ? x[i] : r.min; /* the first of +0 and -0 stays */
        r.max = x[i] > r.max ? x[i] : r.max;
    }
    return r;
}

/* 1/d, and 0 where that is infinite: for d == 0 and for every |d| below 2^-128. There 0 * inf would
 * make a NaN of a zero weight and its cast to an integer would be undefined. */
static float inverse(float d)
{
    const float inv = 1.0f / d;
    return isinf(inv) ? 0.0f : inv;
}

/* Halves go up, not to even: the cast truncates a number that is not negative. The largest weight
 * of the other sign would get one code too many, hence the upper bound. */
static uint8_t code_of(float scaled, float offset, int largest)
{
    const int code = (int)(scaled + offset);
    return (uint8_t)(code < largest ? code : largest);
}

static void pack_low_nibbles(const uint8_t codes[W], uint8_t ret_qs[W / 2])
{
    for (int j = 0; j < W / 2; j++)
        ret_qs[j] = (uint8_t)((codes[j] & 15) | (codes[j + W / 2] & 15) << 4);
}

static void unpack_low_nibbles(const uint8_t qs[W / 2], uint8_t ret_codes[W])
{
    for (int j = 0; j < W / 2; j++) {
        ret_codes[j] = qs[j] & 15;
        ret_codes[j + W / 2] = qs[j] >> 4;
    }
}

static void pack_fifth_bits(const uint8_t codes[W], uint8_t ret_qh[4])
{
    uint32_t bits = 0;
    for (int i = 0; i < W; i++)
        bits |= (uint32_t)(codes[i] >> 4 & 1) << i;
    wr_u32le(ret_qh, bits);
}

static void add_fifth_bits(const uint8_t qh[4], uint8_t codes[W])
{
    const uint32_t bits = rd_u32le(qh);
    for (int i = 0; i < W; i++)
        codes[i] |= (uint8_t)((bits >> i & 1) << 4);
}

/* ---- Q4_0, Q5_0: symmetric, from -8 or -16 steps to 7 or 15 ---- */

static uint16_t symmetric_codes(const float x[W], int half, uint8_t ret_codes[W])
{
    const float d = first_largest(x) / (float)-half; /* of an all-zero block: -0, as in ggml */
    const float inv = inverse(d);
    for (int i = 0; i < W; i++)
        ret_codes[i] = code_of(x[i] * inv, (float)half + 0.5f, 2 * half - 1);
    return ref_f16_from_f32(d);
}

static void symmetric_weights(const uint8_t codes[W], int half, uint16_t d, float ret_x[W])
{
    const float step = ref_f16_to_f32(d);
    for (int i = 0; i < W; i++)
        ret_x[i] = (float)(codes[i] - half) * step;
}

static void q4_0_quantize_block(const float x[W], struct ref_q4_0 *ret)
{
    uint8_t codes[W];
    ret->d = symmetric_codes(x, 8, codes);
    pack_low_nibbles(codes, ret->qs);
}

static void q4_0_dequantize_block(const struct ref_q4_0 *block, float ret_x[W])
{
    uint8_t codes[W];
    unpack_low_nibbles(block->qs, codes);
    symmetric_weights(codes, 8, block->d, ret_x);
}

static void q5_0_quantize_block(const float x[W], struct ref_q5_0 *ret)
{
    uint8_t codes[W];
    ret->d = symmetric_codes(x, 16, codes);
    pack_fifth_bits(codes, ret->qh);
    pack_low_nibbles(codes, ret->qs);
}

static void q5_0_dequantize_block(const struct ref_q5_0 *block, float ret_x[W])
{
    uint8_t codes[W];
    unpack_low_nibbles(block->qs, codes);
    add_fifth_bits(block->qh, codes);
    symmetric_weights(codes, 16, block->d, ret_x);
}

/* ---- Q4_1, Q5_1: 15 or 31 steps up from the minimum ---- */

static uint16_t affine_codes(const float x[W], int steps, uint16_t *ret_m, uint8_t ret_codes[W])
{
    const struct range r = range_of(x);
    const float d = (r.max - r.min) / (float)steps;
    const float inv = inverse(d);
    for (int i = 0; i < W; i++)
        ret_codes[i] = code_of((x[i] - r.min) * inv, 0.5f, steps);
    *ret_m = ref_f16_from_f32(r.min);
    return ref_f16_from_f32(d);
}

static void affine_weights(const uint8_t codes[W], uint16_t d, uint16_t m, float ret_x[W])
{
    const float step = ref_f16_to_f32(d);
    const float min = ref_f16_to_f32(m);
    for (int i = 0; i < W; i++)
        ret_x[i] = (float)codes[i] * step + min;
}

static void q4_1_quantize_block(const float x[W], struct ref_q4_1 *ret)
{
    uint8_t codes[W];
    ret->d = affine_codes(x, 15, &ret->m, codes);
    pack_low_nibbles(codes, ret->qs);
}

static void q4_1_dequantize_block(const struct ref_q4_1 *block, float ret_x[W])
{
    uint8_t codes[W];
    unpack_low_nibbles(block->qs, codes);
    affine_weights(codes, block->d, block->m, ret_x);
}

static void q5_1_quantize_block(const float x[W], struct ref_q5_1 *ret)
{
    uint8_t codes[W];
    ret->d = affine_codes(x, 31, &ret->m, codes);
    pack_fifth_bits(codes, ret->qh);
    pack_low_nibbles(codes, ret->qs);
}

static void q5_1_dequantize_block(const struct ref_q5_1 *block, float ret_x[W])
{
    uint8_t codes[W];
    unpack_low_nibbles(block->qs, codes);
    add_fifth_bits(block->qh, codes);
    affine_weights(codes, block->d, block->m, ret_x);
}

/* ---- Q8_0 ---- */

static void q8_0_quantize_block(const float x[W], struct ref_q8_0 *ret)
{
    const float d = fabsf(first_largest(x)) / 127.0f;
    const float inv = inverse(d);
    ret->d = ref_f16_from_f32(d);
    for (int i = 0; i < W; i++)
        ret->q[i] = (int8_t)roundf(x[i] * inv); /* not x[i] / d: that rounds to other bytes */
}

static void q8_0_dequantize_block(const struct ref_q8_0 *block, float ret_x[W])
{
    const float step = ref_f16_to_f32(block->d);
    for (int i = 0; i < W; i++)
        ret_x[i] = (float)block->q[i] * step;
}

/* ---- rows: the same two functions for each format ---- */

#define ROWS_OF(format)                                                                            \
    enum err_code ref_##format##_quantize(const float *x, size_t n,                                \
                                          struct ref_##format *ret_blocks, struct err *why)        \
    {                                                                                              \
        const enum err_code rc = ref_row_check(x, n, W, REF_LEGACY_MAX, why);                      \
        if (rc != OK)                                                                              \
            return rc;                                                                             \
        for (size_t b = 0; b < n / W; b++)                                                         \
            format##_quantize_block(x + b * W, &ret_blocks[b]);                                    \
        return OK;                                                                                 \
    }                                                                                              \
    enum err_code ref_##format##_dequantize(const struct ref_##format *blocks, size_t n,           \
                                            float *ret_x, struct err *why)                         \
    {                                                                                              \
        const enum err_code rc = ref_row_whole(n, W, why);                                         \
        if (rc != OK)                                                                              \
            return rc;                                                                             \
        for (size_t b = 0; b < n / W; b++)                                                         \
            format##_dequantize_block(&blocks[b], ret_x + b * W);                                  \
        return OK;                                                                                 \
    }

ROWS_OF(q4_0)
ROWS_OF(q4_1)
ROWS_OF(q5_0)
ROWS_OF(q5_1)
ROWS_OF(q8_0)

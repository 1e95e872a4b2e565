#include "reference/quant/legacy.h"

#include <math.h>

#include "base/bytes.h"
#include "reference/quant/codes.h"
#include "reference/quant/f16.h"
#include "reference/quant/important.h"
#include "reference/quant/row.h"
#include "reference/quant/search.h"
#include "reference/quant/unpack.h"

enum { W = REF_LEGACY_WEIGHTS };

/* ---- what the formats share ---- */

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

/* Halves go up, not to even: the cast truncates a number that is not negative. The largest weight
 * of the other sign would get one code too many, hence the upper bound. */
static uint8_t code_of(float scaled, float offset, int largest)
{
    const int code = (int)(scaled + offset);
    return (uint8_t)(code < largest ? code : largest);
}

static void pack_fifth_bits(const uint8_t codes[W], uint8_t ret_qh[4])
{
    uint32_t bits = 0;
    for (int i = 0; i < W; i++)
        bits |= (uint32_t)(codes[i] >> 4 & 1) << i;
    wr_u32le(ret_qh, bits);
}

/* ---- Q4_0, Q5_0: symmetric, from -8 or -16 steps to 7 or 15 ---- */

static uint16_t symmetric_codes(const float x[W], int half, uint8_t ret_codes[W])
{
    const float d =
        ref_first_largest(W, x) / (float)-half; /* of an all-zero block: -0, as in ggml */
    const float inv = ref_inverse(d);
    for (int i = 0; i < W; i++)
        ret_codes[i] = code_of(x[i] * inv, (float)half + 0.5f, 2 * half - 1);
    return ref_f16_from_f32(d);
}

static void symmetric_weights(const int8_t codes[W], uint16_t d, float ret_x[W])
{
    const float step = ref_f16_to_f32(d);
    for (int i = 0; i < W; i++)
        ret_x[i] = (float)codes[i] * step;
}

static void q4_0_quantize_block(const float x[W], struct ref_q4_0 *ret)
{
    uint8_t codes[W];
    ret->d = symmetric_codes(x, 8, codes);
    ref_pack_nibbles(codes, ret->qs);
}

static void q4_0_dequantize_block(const struct ref_q4_0 *block, float ret_x[W])
{
    int8_t codes[W];
    ref_q4_0_unpack(block, codes);
    symmetric_weights(codes, block->d, ret_x);
}

static void q5_0_quantize_block(const float x[W], struct ref_q5_0 *ret)
{
    uint8_t codes[W];
    ret->d = symmetric_codes(x, 16, codes);
    pack_fifth_bits(codes, ret->qh);
    ref_pack_nibbles(codes, ret->qs);
}

static void q5_0_dequantize_block(const struct ref_q5_0 *block, float ret_x[W])
{
    int8_t codes[W];
    ref_q5_0_unpack(block, codes);
    symmetric_weights(codes, block->d, ret_x);
}

static uint16_t symmetric_search(const float x[W], const float importance[W], float sigma2,
                                 int half, uint8_t ret_codes[W])
{
    float weight[W];
    ref_weigh(W, x, importance, sigma2, weight);
    return ref_f16_from_f32(ref_search_symmetric(W, half, x, weight, ret_codes));
}

void ref_q4_0_important(const float x[W], const float importance[W], float sigma2,
                        struct ref_q4_0 *ret)
{
    uint8_t codes[W];
    ret->d = symmetric_search(x, importance, sigma2, 8, codes);
    ref_pack_nibbles(codes, ret->qs);
}

void ref_q5_0_important(const float x[W], const float importance[W], float sigma2,
                        struct ref_q5_0 *ret)
{
    uint8_t codes[W];
    ret->d = symmetric_search(x, importance, sigma2, 16, codes);
    pack_fifth_bits(codes, ret->qh);
    ref_pack_nibbles(codes, ret->qs);
}

/* ---- Q4_1, Q5_1: 15 or 31 steps up from the minimum ---- */

static uint16_t affine_codes(const float x[W], int steps, uint16_t *ret_m, uint8_t ret_codes[W])
{
    const struct range r = range_of(x);
    const float d = (r.max - r.min) / (float)steps;
    const float inv = ref_inverse(d);
    for (int i = 0; i < W; i++)
        ret_codes[i] = code_of((x[i] - r.min) * inv, 0.5f, steps);
    *ret_m = ref_f16_from_f32(r.min);
    return ref_f16_from_f32(d);
}

static void affine_weights(const int8_t codes[W], uint16_t d, uint16_t m, float ret_x[W])
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
    ref_pack_nibbles(codes, ret->qs);
}

static void q4_1_dequantize_block(const struct ref_q4_1 *block, float ret_x[W])
{
    int8_t codes[W];
    ref_q4_1_unpack(block, codes);
    affine_weights(codes, block->d, block->m, ret_x);
}

static void q5_1_quantize_block(const float x[W], struct ref_q5_1 *ret)
{
    uint8_t codes[W];
    ret->d = affine_codes(x, 31, &ret->m, codes);
    pack_fifth_bits(codes, ret->qh);
    ref_pack_nibbles(codes, ret->qs);
}

static void q5_1_dequantize_block(const struct ref_q5_1 *block, float ret_x[W])
{
    int8_t codes[W];
    ref_q5_1_unpack(block, codes);
    affine_weights(codes, block->d, block->m, ret_x);
}

static uint16_t affine_search(const float x[W], const float importance[W], float sigma2, int steps,
                              uint16_t *ret_m, uint8_t ret_codes[W])
{
    float weight[W], min;
    ref_weigh(W, x, importance, sigma2, weight);
    const float d = ref_search_affine(W, steps, x, weight, &ref_search_important, ret_codes, &min);
    *ret_m = ref_f16_from_f32(-min);
    return ref_f16_from_f32(d);
}

void ref_q4_1_important(const float x[W], const float importance[W], float sigma2,
                        struct ref_q4_1 *ret)
{
    uint8_t codes[W];
    ret->d = affine_search(x, importance, sigma2, 15, &ret->m, codes);
    ref_pack_nibbles(codes, ret->qs);
}

void ref_q5_1_important(const float x[W], const float importance[W], float sigma2,
                        struct ref_q5_1 *ret)
{
    uint8_t codes[W];
    ret->d = affine_search(x, importance, sigma2, 31, &ret->m, codes);
    pack_fifth_bits(codes, ret->qh);
    ref_pack_nibbles(codes, ret->qs);
}

/* ---- Q8_0, Q8_1: 127 steps either way ---- */

/* The codes; returns the unrounded step. */
static float byte_codes(const float x[W], int8_t ret_q[W])
{
    const float d = fabsf(ref_first_largest(W, x)) / 127.0f;
    const float inv = ref_inverse(d);
    for (int i = 0; i < W; i++)
        ret_q[i] = (int8_t)roundf(x[i] * inv); /* not x[i] / d: that rounds to other bytes */
    return d;
}

static void q8_0_quantize_block(const float x[W], struct ref_q8_0 *ret)
{
    ret->d = ref_f16_from_f32(byte_codes(x, ret->q));
}

static void q8_0_dequantize_block(const struct ref_q8_0 *block, float ret_x[W])
{
    symmetric_weights(block->q, block->d, ret_x);
}

static void q8_1_quantize_block(const float x[W], struct ref_q8_1 *ret)
{
    const float d = byte_codes(x, ret->q);
    int sum = 0;
    for (int i = 0; i < W; i++)
        sum += ret->q[i];
    ret->d = ref_f16_from_f32(d);
    ret->s = ref_f16_from_f32((float)sum * d);
}

static void q8_1_dequantize_block(const struct ref_q8_1 *block, float ret_x[W])
{
    symmetric_weights(block->q, block->d, ret_x);
}

REF_ROWS_OF(q4_0, W, REF_LEGACY_MAX)
REF_ROWS_OF(q4_1, W, REF_LEGACY_MAX)
REF_ROWS_OF(q5_0, W, REF_LEGACY_MAX)
REF_ROWS_OF(q5_1, W, REF_LEGACY_MAX)
REF_ROWS_OF(q8_0, W, REF_LEGACY_MAX)
REF_ROWS_OF(q8_1, W, REF_LEGACY_MAX)

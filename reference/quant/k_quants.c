#include "reference/quant/k_quants.h"

#include <math.h>
#include <string.h>

#include "reference/quant/f16.h"
#include "reference/quant/row.h"
#include "reference/quant/search.h"

enum { W = REF_K_WEIGHTS };

static int clamp(int v, int low, int high)
{
    return v < low ? low : v > high ? high : v;
}

/* ---- 6-bit scales ---- */

void ref_k_scales_pack(const uint8_t scale[8], const uint8_t min[8],
                       uint8_t ret_bytes[REF_K_SCALES_BYTES])
{
    for (int g = 0; g < 4; g++) {
        const int h = g + 4; /* its upper bits live with group g */
        ret_bytes[g] = (uint8_t)((scale[g] & 63) | (scale[h] >> 4 & 3) << 6);
        ret_bytes[g + 4] = (uint8_t)((min[g] & 63) | (min[h] >> 4 & 3) << 6);
        ret_bytes[g + 8] = (uint8_t)((scale[h] & 15) | (min[h] & 15) << 4);
    }
}

void ref_k_scales_unpack(const uint8_t bytes[REF_K_SCALES_BYTES], uint8_t ret_scale[8],
                         uint8_t ret_min[8])
{
    for (int g = 0; g < 4; g++) {
        const int h = g + 4;
        ret_scale[g] = bytes[g] & 63;
        ret_min[g] = bytes[g + 4] & 63;
        ret_scale[h] = (uint8_t)((bytes[g + 8] & 15) | bytes[g] >> 6 << 4);
        ret_min[h] = (uint8_t)(bytes[g + 8] >> 4 | bytes[g + 4] >> 6 << 4);
    }
}

/* ---- Q4_K and Q5_K: 8 groups of 32 with scale and minimum ---- */

enum { AFFINE_GROUPS = 8, AFFINE_WEIGHTS = 32 };

struct affine {
    uint16_t d, dmin;
    uint8_t scales[REF_K_SCALES_BYTES];
    uint8_t codes[W];
};

/* Large weights matter more, and the group's mean square keeps small ones from not counting. */
static void importance(const float x[AFFINE_WEIGHTS], float ret_weight[AFFINE_WEIGHTS])
{
    float sum = 0.0f;
    for (int i = 0; i < AFFINE_WEIGHTS; i++)
        sum += x[i] * x[i];
    const float root = sqrtf(sum / (float)AFFINE_WEIGHTS);
    for (int i = 0; i < AFFINE_WEIGHTS; i++)
        ret_weight[i] = root + fabsf(x[i]);
}

/* Rounds eight values to 0..63 in units of the largest over 63; returns that unit as a half. */
static uint16_t round_scales(const float value[AFFINE_GROUPS], uint8_t ret_rounded[AFFINE_GROUPS])
{
    float largest = 0.0f;
    for (int g = 0; g < AFFINE_GROUPS; g++)
        largest = value[g] > largest ? value[g] : largest;
    const float inverse = largest > 0.0f ? 63.0f / largest : 0.0f;
    for (int g = 0; g < AFFINE_GROUPS; g++) {
        const uint8_t rounded = (uint8_t)ref_nearest_int(inverse * value[g]);
        ret_rounded[g] = rounded < 63 ? rounded : 63;
    }
    return ref_f16_from_f32(largest / 63.0f);
}

/* The codes that suit the rounded scale; those of the search stay where it is 0. */
static void recode(const float x[AFFINE_WEIGHTS], float scale, float min, int largest,
                   uint8_t codes[AFFINE_WEIGHTS])
{
    if (scale == 0.0f)
        return;
    for (int i = 0; i < AFFINE_WEIGHTS; i++)
        codes[i] = (uint8_t)clamp(ref_nearest_int((x[i] + min) / scale), 0, largest);
}

static void affine_quantize(const float x[W], int largest, const struct ref_search_trials *trials,
                            struct affine *ret)
{
    float scale[AFFINE_GROUPS], min[AFFINE_GROUPS];
    for (int g = 0; g < AFFINE_GROUPS; g++) {
        float weight[AFFINE_WEIGHTS];
        importance(x + g * AFFINE_WEIGHTS, weight);
        scale[g] = ref_search_affine(AFFINE_WEIGHTS, largest, x + g * AFFINE_WEIGHTS, weight,
                                     trials, ret->codes + g * AFFINE_WEIGHTS, &min[g]);
    }
    uint8_t rounded_scale[AFFINE_GROUPS], rounded_min[AFFINE_GROUPS];
    ret->d = round_scales(scale, rounded_scale);
    ret->dmin = round_scales(min, rounded_min);
    ref_k_scales_pack(rounded_scale, rounded_min, ret->scales);

    const float d = ref_f16_to_f32(ret->d), dmin = ref_f16_to_f32(ret->dmin);
    for (int g = 0; g < AFFINE_GROUPS; g++)
        recode(x + g * AFFINE_WEIGHTS, d * (float)rounded_scale[g], dmin * (float)rounded_min[g],
               largest, ret->codes + g * AFFINE_WEIGHTS);
}

static void affine_dequantize(const struct affine *a, float ret_x[W])
{
    uint8_t scale[AFFINE_GROUPS], min[AFFINE_GROUPS];
    ref_k_scales_unpack(a->scales, scale, min);
    const float d = ref_f16_to_f32(a->d), dmin = ref_f16_to_f32(a->dmin);
    for (int i = 0; i < W; i++) {
        const int g = i / AFFINE_WEIGHTS;
        ret_x[i] = d * (float)scale[g] * (float)a->codes[i] - dmin * (float)min[g];
    }
}

/* Weight l of groups 2c and 2c + 1 share byte 32c + l. */
static void pack_group_nibbles(const uint8_t codes[W], uint8_t ret_qs[W / 2])
{
    for (int i = 0; i < W / 2; i++) {
        const uint8_t *pair = codes + i / 32 * 64 + i % 32;
        ret_qs[i] = (uint8_t)((pair[0] & 15) | (pair[32] & 15) << 4);
    }
}

static void unpack_group_nibbles(const uint8_t qs[W / 2], uint8_t ret_codes[W])
{
    for (int i = 0; i < W / 2; i++) {
        uint8_t *pair = ret_codes + i / 32 * 64 + i % 32;
        pair[0] = qs[i] & 15;
        pair[32] = qs[i] >> 4;
    }
}

static void q4_k_quantize_block(const float x[W], struct ref_q4_k *ret)
{
    static const struct ref_search_trials trials = {-1.0f, 0.1f, 20};
    struct affine a;
    affine_quantize(x, 15, &trials, &a);
    ret->d = a.d;
    ret->dmin = a.dmin;
    memcpy(ret->scales, a.scales, sizeof ret->scales);
    pack_group_nibbles(a.codes, ret->qs);
}

static void q4_k_dequantize_block(const struct ref_q4_k *block, float ret_x[W])
{
    struct affine a = {.d = block->d, .dmin = block->dmin};
    memcpy(a.scales, block->scales, sizeof a.scales);
    unpack_group_nibbles(block->qs, a.codes);
    affine_dequantize(&a, ret_x);
}

static void q5_k_quantize_block(const float x[W], struct ref_q5_k *ret)
{
    static const struct ref_search_trials trials = {-0.5f, 0.1f, 15};
    struct affine a;
    affine_quantize(x, 31, &trials, &a);
    ret->d = a.d;
    ret->dmin = a.dmin;
    memcpy(ret->scales, a.scales, sizeof ret->scales);
    pack_group_nibbles(a.codes, ret->qs);
    memset(ret->qh, 0, sizeof ret->qh);
    for (int i = 0; i < W; i++)
        ret->qh[i % 32] |= (uint8_t)((a.codes[i] >> 4 & 1) << (i / 32));
}

static void q5_k_dequantize_block(const struct ref_q5_k *block, float ret_x[W])
{
    struct affine a = {.d = block->d, .dmin = block->dmin};
    memcpy(a.scales, block->scales, sizeof a.scales);
    unpack_group_nibbles(block->qs, a.codes);
    for (int i = 0; i < W; i++)
        a.codes[i] |= (uint8_t)((block->qh[i % 32] >> (i / 32) & 1) << 4);
    affine_dequantize(&a, ret_x);
}

/* ---- Q6_K: 16 groups of 16 with a signed scale ---- */

enum { Q6_GROUPS = 16, Q6_WEIGHTS = 16, Q6_HALF = 32 };

/* Weight i of a super-block: nibble and pair of bits, by half h, quarter k of 32, and l. */
static void q6_k_pack(const uint8_t codes[W], struct ref_q6_k *ret)
{
    memset(ret->ql, 0, sizeof ret->ql);
    memset(ret->qh, 0, sizeof ret->qh);
    for (int i = 0; i < W; i++) {
        const int h = i / 128, k = i / 32 % 4, l = i % 32;
        ret->ql[64 * h + 32 * (k % 2) + l] |= (uint8_t)((codes[i] & 15) << (k / 2 * 4));
        ret->qh[32 * h + l] |= (uint8_t)((codes[i] >> 4 & 3) << (2 * k));
    }
}

static int q6_k_code(const struct ref_q6_k *block, int i)
{
    const int h = i / 128, k = i / 32 % 4, l = i % 32;
    const int low = block->ql[64 * h + 32 * (k % 2) + l] >> (k / 2 * 4) & 15;
    return low | (block->qh[32 * h + l] >> (2 * k) & 3) << 4;
}

/* The scale of largest magnitude, the first of equals; it becomes -128 whatever its sign. */
static float q6_k_search(const float x[W], float ret_scale[Q6_GROUPS], uint8_t ret_codes[W])
{
    float largest = 0.0f;
    for (int g = 0; g < Q6_GROUPS; g++) {
        ret_scale[g] = ref_search_symmetric(Q6_WEIGHTS, Q6_HALF, x + g * Q6_WEIGHTS,
                                            ret_codes + g * Q6_WEIGHTS);
        if (fabsf(ret_scale[g]) > fabsf(largest))
            largest = ret_scale[g];
    }
    return largest;
}

static void q6_k_quantize_block(const float x[W], struct ref_q6_k *ret)
{
    float scale[Q6_GROUPS];
    uint8_t codes[W];
    const float largest = q6_k_search(x, scale, codes);
    if (fabsf(largest) < REF_SEARCH_EPSILON) {
        memset(ret, 0, sizeof *ret);
        return;
    }
    const float inverse = -128.0f / largest;
    ret->d = ref_f16_from_f32(1.0f / inverse);
    const float d = ref_f16_to_f32(ret->d);
    for (int g = 0; g < Q6_GROUPS; g++) {
        const int rounded = ref_nearest_int(inverse * scale[g]);
        ret->scales[g] = (int8_t)(rounded < 127 ? rounded : 127);
        const float step = d * (float)ret->scales[g];
        for (int i = g * Q6_WEIGHTS; step != 0.0f && i < (g + 1) * Q6_WEIGHTS; i++)
            codes[i] =
                (uint8_t)(clamp(ref_nearest_int(x[i] / step), -Q6_HALF, Q6_HALF - 1) + Q6_HALF);
    }
    q6_k_pack(codes, ret);
}

static void q6_k_dequantize_block(const struct ref_q6_k *block, float ret_x[W])
{
    const float d = ref_f16_to_f32(block->d);
    for (int i = 0; i < W; i++)
        ret_x[i] =
            d * (float)block->scales[i / Q6_WEIGHTS] * (float)(q6_k_code(block, i) - Q6_HALF);
}

/* ---- rows: the same two functions for each format ---- */

#define ROWS_OF(format)                                                                            \
    enum err_code ref_##format##_quantize(const float *x, size_t n,                                \
                                          struct ref_##format *ret_blocks, struct err *why)        \
    {                                                                                              \
        const enum err_code rc = ref_row_check(x, n, W, REF_K_MAX, why);                           \
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

ROWS_OF(q4_k)
ROWS_OF(q5_k)
ROWS_OF(q6_k)

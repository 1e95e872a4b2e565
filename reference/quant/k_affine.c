#include "reference/quant/k_quants.h"

#include <math.h>
#include <string.h>

#include "reference/quant/codes.h"
#include "reference/quant/f16.h"
#include "reference/quant/important.h"
#include "reference/quant/row.h"
#include "reference/quant/search.h"
#include "reference/quant/unpack.h"

enum { W = REF_K_WEIGHTS };

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

/* ---- what the three share: groups with a scale and a minimum, both small integers ---- */

enum { GROUPS_MAX = 16 };

struct shape {
    int groups;        /* of 256 / groups weights */
    int largest;       /* code */
    int largest_scale; /* and minimum */
    struct ref_search_trials trials;
};

struct affine {
    uint16_t d, dmin;
    uint8_t scale[GROUPS_MAX], min[GROUPS_MAX];
    uint8_t codes[W];
};

/* Rounds values to 0..largest in units of the largest value over `largest`; returns that unit as a
 * half. */
static uint16_t round_scales(int n, const float *value, int largest, uint8_t *ret_rounded)
{
    float top = 0.0f;
    for (int g = 0; g < n; g++)
        top = value[g] > top ? value[g] : top;
    const float inverse = top > 0.0f ? (float)largest / top : 0.0f;
    for (int g = 0; g < n; g++) {
        const uint8_t rounded = (uint8_t)ref_nearest_int(inverse * value[g]);
        ret_rounded[g] = rounded < largest ? rounded : (uint8_t)largest;
    }
    return ref_f16_from_f32(top / (float)largest);
}

/* The codes that suit the rounded scales; those of the search stay where a scale is 0. */
static void recode(const float x[W], const struct shape *shape, struct affine *a)
{
    const float d = ref_f16_to_f32(a->d), dmin = ref_f16_to_f32(a->dmin);
    const int weights = W / shape->groups;
    for (int i = 0; i < W; i++) {
        const float scale = d * (float)a->scale[i / weights];
        const float min = dmin * (float)a->min[i / weights];
        if (scale != 0.0f)
            a->codes[i] =
                (uint8_t)ref_clamp(ref_nearest_int((x[i] + min) / scale), 0, shape->largest);
    }
}

static void affine_quantize(const float x[W], const float importance[W], const struct shape *shape,
                            struct affine *ret)
{
    float scale[GROUPS_MAX], min[GROUPS_MAX];
    const int weights = W / shape->groups;
    for (int g = 0; g < shape->groups; g++)
        scale[g] =
            ref_search_affine(weights, shape->largest, x + g * weights, importance + g * weights,
                              &shape->trials, ret->codes + g * weights, &min[g]);
    ret->d = round_scales(shape->groups, scale, shape->largest_scale, ret->scale);
    ret->dmin = round_scales(shape->groups, min, shape->largest_scale, ret->min);
    recode(x, shape, ret);
}

/* The same with importance weights: they choose the scales of the groups, and their sums the scales
 * of the scales. */
static void affine_important(const float x[W], const float importance[W], float sigma2,
                             const struct shape *shape, struct affine *ret)
{
    float weight[W], scale[GROUPS_MAX], min[GROUPS_MAX], sums[GROUPS_MAX];
    const int weights = W / shape->groups;
    ref_weigh(W, x, importance, sigma2, weight);
    for (int g = 0; g < shape->groups; g++) {
        const int at = g * weights;
        sums[g] = ref_sum(weights, weight + at);
        scale[g] = ref_search_affine(weights, shape->largest, x + at, weight + at,
                                     &ref_search_important, ret->codes + at, &min[g]);
    }
    ret->d = ref_f16_from_f32(
        ref_search_positive(shape->groups, shape->largest_scale, scale, sums, ret->scale));
    ret->dmin = ref_f16_from_f32(
        ref_search_positive(shape->groups, shape->largest_scale, min, sums, ret->min));
    recode(x, shape, ret);
}

static void affine_weights(int groups, uint16_t half_d, uint16_t half_dmin, const uint8_t *scale,
                           const uint8_t *min, const int8_t codes[W], float ret_x[W])
{
    const float d = ref_f16_to_f32(half_d), dmin = ref_f16_to_f32(half_dmin);
    const int weights = W / groups;
    for (int g = 0; g < groups; g++) {
        const float step = d * (float)scale[g], low = dmin * (float)min[g];
        for (int i = g * weights; i < (g + 1) * weights; i++)
            ret_x[i] = step * (float)codes[i] - low;
    }
}

/* ---- Q2_K: 16 groups of 16, scale and minimum of 4 bits ---- */

static void q2_k_pack(const struct affine *a, struct ref_q2_k *ret)
{
    ret->d = a->d;
    ret->dmin = a->dmin;
    for (int g = 0; g < 16; g++)
        ret->scales[g] = (uint8_t)((a->scale[g] & 15) | (a->min[g] & 15) << 4);
    ref_pack_pairs(a->codes, ret->qs);
}

static const struct shape q2_k = {16, 3, 15, {-0.5f, 0.1f, 15, true}};

static void q2_k_quantize_block(const float x[W], struct ref_q2_k *ret)
{
    struct affine a;
    float importance[W];
    for (int i = 0; i < W; i++)
        importance[i] = fabsf(x[i]);
    affine_quantize(x, importance, &q2_k, &a);
    q2_k_pack(&a, ret);
}

void ref_q2_k_important(const float x[W], const float importance[W], struct ref_q2_k *ret)
{
    struct affine a;
    affine_important(x, importance, ref_mean_square(W, x), &q2_k, &a);
    q2_k_pack(&a, ret);
}

static void q2_k_dequantize_block(const struct ref_q2_k *block, float ret_x[W])
{
    uint8_t scale[16], min[16];
    int8_t codes[W];
    for (int g = 0; g < 16; g++) {
        scale[g] = block->scales[g] & 15;
        min[g] = block->scales[g] >> 4;
    }
    ref_q2_k_unpack(block, codes);
    affine_weights(16, block->d, block->dmin, scale, min, codes, ret_x);
}

/* ---- Q4_K and Q5_K: 8 groups of 32, scale and minimum of 6 bits ---- */

/* Large weights matter more, and the group's mean square keeps small ones from not counting. */
static void importance_by_group(const float x[W], float ret_importance[W])
{
    for (int g = 0; g < W; g += 32) {
        float sum = 0.0f;
        for (int i = g; i < g + 32; i++)
            sum += x[i] * x[i];
        const float root = sqrtf(sum / 32.0f);
        for (int i = g; i < g + 32; i++)
            ret_importance[i] = root + fabsf(x[i]);
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

static void q4_k_pack(const struct affine *a, struct ref_q4_k *ret)
{
    ret->d = a->d;
    ret->dmin = a->dmin;
    ref_k_scales_pack(a->scale, a->min, ret->scales);
    pack_group_nibbles(a->codes, ret->qs);
}

static void q5_k_pack(const struct affine *a, struct ref_q5_k *ret)
{
    ret->d = a->d;
    ret->dmin = a->dmin;
    ref_k_scales_pack(a->scale, a->min, ret->scales);
    pack_group_nibbles(a->codes, ret->qs);
    memset(ret->qh, 0, sizeof ret->qh);
    for (int i = 0; i < W; i++)
        ret->qh[i % 32] |= (uint8_t)((a->codes[i] >> 4 & 1) << (i / 32));
}

static const struct shape q4_k = {8, 15, 63, {-1.0f, 0.1f, 20, false}};
static const struct shape q5_k = {8, 31, 63, {-0.5f, 0.1f, 15, false}};

static void q4_k_quantize_block(const float x[W], struct ref_q4_k *ret)
{
    struct affine a;
    float importance[W];
    importance_by_group(x, importance);
    affine_quantize(x, importance, &q4_k, &a);
    q4_k_pack(&a, ret);
}

static void q5_k_quantize_block(const float x[W], struct ref_q5_k *ret)
{
    struct affine a;
    float importance[W];
    importance_by_group(x, importance);
    affine_quantize(x, importance, &q5_k, &a);
    q5_k_pack(&a, ret);
}

void ref_q4_k_important(const float x[W], const float importance[W], struct ref_q4_k *ret)
{
    struct affine a;
    affine_important(x, importance, 2.0f * ref_mean_square(W, x), &q4_k, &a);
    q4_k_pack(&a, ret);
}

void ref_q5_k_important(const float x[W], const float importance[W], struct ref_q5_k *ret)
{
    struct affine a;
    affine_important(x, importance, 2.0f * ref_mean_square(W, x), &q5_k, &a);
    q5_k_pack(&a, ret);
}

static void q4_k_dequantize_block(const struct ref_q4_k *block, float ret_x[W])
{
    uint8_t scale[8], min[8];
    int8_t codes[W];
    ref_k_scales_unpack(block->scales, scale, min);
    ref_q4_k_unpack(block, codes);
    affine_weights(8, block->d, block->dmin, scale, min, codes, ret_x);
}

static void q5_k_dequantize_block(const struct ref_q5_k *block, float ret_x[W])
{
    uint8_t scale[8], min[8];
    int8_t codes[W];
    ref_k_scales_unpack(block->scales, scale, min);
    ref_q5_k_unpack(block, codes);
    affine_weights(8, block->d, block->dmin, scale, min, codes, ret_x);
}

REF_ROWS_OF(q2_k, W, REF_K_MAX)
REF_ROWS_OF(q4_k, W, REF_K_MAX)
REF_ROWS_OF(q5_k, W, REF_K_MAX)

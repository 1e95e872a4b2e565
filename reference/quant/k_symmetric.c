#include "reference/quant/k_quants.h"

#include <float.h>
#include <math.h>
#include <string.h>

#include "reference/quant/codes.h"
#include "reference/quant/f16.h"
#include "reference/quant/important.h"
#include "reference/quant/row.h"
#include "reference/quant/search.h"
#include "reference/quant/unpack.h"

enum { W = REF_K_WEIGHTS, GROUPS = 16, G = W / GROUPS };

/* The scale of largest magnitude, the first of equals, becomes the most negative integer, whatever
 * its sign. Rounds to low..-low-1. */
static float round_scales(const float scale[GROUPS], int low, int8_t ret_rounded[GROUPS])
{
    const float inverse = (float)low / ref_first_largest(GROUPS, scale);
    for (int g = 0; g < GROUPS; g++)
        ret_rounded[g] = (int8_t)ref_clamp(ref_nearest_int(inverse * scale[g]), low, -low - 1);
    return 1.0f / inverse;
}

/* The codes that suit the rounded scales; those of the search stay where a scale is 0. */
static void recode(const float x[W], float d, const int8_t scale[GROUPS], int half,
                   uint8_t codes[W])
{
    for (int i = 0; i < W; i++) {
        const float step = d * (float)scale[i / G];
        if (step != 0.0f)
            codes[i] = (uint8_t)(ref_clamp(ref_nearest_int(x[i] / step), -half, half - 1) + half);
    }
}

static void symmetric_weights(uint16_t half_d, const int8_t scale[GROUPS], const int8_t codes[W],
                              float ret_x[W])
{
    const float d = ref_f16_to_f32(half_d);
    for (int g = 0; g < GROUPS; g++) {
        const float step = d * (float)scale[g];
        for (int i = 0; i < G; i++)
            ret_x[g * G + i] = step * (float)codes[g * G + i];
    }
}

/* ---- Q3_K: scales of 6 bits ---- */

static void q3_k_pack(const int8_t scale[GROUPS], const uint8_t codes[W], struct ref_q3_k *ret)
{
    memset(ret->scales, 0, sizeof ret->scales);
    for (int g = 0; g < GROUPS; g++) {
        const int bits = scale[g] + 32;
        ret->scales[g % 8] |= (uint8_t)((bits & 15) << (g / 8 * 4));
        ret->scales[8 + g % 4] |= (uint8_t)(bits >> 4 << (g / 4 * 2));
    }
    memset(ret->hmask, 0, sizeof ret->hmask);
    for (int i = 0; i < W; i++)
        ret->hmask[i % 32] |= (uint8_t)(codes[i] >> 2 << (i / 32));
    ref_pack_pairs(codes, ret->qs);
}

static void q3_k_quantize_block(const float x[W], struct ref_q3_k *ret)
{
    float scale[GROUPS];
    int8_t rounded[GROUPS];
    uint8_t codes[W];
    for (int g = 0; g < GROUPS; g++)
        scale[g] = ref_search_by_moves(G, 4, x + g * G, codes + g * G);
    if (ref_first_largest(GROUPS, scale) != 0.0f) {
        ret->d = ref_f16_from_f32(round_scales(scale, -32, rounded));
    } else {
        ret->d = 0;
        memset(rounded, -32, sizeof rounded); /* so that a zero block is zero bytes */
    }
    recode(x, ref_f16_to_f32(ret->d), rounded, 4, codes);
    q3_k_pack(rounded, codes, ret);
}

/* The scales are rounded by a search of their own, weighted by the sums of their groups. */
void ref_q3_k_important(const float x[W], const float importance[W], struct ref_q3_k *ret)
{
    float weight[W], scale[GROUPS], sums[GROUPS];
    uint8_t codes[W], bits[GROUPS];
    int8_t rounded[GROUPS];
    ref_weigh(W, x, importance, 2.0f * ref_mean_square(W, x), weight);
    for (int g = 0; g < GROUPS; g++) {
        sums[g] = ref_sum(G, weight + g * G);
        scale[g] = ref_search_symmetric(G, 4, x + g * G, weight + g * G, codes + g * G);
    }
    ret->d = ref_f16_from_f32(ref_search_symmetric(GROUPS, 32, scale, sums, bits));
    for (int g = 0; g < GROUPS; g++)
        rounded[g] = (int8_t)(bits[g] - 32);
    recode(x, ref_f16_to_f32(ret->d), rounded, 4, codes);
    q3_k_pack(rounded, codes, ret);
}

static void q3_k_dequantize_block(const struct ref_q3_k *block, float ret_x[W])
{
    int8_t scale[GROUPS], codes[W];
    ref_q3_k_scales(block, scale);
    ref_q3_k_unpack(block, codes);
    symmetric_weights(block->d, scale, codes, ret_x);
}

/* ---- Q6_K: scales of 8 bits ---- */

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

/* `weight`: what an error counts, NULL for x^2. */
static void q6_k_search(const float x[W], const float *weight, struct ref_q6_k *ret)
{
    float scale[GROUPS];
    uint8_t codes[W];
    for (int g = 0; g < GROUPS; g++)
        scale[g] =
            ref_search_symmetric(G, 32, x + g * G, weight ? weight + g * G : NULL, codes + g * G);
    if (fabsf(ref_first_largest(GROUPS, scale)) < REF_SEARCH_EPSILON) {
        memset(ret, 0, sizeof *ret);
        return;
    }
    ret->d = ref_f16_from_f32(round_scales(scale, -128, ret->scales));
    recode(x, ref_f16_to_f32(ret->d), ret->scales, 32, codes);
    q6_k_pack(codes, ret);
}

static void q6_k_quantize_block(const float x[W], struct ref_q6_k *ret)
{
    q6_k_search(x, NULL, ret);
}

void ref_q6_k_important(const float x[W], const float importance[W], struct ref_q6_k *ret)
{
    q6_k_search(x, importance, ret);
}

static void q6_k_dequantize_block(const struct ref_q6_k *block, float ret_x[W])
{
    int8_t codes[W];
    ref_q6_k_unpack(block, codes);
    symmetric_weights(block->d, block->scales, codes, ret_x);
}

/* ---- Q8_K ---- */

static void q8_k_quantize_block(const float x[W], struct ref_q8_k *ret)
{
    const float inverse = -127.0f / ref_first_largest(W, x);
    if (isinf(inverse)) { /* nothing but zeros, or weights too small for a scale */
        memset(ret, 0, sizeof *ret);
        return;
    }
    ret->d = 1.0f / inverse;
    for (int i = 0; i < W; i++)
        ret->q[i] = (int8_t)ref_clamp(ref_nearest_int(inverse * x[i]), -128, 127);
    for (int g = 0; g < GROUPS; g++) {
        int sum = 0;
        for (int i = 0; i < G; i++)
            sum += ret->q[g * G + i];
        ret->sums[g] = (int16_t)sum;
    }
}

static void q8_k_dequantize_block(const struct ref_q8_k *block, float ret_x[W])
{
    for (int i = 0; i < W; i++)
        ret_x[i] = block->d * (float)block->q[i];
}

REF_ROWS_OF(q3_k, W, REF_K_MAX)
REF_ROWS_OF(q6_k, W, REF_K_MAX)
REF_ROWS_OF(q8_k, W, FLT_MAX)

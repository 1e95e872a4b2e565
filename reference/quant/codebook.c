#include "reference/quant/codebook.h"

#include <math.h>
#include <string.h>

#include "reference/quant/codes.h"
#include "reference/quant/f16.h"
#include "reference/quant/row.h"
#include "reference/quant/search.h"
#include "reference/quant/unpack.h"

const int8_t ref_iq4_values[16] = {-127, -104, -83, -65, -49, -35, -22, -10,
                                   1,    13,   25,  38,  53,  69,  89,  113};
const int8_t ref_mxfp4_values[16] = {0, 1, 2, 3, 4, 6, 8, 12, 0, -1, -2, -3, -4, -6, -8, -12};

/* ---- IQ4_NL and IQ4_XS ---- */

/* The index of the nearest value, the larger of two that are equally near. Twice the midpoints are
 * integers, so that no comparison rounds. */
static uint8_t nearest_index(float x)
{
    int low = 0;
    for (int step = 8; step > 0; step /= 2) {
        const int i = low + step;
        low = x + x >= (float)(ref_iq4_values[i - 1] + ref_iq4_values[i]) ? i : low;
    }
    return (uint8_t)low;
}

/* For a trial scale: sums of weight * value * x and weight * value^2. */
struct products {
    float qx, q2;
};

static struct products try_scale(const float x[32], const float weight[32], float inverse)
{
    struct products sum = {0.0f, 0.0f};
    for (int i = 0; i < 32; i++) {
        const float q = (float)ref_iq4_values[nearest_index(inverse * x[i])];
        sum.qx += weight[i] * q * x[i];
        sum.q2 += weight[i] * q * q;
    }
    return sum;
}

/* The scale of a group of 32. The first trial maps the largest weight to -127, or to 127 when more
 * are to come. */
static float search_group(const float x[32], const float weight[32], int tries)
{
    const float largest = ref_first_largest(32, x), end = (float)ref_iq4_values[0];
    if (fabsf(largest) < REF_SEARCH_EPSILON)
        return 0.0f;
    const float first = tries > 0 ? -largest / end : largest / end;
    struct products sum = try_scale(x, weight, 1.0f / first);
    float scale = sum.q2 > 0.0f ? sum.qx / sum.q2 : 0.0f;
    float best = scale * sum.qx;
    for (int t = -tries; t <= tries; t++) {
        sum = try_scale(x, weight, ((float)t + end) / largest);
        if (sum.q2 > 0.0f && sum.qx * sum.qx > best * sum.q2) {
            scale = sum.qx / sum.q2;
            best = scale * sum.qx;
        }
    }
    return scale;
}

/* Weights of the search: x^2, or the importance times a root that keeps small weights in. */
static void search_weights(int n, const float *x, const float *importance, float *ret_weight)
{
    float sigma2 = 0.0f;
    for (int i = 0; i < n; i++)
        sigma2 += x[i] * x[i];
    sigma2 *= 2.0f / (float)n;
    for (int i = 0; i < n; i++)
        ret_weight[i] = importance ? importance[i] * sqrtf(sigma2 + x[i] * x[i]) : x[i] * x[i];
}

static void codes_of(const float x[32], float inverse, uint8_t ret_codes[32])
{
    for (int i = 0; i < 32; i++)
        ret_codes[i] = nearest_index(inverse * x[i]);
}

void ref_iq4_nl_search(const float x[32], const float *importance, int tries,
                       struct ref_iq4_nl *ret)
{
    float weight[32];
    uint8_t codes[32] = {0};
    search_weights(32, x, importance, weight);
    const float scale = search_group(x, weight, tries);
    const float largest = ref_first_largest(32, x);
    ret->d = ref_f16_from_f32(scale);
    if (tries > 0) /* the codes that suit the scale found; alone, the first trial's stay */
        codes_of(x, scale != 0.0f ? 1.0f / scale : 0.0f, codes);
    else if (fabsf(largest) >= REF_SEARCH_EPSILON)
        codes_of(x, 1.0f / (largest / (float)ref_iq4_values[0]), codes);
    ref_pack_nibbles(codes, ret->qs);
}

/* Rounds the scales to -32..31, the one of largest magnitude to -32; returns their unit. */
static float round_scales(const float scale[8], int8_t ret_rounded[8])
{
    const float d = -ref_first_largest(8, scale) / 32.0f;
    const float inverse = d != 0.0f ? 1.0f / d : 0.0f;
    for (int g = 0; g < 8; g++)
        ret_rounded[g] = (int8_t)ref_clamp(ref_nearest_int(inverse * scale[g]), -32, 31);
    return d;
}

void ref_iq4_xs_search(const float x[256], const float *importance, int tries,
                       struct ref_iq4_xs *ret)
{
    float weight[256], scale[8];
    int8_t rounded[8];
    search_weights(256, x, importance, weight);
    for (int g = 0; g < 8; g++)
        scale[g] = search_group(x + 32 * g, weight + 32 * g, tries);
    const float d = round_scales(scale, rounded);
    memset(ret, 0, sizeof *ret);
    ret->d = ref_f16_from_f32(d);
    for (int g = 0; g < 8; g++) {
        uint8_t codes[32];
        const float step = d * (float)rounded[g]; /* of the unrounded d, unlike the K-quants */
        codes_of(x + 32 * g, step != 0.0f ? 1.0f / step : 0.0f, codes);
        ref_pack_nibbles(codes, ret->qs + 16 * g);
        const int bits = rounded[g] + 32;
        ret->scales_l[g / 2] |= (uint8_t)((bits & 15) << (4 * (g % 2)));
        ret->scales_h |= (uint16_t)(bits >> 4 << (2 * g));
    }
}

static void iq4_nl_quantize_block(const float x[32], struct ref_iq4_nl *ret)
{
    ref_iq4_nl_search(x, NULL, -1, ret);
}

static void iq4_nl_dequantize_block(const struct ref_iq4_nl *block, float ret_x[32])
{
    int8_t values[32];
    ref_iq4_nl_unpack(block, values);
    const float d = ref_f16_to_f32(block->d);
    for (int i = 0; i < 32; i++)
        ret_x[i] = d * (float)values[i];
}

static void iq4_xs_quantize_block(const float x[256], struct ref_iq4_xs *ret)
{
    ref_iq4_xs_search(x, NULL, REF_IQ4_TRIES, ret);
}

static void iq4_xs_dequantize_block(const struct ref_iq4_xs *block, float ret_x[256])
{
    int8_t values[256], scale[8];
    ref_iq4_xs_unpack(block, values);
    ref_iq4_xs_scales(block, scale);
    const float d = ref_f16_to_f32(block->d);
    for (int g = 0; g < 8; g++) {
        const float step = d * (float)scale[g];
        for (int i = 32 * g; i < 32 * g + 32; i++)
            ret_x[i] = step * (float)values[i];
    }
}

/* ---- MXFP4 ---- */

float ref_mxfp4_scale(uint8_t e)
{
    return ldexpf(1.0f, e - 128);
}

/* The first of the values that are nearest. */
static uint8_t nearest_mxfp4(float x, float scale)
{
    int best = 0;
    float best_miss = fabsf((float)ref_mxfp4_values[0] * scale - x);
    for (int i = 1; i < 16; i++) {
        const float miss = fabsf((float)ref_mxfp4_values[i] * scale - x);
        if (miss < best_miss) {
            best_miss = miss;
            best = i;
        }
    }
    return (uint8_t)best;
}

static void mxfp4_quantize_block(const float x[32], struct ref_mxfp4 *ret)
{
    uint8_t codes[32];
    const float largest = fabsf(ref_first_largest(32, x));
    const float e = largest > 0.0f ? floorf(log2f(largest)) - 2.0f + 127.0f : 0.0f;
    ret->e = e > 0.0f ? (uint8_t)e : 0;
    const float scale = ref_mxfp4_scale(ret->e);
    for (int i = 0; i < 32; i++)
        codes[i] = nearest_mxfp4(x[i], scale);
    ref_pack_nibbles(codes, ret->qs);
}

static void mxfp4_dequantize_block(const struct ref_mxfp4 *block, float ret_x[32])
{
    int8_t values[32];
    ref_mxfp4_unpack(block, values);
    const float scale = ref_mxfp4_scale(block->e);
    for (int i = 0; i < 32; i++)
        ret_x[i] = (float)values[i] * scale;
}

REF_ROWS_OF(iq4_nl, 32, REF_IQ4_MAX)
REF_ROWS_OF(iq4_xs, 256, REF_IQ4_MAX)
REF_ROWS_OF(mxfp4, 32, REF_MXFP4_MAX)

#include "reference/quant/ternary.h"

#include <math.h>

#include "reference/quant/codes.h"
#include "reference/quant/f16.h"
#include "reference/quant/row.h"
#include "reference/quant/unpack.h"

enum { W = REF_TERNARY_WEIGHTS };

/* 0, 1, 2 for the weights near -d, 0, d; halves go away from zero. Returns d as a half. */
static uint16_t ternary_codes(const float x[W], uint8_t ret_codes[W])
{
    const float d = fabsf(ref_first_largest(W, x));
    const float inverse = ref_inverse(d);
    for (int i = 0; i < W; i++)
        ret_codes[i] = (uint8_t)(1 + (int)roundf(x[i] * inverse));
    return ref_f16_from_f32(d);
}

static void ternary_weights(const int8_t codes[W], uint16_t d, float ret_x[W])
{
    const float step = ref_f16_to_f32(d);
    for (int i = 0; i < W; i++)
        ret_x[i] = (float)codes[i] * step;
}

/* Digits of the weights codes[0], codes[stride], ..., the first one the most significant, as a
 * fraction of 256 rounded up. Digits that are missing are zeros. */
static uint8_t trits(const uint8_t *codes, int stride, int digits)
{
    unsigned v = 0;
    for (int n = 0; n < 5; n++)
        v = v * 3 + (n < digits ? codes[n * stride] : 0);
    return (uint8_t)((v * 256 + 242) / 243);
}

static void tq1_0_quantize_block(const float x[W], struct ref_tq1_0 *ret)
{
    uint8_t codes[W];
    ret->d = ternary_codes(x, codes);
    for (int l = 0; l < 32; l++)
        ret->qs[l] = trits(codes + l, 32, 5);
    for (int l = 0; l < 16; l++)
        ret->qs[32 + l] = trits(codes + 160 + l, 16, 5);
    for (int l = 0; l < 4; l++)
        ret->qh[l] = trits(codes + 240 + l, 4, 4);
}

static void tq1_0_dequantize_block(const struct ref_tq1_0 *block, float ret_x[W])
{
    int8_t codes[W];
    ref_tq1_0_unpack(block, codes);
    ternary_weights(codes, block->d, ret_x);
}

static void tq2_0_quantize_block(const float x[W], struct ref_tq2_0 *ret)
{
    uint8_t codes[W];
    ret->d = ternary_codes(x, codes);
    ref_pack_pairs(codes, ret->qs);
}

static void tq2_0_dequantize_block(const struct ref_tq2_0 *block, float ret_x[W])
{
    int8_t codes[W];
    ref_tq2_0_unpack(block, codes);
    ternary_weights(codes, block->d, ret_x);
}

REF_ROWS_OF(tq1_0, W, REF_TERNARY_MAX)
REF_ROWS_OF(tq2_0, W, REF_TERNARY_MAX)

#include <assert.h>
#include <math.h>
#include <string.h>

#include "base/bytes.h"
#include "check_formats.h"
#include "reference/quant/f16.h"
#include "reference/quant/k_quants.h"

const uint32_t legacy_types[N_LEGACY] = {REF_Q4_0, REF_Q4_1, REF_Q5_0, REF_Q5_1, REF_Q8_0};

/* ---- the reference, without errors to handle ---- */

size_t row_bytes(uint32_t type, size_t n)
{
    size_t bytes = 0;
    const enum err_code rc = ref_quant_row_bytes(type, n, &bytes, NULL);
    assert(rc == OK);
    (void)rc;
    return bytes;
}

const char *type_name(uint32_t type)
{
    return ref_quant_find(type)->name;
}

void truth_dequantize(uint32_t type, const void *row, float *ret_x, size_t n)
{
    const enum err_code rc = ref_quant_dequantize(type, row, n, ret_x, NULL);
    assert(rc == OK);
    (void)rc;
}

void truth_quantize(uint32_t type, const float *x, void *ret_row, size_t n)
{
    const enum err_code rc = ref_quant_quantize(type, x, n, ret_row, NULL);
    assert(rc == OK);
    (void)rc;
}

void canonical_zeros(float *x, size_t n)
{
    for (size_t i = 0; i < n; i++)
        x[i] += 0.0f; /* -0 + +0 is +0, everything else stays */
}

/* ---- weights ---- */

const char *weights_name(enum weights_kind kind)
{
    static const char *const names[WEIGHTS_KINDS] = {
        [WEIGHTS_NORMAL] = "normal",     [WEIGHTS_UNIFORM] = "uniform",
        [WEIGHTS_INTEGERS] = "integers", [WEIGHTS_TIES] = "halves that tie",
        [WEIGHTS_LAPLACE] = "Laplace",   [WEIGHTS_OUTLIERS] = "normal with outliers",
    };
    return names[kind];
}

static double normal(lab_rng *rng)
{
    const double radius = sqrt(-2.0 * log(1.0 - lab_u53(rng)));
    return radius * cos(6.283185307179586 * lab_u53(rng));
}

static double laplace(lab_rng *rng)
{
    const double magnitude = -log(1.0 - lab_u53(rng));
    return lab_u32(rng) & 1 ? magnitude : -magnitude;
}

/* Two kinds of blocks. Even ones: the largest is 127, d of Q8_0 is 1. Odd ones: from -8 to 7, so
 * that d is 1 in Q4_0 and Q4_1 and 1/2 in Q5_0. All others are whole numbers and halves. */
static float tie(lab_rng *rng, size_t i)
{
    const int sign = lab_u32(rng) & 1 ? 1 : -1;
    if (i / 32 % 2 == 0)
        return i % 32 == 5 ? 127.0f : (float)(sign * (int)(lab_u32(rng) % 253)) / 2.0f;
    return i % 32 == 5 ? -8.0f : i % 32 == 9 ? 7.0f : (float)((int)(lab_u32(rng) % 31) - 16) / 2.0f;
}

static double weight(lab_rng *rng, enum weights_kind kind, size_t i)
{
    switch (kind) {
    case WEIGHTS_NORMAL:
        return normal(rng);
    case WEIGHTS_UNIFORM:
        return 2.0 * lab_u53(rng) - 1.0;
    case WEIGHTS_INTEGERS:
        return (double)(lab_u32(rng) % 201) - 100.0;
    case WEIGHTS_TIES:
        return (double)tie(rng, i);
    case WEIGHTS_LAPLACE:
        return laplace(rng);
    case WEIGHTS_OUTLIERS:
        return lab_u32(rng) % 64 == 0 ? 4.0 * normal(rng) : normal(rng);
    case WEIGHTS_KINDS:
        break;
    }
    assert(0 && "no such kind of weights");
    return 0.0;
}

void fill_weights(lab_rng *rng, enum weights_kind kind, float *ret_x, size_t n)
{
    for (size_t i = 0; i < n; i++)
        ret_x[i] = (float)weight(rng, kind, i);
    canonical_zeros(ret_x, n);
}

/* ---- rows ---- */

static uint16_t scale(lab_rng *rng, enum scales_kind kind)
{
    const uint16_t random = (uint16_t)lab_u32(rng);
    switch (kind) {
    case SCALES_ANY: /* an exponent of 31 would be infinity or NaN */
        return (random >> 10 & 31) == 31 ? random & 0xbfff : random;
    case SCALES_SUBNORMAL:
        return random % 8 == 0 ? random & 0x8000 : random & 0x83ff;
    case SCALES_ORDINARY:
        return (uint16_t)((7 + (random >> 10) % 8) << 10 | (random & 0x3ff));
    }
    return 0;
}

/* The scales' places in a block: one, or two in a row. */
static size_t scales_of(uint32_t type, int *ret_count)
{
    *ret_count =
        type == REF_Q4_1 || type == REF_Q5_1 || type == REF_Q4_K || type == REF_Q5_K ? 2 : 1;
    return type == REF_Q6_K ? offsetof(struct ref_q6_k, d) : 0;
}

/* Four bytes a draw: the timed cases fill megabytes. */
static void random_bytes(lab_rng *rng, uint8_t *ret, size_t n)
{
    for (size_t i = 0; i < n; i += 4) {
        uint8_t four[4];
        wr_u32le(four, lab_u32(rng));
        memcpy(ret + i, four, n - i < 4 ? n - i : 4);
    }
}

static void fill_block(lab_rng *rng, uint32_t type, enum scales_kind kind, uint8_t *ret_block)
{
    int count;
    const size_t at = scales_of(type, &count);
    random_bytes(rng, ret_block, ref_quant_find(type)->bytes);
    for (int i = 0; i < count; i++)
        wr_u16le(ret_block + at + 2 * i, scale(rng, kind));
    /* Signed group scales make zeros of either sign, which conversions would carry on. */
    if (type == REF_Q6_K && kind == SCALES_ORDINARY)
        for (int g = 0; g < 16; g++)
            ret_block[offsetof(struct ref_q6_k, scales) + (size_t)g] &= 0x7f;
}

void fill_row(lab_rng *rng, uint32_t type, enum scales_kind kind, uint8_t *ret_row, size_t n)
{
    const struct ref_quant_type *t = ref_quant_find(type);
    for (size_t b = 0; b < n / t->weights; b++) {
        const float x = type == REF_F32 || type == REF_F16 ? tie(rng, b) + 0.0f : 0.0f;
        if (type == REF_F32)
            wr_f32le(ret_row + 4 * b, x);
        else if (type == REF_F16)
            wr_u16le(ret_row + 2 * b, ref_f16_from_f32(x));
        else
            fill_block(rng, type, kind, ret_row + b * t->bytes);
    }
}

size_t last_of(size_t made, int64_t wanted)
{
    return (size_t)wanted < made ? (size_t)wanted : made;
}

void plain_scales(uint32_t type, uint8_t *row, size_t n)
{
    static const uint16_t one_and_no_minimum[2] = {0x3c00, 0};
    const struct ref_quant_type *t = ref_quant_find(type);
    int count;
    const size_t at = scales_of(type, &count);
    for (size_t b = 0; b < n / t->weights; b++)
        for (int i = 0; i < count; i++)
            wr_u16le(row + b * t->bytes + at + 2 * i, one_and_no_minimum[i]);
}

void keep_codes(uint32_t type, uint8_t *row, size_t n, size_t keep)
{
    const struct ref_quant_type *t = ref_quant_find(type);
    int count;
    const size_t at = scales_of(type, &count), end = at + 2 * (size_t)count;
    for (size_t i = 0; i < n / t->weights * t->bytes; i++) {
        const size_t byte = i % t->bytes;
        if (byte >= keep && (byte < at || byte >= end))
            row[i] = 0;
    }
}

void fill_all_scales(lab_rng *rng, uint32_t type, uint8_t *ret_row)
{
    const size_t bytes = ref_quant_find(type)->bytes;
    fill_row(rng, type, SCALES_ORDINARY, ret_row, 64 * REF_K_WEIGHTS);
    for (unsigned b = 0; b < 64; b++) {
        uint8_t scales[8], mins[8];
        for (unsigned g = 0; g < 8; g++) { /* odd factors: b runs through all residues of 64 */
            scales[g] = (uint8_t)((b + 9 * g) & 63);
            mins[g] = (uint8_t)((5 * b + 23 * g + 7) & 63);
        }
        ref_k_scales_pack(scales, mins, ret_row + b * bytes + 4);
    }
}

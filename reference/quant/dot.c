#include "reference/quant/dot.h"

#include "reference/quant/f16.h"
#include "reference/quant/kernels.h"
#include "reference/quant/quant.h"
#include "reference/quant/rungs.h"
#include "reference/quant/unpack.h"

static int products(const int8_t *x, const int8_t *y, int n)
{
    int sum = 0;
    for (int i = 0; i < n; i++)
        sum += x[i] * y[i];
    return sum;
}

/* ---- blocks of 32 with Q8_0: the products of the scales are written as ggml rounds them ---- */

float ref_q4_0_dot_scalar(const void *row, const void *activations, size_t n)
{
    const struct ref_q4_0 *x = row;
    const struct ref_q8_0 *y = activations;
    float sum = 0.0f;
    for (size_t b = 0; b < n / 32; b++) {
        int8_t codes[32];
        ref_q4_0_unpack(&x[b], codes);
        sum += (float)products(codes, y[b].q, 32) * ref_f16_to_f32(x[b].d) * ref_f16_to_f32(y[b].d);
    }
    return sum;
}

float ref_q5_0_dot_scalar(const void *row, const void *activations, size_t n)
{
    const struct ref_q5_0 *x = row;
    const struct ref_q8_0 *y = activations;
    float sum = 0.0f;
    for (size_t b = 0; b < n / 32; b++) {
        int8_t codes[32];
        ref_q5_0_unpack(&x[b], codes);
        sum += ref_f16_to_f32(x[b].d) * ref_f16_to_f32(y[b].d) * (float)products(codes, y[b].q, 32);
    }
    return sum;
}

float ref_q8_0_dot_scalar(const void *row, const void *activations, size_t n)
{
    const struct ref_q8_0 *x = row, *y = activations;
    float sum = 0.0f;
    for (size_t b = 0; b < n / 32; b++)
        sum +=
            (float)products(x[b].q, y[b].q, 32) * (ref_f16_to_f32(x[b].d) * ref_f16_to_f32(y[b].d));
    return sum;
}

float ref_iq4_nl_dot_scalar(const void *row, const void *activations, size_t n)
{
    const struct ref_iq4_nl *x = row;
    const struct ref_q8_0 *y = activations;
    float sum = 0.0f;
    for (size_t b = 0; b < n / 32; b++) {
        int8_t values[32];
        ref_iq4_nl_unpack(&x[b], values);
        sum +=
            ref_f16_to_f32(y[b].d) * ref_f16_to_f32(x[b].d) * (float)products(values, y[b].q, 32);
    }
    return sum;
}

float ref_mxfp4_dot_scalar(const void *row, const void *activations, size_t n)
{
    const struct ref_mxfp4 *x = row;
    const struct ref_q8_0 *y = activations;
    float sum = 0.0f;
    for (size_t b = 0; b < n / 32; b++) {
        int8_t values[32];
        ref_mxfp4_unpack(&x[b], values);
        sum +=
            ref_f16_to_f32(y[b].d) * ref_mxfp4_scale(x[b].e) * (float)products(values, y[b].q, 32);
    }
    return sum;
}

/* ---- blocks of 32 with Q8_1 ---- */

static float affine_term(uint16_t dx, uint16_t mx, const int8_t codes[32], const struct ref_q8_1 *y)
{
    return ref_f16_to_f32(dx) * ref_f16_to_f32(y->d) * (float)products(codes, y->q, 32) +
           ref_f16_to_f32(mx) * ref_f16_to_f32(y->s);
}

float ref_q4_1_dot_scalar(const void *row, const void *activations, size_t n)
{
    const struct ref_q4_1 *x = row;
    const struct ref_q8_1 *y = activations;
    float sum = 0.0f;
    for (size_t b = 0; b < n / 32; b++) {
        int8_t codes[32];
        ref_q4_1_unpack(&x[b], codes);
        sum += affine_term(x[b].d, x[b].m, codes, &y[b]);
    }
    return sum;
}

float ref_q5_1_dot_scalar(const void *row, const void *activations, size_t n)
{
    const struct ref_q5_1 *x = row;
    const struct ref_q8_1 *y = activations;
    float sum = 0.0f;
    for (size_t b = 0; b < n / 32; b++) {
        int8_t codes[32];
        ref_q5_1_unpack(&x[b], codes);
        sum += affine_term(x[b].d, x[b].m, codes, &y[b]);
    }
    return sum;
}

/* ---- super-blocks with Q8_K ---- */

float ref_q2_k_dot_scalar(const void *row, const void *activations, size_t n)
{
    const struct ref_q2_k *x = row;
    const struct ref_q8_k *y = activations;
    float sum = 0.0f;
    for (size_t b = 0; b < n / 256; b++) {
        int8_t codes[256];
        int scaled = 0, minima = 0;
        ref_q2_k_unpack(&x[b], codes);
        for (int g = 0; g < 16; g++) {
            scaled += (x[b].scales[g] & 15) * products(codes + 16 * g, y[b].q + 16 * g, 16);
            minima += (x[b].scales[g] >> 4) * y[b].sums[g];
        }
        sum += y[b].d * ref_f16_to_f32(x[b].d) * (float)scaled -
               y[b].d * ref_f16_to_f32(x[b].dmin) * (float)minima;
    }
    return sum;
}

enum { LANES = 8 };

/* Adds what a super-block gives to the partial sums: lane l takes the weights l, l + 8, ... */
static void add_lanes(const int8_t codes[256], const int8_t q[256], const int8_t *scale, int group,
                      float d, float lanes[LANES])
{
    int sum[LANES] = {0};
    for (int i = 0; i < 256; i += LANES)
        for (int l = 0; l < LANES; l++)
            sum[l] += scale[i / group] * (codes[i + l] * q[i + l]);
    for (int l = 0; l < LANES; l++)
        lanes[l] += d * (float)sum[l];
}

static float add_up(float sum, const float lanes[LANES])
{
    for (int l = 0; l < LANES; l++)
        sum += lanes[l];
    return sum;
}

float ref_q3_k_dot_scalar(const void *row, const void *activations, size_t n)
{
    const struct ref_q3_k *x = row;
    const struct ref_q8_k *y = activations;
    float lanes[LANES] = {0};
    for (size_t b = 0; b < n / 256; b++) {
        int8_t codes[256], scale[16];
        ref_q3_k_unpack(&x[b], codes);
        ref_q3_k_scales(&x[b], scale);
        add_lanes(codes, y[b].q, scale, 16, ref_f16_to_f32(x[b].d) * y[b].d, lanes);
    }
    return add_up(0.0f, lanes);
}

float ref_q6_k_dot_scalar(const void *row, const void *activations, size_t n)
{
    const struct ref_q6_k *x = row;
    const struct ref_q8_k *y = activations;
    float lanes[LANES] = {0};
    for (size_t b = 0; b < n / 256; b++) {
        int8_t codes[256];
        ref_q6_k_unpack(&x[b], codes);
        add_lanes(codes, y[b].q, x[b].scales, 16, ref_f16_to_f32(x[b].d) * y[b].d, lanes);
    }
    return add_up(0.0f, lanes);
}

/* What Q4_K and Q5_K share; returns the minima's part. */
static float add_affine(const int8_t codes[256], const uint8_t scales[REF_K_SCALES_BYTES], float d,
                        float dmin, const struct ref_q8_k *y, float lanes[LANES])
{
    uint8_t scale[8], min[8];
    int8_t signed_scale[8];
    int minima = 0;
    ref_k_scales_unpack(scales, scale, min);
    for (int g = 0; g < 8; g++) {
        signed_scale[g] = (int8_t)scale[g];
        minima += min[g] * (y->sums[2 * g] + y->sums[2 * g + 1]);
    }
    add_lanes(codes, y->q, signed_scale, 32, d * y->d, lanes);
    return dmin * y->d * (float)minima;
}

float ref_q4_k_dot_scalar(const void *row, const void *activations, size_t n)
{
    const struct ref_q4_k *x = row;
    const struct ref_q8_k *y = activations;
    float lanes[LANES] = {0}, sum = 0.0f;
    for (size_t b = 0; b < n / 256; b++) {
        int8_t codes[256];
        ref_q4_k_unpack(&x[b], codes);
        sum -= add_affine(codes, x[b].scales, ref_f16_to_f32(x[b].d), ref_f16_to_f32(x[b].dmin),
                          &y[b], lanes);
    }
    return add_up(sum, lanes);
}

float ref_q5_k_dot_scalar(const void *row, const void *activations, size_t n)
{
    const struct ref_q5_k *x = row;
    const struct ref_q8_k *y = activations;
    float lanes[LANES] = {0}, sum = 0.0f;
    for (size_t b = 0; b < n / 256; b++) {
        int8_t codes[256];
        ref_q5_k_unpack(&x[b], codes);
        sum -= add_affine(codes, x[b].scales, ref_f16_to_f32(x[b].d), ref_f16_to_f32(x[b].dmin),
                          &y[b], lanes);
    }
    return add_up(sum, lanes);
}

float ref_iq4_xs_dot_scalar(const void *row, const void *activations, size_t n)
{
    const struct ref_iq4_xs *x = row;
    const struct ref_q8_k *y = activations;
    float sum = 0.0f;
    for (size_t b = 0; b < n / 256; b++) {
        int8_t values[256], scale[8];
        ref_iq4_xs_unpack(&x[b], values);
        ref_iq4_xs_scales(&x[b], scale);
        const float d = ref_f16_to_f32(x[b].d) * y[b].d;
        for (int g = 0; g < 8; g++)
            sum += d * (float)scale[g] * (float)products(values + 32 * g, y[b].q + 32 * g, 32);
    }
    return sum;
}

float ref_tq1_0_dot_scalar(const void *row, const void *activations, size_t n)
{
    const struct ref_tq1_0 *x = row;
    const struct ref_q8_k *y = activations;
    float sum = 0.0f;
    for (size_t b = 0; b < n / 256; b++) {
        int8_t codes[256];
        ref_tq1_0_unpack(&x[b], codes);
        sum += (float)products(codes, y[b].q, 256) * (ref_f16_to_f32(x[b].d) * y[b].d);
    }
    return sum;
}

float ref_tq2_0_dot_scalar(const void *row, const void *activations, size_t n)
{
    const struct ref_tq2_0 *x = row;
    const struct ref_q8_k *y = activations;
    float sum = 0.0f;
    for (size_t b = 0; b < n / 256; b++) {
        int8_t codes[256];
        ref_tq2_0_unpack(&x[b], codes);
        sum += (float)products(codes, y[b].q, 256) * (y[b].d * ref_f16_to_f32(x[b].d));
    }
    return sum;
}

/* ---- without blocks ---- */

float ref_f32_dot_scalar(const void *row, const void *activations, size_t n)
{
    const float *x = row, *y = activations;
    double sum = 0.0;
    for (size_t i = 0; i < n; i++)
        sum += (double)(x[i] * y[i]);
    return (float)sum;
}

float ref_f16_dot_scalar(const void *row, const void *activations, size_t n)
{
    const uint16_t *x = row, *y = activations;
    double sum = 0.0;
    for (size_t i = 0; i < n; i++)
        sum += (double)(ref_f16_to_f32(x[i]) * ref_f16_to_f32(y[i]));
    return (float)sum;
}

float ref_bf16_dot_scalar(const void *row, const void *activations, size_t n)
{
    const uint16_t *x = row, *y = activations;
    double sum = 0.0;
    for (size_t i = 0; i < n; i++)
        sum += (double)(ref_bf16_to_f32(x[i]) * ref_bf16_to_f32(y[i]));
    return (float)sum;
}

enum err_code ref_quant_dot(uint32_t id, const void *row, const void *activations, size_t n,
                            float *ret, struct err *why)
{
    const struct ref_quant_type *type = ref_quant_find(id);
    size_t bytes;
    const enum err_code rc = ref_quant_row_bytes(id, n, &bytes, why);
    if (rc != OK)
        return rc;
    if (type->partner == REF_NONE)
        return err_set(why, ERR_UNSUPPORTED, "type %s is for activations: it is no row of weights",
                       type->name);
    *ret = ref_quant_kernels_for(REF_ISA_SCALAR)->dot[id](row, activations, n);
    return OK;
}

#include "reference/attention/attention.h"

#include <assert.h>
#include <math.h>
#include <stdbool.h>

#include "reference/quant/quant.h"
#include "reference/tensor/matmul.h"
#include "reference/tensor/norm.h"

static enum err_code check_row(uint32_t type, int n, const char *name, struct err *why)
{
    size_t bytes;
    if (n < 1)
        return err_set(why, ERR_INVALID, "%s is %d: expected 1 or more", name, n);
    return ref_quant_row_bytes(type, (uint64_t)n, &bytes, why);
}

enum err_code ref_attention_check(const struct ref_attention *a, struct err *why)
{
    if (a->heads < 1 || a->kv_heads < 1 || a->heads % a->kv_heads != 0)
        return err_set(why, ERR_INVALID, "%d key heads do not divide %d heads", a->kv_heads,
                       a->heads);
    const enum err_code rc = check_row(a->type_k, a->d_k, "d_k", why);
    return rc != OK ? rc : check_row(a->type_v, a->d_v, "d_v", why);
}

/* A row of one head. The type and the size were checked, so this cannot fail. */
static const float *row_of(uint32_t type, const void *row, int n, float *scratch)
{
    if (type == REF_F32)
        return row;
    const enum err_code rc = ref_quant_dequantize(type, row, (size_t)n, scratch, NULL);
    assert(rc == OK);
    (void)rc;
    return scratch;
}

static size_t head_bytes(uint32_t type, int n)
{
    size_t bytes = 0;
    const enum err_code rc = ref_quant_row_bytes(type, (uint64_t)n, &bytes, NULL);
    assert(rc == OK);
    (void)rc;
    return bytes;
}

/* A hidden key is not looked at: its place in the cache may never have been written. */
static float score_of(const struct ref_attention *a, const float *q, const void *key, float mask,
                      float *scratch)
{
    if (mask == -INFINITY)
        return mask;
    const float *k = row_of(a->type_k, key, a->d_k, scratch);
    const float score = (float)ref_dot_f32(q, k, (size_t)a->d_k) * a->scale;
    return mask + (a->softcap > 0 ? a->softcap * tanhf(score / a->softcap) : score);
}

static const void *at(const void *base, size_t index, size_t stride)
{
    return (const char *)base + index * stride;
}

/* ---- the definition ---- */

static void attend(const struct ref_attention *a, const float *q, const void *k, size_t k_stride,
                   const void *v, size_t v_stride, size_t n_kv, const float *mask, float *scratch,
                   float *out)
{
    float *weights = scratch, *k_row = scratch + n_kv, *v_row = k_row + a->d_k;
    for (size_t j = 0; j < n_kv; j++)
        weights[j] = score_of(a, q, at(k, j, k_stride), mask != NULL ? mask[j] : 0, k_row);
    ref_softmax(weights, weights, NULL, n_kv, 1);
    for (int i = 0; i < a->d_v; i++)
        out[i] = 0;
    for (size_t j = 0; j < n_kv; j++) {
        if (weights[j] == 0)
            continue;
        const float *row = row_of(a->type_v, at(v, j, v_stride), a->d_v, v_row);
        for (int i = 0; i < a->d_v; i++)
            out[i] += weights[j] * row[i];
    }
}

void ref_attention(const struct ref_attention *a, const float *q, size_t n_q, const void *k,
                   const void *v, size_t n_kv, const float *mask, float *scratch, float *ret_out)
{
    const size_t k_head = head_bytes(a->type_k, a->d_k), v_head = head_bytes(a->type_v, a->d_v);
    const size_t heads = (size_t)a->heads, kv_heads = (size_t)a->kv_heads;
    for (size_t i = 0; i < n_q; i++)
        for (size_t h = 0; h < heads; h++) {
            const size_t g = h / (heads / kv_heads), row = i * heads + h;
            attend(a, q + row * (size_t)a->d_k, at(k, g, k_head), kv_heads * k_head,
                   at(v, g, v_head), kv_heads * v_head, n_kv, mask != NULL ? mask + i * n_kv : NULL,
                   scratch, ret_out + row * (size_t)a->d_v);
        }
}

/* ---- the running softmax ---- */

void ref_attention_part_start(struct ref_attention_part *part, int d_v)
{
    part->max = -INFINITY;
    part->sum = 0;
    for (int i = 0; i < d_v; i++)
        part->acc[i] = 0;
}

/* Raises the maximum that everything so far is relative to. */
static void raise_max(struct ref_attention_part *part, float max, int d_v)
{
    const float shrink = part->max == -INFINITY ? 0 : expf(part->max - max);
    part->max = max;
    part->sum *= shrink;
    for (int i = 0; i < d_v; i++)
        part->acc[i] *= shrink;
}

static void add_values(struct ref_attention_part *part, const struct ref_attention *a,
                       const float *scores, const void *v, size_t v_stride, size_t n, float *v_row)
{
    for (size_t j = 0; j < n; j++) {
        const float weight = expf(scores[j] - part->max);
        if (weight == 0)
            continue;
        const float *row = row_of(a->type_v, at(v, j, v_stride), a->d_v, v_row);
        part->sum += weight;
        for (int i = 0; i < a->d_v; i++)
            part->acc[i] += weight * row[i];
    }
}

void ref_attention_part_walk(struct ref_attention_part *part, const struct ref_attention *a,
                             const float *q, const void *k, size_t k_stride, const void *v,
                             size_t v_stride, size_t n_kv, const float *mask, float *scratch)
{
    float *scores = scratch, *k_row = scratch + REF_ATTENTION_TILE, *v_row = k_row + a->d_k;
    for (size_t first = 0; first < n_kv; first += REF_ATTENTION_TILE) {
        const size_t left = n_kv - first;
        const size_t n = left < REF_ATTENTION_TILE ? left : REF_ATTENTION_TILE;
        float max = part->max;
        for (size_t j = 0; j < n; j++) {
            const float hides = mask != NULL ? mask[first + j] : 0;
            scores[j] = score_of(a, q, at(k, first + j, k_stride), hides, k_row);
            max = scores[j] > max || isnan(scores[j]) ? scores[j] : max;
        }
        if (max == -INFINITY)
            continue;
        if (max != part->max)
            raise_max(part, max, a->d_v);
        add_values(part, a, scores, at(v, first, v_stride), v_stride, n, v_row);
    }
}

void ref_attention_part_merge(struct ref_attention_part *into,
                              const struct ref_attention_part *from, int d_v)
{
    if (from->max == -INFINITY)
        return;
    if (from->max > into->max)
        raise_max(into, from->max, d_v);
    const float shrink = expf(from->max - into->max);
    into->sum += from->sum * shrink;
    for (int i = 0; i < d_v; i++)
        into->acc[i] += from->acc[i] * shrink;
}

void ref_attention_part_end(const struct ref_attention_part *part, int d_v, float *ret_out)
{
    const float inverse = part->sum == 0 ? 0 : 1 / part->sum;
    for (int i = 0; i < d_v; i++)
        ret_out[i] = part->acc[i] * inverse;
}

void ref_attention_tiled(const struct ref_attention *a, const float *q, size_t n_q, const void *k,
                         const void *v, size_t n_kv, const float *mask, float *scratch,
                         float *ret_out)
{
    const size_t k_head = head_bytes(a->type_k, a->d_k), v_head = head_bytes(a->type_v, a->d_v);
    const size_t heads = (size_t)a->heads, kv_heads = (size_t)a->kv_heads;
    struct ref_attention_part part = {.acc = scratch + REF_ATTENTION_TILE + a->d_k + a->d_v};
    for (size_t i = 0; i < n_q; i++)
        for (size_t h = 0; h < heads; h++) {
            const size_t g = h / (heads / kv_heads), row = i * heads + h;
            ref_attention_part_start(&part, a->d_v);
            ref_attention_part_walk(&part, a, q + row * (size_t)a->d_k, at(k, g, k_head),
                                    kv_heads * k_head, at(v, g, v_head), kv_heads * v_head, n_kv,
                                    mask != NULL ? mask + i * n_kv : NULL, scratch);
            ref_attention_part_end(&part, a->d_v, ret_out + row * (size_t)a->d_v);
        }
}

/* ---- masks ---- */

static bool sees(enum ref_attention_view view, int32_t window, int32_t q, int32_t k)
{
    if (k < 0)
        return false;
    switch (view) {
    case REF_SEES_ALL:
        return true;
    case REF_SEES_PAST:
        return k <= q;
    case REF_SEES_WINDOW:
        return k <= q && (int64_t)q - k < window;
    }
    return false;
}

void ref_attention_mask(enum ref_attention_view view, int32_t window, const int32_t *q_pos,
                        size_t n_q, const int32_t *k_pos, size_t n_kv, float *ret_mask)
{
    for (size_t i = 0; i < n_q; i++)
        for (size_t j = 0; j < n_kv; j++)
            ret_mask[i * n_kv + j] = sees(view, window, q_pos[i], k_pos[j]) ? 0 : -INFINITY;
}

#include "reference/attention/flash.h"

#include <math.h>
#include <stdbool.h>
#include <string.h>

/* One call, and where it is. */
struct walk {
    const struct ref_row_kernels *rows;
    const struct ref_quant_kernels *quant;
    const struct ref_attention *a;
    const float *q, *mask;
    size_t n_kv, group, first_query, queries, kv_head;
    size_t k_head, v_head; /* bytes of one head's row */
    const uint8_t *k, *v;
    float *out;
    /* scratch */
    float *k_tile, *v_tile; /* (REF_FLASH_KEYS, d_k), (REF_FLASH_KEYS, d_v) */
    float *scores;          /* (REF_FLASH_KEYS) */
    float *max, *sum, *acc; /* (queries * group), and with d_v each */
};

size_t ref_flash_scratch(const struct ref_attention *a)
{
    const size_t group = (size_t)(a->heads / a->kv_heads);
    const size_t d_k = (size_t)a->d_k, d_v = (size_t)a->d_v;
    return REF_FLASH_KEYS * (d_k + d_v + 1) + REF_FLASH_QUERIES * group * (d_v + 2);
}

static void lend(struct walk *w, float *scratch)
{
    const size_t d_k = (size_t)w->a->d_k, d_v = (size_t)w->a->d_v;
    const size_t states = REF_FLASH_QUERIES * w->group;
    w->k_tile = scratch;
    w->v_tile = w->k_tile + REF_FLASH_KEYS * d_k;
    w->scores = w->v_tile + REF_FLASH_KEYS * d_v;
    w->max = w->scores + REF_FLASH_KEYS;
    w->sum = w->max + states;
    w->acc = w->sum + states;
}

static size_t bytes_of(uint32_t type, int n)
{
    const struct ref_quant_type *t = ref_quant_find(type);
    return (size_t)n / t->weights * t->bytes;
}

/* Rows of one head as floats: where they lie, or in the tile. */
static const float *load_tile(const struct walk *w, uint32_t type, const uint8_t *rows, size_t head,
                              size_t d, size_t first, size_t n, float *tile, size_t *ret_stride)
{
    const size_t step = head * (size_t)w->a->kv_heads;
    const uint8_t *from = rows + first * step + w->kv_head * head;
    if (type == REF_F32) {
        *ret_stride = d * (size_t)w->a->kv_heads;
        return (const float *)(const void *)from;
    }
    for (size_t j = 0; j < n; j++)
        w->quant->dequantize[type](from + j * step, d, tile + j * d);
    *ret_stride = d;
    return tile;
}

static bool is_hidden(const float *mask, size_t n)
{
    for (size_t j = 0; j < n; j++)
        if (mask[j] != -INFINITY)
            return false;
    return true;
}

/* Scores of a tile, masked; returns the highest. */
static float score(const struct walk *w, const float *q, const float *k, size_t stride,
                   const float *mask, size_t n)
{
    float highest = -INFINITY;
    w->rows->dots(q, k, stride, (size_t)w->a->d_k, n, w->scores);
    for (size_t j = 0; j < n; j++) {
        float s = w->scores[j] * w->a->scale;
        if (w->a->softcap > 0)
            s = w->a->softcap * tanhf(s / w->a->softcap);
        if (mask != NULL)
            s = mask[j] == -INFINITY ? -INFINITY : s + mask[j];
        w->scores[j] = s;
        highest = s > highest || isnan(s) ? s : highest;
    }
    return highest;
}

static void take_tile(const struct walk *w, size_t state, float highest, const float *v,
                      size_t stride, size_t n)
{
    const float old = w->max[state], max = highest > old || isnan(highest) ? highest : old;
    if (max == -INFINITY)
        return;
    const float shrink = old == max ? 1 : old == -INFINITY ? 0 : expf(old - max);
    w->max[state] = max;
    w->sum[state] = w->sum[state] * shrink + w->rows->weigh(w->scores, max, n);
    w->rows->mix(w->acc + state * (size_t)w->a->d_v, shrink, w->scores, v, stride,
                 (size_t)w->a->d_v, n);
}

static bool tile_is_seen(const struct walk *w, size_t first, size_t n)
{
    for (size_t i = 0; w->mask != NULL && i < w->queries; i++)
        if (!is_hidden(w->mask + (w->first_query + i) * w->n_kv + first, n))
            return true;
    return w->mask == NULL;
}

static void walk_tile(const struct walk *w, size_t first, size_t n)
{
    const struct ref_attention *a = w->a;
    size_t k_stride, v_stride;
    const float *k =
        load_tile(w, a->type_k, w->k, w->k_head, (size_t)a->d_k, first, n, w->k_tile, &k_stride);
    const float *v =
        load_tile(w, a->type_v, w->v, w->v_head, (size_t)a->d_v, first, n, w->v_tile, &v_stride);
    for (size_t i = 0; i < w->queries; i++) {
        const size_t query = w->first_query + i;
        const float *mask = w->mask != NULL ? w->mask + query * w->n_kv + first : NULL;
        if (mask != NULL && is_hidden(mask, n))
            continue;
        for (size_t g = 0; g < w->group; g++) {
            const size_t head = w->kv_head * w->group + g;
            const float *q = w->q + (query * (size_t)a->heads + head) * (size_t)a->d_k;
            take_tile(w, i * w->group + g, score(w, q, k, k_stride, mask, n), v, v_stride, n);
        }
    }
}

static void start(const struct walk *w)
{
    const size_t states = w->queries * w->group;
    for (size_t i = 0; i < states; i++) {
        w->max[i] = -INFINITY;
        w->sum[i] = 0;
    }
    memset(w->acc, 0, states * (size_t)w->a->d_v * sizeof *w->acc);
}

static void finish(const struct walk *w)
{
    const size_t d_v = (size_t)w->a->d_v, heads = (size_t)w->a->heads;
    for (size_t i = 0; i < w->queries; i++)
        for (size_t g = 0; g < w->group; g++) {
            const size_t state = i * w->group + g, head = w->kv_head * w->group + g;
            float *out = w->out + ((w->first_query + i) * heads + head) * d_v;
            const float inverse = w->sum[state] == 0 ? 0 : 1 / w->sum[state];
            for (size_t e = 0; e < d_v; e++)
                out[e] = w->acc[state * d_v + e] * inverse;
        }
}

static void walk_block(struct walk *w)
{
    start(w);
    for (size_t first = 0; first < w->n_kv; first += REF_FLASH_KEYS) {
        const size_t left = w->n_kv - first, n = left < REF_FLASH_KEYS ? left : REF_FLASH_KEYS;
        if (tile_is_seen(w, first, n))
            walk_tile(w, first, n);
    }
    finish(w);
}

void ref_flash(const struct ref_row_kernels *rows, const struct ref_quant_kernels *quant,
               const struct ref_attention *a, const float *q, size_t n_q, const void *k,
               const void *v, size_t n_kv, const float *mask, float *scratch, float *ret_out)
{
    struct walk w = {.rows = rows,
                     .quant = quant,
                     .a = a,
                     .q = q,
                     .mask = mask,
                     .n_kv = n_kv,
                     .group = (size_t)(a->heads / a->kv_heads),
                     .k_head = bytes_of(a->type_k, a->d_k),
                     .v_head = bytes_of(a->type_v, a->d_v),
                     .k = k,
                     .v = v,
                     .out = ret_out};
    lend(&w, scratch);
    for (w.first_query = 0; w.first_query < n_q; w.first_query += REF_FLASH_QUERIES) {
        const size_t left = n_q - w.first_query;
        w.queries = left < REF_FLASH_QUERIES ? left : REF_FLASH_QUERIES;
        for (w.kv_head = 0; w.kv_head < (size_t)a->kv_heads; w.kv_head++)
            walk_block(&w);
    }
}

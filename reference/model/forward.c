#include "reference/model/forward.h"

#include <assert.h>
#include <math.h>
#include <string.h>

#include "base/checked.h"
#include "reference/attention/flash.h"
#include "reference/model/adapter.h"
#include "reference/model/codes.h"
#include "reference/tensor/norm.h"
#include "reference/tensor/rows.h"

enum { ALIGNMENT = 64 };

/* ---- the cache ---- */

enum err_code ref_cache_bytes(const struct ref_model *m, uint32_t type, uint32_t n_cells,
                              size_t *ret, struct err *why)
{
    size_t head, all;
    const enum err_code rc = ref_quant_row_bytes(type, (uint64_t)m->head, &head, why);
    if (rc != OK)
        return rc;
    if (ckd_mul(&all, head, (size_t)m->kv_heads) || ckd_mul(&all, all, (size_t)n_cells) ||
        ckd_mul(&all, all, (size_t)m->layers))
        return err_set(why, ERR_TOO_LARGE, "a cache of %u cells does not fit in memory", n_cells);
    *ret = all;
    return OK;
}

enum err_code ref_cache_init(struct ref_cache *c, const struct ref_model *m, uint32_t type_k,
                             uint32_t type_v, struct ref_kv_cell *cells, uint32_t n_cells, void *k,
                             void *v, struct err *why)
{
    struct ref_cache cache = {.type_k = type_k, .type_v = type_v, .k = k, .v = v};
    size_t k_bytes = 0, v_bytes = 0;
    enum err_code rc = ref_cache_bytes(m, type_k, n_cells, &k_bytes, why);
    if (rc == OK)
        rc = ref_cache_bytes(m, type_v, n_cells, &v_bytes, why);
    if (rc == OK)
        rc = ref_quant_row_bytes(type_k, ref_model_kv_width(m), &cache.row_k, why);
    if (rc == OK)
        rc = ref_quant_row_bytes(type_v, ref_model_kv_width(m), &cache.row_v, why);
    if (rc != OK)
        return rc;
    memset(k, 0, k_bytes);
    memset(v, 0, v_bytes);
    ref_kv_init(&cache.cells, cells, n_cells);
    *c = cache;
    return OK;
}

/* ---- scratch ---- */

/* One pass under way. */
struct pass {
    const struct ref_model *m;
    const struct ref_quant_kernels *kernels;
    const struct ref_row_kernels *rows; /* of the same instruction set */
    struct ref_cache *cache;
    const struct ref_batch *batch;
    uint32_t extent;
    /* scratch, rows of one token each */
    uint32_t *cells;        /* (n) where the tokens went */
    float *x, *xn;          /* (n, dim) */
    float *q, *heads;       /* (n, q_width) */
    float *k, *v;           /* (n, kv_width) */
    float *gate, *up;       /* (n, ff) */
    float *out;             /* (n, dim) */
    float *mask;            /* (n, n_cells) */
    float *cosines, *sines; /* (n_rot / 2) */
    float *attention;       /* as flash.h asks */
    float *scores;          /* (experts) */
    float *low;             /* what the widest pair of an adapter needs */
    uint8_t *partner;       /* (n) rows of the widest activations */
};

/* Hands out pieces of the scratch, or only adds them up where `at` is NULL. */
struct lender {
    uint8_t *at;
    size_t used;
    bool overflows;
};

static void *lend(struct lender *l, size_t count, size_t bytes)
{
    size_t size, end;
    if (ckd_mul(&size, count, bytes) || ckd_add(&size, size, (size_t)ALIGNMENT - 1)) {
        l->overflows = true;
        return NULL;
    }
    size -= size % ALIGNMENT;
    void *piece = l->at != NULL ? l->at + l->used : NULL;
    if (ckd_add(&end, l->used, size))
        l->overflows = true;
    l->used = end;
    return piece;
}

static size_t larger(size_t a, size_t b)
{
    return a > b ? a : b;
}

/* A row of activations is never larger than its floats: of all partners F32 is the widest. */
static size_t widest_row(const struct ref_model *m)
{
    return larger(larger(m->dim, m->ff), ref_model_q_width(m)) * sizeof(float);
}

static size_t widest_pair(const struct ref_model *m)
{
    size_t most = 0;
    for (size_t i = 0; i < m->n_adapters; i++)
        most = larger(most, m->adapter[i].scratch);
    return most;
}

static struct ref_attention attention_of(const struct ref_model *m, const struct ref_cache *c)
{
    return (struct ref_attention){.heads = m->heads,
                                  .kv_heads = m->kv_heads,
                                  .d_k = m->head,
                                  .d_v = m->head,
                                  .type_k = c->type_k,
                                  .type_v = c->type_v,
                                  .scale = 1 / sqrtf((float)m->head)};
}

static void lend_all(struct lender *l, const struct ref_model *m, const struct ref_cache *c,
                     size_t n, struct pass *p)
{
    const size_t q = ref_model_q_width(m), kv = ref_model_kv_width(m), f = sizeof(float);
    const struct ref_attention a = attention_of(m, c);
    size_t masked;
    l->overflows |= ckd_mul(&masked, n, (size_t)c->cells.n);
    p->cells = lend(l, n, sizeof *p->cells);
    p->x = lend(l, n, m->dim * f);
    p->xn = lend(l, n, m->dim * f);
    p->q = lend(l, n, q * f);
    p->heads = lend(l, n, q * f);
    p->k = lend(l, n, kv * f);
    p->v = lend(l, n, kv * f);
    p->gate = lend(l, n, m->ff * f);
    p->up = lend(l, n, m->ff * f);
    p->out = lend(l, n, m->dim * f);
    p->mask = lend(l, masked, f);
    p->cosines = lend(l, (size_t)m->rope.n_rot / 2, f);
    p->sines = lend(l, (size_t)m->rope.n_rot / 2, f);
    p->attention = lend(l, ref_flash_scratch(&a), f);
    p->scores = lend(l, (size_t)m->experts, f);
    p->low = lend(l, widest_pair(m), f);
    p->partner = lend(l, n, widest_row(m));
}

size_t ref_forward_scratch(const struct ref_model *m, const struct ref_cache *c, size_t n)
{
    struct lender l = {0};
    struct pass p;
    lend_all(&l, m, c, n, &p);
    return l.overflows ? 0 : l.used;
}

/* ---- products ---- */

/* A token without codes has a row of NaN. */
static void spoil(const struct ref_matrix *w, uint32_t partner, const float *x, size_t n, float *y)
{
    for (size_t i = 0; i < n; i++)
        if (!ref_has_codes(partner, x + i * w->in, w->in))
            for (size_t o = 0; o < w->out; o++)
                y[i * w->out + o] = NAN;
}

/* y (n, out) = x (n, in) * rows^T (+ bias). Each row of weights passes once for all tokens. */
static void project(const struct pass *p, const struct ref_matrix *w, const float *bias,
                    const float *x, size_t n, float *y)
{
    const uint32_t partner = ref_quant_find(w->type)->partner;
    const struct ref_quant_type *t = ref_quant_find(partner);
    const size_t row = w->in / t->weights * t->bytes;
    ref_dot_fn *dot = p->kernels->dot[w->type];
    memset(p->partner, 0, n * row);
    for (size_t i = 0; i < n; i++)
        if (ref_has_codes(partner, x + i * w->in, w->in))
            p->kernels->quantize[partner](x + i * w->in, w->in, p->partner + i * row);
    for (size_t o = 0; o < w->out; o++)
        for (size_t i = 0; i < n; i++) {
            const float sum = dot(w->rows + o * w->row_bytes, p->partner + i * row, w->in);
            y[i * w->out + o] = bias != NULL ? sum + bias[o] : sum;
        }
    spoil(w, partner, x, n, y);
}

/* Adds what the adapters make of x to y = W x, W being a part of a layer. */
static void adapt(const struct pass *p, int layer, enum ref_adapter_part part, const float *x,
                  size_t n, float *y)
{
    for (size_t i = 0; i < p->m->n_adapters; i++) {
        const struct ref_lora *l = &p->m->adapter[i].layer[layer].part[part];
        if (l->a.rows != NULL)
            ref_lora_apply(l, p->kernels, x, n, p->low, y);
    }
}

static void add(float *x, const float *y, float weight, size_t n)
{
    for (size_t i = 0; i < n; i++)
        x[i] += weight * y[i];
}

static void norm_rows(const struct pass *p, const float *w, size_t n)
{
    for (size_t i = 0; i < n; i++)
        p->rows->rms_norm(p->xn + i * p->m->dim, p->x + i * p->m->dim, w, p->m->dim, p->m->eps);
}

/* ---- attention ---- */

static void rotate(const struct pass *p)
{
    const struct ref_model *m = p->m;
    for (size_t i = 0; i < p->batch->n; i++) {
        ref_rope_angles(&m->rope, p->batch->where[i].pos, p->cosines, p->sines);
        ref_rope_apply(&m->rope, p->q + i * ref_model_q_width(m), m->heads, m->head, p->cosines,
                       p->sines);
        ref_rope_apply(&m->rope, p->k + i * ref_model_kv_width(m), m->kv_heads, m->head, p->cosines,
                       p->sines);
    }
}

static void store_row(const struct pass *p, uint32_t type, const float *x, uint8_t *to)
{
    const enum err_code rc = ref_quant_quantize(type, x, ref_model_kv_width(p->m), to, NULL);
    if (rc != OK) /* not finite: nobody can read it, and this token's own logits are NaN already */
        memset(to, 0, type == p->cache->type_k ? p->cache->row_k : p->cache->row_v);
}

static uint8_t *layer_of(const struct pass *p, uint8_t *rows, size_t row, int layer)
{
    return rows + (size_t)layer * p->cache->cells.n * row;
}

static void store(const struct pass *p, int layer)
{
    const struct ref_cache *c = p->cache;
    const size_t kv = ref_model_kv_width(p->m);
    uint8_t *k = layer_of(p, c->k, c->row_k, layer), *v = layer_of(p, c->v, c->row_v, layer);
    for (size_t i = 0; i < p->batch->n; i++) {
        store_row(p, c->type_k, p->k + i * kv, k + p->cells[i] * c->row_k);
        store_row(p, c->type_v, p->v + i * kv, v + p->cells[i] * c->row_v);
    }
}

static void attend(const struct pass *p, int layer)
{
    const struct ref_model *m = p->m;
    const struct ref_cache *c = p->cache;
    const struct ref_attention a = attention_of(m, c);
    ref_flash(p->rows, p->kernels, &a, p->q, p->batch->n, layer_of(p, c->k, c->row_k, layer),
              layer_of(p, c->v, c->row_v, layer), p->extent, p->mask, p->attention, p->heads);
}

static void attention_part(const struct pass *p, int layer)
{
    const struct ref_layer *w = &p->m->layer[layer];
    const size_t n = p->batch->n;
    norm_rows(p, w->attn_norm, n);
    project(p, &w->q, w->q_bias, p->xn, n, p->q);
    project(p, &w->k, w->k_bias, p->xn, n, p->k);
    project(p, &w->v, w->v_bias, p->xn, n, p->v);
    adapt(p, layer, REF_ADAPTER_Q, p->xn, n, p->q);
    adapt(p, layer, REF_ADAPTER_K, p->xn, n, p->k);
    adapt(p, layer, REF_ADAPTER_V, p->xn, n, p->v);
    rotate(p);
    store(p, layer);
    attend(p, layer);
    project(p, &w->o, NULL, p->heads, n, p->out);
    adapt(p, layer, REF_ADAPTER_O, p->heads, n, p->out);
    add(p->x, p->out, 1, n * p->m->dim);
}

/* ---- feed-forward ---- */

/* The matrices are the layer's, or one of its experts', which have no pairs. */
static void feed(const struct pass *p, int layer, const struct ref_matrix *gate,
                 const struct ref_matrix *up, const struct ref_matrix *down, const float *x,
                 size_t n)
{
    project(p, gate, NULL, x, n, p->gate);
    project(p, up, NULL, x, n, p->up);
    adapt(p, layer, REF_ADAPTER_GATE, x, n, p->gate);
    adapt(p, layer, REF_ADAPTER_UP, x, n, p->up);
    p->rows->swiglu(p->gate, p->gate, p->up, n * p->m->ff);
    project(p, down, NULL, p->gate, n, p->out);
    adapt(p, layer, REF_ADAPTER_DOWN, p->gate, n, p->out);
}

static struct ref_matrix expert_of(const struct ref_matrix *all, int experts, int expert)
{
    struct ref_matrix one = *all;
    one.out /= (size_t)experts;
    one.rows += (size_t)expert * one.out * one.row_bytes;
    return one;
}

static int best_expert(const float *scores, int n)
{
    int best = 0;
    for (int i = 1; i < n; i++)
        if (scores[i] > scores[best])
            best = i;
    return best;
}

/* Mixtral: the best experts by probability, the first of equals, their weights normed to sum 1.
 * (build_moe_ffn in llama.cpp's src/llama-graph.cpp; Jiang and others: Mixtral of Experts, 2024.)
 */
static void feed_experts(const struct pass *p, int layer, size_t token)
{
    const struct ref_model *m = p->m;
    const struct ref_layer *w = &m->layer[layer];
    const float *x = p->xn + token * m->dim;
    float total = 0;
    project(p, &w->router, NULL, x, 1, p->scores);
    adapt(p, layer, REF_ADAPTER_ROUTER, x, 1, p->scores);
    ref_softmax(p->scores, p->scores, NULL, (size_t)m->experts, 1);
    float chosen[REF_MODEL_EXPERTS] = {0};
    int expert[REF_MODEL_EXPERTS] = {0};
    for (int i = 0; i < m->experts_used; i++) {
        expert[i] = best_expert(p->scores, m->experts);
        chosen[i] = p->scores[expert[i]];
        total += chosen[i];
        p->scores[expert[i]] = -1;
    }
    for (int i = 0; i < m->experts_used; i++) {
        const struct ref_matrix gate = expert_of(&w->gate, m->experts, expert[i]);
        const struct ref_matrix up = expert_of(&w->up, m->experts, expert[i]);
        const struct ref_matrix down = expert_of(&w->down, m->experts, expert[i]);
        feed(p, layer, &gate, &up, &down, x, 1);
        add(p->x + token * m->dim, p->out, chosen[i] / total, m->dim);
    }
}

static void feed_forward_part(const struct pass *p, int layer)
{
    const struct ref_layer *w = &p->m->layer[layer];
    const size_t n = p->batch->n;
    norm_rows(p, w->ffn_norm, n);
    if (p->m->experts == 0) {
        feed(p, layer, &w->gate, &w->up, &w->down, p->xn, n);
        add(p->x, p->out, 1, n * p->m->dim);
        return;
    }
    for (size_t i = 0; i < n; i++)
        feed_experts(p, layer, i);
}

/* ---- the whole ---- */

static enum err_code check_batch(const struct ref_model *m, const struct ref_batch *b,
                                 struct err *why)
{
    for (size_t i = 0; i < b->n; i++) {
        if (b->ids[i] < 0 || (size_t)b->ids[i] >= m->vocab)
            return err_set(why, ERR_RANGE, "token %zu is %d: expected 0 to %zu", i, b->ids[i],
                           m->vocab - 1);
        if (b->where[i].pos < 0 || (size_t)b->where[i].pos >= m->context)
            return err_set(why, ERR_RANGE, "token %zu is at %d: the context ends at %zu", i,
                           b->where[i].pos, m->context);
        if (b->where[i].seqs == 0)
            return err_set(why, ERR_RANGE, "token %zu is of no sequence", i);
    }
    return OK;
}

static void embed(const struct pass *p)
{
    const struct ref_matrix *w = &p->m->embed;
    for (size_t i = 0; i < p->batch->n; i++)
        p->kernels->dequantize[w->type](w->rows + (size_t)p->batch->ids[i] * w->row_bytes, w->in,
                                        p->x + i * w->in);
    for (size_t i = 0; i < p->m->n_adapters; i++)
        if (p->m->adapter[i].embed.a.rows != NULL) {
            const enum err_code rc = ref_lora_embed(&p->m->adapter[i].embed, p->kernels,
                                                    p->batch->ids, p->batch->n, p->low, p->x, NULL);
            assert(rc == OK); /* check_batch() knows the vocabulary */
        }
}

static bool wants(const struct ref_batch *b, size_t i)
{
    return b->wanted != NULL ? b->wanted[i] != 0 : i + 1 == b->n;
}

static void put_logits(const struct pass *p, const float *x, float *logits)
{
    project(p, &p->m->output, NULL, x, 1, logits);
    for (size_t i = 0; i < p->m->n_adapters; i++)
        if (p->m->adapter[i].output.a.rows != NULL)
            ref_lora_apply(&p->m->adapter[i].output, p->kernels, x, 1, p->low, logits);
}

static void give_logits(const struct pass *p, float *logits, float *hidden)
{
    const struct ref_model *m = p->m;
    for (size_t i = 0, row = 0; i < p->batch->n; i++) {
        if (!wants(p->batch, i))
            continue;
        p->rows->rms_norm(p->xn, p->x + i * m->dim, m->output_norm, m->dim, m->eps);
        if (hidden != NULL)
            memcpy(hidden + row * m->dim, p->xn, m->dim * sizeof *hidden);
        put_logits(p, p->xn, logits + row * m->vocab);
        row++;
    }
}

enum err_code ref_forward(const struct ref_model *m, const struct ref_quant_kernels *k,
                          struct ref_cache *c, const struct ref_batch *batch, void *scratch,
                          size_t scratch_bytes, float *ret_logits, float *ret_hidden,
                          struct err *why)
{
    const enum err_code rc = check_batch(m, batch, why);
    if (rc != OK)
        return rc;
    const size_t needed = ref_forward_scratch(m, c, batch->n);
    if (needed == 0 || needed > scratch_bytes)
        return err_set(why, ERR_TOO_LARGE, "%zu tokens need %zu bytes of scratch: there are %zu",
                       batch->n, needed, scratch_bytes);
    struct pass p = {
        .m = m, .kernels = k, .rows = ref_row_kernels_for(k->isa), .cache = c, .batch = batch};
    struct lender l = {.at = scratch};
    assert((uintptr_t)scratch % ALIGNMENT == 0);
    lend_all(&l, m, c, batch->n, &p);
    if (batch->n > UINT32_MAX ||
        !ref_kv_place(&c->cells, batch->where, (uint32_t)batch->n, p.cells))
        return err_set(why, ERR_LIMIT, "%zu tokens do not fit: %u of %u cells are used", batch->n,
                       c->cells.used, c->cells.n);
    p.extent = ref_kv_extent(&c->cells);
    ref_kv_mask(&c->cells, batch->where, (uint32_t)batch->n, p.extent, 0, p.mask);
    embed(&p);
    for (int layer = 0; layer < m->layers; layer++) {
        attention_part(&p, layer);
        feed_forward_part(&p, layer);
    }
    give_logits(&p, ret_logits, ret_hidden);
    return OK;
}

#include "reference/attention/flash.h"

#include <math.h>
#include <stdbool.h>
#include <string.h>

#include "reference/attention/flash_rungs.h"
#include "reference/tensor/gemm.h"

/* One call, and the block of it that is under way. Row r of a block is one head of one query, the
 * heads of a group side by side. */
struct walk {
    const struct ref_row_kernels *rows;
    const struct ref_quant_kernels *quant;
    const struct ref_gemm *gemm;
    const struct ref_flash_rung *rung;
    const struct ref_attention *a;
    const float *q, *mask;
    size_t n_kv, d_k, d_v, group;
    size_t k_head, v_head; /* bytes of one head's row */
    const uint8_t *k, *v;
    float *out;
    size_t kv_head, first_row, n_rows;
    /* scratch */
    float *k_tile, *v_tile; /* (REF_FLASH_KEYS, d_k), (REF_FLASH_KEYS, d_v): dequantised */
    float *k_panels;        /* the tile, packed for gemm.h's b */
    float *q_panels;        /* the block, packed for its a */
    float *hides;           /* (REF_FLASH_KEYS, mr) a panel's mask */
    float *scores;          /* (REF_FLASH_KEYS, mr) of a panel, or those of a row */
    float *stage;           /* what waits to be transposed */
    float *max, *sum, *acc; /* (REF_FLASH_ROWS), and with d_v each */
};

/* A tile's keys as they stand in the cache, or as floats. */
struct tile {
    size_t first, n;
    const float *k, *v;
    size_t k_stride, v_stride;
};

/* ---- scratch ---- */

static size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

static size_t whole(size_t n, size_t unit)
{
    return (n + unit - 1) / unit * unit;
}

/* Hands out pieces that begin at cache lines, or only adds them up where `at` is NULL. */
struct lender {
    float *at;
    size_t used;
};

static float *lend(struct lender *l, size_t n)
{
    float *piece = l->at != NULL ? l->at + l->used : NULL;
    l->used += whole(n, 16);
    return piece;
}

static void lend_all(struct lender *l, struct walk *w)
{
    const size_t mr = REF_GEMM_MR_MAX, keys = REF_FLASH_KEYS;
    w->k_tile = lend(l, keys * w->d_k);
    w->v_tile = lend(l, keys * w->d_v);
    w->k_panels = lend(l, (keys + REF_GEMM_NR_MAX) * w->d_k + REF_GEMM_SPILL);
    w->q_panels = lend(l, REF_FLASH_ROWS * w->d_k + REF_GEMM_SPILL);
    w->hides = lend(l, keys * mr + REF_GEMM_SPILL);
    w->scores = lend(l, keys * mr);
    w->stage = lend(l, mr * (w->d_k + w->d_v + keys + mr) + REF_GEMM_SPILL);
    w->max = lend(l, REF_FLASH_ROWS);
    w->sum = lend(l, REF_FLASH_ROWS);
    w->acc = lend(l, REF_FLASH_ROWS * w->d_v);
}

size_t ref_flash_scratch(const struct ref_attention *a)
{
    struct walk w = {.d_k = (size_t)a->d_k, .d_v = (size_t)a->d_v};
    struct lender l = {0};
    lend_all(&l, &w);
    return l.used;
}

/* ---- where things lie ---- */

static size_t query_of(const struct walk *w, size_t row)
{
    return (w->first_row + row) / w->group;
}

/* The place of a row among the heads of all queries, as q and the result have them. */
static size_t place_of(const struct walk *w, size_t row)
{
    return query_of(w, row) * (size_t)w->a->heads + w->kv_head * w->group +
           (w->first_row + row) % w->group;
}

static const float *mask_of(const struct walk *w, size_t query, const struct tile *t)
{
    return w->mask != NULL ? w->mask + query * w->n_kv + t->first : NULL;
}

static size_t bytes_of(uint32_t type, int n)
{
    const struct ref_quant_type *t = ref_quant_find(type);
    return (size_t)n / t->weights * t->bytes;
}

/* Rows of one head as floats: where they lie, or in the tile. */
static const float *load(const struct walk *w, uint32_t type, const uint8_t *rows, size_t head,
                         size_t d, const struct tile *t, float *floats, size_t *ret_stride)
{
    const size_t step = head * (size_t)w->a->kv_heads;
    const uint8_t *from = rows + t->first * step + w->kv_head * head;
    if (type == REF_F32) {
        *ret_stride = d * (size_t)w->a->kv_heads;
        return (const float *)(const void *)from;
    }
    for (size_t j = 0; j < t->n; j++)
        w->quant->dequantize[type](from + j * step, d, floats + j * d);
    *ret_stride = d;
    return floats;
}

/* How many keys of a tile there are up to the last one that some row sees. From the last query on,
 * which sees most when they are causal: the first look ends it then. */
static size_t seen(const struct walk *w, size_t row, size_t n_rows, const struct tile *t)
{
    if (w->mask == NULL)
        return t->n;
    size_t end = 0;
    for (size_t i = query_of(w, row + n_rows - 1) + 1; i > query_of(w, row) && end < t->n; i--) {
        const float *mask = mask_of(w, i - 1, t);
        if (w->rung->is_hidden(mask + end, t->n - end))
            continue;
        for (size_t n = t->n; n > end; n--)
            if (mask[n - 1] != -INFINITY)
                end = n;
    }
    return end;
}

/* ---- many rows: panels of mr queries, which are the lanes ---- */

static void pack_queries(const struct walk *w)
{
    const size_t mr = w->gemm->mr, d = w->d_k;
    for (size_t first = 0; first < w->n_rows; first += mr) {
        const size_t here = least(mr, w->n_rows - first);
        for (size_t r = 0; r < here; r++) {
            const float *q = w->q + place_of(w, first + r) * d;
            for (size_t e = 0; e < d; e++)
                w->stage[r * d + e] = q[e] * w->a->scale;
        }
        w->gemm->pack(w->stage, d, here, d, mr, w->q_panels + first * d);
    }
}

static bool sees_all(const struct walk *w, size_t row, size_t n_rows, const struct tile *t,
                     size_t n)
{
    if (w->mask == NULL)
        return true;
    for (size_t i = query_of(w, row); i <= query_of(w, row + n_rows - 1); i++)
        if (!w->rung->is_open(mask_of(w, i, t), n))
            return false;
    return true;
}

/* The mask of a panel's rows, transposed; NULL: they see all n keys. */
static const float *pack_mask(const struct walk *w, size_t row, size_t n_rows, const struct tile *t,
                              size_t n)
{
    if (sees_all(w, row, n_rows, t, n))
        return NULL;
    for (size_t r = 0; r < n_rows; r++)
        memcpy(w->stage + r * REF_FLASH_KEYS, mask_of(w, query_of(w, row + r), t),
               n * sizeof *w->stage);
    w->gemm->pack(w->stage, REF_FLASH_KEYS, n_rows, n, w->gemm->mr, w->hides);
    return w->hides;
}

static void walk_panel(const struct walk *w, size_t row, const struct tile *t)
{
    const struct ref_gemm *g = w->gemm;
    const size_t n_rows = least(g->mr, w->n_rows - row), n = seen(w, row, n_rows, t);
    const struct ref_flash_panel panel = {g->mr, w->max + row, w->sum + row, w->acc + row * w->d_v};
    if (n == 0)
        return;
    const float *mask = pack_mask(w, row, n_rows, t, n);
    for (size_t j = 0; j < n; j += g->nr)
        g->tile(least(g->nr, n - j), w->d_k, w->q_panels + row * w->d_k, w->k_panels + j * w->d_k,
                g->nr, w->scores + j * g->mr, g->mr, false);
    w->rung->weigh(&panel, w->scores, mask, n, w->a->softcap, w->d_v);
    for (size_t e = 0; e < w->d_v; e += g->nr)
        g->tile(least(g->nr, w->d_v - e), n, w->scores, t->v + e, t->v_stride,
                panel.acc + e * g->mr, g->mr, true);
}

/* Panels of mr values, transposed back to rows. */
static void give_panel(const struct walk *w, size_t row)
{
    const size_t mr = w->gemm->mr, n_rows = least(mr, w->n_rows - row), d = w->d_v;
    w->gemm->pack(w->acc + row * d, mr, d, n_rows, mr, w->stage);
    for (size_t r = 0; r < n_rows; r++) {
        float *out = w->out + place_of(w, row + r) * d;
        const float inverse = w->sum[row + r] == 0 ? 0 : 1 / w->sum[row + r];
        for (size_t first = 0; first < d; first += mr) {
            const float *x = w->stage + first * n_rows + r * mr;
            for (size_t e = 0; e < least(mr, d - first); e++)
                out[first + e] = x[e] * inverse;
        }
    }
}

/* ---- few rows: each by itself, as when a text is generated; the keys are the lanes ---- */

/* Scores of a tile, masked; returns the highest. */
static float score(const struct walk *w, size_t row, const struct tile *t, size_t n)
{
    const float *mask = mask_of(w, query_of(w, row), t);
    float highest = -INFINITY;
    w->rows->dots(w->q + place_of(w, row) * w->d_k, t->k, t->k_stride, w->d_k, n, w->scores);
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

static void walk_row(const struct walk *w, size_t row, const struct tile *t)
{
    const size_t n = seen(w, row, 1, t);
    const float old = w->max[row], high = score(w, row, t, n);
    const float max = high > old || isnan(high) ? high : old;
    if (max == -INFINITY)
        return;
    const float shrink = old == max ? 1 : old == -INFINITY ? 0 : expf(old - max);
    w->max[row] = max;
    w->sum[row] = w->sum[row] * shrink + w->rows->weigh(w->scores, max, n);
    w->rows->mix(w->acc + row * w->d_v, shrink, w->scores, t->v, t->v_stride, w->d_v, n);
}

static void give_row(const struct walk *w, size_t row)
{
    const float inverse = w->sum[row] == 0 ? 0 : 1 / w->sum[row];
    float *out = w->out + place_of(w, row) * w->d_v;
    for (size_t e = 0; e < w->d_v; e++)
        out[e] = w->acc[row * w->d_v + e] * inverse;
}

/* ---- the walk ---- */

/* A panel costs the same however many of its rows are missing; packing costs as much as it does. */
static bool is_few(const struct walk *w)
{
    return w->n_rows <= w->gemm->mr / 8;
}

static void start(const struct walk *w)
{
    for (size_t i = 0; i < REF_FLASH_ROWS; i++) {
        w->max[i] = -INFINITY;
        w->sum[i] = 0;
    }
    memset(w->acc, 0, REF_FLASH_ROWS * w->d_v * sizeof *w->acc);
    if (!is_few(w))
        pack_queries(w);
}

static void walk_tile(const struct walk *w, struct tile *t)
{
    t->k = load(w, w->a->type_k, w->k, w->k_head, w->d_k, t, w->k_tile, &t->k_stride);
    t->v = load(w, w->a->type_v, w->v, w->v_head, w->d_v, t, w->v_tile, &t->v_stride);
    if (is_few(w)) {
        for (size_t row = 0; row < w->n_rows; row++)
            walk_row(w, row, t);
        return;
    }
    w->gemm->pack(t->k, t->k_stride, t->n, w->d_k, w->gemm->nr, w->k_panels);
    for (size_t row = 0; row < w->n_rows; row += w->gemm->mr)
        walk_panel(w, row, t);
}

static void give(const struct walk *w)
{
    const bool few = is_few(w);
    for (size_t row = 0; row < w->n_rows; row += few ? 1 : w->gemm->mr)
        (few ? give_row : give_panel)(w, row);
}

static void walk_block(const struct walk *w)
{
    start(w);
    for (size_t first = 0; first < w->n_kv; first += REF_FLASH_KEYS) {
        struct tile t = {.first = first, .n = least(REF_FLASH_KEYS, w->n_kv - first)};
        t.n = seen(w, 0, w->n_rows, &t);
        if (t.n > 0)
            walk_tile(w, &t);
    }
    give(w);
}

void ref_flash(const struct ref_row_kernels *rows, const struct ref_quant_kernels *quant,
               const struct ref_attention *a, const float *q, size_t n_q, const void *k,
               const void *v, size_t n_kv, const float *mask, float *scratch, float *ret_out)
{
    struct walk w = {.rows = rows,
                     .quant = quant,
                     .gemm = ref_gemm_for(rows->isa),
                     .rung = ref_flash_rung_for(rows->isa),
                     .a = a,
                     .q = q,
                     .mask = mask,
                     .n_kv = n_kv,
                     .d_k = (size_t)a->d_k,
                     .d_v = (size_t)a->d_v,
                     .group = (size_t)(a->heads / a->kv_heads),
                     .k_head = bytes_of(a->type_k, a->d_k),
                     .v_head = bytes_of(a->type_v, a->d_v),
                     .k = k,
                     .v = v,
                     .out = ret_out};
    struct lender l = {.at = scratch};
    lend_all(&l, &w);
    for (w.first_row = 0; w.first_row < n_q * w.group; w.first_row += REF_FLASH_ROWS) {
        w.n_rows = least(REF_FLASH_ROWS, n_q * w.group - w.first_row);
        for (w.kv_head = 0; w.kv_head < (size_t)a->kv_heads; w.kv_head++)
            walk_block(&w);
    }
}

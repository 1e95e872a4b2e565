#include "reference/attention/kv_cells.h"

#include <math.h>

#include "reference/tensor/rope.h"

static const struct ref_kv_cell EMPTY = {.pos = -1};

void ref_kv_init(struct ref_kv_cells *kv, struct ref_kv_cell *cells, uint32_t n)
{
    *kv = (struct ref_kv_cells){.cells = cells, .n = n};
    for (uint32_t i = 0; i < n; i++)
        cells[i] = EMPTY;
}

static bool is_empty(const struct ref_kv_cell *c)
{
    return c->seqs == 0;
}

static bool has(const struct ref_kv_cell *c, int32_t seq)
{
    return seq >= 0 && seq < REF_KV_SEQUENCES && (c->seqs >> seq & 1) != 0;
}

/* ---- places ---- */

bool ref_kv_place(struct ref_kv_cells *kv, const struct ref_kv_token *tokens, uint32_t n,
                  uint32_t *ret_cells)
{
    if (n > kv->n - kv->used)
        return false;
    uint32_t at = kv->head;
    if (at >= kv->n || at > kv->used + 2 * (uint64_t)n)
        at = 0;
    for (uint32_t placed = 0; placed < n; at = at + 1 == kv->n ? 0 : at + 1) {
        struct ref_kv_cell *c = &kv->cells[at];
        if (!is_empty(c))
            continue;
        *c = (struct ref_kv_cell){.pos = tokens[placed].pos, .seqs = tokens[placed].seqs};
        ret_cells[placed++] = at;
        kv->head = at + 1;
    }
    kv->used += n;
    return true;
}

/* ---- sequences ---- */

struct range {
    int32_t first, end;
};

static struct range range_of(int32_t p0, int32_t p1)
{
    return (struct range){p0 < 0 ? 0 : p0, p1 < 0 ? INT32_MAX : p1};
}

static bool in(struct range r, const struct ref_kv_cell *c)
{
    return c->pos >= r.first && c->pos < r.end;
}

/* Empties a cell. `first` remembers the first one that was. */
static void release(struct ref_kv_cells *kv, uint32_t i, uint32_t *first)
{
    kv->cells[i] = EMPTY;
    kv->used--;
    if (i < *first)
        *first = i;
}

void ref_kv_remove(struct ref_kv_cells *kv, int32_t seq, int32_t p0, int32_t p1)
{
    const struct range r = range_of(p0, p1);
    uint32_t freed = kv->n;
    for (uint32_t i = 0; i < kv->n; i++) {
        struct ref_kv_cell *c = &kv->cells[i];
        if (is_empty(c) || !in(r, c) || (seq >= 0 && !has(c, seq)))
            continue;
        c->seqs = seq < 0 ? 0 : c->seqs & ~((uint64_t)1 << seq);
        if (c->seqs == 0)
            release(kv, i, &freed);
    }
    if (freed < kv->head)
        kv->head = freed;
}

void ref_kv_share(struct ref_kv_cells *kv, int32_t from, int32_t to, int32_t p0, int32_t p1)
{
    const struct range r = range_of(p0, p1);
    if (from == to || to < 0 || to >= REF_KV_SEQUENCES)
        return;
    for (uint32_t i = 0; i < kv->n; i++)
        if (has(&kv->cells[i], from) && in(r, &kv->cells[i]))
            kv->cells[i].seqs |= (uint64_t)1 << to;
}

void ref_kv_keep(struct ref_kv_cells *kv, int32_t seq)
{
    uint32_t freed = kv->n;
    for (uint32_t i = 0; i < kv->n; i++) {
        if (is_empty(&kv->cells[i]))
            continue;
        if (has(&kv->cells[i], seq))
            kv->cells[i].seqs = (uint64_t)1 << seq;
        else
            release(kv, i, &freed);
    }
    if (freed < kv->head)
        kv->head = freed;
}

void ref_kv_move(struct ref_kv_cells *kv, int32_t seq, int32_t p0, int32_t p1, int32_t delta)
{
    const struct range r = range_of(p0, p1);
    uint32_t freed = kv->n;
    if (delta == 0 || p0 == p1)
        return;
    for (uint32_t i = 0; i < kv->n; i++) {
        struct ref_kv_cell *c = &kv->cells[i];
        if (!has(c, seq) || !in(r, c))
            continue;
        const int64_t pos = (int64_t)c->pos + delta;
        if (pos < 0 || pos > INT32_MAX) {
            release(kv, i, &freed);
            continue;
        }
        c->pos = (int32_t)pos;
        c->shift += delta;
    }
    kv->head = freed < kv->n ? freed : 0;
}

int32_t ref_kv_pos_min(const struct ref_kv_cells *kv, int32_t seq)
{
    int32_t min = -1;
    for (uint32_t i = 0; i < kv->n; i++)
        if (has(&kv->cells[i], seq) && (min < 0 || kv->cells[i].pos < min))
            min = kv->cells[i].pos;
    return min;
}

int32_t ref_kv_pos_max(const struct ref_kv_cells *kv, int32_t seq)
{
    int32_t max = -1;
    for (uint32_t i = 0; i < kv->n; i++)
        if (has(&kv->cells[i], seq) && kv->cells[i].pos > max)
            max = kv->cells[i].pos;
    return max;
}

/* ---- what attention needs ---- */

uint32_t ref_kv_extent(const struct ref_kv_cells *kv)
{
    uint32_t last = kv->n;
    while (last > 0 && is_empty(&kv->cells[last - 1]))
        last--;
    const uint64_t steps = last == 0 ? 1 : (last + (uint64_t)REF_KV_PAD - 1) / REF_KV_PAD;
    return steps * REF_KV_PAD < kv->n ? (uint32_t)(steps * REF_KV_PAD) : kv->n;
}

static int32_t sequence_of(const struct ref_kv_token *t)
{
    return t->seqs == 0 ? -1 : __builtin_ctzll(t->seqs);
}

void ref_kv_mask(const struct ref_kv_cells *kv, const struct ref_kv_token *tokens, uint32_t n,
                 uint32_t extent, uint32_t window, float *ret_mask)
{
    for (uint32_t i = 0; i < n; i++)
        for (uint32_t j = 0; j < extent; j++) {
            const struct ref_kv_cell *c = &kv->cells[j];
            const int64_t back = (int64_t)tokens[i].pos - c->pos;
            const bool sees = has(c, sequence_of(&tokens[i])) && back >= 0 &&
                              (window == 0 || back < (int64_t)window);
            ret_mask[(size_t)i * extent + j] = sees ? 0 : -INFINITY;
        }
}

void ref_kv_shift_keys(struct ref_kv_cells *kv, const struct ref_rope *rope, float *k, int kv_heads,
                       int d, float *scratch)
{
    float *cosines = scratch, *sines = scratch + rope->n_rot / 2;
    for (uint32_t i = 0; i < kv->n; i++) {
        struct ref_kv_cell *c = &kv->cells[i];
        if (c->shift == 0)
            continue;
        ref_rope_angles(rope, c->shift, cosines, sines);
        ref_rope_apply(rope, k + (size_t)i * (size_t)kv_heads * (size_t)d, kv_heads, d, cosines,
                       sines);
        c->shift = 0;
    }
}

void ref_kv_defragment(struct ref_kv_cells *kv, uint32_t *ret_from)
{
    uint32_t to = 0;
    for (uint32_t i = 0; i < kv->n; i++) {
        if (is_empty(&kv->cells[i]))
            continue;
        const struct ref_kv_cell c = kv->cells[i];
        kv->cells[i] = EMPTY;
        kv->cells[to] = c;
        ret_from[to++] = i;
    }
    kv->head = to;
}

#include "grader/vgpu/cost/score.h"

#include <stdlib.h>
#include <string.h>

struct warp {
    uint64_t now[COST_VIEWS];       /* the next one issues */
    uint64_t latest[COST_VIEWS];    /* end of this stretch's last one */
    uint64_t stored[2][COST_VIEWS]; /* start of the last store: to shared memory, elsewhere */
    uint64_t copies[COST_VIEWS];    /* when the last cp.async is there */
    uint32_t memory[COST_VIEWS];    /* of the instruction that comes */
    uint64_t (*ready)[COST_VIEWS];  /* of what lies at byte 4 * k of the frame */
    uint32_t n_ready;
};

struct cost_score {
    uint32_t n_warps;
    struct warp warps[];
};

struct cost_score *cost_score_new(uint32_t warps)
{
    struct cost_score *s = calloc(1, sizeof(*s) + warps * sizeof(*s->warps));
    if (s)
        s->n_warps = warps;
    return s;
}

void cost_score_free(struct cost_score *s)
{
    if (!s)
        return;
    for (uint32_t w = 0; w < s->n_warps; w++)
        free(s->warps[w].ready);
    free(s);
}

void cost_score_memory(struct cost_score *s, uint32_t warp, const uint32_t cycles[COST_VIEWS])
{
    struct warp *w = &s->warps[warp];
    for (int v = 0; v < COST_VIEWS; v++)
        if (cycles[v] > w->memory[v])
            w->memory[v] = cycles[v];
}

/* NULL: no memory, then nothing waits for it. */
static uint64_t *ready_of(struct warp *w, uint32_t at)
{
    const uint32_t k = at / 4;
    if (k >= w->n_ready) {
        const uint32_t n = k + 1 > 2 * w->n_ready ? k + 257 : 2 * w->n_ready;
        void *all = realloc(w->ready, n * sizeof(*w->ready));
        if (!all)
            return NULL;
        w->ready = all;
        memset(w->ready + w->n_ready, 0, (n - w->n_ready) * sizeof(*w->ready));
        w->n_ready = n;
    }
    return w->ready[k];
}

static void later(uint64_t at[COST_VIEWS], const uint64_t than[COST_VIEWS])
{
    for (int v = 0; v < COST_VIEWS; v++)
        if (than[v] > at[v])
            at[v] = than[v];
}

static void wait_for(struct warp *w, uint32_t at, uint64_t start[COST_VIEWS])
{
    const uint64_t *ready = ready_of(w, at);
    if (ready)
        later(start, ready);
}

static bool waits_for_copies(const struct ptx_instr *i)
{
    return i && i->op == PTX_CP && (ptx_has(i, MOD_WAIT_GROUP) || ptx_has(i, MOD_WAIT_ALL));
}

static bool is_copy(const struct ptx_instr *i)
{
    return i && i->op == PTX_CP && i->n_operands > 1;
}

static void wait_for_operands(struct warp *w, const struct vg_insn *i, uint64_t start[COST_VIEWS])
{
    if (i->guard != UINT32_MAX)
        wait_for(w, i->guard, start);
    for (uint32_t k = i->n_results; k < i->n_operands; k++)
        if (i->operands[k].bank == VG_FRAME && !i->operands[k].absent)
            wait_for(w, i->operands[k].at, start);
    if (waits_for_copies(i->source))
        later(start, w->copies);
}

/* A load stays behind a store that it might read from; .nc promises that it does not. */
static void wait_for_stores(struct warp *w, const struct vg_insn *i, uint64_t start[COST_VIEWS])
{
    const struct ptx_instr *source = i->source;
    uint64_t *stored = w->stored[i->space != PTX_SHARED];
    if (!source)
        return;
    if (source->op == PTX_LD && !ptx_has(source, MOD_NC))
        later(start, stored);
    if (source->op == PTX_ST || source->op == PTX_ATOM || source->op == PTX_RED)
        later(stored, start);
}

/* Where ptxas cannot move instructions across. */
static bool ends_stretch(const struct cost_weight *weight)
{
    return weight->pipe == VG_CONTROL || weight->pipe == VG_SYNC;
}

void cost_score_issue(struct cost_score *s, uint32_t warp, const struct vg_insn *i,
                      const struct cost_weight *weight)
{
    struct warp *w = &s->warps[warp];
    uint64_t start[COST_VIEWS];
    memcpy(start, w->now, sizeof(start));
    wait_for_operands(w, i, start);
    wait_for_stores(w, i, start);
    const uint64_t slots = weight->issue > 1 ? (uint64_t)weight->issue : 1;
    later(w->latest, (const uint64_t[]){start[0] + slots, start[1] + slots});
    if (ends_stretch(weight) || waits_for_copies(i->source))
        later(w->now, w->latest);
    for (int v = 0; v < COST_VIEWS; v++) {
        const uint64_t done = start[v] + (w->memory[v] ? w->memory[v] : weight->latency);
        if (is_copy(i->source) && done > w->copies[v])
            w->copies[v] = done;
        for (uint32_t k = 0; k < i->n_results; k++) {
            uint64_t *ready = i->operands[k].absent ? NULL : ready_of(w, i->operands[k].at);
            if (ready)
                ready[v] = done;
        }
        w->now[v] += slots;
        w->memory[v] = 0;
    }
}

void cost_score_cycles(const struct cost_score *s, uint64_t ret[COST_VIEWS])
{
    ret[0] = ret[1] = 0;
    for (uint32_t k = 0; k < s->n_warps; k++) {
        later(ret, s->warps[k].now);
        later(ret, s->warps[k].latest);
    }
}

void cost_score_barrier(struct cost_score *s)
{
    uint64_t all[COST_VIEWS];
    cost_score_cycles(s, all);
    for (uint32_t k = 0; k < s->n_warps; k++)
        memcpy(s->warps[k].now, all, sizeof(all));
}

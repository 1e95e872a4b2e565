/* Barriers of a block and of a warp, fences, sleep (9.7.13).
 *
 * A barrier counts lanes, as devices do since sm_70: each thread arrives for itself, and threads
 * that have exited are not waited for. A barrier with a number of threads counts a warp whole once
 * all its live lanes have arrived. */
#include <string.h>

#include "grader/vgpu/exec/handlers.h"
#include "grader/vgpu/exec/warp.h"

void vg_tell_sync(struct vg_block *b, struct vg_warp *w, enum vg_sync_kind kind, uint32_t id,
                  uint32_t mask)
{
    for (int k = 0; k < VG_WATCHERS; k++) {
        const struct vg_watcher *watcher = b->launch->watchers[k];
        if (watcher && watcher->sync)
            watcher->sync(watcher->context, b, w, kind, id, mask);
    }
}

/* ---- bar.sync, bar.arrive, bar.red ---- */

enum { SYNC, ARRIVE, RED_POPC, RED_AND, RED_OR }; /* struct vg_insn.a; operands: decode_warp.c */

static bool is_complete(const struct vg_live_block *live, const struct vg_barrier *b)
{
    uint32_t arrived = 0, whole = 0, alive = 0;
    for (uint32_t k = 0; k < live->block.n_warps; k++) {
        const struct vg_warp *w = &live->warps[k];
        const uint32_t lanes = (uint32_t)__builtin_popcount(b->arrived[k] & w->live);
        alive += (uint32_t)__builtin_popcount(w->live);
        arrived += lanes;
        whole += b->arrived[k] && (w->live & ~b->arrived[k]) == 0 ? VG_WARP : lanes;
    }
    return b->threads ? whole >= b->threads : arrived == alive;
}

static uint32_t result_of(const struct vg_barrier *b, uint32_t kind)
{
    return kind == RED_POPC ? b->count : kind == RED_AND ? b->all : b->any;
}

/* bar.red: the lanes of each waiting split get what all lanes made together. */
static void write_results(struct vg_live_block *live, const struct vg_barrier *b, uint32_t id)
{
    for (uint32_t k = 0; k < live->block.n_warps; k++) {
        const struct vg_warp_state *st = &live->states[k];
        for (uint32_t n = 0; n < st->n_splits; n++) {
            const struct vg_split *s = &st->splits[n];
            const struct vg_insn *i = &s->act->code->insns[s->pc];
            if (s->state != VG_AT_BARRIER || s->barrier != id || i->a < RED_POPC)
                continue;
            uint32_t *to = (uint32_t *)(void *)(s->act->frame + i->operands[0].at);
            if (i->a == RED_POPC) {
                VG_EACH_LANE(l, s->mask)
                to[l] = b->count;
            } else {
                *to = result_of(b, i->a) ? *to | s->mask : *to & ~s->mask;
            }
        }
    }
}

static void complete(struct vg_live_block *live, uint32_t id)
{
    struct vg_barrier *b = &live->barriers[id];
    write_results(live, b, id);
    memset(b, 0, sizeof *b);
    for (uint32_t k = 0; k < live->block.n_warps; k++)
        vg_warp_pass_barrier(&live->warps[k], id);
    vg_tell_sync(&live->block, NULL, VG_SYNC_BLOCK, id, VG_ALL);
}

void vg_barriers_recheck(struct vg_live_block *live)
{
    for (uint32_t id = 0; id < VG_BARRIERS; id++)
        if (live->barriers[id].busy && is_complete(live, &live->barriers[id]))
            complete(live, id);
}

/* Lanes may name different barriers, which no compiler writes: the first lane's counts. */
void vg_run_bar(struct vg_warp *w, const struct vg_insn *i, uint32_t mask)
{
    struct vg_live_block *live = vg_live(w);
    const uint32_t lane = (uint32_t)__builtin_ctz(mask), first = i->a >= RED_POPC;
    const uint32_t id = ((const uint32_t *)vg_lanes(w, i, first))[lane];
    const bool counted = !i->operands[first + 1].absent;
    const uint32_t threads = counted ? ((const uint32_t *)vg_lanes(w, i, first + 1))[lane] : 0;
    if (id >= VG_BARRIERS || threads % VG_WARP != 0 || threads > VG_THREADS_MAX) {
        vg_fail(w, VG_ILLEGAL_INSTRUCTION, lane, 0, "barrier %u of 16 for %u threads", id, threads);
        return;
    }
    struct vg_barrier *b = &live->barriers[id];
    b->all = b->busy ? b->all : true;
    b->busy = true;
    b->threads = threads;
    b->arrived[w->number] |= mask;
    if (i->a >= RED_POPC) {
        const uint32_t p = *(const uint32_t *)vg_lanes(w, i, 3);
        const uint32_t truth = (i->operands[3].negated ? ~p : p) & mask;
        b->count += (uint32_t)__builtin_popcount(truth);
        b->any = b->any || truth != 0;
        b->all = b->all && truth == mask;
    }
    if (i->a == ARRIVE) {
        vg_barriers_recheck(live);
        return;
    }
    w->state->event_id = id;
    vg_event(w, VG_BARRIER, mask);
}

/* ---- warps ---- */

uint32_t vg_meet_members(struct vg_warp *w, const struct vg_insn *i, uint32_t mask,
                         const uint32_t *members)
{
    struct vg_warp_state *st = w->state;
    (void)i;
    uint32_t named = 0;
    for (uint32_t l = 0; l < VG_WARP; l++)
        named |= vg_lane_in(mask, l) ? members[l] : 0;
    if ((named & w->live & ~mask) == 0) {
        vg_tell_sync(w->block, w, VG_SYNC_WARP, 0, mask);
        return mask;
    }
    uint32_t go = mask;
    for (uint32_t before = 0; before != go;) { /* who waits for one that waits, waits too */
        before = go;
        VG_EACH_LANE(l, before)
        if (members[l] & w->live & ~before)
            go &= ~(1U << l);
    }
    VG_EACH_LANE(l, mask & ~go)
    st->members[l] = members[l];
    vg_event(w, VG_PARK, mask & ~go);
    if (go)
        vg_tell_sync(w->block, w, VG_SYNC_WARP, 0, go);
    return go;
}

void vg_run_warp_sync(struct vg_warp *w, const struct vg_insn *i, uint32_t mask)
{
    /* Matched with those at other places (warp.c): then all are there, and w->mask says so. */
    (void)vg_meet_members(w, i, mask, vg_lanes(w, i, 0));
}

/* ---- fences: blocks of one worker and lanes of one warp see each other's stores at once; between
 * workers only commutative atomics pass, which need none ---- */

void vg_run_fence(struct vg_warp *w, const struct vg_insn *i, uint32_t mask)
{
    vg_tell_sync(w->block, w, i->a ? VG_FENCE_DEVICE : VG_FENCE_BLOCK, 0, mask);
}

void vg_run_sleep(struct vg_warp *w, const struct vg_insn *i, uint32_t mask)
{
    const uint32_t *ns = vg_lanes(w, i, 0);
    w->state->slept += ns[__builtin_ctz(mask)]; /* modelled time passes */
}

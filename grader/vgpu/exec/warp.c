#include "grader/vgpu/exec/warp.h"

#include <assert.h>
#include <string.h>

#include "grader/vgpu/exec/handlers.h"

static struct vg_split *current(struct vg_warp *w)
{
    return &w->state->splits[w->state->current];
}

/* ---- splits ---- */

static void push_split(struct vg_warp *w, struct vg_split s)
{
    struct vg_warp_state *st = w->state;
    assert(st->n_splits < VG_WARP); /* each has a lane of its own */
    st->splits[st->n_splits++] = s;
}

static void remove_split(struct vg_warp *w, uint32_t k)
{
    struct vg_warp_state *st = w->state;
    memmove(&st->splits[k], &st->splits[k + 1], (st->n_splits - k - 1) * sizeof *st->splits);
    st->n_splits--;
}

/* ---- meetings ---- */

static struct vg_meeting *new_meeting(struct vg_warp *w, struct vg_meeting fill)
{
    struct vg_meeting *m = w->state->free_meetings;
    if (m)
        w->state->free_meetings = m->parent;
    else
        m = arena_alloc(&vg_live(w)->arena, sizeof *m);
    if (!m) {
        vg_fail(w, VG_LAUNCH_FAILURE, (uint32_t)__builtin_ctz(w->mask), 0,
                "calls and branches are nested too deeply");
        return NULL;
    }
    *m = fill;
    return m;
}

static void free_meeting(struct vg_warp *w, struct vg_meeting *m)
{
    m->parent = w->state->free_meetings;
    w->state->free_meetings = m;
}

/* All that will come are there: they go on as one split. */
static void finish_meeting(struct vg_warp *w, struct vg_meeting *m)
{
    push_split(
        w, (struct vg_split){.pc = m->pc, .mask = m->waiting, .meeting = m->parent, .act = m->act});
    free_meeting(w, m);
}

static void leave_meeting(struct vg_warp *w, struct vg_meeting *m, uint32_t lanes)
{
    m->expected &= ~lanes;
    m->waiting &= ~lanes;
    if (m->expected == 0)
        free_meeting(w, m);
    else if (m->expected == m->waiting)
        finish_meeting(w, m);
}

static bool at_meeting(const struct vg_split *s)
{
    return s->meeting && !s->meeting->call && s->meeting->act == s->act && s->meeting->pc == s->pc;
}

/* The current split is at its meeting. True: it was the last, and goes on with all. */
static bool arrive(struct vg_warp *w)
{
    struct vg_split *s = current(w);
    while (at_meeting(s)) {
        struct vg_meeting *m = s->meeting;
        m->waiting |= s->mask;
        if (m->waiting != m->expected) {
            remove_split(w, w->state->current);
            return false;
        }
        s->mask = m->expected;
        s->meeting = m->parent;
        free_meeting(w, m);
    }
    return true;
}

/* ---- activations ---- */

static struct vg_activation *new_activation(struct vg_warp *w, const struct vg_code *code)
{
    struct vg_activation **at = &w->state->free_activations;
    while (*at && (*at)->room < code->frame_bytes)
        at = &(*at)->caller;
    struct vg_activation *act = *at;
    if (act) {
        *at = act->caller;
        memset(act->frame, 0, code->frame_bytes);
    } else {
        act = arena_alloc(&vg_live(w)->arena, sizeof *act);
        unsigned char *frame = act ? arena_alloc(&vg_live(w)->arena, code->frame_bytes + 64) : NULL;
        if (!frame)
            return NULL;
        act->frame = frame + 64 - (uintptr_t)frame % 64;
        act->room = code->frame_bytes;
    }
    w->state->depth++;
    return act;
}

static void leave_activation(struct vg_warp *w, struct vg_activation *act, uint32_t lanes)
{
    act->lanes &= ~lanes;
    if (act->lanes != 0 || act == &w->state->first)
        return;
    act->caller = w->state->free_activations;
    w->state->free_activations = act;
    w->state->depth--;
}

void vg_warp_begin(struct vg_warp *w, const struct vg_code *code, unsigned char *frame)
{
    struct vg_warp_state *st = w->state;
    st->event = VG_STRAIGHT;
    st->n_splits = 0;
    st->back = 0;
    st->free_meetings = NULL;
    st->free_activations = NULL;
    st->depth = 1;
    st->steps = 0;
    st->slept = 0;
    st->spun = false;
    st->n_copies = 0;
    memset(st->commits, 0, sizeof st->commits);
    memset(st->polls, 0, sizeof st->polls);
    st->first = (struct vg_activation){.code = code,
                                       .frame = frame,
                                       .room = code->frame_bytes,
                                       .lanes = w->live,
                                       .local_top = code->local_bytes};
    st->local_bytes = 0;
    if (!vg_grow_local(w, code->local_bytes))
        vg_fail(w, VG_LAUNCH_FAILURE, 0, 0, "no memory for %u bytes of local memory per thread",
                code->local_bytes);
    memset(frame, 0, code->frame_bytes);
    vg_fill_specials(w, code, frame);
    push_split(w, (struct vg_split){.mask = w->live, .act = &st->first});
}

/* ---- events ---- */

/* A meeting for the lanes of the current split at `pc`, unless it has that one already: a loop
 * whose lanes leave one after the other needs one meeting only. */
static bool meet_at(struct vg_warp *w, uint32_t pc)
{
    struct vg_split *s = current(w);
    const struct vg_meeting *m = s->meeting;
    if (pc == VG_NOWHERE || (m && !m->call && m->act == s->act && m->pc == pc))
        return true;
    struct vg_meeting *made = new_meeting(
        w, (struct vg_meeting){.parent = s->meeting, .act = s->act, .pc = pc, .expected = s->mask});
    if (made)
        s->meeting = made;
    return made != NULL;
}

/* Some lanes of the current split go to `pc`; the rest stays in it. */
static void part(struct vg_warp *w, uint32_t lanes, uint32_t pc)
{
    struct vg_split *s = current(w);
    struct vg_split other = *s;
    other.pc = pc;
    other.mask = lanes;
    s->mask &= ~lanes;
    if (at_meeting(&other))
        s->meeting->waiting |= lanes;
    else
        push_split(w, other);
}

static bool diverge(struct vg_warp *w)
{
    struct vg_warp_state *st = w->state;
    struct vg_split *s = current(w);
    const struct vg_insn *i = &s->act->code->insns[s->pc - 1];
    if (!meet_at(w, i->b))
        return false;
    const uint32_t stay = s->mask & ~st->event_mask, fall = s->pc;
    s->pc = st->event_pc;
    if (at_meeting(s)) { /* those who jump only wait; the others go on */
        s->pc = fall;
        part(w, st->event_mask, st->event_pc);
    } else {
        part(w, stay, fall);
    }
    return !at_meeting(s) || arrive(w);
}

static bool diverge_many(struct vg_warp *w)
{
    struct vg_warp_state *st = w->state;
    struct vg_split *s = current(w);
    const struct vg_insn *i = &s->act->code->insns[s->pc - 1];
    uint32_t left = st->event_mask;
    if (!meet_at(w, i->b))
        return false;
    while (left) {
        const uint32_t pc = st->event_pcs[__builtin_ctz(left)];
        uint32_t same = 0;
        VG_EACH_LANE(l, left)
        same |= (uint32_t)(st->event_pcs[l] == pc) << l;
        left &= ~same;
        if (s->mask == same)
            s->pc = pc;
        else
            part(w, same, pc);
    }
    return !at_meeting(s) || arrive(w);
}

static bool overflow(struct vg_warp *w, const struct vg_code *code)
{
    vg_fail(w, VG_LAUNCH_FAILURE, (uint32_t)__builtin_ctz(w->state->event_mask), 0,
            "stack overflow: %u calls deep in %s", w->state->depth, code->func->name);
    return false;
}

static bool enter(struct vg_warp *w)
{
    struct vg_warp_state *st = w->state;
    struct vg_split *s = current(w);
    const struct vg_code *code = st->event_code;
    const uint32_t lanes = st->event_mask, base = s->act->local_top;
    if (st->depth >= VG_CALL_DEPTH || base + code->local_bytes > VG_LOCAL_MAX ||
        !vg_grow_local(w, base + code->local_bytes))
        return overflow(w, code);
    if (s->mask != lanes) { /* a guarded call: the others wait behind it */
        if (!meet_at(w, s->pc))
            return false;
        const uint32_t skip = s->mask & ~lanes & ~st->event_again;
        if (st->event_again) /* those call next; the same instruction again */
            part(w, st->event_again, s->pc - 1);
        s->mask = lanes;
        s->meeting->waiting |= skip;
    }
    struct vg_meeting *m = new_meeting(
        w, (struct vg_meeting){
               .parent = s->meeting, .act = s->act, .pc = s->pc, .expected = lanes, .call = true});
    struct vg_activation *act = m ? new_activation(w, code) : NULL;
    if (!act)
        return overflow(w, code);
    act->code = code;
    act->caller = s->act;
    act->lanes = lanes;
    act->local = base;
    act->local_top = base + code->local_bytes;
    vg_fill_specials(w, code, act->frame);
    vg_pass_arguments(w, &s->act->code->insns[s->pc - 1], s->act, act, lanes);
    s->meeting = m;
    s->act = act;
    s->pc = 0;
    return true;
}

/* False always: who goes on may have become one with others. */
static bool exit_lanes(struct vg_warp *w, uint32_t lanes)
{
    struct vg_split *s = current(w);
    struct vg_meeting *m = s->meeting;
    struct vg_activation *act = s->act;
    s->mask &= ~lanes;
    if (s->mask == 0)
        remove_split(w, w->state->current);
    w->live &= ~lanes;
    while (m) {
        struct vg_meeting *parent = m->parent;
        leave_meeting(w, m, lanes);
        m = parent;
    }
    while (act) {
        struct vg_activation *caller = act->caller;
        leave_activation(w, act, lanes);
        act = caller;
    }
    vg_copies_drop(w, lanes);
    vg_warp_match(w);
    vg_barriers_recheck(vg_live(w));
    return false;
}

static bool return_lanes(struct vg_warp *w, uint32_t lanes)
{
    struct vg_split *s = current(w);
    struct vg_activation *act = s->act;
    if (act == &w->state->first)
        return exit_lanes(w, lanes);
    struct vg_meeting *m = s->meeting;
    s->mask &= ~lanes;
    if (s->mask == 0)
        remove_split(w, w->state->current);
    while (!m->call) { /* only where a function that never returns did */
        struct vg_meeting *parent = m->parent;
        leave_meeting(w, m, lanes);
        m = parent;
    }
    vg_pass_results(w, &m->act->code->insns[m->pc - 1], act, m->act, lanes);
    leave_activation(w, act, lanes);
    m->waiting |= lanes;
    if (m->waiting == m->expected)
        finish_meeting(w, m);
    return false;
}

/* The lanes of event_mask wait at the instruction before `pc`. */
static void wait_here(struct vg_warp *w, enum vg_split_state state)
{
    struct vg_warp_state *st = w->state;
    struct vg_split *s = current(w);
    struct vg_split waiting = *s;
    waiting.pc--;
    waiting.mask = st->event_mask;
    waiting.state = state;
    waiting.barrier = st->event_id;
    s->mask &= ~st->event_mask;
    if (s->mask != 0)
        push_split(w, waiting);
    else
        *s = waiting;
}

static bool park(struct vg_warp *w)
{
    const struct vg_split *s = current(w);
    const struct vg_insn *i = &s->act->code->insns[s->pc - 1];
    const uint32_t waits = w->state->event_mask;
    /* It is counted when it is complete. */
    w->block->active[i->pc] -= (uint32_t)__builtin_popcount(waits);
    if ((s->mask & ~waits) == 0)
        w->block->issued[i->pc]--;
    wait_here(w, VG_AT_SYNC);
    vg_warp_match(w);
    return false;
}

static bool wait_at_barrier(struct vg_warp *w)
{
    wait_here(w, VG_AT_BARRIER);
    vg_barriers_recheck(vg_live(w));
    return false;
}

bool vg_warp_event(struct vg_warp *w)
{
    struct vg_warp_state *st = w->state;
    const enum vg_event event = st->event;
    const uint32_t lanes = st->event_mask;
    st->event = VG_STRAIGHT;
    switch (event) {
    case VG_STRAIGHT:
        return arrive(w);
    case VG_JUMP:
        return diverge(w);
    case VG_SWITCH:
        return diverge_many(w);
    case VG_CALL:
        return enter(w);
    case VG_RETURN:
        return return_lanes(w, lanes);
    case VG_EXIT:
        return exit_lanes(w, lanes);
    case VG_PARK:
        return park(w);
    case VG_BARRIER:
        return wait_at_barrier(w);
    case VG_SPIN:
        st->spun = true;
        return false;
    case VG_FAULT:
        return false;
    }
    return false;
}

/* ---- whose turn it is ---- */

bool vg_warp_is_ready(const struct vg_warp *w)
{
    for (uint32_t k = 0; k < w->state->n_splits; k++)
        if (w->state->splits[k].state == VG_READY)
            return true;
    return false;
}

/* The last made runs first: a branch's sides are done before what follows it. */
bool vg_warp_select(struct vg_warp *w)
{
    struct vg_warp_state *st = w->state;
    for (uint32_t k = st->n_splits; k-- > 0;) {
        if (st->splits[k].state != VG_READY)
            continue;
        st->current = k;
        st->back = 0;
        if (arrive(w))
            return true;
        k = st->n_splits; /* it waits now; who else? */
    }
    return false;
}

void vg_warp_rotate(struct vg_warp *w)
{
    struct vg_warp_state *st = w->state;
    if (st->n_splits < 2 || st->current >= st->n_splits)
        return;
    const struct vg_split s = st->splits[st->current];
    memmove(&st->splits[1], &st->splits[0], st->current * sizeof *st->splits);
    st->splits[0] = s;
}

/* The nearest meeting of a split in which somebody waits. */
static bool release_one(struct vg_warp *w, struct vg_meeting *m)
{
    while (m && m->waiting == 0)
        m = m->parent;
    if (!m)
        return false;
    push_split(
        w, (struct vg_split){.pc = m->pc, .mask = m->waiting, .meeting = m->parent, .act = m->act});
    m->expected &= ~m->waiting;
    m->waiting = 0;
    return true;
}

bool vg_warp_release(struct vg_warp *w, enum vg_split_state of)
{
    struct vg_warp_state *st = w->state;
    for (uint32_t k = st->n_splits; k-- > 0;)
        if (st->splits[k].state == of && release_one(w, st->splits[k].meeting))
            return true;
    return false;
}

/* ---- synchronisation ---- */

static void merge_equal(struct vg_warp *w)
{
    struct vg_warp_state *st = w->state;
    for (uint32_t a = 0; a < st->n_splits; a++)
        for (uint32_t b = a + 1; b < st->n_splits;) {
            struct vg_split *x = &st->splits[a];
            const struct vg_split *y = &st->splits[b];
            if (x->state == VG_READY && y->state == VG_READY && x->pc == y->pc &&
                x->act == y->act && x->meeting == y->meeting) {
                x->mask |= y->mask;
                remove_split(w, b);
                st->current = 0;
            } else {
                b++;
            }
        }
}

void vg_warp_pass_barrier(struct vg_warp *w, uint32_t id)
{
    struct vg_warp_state *st = w->state;
    bool several = false;
    for (uint32_t k = 0; k < st->n_splits; k++) {
        if (st->splits[k].state != VG_AT_BARRIER || st->splits[k].barrier != id)
            continue;
        st->splits[k].state = VG_READY;
        st->splits[k].pc++;
        several = several || k > 0;
    }
    if (several)
        merge_equal(w);
}

static const struct vg_insn *insn_of(const struct vg_split *s)
{
    return &s->act->code->insns[s->pc];
}

/* __syncwarp's of different places match, if their masks do (CUDA C++ Programming Guide); all else
 * must be one instruction. */
static bool matches(const struct vg_split *a, const struct vg_split *b)
{
    if (b->state != VG_AT_SYNC)
        return false;
    return a->act == b->act && a->pc == b->pc
               ? true
               : insn_of(a)->run == vg_run_warp_sync && insn_of(b)->run == vg_run_warp_sync;
}

/* The largest set of lanes at one synchronisation that all have whom they wait for. */
static uint32_t complete_lanes(const struct vg_warp *w, const struct vg_split *at)
{
    const struct vg_warp_state *st = w->state;
    uint32_t here = 0;
    for (uint32_t k = 0; k < st->n_splits; k++)
        if (matches(at, &st->splits[k]))
            here |= st->splits[k].mask;
    for (;;) {
        uint32_t go = 0;
        VG_EACH_LANE(l, here)
        go |= (uint32_t)((st->members[l] & w->live & ~here) == 0) << l;
        if (go == here)
            return go;
        here = go;
    }
}

static void advance(struct vg_warp *w, const struct vg_split *at, uint32_t go)
{
    struct vg_warp_state *st = w->state;
    const struct vg_split place = *at; /* `at` moves with the array */
    for (uint32_t k = st->n_splits; k-- > 0;) {
        struct vg_split *s = &st->splits[k];
        if (!matches(&place, s) || !(s->mask & go))
            continue;
        struct vg_split gone = *s;
        gone.mask &= go;
        gone.state = VG_READY;
        gone.pc++;
        s->mask &= ~go;
        if (s->mask == 0)
            *s = gone;
        else
            push_split(w, gone);
    }
    merge_equal(w);
}

static void run_complete(struct vg_warp *w, const struct vg_split *at, uint32_t go)
{
    const struct vg_insn *i = insn_of(at);
    const uint32_t mask = w->mask;
    unsigned char *const frame = w->bank[VG_FRAME], *const constants = w->bank[VG_CONSTANTS];
    w->bank[VG_FRAME] = at->act->frame;
    w->bank[VG_CONSTANTS] = at->act->code->constants;
    w->mask = go;
    i->run(w, i, go);
    w->block->issued[i->pc]++;
    w->block->active[i->pc] += (uint32_t)__builtin_popcount(go);
    w->state->steps++;
    if (w->state->event != VG_FAULT)
        w->state->event = VG_STRAIGHT;
    if (vg_live(w)->watch_issue)
        vg_tell_issue(w, i, go);
    w->mask = mask;
    w->bank[VG_FRAME] = frame;
    w->bank[VG_CONSTANTS] = constants;
}

void vg_warp_match(struct vg_warp *w)
{
    struct vg_warp_state *st = w->state;
    for (uint32_t k = 0; k < st->n_splits; k++) {
        if (st->splits[k].state != VG_AT_SYNC)
            continue;
        const uint32_t go = complete_lanes(w, &st->splits[k]);
        if (go == 0)
            continue;
        const struct vg_split at = st->splits[k];
        run_complete(w, &at, go);
        advance(w, &at, go);
        k = UINT32_MAX; /* from the start: the array is another */
    }
}

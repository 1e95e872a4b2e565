#include "grader/vgpu/exec/block.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "grader/vgpu/exec/warp.h"

enum {
    TURN_STEPS = 20000,    /* of a warp that nobody waits for */
    CLOCK_STEPS = 1000000, /* between two looks at the clock: a few ms */
    ARENA_MAX = 64 << 20,  /* meetings and calls of a block */
};

int64_t vg_now_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* ---- memory ---- */

static void *aligned(size_t bytes)
{
    return aligned_alloc(64, (bytes + 127) / 64 * 64); /* never 0 bytes */
}

static uint32_t threads_of(const struct vg_launch *l)
{
    return l->block[0] * l->block[1] * l->block[2];
}

struct vg_live_block *vg_live_new(const struct vg_launch *l, struct vg_code *const *codes)
{
    struct vg_live_block *live = calloc(1, sizeof *live);
    if (!live)
        return NULL;
    const struct vg_kernel *k = l->kernel;
    const uint32_t n_warps = (threads_of(l) + VG_WARP - 1) / VG_WARP;
    live->kernel = k;
    live->codes = codes;
    live->frames_bytes = codes[k->func]->frame_bytes;
    live->frames = aligned(live->frames_bytes * n_warps);
    live->block.shared_bytes = k->info.static_shared + l->dynamic_shared;
    live->block.shared = aligned(live->block.shared_bytes);
    live->block.issued = calloc(k->program->n_pcs, sizeof(uint64_t));
    live->block.active = calloc(k->program->n_pcs, sizeof(uint64_t));
    arena_init(&live->arena, ARENA_MAX);
    str_init(&live->output, l->budget.output_bytes);
    if (!live->frames || !live->block.shared || !live->block.issued || !live->block.active) {
        vg_live_free(live);
        return NULL;
    }
    return live;
}

void vg_live_free(struct vg_live_block *live)
{
    if (!live)
        return;
    for (uint32_t k = 0; k < VG_WARPS_MAX; k++) {
        free(live->states[k].local);
        free(live->states[k].copies);
    }
    str_done(&live->output);
    arena_done(&live->arena);
    free(live->frames);
    free(live->block.shared);
    free(live->block.issued);
    free(live->block.active);
    free(live);
}

/* ---- order ---- */

static uint64_t mix(uint64_t x) /* splitmix64 */
{
    x += UINT64_C(0x9e3779b97f4a7c15);
    x = (x ^ x >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    x = (x ^ x >> 27) * UINT64_C(0x94d049bb133111eb);
    return x ^ x >> 31;
}

/* A permutation of [0, n) without a table: a Feistel network over the next even number of bits,
 * walked until the value is in range. */
uint64_t vg_order_at(uint64_t seed, uint64_t n, uint64_t k)
{
    if (seed == 0 || n < 2)
        return k;
    unsigned half = 1;
    while ((UINT64_C(1) << 2 * half) < n)
        half++;
    const uint64_t low = (UINT64_C(1) << half) - 1;
    do {
        uint64_t left = k >> half, right = k & low;
        for (uint64_t round = 0; round < 4; round++) {
            const uint64_t next = left ^ (mix(seed ^ mix(right + (round << 40))) & low);
            left = right;
            right = next;
        }
        k = left << half | right;
    } while (k >= n);
    return k;
}

/* ---- begin ---- */

static void begin_counters(struct vg_live_block *live)
{
    const struct vg_kernel *k = live->kernel;
    for (uint32_t r = 0; r < k->n_reached; r++) {
        const struct vg_code *code = live->codes[k->reached[r]];
        memset(&live->block.issued[code->first_pc], 0, ((size_t)code->n + 1) * sizeof(uint64_t));
        memset(&live->block.active[code->first_pc], 0, ((size_t)code->n + 1) * sizeof(uint64_t));
    }
}

static bool watches_access(const struct vg_launch *l)
{
    for (int k = 0; k < VG_WATCHERS; k++)
        if (l->watchers[k] && l->watchers[k]->access)
            return true;
    return false;
}

static bool watches_issue(const struct vg_launch *l, const struct vg_block *b)
{
    for (int k = 0; k < VG_WATCHERS; k++) {
        const struct vg_watcher *watcher = l->watchers[k];
        if (watcher && watcher->issue &&
            (!watcher->wants_issue || watcher->wants_issue(watcher->context, b)))
            return true;
    }
    return false;
}

static void begin_warps(struct vg_live_block *live)
{
    struct vg_block *b = &live->block;
    const struct vg_code *code = live->codes[live->kernel->func];
    for (uint32_t k = 0; k < b->n_warps; k++) {
        struct vg_warp *w = &live->warps[k];
        const uint32_t rest = b->n_threads - k * VG_WARP;
        *w = (struct vg_warp){.number = k, .block = b, .state = &live->states[k]};
        w->live = rest >= VG_WARP ? VG_ALL : (1U << rest) - 1;
        w->mask = w->live;
        live->states[k].watch_access = watches_access(b->launch);
        vg_warp_begin(w, code, live->frames + live->frames_bytes * k);
    }
}

void vg_live_begin(struct vg_live_block *live, const struct vg_launch *l, uint64_t position,
                   uint64_t number, uint64_t limit)
{
    struct vg_block *b = &live->block;
    b->launch = l;
    b->number = number;
    b->index[0] = (uint32_t)(number % l->grid[0]);
    b->index[1] = (uint32_t)(number / l->grid[0] % l->grid[1]);
    b->index[2] = (uint32_t)(number / l->grid[0] / l->grid[1]);
    b->n_threads = threads_of(l);
    b->n_warps = (b->n_threads + VG_WARP - 1) / VG_WARP;
    b->warps = live->warps;
    live->position = position;
    live->limit = limit;
    live->warp_instructions = 0;
    live->fault.fault = VG_FINE;
    memset(b->watch, 0, sizeof b->watch);
    memset(live->barriers, 0, sizeof live->barriers);
    memset(b->shared, 0, b->shared_bytes);
    memset(live->reach, 0, sizeof live->reach);
    str_clear(&live->output);
    if (live->arena.used)
        arena_reset(&live->arena);
    begin_counters(live);
    for (uint32_t k = 0; k < b->n_warps; k++)
        live->warp_order[k] =
            (uint8_t)vg_order_at(l->order ? l->order ^ mix(number) : 0, b->n_warps, k);
    begin_warps(live);
    for (int k = 0; k < VG_WATCHERS; k++)
        if (l->watchers[k] && l->watchers[k]->block_begin)
            l->watchers[k]->block_begin(l->watchers[k]->context, b);
    live->watch_issue = watches_issue(l, b);
}

/* ---- faults ---- */

static void thread_index(const struct vg_block *b, uint32_t linear, uint32_t ret[3])
{
    ret[0] = linear % b->launch->block[0];
    ret[1] = linear / b->launch->block[0] % b->launch->block[1];
    ret[2] = linear / b->launch->block[0] / b->launch->block[1];
}

static const struct ptx_instr *where(const struct vg_warp *w, uint32_t lane)
{
    const struct vg_warp_state *st = w->state;
    if (st->current < st->n_splits && w->fault != VG_FINE) {
        const struct vg_split *s = &st->splits[st->current];
        return s->act->code->insns[s->pc ? s->pc - 1 : 0].source;
    }
    for (uint32_t k = 0; k < st->n_splits; k++)
        if (vg_lane_in(st->splits[k].mask, lane))
            return st->splits[k].act->code->insns[st->splits[k].pc].source;
    return NULL;
}

static void tell_place(struct vg_live_block *live, const struct ptx_instr *i, struct str *text)
{
    const struct ptx_module *m = live->kernel->program->module;
    struct vg_result *f = &live->fault;
    f->file = NULL;
    f->line = 0;
    if (i && ptx_source(m, i, &f->file, &f->line))
        str_printf(text, " (%s:%" PRIu32 ")", f->file, f->line);
    else if (i && i->line)
        str_printf(text, " (PTX line %" PRIu32 ")", i->line);
}

static void set_fault(struct vg_live_block *live, enum vg_fault fault, const struct vg_warp *w,
                      uint32_t lane, const char *story)
{
    struct vg_result *f = &live->fault;
    const struct vg_block *b = &live->block;
    struct str text;
    f->fault = fault;
    memcpy(f->block, b->index, sizeof f->block);
    thread_index(b, w->number * VG_WARP + lane, f->thread);
    str_init(&text, sizeof f->text - 1);
    str_printf(&text, "%s", live->kernel->info.name);
    tell_place(live, where(w, lane), &text);
    str_printf(&text, ", block (%u,%u,%u), thread (%u,%u,%u): %s", f->block[0], f->block[1],
               f->block[2], f->thread[0], f->thread[1], f->thread[2], story);
    memcpy(f->text, text.text, text.length + 1);
    str_done(&text);
}

static void tell_waiting(const struct vg_live_block *live, struct str *text)
{
    const struct ptx_module *m = live->kernel->program->module;
    uint32_t told = 0;
    for (uint32_t k = 0; k < live->block.n_warps; k++)
        for (uint32_t n = 0; n < live->states[k].n_splits; n++) {
            const struct vg_split *s = &live->states[k].splits[n];
            const struct ptx_instr *i = s->act->code->insns[s->pc].source;
            const char *file;
            uint32_t line;
            char name[64];
            if (told++ >= 6)
                continue;
            ptx_instr_name(i, name, sizeof name);
            str_printf(text, "%s warp %u lanes 0x%08x at %s", told > 1 ? ";" : "", k, s->mask,
                       name);
            if (ptx_source(m, i, &file, &line))
                str_printf(text, " (%s:%u)", file, line);
        }
    if (told > 6)
        str_printf(text, "; and %u more", told - 6);
}

static enum vg_block_state deadlock(struct vg_live_block *live)
{
    struct str text;
    const struct vg_warp *first = &live->warps[0];
    for (uint32_t k = live->block.n_warps; k-- > 0;)
        if (live->warps[k].live)
            first = &live->warps[k];
    const uint32_t lane =
        first->state->n_splits ? (uint32_t)__builtin_ctz(first->state->splits[0].mask) : 0;
    str_init(&text, 800);
    str_add(&text, "deadlock, nobody can go on:");
    tell_waiting(live, &text);
    set_fault(live, VG_TIMEOUT, first, lane, text.text);
    str_done(&text);
    return VG_BLOCK_FAULT;
}

/* ---- turns ---- */

static bool is_over(struct vg_live_block *live, struct vg_clock *clock, const struct vg_warp *w)
{
    const uint32_t lane = w->live ? (uint32_t)__builtin_ctz(w->live) : 0;
    if (live->warp_instructions > live->limit) {
        set_fault(live, VG_TIMEOUT, w, lane, "the launch's budget of instructions is spent");
        return true;
    }
    if (clock->unchecked < CLOCK_STEPS)
        return false;
    clock->unchecked = 0;
    if (vg_now_ms() < clock->end_ms)
        return false;
    set_fault(live, VG_TIMEOUT, w, lane, "the launch's time is spent");
    return true;
}

enum turn { TURN_NONE, TURN_SPUN, TURN_WENT, TURN_FAULT };

static enum turn turn(struct vg_live_block *live, struct vg_clock *clock, struct vg_warp *w)
{
    const uint64_t before = w->state->steps;
    if (!w->live)
        return TURN_NONE;
    vg_warp_turn(w, TURN_STEPS);
    const uint64_t steps = w->state->steps - before;
    live->warp_instructions += steps;
    clock->unchecked += steps;
    if (w->fault != VG_FINE) {
        set_fault(live, w->fault, w, w->fault_lane, w->fault_text);
        return TURN_FAULT;
    }
    if (is_over(live, clock, w))
        return TURN_FAULT;
    return w->state->spun ? TURN_SPUN : steps ? TURN_WENT : TURN_NONE;
}

/* Lanes at a barrier may wait for lanes of their own warp that wait to meet them. */
static bool release_somebody(struct vg_live_block *live)
{
    for (uint32_t k = 0; k < live->block.n_warps; k++)
        if (vg_warp_release(&live->warps[live->warp_order[k]], VG_AT_BARRIER))
            return true;
    return false;
}

bool vg_live_done(const struct vg_live_block *live)
{
    for (uint32_t k = 0; k < live->block.n_warps; k++)
        if (live->warps[k].live)
            return false;
    return true;
}

/* Somebody freed memory meanwhile: what is in reach must be found again. */
static void forget_freed(struct vg_live_block *live)
{
    const uint32_t changes = live->kernel->program->memory->changes;
    if (changes != live->memory_changes)
        memset(live->reach, 0, sizeof live->reach);
    live->memory_changes = changes;
}

enum vg_block_state vg_live_run(struct vg_live_block *live, struct vg_clock *clock)
{
    forget_freed(live);
    for (;;) {
        bool went = false, spun = false;
        for (uint32_t k = 0; k < live->block.n_warps; k++) {
            const enum turn t = turn(live, clock, &live->warps[live->warp_order[k]]);
            if (t == TURN_FAULT)
                return VG_BLOCK_FAULT;
            went = went || t == TURN_WENT;
            spun = spun || t == TURN_SPUN;
        }
        if (vg_live_done(live))
            return VG_BLOCK_DONE;
        if (!went && spun)
            return VG_BLOCK_SPINS;
        if (!went && !release_somebody(live))
            return deadlock(live);
    }
}

/* The checks as a tool of the device: what they are told while launches run and between them. */
#include "grader/vgpu/check/check.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "grader/vgpu/check/inside.h"

struct launch_kept {
    struct launch_kept *next;
    struct vg_launch launch;
};

/* ---- telling once ---- */

static uint64_t key_of(enum check_kind kind, uint32_t pc, uint32_t other)
{
    const uint32_t low = pc < other ? pc : other, high = pc < other ? other : pc;
    return ((uint64_t)low << 32 | high) * CHECK_KINDS + kind + 1;
}

/* The place of a key, or where it would go; full: NULL. Keys are of one program: a second module's
 * instructions may share numbers with the first one's, which costs a second report, no more. */
static struct check_seen *seen_at(struct check *c, uint64_t key)
{
    for (uint32_t k = 0; k < 64; k++) {
        struct check_seen *s =
            &c->seen[((key * UINT64_C(0x9e3779b97f4a7c15) >> 40) + k) % CHECK_SEEN];
        if (s->key == key || s->key == 0)
            return s;
    }
    return NULL;
}

bool check_known(struct check *c, enum check_kind kind, uint32_t pc, uint32_t other_pc)
{
    const struct check_seen *s = seen_at(c, key_of(kind, pc, other_pc));
    if (!s || s->key == 0)
        return false;
    if (s->finding < CHECK_FINDINGS)
        c->log.all[s->finding].count++;
    else
        c->log.beyond++;
    return true;
}

void check_tell(struct check *c, const struct check_finding *f, uint32_t pc, uint32_t other_pc)
{
    const size_t finding = check_log_add(&c->log, f);
    struct check_seen *s = seen_at(c, key_of(f->kind, pc, other_pc));
    if (s)
        *s = (struct check_seen){.key = key_of(f->kind, pc, other_pc), .finding = finding};
}

struct check_place check_actor_place(const struct check *c, const struct check_toucher *t)
{
    const struct actor *who = actors_get(&c->actors, t->actor);
    if (who->launch)
        return check_place_at(who->launch, who->block, t->thread, t->pc);
    struct check_place p = {.known = true};
    snprintf(p.kernel, sizeof(p.kernel), "a copy or memset of the host");
    return p;
}

static const struct vg_allocation *allocation_of(const struct check *c, uint64_t address)
{
    const int device = (int)(address >> 40) - 1;
    struct vg_memory *m = device >= 0 && device < c->launch.n_devices && c->launch.memories
                              ? c->launch.memories[device]
                              : NULL;
    bool inside = false;
    const struct vg_allocation *a = m ? vg_memory_find(m, address, &inside) : NULL;
    return inside ? a : NULL;
}

bool check_always_set(const struct check *c, uint64_t address)
{
    const struct vg_allocation *a = allocation_of(c, address);
    return a && a->owner != VG_OWNER_MALLOC && a->owner != VG_OWNER_HEAP;
}

void check_what(const struct check *c, uint64_t address, uint32_t bytes, char *ret, size_t size)
{
    const struct vg_allocation *a = allocation_of(c, address);
    if (!a)
        snprintf(ret, size, "%u byte%s at 0x%llx", bytes, bytes == 1 ? "" : "s",
                 (unsigned long long)address);
    else if (a->name)
        snprintf(ret, size, "%u byte%s at %s + %llu", bytes, bytes == 1 ? "" : "s", a->name,
                 (unsigned long long)(address - a->address));
    else
        snprintf(ret, size, "%u byte%s at allocation %u + %llu of %llu", bytes,
                 bytes == 1 ? "" : "s", a->id, (unsigned long long)(address - a->address),
                 (unsigned long long)a->bytes);
}

/* ---- blocks ---- */

static struct block_notes *notes_of(const struct check *c, const struct vg_block *b)
{
    return b->watch[c->slot];
}

static void launch_begin(void *context, const struct vg_launch *l)
{
    struct check *c = context;
    c->slot = 0;
    while (c->slot + 1 < VG_WATCHERS && l->watchers[c->slot] != &c->watcher)
        c->slot++;
}

static uint32_t add_block(struct check *c, uint64_t block, uint32_t phase)
{
    const struct actor who = {.launch = c->launches ? &c->launches->launch : NULL,
                              .launch_id = c->launch_id,
                              .block = block,
                              .phase = phase,
                              .point = c->point};
    return actors_add(&c->actors, &who);
}

static void free_notes(struct block_notes *n)
{
    if (!n)
        return;
    for (uint32_t w = 0; n->warps && w < n->n_warps; w++) {
        taint_done(&n->warps[w].taint);
        free(n->warps[w].pair);
    }
    free(n->warps);
    free(n->shared);
    free(n->shared_set);
    free(n);
}

static void block_begin(void *context, struct vg_block *b)
{
    struct check *c = context;
    struct block_notes *n = calloc(1, sizeof(*n));
    b->watch[c->slot] = NULL;
    if (n) {
        n->epoch = 1;
        n->n_warps = b->n_warps;
        n->shared_bytes = b->shared_bytes;
        n->warps = calloc(b->n_warps, sizeof(*n->warps));
        n->shared = calloc(b->shared_bytes / 4 + 1, sizeof(*n->shared));
        n->shared_set = calloc(b->shared_bytes + 1, 1);
        n->actor = add_block(c, b->number, 0);
    }
    if (!n || !n->warps || !n->shared || !n->shared_set || !n->actor) {
        c->failed = true;
        free_notes(n);
        return;
    }
    b->watch[c->slot] = n;
}

static void block_end(void *context, struct vg_block *b)
{
    struct check *c = context;
    free_notes(notes_of(c, b));
    b->watch[c->slot] = NULL;
}

/* ---- accesses ---- */

static enum check_touch touch_of(const struct vg_access *a)
{
    const struct ptx_instr *i = a->insn->source;
    if (a->kind == VG_ATOMIC || a->kind == VG_REDUCTION)
        return CHECK_ATOMIC;
    const bool strong = i && (ptx_has(i, MOD_VOLATILE) || ptx_has(i, MOD_RELAXED) ||
                              ptx_has(i, MOD_ACQUIRE) || ptx_has(i, MOD_RELEASE));
    return strong ? CHECK_VOLATILE : CHECK_PLAIN;
}

/* What one block tells another, by the address of each lane. */
static void pass_word(struct now *n, const struct ptx_instr *i)
{
    struct actors *all = &n->c->actors;
    const uint64_t address = n->a->addresses[n->lane];
    if (n->reads && n->was_flag)
        actors_acquire(all, n->me.actor, address);
    if (!n->writes)
        return;
    if (i && (ptx_has(i, MOD_RELEASE) || ptx_has(i, MOD_ACQ_REL) || ptx_has(i, MOD_SC)))
        actors_get(all, n->me.actor)->fences++;
    actors_release(all, n->me.actor, address);
}

/* A flag in shared memory, written behind a fence, or an mbarrier: who sees it is behind all of the
 * block's older accesses. Taken for a barrier of the block, which finds too little, never too much.
 */
static bool is_shared_flag(const struct vg_access *a, struct block_notes *b, enum check_touch touch)
{
    struct warp_notes *w = &b->warps[a->warp->number];
    if (a->space != PTX_SHARED || touch == CHECK_PLAIN || a->kind == VG_LOAD)
        return false;
    const bool is = w->fenced || (a->insn->source && a->insn->source->op == PTX_MBARRIER);
    w->fenced = false;
    return is;
}

static void access(void *context, const struct vg_access *a)
{
    struct check *c = context;
    struct block_notes *b = notes_of(c, a->warp->block);
    if (!b || (a->space != PTX_GLOBAL && a->space != PTX_SHARED))
        return;
    b->warps[a->warp->number].acted |= a->mask;
    const bool flag = is_shared_flag(a, b, touch_of(a));
    b->epoch += flag;
    struct now n = {.c = c,
                    .b = b,
                    .w = &b->warps[a->warp->number],
                    .a = a,
                    .touch = touch_of(a),
                    .reads = a->kind == VG_LOAD || a->kind == VG_ATOMIC ||
                             a->kind == VG_REDUCTION || a->kind == VG_COPY_READ,
                    .writes = a->kind != VG_LOAD && a->kind != VG_COPY_READ};
    n.me = (struct check_toucher){.actor = b->actor,
                                  .pc = a->insn->pc,
                                  .epoch = b->epoch,
                                  .step = n.w->step,
                                  .fences = actors_get(&c->actors, b->actor)->fences,
                                  .touch = (uint8_t)n.touch};
    const bool whole = check_unset_warp(&n);
    for (uint32_t left = a->mask; left; left &= left - 1) {
        n.lane = (uint32_t)__builtin_ctz(left);
        n.me.thread = (uint16_t)(a->warp->number * VG_WARP + n.lane);
        n.was_flag = false;
        if (!whole)
            check_unset_access(&n);
        check_race(&n);
        if (a->space == PTX_GLOBAL && n.touch != CHECK_PLAIN)
            pass_word(&n, a->insn->source);
    }
    b->epoch += flag;
}

static void diverged(struct check *c, const struct vg_warp *w, const struct vg_insn *i,
                     uint32_t mask)
{
    if (check_known(c, CHECK_DIVERGED_BARRIER, i->pc, i->pc))
        return;
    struct check_finding f = {.kind = CHECK_DIVERGED_BARRIER,
                              .hint =
                                  "every thread of a block must reach the same __syncthreads(): "
                                  "take it out of the condition"};
    f.here = check_place_at(&c->launch, w->block->number,
                            w->number * VG_WARP + (uint32_t)__builtin_ctz(mask), i->pc);
    snprintf(f.what, sizeof(f.what), "%d of its %d lanes are here", __builtin_popcount(mask),
             __builtin_popcount(w->live));
    check_tell(c, &f, i->pc, i->pc);
}

static bool is_aligned_barrier(const struct ptx_instr *i)
{
    if (!i || ptx_has(i, MOD_WARP) || ptx_has(i, MOD_CLUSTER))
        return false;
    return i->op == PTX_BAR || (i->op == PTX_BARRIER && ptx_has(i, MOD_ALIGNED));
}

static void issue(void *context, struct vg_warp *w, const struct vg_insn *i, uint32_t mask)
{
    struct check *c = context;
    struct block_notes *b = notes_of(c, w->block);
    if (b && mask)
        check_unset_issue(c, b, w, i, mask);
    if (b && (mask || i->guard == UINT32_MAX))
        check_mask_issue(c, b, w, i, mask);
    if (!b || !mask)
        return;
    if (is_aligned_barrier(i->source) && mask != w->live)
        diverged(c, w, i, mask);
}

static bool wants_issue(void *context, const struct vg_block *b)
{
    (void)context;
    (void)b;
    return true;
}

static void meet(struct warp_notes *w, uint32_t live, uint32_t mask)
{
    w->step++;
    if ((mask & live) == live) {
        w->full = w->step;
        return;
    }
    if (!w->pair && !(w->pair = calloc(VG_WARP, sizeof(*w->pair)))) {
        w->full = w->step; /* rather miss a race than invent one */
        return;
    }
    for (uint32_t a = 0; a < VG_WARP; a++)
        for (uint32_t b = 0; b < VG_WARP && mask >> a & 1; b++)
            if (mask >> b & 1)
                w->pair[a][b] = w->step;
}

static void sync(void *context, struct vg_block *b, struct vg_warp *w, enum vg_sync_kind kind,
                 uint32_t id, uint32_t mask)
{
    struct check *c = context;
    struct block_notes *n = notes_of(c, b);
    (void)id;
    if (!n)
        return;
    switch (kind) {
    case VG_SYNC_BLOCK:
        n->epoch++;
        break;
    case VG_SYNC_WARP:
        meet(&n->warps[w->number], w->live, mask);
        break;
    case VG_FENCE_BLOCK:
        n->warps[w->number].fenced = true;
        break;
    case VG_FENCE_DEVICE:
        n->warps[w->number].fenced = true;
        actors_get(&c->actors, n->actor)->fences++;
        break;
    case VG_SYNC_GRID: {
        const uint32_t phase = actors_get(&c->actors, n->actor)->phase + 1;
        const uint32_t actor = add_block(c, b->number, phase);
        n->epoch++;
        n->actor = actor ? actor : n->actor;
        break;
    }
    }
}

/* ---- between launches ---- */

static void launching(void *context, uint32_t stream, const struct vg_launch *l)
{
    struct check *c = context;
    struct launch_kept *kept = calloc(1, sizeof(*kept));
    c->launch = *l;
    for (int d = 0; d < l->n_devices && d <= VG_DEVICES && l->memories; d++)
        c->memories[d] = l->memories[d];
    c->launch.memories = c->memories;
    c->launch_id++;
    c->point = order_issue(c->order, stream);
    if (!kept) {
        c->failed = true;
        return;
    }
    kept->launch = *l;
    kept->next = c->launches;
    c->launches = kept;
}

static void allocated(void *context, struct vg_memory *m, uint64_t address, uint64_t bytes)
{
    struct check *c = context;
    bool inside = false;
    const struct vg_allocation *a = vg_memory_find(m, address, &inside);
    /* Variables of a module begin with what it says, or zeros. */
    if (a && inside && a->owner != VG_OWNER_MALLOC && a->owner != VG_OWNER_HEAP)
        check_shadow_set(c->shadow, address, bytes);
    else
        check_shadow_unset(c->shadow, address, bytes);
    check_shadow_forget(c->shadow, address, bytes);
}

static void released(void *context, struct vg_memory *m, uint64_t address)
{
    struct check *c = context;
    bool inside = false;
    const struct vg_allocation *a = vg_memory_find(m, address, &inside);
    if (a && a->address == address)
        check_shadow_unset(c->shadow, address, a->bytes);
}

static void touch_by_copy(struct check *c, uint32_t actor, uint64_t address, uint64_t bytes,
                          bool write)
{
    for (uint64_t at = address & ~UINT64_C(3); at < address + bytes; at += 4) {
        struct check_cell *cell = check_shadow_cell(c->shadow, at);
        if (!cell)
            return;
        const struct check_toucher me = {
            .actor = actor, .bytes = 15, .touch = CHECK_PLAIN, .pc = UINT32_MAX};
        const struct check_toucher *const old[] = {&cell->write, &cell->read, &cell->other};
        for (int k = 0; k < (write ? 3 : 1); k++) {
            if (old[k]->touch == CHECK_UNTOUCHED || old[k]->actor == actor ||
                order_before(c->order, actors_get(&c->actors, old[k]->actor)->point) ||
                check_known(c, CHECK_STREAM_HAZARD, me.pc, old[k]->pc))
                continue;
            struct check_finding f = {.kind = CHECK_STREAM_HAZARD,
                                      .here = check_actor_place(c, &me),
                                      .there = check_actor_place(c, old[k]),
                                      .hint =
                                          "let the copy's stream wait for an event of the other"};
            check_what(c, at, 4, f.what, sizeof(f.what));
            check_tell(c, &f, me.pc, old[k]->pc);
        }
        *(write ? &cell->write : &cell->read) = me;
    }
}

static void copied(void *context, uint32_t stream, enum observer_copy kind,
                   const struct observer_range *to, const struct observer_range *from)
{
    struct check *c = context;
    const struct actor who = {.launch_id = ++c->launch_id, .point = order_issue(c->order, stream)};
    const uint32_t actor = actors_add(&c->actors, &who);
    (void)kind;
    if (!actor) {
        c->failed = true;
        return;
    }
    for (uint64_t r = 0; from && from->address && r < from->rows; r++)
        touch_by_copy(c, actor, from->address + r * from->pitch, from->bytes, false);
    for (uint64_t r = 0; to && to->address && r < to->rows; r++) {
        const uint64_t address = to->address + r * to->pitch;
        touch_by_copy(c, actor, address, to->bytes, true);
        /* A copy within the device takes unset bytes along. */
        check_shadow_set(c->shadow, address, to->bytes);
        for (uint64_t k = 0; from && from->address && k < to->bytes; k++)
            if (!check_shadow_is_set(c->shadow, from->address + r * from->pitch + k, 1))
                check_shadow_unset(c->shadow, address + k, 1);
    }
}

static void put(void *context, struct vg_memory *m, uint64_t address, uint64_t bytes)
{
    struct check *c = context;
    (void)m;
    check_shadow_set(c->shadow, address, bytes);
    check_shadow_forget(c->shadow, address, bytes);
}

static void poisoned(void *context, struct vg_memory *m, uint64_t address, uint64_t bytes)
{
    struct check *c = context;
    (void)m;
    check_shadow_unset(c->shadow, address, bytes);
    check_shadow_forget(c->shadow, address, bytes);
}

static void stream_made(void *context, uint32_t stream, int device, bool legacy, bool blocking)
{
    struct check *c = context;
    order_stream_made(c->order, stream, device, legacy, blocking);
}

static void stream_gone(void *context, uint32_t stream)
{
    struct check *c = context;
    order_stream_gone(c->order, stream);
}

static void recorded(void *context, uint32_t event, uint32_t stream)
{
    struct check *c = context;
    order_recorded(c->order, event, stream);
}

static void waited(void *context, uint32_t stream, uint32_t event)
{
    struct check *c = context;
    order_waited(c->order, stream, event);
}

static void event_seen(void *context, uint32_t event)
{
    struct check *c = context;
    order_event_seen(c->order, event);
}

static void stream_seen(void *context, uint32_t stream)
{
    struct check *c = context;
    order_stream_seen(c->order, stream);
}

static void device_seen(void *context, int device)
{
    struct check *c = context;
    order_device_seen(c->order, device);
}

void check_end(struct check *c)
{
    const uint32_t open = order_streams_open(c->order);
    if (open == 0)
        return;
    struct check_finding f = {.kind = CHECK_LEAK, .hint = "cudaStreamDestroy() when it is done"};
    snprintf(f.what, sizeof(f.what), "%u still open at the end", open);
    (void)check_log_add(&c->log, &f);
}

/* ---- the tool ---- */

static size_t report(void *context, FILE *to, bool lines, bool json)
{
    struct check *c = context;
    (void)lines;
    check_end(c);
    if (json)
        check_log_json(&c->log, to);
    else
        check_log_text(&c->log, to);
    if (c->failed || check_shadow_full(c->shadow))
        fprintf(stderr, "vgpu: memory for checks ran out; a part of the run was not checked\n");
    return check_log_errors(&c->log);
}

static void done(void *context)
{
    check_free(context);
}

void check_free(struct check *c)
{
    if (!c)
        return;
    while (c->launches) {
        struct launch_kept *k = c->launches;
        c->launches = k->next;
        free(k);
    }
    check_log_done(&c->log);
    check_shadow_free(c->shadow);
    order_free(c->order);
    actors_done(&c->actors);
    free(c);
}

static void connect_hooks(struct check *c)
{
    c->watcher = (struct vg_watcher){.context = c,
                                     .launch_begin = launch_begin,
                                     .block_begin = block_begin,
                                     .issue = issue,
                                     .wants_issue = wants_issue,
                                     .access = access,
                                     .sync = sync,
                                     .block_end = block_end};
    c->observer = (struct vg_observer){.context = c,
                                       .allocated = allocated,
                                       .released = released,
                                       .stream_made = stream_made,
                                       .stream_gone = stream_gone,
                                       .copied = copied,
                                       .launching = launching,
                                       .recorded = recorded,
                                       .waited = waited,
                                       .event_seen = event_seen,
                                       .stream_seen = stream_seen,
                                       .device_seen = device_seen,
                                       .put = put,
                                       .poisoned = poisoned};
}

enum err_code check_new(struct check **ret, struct err *why)
{
    struct check *c = calloc(1, sizeof(*c));
    if (!c)
        return err_set(why, ERR_NOMEM, "no memory for checks");
    c->shadow = check_shadow_new();
    c->order = order_new();
    if (check_log_init(&c->log, why) != OK || !c->shadow || !c->order || !actors_init(&c->actors)) {
        check_free(c);
        return err_set(why, ERR_NOMEM, "no memory for checks");
    }
    for (int d = 0; d < VG_DEVICES; d++) /* always there, and never told of */
        order_stream_made(c->order, (uint32_t)d, d, true, true);
    connect_hooks(c);
    *ret = c;
    return OK;
}

const struct vg_watcher *check_watcher(const struct check *c)
{
    return &c->watcher;
}

const struct vg_observer *check_observer(const struct check *c)
{
    return &c->observer;
}

const struct check_log *check_found(const struct check *c)
{
    return &c->log;
}

enum err_code vg_check_tool(const char *profile, struct vg_tool *ret, struct err *why)
{
    struct check *c = NULL;
    (void)profile; /* what is right does not depend on the device */
    const enum err_code rc = check_new(&c, why);
    if (rc != OK)
        return rc;
    *ret = (struct vg_tool){.watcher = &c->watcher,
                            .observer = &c->observer,
                            .alone = true,
                            .report = report,
                            .done = done,
                            .context = c};
    return OK;
}

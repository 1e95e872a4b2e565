/* Races: two accesses of one word, one of them a write, with nothing that orders them. */
#include <stdio.h>
#include <string.h>

#include "grader/vgpu/check/inside.h"

bool check_warp_knows(const struct warp_notes *w, uint32_t lane, uint32_t other, uint32_t step)
{
    return w->full > step || (w->pair && w->pair[lane][other] > step);
}

/* Within one block: the same thread, another interval between barriers, or a warp that met. */
static bool ordered_in_block(const struct now *n, const struct check_toucher *old)
{
    if (old->thread == n->me.thread || old->epoch != n->b->epoch)
        return true;
    if (old->thread / VG_WARP != n->me.thread / VG_WARP)
        return false;
    /* Lanes of one instruction are one access; which of them wins is another question. */
    if (old->pc == n->me.pc && old->step == n->me.step)
        return true;
    return check_warp_knows(n->w, n->lane, old->thread % VG_WARP, old->step);
}

static bool ordered_globally(const struct now *n, const struct check_toucher *old)
{
    if (old->actor == n->me.actor)
        return ordered_in_block(n, old) ||
               actors_told(&n->c->actors, old->actor, old->fences, old->actor);
    const struct actor *from = actors_get(&n->c->actors, old->actor);
    const struct actor *to = actors_get(&n->c->actors, n->me.actor);
    if (from->launch_id != to->launch_id)
        return order_before(n->c->order, from->point);
    if (from->block == to->block && from->phase != to->phase)
        return true;
    return from->phase < to->phase ||
           actors_told(&n->c->actors, old->actor, old->fences, n->me.actor);
}

static const char *hint_of(enum check_kind kind, const struct now *n,
                           const struct check_toucher *old)
{
    if (kind == CHECK_STREAM_HAZARD)
        return "let one stream wait for an event of the other, or use one stream for both";
    if (kind == CHECK_GLOBAL_RACE)
        return "blocks run in any order: use atomics, or a second launch, or __threadfence() and "
               "an "
               "atomic flag";
    if (old->thread / VG_WARP == n->me.thread / VG_WARP)
        return "lanes of a warp may run apart: __syncwarp() between them";
    return "__syncthreads() between them";
}

static enum check_kind kind_of(const struct now *n, const struct check_toucher *old)
{
    if (n->a->space == PTX_SHARED)
        return CHECK_SHARED_RACE;
    const struct actor *from = actors_get(&n->c->actors, old->actor);
    const struct actor *to = actors_get(&n->c->actors, n->me.actor);
    return from->launch_id == to->launch_id ? CHECK_GLOBAL_RACE : CHECK_STREAM_HAZARD;
}

static const char *verb(bool write, uint8_t touch)
{
    return touch == CHECK_ATOMIC ? "atomic" : write ? "write" : "read";
}

static void tell(struct now *n, const struct check_toucher *old, bool old_writes, uint64_t address)
{
    const enum check_kind kind = kind_of(n, old);
    if (check_known(n->c, kind, n->me.pc, old->pc))
        return;
    struct check_finding f = {.kind = kind, .hint = hint_of(kind, n, old)};
    f.here = check_place_at(&n->c->launch, actors_get(&n->c->actors, n->me.actor)->block,
                            n->me.thread, n->me.pc);
    f.there = check_actor_place(n->c, old);
    char where[100];
    if (n->a->space == PTX_SHARED)
        snprintf(where, sizeof(where), "%u byte%s at shared memory + %llu", n->a->bytes,
                 n->a->bytes == 1 ? "" : "s", (unsigned long long)address);
    else
        check_what(n->c, address, n->a->bytes, where, sizeof(where));
    snprintf(f.what, sizeof(f.what), "%s here, %s there, of %s", verb(n->writes, n->me.touch),
             verb(old_writes, old->touch), where);
    check_tell(n->c, &f, n->me.pc, old->pc);
}

/* Atomics do not race with each other; neither do volatile accesses of global memory, which is how
 * flags are polled. */
static bool both_are_special(const struct now *n, const struct check_toucher *old)
{
    if (old->touch == CHECK_ATOMIC && n->me.touch == CHECK_ATOMIC)
        return true;
    return n->a->space == PTX_GLOBAL && old->touch != CHECK_PLAIN && n->me.touch != CHECK_PLAIN;
}

static void compare(struct now *n, const struct check_toucher *old, bool old_writes,
                    uint64_t address)
{
    if (old->touch == CHECK_UNTOUCHED || !(old->bytes & n->me.bytes) || both_are_special(n, old))
        return;
    const bool ordered =
        n->a->space == PTX_SHARED ? ordered_in_block(n, old) : ordered_globally(n, old);
    if (!ordered)
        tell(n, old, old_writes, address);
}

static bool same_group(const struct check_toucher *a, const struct check_toucher *b)
{
    return a->actor == b->actor && a->thread / VG_WARP == b->thread / VG_WARP;
}

static void note_read(struct check_cell *cell, const struct check_toucher *me)
{
    if (cell->read.touch != CHECK_UNTOUCHED && !same_group(&cell->read, me))
        cell->other = cell->read;
    cell->read = *me;
}

static void check_nc(struct now *n, const struct check_toucher *write, uint64_t address)
{
    const struct ptx_instr *i = n->a->insn->source;
    if (write->touch == CHECK_UNTOUCHED || !i || !ptx_has(i, MOD_NC))
        return;
    const struct actor *from = actors_get(&n->c->actors, write->actor);
    if (!from->launch || from->launch_id != actors_get(&n->c->actors, n->me.actor)->launch_id ||
        check_known(n->c, CHECK_NC_LOAD, n->me.pc, write->pc))
        return;
    struct check_finding f = {.kind = CHECK_NC_LOAD,
                              .hint = "no __ldg() and no const __restrict__ for what the kernel "
                                      "writes: the cache may be stale"};
    f.here = check_place_at(&n->c->launch, actors_get(&n->c->actors, n->me.actor)->block,
                            n->me.thread, n->me.pc);
    f.there = check_actor_place(n->c, write);
    check_what(n->c, address, n->a->bytes, f.what, sizeof(f.what));
    check_tell(n->c, &f, n->me.pc, write->pc);
}

/* An atomic must not hide a plain write that others may still race with; it stands among the
 * readers then. */
static bool keeps_write(const struct now *n, const struct check_toucher *write)
{
    return n->me.touch == CHECK_ATOMIC && write->touch == CHECK_PLAIN &&
           write->actor == n->me.actor && write->epoch == n->me.epoch;
}

static void look_at(struct now *n, struct check_cell *cell, uint64_t address)
{
    if (n->a->space == PTX_GLOBAL)
        check_nc(n, &cell->write, address);
    n->was_flag = cell->write.touch > CHECK_PLAIN || cell->read.touch == CHECK_ATOMIC ||
                  cell->other.touch == CHECK_ATOMIC;
    compare(n, &cell->write, true, address);
    if (n->writes || cell->read.touch == CHECK_ATOMIC)
        compare(n, &cell->read, false, address);
    if (n->writes || cell->other.touch == CHECK_ATOMIC)
        compare(n, &cell->other, false, address);
    if (n->writes && !keeps_write(n, &cell->write))
        cell->write = n->me;
    else if (n->reads)
        note_read(cell, &n->me);
}

/* A lane's access, word by word. */
void check_race(struct now *n)
{
    const uint64_t first = n->a->addresses[n->lane], end = first + n->a->bytes;
    for (uint64_t word = first & ~UINT64_C(3); word < end; word += 4) {
        const uint32_t from = word < first ? (uint32_t)(first - word) : 0;
        const uint32_t to = end - word < 4 ? (uint32_t)(end - word) : 4;
        n->me.bytes = (uint8_t)((1u << to) - (1u << from));
        struct check_cell *cell = NULL;
        if (n->a->space == PTX_GLOBAL)
            cell = check_shadow_cell(n->c->shadow, word);
        else if (word / 4 < n->b->shared_bytes / 4)
            cell = &n->b->shared[word / 4];
        if (cell)
            look_at(n, cell, word + from);
    }
}

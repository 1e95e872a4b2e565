/* cp.async and mbarrier (9.7.9.25, 9.7.13.15).
 *
 * A copy is checked when it is issued and performed when it is waited for, as late as the ISA
 * allows: who forgets to wait reads what was there before. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "grader/vgpu/exec/access.h"
#include "grader/vgpu/exec/handlers.h"

void vg_run_prefetch(struct vg_warp *w, const struct vg_insn *i, uint32_t mask)
{
    (void)w; /* a hint: what it names may be anything (9.7.9.15) */
    (void)i;
    (void)mask;
}

/* ---- cp.async ---- */

static uint64_t address_at(const struct vg_warp *w, const struct vg_insn *i, uint32_t k,
                           uint32_t lane)
{
    const void *base = vg_lanes(w, i, k);
    return ptx_type_bits((enum ptx_type)i->operands[k].type) == 64 ? ((const uint64_t *)base)[lane]
                                                                   : ((const uint32_t *)base)[lane];
}

static struct vg_copy *new_copy(struct vg_warp *w)
{
    struct vg_warp_state *st = w->state;
    if (st->n_copies == st->copy_room) {
        const uint32_t room = st->copy_room ? 2 * st->copy_room : 16;
        struct vg_copy *grown =
            room > VG_COPIES_MAX ? NULL : realloc(st->copies, room * sizeof *grown);
        if (!grown)
            return NULL;
        st->copies = grown;
        st->copy_room = room;
    }
    return &st->copies[st->n_copies++];
}

/* How many bytes each lane reads: all, `src-size`, or none where ignore-src holds. The rest is
 * filled with zeros. */
static uint32_t source_bytes(const struct vg_warp *w, const struct vg_insn *i, uint32_t lane)
{
    const uint32_t bytes = i->lane_bytes;
    if (i->operands[3].absent)
        return bytes;
    const uint32_t *p = vg_lanes(w, i, 3);
    if (i->operands[3].type == PTX_PRED)
        return vg_lane_in(i->operands[3].negated ? ~*p : *p, lane) ? 0 : bytes;
    return p[lane] < bytes ? p[lane] : bytes;
}

static bool check_source(struct vg_warp *w, const struct vg_insn *i, const struct vg_copy *c)
{
    VG_EACH_LANE(l, c->mask)
    {
        const uint32_t bytes = c->from_bytes[l];
        struct vg_reach *reach = vg_reach_of(w, i);
        const bool held = c->from[l] - reach->address < reach->bytes &&
                          bytes <= reach->bytes - (c->from[l] - reach->address);
        if (bytes == 0)
            continue;
        if (c->from[l] % c->bytes != 0 ||
            (!held && !vg_reach_find(w, reach, c->from[l], bytes, false))) {
            vg_access_fault(w, i, 1U << l, c->from, c->bytes, PTX_GLOBAL, false);
            return false;
        }
    }
    return true;
}

static void tell_copy(struct vg_warp *w, const struct vg_insn *i, const struct vg_copy *c,
                      const uint64_t *to)
{
    uint32_t reads = 0;
    VG_EACH_LANE(l, c->mask)
    reads |= (uint32_t)(c->from_bytes[l] != 0) << l;
    if (reads)
        vg_told(w, i, reads, c->from, c->bytes, PTX_GLOBAL, VG_COPY_READ, -1);
    vg_told(w, i, c->mask, to, c->bytes, PTX_SHARED, VG_COPY_WRITE, -1);
}

void vg_run_copy(struct vg_warp *w, const struct vg_insn *i, uint32_t mask)
{
    struct vg_copy copy = {.insn = i, .mask = mask, .bytes = i->lane_bytes};
    uint64_t to[VG_WARP] = {0};
    unsigned char *p[VG_WARP];
    copy.group = w->state->commits[__builtin_ctz(mask)];
    VG_EACH_LANE(l, mask)
    {
        to[l] = (uint32_t)(address_at(w, i, 0, l) + i->a);
        copy.to[l] = (uint32_t)to[l];
        copy.from[l] = address_at(w, i, 1, l) + (uint64_t)i->offset;
        copy.from_bytes[l] = source_bytes(w, i, l);
    }
    if (!vg_resolve(w, i, mask, to, copy.bytes, PTX_SHARED, true, p) || !check_source(w, i, &copy))
        return;
    tell_copy(w, i, &copy, to);
    struct vg_copy *kept = new_copy(w);
    if (kept)
        *kept = copy;
    else
        vg_fail(w, VG_LAUNCH_FAILURE, (uint32_t)__builtin_ctz(mask), 0,
                "more than %d copies that nobody waits for", VG_COPIES_MAX / 2);
}

static void perform(struct vg_warp *w, struct vg_copy *c, uint32_t lanes)
{
    VG_EACH_LANE(l, lanes)
    {
        struct vg_reach reach;
        const uint32_t bytes = c->from_bytes[l];
        unsigned char *to = w->block->shared + c->to[l];
        if (bytes && vg_reach_find(w, &reach, c->from[l], bytes, false))
            memcpy(to, reach.host + (c->from[l] - reach.address), bytes);
        memset(to + bytes, 0, c->bytes - bytes);
    }
    c->mask &= ~lanes;
}

/* Copies of `mask` in groups older than the last `keep` ones; all: those in no group yet too. */
static void wait_for(struct vg_warp *w, uint32_t mask, uint64_t keep, bool all)
{
    struct vg_warp_state *st = w->state;
    uint32_t left = 0;
    for (uint32_t n = 0; n < st->n_copies; n++) {
        struct vg_copy *c = &st->copies[n];
        uint32_t lanes = 0;
        VG_EACH_LANE(l, c->mask & mask)
        lanes |= (uint32_t)(all || c->group + keep < st->commits[l]) << l;
        if (lanes)
            perform(w, c, lanes);
        if (c->mask && left != n)
            st->copies[left] = *c;
        left += c->mask != 0;
    }
    st->n_copies = left;
}

void vg_run_commit(struct vg_warp *w, const struct vg_insn *i, uint32_t mask)
{
    (void)i;
    VG_EACH_LANE(l, mask)
    w->state->commits[l]++;
}

/* `a`: wait_all; else the groups that may be left open are the operand. */
void vg_run_wait_group(struct vg_warp *w, const struct vg_insn *i, uint32_t mask)
{
    const uint32_t keep = i->a ? 0 : ((const uint32_t *)vg_lanes(w, i, 0))[__builtin_ctz(mask)];
    wait_for(w, mask, keep, i->a != 0);
}

void vg_copies_drop(struct vg_warp *w, uint32_t mask)
{
    if (w->state->n_copies)
        wait_for(w, mask, 0, true);
}

/* ---- mbarrier: an object of 8 bytes that is ours to lay out. Bits 0-19: arrivals that are missing
 * in this phase; 20-39: arrivals of a phase; 40-63: the phase's number ---- */

enum { COUNT_BITS = 20, PHASE_AT = 40 };
#define COUNT_MASK ((UINT64_C(1) << COUNT_BITS) - 1)

static uint64_t arrive(uint64_t object, uint64_t count, bool drop)
{
    uint64_t missing = object & COUNT_MASK, expected = object >> COUNT_BITS & COUNT_MASK;
    uint64_t phase = object >> PHASE_AT;
    missing = missing > count ? missing - count : 0;
    if (drop)
        expected = expected > count ? expected - count : 0;
    if (missing == 0) {
        phase++;
        missing = expected;
    }
    return phase << PHASE_AT | expected << COUNT_BITS | missing;
}

static uint64_t count_operand(const struct vg_warp *w, const struct vg_insn *i, uint32_t k,
                              uint32_t lane)
{
    return i->operands[k].absent ? 1 : ((const uint32_t *)vg_lanes(w, i, k))[lane] & COUNT_MASK;
}

static bool phase_is_over(const struct vg_warp *w, const struct vg_insn *i, uint64_t object,
                          uint32_t lane)
{
    const uint64_t phase = object >> PHASE_AT;
    if (i->b) /* .parity */
        return (phase & 1) != (((const uint32_t *)vg_lanes(w, i, 2))[lane] & 1);
    return phase != ((const uint64_t *)vg_lanes(w, i, 2))[lane] >> PHASE_AT;
}

static void mbarrier_lane(struct vg_warp *w, const struct vg_insn *i, uint32_t lane,
                          unsigned char *at)
{
    uint64_t object, before;
    memcpy(&object, at, sizeof object);
    before = object;
    uint32_t *p = vg_lanes(w, i, 0);
    switch ((enum vg_mbarrier)i->a) {
    case VG_MBARRIER_INIT:
        object = count_operand(w, i, 1, lane);
        object |= object << COUNT_BITS;
        break;
    case VG_MBARRIER_INVAL:
        object = 0;
        break;
    case VG_MBARRIER_ARRIVE:
    case VG_MBARRIER_DROP:
        object = arrive(object, count_operand(w, i, 2, lane), i->a == VG_MBARRIER_DROP);
        ((uint64_t *)vg_lanes(w, i, 0))[lane] = before;
        break;
    case VG_MBARRIER_COPIES: /* after the lane's copies, which are performed now */
        wait_for(w, 1U << lane, 0, true);
        object = i->b ? arrive(object, 1, false) : object;
        break;
    case VG_MBARRIER_TEST:
        *p = phase_is_over(w, i, object, lane) ? *p | 1U << lane : *p & ~(1U << lane);
        break;
    }
    memcpy(at, &object, sizeof object);
}

void vg_run_mbarrier(struct vg_warp *w, const struct vg_insn *i, uint32_t mask)
{
    const uint32_t k = i->lane_bytes; /* which operand is the address */
    uint64_t a[VG_WARP] = {0};
    unsigned char *p[VG_WARP];
    VG_EACH_LANE(l, mask)
    a[l] = (uint32_t)(address_at(w, i, k, l) + (uint64_t)i->offset); /* window or offset */
    if (!vg_resolve(w, i, mask, a, 8, PTX_SHARED, true, p))
        return;
    vg_told(w, i, mask, a, 8, PTX_SHARED, VG_ATOMIC, -1);
    VG_EACH_LANE(l, mask)
    mbarrier_lane(w, i, l, p[l]);
    if (i->a == VG_MBARRIER_TEST) {
        const uint32_t l = (uint32_t)__builtin_ctz(mask);
        vg_polled(w, i, a[l], *(const uint32_t *)vg_lanes(w, i, 0) & mask);
    }
}

void vg_run_pending_count(struct vg_warp *w, const struct vg_insn *i, uint32_t mask)
{
    const uint64_t *state = vg_lanes(w, i, 1);
    uint32_t *to = vg_lanes(w, i, 0);
    VG_EACH_LANE(l, mask)
    to[l] = (uint32_t)(state[l] & COUNT_MASK);
}

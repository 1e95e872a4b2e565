/* What lanes of a warp tell each other: shuffles, votes, matches, reductions. */
#include <string.h>

#include "grader/vgpu/exec/handlers.h"

/* ---- shfl.sync (9.7.9.6) ---- */

/* The lane that lane l reads from, by b (distance, mask or index) and c: bits 0-4 clamp, bits 8-12
 * the segment mask. */
static bool source_lane(uint32_t mode, uint32_t l, uint32_t b, uint32_t c, uint32_t *ret)
{
    const uint32_t segment = c >> 8 & 31, clamp = c & 31;
    const uint32_t max = (l & segment) | (clamp & ~segment), min = l & segment;
    b &= 31;
    switch (mode) {
    case VG_SHFL_UP:
        *ret = l - b;
        return (int32_t)*ret >= (int32_t)max;
    case VG_SHFL_DOWN:
        *ret = l + b;
        return *ret <= max;
    case VG_SHFL_BFLY:
        *ret = l ^ b;
        return *ret <= max;
    default:
        *ret = min | (b & ~segment & 31);
        return *ret <= max;
    }
}

void vg_run_shfl(struct vg_warp *w, const struct vg_insn *i, uint32_t mask)
{
    const uint32_t go = vg_meet_members(w, i, mask, vg_lanes(w, i, 5));
    if (!go)
        return;
    uint32_t *to = vg_lanes(w, i, 0), *p = vg_lanes(w, i, 1), valid = 0;
    const uint32_t *b = vg_lanes(w, i, 3), *c = vg_lanes(w, i, 4);
    uint32_t from[VG_WARP], got[VG_WARP]; /* the result may be the source */
    memcpy(from, vg_lanes(w, i, 2), sizeof from);
    for (uint32_t l = 0; l < VG_WARP; l++) {
        uint32_t lane = l;
        const bool is = source_lane(i->b, l, b[l], c[l], &lane);
        got[l] = from[is ? lane & 31 : l];
        valid |= (uint32_t)is << l;
    }
    for (uint32_t l = 0; l < VG_WARP; l++)
        to[l] = vg_lane_in(go, l) ? got[l] : to[l];
    *p = (*p & ~go) | (valid & go);
}

/* ---- vote, match, redux, elect (9.7.13) ---- */

/* The lanes that take part with lane l: those it names that are here. */
static uint32_t party(const struct vg_warp *w, const uint32_t *members, uint32_t l, uint32_t go)
{
    (void)w;
    return members[l] & go;
}

static bool vote(uint32_t mode, uint32_t truth, uint32_t with)
{
    const bool all = (truth & with) == with, none = (truth & with) == 0;
    return mode == VG_VOTE_ALL ? all : mode == VG_VOTE_ANY ? !none : all || none;
}

void vg_run_vote(struct vg_warp *w, const struct vg_insn *i, uint32_t mask)
{
    const uint32_t *members = vg_lanes(w, i, 2);
    const uint32_t go = vg_meet_members(w, i, mask, members);
    const uint32_t p = *(const uint32_t *)vg_lanes(w, i, 1);
    const uint32_t truth = i->operands[1].negated ? ~p : p;
    uint32_t *to = vg_lanes(w, i, 0), result = 0;
    VG_EACH_LANE(l, go)
    {
        const uint32_t with = party(w, members, l, go);
        if (i->b == VG_VOTE_BALLOT)
            to[l] = truth & with;
        else
            result |= (uint32_t)vote(i->b, truth, with) << l;
    }
    if (i->b != VG_VOTE_BALLOT)
        *to = (*to & ~go) | result;
}

static uint32_t equal_lanes(const struct vg_insn *i, const void *values, uint32_t l, uint32_t with)
{
    uint32_t equal = 0;
    VG_EACH_LANE(k, with)
    {
        const bool is = i->a == 8 ? ((const uint64_t *)values)[k] == ((const uint64_t *)values)[l]
                                  : ((const uint32_t *)values)[k] == ((const uint32_t *)values)[l];
        equal |= (uint32_t)is << k;
    }
    return equal;
}

void vg_run_match(struct vg_warp *w, const struct vg_insn *i, uint32_t mask)
{
    const uint32_t *members = vg_lanes(w, i, 3);
    const uint32_t go = vg_meet_members(w, i, mask, members);
    uint32_t *to = vg_lanes(w, i, 0), *p = vg_lanes(w, i, 1), result[VG_WARP], truth = 0;
    VG_EACH_LANE(l, go)
    {
        const uint32_t with = party(w, members, l, go);
        const uint32_t equal = equal_lanes(i, vg_lanes(w, i, 2), l, with);
        const bool all = equal == with;
        result[l] = i->b ? (all ? with : 0) : equal;
        truth |= (uint32_t)all << l;
    }
    VG_EACH_LANE(l, go)
    to[l] = result[l];
    *p = (*p & ~go) | truth;
}

static uint32_t combine(const struct ptx_instr *i, uint32_t a, uint32_t b)
{
    const bool is_signed = i->types[0] == PTX_S32;
    const bool less = is_signed ? (int32_t)a < (int32_t)b : a < b;
    if (ptx_has(i, MOD_ADD))
        return a + b;
    if (ptx_has(i, MOD_MIN))
        return less ? a : b;
    if (ptx_has(i, MOD_MAX))
        return less ? b : a;
    if (ptx_has(i, MOD_AND))
        return a & b;
    return ptx_has(i, MOD_OR) ? a | b : a ^ b;
}

void vg_run_redux(struct vg_warp *w, const struct vg_insn *i, uint32_t mask)
{
    const uint32_t *members = vg_lanes(w, i, 2), *from = vg_lanes(w, i, 1);
    const uint32_t go = vg_meet_members(w, i, mask, members);
    uint32_t *to = vg_lanes(w, i, 0), result[VG_WARP];
    VG_EACH_LANE(l, go)
    {
        const uint32_t with = party(w, members, l, go) | 1U << l;
        uint32_t sum = from[__builtin_ctz(with)];
        VG_EACH_LANE(k, with & (with - 1))
        sum = combine(i->source, sum, from[k]);
        result[l] = sum;
    }
    VG_EACH_LANE(l, go)
    to[l] = result[l];
}

void vg_run_activemask(struct vg_warp *w, const struct vg_insn *i, uint32_t mask)
{
    uint32_t *to = vg_lanes(w, i, 0);
    VG_EACH_LANE(l, mask)
    to[l] = mask;
}

void vg_run_elect(struct vg_warp *w, const struct vg_insn *i, uint32_t mask)
{
    const uint32_t *members = vg_lanes(w, i, 2);
    const uint32_t go = vg_meet_members(w, i, mask, members);
    uint32_t *to = vg_lanes(w, i, 0), *p = vg_lanes(w, i, 1), chosen = 0;
    VG_EACH_LANE(l, go)
    {
        const uint32_t leader = (uint32_t)__builtin_ctz(party(w, members, l, go) | 1U << l);
        to[l] = leader;
        chosen |= (uint32_t)(leader == l) << l;
    }
    *p = (*p & ~go) | chosen;
}

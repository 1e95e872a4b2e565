/* Masks of *.sync instructions: who is not in his own, who is named and does not come, and values
 * that a shuffle takes from lanes that do not take part. */
#include <stdio.h>

#include "grader/vgpu/check/inside.h"

/* Which operand is the mask; UINT32_MAX: the instruction has none. */
static uint32_t mask_operand(const struct vg_insn *i)
{
    const struct ptx_instr *s = i->source;
    if (!s || !i->n_operands)
        return UINT32_MAX;
    if (s->op == PTX_BAR && ptx_has(s, MOD_WARP))
        return 0;
    const bool is =
        s->op == PTX_SHFL || s->op == PTX_VOTE || s->op == PTX_MATCH || s->op == PTX_REDUX;
    return is && ptx_has(s, MOD_SYNC) ? i->n_operands - 1 : UINT32_MAX;
}

static void tell(struct check *c, const struct vg_warp *w, const struct vg_insn *i, uint32_t lane,
                 const char *why, uint32_t lanes)
{
    if (check_known(c, CHECK_MASK, i->pc, i->pc))
        return;
    struct check_finding f = {.kind = CHECK_MASK,
                              .hint = "the mask of a *_sync function names the lanes that call it: "
                                      "take it from __ballot_sync() before the branch, and let no "
                                      "lane leave that is named"};
    f.here = check_place_at(&c->launch, w->block->number, w->number * VG_WARP + lane, i->pc);
    snprintf(f.what, sizeof(f.what), "%s (lanes 0x%08x)", why, lanes);
    check_tell(c, &f, i->pc, i->pc);
}

/* The lane that lane l of a shuffle reads from; l where that is out of range (9.7.9.6). */
static uint32_t source_of(const struct vg_insn *i, uint32_t l, uint32_t b, uint32_t clamp)
{
    const uint32_t segment = clamp >> 8 & 31, limit = clamp & 31;
    const uint32_t max = (l & segment) | (limit & ~segment & 31), own = l & segment;
    b &= 31;
    if (ptx_has(i->source, MOD_UP))
        return (int32_t)(l - b) >= (int32_t)max ? l - b : l;
    const uint32_t from = ptx_has(i->source, MOD_DOWN)   ? l + b
                          : ptx_has(i->source, MOD_BFLY) ? l ^ b
                                                         : own | (b & ~segment & 31);
    return from <= max ? from & 31 : l;
}

/* Lanes that read from one outside of `mask`. */
static uint32_t strangers(const struct vg_warp *w, const struct vg_insn *i, uint32_t mask)
{
    const struct vg_operand *const o = i->operands;
    for (uint32_t k = 3; k < 5; k++) /* overwritten by the result: not known any more */
        if (o[k].bank == o[0].bank && o[k].at == o[0].at)
            return 0;
    const uint32_t *b = vg_lanes(w, i, 3), *clamp = vg_lanes(w, i, 4);
    uint32_t ret = 0;
    for (uint32_t left = mask; left; left &= left - 1) {
        const uint32_t l = (uint32_t)__builtin_ctz(left);
        if (!(mask >> source_of(i, l, b[l], clamp[l]) & 1))
            ret |= UINT32_C(1) << l;
    }
    return ret;
}

/* Lanes wait here for others: who is alive now and named, does something else and does not come,
 * was waited for in vain. Who has left or leaves at once is not, which the language allows. */
static void note_waiting(struct warp_notes *n, const struct vg_warp *w, const struct vg_insn *i)
{
    const bool waits = n->waits_at == i->pc && n->waited_for;
    n->acted = waits ? n->acted : 0;
    n->waited_for = waits ? n->waited_for | w->live : w->live;
    n->waits_at = i->pc;
}

/* After an instruction ran for the lanes of `mask`; 0: for none, all of them wait. */
void check_mask_issue(struct check *c, struct block_notes *b, struct vg_warp *w,
                      const struct vg_insn *i, uint32_t mask)
{
    const uint32_t at = mask_operand(i);
    if (at == UINT32_MAX)
        return;
    struct warp_notes *n = &b->warps[w->number];
    if (mask == 0) {
        note_waiting(n, w, i);
        return;
    }
    const uint32_t *members = vg_lanes(w, i, at);
    const uint32_t awaited = n->waits_at == i->pc ? n->waited_for & n->acted : 0;
    for (uint32_t left = mask; left; left &= left - 1) {
        const uint32_t l = (uint32_t)__builtin_ctz(left);
        const uint32_t absent = members[l] & awaited & ~mask & ~w->mask;
        if (!(members[l] >> l & 1))
            tell(c, w, i, l, "the caller is not in its mask", members[l]);
        else if (absent)
            tell(c, w, i, l, "named lanes never came", absent);
    }
    n->waited_for = n->waits_at == i->pc ? 0 : n->waited_for;
    if (i->source->op == PTX_SHFL) {
        const uint32_t wrong = strangers(w, i, mask);
        if (wrong)
            check_taint_stranger(n, w, i, mask, wrong);
    }
}

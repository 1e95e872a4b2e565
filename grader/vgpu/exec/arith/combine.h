/* What becomes of a comparison's bits: combined with a third predicate, then to predicates (setp)
 * or to a register of a truth value's width (set). */
#pragma once

#include "grader/vgpu/exec/arith/lanes.h"

/* .and, .or, .xor stand second among the modifiers; without one there is no third operand. */
static inline vg_pred combine(const struct vg_insn *i, vg_pred r, vg_pred c)
{
    const uint8_t how = i->source->mods[1];
    return how == MOD_AND ? r & c : how == MOD_OR ? r | c : r ^ c;
}

/* setp p|q, a, b, c: p from the comparison, q from its opposite. */
static inline void combine_to_predicates(const struct vg_warp *w, const struct vg_insn *i,
                                         uint32_t mask, vg_pred r)
{
    const uint32_t third = i->n_results + 2;
    if (i->n_operands <= third) {
        pred_out(w, i, 0, r, mask);
        if (i->n_results == 2)
            pred_out(w, i, 1, ~r, mask);
        return;
    }
    const vg_pred c = pred_in(w, i, third); /* read before p is written: it may be p */
    pred_out(w, i, 0, combine(i, r, c), mask);
    if (i->n_results == 2)
        pred_out(w, i, 1, combine(i, ~r, c), mask);
}

static inline vg_pred combined(const struct vg_warp *w, const struct vg_insn *i, vg_pred r)
{
    return i->n_operands > 3 ? combine(i, r, pred_in(w, i, 3)) : r;
}

/* set.cmp.{u32,s32,f32}: all ones, or 1.0. */
static inline void combine_to_words(const struct vg_warp *w, const struct vg_insn *i, uint32_t mask,
                                    vg_pred r)
{
    const uint32_t yes = i->source->types[0] == PTX_F32 ? 0x3f800000 : UINT32_MAX;
    const vg_pred p = combined(w, i, r);
    uint32_t *const d = vg_lanes(w, i, 0);
    EACH_LANE
    {
        const uint32_t v = ON(p) ? yes : 0;
        d[l] = ON(mask) ? v : d[l];
    }
}

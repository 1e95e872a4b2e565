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

/* Pairs: setp p|q gives the low halves' bits and the high ones' (9.7.7.2). */
static inline void combine_pair(const struct vg_warp *w, const struct vg_insn *i, uint32_t mask,
                                vg_pred low, vg_pred high)
{
    const bool third = i->n_operands > 4;
    const vg_pred c = third ? pred_in(w, i, 4) : 0;
    pred_out(w, i, 0, third ? combine(i, low, c) : low, mask);
    pred_out(w, i, 1, third ? combine(i, high, c) : high, mask);
}

/* What set gives for true: all ones, or 1.0 in a float's format. */
static inline uint32_t truth(uint8_t type)
{
    return type == PTX_F32                          ? 0x3f800000
           : type == PTX_F16 || type == PTX_F16X2   ? 0x3c00
           : type == PTX_BF16 || type == PTX_BF16X2 ? 0x3f80
                                                    : UINT32_MAX;
}

/* set with a result of 16 or 32 bits. */
static inline void combine_to_register(const struct vg_warp *w, const struct vg_insn *i,
                                       uint32_t mask, vg_pred r)
{
    const uint32_t yes = truth(i->source->types[0]);
    const vg_pred p = combined(w, i, r);
    if (ptx_type_bits(i->source->types[0]) == 16) {
        uint16_t *const d = vg_lanes(w, i, 0);
        for (int l = 0; l < VG_WARP; l++)
            d[l] = ON(mask) ? (uint16_t)(ON(p) ? yes : 0) : d[l];
        return;
    }
    uint32_t *const d = vg_lanes(w, i, 0);
    EACH_LANE
    {
        const uint32_t v = ON(p) ? yes : 0;
        d[l] = ON(mask) ? v : d[l];
    }
}

/* set.f16x2.f16x2 and bf16x2: 1.0 in either half. */
static inline void combine_to_halves(const struct vg_warp *w, const struct vg_insn *i,
                                     uint32_t mask, vg_pred low, vg_pred high)
{
    const uint32_t yes = truth(i->source->types[0]);
    const vg_pred p = combined(w, i, low), q = combined(w, i, high);
    uint32_t *const d = vg_lanes(w, i, 0);
    EACH_LANE
    {
        const uint32_t v = (ON(p) ? yes : 0) | (ON(q) ? yes << 16 : 0);
        d[l] = ON(mask) ? v : d[l];
    }
}

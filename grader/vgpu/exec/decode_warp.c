/* Synchronisation and communication of lanes and of blocks (9.7.13, 9.7.9.6). */
#include "grader/vgpu/exec/decode.h"
#include "grader/vgpu/exec/handlers.h"

static enum err_code set(struct vg_decoder *d, vg_handler *run, uint32_t a, const char *shape)
{
    d->insn->run = run;
    d->insn->a = a;
    d->insn->pipe = VG_SYNC;
    return vg_decode_operands(d, shape);
}

/* bar.red: 2 popc, 3 and, 4 or; see barrier.c. barrier.sync is bar.sync here: lanes count. */
static enum err_code decode_bar(struct vg_decoder *d)
{
    const struct ptx_instr *i = d->instr;
    if (ptx_has(i, MOD_WARP)) /* the member mask may be missing: all lanes that are here */
        return set(d, vg_run_warp_sync, 0, "w");
    if (ptx_has(i, MOD_CLUSTER))
        return vg_decode_refuse(d);
    if (ptx_has(i, MOD_RED)) {
        if (ptx_has(i, MOD_POPC))
            return set(d, vg_run_bar, 2, "w=ww?p");
        return set(d, vg_run_bar, ptx_has(i, MOD_AND) ? 3 : 4, "p=ww?p");
    }
    if (ptx_has(i, MOD_ARRIVE))
        return set(d, vg_run_bar, 1, "ww");
    return set(d, vg_run_bar, 0, "ww?");
}

static enum err_code decode_fence(struct vg_decoder *d)
{
    const struct ptx_instr *i = d->instr;
    const bool block =
        ptx_has(i, MOD_CTA) || (i->op == PTX_FENCE && !ptx_has(i, MOD_GPU) && !ptx_has(i, MOD_SYS));
    if (ptx_has(i, MOD_CLUSTER))
        return vg_decode_refuse(d);
    return set(d, vg_run_fence, !block, "");
}

static enum err_code decode_shfl(struct vg_decoder *d)
{
    const struct ptx_instr *i = d->instr;
    if (!ptx_has(i, MOD_SYNC))
        return vg_decode_refuse(d); /* gone from devices since sm_70 */
    d->insn->b = ptx_has(i, MOD_UP)     ? VG_SHFL_UP
                 : ptx_has(i, MOD_DOWN) ? VG_SHFL_DOWN
                 : ptx_has(i, MOD_BFLY) ? VG_SHFL_BFLY
                                        : VG_SHFL_IDX;
    return set(d, vg_run_shfl, 0, "wp?=wwww");
}

static enum err_code decode_vote(struct vg_decoder *d)
{
    const struct ptx_instr *i = d->instr;
    if (!ptx_has(i, MOD_SYNC))
        return vg_decode_refuse(d);
    d->insn->b = ptx_has(i, MOD_BALLOT) ? VG_VOTE_BALLOT
                 : ptx_has(i, MOD_ALL)  ? VG_VOTE_ALL
                 : ptx_has(i, MOD_ANY)  ? VG_VOTE_ANY
                                        : VG_VOTE_UNI;
    return set(d, vg_run_vote, 0, d->insn->b == VG_VOTE_BALLOT ? "w=pw" : "p=pw");
}

static enum err_code decode_match(struct vg_decoder *d)
{
    const bool wide = d->instr->n_types > 0 && ptx_type_bits(d->instr->types[0]) == 64;
    d->insn->b = ptx_has(d->instr, MOD_ALL);
    return set(d, vg_run_match, wide ? 8 : 4, wide ? "wp?=dw" : "wp?=ww");
}

static enum err_code decode_redux(struct vg_decoder *d)
{
    const struct ptx_instr *i = d->instr;
    if (i->n_types == 0 || ptx_type_bits(i->types[0]) != 32 || i->types[0] == PTX_F32)
        return vg_decode_refuse(d); /* .f32 is sm_100a's */
    return set(d, vg_run_redux, 0, "w=ww");
}

enum err_code vg_decode_warp(struct vg_decoder *d)
{
    switch (d->instr->op) {
    case PTX_BAR:
    case PTX_BARRIER:
        return decode_bar(d);
    case PTX_MEMBAR:
    case PTX_FENCE:
        return decode_fence(d);
    case PTX_SHFL:
        return decode_shfl(d);
    case PTX_VOTE:
        return decode_vote(d);
    case PTX_MATCH:
        return decode_match(d);
    case PTX_REDUX:
        return decode_redux(d);
    case PTX_ACTIVEMASK:
        return set(d, vg_run_activemask, 0, "w=");
    case PTX_ELECT:
        return set(d, vg_run_elect, 0, "w?p=w");
    default:
        return ERR_NOT_FOUND;
    }
}

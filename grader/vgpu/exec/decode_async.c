/* cp.async and mbarrier; what moves through the tensor units is refused by name. */
#include "grader/vgpu/exec/decode.h"
#include "grader/vgpu/exec/handlers.h"

static enum err_code set(struct vg_decoder *d, vg_handler *run, enum vg_pipe pipe,
                         const char *shape)
{
    d->insn->run = run;
    d->insn->pipe = (uint8_t)pipe;
    return vg_decode_operands(d, shape);
}

static bool is_predicate(const struct vg_decoder *d, const struct ptx_operand *o)
{
    return o->kind == OPERAND_REG && o->index < d->func->n_regs &&
           d->func->regs[o->index].type == PTX_PRED;
}

static enum err_code decode_copy(struct vg_decoder *d)
{
    const struct ptx_instr *i = d->instr;
    if (i->n_operands < 3 || i->operands[0].kind != OPERAND_MEMORY ||
        i->operands[1].kind != OPERAND_MEMORY || i->operands[2].kind != OPERAND_INT)
        return vg_decode_wrong(d, "needs two addresses and a size");
    const uint64_t bytes = i->operands[2].bits;
    if (bytes != 4 && bytes != 8 && bytes != 16)
        return vg_decode_wrong(d, "copies 4, 8 or 16 bytes");
    const bool ignores = i->n_operands > 3 && is_predicate(d, &i->operands[3]);
    d->insn->lane_bytes = (uint8_t)bytes;
    d->insn->space = PTX_GLOBAL;
    d->insn->a = (uint32_t)i->operands[0].offset;
    d->insn->offset = i->operands[1].offset;
    return set(d, vg_run_copy, VG_LSU, ignores ? "aawpd?" : "aaww?d?");
}

static enum err_code decode_cp(struct vg_decoder *d)
{
    const struct ptx_instr *i = d->instr;
    if (!ptx_has(i, MOD_ASYNC) || ptx_has(i, MOD_BULK) || ptx_has(i, MOD_TENSOR))
        return vg_decode_refuse(d);
    if (ptx_has(i, MOD_COMMIT_GROUP))
        return set(d, vg_run_commit, VG_SYNC, "");
    if (ptx_has(i, MOD_WAIT_GROUP))
        return set(d, vg_run_wait_group, VG_SYNC, "w");
    if (ptx_has(i, MOD_WAIT_ALL)) {
        d->insn->a = 1;
        return set(d, vg_run_wait_group, VG_SYNC, "");
    }
    if (ptx_has(i, MOD_MBARRIER)) {
        if (i->n_operands != 1 || i->operands[0].kind != OPERAND_MEMORY)
            return vg_decode_wrong(d, "needs an address");
        d->insn->a = VG_MBARRIER_COPIES;
        d->insn->b = ptx_has(i, MOD_NOINC);
        d->insn->offset = i->operands[0].offset;
        return set(d, vg_run_mbarrier, VG_SYNC, "a");
    }
    return decode_copy(d);
}

static enum err_code mbarrier(struct vg_decoder *d, enum vg_mbarrier kind, uint32_t address,
                              const char *shape)
{
    const struct ptx_instr *i = d->instr;
    if (i->n_operands <= address || i->operands[address].kind != OPERAND_MEMORY)
        return vg_decode_wrong(d, "needs an address");
    d->insn->a = kind;
    d->insn->lane_bytes = (uint8_t)address;
    d->insn->space = PTX_SHARED;
    d->insn->offset = i->operands[address].offset;
    return set(d, vg_run_mbarrier, VG_SYNC, shape);
}

static enum err_code decode_mbarrier(struct vg_decoder *d)
{
    const struct ptx_instr *i = d->instr;
    if (ptx_has(i, MOD_EXPECT_TX) || ptx_has(i, MOD_COMPLETE_TX) || ptx_has(i, MOD_SHARED__CLUSTER))
        return vg_decode_refuse(d); /* transactions are TMA's */
    if (ptx_has(i, MOD_INIT))
        return mbarrier(d, VG_MBARRIER_INIT, 0, "aw");
    if (ptx_has(i, MOD_INVAL))
        return mbarrier(d, VG_MBARRIER_INVAL, 0, "a");
    if (ptx_has(i, MOD_ARRIVE))
        return mbarrier(d, VG_MBARRIER_ARRIVE, 1, "d=aw?");
    if (ptx_has(i, MOD_ARRIVE_DROP))
        return mbarrier(d, VG_MBARRIER_DROP, 1, "d=aw?");
    if (ptx_has(i, MOD_PENDING_COUNT))
        return set(d, vg_run_pending_count, VG_INT, "w=d");
    if (!ptx_has(i, MOD_TEST_WAIT) && !ptx_has(i, MOD_TRY_WAIT))
        return vg_decode_refuse(d);
    d->insn->b = ptx_has(i, MOD_PARITY);
    return mbarrier(d, VG_MBARRIER_TEST, 1, d->insn->b ? "p=aww?" : "p=adw?");
}

enum err_code vg_decode_async(struct vg_decoder *d)
{
    switch (d->instr->op) {
    case PTX_CP:
        return decode_cp(d);
    case PTX_MBARRIER:
        return decode_mbarrier(d);
    default:
        return ERR_NOT_FOUND;
    }
}

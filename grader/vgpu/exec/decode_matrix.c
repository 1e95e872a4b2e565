#include <string.h>

#include "grader/vgpu/exec/access.h"
#include "grader/vgpu/exec/arith/fragments.h"
#include "grader/vgpu/exec/decode.h"
#include "grader/vgpu/exec/handlers.h"

static enum err_code finish(struct vg_decoder *d, const char *shape, uint32_t address,
                            const struct ptx_operand *memory)
{
    if (memory->kind != OPERAND_MEMORY)
        return vg_decode_wrong(d, "needs an address");
    const enum err_code rc = vg_decode_operands(d, shape);
    if (rc != OK)
        return rc;
    d->insn->pipe = VG_LSU;
    d->insn->space = (uint8_t)ptx_instr_space(d->instr);
    d->insn->offset = memory->offset;
    d->insn->b = 1 | address << VG_ADDRESS_OPERAND;
    if (vg_lane_width(d->operands[address].type) == 8)
        d->insn->b |= VG_ADDRESS_64;
    return OK;
}

static enum err_code decode_ldmatrix(struct vg_decoder *d, bool store)
{
    const struct ptx_instr *i = d->instr;
    static const char *const loads[5] = {NULL, "w=a", "ww=a", NULL, "wwww=a"};
    static const char *const stores[5] = {NULL, "aw", "aww", NULL, "awwww"};
    const uint32_t n = ptx_has(i, MOD_X1) ? 1 : ptx_has(i, MOD_X2) ? 2 : ptx_has(i, MOD_X4) ? 4 : 0;
    if (!n || !ptx_has(i, MOD_M8N8) || i->n_types != 1 || i->types[0] != PTX_B16 ||
        i->n_operands < 2)
        return vg_decode_refuse(d);
    d->insn->run = store ? vg_run_store_matrix : vg_run_load_matrix;
    d->insn->a = ptx_has(i, MOD_TRANS);
    d->insn->lane_bytes = 16;
    return finish(d, store ? stores[n] : loads[n], store ? 0 : n, &i->operands[!store]);
}

/* registers = address stride? or address registers stride? */
static void make_shape(char *ret, uint32_t registers, bool wide, bool store)
{
    char *at = ret;
    if (store)
        *at++ = 'a';
    memset(at, wide ? 'd' : 'w', registers);
    at += registers;
    memcpy(at, store ? "w?" : "=aw?", store ? sizeof "w?" : sizeof "=aw?");
}

static enum err_code decode_wmma(struct vg_decoder *d)
{
    const struct ptx_instr *i = d->instr;
    const bool store = ptx_has(i, MOD_STORE);
    struct vg_tile tile;
    uint32_t registers;
    char shape[64];
    if (ptx_has(i, MOD_MMA) || !vg_wmma_tile(i, &tile, &registers) || registers > 16 ||
        i->n_operands < 2)
        return vg_decode_refuse(d);
    d->insn->run = store ? vg_run_wmma_store : vg_run_wmma_load;
    d->insn->a = ptx_has(i, MOD_A)   ? MOD_A
                 : ptx_has(i, MOD_B) ? MOD_B
                 : ptx_has(i, MOD_C) ? MOD_C
                                     : MOD_D;
    const uint32_t bits = d->insn->a == MOD_A || d->insn->a == MOD_B ? tile.bits : tile.bits_c;
    d->insn->lane_bytes = (uint8_t)(bits < 8 ? 4 : bits / 8);
    make_shape(shape, registers, bits == 64, store);
    return finish(d, shape, store ? 0 : registers, &i->operands[!store]);
}

enum err_code vg_decode_matrix(struct vg_decoder *d)
{
    switch (d->instr->op) {
    case PTX_LDMATRIX:
        return decode_ldmatrix(d, false);
    case PTX_STMATRIX:
        return decode_ldmatrix(d, true);
    case PTX_WMMA:
        return decode_wmma(d);
    default:
        return ERR_NOT_FOUND;
    }
}

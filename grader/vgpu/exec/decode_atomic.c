#include "grader/vgpu/exec/access.h"
#include "grader/vgpu/exec/decode.h"
#include "grader/vgpu/exec/handlers.h"

/* The types that each operation has (9.7.13.4). */
static bool is_known(enum ptx_mod op, enum ptx_type type)
{
    const bool word = type == PTX_B32 || type == PTX_B64;
    const bool integer = type == PTX_U32 || type == PTX_S32 || type == PTX_U64 || type == PTX_S64;
    switch (op) {
    case MOD_AND:
    case MOD_OR:
    case MOD_XOR:
    case MOD_EXCH:
        return word;
    case MOD_CAS:
        return word || type == PTX_B16;
    case MOD_INC:
    case MOD_DEC:
        return type == PTX_U32;
    case MOD_MIN:
    case MOD_MAX:
        return integer;
    case MOD_ADD:
        return integer || type == PTX_F32 || type == PTX_F64 || type == PTX_F16 ||
               type == PTX_F16X2 || type == PTX_BF16 || type == PTX_BF16X2;
    default:
        return false;
    }
}

static enum ptx_mod operation(const struct ptx_instr *i)
{
    static const enum ptx_mod all[] = {MOD_ADD, MOD_AND, MOD_OR,  MOD_XOR, MOD_EXCH,
                                       MOD_CAS, MOD_MIN, MOD_MAX, MOD_INC, MOD_DEC};
    for (size_t k = 0; k < sizeof all / sizeof *all; k++)
        if (ptx_has(i, all[k]))
            return all[k];
    return PTX_MODS;
}

/* result, address, value, and for cas the new value; a policy may follow */
static const char *shape_of(uint32_t bytes, bool red, bool cas)
{
    static const char *const atoms[2][3] = {{"h=ahd?d?", "w=awd?d?", "d=add?d?"},
                                            {"h=ahhd?", "w=awwd?", "d=addd?"}};
    static const char *const reds[3] = {"ahd?d?", "awd?d?", "add?d?"};
    const uint32_t k = bytes == 2 ? 0 : bytes == 4 ? 1 : 2;
    return red ? reds[k] : atoms[cas][k];
}

enum err_code vg_decode_atomic(struct vg_decoder *d)
{
    const struct ptx_instr *i = d->instr;
    const bool red = i->op == PTX_RED;
    if (!red && i->op != PTX_ATOM)
        return ERR_NOT_FOUND;
    const enum ptx_mod op = operation(i);
    if (i->n_types != 1 || !is_known(op, (enum ptx_type)i->types[0]) || ptx_has(i, MOD_V2) ||
        ptx_has(i, MOD_V4) || ptx_has(i, MOD_V8) || ptx_has(i, MOD_ASYNC) ||
        (red && (op == MOD_CAS || op == MOD_EXCH)))
        return vg_decode_refuse(d);
    const uint32_t bytes = ptx_type_bits(i->types[0]) / 8, address = !red;
    if (i->n_operands <= address || i->operands[address].kind != OPERAND_MEMORY)
        return vg_decode_wrong(d, "needs an address");
    const enum err_code rc = vg_decode_operands(d, shape_of(bytes, red, op == MOD_CAS));
    if (rc != OK)
        return rc;
    struct vg_place place = {.storage = VG_IN_MEMORY};
    d->insn->space = (uint8_t)ptx_instr_space(i);
    if (i->operands[address].base == OPERAND_VAR &&
        vg_decode_place(d, &i->operands[address], &place))
        d->insn->space = place.storage == VG_IN_SHARED ? PTX_SHARED : PTX_GLOBAL;
    if (place.storage == VG_IN_LOCAL || place.storage == VG_IN_PARAMS)
        return vg_decode_wrong(d, "works on memory that no other thread has");
    d->insn->run = vg_run_atomic;
    d->insn->pipe = VG_LSU;
    d->insn->lane_bytes = (uint8_t)bytes;
    d->insn->offset = i->operands[address].offset;
    d->insn->a = op;
    d->insn->b = 1 | address << VG_ADDRESS_OPERAND;
    if (vg_lane_width(d->operands[address].type) == 8)
        d->insn->b |= VG_ADDRESS_64;
    return OK;
}

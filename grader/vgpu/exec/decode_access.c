/* ld, st and what moves no bytes: prefetch, discard. */
#include "grader/vgpu/exec/access.h"
#include "grader/vgpu/exec/decode.h"
#include "grader/vgpu/exec/handlers.h"

static bool element_of(enum ptx_type type, enum vg_element *ret)
{
    switch (type) {
    case PTX_B8:
    case PTX_U8:
        *ret = VG_U8;
        return true;
    case PTX_S8:
        *ret = VG_S8;
        return true;
    case PTX_S16:
        *ret = VG_S16;
        return true;
    case PTX_S32:
        *ret = VG_S32;
        return true;
    case PTX_PRED:
    case PTX_B128:
        return false;
    default:
        break;
    }
    const unsigned bits = ptx_type_bits(type);
    *ret = bits == 16 ? VG_U16 : bits == 32 ? VG_B32 : VG_B64;
    return bits == 16 || bits == 32 || bits == 64;
}

static uint32_t vector_of(const struct ptx_instr *i)
{
    return ptx_has(i, MOD_V2) ? 2 : ptx_has(i, MOD_V4) ? 4 : ptx_has(i, MOD_V8) ? 8 : 1;
}

/* Volatile, relaxed and acquire loads ask for what others write (8.4). */
static bool polls(const struct ptx_instr *i)
{
    return ptx_has(i, MOD_VOLATILE) || ptx_has(i, MOD_RELAXED) || ptx_has(i, MOD_ACQUIRE) ||
           ptx_has(i, MOD_MMIO) || ptx_has(i, MOD_CV);
}

/* All registers of a vector must have one width; _ has any. */
static enum err_code register_width(struct vg_decoder *d, uint32_t first, uint32_t n,
                                    uint32_t element, uint32_t *ret)
{
    *ret = 0;
    for (uint32_t k = first; k < first + n; k++) {
        if (d->operands[k].absent || d->operands[k].bank == VG_CONSTANTS)
            continue;
        const uint32_t width = vg_lane_width(d->operands[k].type);
        if ((*ret && width != *ret) || width < element)
            return vg_decode_wrong(d, "has registers that do not fit its type");
        *ret = width;
    }
    if (*ret == 0)
        *ret = element < 2 ? 2 : element;
    return *ret <= 8 ? OK : vg_decode_refuse(d);
}

static uint32_t element_bytes(enum vg_element e)
{
    return e <= VG_S8 ? 1 : e <= VG_S16 ? 2 : e <= VG_S32 ? 4 : 8;
}

/* Which memory: the variable's where one is named, else what the modifiers say. Parameters of
 * functions and of calls are local memory; *ret_storage tells them from a kernel's. */
static enum err_code space_of(struct vg_decoder *d, const struct ptx_operand *memory,
                              enum ptx_space *ret, bool *ret_frame)
{
    struct vg_place place = {.storage = VG_IN_MEMORY};
    *ret = ptx_instr_space(d->instr);
    *ret_frame = false;
    if (memory->kind != OPERAND_MEMORY)
        return vg_decode_wrong(d, "needs an address");
    if (memory->base == OPERAND_VAR) {
        if (!vg_decode_place(d, memory, &place))
            return vg_decode_wrong(d, "names a variable that is not there");
        *ret = place.storage == VG_IN_PARAMS   ? PTX_PARAM
               : place.storage == VG_IN_LOCAL  ? PTX_LOCAL
               : place.storage == VG_IN_SHARED ? PTX_SHARED
                                               : PTX_GLOBAL;
        *ret_frame = place.storage == VG_IN_LOCAL;
    } else if (*ret == PTX_PARAM && !d->func->entry) {
        *ret = PTX_LOCAL;
    }
    return OK;
}

static enum err_code decode_element(struct vg_decoder *d, bool store, uint32_t address,
                                    enum vg_element element, enum ptx_space space)
{
    const uint32_t n = d->insn->b & VG_VECTOR_MASK, bytes = n * element_bytes(element);
    uint32_t width;
    const enum err_code rc =
        register_width(d, store ? address + 1 : 0, n, element_bytes(element), &width);
    if (rc != OK)
        return rc;
    if (vg_lane_width(d->operands[address].type) == 8)
        d->insn->b |= VG_ADDRESS_64;
    d->insn->b |= address << VG_ADDRESS_OPERAND;
    d->insn->space = (uint8_t)space;
    d->insn->lane_bytes = (uint8_t)bytes;
    d->insn->pipe = VG_LSU;
    if (space == PTX_PARAM) {
        d->insn->a = element | width << 8;
        d->insn->run = store ? NULL : vg_run_load_param;
    } else {
        d->insn->a = element;
        d->insn->run = vg_access_find(d->isa, store, element, width, space);
    }
    return d->insn->run && bytes <= 32 ? OK : vg_decode_refuse(d);
}

static enum err_code decode_load_store(struct vg_decoder *d, bool store)
{
    const struct ptx_instr *i = d->instr;
    const uint32_t n = vector_of(i);
    enum vg_element element;
    enum ptx_space space;
    bool frame;
    if (i->n_types == 0 || i->n_operands < 2)
        return vg_decode_wrong(d, "has too few operands");
    if (!element_of(i->types[0], &element))
        return vg_decode_refuse(d);
    const struct ptx_operand *memory = &i->operands[store ? 0 : 1];
    enum err_code rc = space_of(d, memory, &space, &frame);
    if (rc != OK)
        return rc;
    static const char *const loads[9] = {NULL, "x=ad?", "xx=ad?", NULL,          "xxxx=ad?",
                                         NULL, NULL,    NULL,     "xxxxxxxx=ad?"};
    static const char *const stores[9] = {NULL, "axd?", "axxd?", NULL,         "axxxxd?",
                                          NULL, NULL,   NULL,    "axxxxxxxxd?"};
    d->literal_width = element_bytes(element) < 2 ? 2 : element_bytes(element);
    rc = vg_decode_operands(d, store ? stores[n] : loads[n]);
    if (rc != OK)
        return rc;
    d->insn->offset = memory->offset;
    d->insn->b = n | (frame ? VG_FRAME_LOCAL : 0) | (!store && polls(i) ? VG_POLLING : 0);
    return decode_element(d, store, store ? 0 : n, element, space);
}

/* The address is checked, nothing moves. */
static enum err_code decode_prefetch(struct vg_decoder *d)
{
    enum ptx_space space;
    bool frame;
    if (ptx_has(d->instr, MOD_TENSOR) || d->instr->n_operands == 0)
        return vg_decode_refuse(d);
    const enum err_code rc = space_of(d, &d->instr->operands[0], &space, &frame);
    if (rc != OK)
        return rc;
    d->insn->run = vg_run_prefetch;
    d->insn->pipe = VG_LSU;
    d->insn->space = (uint8_t)space;
    d->insn->offset = d->instr->operands[0].offset;
    return vg_decode_operands(d, "aw?");
}

enum err_code vg_decode_access(struct vg_decoder *d)
{
    switch (d->instr->op) {
    case PTX_LD:
    case PTX_LDU:
        return decode_load_store(d, false);
    case PTX_ST:
        return decode_load_store(d, true);
    case PTX_PREFETCH:
    case PTX_PREFETCHU:
    case PTX_DISCARD:
        return decode_prefetch(d);
    default:
        return ERR_NOT_FOUND;
    }
}

#include "grader/vgpu/exec/decode.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "grader/vgpu/exec/arith/arith.h"
#include "grader/vgpu/exec/flow.h"
#include "grader/vgpu/exec/handlers.h"

/* ---- errors ---- */

static void place(const struct vg_decoder *d, char *ret, size_t size)
{
    const char *file;
    uint32_t line;
    if (ptx_source(d->module, d->instr, &file, &line))
        snprintf(ret, size, "PTX line %u (%s:%u)", d->instr->line, file, line);
    else
        snprintf(ret, size, "PTX line %u", d->instr->line);
}

enum err_code vg_decode_refuse(struct vg_decoder *d)
{
    char where[256], name[128];
    place(d, where, sizeof where);
    ptx_instr_name(d->instr, name, sizeof name);
    return err_set(d->why, ERR_UNSUPPORTED, "%s: the virtual GPU has no %s", where, name);
}

enum err_code vg_decode_wrong(struct vg_decoder *d, const char *what)
{
    char where[256], name[128];
    place(d, where, sizeof where);
    ptx_instr_name(d->instr, name, sizeof name);
    return err_set(d->why, ERR_FORMAT, "%s: %s %s", where, name, what);
}

/* ---- registers ---- */

static void place_register(struct vg_decoder *d, uint32_t reg, uint32_t *preds)
{
    if (reg >= d->func->n_regs || d->reg_at[reg])
        return;
    const uint32_t width = vg_lane_width(d->func->regs[reg].type);
    if (width == 0) { /* sixteen predicates share a line */
        if (*preds % 64 == 0) {
            *preds = d->code->frame_bytes;
            d->code->frame_bytes += 64;
        }
        d->reg_at[reg] = *preds;
        *preds += 4;
        return;
    }
    d->reg_at[reg] = d->code->frame_bytes;
    d->code->frame_bytes += width * VG_WARP;
}

static void place_operand(struct vg_decoder *d, const struct ptx_operand *o, uint32_t *preds)
{
    if (o->kind == OPERAND_REG || (o->kind == OPERAND_MEMORY && o->base == OPERAND_REG))
        place_register(d, o->index, preds);
    else if (o->kind == OPERAND_VECTOR || o->kind == OPERAND_PAIR)
        for (uint32_t e = 0; e < o->count && o->index + e < d->func->n_elements; e++)
            if (d->func->elements[o->index + e].kind == OPERAND_REG)
                place_register(d, d->func->elements[o->index + e].index, preds);
}

/* In the order of their first appearance, and only those that appear: nvcc declares thousands. */
static void place_registers(struct vg_decoder *d)
{
    uint32_t preds = 0;
    for (size_t k = 0; k < d->func->n_instrs; k++) {
        const struct ptx_instr *i = &d->func->instrs[k];
        if (i->guarded)
            place_register(d, i->guard, &preds);
        for (uint32_t n = 0; n < i->n_operands; n++)
            place_operand(d, &i->operands[n], &preds);
    }
}

/* ---- instructions ---- */

static enum err_code decode_arithmetic(struct vg_decoder *d)
{
    d->insn->run = vg_arith_find(d->instr, d->func, d->isa);
    if (!d->insn->run)
        return ERR_NOT_FOUND;
    d->insn->pipe = (uint8_t)vg_arith_pipe(d->instr);
    d->trusted = true;
    return vg_decode_operands(d, vg_arith_shape(d->instr, d->func));
}

static enum err_code decode_instr(struct vg_decoder *d)
{
    static enum err_code (*const families[])(struct vg_decoder *) = {
        vg_decode_flow, vg_decode_move,   vg_decode_access, decode_arithmetic,
        vg_decode_warp, vg_decode_atomic, vg_decode_async,  vg_decode_matrix,
    };
    for (size_t k = 0; k < sizeof families / sizeof *families; k++) {
        d->n_operands = 0;
        d->trusted = false;
        d->literal_width = 4;
        const enum err_code rc = families[k](d);
        if (rc != ERR_NOT_FOUND)
            return rc;
    }
    return vg_decode_refuse(d);
}

static enum err_code finish_instr(struct vg_decoder *d)
{
    struct vg_insn *i = d->insn;
    i->n_operands = d->n_operands;
    if (d->n_operands > 0) {
        struct vg_operand *own = arena_array(d->arena, d->n_operands, sizeof *own);
        if (!own)
            return err_set(d->why, ERR_NOMEM, "no memory for %s", d->func->name);
        memcpy(own, d->operands, d->n_operands * sizeof *own);
        i->operands = own;
    }
    if (!d->instr->guarded)
        return OK;
    if (d->instr->guard >= d->func->n_regs || d->func->regs[d->instr->guard].type != PTX_PRED)
        return vg_decode_wrong(d, "is guarded by something that is no predicate");
    i->guard = d->reg_at[d->instr->guard];
    i->guard_negated = d->instr->guard_negated;
    return OK;
}

static enum err_code decode_body(struct vg_decoder *d)
{
    struct vg_code *code = d->code;
    for (uint32_t k = 0; k < code->n; k++) {
        d->instr = &d->func->instrs[k];
        d->insn = &code->insns[k];
        *d->insn = (struct vg_insn){
            .guard = UINT32_MAX, .pc = code->first_pc + k, .source = d->instr, .b = 0};
        enum err_code rc = decode_instr(d);
        if (rc == OK)
            rc = finish_instr(d);
        if (rc != OK)
            return rc;
    }
    /* Who runs off the end returns. */
    static const struct ptx_instr ret = {.op = PTX_RET};
    code->insns[code->n] = (struct vg_insn){.run = vg_run_ret,
                                            .guard = UINT32_MAX,
                                            .pipe = VG_CONTROL,
                                            .pc = code->first_pc + code->n,
                                            .source = &ret};
    return OK;
}

static enum err_code keep_constants(struct vg_decoder *d)
{
    unsigned char *bytes = arena_alloc(d->arena, (size_t)d->constants.used + 64);
    if (!bytes)
        return err_set(d->why, ERR_NOMEM, "no memory for the literals of %s", d->func->name);
    bytes += 64 - (uintptr_t)bytes % 64;
    if (d->constants.used)
        memcpy(bytes, d->constants.bytes, d->constants.used);
    d->code->constants = bytes;
    return OK;
}

static enum err_code prepare(struct vg_decoder *d, struct arena *scratch, uint32_t *meets)
{
    struct vg_code *code = d->code;
    const size_t n = d->func->n_instrs;
    code->func = d->func;
    code->n = (uint32_t)n;
    code->frame_bytes = VG_FRAME_FIRST;
    code->insns = arena_array(d->arena, n + 1, sizeof *code->insns);
    code->specials = arena_array(d->arena, 2 * (size_t)PTX_SREGS, sizeof *code->specials);
    d->reg_at = arena_array(d->arena, d->func->n_regs + 1, sizeof *d->reg_at);
    if (!code->insns || !code->specials || !d->reg_at)
        return err_set(d->why, ERR_NOMEM, "no memory for %s", d->func->name);
    code->reg_at = d->reg_at;
    place_registers(d);
    return vg_flow(d->module, d->func, scratch, meets, d->why);
}

enum err_code vg_decode(struct vg_kernel *kernel, size_t func, enum vg_isa isa, struct vg_code *ret,
                        struct err *why)
{
    const struct vg_program *p = kernel->program;
    struct vg_decoder d = {
        .module = p->module,
        .func = &p->module->funcs[func],
        .kernel = kernel,
        .code = ret,
        .arena = p->arena,
        .isa = isa,
        .why = why,
    };
    struct arena scratch;
    arena_init(&scratch, (size_t)1 << 30);
    ret->first_pc = p->first_pc[func];
    enum err_code rc = ERR_NOMEM;
    uint32_t *meets = arena_array(&scratch, d.func->n_instrs + 1, sizeof *meets);
    d.meets = meets;
    if (meets)
        rc = prepare(&d, &scratch, meets);
    if (rc == OK)
        rc = decode_body(&d);
    if (rc == OK)
        rc = keep_constants(&d);
    ret->frame_bytes = (ret->frame_bytes + 63) / 64 * 64;
    free(d.constants.bytes);
    free(d.constants.table);
    arena_done(&scratch);
    return rc;
}

/* Branches, calls, moves of addresses. */
#include <string.h>

#include "grader/vgpu/exec/decode.h"
#include "grader/vgpu/exec/handlers.h"

/* ---- flow (9.7.12) ---- */

static enum err_code plain(struct vg_decoder *d, vg_handler *run, enum vg_pipe pipe)
{
    d->insn->run = run;
    d->insn->pipe = (uint8_t)pipe;
    return OK;
}

static enum err_code decode_bra(struct vg_decoder *d)
{
    const struct ptx_operand *o = &d->instr->operands[0];
    if (d->instr->n_operands != 1 || o->kind != OPERAND_LABEL)
        return vg_decode_wrong(d, "needs a label");
    d->insn->a = o->index;
    d->insn->b = d->meets[d->instr - d->func->instrs];
    return plain(d, vg_run_bra, VG_CONTROL);
}

static enum err_code decode_brx(struct vg_decoder *d)
{
    if (!vg_decode_table(d) || vg_decode_table(d)->prototype || vg_decode_table(d)->n_targets == 0)
        return vg_decode_wrong(d, "needs a table of labels");
    d->insn->a = (uint32_t)(vg_decode_table(d) - d->func->tables);
    d->insn->b = d->meets[d->instr - d->func->instrs];
    plain(d, vg_run_brx, VG_CONTROL);
    return vg_decode_operands(d, "w");
}

struct builtin {
    const char *name;
    vg_handler *run;
    const char *params; /* bytes of each */
    const char *results;
};

static const struct builtin *find_builtin(const char *name)
{
    static const struct builtin known[] = {
        {"vprintf", vg_run_printf, "88", "4"},
        {"__assertfail", vg_run_assert, "88488", ""},
        {"malloc", vg_run_malloc, "8", "8"},
        {"free", vg_run_free, "8", ""},
    };
    for (size_t k = 0; k < sizeof known / sizeof *known; k++)
        if (strcmp(known[k].name, name) == 0)
            return &known[k];
    return NULL;
}

/* The variable of the caller that holds element k of a call's list: handlers copy its words. */
static const struct ptx_var *call_variable(const struct vg_decoder *d,
                                           const struct ptx_operand *list, size_t k)
{
    if (list->index + k >= d->func->n_elements)
        return NULL;
    const struct ptx_operand *o = &d->func->elements[list->index + k];
    if (o->kind != OPERAND_VAR || !o->local || o->index >= d->func->n_vars || o->offset != 0 ||
        d->code->vars[o->index].storage != VG_IN_LOCAL)
        return NULL;
    return &d->func->vars[o->index];
}

static size_t list_length(const struct ptx_operand *list)
{
    return list->kind == OPERAND_NONE ? 0 : list->count;
}

static bool lists_variables(const struct vg_decoder *d, const struct ptx_operand *list)
{
    for (size_t k = 0; k < list_length(list); k++)
        if (!call_variable(d, list, k))
            return false;
    return list->kind == OPERAND_NONE || list->kind == OPERAND_VECTOR;
}

static bool lists_bytes(const struct vg_decoder *d, const struct ptx_operand *list,
                        const char *bytes)
{
    if (list_length(list) > strlen(bytes))
        return false;
    for (size_t k = 0; k < list_length(list); k++)
        if (call_variable(d, list, k)->bytes < (uint64_t)(bytes[k] - '0'))
            return false;
    return true;
}

static enum err_code decode_call_register(struct vg_decoder *d)
{
    const struct ptx_operand *callee = &d->instr->operands[1];
    d->insn->run = vg_run_call_register;
    if (callee->index >= d->func->n_regs || vg_lane_width(d->func->regs[callee->index].type) != 8)
        return vg_decode_wrong(d, "calls through something that is no address");
    return OK;
}

static enum err_code decode_builtin(struct vg_decoder *d, const struct ptx_func *f)
{
    const struct ptx_operand *o = d->instr->operands;
    const struct builtin *b = find_builtin(f->name);
    if (!b)
        return err_set(d->why, ERR_UNSUPPORTED,
                       "PTX line %u: the virtual GPU has no device function %s", d->instr->line,
                       f->name);
    d->insn->run = b->run;
    if (list_length(&o[2]) != strlen(b->params) || !lists_bytes(d, &o[2], b->params) ||
        !lists_bytes(d, &o[0], b->results))
        return vg_decode_wrong(d, "does not fit the function that it calls");
    return OK;
}

/* Handlers read arguments and results from the text's operands. */
static enum err_code decode_call(struct vg_decoder *d)
{
    const struct ptx_operand *o = d->instr->operands;
    d->insn->pipe = VG_CONTROL;
    if (d->instr->n_operands != 4 || !lists_variables(d, &o[0]) || !lists_variables(d, &o[2]))
        return vg_decode_wrong(d, "passes something that is no variable of .param");
    if (o[1].kind == OPERAND_REG)
        return decode_call_register(d);
    if (o[1].kind != OPERAND_FUNC || o[1].index >= d->module->n_funcs)
        return vg_decode_wrong(d, "calls something that is no function");
    const struct ptx_func *f = &d->module->funcs[o[1].index];
    if (f->external)
        return decode_builtin(d, f);
    d->insn->a = o[1].index;
    d->insn->run = vg_run_call;
    if (f->entry || list_length(&o[2]) != f->n_params || list_length(&o[0]) != f->n_results)
        return vg_decode_wrong(d, "does not fit the function that it calls");
    return OK;
}

enum err_code vg_decode_flow(struct vg_decoder *d)
{
    switch (d->instr->op) {
    case PTX_BRA:
        return decode_bra(d);
    case PTX_BRX:
        return decode_brx(d);
    case PTX_CALL:
        return decode_call(d);
    case PTX_RET:
        return plain(d, vg_run_ret, VG_CONTROL);
    case PTX_EXIT:
        return plain(d, vg_run_exit, VG_CONTROL);
    case PTX_TRAP:
        return plain(d, vg_run_trap, VG_CONTROL);
    case PTX_BRKPT:
        return plain(d, vg_run_break, VG_CONTROL);
    case PTX_PMEVENT:
    case PTX_APPLYPRIORITY:
        return plain(d, vg_run_nothing, VG_CONTROL);
    case PTX_NANOSLEEP:
        plain(d, vg_run_sleep, VG_CONTROL);
        return vg_decode_operands(d, "w");
    default:
        return ERR_NOT_FOUND;
    }
}

/* ---- addresses (9.7.9) ---- */

static enum err_code mov_address(struct vg_decoder *d, const struct ptx_operand *from)
{
    struct vg_place place = {.storage = VG_IN_MEMORY};
    if (from->kind == OPERAND_VAR && !vg_decode_place(d, from, &place))
        return vg_decode_wrong(d, "names a variable that is not there");
    const enum err_code rc = vg_decode_operands(d, "a=d");
    if (rc != OK)
        return rc;
    d->insn->a = vg_lane_width(d->operands[0].type);
    d->insn->run = place.storage == VG_IN_LOCAL ? vg_run_mov_local : vg_run_mov_64;
    return OK;
}

/* A function's address is its number plus one, times 16: nothing else has it, none is null. */
static enum err_code mov_function(struct vg_decoder *d, const struct ptx_operand *from)
{
    d->insn->run = vg_run_mov_64;
    const enum err_code rc = vg_decode_operands(d, "a=a?");
    if (rc != OK)
        return rc;
    d->insn->a = vg_lane_width(d->operands[0].type);
    if (!vg_decode_constant(d, ((uint64_t)from->index + 1) * 16, 8, &d->operands[1]))
        return err_set(d->why, ERR_NOMEM, "no memory for %s", d->func->name);
    return OK;
}

static bool is_refused_sreg(uint32_t sreg)
{
    return sreg >= SREG_IS_EXPLICIT_CLUSTER;
}

static enum err_code mov_special(struct vg_decoder *d, const struct ptx_operand *from)
{
    if (is_refused_sreg(from->index))
        return err_set(d->why, ERR_UNSUPPORTED, "PTX line %u: the virtual GPU has no %s",
                       d->instr->line, ptx_sreg_text((enum ptx_sreg)from->index));
    const bool wide = d->instr->n_types > 0 && ptx_type_bits(d->instr->types[0]) == 64;
    d->insn->b = from->index;
    d->insn->a = wide ? 8 : 4;
    switch (from->index) {
    case SREG_CLOCK:
    case SREG_CLOCK_HI:
    case SREG_CLOCK64:
    case SREG_GLOBALTIMER:
    case SREG_GLOBALTIMER_LO:
    case SREG_GLOBALTIMER_HI: /* these change while a warp runs */
        d->insn->run = vg_run_special;
        break;
    default:
        d->insn->run = wide ? vg_run_mov_64 : vg_run_mov_32;
    }
    return vg_decode_operands(d, wide ? "d=d" : "w=w");
}

static enum err_code decode_mov(struct vg_decoder *d)
{
    const struct ptx_operand *from = &d->instr->operands[1];
    d->insn->pipe = VG_INT;
    if (d->instr->n_operands != 2)
        return ERR_NOT_FOUND;
    switch (from->kind) {
    case OPERAND_VAR:
        return mov_address(d, from);
    case OPERAND_FUNC:
        return mov_function(d, from);
    case OPERAND_SREG:
        return mov_special(d, from);
    default:
        return ERR_NOT_FOUND;
    }
}

static enum err_code decode_cvta(struct vg_decoder *d)
{
    const enum ptx_space space = ptx_instr_space(d->instr);
    const struct ptx_operand *from = &d->instr->operands[1];
    struct vg_place place = {.storage = VG_IN_MEMORY};
    if (d->instr->n_operands == 2 && from->kind == OPERAND_VAR &&
        (!vg_decode_place(d, from, &place) || place.storage == VG_IN_LOCAL))
        return vg_decode_refuse(d);
    const uint64_t window = space == PTX_SHARED  ? VG_SHARED_WINDOW
                            : space == PTX_LOCAL ? VG_LOCAL_WINDOW
                            : space == PTX_PARAM ? VG_PARAM_WINDOW
                                                 : 0;
    d->insn->pipe = VG_INT;
    d->insn->run = vg_run_cvta;
    d->insn->offset = ptx_has(d->instr, MOD_TO) ? -(int64_t)window : (int64_t)window;
    return vg_decode_operands(d, "d=d");
}

static enum err_code decode_isspacep(struct vg_decoder *d)
{
    d->insn->pipe = VG_INT;
    d->insn->run = vg_run_isspacep;
    d->insn->space = (uint8_t)ptx_instr_space(d->instr);
    return vg_decode_operands(d, "p=d");
}

enum err_code vg_decode_move(struct vg_decoder *d)
{
    switch (d->instr->op) {
    case PTX_MOV:
        return decode_mov(d);
    case PTX_CVTA:
        return decode_cvta(d);
    case PTX_ISSPACEP:
        return decode_isspacep(d);
    case PTX_STACKSAVE:
        d->insn->run = vg_run_stacksave;
        return vg_decode_operands(d, "a=");
    case PTX_STACKRESTORE:
        d->insn->run = vg_run_stackrestore;
        return vg_decode_operands(d, "a");
    case PTX_ALLOCA:
        d->insn->run = vg_run_alloca;
        return vg_decode_operands(d, "a=aw?");
    default:
        return ERR_NOT_FOUND;
    }
}

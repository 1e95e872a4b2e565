#include "grader/vgpu/exec/program.h"

#include <string.h>

/* ---- which functions a kernel may run ---- */

static bool calls_by_address(const struct ptx_func *f)
{
    for (size_t k = 0; k < f->n_instrs; k++)
        if (f->instrs[k].op == PTX_CALL && f->instrs[k].operands[1].kind == OPERAND_REG)
            return true;
    return false;
}

static void reach(const struct ptx_module *m, uint32_t func, uint8_t *seen, uint32_t *list,
                  uint32_t *n)
{
    if (func >= m->n_funcs || seen[func] || m->funcs[func].external)
        return;
    seen[func] = 1;
    list[(*n)++] = func;
}

static void reach_calls(const struct ptx_module *m, const struct ptx_func *f, uint8_t *seen,
                        uint32_t *list, uint32_t *n)
{
    for (size_t k = 0; k < f->n_instrs; k++)
        if (f->instrs[k].op == PTX_CALL && f->instrs[k].operands[1].kind == OPERAND_FUNC)
            reach(m, f->instrs[k].operands[1].index, seen, list, n);
    if (!calls_by_address(f))
        return;
    for (uint32_t k = 0; k < m->n_funcs; k++) /* any function may be meant */
        if (!m->funcs[k].entry)
            reach(m, k, seen, list, n);
}

enum err_code vg_find_reached(struct vg_kernel *k, struct err *why)
{
    const struct ptx_module *m = k->program->module;
    uint8_t *seen = arena_array(k->program->arena, m->n_funcs, 1);
    uint32_t *list = arena_array(k->program->arena, m->n_funcs, sizeof *list);
    if (!seen || !list)
        return err_set(why, ERR_NOMEM, "no memory for kernel %s", k->info.name);
    uint32_t n = 0;
    reach(m, (uint32_t)k->func, seen, list, &n);
    for (uint32_t at = 0; at < n; at++)
        reach_calls(m, &m->funcs[list[at]], seen, list, &n);
    k->reached = list;
    k->n_reached = n;
    return OK;
}

/* ---- whether the order of blocks can be seen ---- */

/* Integer reductions commute, so their order cannot be seen; anything that returns what was there,
 * or rounds, shows it. */
static bool is_commutative(const struct ptx_instr *i)
{
    const enum ptx_type type = i->n_types ? (enum ptx_type)i->types[0] : PTX_B32;
    const bool rounds = type == PTX_F16 || type == PTX_F16X2 || type == PTX_BF16 ||
                        type == PTX_BF16X2 || type == PTX_F32 || type == PTX_F64;
    return !rounds && !ptx_has(i, MOD_EXCH) && !ptx_has(i, MOD_CAS) && !ptx_has(i, MOD_INC) &&
           !ptx_has(i, MOD_DEC);
}

/* nvcc leaves it to ptxas to drop results that nobody reads. */
static bool reads_result(const struct ptx_func *f, const struct ptx_instr *atom)
{
    if (atom->operands[0].kind != OPERAND_REG)
        return atom->operands[0].kind != OPERAND_SINK;
    const uint32_t reg = atom->operands[0].index;
    for (size_t k = 0; k < f->n_elements; k++)
        if (f->elements[k].kind == OPERAND_REG && f->elements[k].index == reg)
            return true;
    for (size_t k = 0; k < f->n_instrs; k++) {
        const struct ptx_instr *i = &f->instrs[k];
        if (i->guarded && i->guard == reg)
            return true;
        for (uint32_t n = 0; n < i->n_operands; n++) {
            const struct ptx_operand *o = &i->operands[n];
            const bool names =
                o->kind == OPERAND_REG || (o->kind == OPERAND_MEMORY && o->base == OPERAND_REG);
            if (names && o->index == reg && !(i == atom && n == 0))
                return true;
        }
    }
    return false;
}

static bool is_shared(const struct ptx_instr *i)
{
    return ptx_instr_space(i) == PTX_SHARED;
}

static bool shows_order(const struct ptx_module *m, const struct ptx_func *f,
                        const struct ptx_instr *i)
{
    switch (i->op) {
    case PTX_RED:
        return !is_shared(i) && !is_commutative(i);
    case PTX_ATOM:
        return !is_shared(i) && (!is_commutative(i) || reads_result(f, i));
    case PTX_LD: /* volatile and the like: to see what other blocks do */
        return !is_shared(i) && (ptx_has(i, MOD_VOLATILE) || ptx_has(i, MOD_ACQUIRE) ||
                                 ptx_has(i, MOD_RELAXED) || ptx_has(i, MOD_CV));
    case PTX_MEMBAR:
        return !ptx_has(i, MOD_CTA);
    case PTX_FENCE:
        return ptx_has(i, MOD_GPU) || ptx_has(i, MOD_SYS);
    case PTX_CALL: { /* allocations get addresses in the order of their calls */
        if (i->operands[1].kind != OPERAND_FUNC)
            return false;
        const char *name = m->funcs[i->operands[1].index].name;
        return strcmp(name, "malloc") == 0 || strcmp(name, "free") == 0;
    }
    default:
        return false;
    }
}

bool vg_is_ordered(const struct vg_kernel *k)
{
    const struct ptx_module *m = k->program->module;
    for (uint32_t r = 0; r < k->n_reached; r++) {
        const struct ptx_func *f = &m->funcs[k->reached[r]];
        for (size_t n = 0; n < f->n_instrs; n++)
            if (shows_order(m, f, &f->instrs[n]))
                return true;
    }
    return false;
}

#include <inttypes.h>
#include <string.h>

#include "base/checked.h"
#include "grader/vgpu/exec/program.h"

static enum err_code full(struct err *why)
{
    return err_set(why, ERR_NOMEM, "no memory for the module's variables");
}

/* ---- global and constant memory ---- */

static enum vg_owner owner_of(const struct ptx_var *v)
{
    if (v->space == PTX_CONST)
        return VG_OWNER_CONST;
    if (v->managed)
        return VG_OWNER_MANAGED;
    return v->name[0] == '$' ? VG_OWNER_STRING : VG_OWNER_GLOBAL; /* nvcc's $str: literals */
}

static enum err_code place_global(struct vg_program *p, const struct ptx_var *v,
                                  struct vg_place *ret, struct err *why)
{
    if (v->external && v->bytes == 0)
        return err_set(why, ERR_UNSUPPORTED,
                       "PTX line %u: variable %s is in another module, and nothing links them",
                       v->line, v->name);
    if (v->bytes == 0) {
        *ret = (struct vg_place){.storage = VG_IN_MEMORY};
        return OK;
    }
    uint64_t address;
    enum err_code rc = vg_memory_allocate(p->memory, v->bytes, owner_of(v), v->name, &address, why);
    if (rc != OK)
        return err_wrap(why, rc, "variable %s", v->name);
    *ret = (struct vg_place){.storage = VG_IN_MEMORY, .at = address};
    return v->init ? vg_memory_write(p->memory, address, v->init, v->bytes, why) : OK;
}

static enum err_code relocate(struct vg_program *p, const struct ptx_var *v, uint64_t address,
                              const struct ptx_init *r, struct err *why)
{
    const struct ptx_module *m = p->module;
    uint64_t value;
    if (r->func)
        value = ((uint64_t)r->symbol + 1) * 16; /* as mov gives it: decode_flow.c */
    else if (r->symbol < m->n_vars && p->vars[r->symbol].storage == VG_IN_MEMORY)
        value = p->vars[r->symbol].at;
    else
        return err_set(why, ERR_UNSUPPORTED,
                       "PTX line %u: %s begins with the address of something not in memory",
                       v->line, v->name);
    value = (value + (uint64_t)r->addend) >> (r->shift < 64 ? r->shift : 63);
    if (r->bytes > 8 || r->at > v->bytes || r->bytes > v->bytes - r->at)
        return err_set(why, ERR_FORMAT, "PTX line %u: %s has an initialiser beyond its end",
                       v->line, v->name);
    return vg_memory_write(p->memory, address + r->at, &value, r->bytes, why);
}

/* What cooperative groups take for the driver's workspace: a word of its size, the word of the grid
 * barrier. (cooperative_groups/details/driver_abi.h of CUDA 13.) */
static enum err_code make_workspace(struct vg_program *p, struct err *why)
{
    return vg_memory_allocate(p->memory, VG_ALIGN, VG_OWNER_GLOBAL, "the grid's barrier",
                              &p->workspace, why);
}

enum err_code vg_place_variables(struct vg_program *p, struct err *why)
{
    const struct ptx_module *m = p->module;
    struct vg_place *vars = arena_array(p->arena, m->n_vars + 1, sizeof *vars);
    if (!vars)
        return full(why);
    p->vars = vars;
    for (size_t k = 0; k < m->n_vars; k++) {
        vars[k].storage = VG_IN_SHARED;
        if (m->vars[k].space == PTX_SHARED)
            continue;
        const enum err_code rc = place_global(p, &m->vars[k], &vars[k], why);
        if (rc != OK)
            return rc;
    }
    for (size_t k = 0; k < m->n_vars; k++)
        for (size_t n = 0; n < m->vars[k].n_relocations; n++) {
            const enum err_code rc =
                relocate(p, &m->vars[k], vars[k].at, &m->vars[k].relocations[n], why);
            if (rc != OK)
                return rc;
        }
    return make_workspace(p, why);
}

/* ---- shared memory ---- */

struct layout {
    uint64_t at;
    uint32_t dynamic_align; /* 0: no extern array */
};

static uint64_t round_up(uint64_t at, uint32_t align)
{
    return align > 1 ? (at + align - 1) / align * align : at;
}

static void lay(struct layout *l, const struct ptx_var *v, struct vg_place *ret)
{
    ret->storage = VG_IN_SHARED;
    if (v->external || v->bytes == 0) {
        if (l->dynamic_align < v->align)
            l->dynamic_align = v->align ? v->align : 1;
        return; /* behind all others: later */
    }
    l->at = round_up(l->at, v->align);
    ret->at = l->at;
    if (ckd_add(&l->at, l->at, v->bytes))
        l->at = UINT64_MAX / 2;
}

static void mark_operand(const struct ptx_module *m, const struct ptx_operand *o, uint8_t *used)
{
    const bool names =
        o->kind == OPERAND_VAR || (o->kind == OPERAND_MEMORY && o->base == OPERAND_VAR);
    if (names && !o->local && o->index < m->n_vars)
        used[o->index] = 1;
}

static void mark_used(const struct ptx_module *m, const struct ptx_func *f, uint8_t *used)
{
    for (size_t k = 0; k < f->n_instrs; k++)
        for (uint32_t n = 0; n < f->instrs[k].n_operands; n++)
            mark_operand(m, &f->instrs[k].operands[n], used);
    for (size_t k = 0; k < f->n_elements; k++)
        mark_operand(m, &f->elements[k], used);
}

static bool lay_own(struct vg_kernel *k, struct layout *l, const struct ptx_func *f,
                    struct vg_place **ret)
{
    *ret = arena_array(k->program->arena, f->n_vars + 1, sizeof **ret);
    for (size_t v = 0; *ret && v < f->n_vars; v++)
        if (f->vars[v].space == PTX_SHARED)
            lay(l, &f->vars[v], &(*ret)[v]);
    return *ret != NULL;
}

static void place_dynamic(struct vg_kernel *k, const struct layout *l, struct vg_place *shared,
                          struct vg_place **own)
{
    const struct ptx_module *m = k->program->module;
    for (size_t v = 0; v < m->n_vars; v++)
        if (m->vars[v].space == PTX_SHARED && (m->vars[v].external || m->vars[v].bytes == 0))
            shared[v].at = l->at;
    for (uint32_t r = 0; r < k->n_reached; r++) {
        const struct ptx_func *f = &m->funcs[k->reached[r]];
        for (size_t v = 0; v < f->n_vars; v++)
            if (f->vars[v].space == PTX_SHARED && (f->vars[v].external || f->vars[v].bytes == 0))
                own[k->reached[r]][v].at = l->at;
    }
}

enum err_code vg_place_shared(struct vg_kernel *k, struct err *why)
{
    struct vg_program *p = k->program;
    const struct ptx_module *m = p->module;
    struct layout l = {0};
    uint8_t *used = arena_array(p->arena, m->n_vars + 1, 1);
    struct vg_place *shared = arena_array(p->arena, m->n_vars + 1, sizeof *shared);
    struct vg_place **own = arena_array(p->arena, m->n_funcs + 1, sizeof(struct vg_place *));
    if (!used || !shared || !own)
        return full(why);
    for (uint32_t r = 0; r < k->n_reached; r++)
        mark_used(m, &m->funcs[k->reached[r]], used);
    for (size_t v = 0; v < m->n_vars; v++)
        if (used[v] && m->vars[v].space == PTX_SHARED)
            lay(&l, &m->vars[v], &shared[v]);
    for (uint32_t r = 0; r < k->n_reached; r++)
        if (!lay_own(k, &l, &m->funcs[k->reached[r]], &own[k->reached[r]]))
            return full(why);
    if (l.at > VG_SHARED_MAX)
        return err_set(why, ERR_RANGE,
                       "kernel %s wants %" PRIu64 " bytes of shared memory: at most %d",
                       k->info.name, l.at, VG_SHARED_MAX);
    k->uses_dynamic = l.dynamic_align != 0;
    l.at = round_up(l.at, l.dynamic_align);
    place_dynamic(k, &l, shared, own);
    k->shared = shared;
    k->own = (const struct vg_place *const *)own;
    k->info.static_shared = (uint32_t)l.at;
    return OK;
}

/* ---- local memory and parameters ---- */

enum err_code vg_place_locals(struct vg_kernel *k, struct vg_code *code,
                              const struct ptx_func *func, struct err *why)
{
    const size_t number = (size_t)(func - k->program->module->funcs);
    struct vg_place *vars = arena_array(k->program->arena, func->n_vars + 1, sizeof *vars);
    uint64_t at = 0;
    if (!vars)
        return full(why);
    const size_t n_formal = func->n_results + func->n_params;
    for (size_t v = 0; v < func->n_vars; v++) {
        const struct ptx_var *var = &func->vars[v];
        if (var->space == PTX_SHARED) {
            vars[v] = k->own[number][v];
        } else if (func->entry && v < n_formal) {
            vars[v] = (struct vg_place){VG_IN_PARAMS, k->params[v].offset};
        } else {
            at = round_up(at, var->align < 4 ? 4 : var->align); /* calls copy by words */
            vars[v] = (struct vg_place){VG_IN_LOCAL, at};
            if (ckd_add(&at, at, var->bytes) || at > VG_LOCAL_MAX)
                return err_set(why, ERR_RANGE, "%s wants more than %d bytes of local memory",
                               func->name, VG_LOCAL_MAX);
        }
    }
    code->vars = vars;
    code->local_bytes = (uint32_t)round_up(at, 16);
    return OK;
}

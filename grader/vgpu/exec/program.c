#include "grader/vgpu/exec/program.h"

#include <assert.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/checked.h"
#include "grader/vgpu/exec/decode.h"

#define ARENA_MAX ((size_t)2 << 30) /* some 250 bytes per instruction */

static enum err_code full(struct err *why)
{
    return err_set(why, ERR_NOMEM, "no memory for the module's code");
}

/* Numbers every instruction of the module, with one more per function for its end. */
static enum err_code number_instructions(struct vg_program *p, struct err *why)
{
    const struct ptx_module *m = p->module;
    uint64_t n = 0;
    p->first_pc = arena_array(p->arena, m->n_funcs + 1, sizeof *p->first_pc);
    if (!p->first_pc)
        return full(why);
    for (size_t f = 0; f < m->n_funcs; f++) {
        p->first_pc[f] = (uint32_t)n;
        n += m->funcs[f].n_instrs + 1;
        if (n > UINT32_MAX / 2)
            return err_set(why, ERR_RANGE, "a module of more than %" PRIu64 " instructions", n);
    }
    p->n_pcs = (uint32_t)n;
    return OK;
}

/* Parameters stand in the order of the text, each at a multiple of its alignment (7.1). */
static enum err_code place_params(struct vg_kernel *k, const struct ptx_func *f, struct err *why)
{
    struct vg_param *params = arena_array(k->program->arena, f->n_params + 1, sizeof *params);
    size_t at = 0;
    if (!params)
        return full(why);
    if (f->n_results > 0)
        return err_set(why, ERR_FORMAT, "kernel %s has a result", f->name);
    for (size_t n = 0; n < f->n_params; n++) {
        const size_t align = f->params[n].align ? f->params[n].align : 1;
        at = (at + align - 1) / align * align;
        params[n] = (struct vg_param){.offset = at, .bytes = f->params[n].bytes};
        if (f->params[n].bytes > VG_PARAMS_MAX || (at += f->params[n].bytes) > VG_PARAMS_MAX)
            return err_set(why, ERR_RANGE, "kernel %s has more than %d bytes of parameters",
                           f->name, VG_PARAMS_MAX);
    }
    k->params = params;
    k->info.param_bytes = at;
    return OK;
}

/* Without ptxas nobody knows; what a function names is more than what it needs at once. */
static uint32_t estimate_registers(const struct vg_code *code)
{
    const uint32_t words = code->frame_bytes / (4 * VG_WARP);
    const uint32_t estimate = 16 + words / 3;
    return estimate > 255 ? 255 : estimate;
}

static enum err_code decode_function(struct vg_kernel *k, size_t func, enum vg_isa isa,
                                     struct err *why)
{
    struct vg_program *p = k->program;
    struct vg_code *code = arena_alloc(p->arena, sizeof *code);
    if (!code)
        return full(why);
    enum err_code rc = vg_place_locals(k, code, &p->module->funcs[func], why);
    if (rc == OK)
        rc = vg_decode(k, func, isa, code, why);
    k->codes[isa][func] = code;
    return rc;
}

enum err_code vg_kernel_code(struct vg_kernel *k, enum vg_isa isa, struct vg_code *const **ret,
                             struct err *why)
{
    struct vg_program *p = k->program;
    if (!k->codes[isa]) {
        struct vg_code **codes =
            arena_array(p->arena, p->module->n_funcs, sizeof(struct vg_code *));
        if (!codes)
            return full(why);
        k->codes[isa] = codes;
        for (uint32_t n = 0; n < k->n_reached; n++) {
            const enum err_code rc = decode_function(k, k->reached[n], isa, why);
            if (rc != OK) {
                k->codes[isa] = NULL;
                return rc;
            }
        }
    }
    *ret = k->codes[isa];
    return OK;
}

static enum err_code load_kernel(struct vg_kernel *k, size_t func, struct err *why)
{
    struct vg_program *p = k->program;
    const struct ptx_func *f = &p->module->funcs[func];
    struct vg_code *const *codes = NULL;
    k->func = func;
    k->info.name = f->name;
    k->info.func = f;
    k->info.first_pc = p->first_pc[func];
    k->info.n_pcs = (uint32_t)f->n_instrs;
    enum err_code rc = place_params(k, f, why);
    if (rc == OK)
        rc = vg_find_reached(k, why);
    if (rc == OK)
        rc = vg_place_shared(k, why);
    if (rc == OK)
        rc = vg_kernel_code(k, vg_isa_best(), &codes, why);
    if (rc != OK)
        return rc;
    assert(codes && codes[func]);
    k->ordered = vg_is_ordered(k);
    k->info.local_bytes = codes[func]->local_bytes;
    k->info.registers = estimate_registers(codes[func]);
    return OK;
}

static enum err_code load_kernels(struct vg_program *p, struct err *why)
{
    const struct ptx_module *m = p->module;
    p->kernels = arena_array(p->arena, m->n_funcs + 1, sizeof *p->kernels);
    if (!p->kernels)
        return full(why);
    for (size_t f = 0; f < m->n_funcs; f++) {
        if (!m->funcs[f].entry || m->funcs[f].external)
            continue;
        struct vg_kernel *k = &p->kernels[p->n_kernels++];
        k->program = p;
        const enum err_code rc = load_kernel(k, f, why);
        if (rc != OK)
            return err_wrap(why, rc, "kernel %s", m->funcs[f].name);
    }
    return OK;
}

enum err_code vg_program_load(struct vg_program **ret, const struct ptx_module *module,
                              struct vg_memory *memory, struct err *why)
{
    struct vg_program *p = calloc(1, sizeof *p);
    struct arena *arena = calloc(1, sizeof *arena);
    if (!p || !arena) {
        free(p);
        free(arena);
        return full(why);
    }
    arena_init(arena, ARENA_MAX);
    p->arena = arena;
    p->module = module;
    p->memory = memory;
    enum err_code rc = number_instructions(p, why);
    if (rc == OK)
        rc = vg_place_variables(p, why);
    if (rc == OK)
        rc = load_kernels(p, why);
    if (rc != OK)
        vg_program_free(p);
    else
        *ret = p;
    return rc;
}

/* A program may have freed a variable of its own, wrongly; then there is nothing left to do. */
static void release(struct vg_program *p, uint64_t address)
{
    if (address && vg_memory_at(p->memory, address, 1)) {
        const enum err_code rc = vg_memory_release(p->memory, address, NULL);
        assert(rc == OK);
        (void)rc;
    }
}

/* Its variables go with it; the device's memory outlives it. */
static void release_variables(struct vg_program *p)
{
    for (size_t k = 0; p->vars && k < p->module->n_vars; k++)
        if (p->vars[k].storage == VG_IN_MEMORY)
            release(p, p->vars[k].at);
    release(p, p->workspace);
}

void vg_program_free(struct vg_program *p)
{
    if (!p)
        return;
    release_variables(p);
    arena_done(p->arena);
    free(p->arena);
    free(p);
}

/* ---- questions ---- */

const struct vg_kernel *vg_program_kernel(const struct vg_program *p, const char *name)
{
    for (size_t k = 0; k < p->n_kernels; k++)
        if (strcmp(p->kernels[k].info.name, name) == 0)
            return &p->kernels[k];
    return NULL;
}

bool vg_program_variable(const struct vg_program *p, const char *name, uint64_t *ret_address,
                         uint64_t *ret_bytes)
{
    for (size_t k = 0; k < p->module->n_vars; k++)
        if (p->vars[k].storage == VG_IN_MEMORY && strcmp(p->module->vars[k].name, name) == 0) {
            *ret_address = p->vars[k].at;
            *ret_bytes = p->module->vars[k].bytes;
            return true;
        }
    return false;
}

const struct vg_kernel_info *vg_kernel_info(const struct vg_kernel *k)
{
    return &k->info;
}

void vg_kernel_set_registers(struct vg_kernel *k, uint32_t registers)
{
    k->info.registers = registers;
}

bool vg_kernel_param(const struct vg_kernel *k, size_t i, size_t *ret_offset, size_t *ret_bytes)
{
    if (i >= k->info.func->n_params)
        return false;
    *ret_offset = k->params[i].offset;
    *ret_bytes = k->params[i].bytes;
    return true;
}

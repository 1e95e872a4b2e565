/* From a program counter back to the module. */
#include "grader/vgpu/exec/machine.h"

/* The last function that begins at or before it. */
static size_t function_at(const struct vg_program *p, uint32_t pc)
{
    size_t low = 0, high = p->module->n_funcs;
    while (high - low > 1) {
        const size_t middle = low + (high - low) / 2;
        if (p->first_pc[middle] <= pc)
            low = middle;
        else
            high = middle;
    }
    return low;
}

const struct ptx_instr *vg_program_instr(const struct vg_program *p, uint32_t pc,
                                         const struct ptx_func **ret_func)
{
    if (pc >= p->n_pcs)
        return NULL;
    const size_t f = function_at(p, pc);
    const struct ptx_func *func = &p->module->funcs[f];
    const uint32_t k = pc - p->first_pc[f];
    if (ret_func)
        *ret_func = func;
    return k < func->n_instrs ? &func->instrs[k] : NULL;
}

uint32_t vg_program_pcs(const struct vg_program *p)
{
    return p->n_pcs;
}

const struct ptx_module *vg_program_module(const struct vg_program *p)
{
    return p->module;
}

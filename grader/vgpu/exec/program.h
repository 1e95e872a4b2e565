/* How a module becomes a program: variables in memory, and for each kernel the functions it
 * reaches, where their variables are, and whether its blocks talk to each other. */
#pragma once

#include "base/arena.h"
#include "grader/vgpu/exec/machine.h"

/* ---- program_vars.c ---- */
enum err_code vg_place_variables(struct vg_program *p, struct err *why);
/* Shared memory of a kernel: the module's variables that it reaches and its functions' own. */
enum err_code vg_place_shared(struct vg_kernel *k, struct err *why);
/* Variables of one function: parameters, local ones; shared ones were placed. */
enum err_code vg_place_locals(struct vg_kernel *k, struct vg_code *code,
                              const struct ptx_func *func, struct err *why);

/* ---- program_reach.c ---- */
enum err_code vg_find_reached(struct vg_kernel *k, struct err *why);
bool vg_is_ordered(const struct vg_kernel *k);

/* program.c: the kernel's code for an instruction set, decoded when it is first asked for. Not for
 * two threads at once. */
MUST_CHECK enum err_code vg_kernel_code(struct vg_kernel *k, enum vg_isa isa,
                                        struct vg_code *const **ret, struct err *why);

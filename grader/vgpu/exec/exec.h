/* The executor: a module loaded into a device's memory, kernels of it launched there.
 *
 *     struct vg_program *p;
 *     vg_program_load(&p, &module, memory, why);           decodes once, places variables
 *     const struct vg_kernel *k = vg_program_kernel(p, "_Z4axpyPfS_l");
 *     struct vg_launch l = {.kernel = k, .grid = {n, 1, 1}, .block = {256, 1, 1}, ...};
 *     vg_run(&l, &result);
 *
 * Blocks run in parallel over `workers` threads; the same program and inputs give the same memory,
 * output and counters for any number of them: atomics on floats, output and counters are ordered
 * by block. Hostile PTX stays within device memory and its budgets. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "base/str.h"
#include "grader/vgpu/exec/insn.h"

struct vg_program;
struct vg_kernel;

/* `module` stays the caller's and must outlive the program. ERR_UNSUPPORTED: an instruction that is
 * not implemented: opcode with modifiers, PTX line, source line. ERR_FORMAT: operands that make no
 * sense. ERR_NOMEM. */
MUST_CHECK enum err_code vg_program_load(struct vg_program **ret, const struct ptx_module *module,
                                         struct vg_memory *memory, struct err *why);
void vg_program_free(struct vg_program *p);

const struct vg_kernel *vg_program_kernel(const struct vg_program *p, const char *name);
/* Address and size of a __device__ or __constant__ variable; false: there is none of that name. */
bool vg_program_variable(const struct vg_program *p, const char *name, uint64_t *ret_address,
                         uint64_t *ret_bytes);

/* What stands at a pc, and in which function; NULL at the end of a function, where it returns. pcs
 * run from 0 to vg_program_pcs() - 1 over all functions. */
const struct ptx_instr *vg_program_instr(const struct vg_program *p, uint32_t pc,
                                         const struct ptx_func **ret_func);
uint32_t vg_program_pcs(const struct vg_program *p);
const struct ptx_module *vg_program_module(const struct vg_program *p);

struct vg_kernel_info {
    const char *name;
    const struct ptx_func *func;
    size_t param_bytes;     /* of all parameters, with their alignments */
    uint32_t static_shared; /* bytes */
    uint32_t local_bytes;   /* per thread, without calls */
    uint32_t registers;     /* ptxas's, set by vg_kernel_set_registers; else an estimate */
    uint32_t first_pc, n_pcs;
};
const struct vg_kernel_info *vg_kernel_info(const struct vg_kernel *k);
void vg_kernel_set_registers(struct vg_kernel *k, uint32_t registers);
/* Offset and size of parameter i in the parameter block. */
bool vg_kernel_param(const struct vg_kernel *k, size_t i, size_t *ret_offset, size_t *ret_bytes);

struct vg_budget {
    uint64_t warp_instructions; /* of the launch */
    int64_t wall_ms;
    size_t output_bytes; /* of printf; what is beyond is dropped, as a device does */
};

struct vg_launch {
    const struct vg_kernel *kernel;
    const struct vg_program *program;
    struct vg_memory *const *memories; /* [n_devices]: own first is memories[device]; peers NULL
                                          when access is not enabled */
    int device, n_devices;
    uint32_t grid[3], block[3];
    uint32_t dynamic_shared; /* bytes */
    const void *params;      /* param_bytes */
    bool cooperative;        /* all blocks resident: grid.sync() works */
    uint64_t order;          /* 0: blocks by number, warps by number; else the seed of a shuffle */
    int workers;             /* >= 1 */
    enum vg_isa isa;
    struct vg_budget budget;
    const struct vg_watcher *watchers[VG_WATCHERS];
    uint32_t grid_id;  /* %gridid */
    uint64_t start_ns; /* modelled time at the start, for %globaltimer */
    uint32_t sms;      /* of the profile, for %nsmid and %smid */
    /* [vg_program_pcs()], the caller's; NULL: not wanted. The counts of all blocks
     * (vg_block.issued, .active) are added here before launch_end is called. */
    uint64_t *issued, *active;
};

struct vg_result {
    enum vg_fault fault;
    char text[1024];  /* one line: kernel, block, thread, address, allocation, place */
    const char *file; /* the learner's; NULL: not known. The module's */
    uint32_t line;
    uint32_t block[3], thread[3];
    uint64_t warp_instructions, lane_instructions;
    struct str output; /* printf, in block order; vg_result_done() frees it */
    bool output_cut;
};

/* Checks the launch against the device (block <= 1024 threads, grid.y, grid.z <= 65535, shared
 * memory, .maxntid, registers): ERR_INVALID with cudaErrorInvalidConfiguration's or
 * cudaErrorLaunchOutOfResources' number in ret->fault (9, 701). A fault of the kernel is OK with
 * ret->fault set. ERR_NOMEM. */
MUST_CHECK enum err_code vg_run(const struct vg_launch *l, struct vg_result *ret, struct err *why);
void vg_result_done(struct vg_result *r);

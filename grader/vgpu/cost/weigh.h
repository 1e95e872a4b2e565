/* What one warp instruction takes of an SM: which pipe, how much of it, and how long its result
 * takes. PTX is not what a device runs (ptxas turns a division into twenty instructions and most
 * moves into none), so these are the costs of what it becomes.
 *
 * Sources: CUDA C++ Programming Guide, "Arithmetic Instructions" (results per clock and SM, compute
 * capability 8.0); latencies as VIRTUAL_GPU's profiles state them. What is not known costs most. */
#pragma once

#include "grader/vgpu/exec/insn.h"

struct cost_weight {
    enum vg_pipe pipe;
    float work;       /* of the pipe, in instructions that use it once with all lanes */
    float sfu;        /* of the special function unit besides */
    float issue;      /* issue slots */
    uint32_t latency; /* cycles to the result, without memory */
    uint32_t tensor;  /* VG_TENSOR: multiply-adds, in units of f16 ones (tf32 counts 2, int8 1/2) */
};

struct cost_weight cost_weigh(const struct ptx_instr *i);

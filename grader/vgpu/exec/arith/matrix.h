/* A known mma or wmma.mma, and who computes it. */
#pragma once

#include "grader/vgpu/exec/arith/fragments.h"
#include "grader/vgpu/exec/insn.h"

struct vg_product {
    uint8_t op, shape; /* enum ptx_op, ptx_mod */
    struct vg_tile tile;
    uint8_t d, a, b, c; /* enum ptx_type */
    const char *letters;
};

/* The product that an instruction asks for; NULL: none that we know. */
const struct vg_product *vg_product_of(const struct ptx_instr *i);

vg_handler vg_mma_portable, vg_mma_avx2, vg_mma_avx512;

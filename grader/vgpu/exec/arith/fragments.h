/* Which element of a matrix a register of a lane holds: for mma (9.7.14.5), wmma (9.7.14.4),
 * ldmatrix and movmatrix. One rule covers all shapes of sm_80. With g = lane / 4, t = lane % 4, and
 * `per` elements in a 32-bit register (one, when elements have 32 or 64 bits):
 *
 *     A (m x k)   a register holds `per` neighbours of a row: row g of a block of 8 rows, columns
 *                 per * t ... of a chunk of 4 * per columns. Blocks go in pairs, rows first: for m
 * 16 registers are (rows 0-7, chunk 0) (8-15, 0) (0-7, 1) (8-15, 1); then the next 16 rows B (k x
 * n)   the same of columns: column g of a block of 8, rows per * t ... of a chunk; chunks first,
 * then blocks C, D (m x n) row g, columns 2 t and 2 t + 1 of a block of 8 x 8; blocks go down a
 * pair of row blocks, then right, then to the next pair. Two f16 share a register
 *
 * That is the ISA's layout for mma, figures of 9.7.14.5. wmma's layout the ISA leaves open, only
 * the numbers of registers are given: ours is the same rule, and where f16 has more registers than
 * needed (A and B always have 8) they repeat from the start.
 *
 * ldmatrix (9.7.14.5.15): register r of lane l holds elements (row l / 4, columns 2 (l % 4) and +
 * 1) of matrix r, whose row i lies where lane 8 r + i says; with .trans rows and columns change
 * places. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "grader/vgpu/ptx/ptx.h"

struct vg_tile {
    uint8_t m, n, k;
    uint8_t bits;   /* of an element of A and B: 4, 8, 16, 32, 64 */
    uint8_t bits_c; /* of an element of C and D: 16, 32, 64 */
};

struct vg_spot {
    uint8_t row, column;
};

/* Elements in a register of A and B, and of C and D. */
static inline uint32_t vg_per(const struct vg_tile *t)
{
    return t->bits >= 32 ? 1 : 32u / t->bits;
}

static inline uint32_t vg_per_c(const struct vg_tile *t)
{
    return t->bits_c == 16 ? 2 : 1;
}

/* Element e of register r in a lane; r may be beyond the registers that differ. */
static inline struct vg_spot vg_spot_a(const struct vg_tile *t, uint32_t r, uint32_t e,
                                       uint32_t lane)
{
    const uint32_t per = vg_per(t), chunks = t->k / (4 * per), blocks = t->m / 8u;
    const uint32_t at = r % (chunks * blocks), pair = blocks > 1 ? 2 : 1;
    const uint32_t in_pair = at % (pair * chunks);
    const uint32_t block = at / (pair * chunks) * pair + in_pair % pair;
    return (struct vg_spot){(uint8_t)(8 * block + lane / 4),
                            (uint8_t)(4 * per * (in_pair / pair) + per * (lane % 4) + e)};
}

static inline struct vg_spot vg_spot_b(const struct vg_tile *t, uint32_t r, uint32_t e,
                                       uint32_t lane)
{
    const uint32_t per = vg_per(t), chunks = t->k / (4 * per), blocks = t->n / 8u;
    const uint32_t at = r % (chunks * blocks);
    return (struct vg_spot){(uint8_t)(4 * per * (at % chunks) + per * (lane % 4) + e),
                            (uint8_t)(8 * (at / chunks) + lane / 4)};
}

static inline struct vg_spot vg_spot_c(const struct vg_tile *t, uint32_t r, uint32_t e,
                                       uint32_t lane)
{
    const uint32_t i = r * vg_per_c(t) + e, block = i / 2, pair = t->m > 8 ? 2 : 1;
    const uint32_t row = block / pair / (t->n / 8u) * pair + block % pair;
    return (struct vg_spot){(uint8_t)(8 * row + lane / 4),
                            (uint8_t)(8 * (block / pair % (t->n / 8u)) + 2 * (lane % 4) + i % 2)};
}

/* What a wmma.load, wmma.store or wmma.mma works on: `ret_registers` of the operand that moves
 * (load, store), as many as the ISA says (9.7.14.4.1). False: a shape or type that sm_80 does not
 * have. */
bool vg_wmma_tile(const struct ptx_instr *i, struct vg_tile *ret, uint32_t *ret_registers);

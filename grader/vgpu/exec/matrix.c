/* Fragments of matrices between shared memory and registers: ldmatrix, stmatrix (9.7.14.5), and
 * wmma.load, wmma.store (9.7.14.4), in the layout of arith/fragments.h. */
#include <string.h>

#include "grader/vgpu/exec/access.h"
#include "grader/vgpu/exec/arith/fragments.h"
#include "grader/vgpu/exec/handlers.h"

/* Rows of 16 bytes: row r of matrix m begins at the address of lane 8 m + r. A thread holds
 * elements 2 (l % 4), 2 (l % 4) + 1 of row l / 4; transposed: of column l / 4. */
static uint32_t fragment(unsigned char *const *rows, uint32_t lane, bool transposed)
{
    const uint32_t line = lane / 4, pair = lane % 4 * 2;
    uint16_t half[2];
    for (uint32_t k = 0; k < 2; k++) {
        const uint32_t row = transposed ? pair + k : line, column = transposed ? line : pair + k;
        memcpy(&half[k], rows[row] + 2 * (size_t)column, 2);
    }
    return half[0] | (uint32_t)half[1] << 16;
}

static bool rows_of(struct vg_warp *w, const struct vg_insn *i, uint32_t n, bool store,
                    unsigned char **ret)
{
    uint64_t a[VG_WARP];
    const uint32_t lanes = n == 4 ? VG_ALL : (1U << 8 * n) - 1;
    vg_addresses(w, i, a);
    for (uint32_t l = 0; l < VG_WARP; l++) /* generic addresses of shared memory */
        a[l] = i->space == PTX_GENERIC ? (uint32_t)a[l] : a[l];
    if (!vg_resolve(w, i, lanes, a, 16, PTX_SHARED, store, ret))
        return false;
    vg_told(w, i, lanes, a, 16, PTX_SHARED, store ? VG_STORE : VG_LOAD, -1);
    return true;
}

static bool all_here(struct vg_warp *w, uint32_t mask)
{
    if (mask == VG_ALL)
        return true;
    vg_fail(w, VG_ILLEGAL_INSTRUCTION, (uint32_t)__builtin_ctz(mask), 0,
            "an instruction of the whole warp, and lanes 0x%08x are missing", ~mask);
    return false;
}

void vg_run_load_matrix(struct vg_warp *w, const struct vg_insn *i, uint32_t mask)
{
    unsigned char *rows[VG_WARP];
    const uint32_t n = i->b >> VG_ADDRESS_OPERAND;
    if (!all_here(w, mask) || !rows_of(w, i, n, false, rows))
        return;
    for (uint32_t m = 0; m < n; m++) {
        uint32_t *to = vg_lanes(w, i, m);
        for (uint32_t l = 0; l < VG_WARP; l++)
            to[l] = fragment(rows + (size_t)8 * m, l, i->a != 0);
    }
}

void vg_run_store_matrix(struct vg_warp *w, const struct vg_insn *i, uint32_t mask)
{
    unsigned char *rows[VG_WARP];
    const uint32_t n = i->n_operands - 1;
    if (!all_here(w, mask) || !rows_of(w, i, n, true, rows))
        return;
    for (uint32_t m = 0; m < n; m++) {
        const uint32_t *from = vg_lanes(w, i, 1 + m);
        for (uint32_t l = 0; l < VG_WARP; l++)
            for (uint32_t k = 0; k < 2; k++) {
                const uint16_t half = (uint16_t)(from[l] >> 16 * k);
                const uint32_t line = l / 4, at = l % 4 * 2 + k;
                const uint32_t row = i->a ? at : line, column = i->a ? line : at;
                memcpy(rows[8 * m + row] + 2 * (size_t)column, &half, 2);
            }
    }
}

/* ---- wmma.load, wmma.store: struct vg_insn.a says which matrix; `b` as for loads ---- */

struct tile_access {
    struct vg_tile tile;
    uint32_t registers, per, bits; /* elements in a register, bits of an element */
    uint32_t stride, first;        /* elements between lines; the first register's operand */
    bool by_column, store;
    uint64_t base;
    enum ptx_space space;
};

static bool read_tile(struct vg_warp *w, const struct vg_insn *i, struct tile_access *ret)
{
    uint64_t a[VG_WARP];
    const bool is_c = i->a == MOD_C || i->a == MOD_D;
    if (!vg_wmma_tile(i->source, &ret->tile, &ret->registers))
        return false;
    vg_addresses(w, i, a);
    ret->bits = is_c ? ret->tile.bits_c : ret->tile.bits;
    ret->per = is_c ? vg_per_c(&ret->tile) : vg_per(&ret->tile);
    ret->by_column = ptx_has(i->source, MOD_COL);
    ret->space = i->space == PTX_GENERIC ? vg_space_of(a[0]) : (enum ptx_space)i->space;
    ret->base = i->space == PTX_GENERIC && ret->space != PTX_GLOBAL ? (uint32_t)a[0] : a[0];
    const uint32_t rows = i->a == MOD_B ? ret->tile.k : ret->tile.m;
    const uint32_t columns = i->a == MOD_A ? ret->tile.k : ret->tile.n;
    ret->stride = ret->by_column ? rows : columns; /* lines follow each other */
    const uint32_t k = i->n_operands - 1;
    if (!i->operands[k].absent)
        ret->stride = ((const uint32_t *)vg_lanes(w, i, k))[0];
    return ret->space == PTX_GLOBAL || ret->space == PTX_SHARED;
}

static uint64_t element_at(const struct vg_insn *i, const struct tile_access *t, uint32_t r,
                           uint32_t e, uint32_t lane)
{
    const struct vg_spot s = i->a == MOD_A   ? vg_spot_a(&t->tile, r, e, lane)
                             : i->a == MOD_B ? vg_spot_b(&t->tile, r, e, lane)
                                             : vg_spot_c(&t->tile, r, e, lane);
    const uint64_t line = t->by_column ? s.column : s.row, at = t->by_column ? s.row : s.column;
    return t->base + (line * t->stride + at) * t->bits / 8;
}

static void move_element(const struct tile_access *t, void *lanes, uint32_t e, uint32_t l,
                         unsigned char *p)
{
    const uint32_t bytes = t->bits < 8 ? 4 : t->bits / 8, width = t->bits == 64 ? 8 : 4;
    unsigned char *at = (unsigned char *)lanes + (size_t)l * width + (size_t)e * bytes;
    memcpy(t->store ? p : at, t->store ? at : p, bytes);
}

static bool move_row(struct vg_warp *w, const struct vg_insn *i, const struct tile_access *t,
                     uint32_t r, uint32_t e)
{
    uint64_t a[VG_WARP];
    unsigned char *p[VG_WARP];
    const uint32_t bytes = t->bits < 8 ? 4 : t->bits / 8;
    for (uint32_t l = 0; l < VG_WARP; l++)
        a[l] = element_at(i, t, r, e, l);
    if (!vg_resolve(w, i, VG_ALL, a, bytes, t->space, t->store, p))
        return false;
    vg_told(w, i, VG_ALL, a, bytes, t->space, t->store ? VG_STORE : VG_LOAD, -1);
    for (uint32_t l = 0; l < VG_WARP; l++)
        move_element(t, vg_lanes(w, i, t->first + r), e, l, p[l]);
    return true;
}

static void move_tile(struct vg_warp *w, const struct vg_insn *i, uint32_t mask, bool store)
{
    struct tile_access t = {.store = store, .first = store};
    if (!all_here(w, mask))
        return;
    if (!read_tile(w, i, &t)) {
        vg_fail(w, VG_INVALID_ADDRESS_SPACE, 0, t.base,
                "a matrix in neither global nor shared memory");
        return;
    }
    const uint32_t elements = t.bits < 8 ? 1 : t.per;
    for (uint32_t r = 0; r < t.registers; r++)
        for (uint32_t e = 0; e < elements; e++)
            if (!move_row(w, i, &t, r, e))
                return;
}

void vg_run_wmma_load(struct vg_warp *w, const struct vg_insn *i, uint32_t mask)
{
    move_tile(w, i, mask, false);
}

void vg_run_wmma_store(struct vg_warp *w, const struct vg_insn *i, uint32_t mask)
{
    move_tile(w, i, mask, true);
}

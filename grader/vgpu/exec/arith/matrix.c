/* Which matrix products sm_80 has (9.7.14), and movmatrix. The arithmetic is lanes_matrix.c's. */
#include <string.h>

#include "grader/vgpu/exec/arith/families.h"
#include "grader/vgpu/exec/arith/lanes.h"
#include "grader/vgpu/exec/arith/matrix.h"

#define PRODUCT(op, mm, nn, kk, bits, bits_c, d, a, b, c, letters)                                 \
    {PTX_##op,                                                                                     \
     MOD_M##mm##N##nn##K##kk,                                                                      \
     {mm, nn, kk, bits, bits_c},                                                                   \
     PTX_##d,                                                                                      \
     PTX_##a,                                                                                      \
     PTX_##b,                                                                                      \
     PTX_##c,                                                                                      \
     letters},
/* Integer multiplicands have signs of their own. */
#define SIGNS(op, M, N, K, bits, U, S, letters)                                                    \
    PRODUCT(op, M, N, K, bits, 32, S32, U, U, S32, letters)                                        \
    PRODUCT(op, M, N, K, bits, 32, S32, U, S, S32, letters)                                        \
    PRODUCT(op, M, N, K, bits, 32, S32, S, U, S32, letters)                                        \
    PRODUCT(op, M, N, K, bits, 32, S32, S, S, S32, letters)
/* wmma of integers has one sign for both. */
#define SAME_SIGNS(op, M, N, K, bits, U, S, letters)                                               \
    PRODUCT(op, M, N, K, bits, 32, S32, U, U, S32, letters)                                        \
    PRODUCT(op, M, N, K, bits, 32, S32, S, S, S32, letters)
#define HALVES(M, N, K)                                                                            \
    PRODUCT(WMMA, M, N, K, 16, 16, F16, F16, F16, F16, "wwww=wwwwwwwwwwwwwwwwwwww")                \
    PRODUCT(WMMA, M, N, K, 16, 32, F32, F16, F16, F32, "ffffffff=wwwwwwwwwwwwwwwwffffffff")

/* Rows bring their own commas. */
/* clang-format off */
static const struct vg_product products[] = {
    PRODUCT(MMA, 16, 8, 8, 16, 16, F16, F16, F16, F16, "ww=wwwww")
    PRODUCT( MMA, 16, 8, 8, 16, 32, F32, F16, F16, F32, "ffff=wwwffff")
    PRODUCT(MMA, 16, 8, 16, 16, 16, F16, F16, F16, F16, "ww=wwwwwwww")
    PRODUCT(MMA, 16, 8, 16, 16, 32, F32, F16, F16, F32, "ffff=wwwwwwffff")
    PRODUCT( MMA, 16, 8, 8, 16, 32, F32, BF16, BF16, F32, "ffff=wwwffff")
    PRODUCT(MMA, 16, 8, 16, 16, 32, F32, BF16, BF16, F32, "ffff=wwwwwwffff")
    PRODUCT(MMA, 16, 8, 4, 32, 32, F32, TF32, TF32, F32, "ffff=wwwffff")
    PRODUCT(MMA, 16, 8, 8, 32, 32, F32, TF32, TF32, F32, "ffff=wwwwwwffff")
    PRODUCT( MMA, 8, 8, 4, 64, 64, F64, F64, F64, F64, "FF=FFFF")
    SIGNS(MMA, 8, 8, 16, 8, U8, S8, "ww=wwww")
    SIGNS(MMA, 16, 8, 16, 8, U8, S8, "wwww=wwwwwww")
    SIGNS(MMA, 16, 8, 32, 8, U8, S8, "wwww=wwwwwwwwww")
    SIGNS(MMA, 8, 8, 32, 4, U4, S4, "ww=wwww")
    SIGNS(MMA, 16, 8, 32, 4, U4, S4, "wwww=wwwwwww")
    SIGNS(MMA, 16, 8, 64, 4, U4, S4, "wwww=wwwwwwwwww")
    HALVES(16, 16, 16)
    HALVES(32, 8, 16)
    HALVES(8, 32, 16)
    PRODUCT( WMMA, 16, 16, 16, 16, 32, F32, BF16, BF16, F32, "ffffffff=wwwwwwwwffffffff")
    PRODUCT(WMMA, 32, 8, 16, 16, 32, F32, BF16, BF16, F32, "ffffffff=wwwwwwwwwwffffffff")
    PRODUCT(WMMA, 8, 32, 16, 16, 32, F32, BF16, BF16, F32, "ffffffff=wwwwwwwwwwffffffff")
    PRODUCT(WMMA, 16, 16, 8, 32, 32, F32, TF32, TF32, F32, "ffffffff=wwwwwwwwffffffff")
    PRODUCT(WMMA, 8, 8, 4, 64, 64, F64, F64, F64, F64, "FF=FFFF")
    SAME_SIGNS(WMMA, 16, 16, 16, 8, U8, S8, "wwwwwwww=wwwwwwwwwwww")
    SAME_SIGNS(WMMA, 32, 8, 16, 8, U8, S8, "wwwwwwww=wwwwwwwwwwwww")
    SAME_SIGNS(WMMA, 8, 32, 16, 8, U8, S8, "wwwwwwww=wwwwwwwwwwwww")
    SAME_SIGNS(WMMA, 8, 8, 32, 4, U4, S4, "ww=wwww")
};
/* clang-format on */
enum { PRODUCTS = sizeof products / sizeof *products };

/* Shape and operands' types; f16 in wmma.mma names only D's and C's. */
static bool is_product(const struct vg_product *p, const struct ptx_instr *i)
{
    if (p->op != i->op || !ptx_has(i, p->shape) || i->n_types < 2)
        return false;
    if (i->op == PTX_WMMA && i->n_types == 2)
        return p->a == PTX_F16 && p->d == i->types[0] && p->c == i->types[1];
    return i->n_types == 4 && p->d == i->types[0] && p->a == i->types[1] && p->b == i->types[2] &&
           p->c == i->types[3];
}

/* Everything that the name says beside shape and types must be known too. */
static bool modifiers_are_known(const struct ptx_instr *i, const struct vg_product *p)
{
    unsigned row = 0, column = 0;
    for (unsigned k = 0; k < i->n_mods; k++) {
        const uint8_t mod = i->mods[k];
        row += mod == MOD_ROW;
        column += mod == MOD_COL;
        const bool always = mod == MOD_SYNC || mod == MOD_ALIGNED || mod == MOD_ROW ||
                            mod == MOD_COL || mod == p->shape ||
                            (mod == MOD_MMA && i->op == PTX_WMMA);
        const bool integer = mod == MOD_SATFINITE && p->c == PTX_S32;
        const bool exact = mod == MOD_RN && p->c == PTX_F64;
        if (!always && !integer && !exact)
            return false;
    }
    return i->op == PTX_MMA ? row == 1 && column == 1 : row + column == 2 && ptx_has(i, MOD_MMA);
}

const struct vg_product *vg_product_of(const struct ptx_instr *i)
{
    for (unsigned k = 0; k < PRODUCTS; k++)
        if (is_product(&products[k], i))
            return modifiers_are_known(i, &products[k]) ? &products[k] : NULL;
    return NULL;
}

/* wmma.load.a and .b name one type, which is D's and C's for them; the other operands' follow from
 * the first product with that shape. */
bool vg_wmma_tile(const struct ptx_instr *i, struct vg_tile *ret, uint32_t *ret_registers)
{
    const bool a = ptx_has(i, MOD_A), b = ptx_has(i, MOD_B);
    for (unsigned k = 0; k < PRODUCTS; k++) {
        const struct vg_product *const p = &products[k];
        const enum ptx_type type = a ? p->a : b ? p->b : p->c;
        if (p->op != PTX_WMMA || !ptx_has(i, p->shape) || i->n_types != 1 || type != i->types[0])
            continue;
        const char *const sources = strchr(p->letters, '=') + 1;
        const uint32_t c = (uint32_t)(sources - p->letters) - 1;
        const uint32_t ab = (uint32_t)strlen(sources) - c;
        const uint32_t mine = a ? p->tile.m : p->tile.n;
        *ret = p->tile;
        *ret_registers = !a && !b          ? c
                         : p->a == PTX_F16 ? 8
                                           : ab * mine / (uint32_t)(p->tile.m + p->tile.n);
        return true;
    }
    return false;
}

/* movmatrix.sync.aligned.m8n8.trans.b16 (9.7.14.5.17): element (i, j) goes where (j, i) was. */
HANDLER(movmatrix)
{
    const uint32_t *const a = vg_lanes(w, i, 1);
    uint32_t *const d = vg_lanes(w, i, 0);
    uint32_t r[VG_WARP];
    for (uint32_t l = 0; l < VG_WARP; l++) {
        const uint32_t row = 2 * (l % 4), column = l / 4;
        const uint32_t low = a[4 * row + column / 2], high = a[4 * (row + 1) + column / 2];
        r[l] = (low >> 16 * (column % 2) & 0xffff) | (high >> 16 * (column % 2) & 0xffff) << 16;
    }
    for (int l = 0; l < VG_WARP; l++)
        d[l] = ON(mask) ? r[l] : d[l];
}

static bool is_movmatrix(const struct ptx_instr *i)
{
    return i->op == PTX_MOVMATRIX && i->n_mods == 4 && i->n_types == 1 && i->mods[0] == MOD_SYNC &&
           i->mods[1] == MOD_ALIGNED && i->mods[2] == MOD_M8N8 && i->mods[3] == MOD_TRANS &&
           i->types[0] == PTX_B16;
}

bool vg_find_matrix(const struct ptx_instr *i, const struct ptx_func *f, enum vg_isa isa,
                    struct vg_row *ret)
{
    static vg_handler *const run[VG_ISAS] = {
        [VG_PORTABLE] = vg_mma_portable,
#if defined(__x86_64__)
        [VG_AVX2] = vg_mma_avx2,
        [VG_AVX512] = vg_mma_avx512,
#else
        [VG_AVX2] = vg_mma_portable,
        [VG_AVX512] = vg_mma_portable,
#endif
    };
    const struct vg_product *const p = vg_product_of(i);
    if (p == NULL && !is_movmatrix(i))
        return false;
    *ret = p != NULL ? (struct vg_row){.run = run[isa], .shape = p->letters}
                     : (struct vg_row){.run = movmatrix, .shape = "w=w"};
    const struct ptx_operand *o[VG_FLAT_MAX];
    return vg_shape_fits(ret->shape, f, o, vg_flatten(i, f, o));
}

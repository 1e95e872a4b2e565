/* From an instruction to its handler: which rows may hold it, and whether its operands fit. */
#include <string.h>

#include "grader/vgpu/exec/arith/arith.h"
#include "grader/vgpu/exec/arith/families.h"
#include "grader/vgpu/exec/arith/tables.h"

/* The tables that hold an opcode, in the order of a search; 0: none of ours. */
#define VG_NUMBER(table) AT_##table,
enum { VG_LANE_TABLES(VG_NUMBER) TABLES };
#define IN1(a)          1u << AT_vg_rows_##a
#define IN2(a, b)       IN1(a) | IN1(b)
#define IN3(a, b, c)    IN2(a, b) | IN1(c)
#define IN4(a, b, c, d) IN3(a, b, c) | IN1(d)
static const uint16_t tables_of[PTX_OPS] = {
    [PTX_ADD] = IN4(int, float, double, half) | IN1(carry),
    [PTX_SUB] = IN4(int, float, double, half) | IN1(carry),
    [PTX_MUL] = IN4(int, float, double, half),
    [PTX_MAD] = IN4(int, float, double, carry),
    [PTX_MUL24] = IN1(int),
    [PTX_MAD24] = IN1(int),
    [PTX_SAD] = IN1(int),
    [PTX_DIV] = IN3(int, float, double),
    [PTX_REM] = IN1(int),
    [PTX_ABS] = IN4(int, float, double, half),
    [PTX_NEG] = IN4(int, float, double, half),
    [PTX_MIN] = IN4(int, float, double, half),
    [PTX_MAX] = IN4(int, float, double, half),
    [PTX_POPC] = IN1(bits),
    [PTX_CLZ] = IN1(bits),
    [PTX_BFIND] = IN1(bits),
    [PTX_FNS] = IN1(bits),
    [PTX_BREV] = IN1(bits),
    [PTX_BFE] = IN1(bits),
    [PTX_BFI] = IN1(bits),
    [PTX_SZEXT] = IN1(bits),
    [PTX_BMSK] = IN1(bits),
    [PTX_DP4A] = IN1(bits),
    [PTX_DP2A] = IN1(bits),
    [PTX_ADDC] = IN1(carry),
    [PTX_SUBC] = IN1(carry),
    [PTX_MADC] = IN1(carry),
    [PTX_TESTP] = IN1(compare),
    [PTX_COPYSIGN] = IN2(float, double),
    [PTX_FMA] = IN3(float, double, half),
    [PTX_RCP] = IN2(float, double),
    [PTX_SQRT] = IN2(float, double),
    [PTX_RSQRT] = IN2(double, special),
    [PTX_SIN] = IN1(special),
    [PTX_COS] = IN1(special),
    [PTX_LG2] = IN1(special),
    [PTX_EX2] = IN2(special, half),
    [PTX_TANH] = IN2(special, half),
    [PTX_SET] = IN2(compare, half),
    [PTX_SETP] = IN2(compare, half),
    [PTX_SELP] = IN1(mov),
    [PTX_SLCT] = IN1(mov),
    [PTX_AND] = IN1(bits),
    [PTX_OR] = IN1(bits),
    [PTX_XOR] = IN1(bits),
    [PTX_NOT] = IN1(bits),
    [PTX_CNOT] = IN1(bits),
    [PTX_LOP3] = IN1(bits),
    [PTX_SHF] = IN1(bits),
    [PTX_SHL] = IN1(bits),
    [PTX_SHR] = IN1(bits),
    [PTX_PRMT] = IN1(bits),
    [PTX_CVT] = IN1(convert),
    [PTX_MOV] = IN1(mov),
};

#define VG_PORTABLE_OF(table) &table##_portable,
#if defined(__x86_64__)
#define VG_AVX2_OF(table)   &table##_avx2,
#define VG_AVX512_OF(table) &table##_avx512,
#else
#define VG_AVX2_OF(table)   &table##_portable,
#define VG_AVX512_OF(table) &table##_portable,
#endif
static const struct vg_rows *const tables[VG_ISAS][TABLES] = {
    [VG_PORTABLE] = {VG_LANE_TABLES(VG_PORTABLE_OF)},
    [VG_AVX2] = {VG_LANE_TABLES(VG_AVX2_OF)},
    [VG_AVX512] = {VG_LANE_TABLES(VG_AVX512_OF)},
};

/* False: more modifiers or types than any row has. */
static bool key_of(const struct ptx_instr *i, uint64_t *ret)
{
    if (i->n_mods > VG_KEY_MODS || i->n_types > VG_KEY_TYPES)
        return false;
    uint64_t key = (uint64_t)i->op << 56;
    for (unsigned k = 0; k < i->n_mods; k++)
        key |= (uint64_t)(i->mods[k] + 1) << (48 - 8 * k);
    for (unsigned k = 0; k < i->n_types; k++)
        key |= (uint64_t)(i->types[k] + 1) << (8 - 8 * k);
    *ret = key;
    return true;
}

size_t vg_flatten(const struct ptx_instr *i, const struct ptx_func *f,
                  const struct ptx_operand *ret[VG_FLAT_MAX])
{
    size_t n = 0;
    for (unsigned k = 0; k < i->n_operands; k++) {
        const struct ptx_operand *o = &i->operands[k];
        const bool many = o->kind == OPERAND_VECTOR || o->kind == OPERAND_PAIR;
        const size_t count = many ? o->count : 1;
        if (n + count > VG_FLAT_MAX ||
            (many && (o->index > f->n_elements || count > f->n_elements - o->index)))
            return 0;
        for (size_t e = 0; e < count; e++)
            ret[n++] = many ? &f->elements[o->index + e] : o;
    }
    return n;
}

static unsigned bits_of_letter(char letter)
{
    switch (letter) {
    case 'p':
        return 1;
    case 'b':
        return 8;
    case 'h':
    case 'e':
        return 16;
    case 'w':
    case 'f':
        return 32;
    default:
        return 64;
    }
}

static bool operand_fits(const struct ptx_operand *o, const struct ptx_func *f, char letter,
                         bool result)
{
    switch (o->kind) {
    case OPERAND_REG:
        return o->index < f->n_regs &&
               ptx_type_bits(f->regs[o->index].type) == bits_of_letter(letter) &&
               (!o->negated || (letter == 'p' && !result));
    case OPERAND_SINK:
        return result;
    case OPERAND_INT:
    case OPERAND_F32:
    case OPERAND_F64:
        return !result;
    default:
        return false;
    }
}

bool vg_shape_fits(const char *shape, const struct ptx_func *f,
                   const struct ptx_operand *const *operands, size_t n)
{
    size_t k = 0;
    bool result = true;
    /* A second result that may be missing is there when there is one operand more than sources. */
    const char *const sources = strchr(shape, '=') + 1;
    const size_t n_sources = strlen(sources);
    for (const char *at = shape; *at != '\0'; at++) {
        if (*at == '=') {
            result = false;
            continue;
        }
        if (at[1] == '?') {
            if (k + n_sources < n && !operand_fits(operands[k++], f, *at, result))
                return false;
            at++;
            continue;
        }
        if (k >= n || !operand_fits(operands[k], f, *at, result))
            return false;
        k++;
    }
    return k == n;
}

static const struct vg_row *find_row(const struct ptx_instr *i, const struct ptx_func *f,
                                     enum vg_isa isa)
{
    uint64_t key;
    if (i->op >= PTX_OPS || tables_of[i->op] == 0 || !key_of(i, &key))
        return NULL;
    const struct ptx_operand *operands[VG_FLAT_MAX];
    const size_t n = vg_flatten(i, f, operands);
    for (unsigned t = 0; t < TABLES; t++) {
        if (!(tables_of[i->op] >> t & 1))
            continue;
        const struct vg_rows *const table = tables[isa][t];
        for (size_t r = 0; r < table->n; r++)
            if (table->rows[r].key == key && vg_shape_fits(table->rows[r].shape, f, operands, n))
                return &table->rows[r];
    }
    return NULL;
}

static bool find_any(const struct ptx_instr *i, const struct ptx_func *f, enum vg_isa isa,
                     struct vg_row *ret)
{
    const struct vg_row *const row = find_row(i, f, isa);
    if (row != NULL) {
        *ret = *row;
        return true;
    }
    if (i->op == PTX_CVT)
        return vg_find_convert(i, f, ret);
    if (i->op == PTX_MMA || i->op == PTX_WMMA || i->op == PTX_MOVMATRIX)
        return vg_find_matrix(i, f, isa, ret);
    return vg_find_video(i, f, ret);
}

vg_handler *vg_arith_find(const struct ptx_instr *i, const struct ptx_func *f, enum vg_isa isa)
{
    struct vg_row row;
    return find_any(i, f, isa, &row) ? row.run : NULL;
}

const char *vg_arith_shape(const struct ptx_instr *i, const struct ptx_func *f)
{
    struct vg_row row;
    return find_any(i, f, VG_PORTABLE, &row) ? row.shape : NULL;
}

static bool is_special(const struct ptx_instr *i)
{
    switch (i->op) {
    case PTX_RSQRT:
    case PTX_SIN:
    case PTX_COS:
    case PTX_LG2:
    case PTX_EX2:
    case PTX_TANH:
    case PTX_RCP:
    case PTX_SQRT:
        return true;
    case PTX_DIV:
        return i->n_types > 0 && i->types[0] == PTX_F32;
    default:
        return false;
    }
}

/* By the types that a device computes in: conversions of 64 bits run in the f64 pipe, other ones
 * where the special functions do; comparisons by what they compare. */
enum vg_pipe vg_arith_pipe(const struct ptx_instr *i)
{
    if (i->op == PTX_MMA || i->op == PTX_WMMA || i->op == PTX_MOVMATRIX)
        return VG_TENSOR;
    bool single = false;
    for (unsigned k = 0; k < i->n_types; k++) {
        if (i->types[k] == PTX_F64 && i->op != PTX_MOV && i->op != PTX_SELP)
            return VG_FP64;
        single = single || (i->types[k] >= PTX_F16 && i->types[k] <= PTX_F32);
    }
    if (is_special(i) || (i->op == PTX_CVT && single) || i->op == PTX_POPC)
        return VG_SFU;
    return single && i->op != PTX_MOV && i->op != PTX_SELP ? VG_FP32 : VG_INT;
}

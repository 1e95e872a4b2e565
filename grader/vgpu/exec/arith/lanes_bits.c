/* Integers as bits: counting, fields, permutations, dot products of bytes (9.7.1.14 to 9.7.1.24),
 * logic and shifts (9.7.8). */
#include "grader/vgpu/exec/arith/lanes.h"
#include "grader/vgpu/exec/arith/tables.h"

/* X(suffix, C type, bits, letter) */
#define SIZES(X)                                                                                   \
    X(16, uint16_t, 16, "h")                                                                       \
    X(32, uint32_t, 32, "w")                                                                       \
    X(64, uint64_t, 64, "d")

/* Shift amounts above the width give what is shifted in (9.7.8.7). */
#define LOGIC(n, T, bits, x)                                                                       \
    BINARY(and_##n, T, T, T, a &b)                                                                 \
    BINARY(or_##n, T, T, T, a | b)                                                                 \
    BINARY(xor_##n, T, T, T, a ^ b)                                                                \
    UNARY(not_##n, T, T, ~a)                                                                       \
    UNARY(cnot_##n, T, T, a == 0)                                                                  \
    BINARY(shl_##n, T, T, uint32_t, b < (bits) ? (T)a << (b & ((bits)-1)) : 0)                     \
    BINARY(shr_u##n, T, T, uint32_t, b < (bits) ? (T)a >> (b & ((bits)-1)) : 0)                    \
    BINARY(shr_s##n, int##n##_t, int##n##_t, uint32_t, a >> (b < (bits) ? b : (bits)-1))
SIZES(LOGIC)

#define LOGIC_OF_PREDICATES(name, expression)                                                      \
    HANDLER(name)                                                                                  \
    {                                                                                              \
        const vg_pred a = pred_in(w, i, 1), b = i->n_operands > 2 ? pred_in(w, i, 2) : 0;          \
        (void)b;                                                                                   \
        pred_out(w, i, 0, expression, mask);                                                       \
    }
LOGIC_OF_PREDICATES(and_pred, a &b)
LOGIC_OF_PREDICATES(or_pred, a | b)
LOGIC_OF_PREDICATES(xor_pred, a ^ b)
LOGIC_OF_PREDICATES(not_pred, ~a)

/* Bit k of the table is the result for a = bit 2 of k, b = bit 1, c = bit 0 (9.7.8.6). */
static inline uint32_t lop3(uint32_t a, uint32_t b, uint32_t c, uint32_t table)
{
    uint32_t r = 0;
    for (unsigned k = 0; k < 8; k++) {
        const uint32_t match = (k & 4 ? a : ~a) & (k & 2 ? b : ~b) & (k & 1 ? c : ~c);
        r |= match & (0 - (table >> k & 1));
    }
    return r;
}

/* The table is an immediate: the same for all lanes. */
HANDLER(lop3_b32)
{
    const uint32_t table = *(const uint32_t *)vg_lanes(w, i, 4);
    const uint32_t *const a = vg_lanes(w, i, 1), *const b = vg_lanes(w, i, 2);
    const uint32_t *const c = vg_lanes(w, i, 3);
    uint32_t *const d = vg_lanes(w, i, 0);
    EACH_LANE
    {
        const uint32_t r = lop3(a[l], b[l], c[l], table);
        d[l] = ON(mask) ? r : d[l];
    }
}

/* lop3.BoolOp d|p, a, b, c, table, q: p is (d != 0) BoolOp q. */
HANDLER(lop3_bool_b32)
{
    const uint32_t table = *(const uint32_t *)vg_lanes(w, i, 5);
    const uint32_t *const a = vg_lanes(w, i, 2), *const b = vg_lanes(w, i, 3);
    const uint32_t *const c = vg_lanes(w, i, 4);
    uint32_t *const d = vg_lanes(w, i, 0);
    const vg_pred q = pred_in(w, i, 6);
    vg_pred p = 0;
    for (int l = 0; l < VG_WARP; l++) {
        const uint32_t r = lop3(a[l], b[l], c[l], table);
        d[l] = ON(mask) ? r : d[l];
        p |= (r != 0 ? 1u : 0u) << l;
    }
    pred_out(w, i, 1,
             i->source->mods[0] == MOD_OR    ? p | q
             : i->source->mods[0] == MOD_AND ? p & q
                                             : p ^ q,
             mask);
}

#define FUNNEL ((uint64_t)b << 32 | a)
TERNARY(shf_l_clamp, uint32_t, uint32_t, uint32_t, uint32_t, FUNNEL << (c < 32 ? c : 32) >> 32)
TERNARY(shf_l_wrap, uint32_t, uint32_t, uint32_t, uint32_t, FUNNEL << (c & 31) >> 32)
TERNARY(shf_r_clamp, uint32_t, uint32_t, uint32_t, uint32_t, FUNNEL >> (c < 32 ? c : 32))
TERNARY(shf_r_wrap, uint32_t, uint32_t, uint32_t, uint32_t, FUNNEL >> (c & 31))

static inline uint32_t highest_bit(uint64_t x)
{
    return x == 0 ? UINT32_MAX : 63 - (uint32_t)__builtin_clzll(x);
}

static inline uint64_t reverse(uint64_t x)
{
    x = (x >> 1 & 0x5555555555555555u) | (x & 0x5555555555555555u) << 1;
    x = (x >> 2 & 0x3333333333333333u) | (x & 0x3333333333333333u) << 2;
    x = (x >> 4 & 0x0f0f0f0f0f0f0f0fu) | (x & 0x0f0f0f0f0f0f0f0fu) << 4;
    return __builtin_bswap64(x);
}

#define COUNT(n, T)                                                                                \
    UNARY(popc_##n, uint32_t, T, __builtin_popcountll(a))                                          \
    UNARY(clz_##n, uint32_t, T, (n)-1 - highest_bit(a))                                            \
    UNARY(brev_##n, T, T, reverse(a) >> (64 - (n)))                                                \
    UNARY(bfind_u##n, uint32_t, T, highest_bit(a))                                                 \
    UNARY(bfind_s##n, uint32_t, int##n##_t, highest_bit((uint##n##_t)(a < 0 ? ~a : a)))            \
    UNARY(bfind_shiftamt_u##n, uint32_t, T, a == 0 ? UINT32_MAX : (n)-1 - highest_bit(a))          \
    UNARY(bfind_shiftamt_s##n, uint32_t, int##n##_t,                                               \
          a == 0 || a == -1 ? UINT32_MAX : (n)-1 - highest_bit((uint##n##_t)(a < 0 ? ~a : a)))
COUNT(32, uint32_t)
COUNT(64, uint64_t)

/* A mask of `length` bits, up to all 64. */
static inline uint64_t ones(uint32_t length)
{
    return length >= 64 ? UINT64_MAX : (UINT64_C(1) << length) - 1;
}

/* Position and length are bytes; a field that leaves the register continues with its sign, or with
 * zeros when it is unsigned or empty (9.7.1.19). */
static inline uint64_t field(uint64_t a, uint32_t position, uint32_t length, unsigned msb,
                             bool sign)
{
    const uint32_t at = position & 0xff, n = length & 0xff;
    const uint64_t value = at > msb ? 0 : a >> at & ones(n);
    const uint32_t top = n == 0 ? 0 : at + n - 1 < msb ? at + n - 1 : msb;
    if (!sign || n == 0 || !(a >> top & 1))
        return value;
    return value | ~ones(at > msb ? 0 : top - at + 1);
}

static inline uint64_t insert(uint64_t a, uint64_t b, uint32_t position, uint32_t length)
{
    const uint32_t at = position & 0xff, n = length & 0xff;
    if (at > 63)
        return b;
    return (b & ~(ones(n) << at)) | (a & ones(n)) << at;
}

TERNARY(bfe_u32, uint32_t, uint32_t, uint32_t, uint32_t, field(a, b, c, 31, false))
TERNARY(bfe_s32, uint32_t, uint32_t, uint32_t, uint32_t, field(a, b, c, 31, true))
TERNARY(bfe_u64, uint64_t, uint64_t, uint32_t, uint32_t, field(a, b, c, 63, false))
TERNARY(bfe_s64, uint64_t, uint64_t, uint32_t, uint32_t, field(a, b, c, 63, true))

#define INSERT(n, T)                                                                               \
    HANDLER(bfi_##n)                                                                               \
    {                                                                                              \
        const T *const a = vg_lanes(w, i, 1), *const b = vg_lanes(w, i, 2);                        \
        const uint32_t *const at = vg_lanes(w, i, 3), *const length = vg_lanes(w, i, 4);           \
        T *const d = vg_lanes(w, i, 0);                                                            \
        EACH_LANE                                                                                  \
        {                                                                                          \
            const T r = (T)insert(a[l], b[l], at[l], length[l]);                                   \
            d[l] = ON(mask) ? r : d[l];                                                            \
        }                                                                                          \
    }
INSERT(32, uint32_t)
INSERT(64, uint64_t)

/* Bits a to a + b - 1 (9.7.1.23). */
static inline uint32_t bit_mask(uint32_t a, uint32_t b, bool clamp)
{
    if (clamp && a > 31)
        return 0;
    const uint32_t from = UINT32_MAX << (a & 31), end = (a & 31) + (b & 31);
    return end > 31 || (clamp && b > 31) ? from : from & ~(UINT32_MAX << end);
}

/* The low b bits, extended by their sign (9.7.1.22). */
static inline uint32_t extend(uint32_t a, uint32_t b, bool clamp, bool sign)
{
    if (clamp && b > 31)
        return a;
    const uint32_t n = b & 31, above = UINT32_MAX << n;
    return sign && n != 0 && (a >> (n - 1) & 1) ? a | above : a & ~above;
}

#define MODES(mode, clamp)                                                                         \
    BINARY(bmsk_##mode, uint32_t, uint32_t, uint32_t, bit_mask(a, b, clamp))                       \
    BINARY(szext_##mode##_u32, uint32_t, uint32_t, uint32_t, extend(a, b, clamp, false))           \
    BINARY(szext_##mode##_s32, uint32_t, uint32_t, uint32_t, extend(a, b, clamp, true))
MODES(clamp, true)
MODES(wrap, false)

/* The offset-th set bit of the mask, counted from base upwards or downwards (9.7.1.17). */
static uint32_t nth_set(uint32_t a, uint32_t base, int32_t offset)
{
    if (offset == 0)
        return base < 32 && (a >> base & 1) ? base : UINT32_MAX;
    int64_t left = offset < 0 ? -(int64_t)offset : offset;
    for (uint32_t at = base; at < 32; at += offset < 0 ? UINT32_MAX : 1)
        if ((a >> at & 1) && --left == 0)
            return at;
    return UINT32_MAX;
}
TERNARY(fns_b32, uint32_t, uint32_t, uint32_t, int32_t, nth_set(a, b, c))

/* Four selectors of 4 bits: which of the 8 bytes of b:a, and whether only its sign (9.7.9.7). */
static inline uint32_t permute(uint32_t a, uint32_t b, uint32_t selectors)
{
    const uint64_t bytes = (uint64_t)b << 32 | a;
    uint32_t r = 0;
    for (int k = 0; k < 4; k++) {
        const uint32_t s = selectors >> 4 * k & 15;
        const uint32_t byte = (uint32_t)(bytes >> 8 * (s & 7)) & 0xff;
        r |= (s & 8 ? (byte & 0x80 ? 0xffu : 0u) : byte) << 8 * k;
    }
    return r;
}

/* The selectors that a mode stands for, by the two low bits of c; table of 9.7.9.7. */
static const uint16_t f4e[] = {0x3210, 0x4321, 0x5432, 0x6543};
static const uint16_t b4e[] = {0x5670, 0x6701, 0x7012, 0x0123};
static const uint16_t rc8[] = {0x0000, 0x1111, 0x2222, 0x3333};
static const uint16_t ecl[] = {0x3210, 0x3211, 0x3222, 0x3333};
static const uint16_t ecr[] = {0x0000, 0x1110, 0x2210, 0x3210};
static const uint16_t rc16[] = {0x1010, 0x3232, 0x1010, 0x3232};
#define PERMUTE(name, selectors)                                                                   \
    TERNARY(prmt_##name, uint32_t, uint32_t, uint32_t, uint32_t, permute(a, b, selectors))
PERMUTE(b32, c)
PERMUTE(f4e, f4e[c & 3])
PERMUTE(b4e, b4e[c & 3])
PERMUTE(rc8, rc8[c & 3])
PERMUTE(ecl, ecl[c & 3])
PERMUTE(ecr, ecr[c & 3])
PERMUTE(rc16, rc16[c & 3])

/* dp4a (9.7.1.24): d = c + sum of a.byte[k] * b.byte[k]; dp2a (9.7.1.25): a's two halves with b's
 * two low or high bytes. Signs of a and b are their own; sums wrap at 32 bits. */
#define BYTE_u32(x, k)          ((x) >> 8 * (k)&0xff)
#define BYTE_s32(x, k)          (uint32_t)(int8_t)((x) >> 8 * (k))
#define HALF_u32(x, k)          ((x) >> 16 * (k)&0xffff)
#define HALF_s32(x, k)          (uint32_t)(int16_t)((x) >> 16 * (k))
#define DOT4(k, ta, tb)         BYTE_##ta(a, k) * BYTE_##tb(b, k)
#define DOT2(k, ta, tb, from)   HALF_##ta(a, k) * BYTE_##tb(b, (k) + (from))
#define WORDS(name, expression) TERNARY(name, uint32_t, uint32_t, uint32_t, uint32_t, expression)
#define DOTS(ta, tb)                                                                               \
    WORDS(dp4a_##ta##_##tb,                                                                        \
          c + DOT4(0, ta, tb) + DOT4(1, ta, tb) + DOT4(2, ta, tb) + DOT4(3, ta, tb))               \
    WORDS(dp2a_lo_##ta##_##tb, c + DOT2(0, ta, tb, 0) + DOT2(1, ta, tb, 0))                        \
    WORDS(dp2a_hi_##ta##_##tb, c + DOT2(0, ta, tb, 2) + DOT2(1, ta, tb, 2))
DOTS(u32, u32)
DOTS(u32, s32)
DOTS(s32, u32)
DOTS(s32, s32)

#define LOGIC_ROWS(n, T, bits, x)                                                                  \
    ROW(AND, , , , , , b##n, , x "=" x x, and_##n)                                                 \
    ROW(OR, , , , , , b##n, , x "=" x x, or_##n)                                                   \
    ROW(XOR, , , , , , b##n, , x "=" x x, xor_##n)                                                 \
    ROW(NOT, , , , , , b##n, , x "=" x, not_##n)                                                   \
    ROW(CNOT, , , , , , b##n, , x "=" x, cnot_##n)                                                 \
    ROW(SHL, , , , , , b##n, , x "=" x "w", shl_##n)                                               \
    ROW(SHR, , , , , , b##n, , x "=" x "w", shr_u##n)                                              \
    ROW(SHR, , , , , , u##n, , x "=" x "w", shr_u##n)                                              \
    ROW(SHR, , , , , , s##n, , x "=" x "w", shr_s##n)
#define COUNT_ROWS(n, x)                                                                           \
    ROW(POPC, , , , , , b##n, , "w=" x, popc_##n)                                                  \
    ROW(CLZ, , , , , , b##n, , "w=" x, clz_##n)                                                    \
    ROW(BREV, , , , , , b##n, , x "=" x, brev_##n)                                                 \
    ROW(BFIND, , , , , , u##n, , "w=" x, bfind_u##n)                                               \
    ROW(BFIND, , , , , , s##n, , "w=" x, bfind_s##n)                                               \
    ROW(BFIND, shiftamt, , , , , u##n, , "w=" x, bfind_shiftamt_u##n)                              \
    ROW(BFIND, shiftamt, , , , , s##n, , "w=" x, bfind_shiftamt_s##n)                              \
    ROW(BFE, , , , , , u##n, , x "=" x "ww", bfe_u##n)                                             \
    ROW(BFE, , , , , , s##n, , x "=" x "ww", bfe_s##n)                                             \
    ROW(BFI, , , , , , b##n, , x "=" x x "ww", bfi_##n)
#define MODE_ROWS(mode)                                                                            \
    ROW(BMSK, mode, , , , , b32, , "w=ww", bmsk_##mode)                                            \
    ROW(SZEXT, mode, , , , , u32, , "w=ww", szext_##mode##_u32)                                    \
    ROW(SZEXT, mode, , , , , s32, , "w=ww", szext_##mode##_s32)                                    \
    ROW(SHF, l, mode, , , , b32, , "w=www", shf_l_##mode)                                          \
    ROW(SHF, r, mode, , , , b32, , "w=www", shf_r_##mode)
#define PERMUTE_ROW(mode) ROW(PRMT, mode, , , , , b32, , "w=www", prmt_##mode)
#define DOT_ROWS(ta, tb)                                                                           \
    ROW(DP4A, , , , , , ta, tb, "w=www", dp4a_##ta##_##tb)                                         \
    ROW(DP2A, lo, , , , , ta, tb, "w=www", dp2a_lo_##ta##_##tb)                                    \
    ROW(DP2A, hi, , , , , ta, tb, "w=www", dp2a_hi_##ta##_##tb)

/* Rows bring their own commas. */
/* clang-format off */
static const struct vg_row rows[] = {
    SIZES(LOGIC_ROWS)
    COUNT_ROWS(32, "w")
    COUNT_ROWS(64, "d")
    MODE_ROWS(clamp)
    MODE_ROWS(wrap)
    DOT_ROWS(u32, u32)
    DOT_ROWS(u32, s32)
    DOT_ROWS(s32, u32)
    DOT_ROWS(s32, s32)
    PERMUTE_ROW( f4e)
    PERMUTE_ROW(b4e)
    PERMUTE_ROW(rc8)
    PERMUTE_ROW(ecl)
    PERMUTE_ROW(ecr)
    PERMUTE_ROW(rc16)
    ROW(PRMT, , , , , , b32, , "w=www", prmt_b32)
    ROW( AND, , , , , , pred, , "p=pp", and_pred)
    ROW(OR, , , , , , pred, , "p=pp", or_pred)
    ROW(XOR, , , , , , pred, , "p=pp", xor_pred)
    ROW(NOT, , , , , , pred, , "p=p", not_pred)
    ROW(FNS, , , , , , b32, , "w=www", fns_b32)
    ROW(LOP3, , , , , , b32, , "w=wwww", lop3_b32)
    ROW(LOP3, and, , , , , b32, , "wp=wwwwp", lop3_bool_b32)
    ROW(LOP3, or, , , , , b32, , "wp=wwwwp", lop3_bool_b32)
    ROW(LOP3, xor, , , , , b32, , "wp=wwwwp", lop3_bool_b32)
};
/* clang-format on */
TABLE(vg_rows_bits)

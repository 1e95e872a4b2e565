/* mov of values (9.7.9.3), selp and slct (9.7.7): bits from one register to another. */
#include "grader/vgpu/exec/arith/lanes.h"
#include "grader/vgpu/exec/arith/tables.h"

#define SIZES(X)                                                                                   \
    X(16, uint16_t)                                                                                \
    X(32, uint32_t)                                                                                \
    X(64, uint64_t)

#define SELECT(n, T)                                                                               \
    UNARY(mov_##n, T, T, a)                                                                        \
    HANDLER(selp_##n)                                                                              \
    {                                                                                              \
        const vg_pred p = pred_in(w, i, 3);                                                        \
        const T *const a = vg_lanes(w, i, 1), *const b = vg_lanes(w, i, 2);                        \
        T *const d = vg_lanes(w, i, 0);                                                            \
        if (mask == ALL_LANES) {                                                                   \
            EACH_LANE                                                                              \
            {                                                                                      \
                const T x = a[l], y = b[l];                                                        \
                d[l] = ON(p) ? x : y;                                                              \
            }                                                                                      \
        } else {                                                                                   \
            EACH_LANE                                                                              \
            {                                                                                      \
                const T x = a[l], y = b[l], old = d[l];                                            \
                const T r = ON(p) ? x : y;                                                         \
                d[l] = ON(mask) ? r : old;                                                         \
            }                                                                                      \
        }                                                                                          \
    }                                                                                              \
    TERNARY(slct_s32_##n, T, T, T, int32_t, c >= 0 ? a : b)                                        \
    TERNARY(slct_f32_##n, T, T, T, float, c >= 0 ? a : b)                                          \
    TERNARY(slct_ftz_f32_##n, T, T, T, float, c > -0x1p-126f ? a : b)
SIZES(SELECT)

HANDLER(mov_pred)
{
    pred_out(w, i, 0, pred_in(w, i, 1), mask);
}

/* {a, b}, with a in the low bits, to one register and back. */
#define PACK2(n, T, part, P)                                                                       \
    BINARY(pack_##n, T, P, P, (T)a | (T)b << (part))                                               \
    HANDLER(unpack_##n)                                                                            \
    {                                                                                              \
        const T *const a = vg_lanes(w, i, 2);                                                      \
        P *const d0 = vg_lanes(w, i, 0), *const d1 = vg_lanes(w, i, 1);                            \
        EACH_LANE                                                                                  \
        {                                                                                          \
            const T x = a[l];                                                                      \
            const P r0 = (P)x, r1 = (P)(x >> (part));                                              \
            d0[l] = ON(mask) ? r0 : d0[l];                                                         \
            d1[l] = ON(mask) ? r1 : d1[l];                                                         \
        }                                                                                          \
    }
PACK2(32, uint32_t, 16, uint16_t)
PACK2(64, uint64_t, 32, uint32_t)

#define PACK4(n, T, part, P, PART_MASK)                                                            \
    HANDLER(pack4_##n)                                                                             \
    {                                                                                              \
        T *const d = vg_lanes(w, i, 0);                                                            \
        for (int l = 0; l < VG_WARP; l++) {                                                        \
            T r = 0;                                                                               \
            for (uint32_t k = 0; k < 4; k++)                                                       \
                r |= (T)(((const P *)vg_lanes(w, i, 1 + k))[l] & (PART_MASK)) << (part)*k;         \
            d[l] = ON(mask) ? r : d[l];                                                            \
        }                                                                                          \
    }                                                                                              \
    HANDLER(unpack4_##n)                                                                           \
    {                                                                                              \
        T x[VG_WARP];                                                                              \
        memcpy(x, vg_lanes(w, i, 4), sizeof x);                                                    \
        for (uint32_t k = 0; k < 4; k++) {                                                         \
            P *const d = vg_lanes(w, i, k);                                                        \
            for (int l = 0; l < VG_WARP; l++)                                                      \
                d[l] = ON(mask) ? (P)(x[l] >> (part)*k & (PART_MASK)) : d[l];                      \
        }                                                                                          \
    }
PACK4(32, uint32_t, 8, uint16_t, 0xffu)
PACK4(64, uint64_t, 16, uint16_t, 0xffffu)

/* Registers of 8 bits fill lanes of 16. */
BINARY(pack_16, uint16_t, uint16_t, uint16_t, (a & 0xff) | b << 8)
HANDLER(unpack_16)
{
    const uint16_t *const a = vg_lanes(w, i, 2);
    uint16_t *const d0 = vg_lanes(w, i, 0), *const d1 = vg_lanes(w, i, 1);
    EACH_LANE
    {
        const uint16_t x = a[l];
        const uint16_t r0 = x & 0xff, r1 = x >> 8;
        d0[l] = ON(mask) ? r0 : d0[l];
        d1[l] = ON(mask) ? r1 : d1[l];
    }
}

#define SELECT_ROWS(t, n, s)                                                                       \
    ROW(MOV, , , , , , t, , s "=" s, mov_##n)                                                      \
    ROW(SELP, , , , , , t, , s "=" s s "p", selp_##n)                                              \
    ROW(SLCT, , , , , , t, s32, s "=" s s "w", slct_s32_##n)                                       \
    ROW(SLCT, , , , , , t, f32, s "=" s s "f", slct_f32_##n)                                       \
    ROW(SLCT, ftz, , , , , t, f32, s "=" s s "f", slct_ftz_f32_##n)

/* Rows bring their own commas. */
/* clang-format off */
static const struct vg_row rows[] = {
    SELECT_ROWS(b32, 32, "w")
    SELECT_ROWS(u32, 32, "w")
    SELECT_ROWS(s32, 32, "w")
    SELECT_ROWS( f32, 32, "f")
    SELECT_ROWS(b64, 64, "d")
    SELECT_ROWS(u64, 64, "d")
    SELECT_ROWS(s64, 64, "d")
    SELECT_ROWS(f64, 64, "F")
    SELECT_ROWS(b16, 16, "h")
    SELECT_ROWS(u16, 16, "h")
    SELECT_ROWS(s16, 16, "h")
    ROW(MOV, , , , , , f16, , "e=e", mov_16)
    ROW(MOV, , , , , , bf16, , "e=e", mov_16)
    ROW(MOV, , , , , , f16x2, , "w=w", mov_32)
    ROW(MOV, , , , , , bf16x2, , "w=w", mov_32)
    ROW(MOV, , , , , , pred, , "p=p", mov_pred)
    ROW(MOV, , , , , , b16, , "h=bb", pack_16)
    ROW(MOV, , , , , , b16, , "bb=h", unpack_16)
    ROW(MOV, , , , , , b32, , "w=hh", pack_32)
    ROW(MOV, , , , , , b32, , "hh=w", unpack_32)
    ROW(MOV, , , , , , b32, , "w=bbbb", pack4_32)
    ROW(MOV, , , , , , b32, , "bbbb=w", unpack4_32)
    ROW(MOV, , , , , , b64, , "d=ww", pack_64)
    ROW(MOV, , , , , , b64, , "ww=d", unpack_64)
    ROW(MOV, , , , , , b64, , "d=hhhh", pack4_64)
    ROW(MOV, , , , , , b64, , "hhhh=d", unpack4_64)
};
/* clang-format on */
TABLE(vg_rows_mov)

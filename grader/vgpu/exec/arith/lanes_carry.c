/* Extended precision (9.7.2): sums with a carry in and out. The carries of a warp are
 * the first word of its frame, a bit per lane; of a subtraction it is the borrow. */
#include "grader/vgpu/exec/arith/lanes.h"
#include "grader/vgpu/exec/arith/tables.h"

typedef unsigned __int128 u128;

/* From and to the carry of the lanes in the mask; "no" leaves it out. */
#define IN_no  0
#define IN_yes (*carries >> l & 1)
#define OUT_no
#define OUT_yes *carries = (*carries & ~mask) | (carry & mask);

/* The sum of T's width in `sum`, which has room for the carry at bit `bits`. */
#define SUM_OF(name, T, T2, bits, in, out, n, expression)                                          \
    HANDLER(name)                                                                                  \
    {                                                                                              \
        T *const d_ = vg_lanes(w, i, 0);                                                           \
        const T *const a_ = vg_lanes(w, i, 1);                                                     \
        const T *const b_ = vg_lanes(w, i, 2);                                                     \
        const T *const c_ = vg_lanes(w, i, n);                                                     \
        uint32_t *const carries = (uint32_t *)w->bank[VG_FRAME], carry = 0;                        \
        (void)carries;                                                                             \
        for (int l = 0; l < VG_WARP; l++) {                                                        \
            const T a = a_[l], b = b_[l], c = c_[l];                                               \
            const T2 in_ = IN_##in;                                                                \
            (void)c;                                                                               \
            const T2 sum = (expression);                                                           \
            carry |= (uint32_t)(sum >> (bits)&1) << l;                                             \
            d_[l] = ON(mask) ? (T)sum : d_[l];                                                     \
        }                                                                                          \
        (void)carry;                                                                               \
        OUT_##out                                                                                  \
    }

#define HIGH_u32(a, b) ((uint64_t)(a) * (b) >> 32)
#define HIGH_s32(a, b) (uint32_t)((int64_t)(int32_t)(a) * (int32_t)(b) >> 32)
#define HIGH_u64(a, b) ((u128)(a) * (b) >> 64)
#define HIGH_s64(a, b) (uint64_t)((__int128)(int64_t)(a) * (int64_t)(b) >> 64)

#define SUMS(t, T, T2, bits)                                                                       \
    SUM_OF(add_cc_##t, T, T2, bits, no, yes, 2, (T2)a + b + in_)                                   \
    SUM_OF(addc_##t, T, T2, bits, yes, no, 2, (T2)a + b + in_)                                     \
    SUM_OF(addc_cc_##t, T, T2, bits, yes, yes, 2, (T2)a + b + in_)                                 \
    SUM_OF(sub_cc_##t, T, T2, bits, no, yes, 2, (T2)a - b - in_)                                   \
    SUM_OF(subc_##t, T, T2, bits, yes, no, 2, (T2)a - b - in_)                                     \
    SUM_OF(subc_cc_##t, T, T2, bits, yes, yes, 2, (T2)a - b - in_)                                 \
    SUM_OF(mad_lo_cc_##t, T, T2, bits, no, yes, 3, (T2)(T)(a * b) + c + in_)                       \
    SUM_OF(madc_lo_##t, T, T2, bits, yes, no, 3, (T2)(T)(a * b) + c + in_)                         \
    SUM_OF(madc_lo_cc_##t, T, T2, bits, yes, yes, 3, (T2)(T)(a * b) + c + in_)
#define HIGH_SUMS(t, T, T2, bits)                                                                  \
    SUM_OF(mad_hi_cc_##t, T, T2, bits, no, yes, 3, (T2)HIGH_##t(a, b) + c + in_)                   \
    SUM_OF(madc_hi_##t, T, T2, bits, yes, no, 3, (T2)HIGH_##t(a, b) + c + in_)                     \
    SUM_OF(madc_hi_cc_##t, T, T2, bits, yes, yes, 3, (T2)HIGH_##t(a, b) + c + in_)
SUMS(32, uint32_t, uint64_t, 32)
SUMS(64, uint64_t, u128, 64)
HIGH_SUMS(u32, uint32_t, uint64_t, 32)
HIGH_SUMS(s32, uint32_t, uint64_t, 32)
HIGH_SUMS(u64, uint64_t, u128, 64)
HIGH_SUMS(s64, uint64_t, u128, 64)

#define ROWS(t, bits, s)                                                                           \
    ROW(ADD, cc, , , , , t, , s "=" s s, add_cc_##bits)                                            \
    ROW(ADDC, , , , , , t, , s "=" s s, addc_##bits)                                               \
    ROW(ADDC, cc, , , , , t, , s "=" s s, addc_cc_##bits)                                          \
    ROW(SUB, cc, , , , , t, , s "=" s s, sub_cc_##bits)                                            \
    ROW(SUBC, , , , , , t, , s "=" s s, subc_##bits)                                               \
    ROW(SUBC, cc, , , , , t, , s "=" s s, subc_cc_##bits)                                          \
    ROW(MAD, lo, cc, , , , t, , s "=" s s s, mad_lo_cc_##bits)                                     \
    ROW(MADC, lo, , , , , t, , s "=" s s s, madc_lo_##bits)                                        \
    ROW(MADC, lo, cc, , , , t, , s "=" s s s, madc_lo_cc_##bits)                                   \
    ROW(MAD, hi, cc, , , , t, , s "=" s s s, mad_hi_cc_##t)                                        \
    ROW(MADC, hi, , , , , t, , s "=" s s s, madc_hi_##t)                                           \
    ROW(MADC, hi, cc, , , , t, , s "=" s s s, madc_hi_cc_##t)

/* Rows bring their own commas. */
/* clang-format off */
static const struct vg_row rows[] = {
    ROWS(u32, 32, "w")
    ROWS(s32, 32, "w")
    ROWS(u64, 64, "d")
    ROWS(s64, 64, "d")
};
/* clang-format on */
TABLE(vg_rows_carry)

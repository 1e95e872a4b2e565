/* cvt between registers of the types' own widths, the ones that programs are full of. All others,
 * and registers wider than their type, are convert.c's, which is slower and gives the same bits.
 *
 * Floats to integers are clamped to the integer's range; a NaN becomes 0, or the lowest integer's
 * bits when either side has 64 bits (9.7.9.21). */
#include "grader/vgpu/exec/arith/narrow.h"
#include "grader/vgpu/exec/arith/tables.h"

/* Integers: extension by the source's sign, or the low bits. */
#define INTEGER(to, T, from, F) UNARY(cvt_##to##_##from, T, F, a)
INTEGER(u32, uint32_t, u16, uint16_t)
INTEGER(u32, uint32_t, s16, int16_t)
INTEGER(u64, uint64_t, u16, uint16_t)
INTEGER(u64, uint64_t, s16, int16_t)
INTEGER(u64, uint64_t, u32, uint32_t)
INTEGER(u64, uint64_t, s32, int32_t)
INTEGER(u16, uint16_t, u32, uint32_t)
INTEGER(u16, uint16_t, u64, uint64_t)
INTEGER(u32, uint32_t, u64, uint64_t)

/* A byte of a wider register. */
#define BYTE(to, T, F, from)                                                                       \
    UNARY(cvt_##to##_u8_##from, T, F, (uint8_t)a)                                                  \
    UNARY(cvt_##to##_s8_##from, T, F, (int8_t)a)
BYTE(u16, uint16_t, uint16_t, h)
BYTE(u32, uint32_t, uint16_t, h)
BYTE(u32, uint32_t, uint32_t, w)
BYTE(u64, uint64_t, uint16_t, h)
BYTE(f32, float, uint16_t, h)

/* Integers of 32 bits are f64s exactly, so that one rounding is left. Where the host has no
 * instruction for unsigned ones, compilers subtract, which makes -0 of 0 when rounding down: halves
 * are added. */
#define SIGNED(a)   ((double)(a))
#define UNSIGNED(a) ((double)(int32_t)((a) >> 16) * 65536.0 + (double)(int32_t)((a)&0xffff))
#define FROM_INTEGER(to, T, from, F, via)                                                          \
    UNARY(cvt_##to##_##from, T, F, via(a))                                                         \
    DIRECTED(cvt_##to##_##from)
FROM_INTEGER(f32, float, s32, int32_t, SIGNED)
FROM_INTEGER(f32, float, u32, uint32_t, UNSIGNED)
FROM_INTEGER(f64, double, s32, int32_t, SIGNED)
FROM_INTEGER(f64, double, u32, uint32_t, UNSIGNED)
UNARY(cvt_f32_u16, float, uint16_t, a)
UNARY(cvt_f32_s16, float, int16_t, a)

#define MAX_s32    INT32_MAX
#define MIN_s32    INT32_MIN
#define MAX_u32    UINT32_MAX
#define MIN_u32    0
#define ZERO_s32   0
#define ZERO_u32   0
#define LOWEST_s32 INT32_MIN
#define LOWEST_u32 0x80000000u
/* Within [least, end) after rounding; what is outside is clamped without being converted. */
#define TO_INTEGER(to, T, from, F, how, ROUND, least, end, nan, in)                                \
    static inline T how##_##to##_of_##from(F a)                                                    \
    {                                                                                              \
        const F r = ROUND(in(a));                                                                  \
        const bool high = r >= (end), low = r < (least);                                           \
        const T v = (T)(high || low || a != a ? 0 : r);                                            \
        return high ? MAX_##to : low ? MIN_##to : a != a ? nan##_##to : v;                         \
    }                                                                                              \
    UNARY(cvt_##how##_##to##_##from, T, F, how##_##to##_of_##from(a))
#define SAME(x) (x)
#define ROUNDINGS_F32(to, T, least, end)                                                           \
    TO_INTEGER(to, T, f32, float, rni, __builtin_rintf, least, end, ZERO, SAME)                    \
    TO_INTEGER(to, T, f32, float, rzi, __builtin_truncf, least, end, ZERO, SAME)                   \
    TO_INTEGER(to, T, f32, float, rmi, __builtin_floorf, least, end, ZERO, SAME)                   \
    TO_INTEGER(to, T, f32, float, rpi, __builtin_ceilf, least, end, ZERO, SAME)                    \
    TO_INTEGER(to, T, f32, float, rni_ftz, __builtin_rintf, least, end, ZERO, ftz_f32)             \
    TO_INTEGER(to, T, f32, float, rzi_ftz, __builtin_truncf, least, end, ZERO, ftz_f32)            \
    TO_INTEGER(to, T, f32, float, rmi_ftz, __builtin_floorf, least, end, ZERO, ftz_f32)            \
    TO_INTEGER(to, T, f32, float, rpi_ftz, __builtin_ceilf, least, end, ZERO, ftz_f32)
#define ROUNDINGS_F64(to, T, least, end)                                                           \
    TO_INTEGER(to, T, f64, double, rni, __builtin_rint, least, end, LOWEST, SAME)                  \
    TO_INTEGER(to, T, f64, double, rzi, __builtin_trunc, least, end, LOWEST, SAME)                 \
    TO_INTEGER(to, T, f64, double, rmi, __builtin_floor, least, end, LOWEST, SAME)                 \
    TO_INTEGER(to, T, f64, double, rpi, __builtin_ceil, least, end, LOWEST, SAME)
ROUNDINGS_F32(s32, int32_t, -0x1p31f, 0x1p31f)
ROUNDINGS_F32(u32, uint32_t, 0.0f, 0x1p32f)
ROUNDINGS_F64(s32, int32_t, -0x1p31, 0x1p31)
ROUNDINGS_F64(u32, uint32_t, 0.0, 0x1p32)

/* To integers in the same format: rni and friends of a float. */
#define WHOLE(how, f)                                                                              \
    UNARY(cvt_##how##_f32_f32, float, float, canonical_f32(f(a)))                                  \
    UNARY(cvt_##how##_ftz_f32_f32, float, float, canonical_f32(f(ftz_f32(a))))
WHOLE(rni, __builtin_rintf)
WHOLE(rzi, __builtin_truncf)
WHOLE(rmi, __builtin_floorf)
WHOLE(rpi, __builtin_ceilf)

UNARY(cvt_f64_f32, double, float, a)
UNARY(cvt_f64_ftz_f32, double, float, ftz_f32(a))
UNARY(cvt_f32_f64, float, double, canonical_f32((float)a))
DIRECTED(cvt_f32_f64)
UNARY(cvt_f32_f16, float, uint16_t, f32_from_f16(a))
UNARY(cvt_f32_bf16, float, uint16_t, canonical_f32(f32_of((uint32_t)a << 16)))
UNARY(cvt_f16_f32, uint16_t, float, f16_from_f32(a))
UNARY(cvt_sat_f32_f32, float, float, sat_f32(a))
UNARY(cvt_ftz_sat_f32_f32, float, float, ftz_f32(sat_f32(ftz_f32(a))))

/* To the nearest, ties to even, within the bits: quicker than narrow(). */
static inline uint32_t bf16_of(float a)
{
    const uint32_t bits = bits_of_f32(a);
    return a == a ? (bits + 0x7fff + (bits >> 16 & 1)) >> 16 : 0x7fff;
}
UNARY(cvt_bf16_f32, uint16_t, float, bf16_of(a))
BINARY(cvt_bf16x2_f32, uint32_t, float, float, bf16_of(b) | bf16_of(a) << 16)
BINARY(cvt_f16x2_f32, uint32_t, float, float, f16_from_f32(b) | f16_from_f32(a) << 16)

#define INTEGER_ROWS(to, from, d, x)                                                               \
    ROW(CVT, , , , , , u##to, u##from, d "=" x, cvt_u##to##_u##from)                               \
    ROW(CVT, , , , , , s##to, u##from, d "=" x, cvt_u##to##_u##from)                               \
    ROW(CVT, , , , , , u##to, s##from, d "=" x, cvt_u##to##_s##from)                               \
    ROW(CVT, , , , , , s##to, s##from, d "=" x, cvt_u##to##_s##from)
#define BYTE_ROWS(t, to, d, x)                                                                     \
    ROW(CVT, , , , , , t, u8, d "=" x, cvt_##to##_u8_h)                                            \
    ROW(CVT, , , , , , t, s8, d "=" x, cvt_##to##_s8_h)
#define NARROWER_ROWS(to, from, d, x)                                                              \
    ROW(CVT, , , , , , u##to, u##from, d "=" x, cvt_u##to##_u##from)                               \
    ROW(CVT, , , , , , s##to, u##from, d "=" x, cvt_u##to##_u##from)                               \
    ROW(CVT, , , , , , u##to, s##from, d "=" x, cvt_u##to##_u##from)                               \
    ROW(CVT, , , , , , s##to, s##from, d "=" x, cvt_u##to##_u##from)
#define ROUNDED_ROWS(to, from, d, s, name)                                                         \
    ROW(CVT, rn, , , , , to, from, d "=" s, name)                                                  \
    ROW(CVT, rz, , , , , to, from, d "=" s, name##_rz)                                             \
    ROW(CVT, rm, , , , , to, from, d "=" s, name##_rm)                                             \
    ROW(CVT, rp, , , , , to, from, d "=" s, name##_rp)
#define TO_INTEGER_ROWS(how, to)                                                                   \
    ROW(CVT, how, , , , , to, f32, "w=f", cvt_##how##_##to##_f32)                                  \
    ROW(CVT, how, ftz, , , , to, f32, "w=f", cvt_##how##_ftz_##to##_f32)                           \
    ROW(CVT, how, , , , , to, f64, "w=F", cvt_##how##_##to##_f64)
#define WHOLE_ROWS(how)                                                                            \
    TO_INTEGER_ROWS(how, s32)                                                                      \
    TO_INTEGER_ROWS(how, u32)                                                                      \
    ROW(CVT, how, , , , , f32, f32, "f=f", cvt_##how##_f32_f32)                                    \
    ROW(CVT, how, ftz, , , , f32, f32, "f=f", cvt_##how##_ftz_f32_f32)

/* Rows bring their own commas. */
/* clang-format off */
static const struct vg_row rows[] = {
    INTEGER_ROWS(64, 32, "d", "w")
    NARROWER_ROWS(32, 64, "w", "d")
    INTEGER_ROWS(32, 16, "w", "h")
    NARROWER_ROWS(16, 32, "h", "w")
    INTEGER_ROWS(64, 16, "d", "h")
    NARROWER_ROWS(16, 64, "h", "d")
    BYTE_ROWS(u16, u16, "h", "h")
    BYTE_ROWS(s16, u16, "h", "h")
    BYTE_ROWS(u32, u32, "w", "h")
    BYTE_ROWS(s32, u32, "w", "h")
    BYTE_ROWS(u64, u64, "d", "h")
    BYTE_ROWS(s64, u64, "d", "h")
    ROW(CVT, , , , , , u32, u8, "w=w", cvt_u32_u8_w)
    ROW(CVT, , , , , , s32, u8, "w=w", cvt_u32_u8_w)
    ROW(CVT, , , , , , u32, s8, "w=w", cvt_u32_s8_w)
    ROW(CVT, , , , , , s32, s8, "w=w", cvt_u32_s8_w)
    ROW(CVT, rn, , , , , f32, u8, "f=h", cvt_f32_u8_h)
    ROW(CVT, rn, , , , , f32, s8, "f=h", cvt_f32_s8_h)
    ROUNDED_ROWS(f32, s32, "f", "w", cvt_f32_s32)
    ROUNDED_ROWS(f32, u32, "f", "w", cvt_f32_u32)
    ROUNDED_ROWS( f64, s32, "F", "w", cvt_f64_s32)
    ROUNDED_ROWS(f64, u32, "F", "w", cvt_f64_u32)
    ROUNDED_ROWS(f32, f64, "f", "F", cvt_f32_f64)
    WHOLE_ROWS(rni)
    WHOLE_ROWS(rzi)
    WHOLE_ROWS(rmi)
    WHOLE_ROWS(rpi)
    ROW(CVT, rn, , , , , f32, u16, "f=h", cvt_f32_u16)
    ROW( CVT, rn, , , , , f32, s16, "f=h", cvt_f32_s16)
    ROW(CVT, , , , , , f64, f32, "F=f", cvt_f64_f32)
    ROW(CVT, ftz, , , , , f64, f32, "F=f", cvt_f64_ftz_f32)
    ROW(CVT, , , , , , f32, f16, "f=e", cvt_f32_f16)
    ROW(CVT, , , , , , f32, bf16, "f=e", cvt_f32_bf16)
    ROW(CVT, rn, , , , , f16, f32, "e=f", cvt_f16_f32)
    ROW(CVT, rn, , , , , bf16, f32, "e=f", cvt_bf16_f32)
    ROW(CVT, rn, , , , , f16x2, f32, "w=ff", cvt_f16x2_f32)
    ROW( CVT, rn, , , , , bf16x2, f32, "w=ff", cvt_bf16x2_f32)
    ROW(CVT, sat, , , , , f32, f32, "f=f", cvt_sat_f32_f32)
    ROW(CVT, ftz, sat, , , , f32, f32, "f=f", cvt_ftz_sat_f32_f32)
};
/* clang-format on */
TABLE(vg_rows_convert)

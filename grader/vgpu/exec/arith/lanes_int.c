/* Integer arithmetic (9.7.1) without what moves single bits, which is lanes_bits.c. Arithmetic is
 * done on unsigned types, where C wraps as the ISA does. */
#include "grader/vgpu/exec/arith/lanes.h"
#include "grader/vgpu/exec/arith/tables.h"

typedef __int128 s128;
typedef unsigned __int128 u128;

/* X(type's name, its C type, the unsigned one, one of twice the width, the unsigned one, letter) */
#define WORD_TYPES(X)                                                                              \
    X(u32, uint32_t, uint32_t, uint64_t, uint64_t, "w", "d")                                       \
    X(s32, int32_t, uint32_t, int64_t, uint64_t, "w", "d")
#define SHORT_TYPES(X)                                                                             \
    X(u16, uint16_t, uint32_t, uint32_t, uint32_t, "h", "w")                                       \
    X(s16, int16_t, uint32_t, int32_t, uint32_t, "h", "w")
#define LONG_TYPES(X)                                                                              \
    X(u64, uint64_t, uint64_t, u128, u128, "d", "")                                                \
    X(s64, int64_t, uint64_t, s128, u128, "d", "")
#define NARROW_TYPES(X) SHORT_TYPES(X) WORD_TYPES(X)
#define ALL_TYPES(X)    NARROW_TYPES(X) LONG_TYPES(X)

static inline int32_t clip_s32(int64_t x)
{
    return x > INT32_MAX ? INT32_MAX : x < INT32_MIN ? INT32_MIN : (int32_t)x;
}

/* The high half of a 64-bit product from four products of 32 bits, which vectorise. */
static inline uint64_t high_u64(uint64_t a, uint64_t b)
{
    return (uint64_t)(((u128)a * b) >> 64);
}

static inline uint64_t high_s64(int64_t a, int64_t b)
{
    return (uint64_t)(((s128)a * b) >> 64);
}

#define HIGH_u16(a, b) ((uint32_t)(a) * (b) >> 16)
#define HIGH_s16(a, b) ((int32_t)(a) * (b) >> 16)
#define HIGH_u32(a, b) ((uint64_t)(a) * (b) >> 32)
#define HIGH_s32(a, b) ((int64_t)(a) * (b) >> 32)
#define HIGH_u64(a, b) high_u64(a, b)
#define HIGH_s64(a, b) high_s64(a, b)

#define BASIC(t, T, U, T2, U2, s, s2)                                                              \
    BINARY(add_##t, T, T, T, (U)a + (U)b)                                                          \
    BINARY(sub_##t, T, T, T, (U)a - (U)b)                                                          \
    BINARY(mul_lo_##t, T, T, T, (U)a *(U)b)                                                        \
    BINARY(mul_hi_##t, T, T, T, HIGH_##t(a, b))                                                    \
    TERNARY(mad_lo_##t, T, T, T, T, (U)a *(U)b + (U)c)                                             \
    TERNARY(mad_hi_##t, T, T, T, T, (U)HIGH_##t(a, b) + (U)c)                                      \
    TERNARY(sad_##t, T, T, T, T, (U)c + (a < b ? (U)b - (U)a : (U)a - (U)b))                       \
    BINARY(min_##t, T, T, T, a < b ? a : b)                                                        \
    BINARY(max_##t, T, T, T, a > b ? a : b)
ALL_TYPES(BASIC)
#define WIDE(t, T, U, T2, U2, s, s2)                                                               \
    BINARY(mul_wide_##t, T2, T, T, (T2)a *(T2)b)                                                   \
    TERNARY(mad_wide_##t, T2, T, T, T2, (U2)((T2)a * (T2)b) + (U2)c)
NARROW_TYPES(WIDE)

/* Division traps on a CPU where a device gives the values in arith.h. The overflowing quotient,
 * INT_MIN / -1, is INT_MIN, its remainder 0. */
#define MINUS_ONE_s16(b) ((b) == -1)
#define MINUS_ONE_s32(b) ((b) == -1)
#define MINUS_ONE_s64(b) ((b) == -1)
#define MINUS_ONE_u16(b) false
#define MINUS_ONE_u32(b) false
#define MINUS_ONE_u64(b) false
#define DIVISION(t, T, U, T2, U2, s, s2)                                                           \
    static inline T quotient_##t(T a, T b)                                                         \
    {                                                                                              \
        if (b == 0)                                                                                \
            return (T) ~(T)0;                                                                      \
        return MINUS_ONE_##t(b) ? (T)(0 - (U)a) : (T)(a / b);                                      \
    }                                                                                              \
    static inline T remainder_##t(T a, T b)                                                        \
    {                                                                                              \
        return b == 0 ? a : MINUS_ONE_##t(b) ? 0 : (T)(a % b);                                     \
    }                                                                                              \
    BINARY(div_##t, T, T, T, quotient_##t(a, b))                                                   \
    BINARY(rem_##t, T, T, T, remainder_##t(a, b))
ALL_TYPES(DIVISION)

#define SIGNED(t, T, U)                                                                            \
    UNARY(abs_##t, T, T, a < 0 ? 0 - (U)a : (U)a)                                                  \
    UNARY(neg_##t, T, T, 0 - (U)a)
SIGNED(s16, int16_t, uint32_t)
SIGNED(s32, int32_t, uint32_t)
SIGNED(s64, int64_t, uint64_t)

BINARY(add_sat_s32, int32_t, int32_t, int32_t, clip_s32((int64_t)a + b))
BINARY(sub_sat_s32, int32_t, int32_t, int32_t, clip_s32((int64_t)a - b))
TERNARY(mad_hi_sat_s32, int32_t, int32_t, int32_t, int32_t, clip_s32(HIGH_s32(a, b) + c))
BINARY(min_relu_s32, int32_t, int32_t, int32_t, a < 0 || b < 0 ? 0 : a < b ? a : b)
BINARY(max_relu_s32, int32_t, int32_t, int32_t, a < 0 && b < 0 ? 0 : a > b ? a : b)

/* The low 24 bits of a and b, and of their 48-bit product either half (9.7.1.5). */
#define LOW24_u32(a) ((a)&0xffffffu)
#define LOW24_s32(a) ((int32_t)((uint32_t)(a) << 8) >> 8)
#define FACTORS24(t, T, T2)                                                                        \
    BINARY(mul24_lo_##t, T, T, T, (T2)LOW24_##t(a) * LOW24_##t(b))                                 \
    BINARY(mul24_hi_##t, T, T, T, (T2)LOW24_##t(a) * LOW24_##t(b) >> 16)                           \
    TERNARY(mad24_lo_##t, T, T, T, T, (T2)LOW24_##t(a) * LOW24_##t(b) + (T2)c)                     \
    TERNARY(mad24_hi_##t, T, T, T, T, ((T2)LOW24_##t(a) * LOW24_##t(b) >> 16) + (T2)c)
FACTORS24(u32, uint32_t, uint64_t)
FACTORS24(s32, int32_t, int64_t)
TERNARY(mad24_hi_sat_s32, int32_t, int32_t, int32_t, int32_t,
        clip_s32(((int64_t)LOW24_s32(a) * LOW24_s32(b) >> 16) + c))

/* Two 16-bit integers in a word. */
#define LOW(x)               ((x)&0xffff)
#define HIGH(x)              ((x) >> 16)
#define S16(x)               ((int16_t)(x))
#define PAIR(lo, h)          (((uint32_t)(lo)&0xffff) | (uint32_t)(h) << 16)
#define EACH_HALF(f, T)      PAIR(f((T)LOW(a), (T)LOW(b)), f((T)HIGH(a), (T)HIGH(b)))
#define LESSER(a, b)         ((a) < (b) ? (a) : (b))
#define GREATER(a, b)        ((a) > (b) ? (a) : (b))
#define NO_LESS0(a)          ((a) < 0 ? 0 : (a))
#define MIN_RELU(a, b)       NO_LESS0(LESSER(a, b))
#define MAX_RELU(a, b)       NO_LESS0(GREATER(a, b))
#define SUM(a, b)            ((a) + (b))
#define W2(name, expression) BINARY(name, uint32_t, uint32_t, uint32_t, expression)
W2(add_x2, EACH_HALF(SUM, uint16_t))
W2(min_u16x2, EACH_HALF(LESSER, uint16_t))
W2(max_u16x2, EACH_HALF(GREATER, uint16_t))
W2(min_s16x2, EACH_HALF(LESSER, int16_t))
W2(max_s16x2, EACH_HALF(GREATER, int16_t))
W2(min_relu_s16x2, EACH_HALF(MIN_RELU, int16_t))
W2(max_relu_s16x2, EACH_HALF(MAX_RELU, int16_t))

#define BASIC_ROWS(t, T, U, T2, U2, s, s2)                                                         \
    ROW(ADD, , , , , , t, , s "=" s s, add_##t)                                                    \
    ROW(SUB, , , , , , t, , s "=" s s, sub_##t)                                                    \
    ROW(MUL, lo, , , , , t, , s "=" s s, mul_lo_##t)                                               \
    ROW(MUL, hi, , , , , t, , s "=" s s, mul_hi_##t)                                               \
    ROW(MAD, lo, , , , , t, , s "=" s s s, mad_lo_##t)                                             \
    ROW(MAD, hi, , , , , t, , s "=" s s s, mad_hi_##t)                                             \
    ROW(SAD, , , , , , t, , s "=" s s s, sad_##t)                                                  \
    ROW(MIN, , , , , , t, , s "=" s s, min_##t)                                                    \
    ROW(MAX, , , , , , t, , s "=" s s, max_##t)                                                    \
    ROW(DIV, , , , , , t, , s "=" s s, div_##t)                                                    \
    ROW(REM, , , , , , t, , s "=" s s, rem_##t)
#define WIDE_ROWS(t, T, U, T2, U2, s, s2)                                                          \
    ROW(MUL, wide, , , , , t, , s2 "=" s s, mul_wide_##t)                                          \
    ROW(MAD, wide, , , , , t, , s2 "=" s s s2, mad_wide_##t)
#define SIGNED_ROWS(t, s)                                                                          \
    ROW(ABS, , , , , , t, , s "=" s, abs_##t)                                                      \
    ROW(NEG, , , , , , t, , s "=" s, neg_##t)
#define ROWS24(t)                                                                                  \
    ROW(MUL24, lo, , , , , t, , "w=ww", mul24_lo_##t)                                              \
    ROW(MUL24, hi, , , , , t, , "w=ww", mul24_hi_##t)                                              \
    ROW(MAD24, lo, , , , , t, , "w=www", mad24_lo_##t)                                             \
    ROW(MAD24, hi, , , , , t, , "w=www", mad24_hi_##t)

/* Rows bring their own commas. */
/* clang-format off */
static const struct vg_row rows[] = {
    ALL_TYPES(BASIC_ROWS)
    NARROW_TYPES(WIDE_ROWS)
    SIGNED_ROWS(s16, "h")
    SIGNED_ROWS(s32, "w")
    SIGNED_ROWS(s64, "d")
    ROWS24(u32)
    ROWS24(s32)
    ROW(ADD, sat, , , , , s32, , "w=ww", add_sat_s32)
    ROW(SUB, sat, , , , , s32, , "w=ww", sub_sat_s32)
    ROW(MAD, hi, sat, , , , s32, , "w=www", mad_hi_sat_s32)
    ROW(MAD24, hi, sat, , , , s32, , "w=www", mad24_hi_sat_s32)
    ROW(MIN, relu, , , , , s32, , "w=ww", min_relu_s32)
    ROW(MAX, relu, , , , , s32, , "w=ww", max_relu_s32)
    ROW(ADD, , , , , , u16x2, , "w=ww", add_x2)
    ROW(ADD, , , , , , s16x2, , "w=ww", add_x2)
    ROW(MIN, , , , , , u16x2, , "w=ww", min_u16x2)
    ROW(MAX, , , , , , u16x2, , "w=ww", max_u16x2)
    ROW(MIN, , , , , , s16x2, , "w=ww", min_s16x2)
    ROW(MAX, , , , , , s16x2, , "w=ww", max_s16x2)
    ROW(MIN, relu, , , , , s16x2, , "w=ww", min_relu_s16x2)
    ROW(MAX, relu, , , , , s16x2, , "w=ww", max_relu_s16x2)
};
/* clang-format on */
TABLE(vg_rows_int)

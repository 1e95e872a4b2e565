/* How an instruction finds its handler: rows of a number made of opcode, modifiers and types in the
 * order of the text, and beside it who runs it. Rows are made by macros, so that a family reads as
 * one line:
 *
 *     ROW(ADD, sat, , , , , s32, , "w=ww", add_sat_s32)
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "grader/vgpu/exec/insn.h"

struct vg_row {
    uint64_t key;
    vg_handler *run;
    const char *shape; /* see arith.h */
};

struct vg_rows {
    const struct vg_row *rows;
    size_t n;
};

enum { VG_KEY_MODS = 5, VG_KEY_TYPES = 2 };

/* Short names, so that a family's macro can paste them; an absent part is 0. */
enum {
    M_ = 0,
#define M(lower, upper) M_##lower = MOD_##upper + 1
    M(rn, RN),
    M(rz, RZ),
    M(rm, RM),
    M(rp, RP),
    M(rna, RNA),
    M(rni, RNI),
    M(rzi, RZI),
    M(rmi, RMI),
    M(rpi, RPI),
    M(ftz, FTZ),
    M(sat, SAT),
    M(satfinite, SATFINITE),
    M(relu, RELU),
    M(approx, APPROX),
    M(full, FULL),
    M(xorsign, XORSIGN),
    M(abs, ABS),
    M(NaN, NAN),
    M(lo, LO),
    M(hi, HI),
    M(wide, WIDE),
    M(cc, CC),
    M(shiftamt, SHIFTAMT),
    M(clamp, CLAMP),
    M(wrap, WRAP),
    M(eq, EQ),
    M(ne, NE),
    M(lt, LT),
    M(le, LE),
    M(gt, GT),
    M(ge, GE),
    M(ls, LS),
    M(hs, HS),
    M(equ, EQU),
    M(neu, NEU),
    M(ltu, LTU),
    M(leu, LEU),
    M(gtu, GTU),
    M(geu, GEU),
    M(num, NUM),
    M(nan, UNORDERED),
    M(and, AND),
    M(or, OR),
    M(xor, XOR),
    M(l, SHIFT_LEFT),
    M(r, SHIFT_RIGHT),
    M(f4e, F4E),
    M(b4e, B4E),
    M(rc8, RC8),
    M(ecl, ECL),
    M(ecr, ECR),
    M(rc16, RC16),
    M(finite, FINITE),
    M(infinite, INFINITE),
    M(number, NUMBER),
    M(notanumber, NOTANUMBER),
    M(normal, NORMAL),
    M(subnormal, SUBNORMAL),
#undef M
};

enum {
    T_ = 0,
#define T(lower, upper) T_##lower = PTX_##upper + 1
    T(pred, PRED),
    T(u8, U8),
    T(s8, S8),
    T(b16, B16),
    T(b32, B32),
    T(b64, B64),
    T(u16, U16),
    T(u32, U32),
    T(u64, U64),
    T(s16, S16),
    T(s32, S32),
    T(s64, S64),
    T(u16x2, U16X2),
    T(s16x2, S16X2),
    T(f16, F16),
    T(f16x2, F16X2),
    T(bf16, BF16),
    T(bf16x2, BF16X2),
    T(f32, F32),
    T(f64, F64),
#undef T
};

#define VG_KEY(op, m1, m2, m3, m4, m5, t1, t2)                                                     \
    ((uint64_t)(op) << 56 | (uint64_t)(m1) << 48 | (uint64_t)(m2) << 40 | (uint64_t)(m3) << 32 |   \
     (uint64_t)(m4) << 24 | (uint64_t)(m5) << 16 | (uint64_t)(t1) << 8 | (uint64_t)(t2))

#define ROW(op, m1, m2, m3, m4, m5, t1, t2, shape, run)                                            \
    {VG_KEY(PTX_##op, M_##m1, M_##m2, M_##m3, M_##m4, M_##m5, T_##t1, T_##t2), run, shape},

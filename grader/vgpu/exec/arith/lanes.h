/* Handlers are loops over 32 lanes that compilers turn into vectors: a source that includes this is
 * compiled once per instruction set of the host, with VG_ISA_NAME its name. Nothing here depends on
 * the width of a vector, so the results are the same on all; contraction is off, and what has to be
 * fused says __builtin_fma.
 *
 * Lane arrays of two operands are the same array or apart, never overlapping by a part: that is
 * what EACH_LANE promises to the compiler. They are read as what the instruction says they are,
 * whatever wrote them, so the folder is compiled with -fno-strict-aliasing. */
#pragma once

#include <math.h>
#include <string.h>

#include "grader/vgpu/exec/arith/row.h"

#define VG_PASTE2(a, b) a##_##b
#define VG_PASTE(a, b)  VG_PASTE2(a, b)
#define FOR_ISA(name)   VG_PASTE(name, VG_ISA_NAME)

#if defined(__clang__)
#define EACH_LANE                                                                                  \
    _Pragma("clang loop vectorize(assume_safety) interleave(disable)") for (int l = 0;             \
                                                                            l < VG_WARP; l++)
#else
#define EACH_LANE _Pragma("GCC ivdep") for (int l = 0; l < VG_WARP; l++)
#endif

#define ALL_LANES UINT32_MAX

typedef uint32_t vg_pred;

static const uint32_t lane_bit[VG_WARP] __attribute__((aligned(64))) = {
    1u << 0,  1u << 1,  1u << 2,  1u << 3,  1u << 4,  1u << 5,  1u << 6,  1u << 7,
    1u << 8,  1u << 9,  1u << 10, 1u << 11, 1u << 12, 1u << 13, 1u << 14, 1u << 15,
    1u << 16, 1u << 17, 1u << 18, 1u << 19, 1u << 20, 1u << 21, 1u << 22, 1u << 23,
    1u << 24, 1u << 25, 1u << 26, 1u << 27, 1u << 28, 1u << 29, 1u << 30, 1u << 31};

#define ON(mask) (((mask)&lane_bit[l]) != 0)

#define BITS_AS(name, to, from)                                                                    \
    static inline to name(from x)                                                                  \
    {                                                                                              \
        to r;                                                                                      \
        memcpy(&r, &x, sizeof r);                                                                  \
        return r;                                                                                  \
    }
BITS_AS(f32_of, float, uint32_t)
BITS_AS(bits_of_f32, uint32_t, float)
BITS_AS(f64_of, double, uint64_t)
BITS_AS(bits_of_f64, uint64_t, double)
#undef BITS_AS

/* A predicate operand; '!' is applied. */
static inline vg_pred pred_in(const struct vg_warp *w, const struct vg_insn *i, uint32_t k)
{
    const vg_pred p = *(const vg_pred *)vg_lanes(w, i, k);
    return i->operands[k].negated ? ~p : p;
}

static inline void pred_out(const struct vg_warp *w, const struct vg_insn *i, uint32_t k,
                            vg_pred value, uint32_t mask)
{
    vg_pred *const p = vg_lanes(w, i, k);
    *p = (*p & ~mask) | (value & mask);
}

#define HANDLER(name) static void name(struct vg_warp *w, const struct vg_insn *i, uint32_t mask)

/* One result of type D from sources of types A, B, C; the expression sees them as a, b, c. */
#define UNARY(name, D, A, expression)                                                              \
    HANDLER(name)                                                                                  \
    {                                                                                              \
        D *const d_ = vg_lanes(w, i, 0);                                                           \
        const A *const a_ = vg_lanes(w, i, 1);                                                     \
        if (mask == ALL_LANES) {                                                                   \
            EACH_LANE                                                                              \
            {                                                                                      \
                const A a = a_[l];                                                                 \
                d_[l] = (D)(expression);                                                           \
            }                                                                                      \
        } else {                                                                                   \
            EACH_LANE                                                                              \
            {                                                                                      \
                const A a = a_[l];                                                                 \
                const D r_ = (D)(expression);                                                      \
                d_[l] = ON(mask) ? r_ : d_[l];                                                     \
            }                                                                                      \
        }                                                                                          \
    }

#define BINARY(name, D, A, B, expression)                                                          \
    HANDLER(name)                                                                                  \
    {                                                                                              \
        D *const d_ = vg_lanes(w, i, 0);                                                           \
        const A *const a_ = vg_lanes(w, i, 1);                                                     \
        const B *const b_ = vg_lanes(w, i, 2);                                                     \
        if (mask == ALL_LANES) {                                                                   \
            EACH_LANE                                                                              \
            {                                                                                      \
                const A a = a_[l];                                                                 \
                const B b = b_[l];                                                                 \
                d_[l] = (D)(expression);                                                           \
            }                                                                                      \
        } else {                                                                                   \
            EACH_LANE                                                                              \
            {                                                                                      \
                const A a = a_[l];                                                                 \
                const B b = b_[l];                                                                 \
                const D r_ = (D)(expression);                                                      \
                d_[l] = ON(mask) ? r_ : d_[l];                                                     \
            }                                                                                      \
        }                                                                                          \
    }

#define TERNARY(name, D, A, B, C, expression)                                                      \
    HANDLER(name)                                                                                  \
    {                                                                                              \
        D *const d_ = vg_lanes(w, i, 0);                                                           \
        const A *const a_ = vg_lanes(w, i, 1);                                                     \
        const B *const b_ = vg_lanes(w, i, 2);                                                     \
        const C *const c_ = vg_lanes(w, i, 3);                                                     \
        if (mask == ALL_LANES) {                                                                   \
            EACH_LANE                                                                              \
            {                                                                                      \
                const A a = a_[l];                                                                 \
                const B b = b_[l];                                                                 \
                const C c = c_[l];                                                                 \
                d_[l] = (D)(expression);                                                           \
            }                                                                                      \
        } else {                                                                                   \
            EACH_LANE                                                                              \
            {                                                                                      \
                const A a = a_[l];                                                                 \
                const B b = b_[l];                                                                 \
                const C c = c_[l];                                                                 \
                const D r_ = (D)(expression);                                                      \
                d_[l] = ON(mask) ? r_ : d_[l];                                                     \
            }                                                                                      \
        }                                                                                          \
    }

/* setp and set (9.7.6) of integers, f32 and f64, and testp (9.7.3.1). Halves: lanes_half.c.
 *
 * A comparison gives a bit per lane, for all lanes, whatever the mask; what is done with the bits
 * is in combine.h, shared with the halves. */
#include "grader/vgpu/exec/arith/combine.h"
#include "grader/vgpu/exec/arith/lanes.h"
#include "grader/vgpu/exec/arith/tables.h"

#define COMPARE(name, T, expression)                                                               \
    static vg_pred compare_##name(const void *as, const void *bs)                                  \
    {                                                                                              \
        const T *const a_ = as, *const b_ = bs;                                                    \
        vg_pred r = 0;                                                                             \
        for (int l = 0; l < VG_WARP; l++) {                                                        \
            const T a = a_[l], b = b_[l];                                                          \
            r |= (expression) ? lane_bit[l] : 0;                                                   \
        }                                                                                          \
        return r;                                                                                  \
    }                                                                                              \
    HANDLER(setp_##name)                                                                           \
    {                                                                                              \
        const uint32_t first = i->n_results;                                                       \
        const vg_pred r = compare_##name(vg_lanes(w, i, first), vg_lanes(w, i, first + 1));        \
        combine_to_predicates(w, i, mask, r);                                                      \
    }                                                                                              \
    HANDLER(set_##name)                                                                            \
    {                                                                                              \
        const vg_pred r = compare_##name(vg_lanes(w, i, 1), vg_lanes(w, i, 2));                    \
        combine_to_register(w, i, mask, r);                                                        \
    }

#define EQUALITY(t, T) COMPARE(eq_##t, T, a == b) COMPARE(ne_##t, T, a != b)
#define ORDER(t, T)                                                                                \
    EQUALITY(t, T)                                                                                 \
    COMPARE(lt_##t, T, a < b)                                                                      \
    COMPARE(le_##t, T, a <= b)                                                                     \
    COMPARE(gt_##t, T, a > b)                                                                      \
    COMPARE(ge_##t, T, a >= b)
ORDER(s16, int16_t)
ORDER(u16, uint16_t)
ORDER(s32, int32_t)
ORDER(u32, uint32_t)
ORDER(s64, int64_t)
ORDER(u64, uint64_t)

#define NOTHING(x)   (x)
#define FLUSH_F32(x) (fabsf(x) < 0x1p-126f ? 0.0f : (x))
/* In C every comparison with a NaN is false but !=; ISA's ne is false too, and those with a u are
 * true (9.7.6.2). */
#define FLOATS(t, T, in)                                                                           \
    COMPARE(eq_##t, T, in(a) == in(b))                                                             \
    COMPARE(ne_##t, T, in(a) < in(b) || in(a) > in(b))                                             \
    COMPARE(lt_##t, T, in(a) < in(b))                                                              \
    COMPARE(le_##t, T, in(a) <= in(b))                                                             \
    COMPARE(gt_##t, T, in(a) > in(b))                                                              \
    COMPARE(ge_##t, T, in(a) >= in(b))                                                             \
    COMPARE(equ_##t, T, !(in(a) < in(b) || in(a) > in(b)))                                         \
    COMPARE(neu_##t, T, in(a) != in(b))                                                            \
    COMPARE(ltu_##t, T, !(in(a) >= in(b)))                                                         \
    COMPARE(leu_##t, T, !(in(a) > in(b)))                                                          \
    COMPARE(gtu_##t, T, !(in(a) <= in(b)))                                                         \
    COMPARE(geu_##t, T, !(in(a) < in(b)))                                                          \
    COMPARE(num_##t, T, a == a && b == b)                                                          \
    COMPARE(nan_##t, T, a != a || b != b)
FLOATS(f32, float, NOTHING)
FLOATS(ftz_f32, float, FLUSH_F32)
FLOATS(f64, double, NOTHING)

#define TEST(name, T, expression)                                                                  \
    HANDLER(testp_##name)                                                                          \
    {                                                                                              \
        const T *const a_ = vg_lanes(w, i, 1);                                                     \
        vg_pred r = 0;                                                                             \
        for (int l = 0; l < VG_WARP; l++) {                                                        \
            const T a = a_[l];                                                                     \
            r |= (expression) ? lane_bit[l] : 0;                                                   \
        }                                                                                          \
        pred_out(w, i, 0, r, mask);                                                                \
    }
#define TESTS(t, T, FABS, largest, least)                                                          \
    TEST(finite_##t, T, FABS(a) <= (largest))                                                      \
    TEST(infinite_##t, T, FABS(a) > (largest))                                                     \
    TEST(number_##t, T, a == a)                                                                    \
    TEST(notanumber_##t, T, a != a)                                                                \
    TEST(normal_##t, T, FABS(a) <= (largest) && FABS(a) >= (least))                                \
    TEST(subnormal_##t, T, FABS(a) < (least) && a != 0)
TESTS(f32, float, fabsf, 0x1.fffffep127f, 0x1p-126f)
TESTS(f64, double, fabs, 0x1.fffffffffffffp1023, 0x1p-1022)

/* Each comparison with and without a third predicate, as setp and as set with its result types. */
#define SET_ROWS(m1, m2, m3, t, s, p, run)                                                         \
    ROW(SET, m1, m2, m3, , , u32, t, "w=" s s p, run)                                              \
    ROW(SET, m1, m2, m3, , , s32, t, "w=" s s p, run)                                              \
    ROW(SET, m1, m2, m3, , , f32, t, "f=" s s p, run)                                              \
    ROW(SET, m1, m2, m3, , , f16, t, "e=" s s p, run)
#define FORMS(m, ftz, t, s, name)                                                                  \
    ROW(SETP, m, ftz, , , , t, , "pp?=" s s, setp_##name)                                          \
    ROW(SETP, m, and, ftz, , , t, , "pp?=" s s "p", setp_##name)                                   \
    ROW(SETP, m, or, ftz, , , t, , "pp?=" s s "p", setp_##name)                                    \
    ROW(SETP, m, xor, ftz, , , t, , "pp?=" s s "p", setp_##name)                                   \
    SET_ROWS(m, ftz, , t, s, "", set_##name)                                                       \
    SET_ROWS(m, and, ftz, t, s, "p", set_##name)                                                   \
    SET_ROWS(m, or, ftz, t, s, "p", set_##name)                                                    \
    SET_ROWS(m, xor, ftz, t, s, "p", set_##name)
#define EQUALITY_ROWS(t, u, s) FORMS(eq, , t, s, eq_##u) FORMS(ne, , t, s, ne_##u)
#define ORDER_ROWS(t, s)                                                                           \
    EQUALITY_ROWS(t, t, s)                                                                         \
    FORMS(lt, , t, s, lt_##t)                                                                      \
    FORMS(le, , t, s, le_##t)                                                                      \
    FORMS(gt, , t, s, gt_##t)                                                                      \
    FORMS(ge, , t, s, ge_##t)
/* lo, ls, hi, hs: the same of unsigned numbers, by their older names. */
#define UNSIGNED_ROWS(t, s)                                                                        \
    ORDER_ROWS(t, s)                                                                               \
    FORMS(lo, , t, s, lt_##t)                                                                      \
    FORMS(ls, , t, s, le_##t)                                                                      \
    FORMS(hi, , t, s, gt_##t)                                                                      \
    FORMS(hs, , t, s, ge_##t)
#define FLOAT_ROWS(ftz, t, s, u)                                                                   \
    FORMS(eq, ftz, t, s, eq_##u)                                                                   \
    FORMS(ne, ftz, t, s, ne_##u)                                                                   \
    FORMS(lt, ftz, t, s, lt_##u)                                                                   \
    FORMS(le, ftz, t, s, le_##u)                                                                   \
    FORMS(gt, ftz, t, s, gt_##u)                                                                   \
    FORMS(ge, ftz, t, s, ge_##u)                                                                   \
    FORMS(equ, ftz, t, s, equ_##u)                                                                 \
    FORMS(neu, ftz, t, s, neu_##u)                                                                 \
    FORMS(ltu, ftz, t, s, ltu_##u)                                                                 \
    FORMS(leu, ftz, t, s, leu_##u)                                                                 \
    FORMS(gtu, ftz, t, s, gtu_##u)                                                                 \
    FORMS(geu, ftz, t, s, geu_##u)                                                                 \
    FORMS(num, ftz, t, s, num_##u)                                                                 \
    FORMS(nan, ftz, t, s, nan_##u)
#define TEST_ROWS(t, s)                                                                            \
    ROW(TESTP, finite, , , , , t, , "p=" s, testp_finite_##t)                                      \
    ROW(TESTP, infinite, , , , , t, , "p=" s, testp_infinite_##t)                                  \
    ROW(TESTP, number, , , , , t, , "p=" s, testp_number_##t)                                      \
    ROW(TESTP, notanumber, , , , , t, , "p=" s, testp_notanumber_##t)                              \
    ROW(TESTP, normal, , , , , t, , "p=" s, testp_normal_##t)                                      \
    ROW(TESTP, subnormal, , , , , t, , "p=" s, testp_subnormal_##t)

/* Rows bring their own commas. */
/* clang-format off */
static const struct vg_row rows[] = {
    FLOAT_ROWS(, f32, "f", f32)
    FLOAT_ROWS(ftz, f32, "f", ftz_f32)
    FLOAT_ROWS(, f64, "F", f64)
    ORDER_ROWS(s32, "w")
    UNSIGNED_ROWS(u32, "w")
    ORDER_ROWS(s64, "d")
    UNSIGNED_ROWS(u64, "d")
    ORDER_ROWS(s16, "h")
    UNSIGNED_ROWS(u16, "h")
    EQUALITY_ROWS(b16, u16, "h")
    EQUALITY_ROWS(b32, u32, "w")
    EQUALITY_ROWS(b64, u64, "d")
    TEST_ROWS(f32, "f")
    TEST_ROWS(f64, "F")
};
/* clang-format on */
TABLE(vg_rows_compare)

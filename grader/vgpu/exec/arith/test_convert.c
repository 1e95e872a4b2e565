/* Conversions and halves against searches: every code of a small format is a number, and the
 * rounded result is the one next to the exact value. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "grader/vgpu/exec/arith/test_bench.h"

static struct bench_run run;

static void put(struct bench *b, const char *text)
{
    bench_open(b, text);
    if (!bench_find(b, 0, &run))
        fail_msg("no handler: %s", text);
}

static uint64_t bits_of(double x)
{
    uint64_t bits;
    memcpy(&bits, &x, sizeof bits);
    return bits;
}

static uint32_t bits32_of(float x)
{
    uint32_t bits;
    memcpy(&bits, &x, sizeof bits);
    return bits;
}

static float f32_of(uint64_t bits)
{
    const uint32_t low = (uint32_t)bits;
    float x;
    memcpy(&x, &low, sizeof x);
    return x;
}

/* ---- small formats by their definition: sign, exponent, fraction ---- */

struct small {
    int bits, fraction, bias;
    uint32_t largest, nan; /* codes */
    bool infinite;
};
static const struct small f16 = {16, 10, 15, 0x7bff, 0x7fff, true};
static const struct small bf16 = {16, 7, 127, 0x7f7f, 0x7fff, true};
static const struct small e4m3 = {8, 3, 7, 0x7e, 0x7f, false};
static const struct small e5m2 = {8, 2, 15, 0x7b, 0x7f, true};

static long double value_of(uint32_t code, const struct small *f)
{
    const uint32_t magnitude = code & ((1u << (f->bits - 1)) - 1);
    const int exponent = (int)(magnitude >> f->fraction);
    const uint32_t fraction = magnitude & ((1u << f->fraction) - 1);
    const long double m = exponent > 0 ? (long double)(fraction + (1u << f->fraction)) : fraction;
    const long double v = ldexpl(m, (exponent > 0 ? exponent : 1) - f->bias - f->fraction);
    return code >> (f->bits - 1) ? -v : v;
}

/* The code of x: by halving the range of magnitudes, then by the rounding. */
static uint32_t code_of(long double x, const struct small *f, char how, bool finite)
{
    const uint32_t sign = signbit(x) ? 1u << (f->bits - 1) : 0;
    const long double a = fabsl(x);
    if (isnan(x))
        return f->nan;
    const bool outwards = (how == 'p' && !sign) || (how == 'm' && sign);
    const uint32_t beyond = finite || !f->infinite ? f->largest : f->largest + 1;
    if (isinf(x))
        return sign | beyond;
    uint32_t low = 0, high = f->largest;
    while (low < high) { /* the greatest code that is not above */
        const uint32_t middle = (low + high + 1) / 2;
        if (value_of(middle, f) <= a)
            low = middle;
        else
            high = middle - 1;
    }
    const long double below = value_of(low, f), above = value_of(low + 1, f);
    if (a == below)
        return sign | low;
    const bool nearer = a - below > above - a || (a - below == above - a && (low & 1));
    const bool up = how == 'n' ? nearer : outwards;
    return sign | (up ? (low == f->largest ? beyond : low + 1) : low);
}

/* Every f16 or bf16 value, its neighbours and midpoints, as f32. */
static float near_half(unsigned k, const struct small *f)
{
    const uint32_t code = k % 0x8000u;
    const long double v = value_of(code, f), after = value_of(code + 1, f);
    const float x = (float)(k & 0x8000u ? (v + after) / 2 : v);
    const float y = k & 0x10000u ? nextafterf(x, INFINITY) : x;
    return k & 0x20000u ? -y : k & 0x40000u ? nextafterf(y, -INFINITY) : y;
}

static void check_narrowing(const char *text, const struct small *f, char how, bool finite,
                            bool relu)
{
    struct bench b;
    uint64_t seed = 11;
    put(&b, text);
    for (unsigned k = 0; k < (1u << 19) + 32768; k += VG_WARP) {
        for (unsigned l = 0; l < VG_WARP; l++)
            bench_set(&run, 1, l,
                      k + l < 1u << 19 ? bits32_of(near_half(k + l, f))
                                       : bench_special(&seed, 'f'));
        bench_execute(&run, vg_isa_best(), UINT32_MAX);
        for (unsigned l = 0; l < VG_WARP; l++) {
            const float x = f32_of(bench_get(&run, 1, l));
            uint32_t want = code_of((long double)x, f, how, finite);
            want = relu && signbit(x) && !isnan(x) ? 0 : want;
            if (bench_get(&run, 0, l) != want)
                fail_msg("%s of %a: 0x%04x, not 0x%04x", text, (double)x,
                         (unsigned)bench_get(&run, 0, l), want);
        }
    }
    bench_close(&b);
}

static void f32_narrows_to_every_half(void **state)
{
    (void)state;
    check_narrowing("cvt.rn.f16.f32 %h0, %f1;", &f16, 'n', false, false);
    check_narrowing("cvt.rz.f16.f32 %h0, %f1;", &f16, 'z', false, false);
    check_narrowing("cvt.rm.f16.f32 %h0, %f1;", &f16, 'm', false, false);
    check_narrowing("cvt.rp.f16.f32 %h0, %f1;", &f16, 'p', false, false);
    check_narrowing("cvt.rn.bf16.f32 %h0, %f1;", &bf16, 'n', false, false);
    check_narrowing("cvt.rz.relu.satfinite.bf16.f32 %h0, %f1;", &bf16, 'z', true, true);
    check_narrowing("cvt.rn.satfinite.f16.f32 %h0, %f1;", &f16, 'n', true, false);
}

static void halves_widen_exactly(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        const struct small *format;
    } table[] = {{"cvt.f32.f16 %f0, %h1;", &f16}, {"cvt.f32.bf16 %f0, %h1;", &bf16}};
    for (size_t t = 0; t < 2; t++) {
        struct bench b;
        put(&b, table[t].text);
        for (uint32_t k = 0; k < 0x10000; k += VG_WARP) {
            for (unsigned l = 0; l < VG_WARP; l++)
                bench_set(&run, 1, l, k + l);
            bench_execute(&run, vg_isa_best(), UINT32_MAX);
            for (unsigned l = 0; l < VG_WARP; l++) {
                const uint32_t m = (k + l) & 0x7fff, infinity = table[t].format->largest + 1;
                const float v = (float)value_of(k + l, table[t].format);
                const uint32_t want = m > infinity ? 0x7fffffff
                                      : m == infinity
                                          ? bits32_of((k + l) & 0x8000 ? -INFINITY : INFINITY)
                                          : bits32_of(v);
                if (bench_get(&run, 0, l) != want)
                    fail_msg("%s of 0x%04x: 0x%08x, not 0x%08x", table[t].text, k + l,
                             (unsigned)bench_get(&run, 0, l), want);
            }
        }
        bench_close(&b);
    }
}

static void bytes_narrow_and_widen(void **state)
{
    (void)state;
    static const struct {
        const char *narrow, *widen;
        const struct small *format;
    } table[] = {
        {"cvt.rn.satfinite.e4m3x2.f32 %h0, %f1, %f2;", "cvt.rn.f16x2.e4m3x2 %w0, %h1;", &e4m3},
        {"cvt.rn.satfinite.e5m2x2.f32 %h0, %f1, %f2;", "cvt.rn.f16x2.e5m2x2 %w0, %h1;", &e5m2},
    };
    uint64_t seed = 12;
    for (size_t t = 0; t < 2; t++) {
        struct bench b;
        const struct small *const f = table[t].format;
        put(&b, table[t].narrow);
        for (unsigned round = 0; round < 2000; round++) {
            for (unsigned l = 0; l < VG_WARP; l++) {
                const uint32_t code = (uint32_t)bench_random(&seed) & 0x7f;
                const float middle = (float)((value_of(code, f) + value_of(code + 1, f)) / 2);
                bench_set(&run, 1, l, bench_special(&seed, 'f'));
                bench_set(&run, 2, l,
                          bits32_of(nextafterf(middle, round % 3 == 0   ? 0
                                                       : round % 3 == 1 ? middle
                                                                        : 1e9f)));
            }
            bench_execute(&run, vg_isa_best(), UINT32_MAX);
            for (unsigned l = 0; l < VG_WARP; l++) {
                const float high = f32_of(bench_get(&run, 1, l)),
                            low = f32_of(bench_get(&run, 2, l));
                const uint32_t want = code_of((long double)high, f, 'n', true) << 8 |
                                      code_of((long double)low, f, 'n', true);
                if (bench_get(&run, 0, l) != want)
                    fail_msg("%s of %a, %a: 0x%04x, not 0x%04x", table[t].narrow, (double)high,
                             (double)low, (unsigned)bench_get(&run, 0, l), want);
            }
        }
        bench_close(&b);
        put(&b, table[t].widen);
        for (uint32_t k = 0; k < 256; k += VG_WARP) {
            for (unsigned l = 0; l < VG_WARP; l++)
                bench_set(&run, 1, l, (k + l) | 0x3800);
            bench_execute(&run, vg_isa_best(), UINT32_MAX);
            for (unsigned l = 0; l < VG_WARP; l++) {
                const uint32_t m = (k + l) & 0x7f;
                const uint32_t want =
                    m > f->largest
                        ? (f->infinite && m == f->largest + 1 ? 0x7c00 | ((k + l) & 0x80) << 8
                                                              : 0x7fff)
                        : code_of(value_of(k + l, f), &f16, 'n', false);
                assert_int_equal(bench_get(&run, 0, l) & 0xffff, want);
            }
        }
        bench_close(&b);
    }
}

/* ---- arithmetic of halves: exact in long double, or the operands are skipped ---- */

/* The sum of a * b and c when 64 bits hold it. */
static bool exact_fma(long double a, long double b, long double c, long double *ret)
{
    const long double p = a * b, s = p + c; /* 22 bits: p is exact */
    const long double c_part = s - p, lost = (p - (s - c_part)) + (c - c_part);
    *ret = s;
    return isnan(s) || isinf(s) || lost == 0;
}

static void check_halves(const char *text, const struct small *f, char op, bool relu)
{
    struct bench b;
    uint64_t seed = 13;
    unsigned checked = 0;
    put(&b, text);
    for (unsigned round = 0; round < 4000; round++) {
        for (unsigned k = 1; k < run.insn.n_operands; k++)
            for (unsigned l = 0; l < VG_WARP; l++)
                bench_set(&run, k, l, round % 2 ? bench_special(&seed, 'h') : bench_random(&seed));
        static struct bench_run before;
        before = run;
        bench_execute(&run, vg_isa_best(), UINT32_MAX);
        for (unsigned l = 0; l < VG_WARP; l++) {
            long double x[3] = {0, 0, 0}, want;
            bool nan = false;
            for (unsigned k = 1; k < run.insn.n_operands; k++) {
                const uint32_t code = (uint32_t)bench_get(&before, k, l);
                const uint32_t m = code & 0x7fff, infinity = f->largest + 1;
                nan = nan || m > infinity;
                x[k - 1] = m == infinity ? (code >> 15 ? -INFINITY : INFINITY) : value_of(code, f);
            }
            const bool exact = op == '+'   ? exact_fma(x[0], 1, x[1], &want)
                               : op == '-' ? exact_fma(x[1], -1, x[0], &want)
                               : op == '*' ? (want = x[0] * x[1], true)
                                           : exact_fma(x[0], x[1], x[2], &want);
            if (!exact)
                continue;
            checked++;
            uint32_t code = code_of(nan ? (long double)NAN : want, f, 'n', false);
            code = relu && code >> 15 ? 0 : code;
            if (bench_get(&run, 0, l) != code)
                fail_msg("%s of %La, %La, %La: 0x%04x, not 0x%04x", text, x[0], x[1], x[2],
                         (unsigned)bench_get(&run, 0, l), code);
        }
    }
    assert_true(checked > 10000);
    bench_close(&b);
}

static void halves_round_once(void **state)
{
    (void)state;
    check_halves("add.f16 %h0, %h1, %h2;", &f16, '+', false);
    check_halves("sub.f16 %h0, %h1, %h2;", &f16, '-', false);
    check_halves("mul.f16 %h0, %h1, %h2;", &f16, '*', false);
    check_halves("fma.rn.f16 %h0, %h1, %h2, %h3;", &f16, 'f', false);
    check_halves("fma.rn.relu.f16 %h0, %h1, %h2, %h3;", &f16, 'f', true);
    check_halves("add.bf16 %h0, %h1, %h2;", &bf16, '+', false);
    check_halves("sub.bf16 %h0, %h1, %h2;", &bf16, '-', false);
    check_halves("mul.bf16 %h0, %h1, %h2;", &bf16, '*', false);
    check_halves("fma.rn.bf16 %h0, %h1, %h2, %h3;", &bf16, 'f', false);
}

/* A sum that f32 would round to a tie of f16: 1 + 2^-11 and a product that is 2^-40. */
static void a_sticky_product_breaks_a_tie(void **state)
{
    (void)state;
    struct bench b;
    put(&b, "fma.rn.f16 %h0, %h1, %h2, %h3;");
    bench_set(&run, 1, 0, 0x0010);          /* 2^-20 */
    bench_set(&run, 2, 0, 0x0010);          /* 2^-20 */
    bench_set(&run, 3, 0, 0x3c00);          /* 1: the sum rounds to 1 */
    bench_set(&run, 1, 1, 0x1000 | 0x0001); /* (2^-11 + 2^-21) * 1 + 1: above the tie */
    bench_set(&run, 2, 1, 0x3c00);
    bench_set(&run, 3, 1, 0x3c00);
    bench_execute(&run, vg_isa_best(), 3);
    assert_int_equal(bench_get(&run, 0, 0), 0x3c00);
    assert_int_equal(bench_get(&run, 0, 1), 0x3c01);
    bench_close(&b);
}

/* ---- integers ---- */

static const struct {
    const char *text;
    uint64_t of, is;
} conversions[] = {
    {"cvt.rzi.s32.f32 %w0, %f1;", 0x7fc00000, 0},
    {"cvt.rzi.u32.f32 %w0, %f1;", 0x7fc00000, 0},
    {"cvt.rzi.s32.f32 %w0, %f1;", 0x4f000000, 0x7fffffff},
    {"cvt.rzi.s32.f32 %w0, %f1;", 0xcf000000, 0x80000000},
    {"cvt.rzi.s32.f32 %w0, %f1;", 0xff800000, 0x80000000},
    {"cvt.rzi.u32.f32 %w0, %f1;", 0xbf800000, 0},
    {"cvt.rzi.u32.f32 %w0, %f1;", 0x4f800000, 0xffffffff},
    {"cvt.rni.s32.f32 %w0, %f1;", 0x40200000, 2},
    {"cvt.rni.s32.f32 %w0, %f1;", 0xc0600000, (uint32_t)-4},
    {"cvt.rmi.s32.f32 %w0, %f1;", 0xbf000000, 0xffffffff},
    {"cvt.rpi.s32.f32 %w0, %f1;", 0x3f000000, 1},
    {"cvt.rpi.ftz.s32.f32 %w0, %f1;", 0x00000001, 0},
    {"cvt.rpi.s32.f32 %w0, %f1;", 0x00000001, 1},
    {"cvt.rzi.s64.f32 %d0, %f1;", 0x7fc00000, UINT64_C(1) << 63},
    {"cvt.rzi.u64.f32 %d0, %f1;", 0x7fc00000, UINT64_C(1) << 63},
    {"cvt.rzi.s64.f32 %d0, %f1;", 0x5f000000, INT64_MAX},
    {"cvt.rzi.u64.f32 %d0, %f1;", 0x5f800000, UINT64_MAX},
    {"cvt.rzi.s32.f64 %w0, %F1;", UINT64_C(0x7ff8000000000000), 0x80000000},
    {"cvt.rzi.u32.f64 %w0, %F1;", UINT64_C(0x7ff8000000000000), 0x80000000},
    {"cvt.rzi.s32.f64 %w0, %F1;", UINT64_C(0x41e0000000000000), 0x7fffffff},
    {"cvt.rzi.s8.f32 %w0, %f1;", 0x43800000, 0x7f},
    {"cvt.rzi.s8.f32 %w0, %f1;", 0xc3800000, 0xffffff80},
    {"cvt.rzi.u8.f32 %h0, %f1;", 0x43800000, 0xff},
    {"cvt.s32.s8 %w0, %w1;", 0x180, 0xffffff80},
    {"cvt.u32.u8 %w0, %h1;", 0x1ff, 0xff},
    {"cvt.s64.s32 %d0, %w1;", 0x80000000, UINT64_C(0xffffffff80000000)},
    {"cvt.s8.s32 %w0, %w1;", 0x1ff, 0xffffffff},
    {"cvt.sat.u8.s32 %w0, %w1;", (uint32_t)-5, 0},
    {"cvt.sat.s8.u32 %w0, %w1;", 0xffffffff, 0x7f},
    {"cvt.sat.s32.s64 %w0, %d1;", UINT64_C(1) << 63, 0x80000000},
    {"cvt.sat.u16.s64 %h0, %d1;", 0x10000, 0xffff},
    {"cvt.sat.s64.u64 %d0, %d1;", UINT64_MAX, INT64_MAX},
    {"cvt.rn.f32.u32 %f0, %w1;", 0xffffffff, 0x4f800000},
    {"cvt.rz.f32.u32 %f0, %w1;", 0xffffffff, 0x4f7fffff},
    {"cvt.rm.f32.u32 %f0, %w1;", 0, 0},
    {"cvt.rn.f32.u64 %f0, %d1;", UINT64_C(0x8000008000000001), 0x5f000001},
    {"cvt.rn.f32.u64 %f0, %d1;", UINT64_C(0x8000008000000000), 0x5f000000},
    {"cvt.rp.f32.s64 %f0, %d1;", UINT64_C(0xffffffffffffffff), 0xbf800000},
    {"cvt.rz.f64.s64 %F0, %d1;", UINT64_C(0x7fffffffffffffff), UINT64_C(0x43dfffffffffffff)},
    {"cvt.rn.f64.u64 %F0, %d1;", UINT64_MAX, UINT64_C(0x43f0000000000000)},
    {"cvt.rm.f64.s64 %F0, %d1;", UINT64_C(0x8000000000000001), UINT64_C(0xc3e0000000000000)},
    {"cvt.rn.f16.s32 %h0, %w1;", 65520, 0x7c00},
    {"cvt.rn.f16.s32 %h0, %w1;", 2049, 0x6800},
    {"cvt.rni.f32.f32 %f0, %f1;", 0xbf000000, 0x80000000},
    {"cvt.rn.f32.f64 %f0, %F1;", UINT64_C(0x7ff8000000000001), 0x7fffffff},
    {"cvt.rn.ftz.f32.f64 %f0, %F1;", UINT64_C(0x3800000000000000), 0x00000000},
    {"cvt.rn.f32.f64 %f0, %F1;", UINT64_C(0x3800000000000000), 0x00400000},
    {"cvt.rn.f16.f64 %h0, %F1;", UINT64_C(0x3ff0020000000001), 0x3c01},
    {"cvt.sat.f32.f32 %f0, %f1;", 0x7fc00000, 0},
    {"cvt.rna.tf32.f32 %w0, %f1;", 0x3f801000, 0x3f802000},
    {"cvt.rn.tf32.f32 %w0, %f1;", 0x3f801000, 0x3f800000},
    {"cvt.rn.relu.tf32.f32 %w0, %f1;", 0xbf801000, 0},
    {"cvt.f64.f32 %F0, %f1;", 0x00000001, UINT64_C(0x36a0000000000000)},
    {"cvt.ftz.f64.f32 %F0, %f1;", 0x80000001, UINT64_C(0x8000000000000000)},
};

static void conversions_follow_the_table(void **state)
{
    (void)state;
    for (size_t k = 0; k < sizeof conversions / sizeof *conversions; k++) {
        struct bench b;
        put(&b, conversions[k].text);
        bench_set(&run, 1, 0, conversions[k].of);
        bench_execute(&run, vg_isa_best(), 1);
        if (bench_get(&run, 0, 0) != conversions[k].is)
            fail_msg("%s of 0x%llx: 0x%llx, not 0x%llx", conversions[k].text,
                     (unsigned long long)conversions[k].of,
                     (unsigned long long)bench_get(&run, 0, 0),
                     (unsigned long long)conversions[k].is);
        bench_close(&b);
    }
}

/* Integers to floats in each rounding, against long double, which holds 64 bits. */
static void integers_round_to_floats(void **state)
{
    (void)state;
    static const char *const types[] = {"u32", "s32", "u64", "s64"};
    uint64_t seed = 14;
    for (unsigned t = 0; t < 4; t++)
        for (unsigned m = 0; m < 4; m++) {
            char text[64];
            struct bench b;
            snprintf(text, sizeof text, "cvt.r%c.f32.%s %%f0, %%%c1;", "nzmp"[m], types[t],
                     t < 2 ? 'w' : 'd');
            put(&b, text);
            for (unsigned round = 0; round < 300; round++) {
                for (unsigned l = 0; l < VG_WARP; l++)
                    bench_set(&run, 1, l, bench_special(&seed, 'd') >> bench_random(&seed) % 40);
                bench_execute(&run, vg_isa_best(), UINT32_MAX);
                for (unsigned l = 0; l < VG_WARP; l++) {
                    const uint64_t x = bench_get(&run, 1, l);
                    const long double v = t == 0   ? (long double)(uint32_t)x
                                          : t == 1 ? (long double)(int32_t)x
                                          : t == 2 ? (long double)x
                                                   : (long double)(int64_t)x;
                    static const struct small single = {32, 23, 127, 0x7f7fffff, 0x7fffffff, true};
                    const uint32_t want = code_of(v, &single, "nzmp"[m], false);
                    if (bench_get(&run, 0, l) != want)
                        fail_msg("%s of 0x%llx: 0x%08x, not 0x%08x", text, (unsigned long long)x,
                                 (unsigned)bench_get(&run, 0, l), want);
                }
            }
            bench_close(&b);
        }
}

/* A whole double is the same from convert.c's long way and from a vector's. */
static void doubles_take_integers_exactly(void **state)
{
    (void)state;
    struct bench b;
    put(&b, "cvt.rn.f64.s32 %F0, %w1;");
    bench_set(&run, 1, 0, 0x80000000);
    bench_set(&run, 1, 1, 12345);
    bench_execute(&run, vg_isa_best(), 3);
    assert_true(bench_get(&run, 0, 0) == bits_of(-2147483648.0));
    assert_true(bench_get(&run, 0, 1) == bits_of(12345.0));
    bench_close(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(f32_narrows_to_every_half),
        cmocka_unit_test(halves_widen_exactly),
        cmocka_unit_test(bytes_narrow_and_widen),
        cmocka_unit_test(halves_round_once),
        cmocka_unit_test(a_sticky_product_breaks_a_tie),
        cmocka_unit_test(conversions_follow_the_table),
        cmocka_unit_test(integers_round_to_floats),
        cmocka_unit_test(doubles_take_integers_exactly),
    };
    return cmocka_run_group_tests_name("arith convert", tests, NULL, NULL);
}

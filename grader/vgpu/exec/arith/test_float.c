/* Floats: arithmetic against the host's scalar operations in each rounding mode, conversions
 * against searches of the nearest code, approximations against glibc's binary64 functions, whose
 * errors are far below those that the ISA allows. */
#include <fenv.h>
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

static float f32(uint64_t bits)
{
    const uint32_t low = (uint32_t)bits;
    float x;
    memcpy(&x, &low, sizeof x);
    return x;
}

static double f64(uint64_t bits)
{
    double x;
    memcpy(&x, &bits, sizeof x);
    return x;
}

static uint64_t bits32(float x)
{
    uint32_t bits;
    memcpy(&bits, &x, sizeof bits);
    return x != x ? 0x7fffffff : bits;
}

static uint64_t bits64(double x)
{
    uint64_t bits;
    memcpy(&bits, &x, sizeof bits);
    return bits;
}

/* volatile: computed here and now, under the mode that is set. */
static double operate64(char op, double x, double y, double z)
{
    const volatile double a = x, b = y, c = z;
    volatile double r = 0;
    switch (op) {
    case '+':
        r = a + b;
        break;
    case '-':
        r = a - b;
        break;
    case '*':
        r = a * b;
        break;
    case '/':
        r = a / b;
        break;
    case 'r':
        r = sqrt(a);
        break;
    case '1':
        r = 1.0 / a;
        break;
    default:
        r = fma(a, b, c);
    }
    return r;
}

static float operate32(char op, float x, float y, float z)
{
    const volatile float a = x, b = y, c = z;
    volatile float r = 0;
    switch (op) {
    case '+':
        r = a + b;
        break;
    case '-':
        r = a - b;
        break;
    case '*':
        r = a * b;
        break;
    case '/':
        r = a / b;
        break;
    case 'r':
        r = sqrtf(a);
        break;
    case '1':
        r = 1.0f / a;
        break;
    default:
        r = fmaf(a, b, c);
    }
    return r;
}

static float flush(float x)
{
    return fabsf(x) < 0x1p-126f ? copysignf(0.0f, x) : x;
}

static const struct {
    const char *name;
    char op;
    unsigned sources;
} operations[] = {{"add", '+', 2},  {"sub", '-', 2}, {"mul", '*', 2}, {"div", '/', 2},
                  {"sqrt", 'r', 1}, {"rcp", '1', 1}, {"fma", 'f', 3}};
static const struct {
    const char *name;
    int mode;
} roundings[] = {
    {"rn", FE_TONEAREST}, {"rz", FE_TOWARDZERO}, {"rm", FE_DOWNWARD}, {"rp", FE_UPWARD}};

static struct bench_run run;

/* Parses one instruction of registers with the letter. */
static void put(struct bench *b, const char *name, char letter, unsigned sources)
{
    char body[128];
    int n = snprintf(body, sizeof body, "%s %%%c0", name, letter);
    for (unsigned k = 1; k <= sources; k++)
        n += snprintf(body + n, sizeof body - (size_t)n, ", %%%c%u", letter, k);
    snprintf(body + n, sizeof body - (size_t)n, ";\n");
    bench_open(b, body);
    if (!bench_find(b, 0, &run))
        fail_msg("no handler: %s", name);
}

static void fill(uint64_t *seed)
{
    for (unsigned k = run.insn.n_results; k < run.insn.n_operands; k++)
        for (unsigned l = 0; l < VG_WARP; l++)
            bench_set(&run, k, l, bench_special(seed, bench_letter(&run, k)));
}

/* As fill, with floats near each other, so that sums cancel and halves meet. */
static void fill_near(uint64_t *seed)
{
    for (unsigned l = 0; l < VG_WARP; l++) {
        const uint64_t base = bench_random(seed);
        for (unsigned k = run.insn.n_results; k < run.insn.n_operands; k++)
            bench_set(&run, k, l, base ^ bench_random(seed) >> 40 ^ (bench_random(seed) & 1) << 31);
    }
}

static void check_f32(const char *name, char op, int mode, bool ftz, bool sat)
{
    static struct bench_run before;
    before = run;
    bench_execute(&run, vg_isa_best(), UINT32_MAX);
    for (unsigned l = 0; l < VG_WARP; l++) {
        float x[3] = {0};
        for (unsigned k = 1; k < run.insn.n_operands; k++) {
            x[k - 1] = f32(bench_get(&before, k, l));
            x[k - 1] = ftz ? flush(x[k - 1]) : x[k - 1];
        }
        fesetround(mode);
        float want = operate32(op, x[0], x[1], x[2]);
        fesetround(FE_TONEAREST);
        want = sat ? (want > 0 ? (want < 1 ? want : 1) : 0) : want;
        want = ftz ? flush(want) : want;
        if (bench_get(&run, 0, l) != bits32(want))
            fail_msg("%s of %a, %a, %a: %a, not %a", name, (double)x[0], (double)x[1], (double)x[2],
                     (double)f32(bench_get(&run, 0, l)), (double)want);
    }
}

static void f32_rounds_as_ieee_754_says(void **state)
{
    (void)state;
    uint64_t seed = 5;
    for (size_t o = 0; o < 7; o++)
        for (int m = 0; m < 4; m++)
            for (int flavour = 0; flavour < 4; flavour++) {
                const bool ftz = flavour & 1, sat = flavour & 2;
                if (sat && strchr("/r1", operations[o].op) != NULL)
                    continue;
                char name[64];
                struct bench b;
                snprintf(name, sizeof name, "%s.%s%s%s.f32", operations[o].name, roundings[m].name,
                         ftz ? ".ftz" : "", sat ? ".sat" : "");
                put(&b, name, 'f', operations[o].sources);
                for (int round = 0; round < 150; round++) {
                    if (round % 2)
                        fill(&seed);
                    else
                        fill_near(&seed);
                    check_f32(name, operations[o].op, roundings[m].mode, ftz, sat);
                }
                bench_close(&b);
            }
}

static void f64_rounds_as_ieee_754_says(void **state)
{
    (void)state;
    uint64_t seed = 6;
    static struct bench_run before;
    for (size_t o = 0; o < 7; o++)
        for (int m = 0; m < 4; m++) {
            char name[64];
            struct bench b;
            snprintf(name, sizeof name, "%s.%s.f64", operations[o].name, roundings[m].name);
            put(&b, name, 'F', operations[o].sources);
            for (int round = 0; round < 200; round++) {
                fill(&seed);
                before = run;
                bench_execute(&run, vg_isa_best(), UINT32_MAX);
                for (unsigned l = 0; l < VG_WARP; l++) {
                    double x[3] = {0};
                    for (unsigned k = 1; k < run.insn.n_operands; k++)
                        x[k - 1] = f64(bench_get(&before, k, l));
                    fesetround(roundings[m].mode);
                    const double want = operate64(operations[o].op, x[0], x[1], x[2]);
                    fesetround(FE_TONEAREST);
                    const double got = f64(bench_get(&run, 0, l));
                    if (want != want ? got == got : bits64(got) != bits64(want))
                        fail_msg("%s of %a, %a, %a: %a, not %a", name, x[0], x[1], x[2], got, want);
                }
            }
            bench_close(&b);
        }
}

/* ---- approximations ---- */

static double reciprocal_root(double x)
{
    return 1.0 / sqrt(x);
}

/* The ISA's bounds; ours are ten times narrower than most of them. */
static const struct {
    const char *name;
    double (*truth)(double);
    double least, most, relative, absolute;
} functions[] = {
    {"ex2.approx.f32", exp2, -149, 128, 0x1p-23, 0x1p-150},
    {"ex2.approx.ftz.f32", exp2, -126, 128, 0x1p-23, 0},
    {"lg2.approx.f32", log2, 0x1p-149, 0x1p127, 0x1p-23, 0},
    {"sin.approx.f32", sin, -3.1415926, 3.1415926, 0, 0x1p-24},
    {"cos.approx.f32", cos, -3.1415926, 3.1415926, 0, 0x1p-24},
    {"sin.approx.ftz.f32", sin, -314, 314, 0, 0x1p-24},
    {"cos.approx.f32", cos, -314, 314, 0, 0x1p-24},
    {"tanh.approx.f32", tanh, -20, 20, 0x1p-23, 0},
    {"rsqrt.approx.f32", reciprocal_root, 0x1p-149, 0x1p127, 0x1.12p-23, 0},
    {"sqrt.approx.f32", sqrt, 0, 0x1p127, 0x1p-23, 0},
};

static void approximations_keep_within_their_bounds(void **state)
{
    (void)state;
    uint64_t seed = 7;
    for (size_t k = 0; k < sizeof functions / sizeof *functions; k++) {
        struct bench b;
        double worst = 0;
        put(&b, functions[k].name, 'f', 1);
        const bool logarithmic = functions[k].least > 0;
        for (int round = 0; round < 4000; round++) {
            float x[VG_WARP];
            for (unsigned l = 0; l < VG_WARP; l++) {
                const double u = (double)(bench_random(&seed) >> 11) * 0x1p-53;
                const double low = logarithmic ? log2(functions[k].least) : functions[k].least;
                const double high = logarithmic ? log2(functions[k].most) : functions[k].most;
                const double at = low + u * (high - low);
                const double near = round % 4 == 0 ? at * 0x1p-12 : at;
                x[l] = (float)(logarithmic ? exp2(near) : near);
                bench_set(&run, 1, l, bits32(x[l]));
            }
            bench_execute(&run, vg_isa_best(), UINT32_MAX);
            for (unsigned l = 0; l < VG_WARP; l++) {
                const double want = functions[k].truth((double)x[l]);
                const double got = (double)f32(bench_get(&run, 0, l));
                const double error = fabs(got - want);
                const double bound = functions[k].relative * fabs(want) + functions[k].absolute;
                worst = fmax(worst, bound > 0 ? error / bound : error);
                if (error > bound)
                    fail_msg("%s of %a: %a, not %a", functions[k].name, (double)x[l], got, want);
            }
        }
        assert_true(worst > 0.1); /* it was measured */
        bench_close(&b);
    }
}

static void approximations_have_the_special_values_of_the_tables(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        uint32_t of, is;
    } table[] = {
        {"ex2.approx.f32", 0xff800000, 0},
        {"ex2.approx.f32", 0x80000000, 0x3f800000},
        {"ex2.approx.f32", 0x7f800000, 0x7f800000},
        {"ex2.approx.f32", 0x7fc00001, 0x7fffffff},
        {"ex2.approx.f32", 0xc3150000, 0x00000001},
        {"ex2.approx.ftz.f32", 0xc3000000, 0},
        {"lg2.approx.f32", 0xff800000, 0x7fffffff},
        {"lg2.approx.f32", 0x80000000, 0xff800000},
        {"lg2.approx.f32", 0x3f800000, 0},
        {"lg2.approx.f32", 1, 0xc3150000},
        {"lg2.approx.ftz.f32", 1, 0xff800000},
        {"lg2.approx.f32", 0x7f800000, 0x7f800000},
        {"sin.approx.f32", 0x80000000, 0x80000000},
        {"sin.approx.f32", 0x7f800000, 0x7fffffff},
        {"cos.approx.f32", 0x80000000, 0x3f800000},
        {"cos.approx.f32", 0xff800000, 0x7fffffff},
        {"tanh.approx.f32", 0xff800000, 0xbf800000},
        {"tanh.approx.f32", 0x80000000, 0x80000000},
        {"rsqrt.approx.f32", 0x80000000, 0xff800000},
        {"rsqrt.approx.f32", 0xbf800000, 0x7fffffff},
        {"rsqrt.approx.f32", 0x7f800000, 0},
        {"rcp.approx.ftz.f32", 0x80000001, 0xff800000},
        {"rcp.approx.f32", 0xff800000, 0x80000000},
        {"sqrt.approx.f32", 0x80000000, 0x80000000},
    };
    for (size_t k = 0; k < sizeof table / sizeof *table; k++) {
        struct bench b;
        put(&b, table[k].name, 'f', 1);
        bench_set(&run, 1, 0, table[k].of);
        bench_execute(&run, vg_isa_best(), 1);
        if (bench_get(&run, 0, 0) != table[k].is)
            fail_msg("%s of 0x%08x: 0x%08x, not 0x%08x", table[k].name, table[k].of,
                     (unsigned)bench_get(&run, 0, 0), table[k].is);
        bench_close(&b);
    }
}

/* ---- comparisons and minima ---- */

static void comparisons_know_nans(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        bool less, equal, greater, unordered;
    } table[] = {
        {"eq", false, true, false, false}, {"ne", true, false, true, false},
        {"lt", true, false, false, false}, {"le", true, true, false, false},
        {"gt", false, false, true, false}, {"ge", false, true, true, false},
        {"equ", false, true, false, true}, {"neu", true, false, true, true},
        {"ltu", true, false, false, true}, {"leu", true, true, false, true},
        {"gtu", false, false, true, true}, {"geu", false, true, true, true},
        {"num", true, true, true, false},  {"nan", false, false, false, true},
    };
    static const uint32_t pairs[][2] = {{0x3f800000, 0x40000000}, {0x80000000, 0},
                                        {0x40000000, 0x3f800000}, {0x7fc00000, 0x3f800000},
                                        {0x3f800000, 0xffc00000}, {0x7f800000, 0xff800000}};
    static const int orders[] = {0, 1, 2, 3, 3, 2};
    for (size_t k = 0; k < sizeof table / sizeof *table; k++) {
        struct bench b;
        char body[64];
        snprintf(body, sizeof body, "setp.%s.and.f32 %%p0|%%p1, %%f2, %%f3, !%%p4;", table[k].name);
        bench_open(&b, body);
        assert_true(bench_find(&b, 0, &run));
        for (unsigned l = 0; l < 6; l++) {
            bench_set(&run, 2, l, pairs[l][0]);
            bench_set(&run, 3, l, pairs[l][1]);
            bench_set(&run, 4, l, l == 2);
        }
        bench_execute(&run, vg_isa_best(), 0x3f);
        for (unsigned l = 0; l < 6; l++) {
            const bool by_order[] = {table[k].less, table[k].equal, table[k].greater,
                                     table[k].unordered};
            const bool want = by_order[orders[l]];
            if (bench_get(&run, 0, l) != (want && l != 2) ||
                bench_get(&run, 1, l) != (!want && l != 2))
                fail_msg("setp.%s, pair %u: %d", table[k].name, l, (int)bench_get(&run, 0, l));
        }
        bench_close(&b);
    }
}

static void minima_treat_nans_and_zeros_as_the_isa_says(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        uint32_t a, b, is;
    } table[] = {
        {"min.f32", 0x7fc00000, 0x3f800000, 0x3f800000},
        {"min.f32", 0x3f800000, 0xffc00000, 0x3f800000},
        {"max.f32", 0x7fc00000, 0x7fc00000, 0x7fffffff},
        {"max.NaN.f32", 0x3f800000, 0x7fc00000, 0x7fffffff},
        {"min.f32", 0, 0x80000000, 0x80000000},
        {"max.f32", 0x80000000, 0, 0},
        {"max.f32", 0x80000000, 0x80000000, 0x80000000},
        {"min.xorsign.abs.f32", 0xc0000000, 0x40400000, 0xc0000000},
        {"max.xorsign.abs.f32", 0xc0000000, 0xc0400000, 0x40400000},
        {"min.ftz.f32", 0x00000001, 0x3f800000, 0},
        {"max.ftz.f32", 0x80000001, 0xbf800000, 0x80000000},
        {"copysign.f32", 0x80000000, 0x3f800000, 0xbf800000},
        {"div.approx.f32", 0x3f800000, 0x7e800000, 0},
        {"div.approx.f32", 0x7f800000, 0x7e800000, 0x7fffffff},
        {"div.full.f32", 0x3f800000, 0x7f000000, 0x00400000},
        {"add.f32", 0x7f800000, 0xff800000, 0x7fffffff},
        {"mul.sat.f32", 0x7fc00000, 0x3f800000, 0},
    };
    for (size_t k = 0; k < sizeof table / sizeof *table; k++) {
        struct bench b;
        put(&b, table[k].name, 'f', 2);
        bench_set(&run, 1, 0, table[k].a);
        bench_set(&run, 2, 0, table[k].b);
        bench_execute(&run, vg_isa_best(), 1);
        if (bench_get(&run, 0, 0) != table[k].is)
            fail_msg("%s of 0x%08x, 0x%08x: 0x%08x, not 0x%08x", table[k].name, table[k].a,
                     table[k].b, (unsigned)bench_get(&run, 0, 0), table[k].is);
        bench_close(&b);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(f32_rounds_as_ieee_754_says),
        cmocka_unit_test(f64_rounds_as_ieee_754_says),
        cmocka_unit_test(approximations_keep_within_their_bounds),
        cmocka_unit_test(approximations_have_the_special_values_of_the_tables),
        cmocka_unit_test(comparisons_know_nans),
        cmocka_unit_test(minima_treat_nans_and_zeros_as_the_isa_says),
    };
    return cmocka_run_group_tests_name("arith float", tests, NULL, NULL);
}

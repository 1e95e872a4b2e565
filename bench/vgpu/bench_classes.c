/* How fast one worker of the virtual GPU runs: thread instructions a second by class and for the
 * rungs of the ladders; plain (bounds are always checked), with the cost model, with all checks.
 *
 * Beside each runs a loop of scalar C on the same core: multiply-adds one by one, as many chains as
 * hide their latency. The parts of a round alternate; ratios are of one round, and their medians
 * are shown, so that a busy neighbour slows both sides. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "grader/vgpu/check/check.h"
#include "tests/vgpu/ladders/rung.h"

enum { ROUNDS = 5, UNROLLED = 64 };
enum way { PLAIN, COST, CHECK, WAYS };

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t); /* others' turns on this core do not count */
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* Multiply-adds a second. */
static double scalar_rate(void)
{
    enum { CHAINS = 8, STEPS = 1 << 22 };
    volatile float seed = 1.0f;
    float x[CHAINS];
    for (int c = 0; c < CHAINS; c++)
        x[c] = seed + (float)c;
    const double begin = now();
    for (int k = 0; k < STEPS; k++)
        for (int c = 0; c < CHAINS; c++) {
            x[c] = x[c] * 0.999f + 0.5f;
            __asm__ volatile("" : "+x"(x[c])); /* no vectors */
        }
    return (double)CHAINS * STEPS / (now() - begin);
}

/* ---- ways to run ---- */

static struct check *watch_checks(const struct rungs *r)
{
    struct check *c;
    struct err why;
    if (check_new(&c, &why) != OK) {
        fprintf(stderr, "bench_classes: %s\n", why.text);
        exit(EXIT_FAILURE);
    }
    const struct vg_observer *o = check_observer(c);
    const uint64_t buffers[] = {r->a, r->b, r->c};
    for (size_t i = 0; i < 3; i++) {
        o->allocated(o->context, r->memory, buffers[i], RUNG_FLOATS * sizeof(float));
        o->put(o->context, r->memory, buffers[i], RUNG_FLOATS * sizeof(float));
    }
    return c;
}

static double rate(struct rungs *r, const struct rung *rung, enum way way)
{
    struct check *c = NULL;
    r->base.watchers[0] = NULL;
    if (way == CHECK) {
        c = watch_checks(r);
        r->base.watchers[0] = check_watcher(c);
        check_observer(c)->launching(check_observer(c)->context, 0, &r->base);
    }
    const double begin = now();
    if (way == COST)
        rungs_go(r, rung);
    else
        rungs_run(r, rung);
    const double seconds = now() - begin;
    if (c && check_log_errors(check_found(c)) > 0) {
        fprintf(stderr, "bench_classes: %s is not clean\n", rung->name);
        exit(EXIT_FAILURE);
    }
    check_free(c);
    return (double)r->instructions / seconds;
}

static int compare(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static double median(double values[ROUNDS])
{
    qsort(values, ROUNDS, sizeof(*values), compare);
    return values[ROUNDS / 2];
}

/* Prints a line; `product` gathers rates and ratios for the mean. */
static void measure(struct rungs *r, const struct rung *rung, double product[WAYS + 1])
{
    double rates[WAYS][ROUNDS], ratios[ROUNDS];
    for (int k = 0; k < ROUNDS; k++) {
        const double scalar = scalar_rate();
        for (int w = 0; w < WAYS; w++)
            rates[w][k] = rate(r, rung, (enum way)w);
        ratios[k] = rates[PLAIN][k] / scalar;
    }
    printf("| %s |", rung->name);
    for (int w = 0; w < WAYS; w++) {
        const double middle = median(rates[w]);
        product[w] *= middle;
        printf(" %.2f |", middle / 1e9);
    }
    const double ratio = median(ratios);
    product[WAYS] *= ratio;
    printf(" %.2f |\n", ratio);
    fflush(stdout);
}

static void mean(const char *of, double n, const double product[WAYS + 1])
{
    printf("| geometric mean of %s |", of);
    for (int w = 0; w < WAYS; w++)
        printf(" %.2f |", pow(product[w], 1 / n) / 1e9);
    printf(" %.2f |\n", pow(product[WAYS], 1 / n));
}

/* ---- classes ---- */

struct class
{
    const char *name, *instruction;
};
static const struct class classes[] = {
    {"fma_f32", "fma.rn.f32 %f1, %f2, %f3, %f1;\n"},
    {"add_s32", "add.s32 %r1, %r2, %r1;\n"},
    {"mad_lo_s32", "mad.lo.s32 %r1, %r2, %r3, %r1;\n"},
    {"setp", "setp.lt.s32 %p1, %r1, %r2;\n"},
    {"selp", "selp.b32 %r1, %r2, %r3, %p1;\n"},
    {"fma_f64", "fma.rn.f64 %fd1, %fd2, %fd3, %fd1;\n"},
    {"cvt", "cvt.rn.f32.s32 %f1, %r2;\n"},
    {"ex2_approx", "ex2.approx.f32 %f1, %f2;\n"},
    {"div_rn", "div.rn.f32 %f1, %f2, %f3;\n"},
    {"shfl_bfly", "shfl.sync.bfly.b32 %r1, %r2, 1, 31, 0xffffffff;\n"},
    {"ld_shared", "ld.shared.f32 %f1, [%r4];\n"},
    {"ld_shared_column", "ld.shared.f32 %f1, [%r5];\n"},
    {"ld_global", "ld.global.f32 %f1, [%rd2];\n"},
    {"ld_global_v4", "ld.global.v4.f32 {%f1, %f2, %f3, %f4}, [%rd3];\n"},
    {"ld_global_column", "ld.global.f32 %f1, [%rd4];\n"},
    {"st_global", "st.global.f32 [%rd5], %f2;\n"},
};
enum { CLASSES = sizeof(classes) / sizeof(*classes) };

/* A kernel that does the instruction UNROLLED times in a loop of n. */
static void add_kernel(struct str *text, const struct class *c)
{
    str_printf(text,
               ".visible .entry %s(.param .u64 a, .param .u64 b, .param .u64 c, .param .u32 n, "
               ".param .u32 m)\n{\n.reg .b32 %%r<9>;\n.reg .b64 %%rd<9>;\n.reg .f32 %%f<9>;\n"
               ".reg .f64 %%fd<9>;\n.reg .pred %%p<3>;\n.shared .align 16 .b8 tile[4096];\n"
               "mov.u32 %%r1, %%tid.x;\nmov.u32 %%r2, 3;\nmov.u32 %%r3, 5;\nmov.f32 %%f2, "
               "0f3F000000;\nmov.f32 %%f3, 0f3F400000;\nmov.f32 %%f1, %%f2;\ncvt.f64.f32 %%fd1, "
               "%%f1;\nmov.f64 %%fd2, %%fd1;\nmov.f64 %%fd3, %%fd1;\nsetp.lt.u32 %%p1, %%r1, 7;\n"
               "mov.u32 %%r6, tile;\nmad.lo.u32 %%r4, %%r1, 4, %%r6;\n"
               "mad.lo.u32 %%r5, %%r1, 128, %%r6;\nst.shared.f32 [%%r4], %%f2;\n"
               "st.shared.f32 [%%r5], %%f2;\nbar.sync 0;\n"
               "ld.param.u64 %%rd1, [a];\nmul.wide.u32 %%rd6, %%r1, 4;\nadd.s64 %%rd2, %%rd1, "
               "%%rd6;\nmul.wide.u32 %%rd6, %%r1, 16;\nadd.s64 %%rd3, %%rd1, %%rd6;\n"
               "mul.wide.u32 %%rd6, %%r1, 4096;\nadd.s64 %%rd4, %%rd1, %%rd6;\n"
               "ld.param.u64 %%rd1, [c];\nmul.wide.u32 %%rd6, %%r1, 4;\nadd.s64 %%rd5, %%rd1, "
               "%%rd6;\nld.param.u32 %%r7, [n];\nLOOP:\n",
               c->name);
    for (int k = 0; k < UNROLLED; k++)
        str_add(text, c->instruction);
    str_add(text, "sub.u32 %r7, %r7, 1;\nsetp.ne.u32 %p2, %r7, 0;\n@%p2 bra LOOP;\nret;\n}\n");
}

static void bench_of_classes(double product[WAYS + 1])
{
    struct str text;
    struct rungs r;
    str_init(&text, 4 << 20);
    str_add(&text, ".version 9.0\n.target sm_80\n.address_size 64\n");
    for (size_t i = 0; i < CLASSES; i++)
        add_kernel(&text, &classes[i]);
    rungs_open_text(&r, "a100/8", text.text);
    for (size_t i = 0; i < CLASSES; i++)
        measure(&r, &(struct rung){classes[i].name, {1, 1, 1}, {32, 1, 1}, 4000, 0}, product);
    rungs_close(&r);
    str_done(&text);
}

/* ---- whole kernels ---- */

static void bench_of_kernels(double product[WAYS + 1], double *ret_n)
{
    static const struct rung kernels[] = {
        {"sgemm_naive", {4, 4, 1}, {32, 32, 1}, 128, 0},
        {"sgemm_shared", {4, 4, 1}, {32, 32, 1}, 128, 0},
        {"sgemm_vector", {1, 1, 1}, {256, 1, 1}, 128, 0},
        {"softmax_three", {16, 1, 1}, {256, 1, 1}, 8192, 0},
        {"softmax_once", {32, 1, 1}, {256, 1, 1}, 8192, 0},
        {"sum_shuffle", {512, 1, 1}, {256, 1, 1}, 1 << 18, 0},
        {"transpose_padded", {16, 16, 1}, {32, 8, 1}, 512, 512},
        {"saxpy", {2048, 1, 1}, {256, 1, 1}, 1 << 19, 0},
    };
    struct rungs r;
    rungs_open(&r, "a100/8");
    *ret_n = sizeof(kernels) / sizeof(*kernels);
    for (size_t i = 0; i < sizeof(kernels) / sizeof(*kernels); i++)
        measure(&r, &kernels[i], product);
    rungs_close(&r);
}

int main(void)
{
    double of_classes[] = {1, 1, 1, 1}, of_kernels[] = {1, 1, 1, 1}, n;
    printf("| G thread instructions/s | plain | cost model | all checks | plain / scalar C |\n"
           "| --- | --- | --- | --- | --- |\n");
    bench_of_classes(of_classes);
    mean("classes", CLASSES, of_classes);
    bench_of_kernels(of_kernels, &n);
    mean("kernels", n, of_kernels);
    return 0;
}

/* How fast handlers are against a plain copy of registers, on each instruction set: ratios for
 * people, and one fact that holds on any machine. Label bench. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "grader/vgpu/exec/arith/test_bench.h"

static double seconds(void)
{
    struct timespec t;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* Lane operations per second, in billions: the best of a few tries. */
static double speed(struct bench_run *r, enum vg_isa isa, uint32_t mask)
{
    struct vg_warp w = {.bank = {r->frame, NULL}, .mask = mask, .live = UINT32_MAX};
    double best = 0;
    for (int attempt = 0; attempt < 5; attempt++) {
        const int repeats = 20000;
        const double start = seconds();
        for (int k = 0; k < repeats; k++)
            r->run[isa](&w, &r->insn, mask);
        const double rate = (double)repeats * VG_WARP / (seconds() - start) * 1e-9;
        best = rate > best ? rate : best;
    }
    return best;
}

static void vectors_are_faster_than_the_portable_set(void **state)
{
    (void)state;
    struct bench b;
    bench_open(&b, "mov.b32 %w0, %w1;\n"
                   "add.s32 %w0, %w1, %w2;\n"
                   "mad.lo.s32 %w0, %w1, %w2, %w3;\n"
                   "add.s64 %d0, %d1, %d2;\n"
                   "mul.wide.s32 %d0, %w1, %w2;\n"
                   "mad.wide.u32 %d0, %w1, %w2, %d3;\n"
                   "shl.b32 %w0, %w1, %w2;\n"
                   "and.b32 %w0, %w1, %w2;\n"
                   "setp.lt.s32 %p0, %w1, %w2;\n"
                   "setp.lt.f32 %p0, %f1, %f2;\n"
                   "selp.b32 %w0, %w1, %w2, %p3;\n"
                   "add.f32 %f0, %f1, %f2;\n"
                   "fma.rn.f32 %f0, %f1, %f2, %f3;\n"
                   "fma.rn.ftz.f32 %f0, %f1, %f2, %f3;\n"
                   "fma.rm.f32 %f0, %f1, %f2, %f3;\n"
                   "div.rn.f32 %f0, %f1, %f2;\n"
                   "ex2.approx.ftz.f32 %f0, %f1;\n"
                   "fma.rn.f64 %F0, %F1, %F2, %F3;\n"
                   "cvt.rn.f32.s32 %f0, %w1;\n"
                   "cvt.rzi.s32.f32 %w0, %f1;\n"
                   "cvt.f32.f16 %f0, %h1;\n"
                   "cvt.rn.f16.f32 %h0, %f1;\n"
                   "cvt.s64.s32 %d0, %w1;\n"
                   "cvt.u32.u8 %w0, %h1;\n"
                   "fma.rn.f16x2 %w0, %w1, %w2, %w3;\n"
                   "mma.sync.aligned.m16n8k16.row.col.f32.f16.f16.f32 {%f0,%f1,%f2,%f3},"
                   " {%w4,%w5,%w6,%w7}, {%w8,%w9}, {%f10,%f11,%f12,%f13};\n");
    static struct bench_run r;
    double first[VG_ISAS] = {0}, last[VG_ISAS] = {0};
    print_message("G lane operations a second: full mask on each set; half of the lanes\n");
    for (size_t k = 0; k < b.func->n_instrs; k++) {
        char name[128];
        ptx_instr_name(&b.func->instrs[k], name, sizeof name);
        assert_true(bench_find(&b, k, &r));
        for (unsigned o = 0; o < r.insn.n_operands; o++)
            for (unsigned l = 0; l < VG_WARP; l++)
                bench_set(&r, o, l, UINT64_C(0x3ff000003f800001) + l);
        for (int isa = 0; isa <= (int)vg_isa_best(); isa++) {
            const double rate = speed(&r, (enum vg_isa)isa, UINT32_MAX);
            last[isa] = rate;
            first[isa] = first[isa] > rate ? first[isa] : rate;
        }
        print_message("%-52s", name);
        for (int isa = 0; isa <= (int)vg_isa_best(); isa++)
            print_message(" %6.2f", last[isa]);
        print_message("   %6.2f\n", speed(&r, vg_isa_best(), 0x55555555));
    }
    if (vg_isa_best() > VG_PORTABLE)
        assert_true(first[vg_isa_best()] > first[VG_PORTABLE]);
    bench_close(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(vectors_are_faster_than_the_portable_set)};
    return cmocka_run_group_tests_name("arith speed", tests, NULL, NULL);
}

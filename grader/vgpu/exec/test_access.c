/* Loads, stores, atomics, copies, fragments: what is where afterwards. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "grader/vgpu/exec/test_machine.h"

#define STORE                                                                                      \
    "mul.wide.u32 %rd60, %r0, 4;\nadd.s64 %rd61, %rd0, %rd60;\nst.global.u32 [%rd61], %r1;\n"
/* %r10: this thread's word of shared memory */
#define SHARED                                                                                     \
    ".shared .align 16 .b8 s[4096];\nmov.u32 %r9, s;\nshl.b32 %r10, %r0, 2;\nadd.u32 %r10, %r9, "  \
    "%r10;\n"

/* One thread runs `body`, which leaves its answer in %r1. */
struct one {
    const char *name, *body;
    uint32_t want;
};

static const struct one loads[] = {
    {"u8 is extended by zeros", "st.global.u32 [%rd0+64], 0x80ff;\nld.global.u8 %r1, [%rd0+64];",
     0xff},
    {"s8 is extended by its sign", "st.global.u32 [%rd0+64], 0x80ff;\nld.global.s8 %r1, [%rd0+65];",
     0xffffff80},
    {"s16 is extended by its sign",
     "st.global.u32 [%rd0+64], 0x8001;\nld.global.s16 %r1, [%rd0+64];", 0xffff8001},
    {"u16 goes to a 16-bit register",
     "st.global.u32 [%rd0+64], 0x81234;\nld.global.u16 %h1, [%rd0+64];\ncvt.u32.u16 %r1, %h1;",
     0x1234},
    {"s32 fills 64 bits",
     "st.global.u32 [%rd0+64], -5;\nld.global.s32 %rd1, [%rd0+64];\nshr.u64 %rd1, %rd1, 32;\n"
     "cvt.u32.u64 %r1, %rd1;",
     0xffffffff},
    {"a vector of four goes both ways",
     "mov.u32 %r2, 2;\nmov.u32 %r3, 3;\nst.global.v4.u32 [%rd0+64], {%r2, %r3, 5, 7};\n"
     "ld.global.v2.u32 {%r4, %r5}, [%rd0+72];\nmul.lo.u32 %r1, %r4, %r5;",
     35},
    {"a sink drops its element",
     "st.global.v2.u32 [%rd0+64], {4, 9};\nld.global.v2.u32 {_, %r1}, [%rd0+64];", 9},
    {"shared memory by generic address",
     SHARED "st.shared.u32 [%r9+8], 77;\ncvt.u64.u32 %rd1, %r9;\ncvta.shared.u64 %rd1, %rd1;\n"
            "ld.u32 %r1, [%rd1+8];",
     77},
    {"local memory by generic address",
     ".local .align 8 .b8 l[64];\nmov.u64 %rd1, l;\ncvta.local.u64 %rd2, %rd1;\n"
     "st.local.u32 [%rd1+12], 5;\nst.u64 [%rd2+16], 0x600000007;\nld.u32 %r1, [%rd2+12];\n"
     "ld.local.v2.u32 {%r2, %r3}, [%rd1+16];\nmad.lo.u32 %r1, %r2, %r3, %r1;",
     47},
    {"bytes of local memory",
     ".local .align 8 .b8 l[64];\nst.local.u8 [l+5], 200;\nst.local.u16 [l+6], 3;\n"
     "ld.local.u32 %r1, [l+4];",
     0x3c800},
    {"spaces of generic addresses",
     SHARED "cvt.u64.u32 %rd1, %r9;\ncvta.shared.u64 %rd1, %rd1;\nisspacep.shared %p1, %rd1;\n"
            "isspacep.global %p2, %rd0;\nisspacep.local %p3, %rd1;\nselp.u32 %r1, 1, 0, %p1;\n"
            "@%p2 add.u32 %r1, %r1, 2;\n@%p3 add.u32 %r1, %r1, 4;",
     3},
    {"alloca gives memory of the thread",
     "alloca.u64 %rd1, 64;\nst.local.u32 [%rd1+60], 8;\nld.local.u32 %r1, [%rd1+60];", 8},
    {"atom returns what was there, add",
     "st.global.u32 [%rd0+64], 40;\natom.global.add.u32 %r2, [%rd0+64], 2;\n"
     "ld.global.u32 %r1, [%rd0+64];\nmad.lo.u32 %r1, %r2, 100, %r1;",
     4042},
    {"atom.min signed",
     "st.global.u32 [%rd0+64], 4;\nred.global.min.s32 [%rd0+64], -3;\n"
     "ld.global.u32 %r1, [%rd0+64];",
     0xfffffffd},
    {"atom.max unsigned",
     "st.global.u32 [%rd0+64], 4;\nred.global.max.u32 [%rd0+64], -3;\n"
     "ld.global.u32 %r1, [%rd0+64];",
     0xfffffffd},
    {"atom.inc wraps at its bound",
     "st.global.u32 [%rd0+64], 7;\natom.global.inc.u32 %r2, [%rd0+64], 7;\n"
     "ld.global.u32 %r1, [%rd0+64];\nadd.u32 %r1, %r1, %r2;",
     7},
    {"atom.dec wraps at zero",
     "atom.global.dec.u32 %r2, [%rd0+64], 9;\nld.global.u32 %r1, [%rd0+64];", 9},
    {"atom.exch", "st.global.u32 [%rd0+64], 7;\natom.global.exch.b32 %r1, [%rd0+64], 1;", 7},
    {"atom.cas of 16 bits",
     "st.global.u32 [%rd0+64], 0x50006;\nmov.u16 %h1, 5;\nmov.u16 %h2, 9;\n"
     "atom.global.cas.b16 %h3, [%rd0+66], %h1, %h2;\nld.global.u32 %r1, [%rd0+64];",
     0x90006},
    {"atom.cas of 64 bits that differs changes nothing",
     "st.global.u64 [%rd0+64], 5;\natom.global.cas.b64 %rd1, [%rd0+64], 6, 7;\n"
     "ld.global.u32 %r1, [%rd0+64];",
     5},
    {"and, or, xor",
     "st.global.u32 [%rd0+64], 0xf0;\nred.global.and.b32 [%rd0+64], 0x3c;\n"
     "red.global.or.b32 [%rd0+64], 1;\nred.global.xor.b32 [%rd0+64], 0xff;\n"
     "ld.global.u32 %r1, [%rd0+64];",
     0xce},
    {"f32 sum",
     "st.global.f32 [%rd0+64], 0f3fc00000;\nred.global.add.f32 [%rd0+64], 0f40000000;\n"
     "ld.global.u32 %r1, [%rd0+64];",
     0x40600000},
    {"f64 sum",
     "st.global.f64 [%rd0+64], 0d3ff8000000000000;\n"
     "atom.global.add.f64 %fd1, [%rd0+64], 0d4000000000000000;\nld.global.u32 %r1, [%rd0+68];",
     0x400c0000},
    {"f16x2 sums",
     "st.global.u32 [%rd0+64], 0x3c004000;\nmov.b32 %r2, 0x3c003c00;\n"
     "red.global.add.noftz.f16x2 [%rd0+64], %r2;\nld.global.u32 %r1, [%rd0+64];",
     0x40004200},
    {"an asynchronous copy, with zeros behind what it reads",
     SHARED "st.global.v2.u32 [%rd0+64], {11, 12};\nst.shared.u32 [%r9+4], 99;\n"
            "cp.async.ca.shared.global [%r9], [%rd0+64], 8, 4;\ncp.async.commit_group;\n"
            "ld.shared.u32 %r2, [%r9+4];\ncp.async.wait_group 0;\nld.shared.u32 %r3, [%r9];\n"
            "ld.shared.u32 %r4, [%r9+4];\nmad.lo.u32 %r1, %r2, 1000, %r3;\nadd.u32 %r1, %r1, %r4;",
     99011},
    {"wait_group leaves the newest open",
     SHARED
     "st.global.v2.u32 [%rd0+64], {11, 12};\n"
     "cp.async.ca.shared.global [%r9], [%rd0+64], 4;\ncp.async.commit_group;\n"
     "cp.async.ca.shared.global [%r9+4], [%rd0+68], 4;\ncp.async.commit_group;\n"
     "cp.async.wait_group 1;\nld.shared.v2.u32 {%r2, %r3}, [%r9];\nmad.lo.u32 %r1, %r3, 100, %r2;",
     11},
    {"an mbarrier changes phase with its last arrival",
     SHARED
     "mbarrier.init.shared.b64 [%r9], 2;\nmbarrier.arrive.shared.b64 %rd1, [%r9];\n"
     "mbarrier.test_wait.shared.b64 %p1, [%r9], %rd1;\n"
     "mbarrier.arrive.shared.b64 _, [%r9];\nmbarrier.test_wait.shared.b64 %p2, [%r9], %rd1;\n"
     "selp.u32 %r1, 1, 0, %p1;\n@%p2 add.u32 %r1, %r1, 2;",
     2},
    {"guards hold back a store",
     "setp.eq.u32 %p1, %r0, 1;\nst.global.u32 [%rd0+64], 3;\n"
     "@%p1 st.global.u32 [%rd0+64], 4;\nld.global.u32 %r1, [%rd0+64];",
     3},
};

static void check_all(enum vg_isa isa)
{
    for (size_t k = 0; k < sizeof loads / sizeof *loads; k++) {
        struct machine m;
        char body[2048];
        snprintf(body, sizeof body, "%s\n%sret;", loads[k].body, STORE);
        machine_body(&m, body);
        m.launch.block[0] = 1;
        m.launch.isa = isa;
        machine_run(&m);
        if (m.result.fault != VG_FINE)
            fail_msg("%s: %s", loads[k].name, m.result.text);
        if (machine_word(&m, 0) != loads[k].want)
            fail_msg("%s: 0x%x, not 0x%x", loads[k].name, machine_word(&m, 0), loads[k].want);
        machine_done(&m);
    }
}

static void test_one_thread_reads_and_writes(void **state)
{
    (void)state;
    for (enum vg_isa isa = VG_PORTABLE; isa <= vg_isa_best(); isa++)
        check_all(isa);
}

/* 32 lanes store by `stride` bytes and read in reverse, in each instruction set. */
static void check_stride(enum vg_isa isa, uint32_t stride, uint32_t threads)
{
    struct machine m;
    char body[1024];
    snprintf(body, sizeof body,
             "mul.lo.u32 %%r2, %%r0, %u;\ncvt.u64.u32 %%rd1, %%r2;\nadd.s64 %%rd2, %%rd0, %%rd1;\n"
             "add.u32 %%r3, %%r0, 7;\nst.global.u32 [%%rd2+8192], %%r3;\n"
             "sub.u32 %%r4, %u, %%r0;\nmul.lo.u32 %%r4, %%r4, %u;\ncvt.u64.u32 %%rd1, %%r4;\n"
             "add.s64 %%rd2, %%rd0, %%rd1;\nld.global.u32 %%r1, [%%rd2+8192];\n%sret;",
             stride, threads - 1, stride, STORE);
    machine_body(&m, body);
    m.launch.block[0] = threads;
    m.launch.isa = isa;
    machine_go(&m);
    for (uint32_t k = 0; k < threads; k++)
        if (machine_word(&m, k) != threads - 1 - k + 7)
            fail_msg("stride %u, %u threads: lane %u read %u", stride, threads, k,
                     machine_word(&m, k));
    machine_done(&m);
}

static void test_lanes_access_by_any_stride(void **state)
{
    (void)state;
    for (enum vg_isa isa = VG_PORTABLE; isa <= vg_isa_best(); isa++) {
        check_stride(isa, 4, 32);
        check_stride(isa, 4, 20);
        check_stride(isa, 36, 32);
        check_stride(isa, 128, 9);
    }
}

static void test_all_lanes_may_add_to_one_word(void **state)
{
    (void)state;
    struct machine m;
    machine_body(&m, SHARED "red.shared.add.u32 [%r9], %r0;\nbar.sync 0;\n"
                            "ld.shared.u32 %r1, [%r9];\n" STORE "ret;");
    m.launch.block[0] = 100;
    machine_go(&m);
    assert_int_equal(machine_word(&m, 99), 4950);
    machine_done(&m);
}

static void test_a_store_of_all_lanes_to_one_word_keeps_the_last(void **state)
{
    (void)state;
    struct machine m;
    machine_body(&m, "st.global.u32 [%rd0], %r0;\nret;");
    machine_go(&m);
    assert_int_equal(machine_word(&m, 0), 31);
    machine_done(&m);
}

static void test_ldmatrix_gives_pairs_of_a_row_and_trans_of_a_column(void **state)
{
    (void)state;
    struct machine m;
    /* shared half j is j: row r of the matrix is 8 r ... 8 r + 7 */
    machine_body(&m, SHARED "mul.lo.u32 %r2, %r0, 0x20002;\nadd.u32 %r2, %r2, 0x10000;\n"
                            "st.shared.u32 [%r10], %r2;\nbar.warp.sync -1;\nand.b32 %r3, %r0, 7;\n"
                            "shl.b32 %r3, %r3, 4;\nadd.u32 %r3, %r9, %r3;\n"
                            "ldmatrix.sync.aligned.m8n8.x1.shared.b16 {%r1}, [%r3];\n" STORE
                            "ldmatrix.sync.aligned.m8n8.x1.trans.shared.b16 {%r1}, [%r3];\n"
                            "add.s64 %rd0, %rd0, 128;\n" STORE "ret;");
    machine_go(&m);
    for (uint32_t l = 0; l < 32; l++) {
        const uint32_t row = l / 4, pair = l % 4 * 2;
        assert_int_equal(machine_word(&m, l), (8 * row + pair) | (8 * row + pair + 1) << 16);
        assert_int_equal(machine_word(&m, 32 + l), (8 * pair + row) | (8 * (pair + 1) + row) << 16);
    }
    machine_done(&m);
}

static void test_variables_have_their_initial_values(void **state)
{
    (void)state;
    struct machine m = {0};
    uint64_t address, bytes;
    machine_load(
        &m, ".version 9.0\n.target sm_80\n.address_size 64\n"
            ".const .align 4 .u32 c[2] = {5, 6};\n.global .align 4 .u32 g = 30;\n"
            ".global .align 8 .u64 p = generic(g);\n"
            ".visible .entry k(.param .u64 out)\n{\n.reg .b32 %r<9>;\n.reg .b64 %rd<9>;\n"
            "ld.param.u64 %rd0, [out];\nld.const.u32 %r1, [c+4];\nld.global.u64 %rd1, [p];\n"
            "ld.u32 %r2, [%rd1];\nadd.u32 %r1, %r1, %r2;\nst.global.u32 [%rd0], %r1;\nret;\n}\n");
    machine_go(&m);
    assert_int_equal(machine_word(&m, 0), 36);
    assert_true(vg_program_variable(m.program, "g", &address, &bytes));
    assert_int_equal(bytes, 4);
    assert_false(vg_program_variable(m.program, "h", &address, &bytes));
    machine_done(&m);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_one_thread_reads_and_writes),
        cmocka_unit_test(test_lanes_access_by_any_stride),
        cmocka_unit_test(test_all_lanes_may_add_to_one_word),
        cmocka_unit_test(test_a_store_of_all_lanes_to_one_word_keeps_the_last),
        cmocka_unit_test(test_ldmatrix_gives_pairs_of_a_row_and_trans_of_a_column),
        cmocka_unit_test(test_variables_have_their_initial_values),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* What a kernel may not do, who did it, and what is printed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "grader/vgpu/exec/test_machine.h"

struct fault_case {
    const char *name, *body;
    enum vg_fault fault;
    uint32_t thread; /* of 64 */
    const char *story;
};

static const struct fault_case faults[] = {
    {"past the end",
     "mul.wide.u32 %rd1, %r0, 2048;\nadd.s64 %rd1, %rd0, %rd1;\nst.global.u32 [%rd1], 1;",
     VG_ILLEGAL_ADDRESS, 32, "0 bytes past the end of allocation"},
    {"before the start", "setp.ne.u32 %p1, %r0, 40;\n@%p1 ret;\nld.global.u32 %r1, [%rd0+-4];",
     VG_ILLEGAL_ADDRESS, 40, "4 bytes before allocation"},
    {"null", "mov.u64 %rd1, 0;\nld.global.u32 %r1, [%rd1];", VG_ILLEGAL_ADDRESS, 0,
     "a null pointer"},
    {"the last byte of a wide access", "ld.global.v4.u32 {%r1, %r2, %r3, %r4}, [%rd0+65536];",
     VG_ILLEGAL_ADDRESS, 0, "past the end"},
    {"misaligned", "ld.global.u32 %r1, [%rd0+2];", VG_MISALIGNED, 0, "no multiple of 4"},
    {"shared memory beyond the block's",
     ".shared .b32 s[4];\nmov.u32 %r1, s;\nst.shared.u32 [%r1+16], 1;", VG_ILLEGAL_ADDRESS, 0,
     "the block has 16 bytes"},
    {"local memory beyond the thread's",
     ".local .b32 l[4];\nmov.u64 %rd1, l;\nst.local.u32 [%rd1+1024], 1;", VG_ILLEGAL_ADDRESS, 0,
     "the thread has 16 bytes"},
    {"a global access to shared memory", "mov.u64 %rd1, 0x200000000;\nld.global.u32 %r1, [%rd1];",
     VG_ILLEGAL_ADDRESS, 0, "an address of shared memory"},
    {"an atomic on local memory",
     ".local .b32 l;\nmov.u64 %rd1, l;\ncvta.local.u64 %rd1, %rd1;\natom.add.u32 %r1, [%rd1], 1;",
     VG_INVALID_ADDRESS_SPACE, 0, "atomic on local memory"},
    {"trap", "setp.eq.u32 %p1, %r0, 33;\n@%p1 trap;", VG_LAUNCH_FAILURE, 33, "trap"},
    {"a copy from nowhere",
     ".shared .align 16 .b8 s[64];\nmov.u32 %r1, s;\ncp.async.cg.shared.global [%r1], "
     "[%rd0+65536], 16;",
     VG_ILLEGAL_ADDRESS, 0, "past the end"},
    {"an index beyond its table", "T: .branchtargets A, A;\nbrx.idx %r0, T;\nA:",
     VG_ILLEGAL_INSTRUCTION, 2, "index 2 into a table of 2"},
};

static void test_faults_name_thread_and_reason(void **state)
{
    (void)state;
    for (size_t k = 0; k < sizeof faults / sizeof *faults; k++) {
        const struct fault_case *f = &faults[k];
        struct machine m;
        char body[1024];
        snprintf(body, sizeof body, "%s\nret;", f->body);
        machine_body(&m, body);
        m.launch.block[0] = 64;
        machine_run(&m);
        if (m.result.fault != f->fault || m.result.thread[0] != f->thread ||
            !strstr(m.result.text, f->story))
            fail_msg("%s: fault %d, thread %u: %s", f->name, m.result.fault, m.result.thread[0],
                     m.result.text);
        machine_done(&m);
    }
}

static void test_a_freed_pointer_is_found_out(void **state)
{
    (void)state;
    struct machine m;
    machine_body(&m, "st.global.u32 [%rd0], 1;\nret;");
    assert_int_equal(vg_memory_release(m.memory, m.out, NULL), OK);
    machine_run(&m);
    assert_int_equal(m.result.fault, VG_ILLEGAL_ADDRESS);
    assert_non_null(strstr(m.result.text, "freed allocation"));
    machine_done(&m);
}

static void test_the_first_block_in_order_has_the_fault(void **state)
{
    (void)state;
    struct machine m;
    machine_body(&m, "mov.u32 %r1, %ctaid.x;\nsetp.lt.u32 %p1, %r1, 20;\n@%p1 ret;\n"
                     "mov.u64 %rd1, 8;\nst.global.u32 [%rd1], 1;\nret;");
    m.launch.grid[0] = 64;
    m.launch.workers = 4;
    machine_run(&m);
    assert_int_equal(m.result.fault, VG_ILLEGAL_ADDRESS);
    assert_int_equal(m.result.block[0], 20);
    machine_done(&m);
}

static void test_the_source_line_is_told_where_the_ptx_has_it(void **state)
{
    (void)state;
    struct machine m = {0};
    machine_load(&m, ".version 9.0\n.target sm_80\n.address_size 64\n"
                     ".visible .entry k(.param .u64 out)\n{\n.reg .b64 %rd<4>;\n.loc 1 42 3\n"
                     "mov.u64 %rd1, 8;\nst.global.u32 [%rd1], 1;\nret;\n}\n.file 1 \"lab.cu\"\n");
    machine_run(&m);
    assert_string_equal(m.result.file, "lab.cu");
    assert_int_equal(m.result.line, 42);
    assert_non_null(strstr(m.result.text, "(lab.cu:42), block (0,0,0), thread (0,0,0)"));
    machine_done(&m);
}

static void test_launches_that_no_device_takes_are_refused(void **state)
{
    (void)state;
    static const struct {
        uint32_t grid, block, shared;
        int error;
    } bad[] = {{0, 32, 0, 9}, {1, 0, 0, 9}, {1, 1025, 0, 9}, {1, 32, 300000, 701}};
    struct machine m;
    struct err why;
    machine_body(&m, "ret;");
    for (size_t k = 0; k < sizeof bad / sizeof *bad; k++) {
        m.launch.grid[0] = bad[k].grid;
        m.launch.block[0] = bad[k].block;
        m.launch.dynamic_shared = bad[k].shared;
        assert_int_equal(vg_run(&m.launch, &m.result, &why), ERR_INVALID);
        assert_int_equal(m.result.fault, bad[k].error);
        vg_result_done(&m.result);
    }
    machine_done(&m);
}

static void test_instructions_that_are_not_there_are_refused_by_name(void **state)
{
    (void)state;
    static const struct {
        const char *body, *story;
    } bad[] = {
        {"wgmma.fence.sync.aligned;", "wgmma"},
        {"cp.async.bulk.commit_group;", "cp.async.bulk"},
        {"mov.u32 %r1, %cluster_ctarank;", "%cluster_ctarank"},
        {"shfl.sync.bfly.b32 %rd1, %rd2, 1, 31, -1;", "wrong width"},
        {"ld.global.u32 %h1, [%rd0];", "do not fit"},
        {"vadd.u32.u32.u32 %r1, %r2.b1, %r3.h1;", "vadd"},
    };
    for (size_t k = 0; k < sizeof bad / sizeof *bad; k++) {
        struct machine m = {0};
        struct err why = {0};
        (void)machine_try(&m, ".version 9.0\n.target sm_80\n", &why); /* opens the arena */
        vg_program_free(m.program);
        m.program = NULL;
        if (machine_try(&m, machine_module(&m, bad[k].body), &why) == OK ||
            !strstr(why.text, bad[k].story))
            fail_msg("%s: %s", bad[k].body, why.text);
        machine_done(&m);
    }
}

#define HEAD                                                                                       \
    ".version 9.0\n.target sm_80\n.address_size 64\n"                                              \
    ".extern .func (.param .b32 r) vprintf(.param .b64 f, .param .b64 a);\n"                       \
    ".extern .func __assertfail(.param .b64 m, .param .b64 f, .param .b32 l, .param .b64 g, "      \
    ".param .b64 c);\n.extern .func (.param .b64 r) malloc(.param .b64 n);\n"                      \
    ".extern .func free(.param .b64 p);\n"                                                         \
    ".global .align 1 .b8 $str[40] = {%s};\n"                                                      \
    ".visible .entry k(.param .u64 out)\n{\n.local .align 8 .b8 v[64];\n.reg .b32 %%r<9>;\n"       \
    ".reg .b64 %%rd<9>;\n.reg .pred %%p<3>;\n"                                                     \
    "ld.param.u64 %%rd0, [out];\nmov.u64 %%rd1, v;\ncvta.local.u64 %%rd2, %%rd1;\n"                \
    "mov.u64 %%rd3, $str;\nmov.u32 %%r0, %%tid.x;\n%s\nret;\n}\n"
#define PRINT                                                                                      \
    "{ .param .b64 f;\n.param .b64 a;\n.param .b32 r;\nst.param.b64 [f], %rd3;\n"                  \
    "st.param.b64 [a], %rd2;\ncall.uni (r), vprintf, (f, a);\nld.param.b32 %r5, [r];\n}\n"

static void load_with_text(struct machine *m, const char *text, const char *body)
{
    char bytes[400] = "", module[4096];
    for (const char *c = text; *c; c++)
        snprintf(bytes + strlen(bytes), sizeof bytes - strlen(bytes), "%d, ", *c);
    snprintf(bytes + strlen(bytes), sizeof bytes - strlen(bytes), "0");
    snprintf(module, sizeof module, HEAD, bytes, body);
    *m = (struct machine){0};
    machine_load(m, module);
}

static void test_printf_follows_its_format_thread_by_thread(void **state)
{
    (void)state;
    struct machine m;
    load_with_text(&m, "%d|%5.2f|%-4x|%lld %%\n",
                   "st.local.u32 [%rd1], %r0;\nst.local.f64 [%rd1+8], 0d3FF4000000000000;\n"
                   "st.local.u32 [%rd1+16], 255;\nst.local.u64 [%rd1+24], -7;\n" PRINT
                   "st.global.u32 [%rd0], %r5;");
    m.launch.block[0] = 2;
    machine_go(&m);
    assert_string_equal(m.result.output.text, "0| 1.25|ff  |-7 %\n1| 1.25|ff  |-7 %\n");
    assert_int_equal(machine_word(&m, 0), 4);
    machine_done(&m);
}

static void test_printf_stays_in_the_order_of_blocks_and_within_its_budget(void **state)
{
    (void)state;
    struct machine m;
    load_with_text(&m, "%d ", "mov.u32 %r1, %ctaid.x;\nst.local.u32 [%rd1], %r1;\n" PRINT);
    m.launch.block[0] = 1;
    m.launch.grid[0] = 12;
    m.launch.workers = 4;
    machine_go(&m);
    assert_string_equal(m.result.output.text, "0 1 2 3 4 5 6 7 8 9 10 11 ");
    m.launch.budget.output_bytes = 5;
    machine_go(&m);
    assert_true(m.result.output_cut);
    assert_string_equal(m.result.output.text, "0 1 2");
    machine_done(&m);
}

static void test_an_assertion_tells_where_and_what(void **state)
{
    (void)state;
    struct machine m;
    load_with_text(&m, "n > 0",
                   "setp.ne.u32 %p1, %r0, 3;\n@%p1 bra FINE;\n{ .param .b64 a;\n.param .b64 b;\n"
                   ".param .b32 c;\n.param .b64 d;\n.param .b64 e;\nst.param.b64 [a], %rd3;\n"
                   "st.param.b64 [b], %rd3;\nst.param.b32 [c], 12;\nst.param.b64 [d], %rd3;\n"
                   "st.param.b64 [e], 1;\ncall.uni __assertfail, (a, b, c, d, e);\n}\nFINE:");
    machine_run(&m);
    assert_int_equal(m.result.fault, VG_ASSERT);
    assert_int_equal(m.result.thread[0], 3);
    assert_non_null(strstr(m.result.text, ":12: n > 0: Assertion `n > 0` failed."));
    machine_done(&m);
}

static void test_memory_of_device_malloc_works_until_free(void **state)
{
    (void)state;
    struct machine m;
    load_with_text(&m, "",
                   "{ .param .b64 n;\n.param .b64 r;\nst.param.b64 [n], 64;\n"
                   "call.uni (r), malloc, (n);\nld.param.b64 %rd4, [r];\n}\n"
                   "st.u32 [%rd4+60], 5;\nld.u32 %r1, [%rd4+60];\nst.global.u32 [%rd0], %r1;\n"
                   "{ .param .b64 p;\nst.param.b64 [p], %rd4;\ncall.uni free, (p);\n}\n"
                   "ld.u32 %r1, [%rd4+60];");
    machine_run(&m);
    assert_int_equal(machine_word(&m, 0), 5);
    assert_int_equal(m.result.fault, VG_ILLEGAL_ADDRESS);
    assert_non_null(strstr(m.result.text, "freed device-side malloc"));
    machine_done(&m);
}

/* ---- who watches ---- */

struct seen {
    uint32_t accesses, issues, merges, syncs;
    uint64_t first_address;
    int stride;
};

static void see_access(void *context, const struct vg_access *a)
{
    struct seen *s = context;
    if (s->accesses++ == 0) {
        s->first_address = a->addresses[0];
        s->stride = a->uniform_stride;
    }
}

static void see_issue(void *context, struct vg_warp *w, const struct vg_insn *i, uint32_t mask)
{
    (void)w;
    (void)i;
    (void)mask;
    ((struct seen *)context)->issues++;
}

static void see_merge(void *context, struct vg_block *b)
{
    struct seen *s = context;
    assert_int_equal(b->number, s->merges);
    s->merges++;
}

static void see_sync(void *context, struct vg_block *b, struct vg_warp *w, enum vg_sync_kind kind,
                     uint32_t id, uint32_t mask)
{
    (void)b;
    (void)w;
    (void)id;
    (void)mask;
    ((struct seen *)context)->syncs += kind == VG_SYNC_BLOCK;
}

static void test_watchers_see_accesses_instructions_and_barriers(void **state)
{
    (void)state;
    struct seen seen = {0};
    const struct vg_watcher watcher = {.context = &seen,
                                       .access = see_access,
                                       .issue = see_issue,
                                       .sync = see_sync,
                                       .block_merge = see_merge};
    struct machine m;
    machine_body(&m, "mul.wide.u32 %rd1, %r0, 4;\nadd.s64 %rd1, %rd0, %rd1;\n"
                     "st.global.u32 [%rd1], %r0;\nbar.sync 0;\nret;");
    m.launch.grid[0] = 3;
    m.launch.block[0] = 64;
    m.launch.workers = 1;
    m.launch.watchers[1] = &watcher;
    machine_go(&m);
    assert_int_equal(seen.accesses, 6);
    assert_int_equal(seen.first_address, m.out);
    assert_int_equal(seen.stride, 4);
    assert_int_equal(seen.issues, m.result.warp_instructions);
    assert_int_equal(seen.syncs, 3);
    assert_int_equal(seen.merges, 3);
    machine_done(&m);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_faults_name_thread_and_reason),
        cmocka_unit_test(test_a_freed_pointer_is_found_out),
        cmocka_unit_test(test_the_first_block_in_order_has_the_fault),
        cmocka_unit_test(test_the_source_line_is_told_where_the_ptx_has_it),
        cmocka_unit_test(test_launches_that_no_device_takes_are_refused),
        cmocka_unit_test(test_instructions_that_are_not_there_are_refused_by_name),
        cmocka_unit_test(test_printf_follows_its_format_thread_by_thread),
        cmocka_unit_test(test_printf_stays_in_the_order_of_blocks_and_within_its_budget),
        cmocka_unit_test(test_an_assertion_tells_where_and_what),
        cmocka_unit_test(test_memory_of_device_malloc_works_until_free),
        cmocka_unit_test(test_watchers_see_accesses_instructions_and_barriers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

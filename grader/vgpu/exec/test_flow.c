/* Divergence, calls, barriers, deadlocks: where lanes are and when. */
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "grader/vgpu/exec/test_machine.h"

/* out[tid] = %r1 */
#define STORE                                                                                      \
    "mul.wide.u32 %rd60, %r0, 4;\nadd.s64 %rd61, %rd0, %rd60;\nst.global.u32 [%rd61], %r1;\n"

static void expect_words(struct machine *m, uint32_t n, uint32_t (*want)(uint32_t))
{
    for (uint32_t k = 0; k < n; k++)
        if (machine_word(m, k) != want(k))
            fail_msg("out[%u] is %u, not %u", k, machine_word(m, k), want(k));
}

static uint32_t own_number(uint32_t k)
{
    return k;
}

static void test_each_thread_writes_its_number(void **state)
{
    (void)state;
    struct machine m;
    machine_body(&m, "mov.u32 %r1, %r0;\n" STORE "ret;");
    m.launch.block[0] = 77;
    machine_go(&m);
    expect_words(&m, 77, own_number);
    assert_int_equal(machine_word(&m, 77), 0);
    assert_int_equal(m.result.warp_instructions, 3 * 7);
    assert_int_equal(m.result.lane_instructions, 77 * 7);
    machine_done(&m);
}

static uint32_t odd_or_even(uint32_t k)
{
    return k % 2 ? 100 + k : 200;
}

static void test_both_sides_of_a_branch_run_and_meet(void **state)
{
    (void)state;
    struct machine m;
    machine_body(&m, "and.b32 %r2, %r0, 1;\nsetp.eq.u32 %p1, %r2, 0;\n@%p1 bra EVEN;\n"
                     "add.u32 %r1, %r0, 100;\nbra.uni JOIN;\n"
                     "EVEN: mov.u32 %r1, 200;\n"
                     "JOIN: activemask.b32 %r3;\nst.global.u32 [%rd0+512], %r3;\n" STORE "ret;");
    machine_go(&m);
    expect_words(&m, 32, odd_or_even);
    assert_int_equal(machine_word(&m, 128), 0xffffffff);
    machine_done(&m);
}

static uint32_t sum_below(uint32_t k)
{
    return k * (k + 1) / 2;
}

static void test_lanes_leave_a_loop_one_by_one_and_meet_behind_it(void **state)
{
    (void)state;
    struct machine m;
    machine_body(&m, "mov.u32 %r1, 0;\nmov.u32 %r2, 0;\n"
                     "LOOP: add.u32 %r1, %r1, %r2;\nadd.u32 %r2, %r2, 1;\n"
                     "setp.le.u32 %p1, %r2, %r0;\n@%p1 bra LOOP;\n"
                     "activemask.b32 %r3;\nst.global.u32 [%rd0+512], %r3;\n" STORE "ret;");
    machine_go(&m);
    expect_words(&m, 32, sum_below);
    assert_int_equal(machine_word(&m, 128), 0xffffffff);
    machine_done(&m);
}

static void test_a_spinning_lane_lets_the_holder_of_the_lock_go_on(void **state)
{
    (void)state;
    struct machine m;
    /* while (atomicCAS(lock, 0, 1)); ++n; lock = 0;  with one lock for all lanes */
    machine_body(&m, "SPIN: atom.global.cas.b32 %r2, [%rd0], 0, 1;\nsetp.ne.u32 %p1, %r2, 0;\n"
                     "@%p1 bra SPIN;\n"
                     "ld.volatile.global.u32 %r3, [%rd0+4];\nadd.u32 %r3, %r3, 1;\n"
                     "st.volatile.global.u32 [%rd0+4], %r3;\nmembar.gl;\n"
                     "atom.global.exch.b32 %r4, [%rd0], 0;\nret;");
    m.launch.block[0] = 64;
    m.launch.grid[0] = 3;
    machine_go(&m);
    assert_int_equal(machine_word(&m, 1), 3 * 64);
    machine_done(&m);
}

static void test_a_warp_may_wait_for_another_by_a_flag(void **state)
{
    (void)state;
    struct machine m;
    machine_body(&m, "setp.ge.u32 %p1, %r0, 32;\n@%p1 bra SET;\n"
                     "WAIT: ld.volatile.global.u32 %r2, [%rd0];\nsetp.eq.u32 %p2, %r2, 0;\n"
                     "@%p2 bra WAIT;\nst.global.u32 [%rd0+4], %r2;\nret;\n"
                     "SET: st.volatile.global.u32 [%rd0], 7;\nret;");
    m.launch.block[0] = 64;
    machine_go(&m);
    assert_int_equal(machine_word(&m, 1), 7);
    machine_done(&m);
}

static void test_a_block_may_wait_for_a_later_one(void **state)
{
    (void)state;
    struct machine m;
    machine_body(&m, "mov.u32 %r1, %ctaid.x;\nsetp.eq.u32 %p1, %r1, 5;\n@%p1 bra SET;\n"
                     "WAIT: ld.acquire.gpu.global.u32 %r2, [%rd0];\nsetp.eq.u32 %p2, %r2, 0;\n"
                     "@%p2 bra WAIT;\nret;\n"
                     "SET: st.release.gpu.global.u32 [%rd0], 9;\nret;");
    m.launch.grid[0] = 6;
    machine_go(&m);
    machine_done(&m);
}

#define SHARED ".shared .align 4 .b32 s[64];\n"
static void test_a_barrier_holds_all_warps(void **state)
{
    (void)state;
    struct machine m;
    /* s[tid] = tid; barrier; out[tid] = s[63 - tid] */
    machine_body(&m, SHARED "mov.u32 %r2, s;\nshl.b32 %r3, %r0, 2;\nadd.u32 %r4, %r2, %r3;\n"
                            "st.shared.u32 [%r4], %r0;\nbar.sync 0;\nsub.u32 %r5, 63, %r0;\n"
                            "shl.b32 %r5, %r5, 2;\nadd.u32 %r5, %r2, %r5;\n"
                            "ld.shared.u32 %r1, [%r5];\n" STORE "ret;");
    m.launch.block[0] = 64;
    machine_go(&m);
    for (uint32_t k = 0; k < 64; k++)
        assert_int_equal(machine_word(&m, k), 63 - k);
    machine_done(&m);
}

static void test_exited_threads_leave_barriers(void **state)
{
    (void)state;
    struct machine m;
    machine_body(&m, "setp.ge.u32 %p1, %r0, 40;\n@%p1 exit;\nbar.sync 0;\nmov.u32 %r1, 1;\n" STORE
                     "ret;");
    m.launch.block[0] = 96;
    machine_go(&m);
    assert_int_equal(machine_word(&m, 39), 1);
    assert_int_equal(machine_word(&m, 40), 0);
    machine_done(&m);
}

static void test_a_barrier_that_reduces_gives_all_the_same(void **state)
{
    (void)state;
    struct machine m;
    machine_body(&m, "setp.lt.u32 %p1, %r0, 40;\nbar.red.popc.u32 %r1, 0, %p1;\n"
                     "bar.red.and.pred %p2, 0, %p1;\nbar.red.or.pred %p3, 0, !%p1;\n"
                     "@%p2 add.u32 %r1, %r1, 1000;\n@%p3 add.u32 %r1, %r1, 100;\n" STORE "ret;");
    m.launch.block[0] = 64;
    machine_go(&m);
    assert_int_equal(machine_word(&m, 0), 140);
    assert_int_equal(machine_word(&m, 63), 140);
    machine_done(&m);
}

static void test_warps_that_wait_at_different_barriers_are_a_deadlock(void **state)
{
    (void)state;
    struct machine m;
    machine_body(&m, "setp.lt.u32 %p1, %r0, 32;\n@%p1 bra A;\nbar.sync 1, 64;\nret;\n"
                     "A: bar.sync 2, 64;\nret;");
    m.launch.block[0] = 64;
    machine_run(&m);
    assert_int_equal(m.result.fault, VG_TIMEOUT);
    assert_non_null(strstr(m.result.text, "deadlock"));
    assert_non_null(strstr(m.result.text, "warp 1 lanes 0xffffffff at bar.sync"));
    machine_done(&m);
}

static void test_named_barriers_pass_part_of_a_block(void **state)
{
    (void)state;
    struct machine m;
    /* warps 0 and 1 meet at barrier 3; warp 2 only arrives at 4, where warp 0 waits */
    machine_body(&m, "setp.lt.u32 %p1, %r0, 64;\nsetp.lt.u32 %p2, %r0, 32;\nmov.u32 %r1, 5;\n"
                     "@!%p1 bar.arrive 4, 64;\n@%p1 bar.sync 3, 64;\n@%p2 bar.sync 4, 64;\n" STORE
                     "ret;");
    m.launch.block[0] = 96;
    machine_go(&m);
    assert_int_equal(machine_word(&m, 0), 5);
    assert_int_equal(machine_word(&m, 95), 5);
    machine_done(&m);
}

static void test_syncwarp_joins_lanes_of_both_sides(void **state)
{
    (void)state;
    struct machine m;
    machine_body(&m, SHARED "mov.u32 %r2, s;\nshl.b32 %r3, %r0, 2;\nadd.u32 %r4, %r2, %r3;\n"
                            "setp.lt.u32 %p1, %r0, 16;\n@%p1 bra LOW;\n"
                            "st.shared.u32 [%r4], %r0;\nbar.warp.sync 0xffffffff;\n"
                            "mov.u32 %r1, 1;\nbra.uni JOIN;\n"
                            "LOW: bar.warp.sync 0xffffffff;\nld.shared.u32 %r1, [%r4+64];\n"
                            "JOIN: " STORE "ret;");
    machine_go(&m);
    for (uint32_t k = 0; k < 32; k++)
        assert_int_equal(machine_word(&m, k), k < 16 ? k + 16 : 1);
    machine_done(&m);
}

static void test_shuffles_read_other_lanes_and_say_whether(void **state)
{
    (void)state;
    struct machine m;
    machine_body(
        &m, "shfl.sync.down.b32 %r1|%p1, %r0, 8, 31, -1;\n"
            "@!%p1 add.u32 %r1, %r1, 1000;\n" STORE
            "shfl.sync.bfly.b32 %r1, %r0, 5, 0x1f, 0xffffffff;\nadd.s64 %rd0, %rd0, 256;\n" STORE
            "shfl.sync.up.b32 %r1|%p2, %r0, 3, 0, -1;\nadd.s64 %rd0, %rd0, 256;\n" STORE
            "shfl.sync.idx.b32 %r1, %r0, 9, 0x181f, -1;\nadd.s64 %rd0, %rd0, 256;\n" STORE "ret;");
    machine_go(&m);
    for (uint32_t k = 0; k < 32; k++) {
        assert_int_equal(machine_word(&m, k), k < 24 ? k + 8 : k + 1000);
        assert_int_equal(machine_word(&m, 64 + k), k ^ 5);
        assert_int_equal(machine_word(&m, 128 + k), k < 3 ? k : k - 3);
        assert_int_equal(machine_word(&m, 192 + k), k / 8 * 8 + 1); /* segments of 8 */
    }
    machine_done(&m);
}

static void test_votes_count_the_lanes_they_name(void **state)
{
    (void)state;
    struct machine m;
    machine_body(&m, "setp.lt.u32 %p1, %r0, 4;\nvote.sync.ballot.b32 %r1, %p1, -1;\n"
                     "vote.sync.any.pred %p2, %p1, -1;\nvote.sync.all.pred %p3, %p1, -1;\n"
                     "vote.sync.uni.pred %p4, %p1, -1;\n@%p2 add.u32 %r1, %r1, 0x100;\n"
                     "@%p3 add.u32 %r1, %r1, 0x200;\n@%p4 add.u32 %r1, %r1, 0x400;\n" STORE
                     "shr.u32 %r2, %r0, 3;\nmatch.any.sync.b32 %r1, %r2, -1;\n"
                     "add.s64 %rd0, %rd0, 256;\n" STORE
                     "redux.sync.add.u32 %r1, %r0, -1;\nadd.s64 %rd0, %rd0, 256;\n" STORE "ret;");
    machine_go(&m);
    assert_int_equal(machine_word(&m, 9), 0x10f);
    assert_int_equal(machine_word(&m, 64 + 9), 0x0000ff00);
    assert_int_equal(machine_word(&m, 128 + 9), 496);
    machine_done(&m);
}

#define HEAD ".version 9.0\n.target sm_80\n.address_size 64\n"
static void test_functions_return_to_all_their_callers(void **state)
{
    (void)state;
    struct machine m = {0};
    /* fib(tid % 10), recursive: lanes part inside and meet behind the call */
    machine_load(
        &m,
        HEAD ".func (.param .b32 out) fib(.param .b32 n)\n{\n.reg .b32 %r<9>;\n.reg .pred %p1;\n"
             "ld.param.u32 %r1, [n];\nsetp.lt.u32 %p1, %r1, 2;\n@%p1 bra SMALL;\n"
             "add.u32 %r2, %r1, -1;\nadd.u32 %r3, %r1, -2;\n"
             "{ .param .b32 a;\n.param .b32 b;\nst.param.b32 [a], %r2;\n"
             "call.uni (b), fib, (a);\nld.param.b32 %r4, [b];\n}\n"
             "{ .param .b32 a;\n.param .b32 b;\nst.param.b32 [a], %r3;\n"
             "call.uni (b), fib, (a);\nld.param.b32 %r5, [b];\n}\n"
             "add.u32 %r1, %r4, %r5;\n"
             "SMALL: st.param.b32 [out], %r1;\nret;\n}\n"
             ".visible .entry k(.param .u64 out)\n{\n.reg .b32 %r<9>;\n.reg .b64 %rd<9>;\n"
             ".reg .b64 %rd60, %rd61;\n"
             "ld.param.u64 %rd0, [out];\nmov.u32 %r0, %tid.x;\nrem.u32 %r2, %r0, 10;\n"
             "{ .param .b32 a;\n.param .b32 b;\nst.param.b32 [a], %r2;\n"
             "call.uni (b), fib, (a);\nld.param.b32 %r1, [b];\n}\n" STORE
             "activemask.b32 %r3;\nst.global.u32 [%rd0+512], %r3;\nret;\n}\n");
    static const uint32_t fib[] = {0, 1, 1, 2, 3, 5, 8, 13, 21, 34};
    machine_go(&m);
    for (uint32_t k = 0; k < 32; k++)
        assert_int_equal(machine_word(&m, k), fib[k % 10]);
    assert_int_equal(machine_word(&m, 128), 0xffffffff);
    machine_done(&m);
}

static void test_each_lane_calls_the_function_it_points_to(void **state)
{
    (void)state;
    struct machine m = {0};
    machine_load(
        &m,
        HEAD ".func (.param .b32 o) one(.param .b32 n)\n{\n.reg .b32 %r1;\nld.param.b32 %r1, [n];\n"
             "add.u32 %r1, %r1, 100;\nst.param.b32 [o], %r1;\nret;\n}\n"
             ".func (.param .b32 o) two(.param .b32 n)\n{\n.reg .b32 %r1;\nld.param.b32 %r1, [n];\n"
             "add.u32 %r1, %r1, 200;\nst.param.b32 [o], %r1;\nret;\n}\n"
             ".visible .entry k(.param .u64 out)\n{\n.reg .b32 %r<9>;\n.reg .b64 %rd<9>;\n"
             ".reg .b64 %rd60, %rd61;\n.reg .pred %p1;\n"
             "ld.param.u64 %rd0, [out];\nmov.u32 %r0, %tid.x;\nand.b32 %r2, %r0, 1;\n"
             "setp.eq.u32 %p1, %r2, 0;\nmov.u64 %rd1, one;\nmov.u64 %rd2, two;\n"
             "selp.b64 %rd3, %rd1, %rd2, %p1;\n"
             "{ .param .b32 a;\n.param .b32 b;\nst.param.b32 [a], %r0;\n"
             "P: .callprototype (.param .b32 _) _ (.param .b32 _);\n"
             "call (b), %rd3, (a), P;\nld.param.b32 %r1, [b];\n}\n" STORE "ret;\n}\n");
    machine_go(&m);
    for (uint32_t k = 0; k < 32; k++)
        assert_int_equal(machine_word(&m, k), k + (k % 2 ? 200 : 100));
    machine_done(&m);
}

static void test_endless_recursion_is_a_fault(void **state)
{
    (void)state;
    struct machine m = {0};
    machine_load(&m, HEAD ".func f()\n{\ncall.uni f, ();\nret;\n}\n"
                          ".visible .entry k(.param .u64 out)\n{\ncall.uni f, ();\nret;\n}\n");
    machine_run(&m);
    assert_int_equal(m.result.fault, VG_LAUNCH_FAILURE);
    assert_non_null(strstr(m.result.text, "stack overflow"));
    machine_done(&m);
}

static void test_an_endless_loop_ends_with_the_budget(void **state)
{
    (void)state;
    struct machine m;
    machine_body(&m, "L: bra.uni L;");
    m.launch.budget.warp_instructions = 100000;
    machine_run(&m);
    assert_int_equal(m.result.fault, VG_TIMEOUT);
    machine_done(&m);
}

static void test_a_table_of_branches_sends_each_lane_its_way(void **state)
{
    (void)state;
    struct machine m;
    machine_body(&m, "and.b32 %r2, %r0, 3;\nT: .branchtargets A, B, C, A;\nbrx.idx %r2, T;\n"
                     "A: mov.u32 %r1, 1;\nbra JOIN;\nB: mov.u32 %r1, 2;\nbra JOIN;\n"
                     "C: mov.u32 %r1, 3;\nJOIN: " STORE
                     "activemask.b32 %r3;\nst.global.u32 [%rd0+512], %r3;\nret;");
    static const uint32_t want[] = {1, 2, 3, 1};
    machine_go(&m);
    for (uint32_t k = 0; k < 32; k++)
        assert_int_equal(machine_word(&m, k), want[k % 4]);
    assert_int_equal(machine_word(&m, 128), 0xffffffff);
    machine_done(&m);
}

/* Blocks add 1, 1/2, 1/3 ... as floats: the sum shows the order. */
static uint32_t float_sum(int workers, uint64_t order)
{
    struct machine m;
    machine_body(&m, "mov.u32 %r1, %ctaid.x;\nadd.u32 %r1, %r1, 1;\ncvt.rn.f32.u32 %f1, %r1;\n"
                     "rcp.rn.f32 %f1, %f1;\nred.global.add.f32 [%rd0], %f1;\nret;");
    m.launch.grid[0] = 200;
    m.launch.workers = workers;
    m.launch.order = order;
    machine_go(&m);
    const uint32_t sum = machine_word(&m, 0);
    machine_done(&m);
    return sum;
}

static void test_sums_of_floats_depend_on_the_order_not_on_workers(void **state)
{
    (void)state;
    assert_int_equal(float_sum(1, 0), float_sum(4, 0));
    assert_int_equal(float_sum(1, 7), float_sum(3, 7));
    assert_int_not_equal(float_sum(1, 0), float_sum(1, 7));
}

static void test_workers_change_neither_memory_nor_counters(void **state)
{
    (void)state;
    struct machine m;
    machine_body(&m,
                 "mov.u32 %r1, %ctaid.x;\nmov.u32 %r2, %ntid.x;\nmad.lo.u32 %r0, %r1, %r2, %r0;\n"
                 "mul.lo.u32 %r1, %r0, %r0;\n" STORE "red.global.add.u32 [%rd0+32768], %r0;\nret;");
    m.launch.grid[0] = 64;
    m.launch.block[0] = 64;
    machine_go(&m);
    const uint64_t lanes = m.result.lane_instructions;
    m.launch.workers = 4;
    machine_go(&m);
    assert_int_equal(m.result.lane_instructions, lanes);
    assert_int_equal(machine_word(&m, 4095), 4095u * 4095u);
    assert_int_equal(machine_word(&m, 8192), 2 * (4095u * 4096u / 2));
    machine_done(&m);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_each_thread_writes_its_number),
        cmocka_unit_test(test_both_sides_of_a_branch_run_and_meet),
        cmocka_unit_test(test_lanes_leave_a_loop_one_by_one_and_meet_behind_it),
        cmocka_unit_test(test_a_spinning_lane_lets_the_holder_of_the_lock_go_on),
        cmocka_unit_test(test_a_warp_may_wait_for_another_by_a_flag),
        cmocka_unit_test(test_a_block_may_wait_for_a_later_one),
        cmocka_unit_test(test_a_barrier_holds_all_warps),
        cmocka_unit_test(test_exited_threads_leave_barriers),
        cmocka_unit_test(test_a_barrier_that_reduces_gives_all_the_same),
        cmocka_unit_test(test_warps_that_wait_at_different_barriers_are_a_deadlock),
        cmocka_unit_test(test_named_barriers_pass_part_of_a_block),
        cmocka_unit_test(test_syncwarp_joins_lanes_of_both_sides),
        cmocka_unit_test(test_shuffles_read_other_lanes_and_say_whether),
        cmocka_unit_test(test_votes_count_the_lanes_they_name),
        cmocka_unit_test(test_functions_return_to_all_their_callers),
        cmocka_unit_test(test_each_lane_calls_the_function_it_points_to),
        cmocka_unit_test(test_endless_recursion_is_a_fault),
        cmocka_unit_test(test_an_endless_loop_ends_with_the_budget),
        cmocka_unit_test(test_a_table_of_branches_sends_each_lane_its_way),
        cmocka_unit_test(test_sums_of_floats_depend_on_the_order_not_on_workers),
        cmocka_unit_test(test_workers_change_neither_memory_nor_counters),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

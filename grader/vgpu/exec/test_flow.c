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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_each_thread_writes_its_number),
        cmocka_unit_test(test_both_sides_of_a_branch_run_and_meet),
        cmocka_unit_test(test_lanes_leave_a_loop_one_by_one_and_meet_behind_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

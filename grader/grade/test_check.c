/* The score of a group, without a runner: cases, parts, credit, hints, and how failures read. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "grader/grade/check.h"

static const struct lab lab = {.limits = {.case_cpu_ms = 100, .group_cpu_ms = 1000}};

struct fixture {
    struct arena report;
    struct runner_slot slot;
    struct check k;
};

static struct check *begin(struct fixture *f, uint64_t seed)
{
    *f = (struct fixture){.slot = {.max_incidents = 8}};
    arena_init(&f->report, 1 << 20);
    check_init(&f->k, &lab, "group", &f->slot, &f->report, seed);
    return &f->k;
}

static void end(struct fixture *f)
{
    check_done(&f->k);
    arena_done(&f->report);
}

static void points_follow_the_share_of_passed_cases(void **state)
{
    (void)state;
    struct fixture f;
    struct check *k = begin(&f, 1);
    for (int i = 0; i < 4; i++) {
        check_case(k, "case %d", i);
        check_i64(k, "x", 0, i == 2);
    }
    check_end_case(k);
    assert_int_equal(k->cases, 4);
    assert_int_equal(k->passed, 3);
    assert_true(check_share(k) == 0.75);
    assert_int_equal(k->verdict, VERDICT_WRONG_ANSWER);
    assert_string_equal(k->failure.test_case, "case 2");
    assert_string_equal(k->failure.expected, "x = 0");
    assert_string_equal(k->failure.actual, "x = 1");
    end(&f);
}

static void parts_weigh_what_they_say_whatever_their_cases(void **state)
{
    (void)state;
    struct fixture f;
    struct check *k = begin(&f, 1);
    check_part(k, "small", 8);
    check_case(k, "right");
    check_part(k, "large", 2);
    for (int i = 0; i < 10; i++) {
        check_case(k, "wrong");
        check_fail(k, "a", "b");
    }
    check_part(k, "small", 8);
    check_case(k, "wrong too");
    check_fail(k, "a", "b");
    check_end_case(k);
    assert_true(check_share(k) == 0.4);
    end(&f);
}

static void credit_counts_in_part_and_its_note_is_the_hint(void **state)
{
    (void)state;
    struct fixture f;
    struct check *k = begin(&f, 1);
    check_case(k, "half");
    check_credit(k, 0.5, "could be better");
    check_case(k, "whole");
    check_credit(k, 1, "not shown");
    check_end_case(k);
    assert_true(check_share(k) == 0.75);
    assert_int_equal(k->passed, 1);
    assert_string_equal(k->failure.hint, "could be better");
    end(&f);
}

static void the_first_fault_and_the_first_hint_of_a_case_stay(void **state)
{
    (void)state;
    struct fixture f;
    struct check *k = begin(&f, 1);
    check_case(k, "c");
    check_hint(k, "first");
    check_fail_as(k, VERDICT_RUNTIME_ERROR, "returns", "crashed");
    check_fail(k, "other", "fault");
    check_hint(k, "second");
    check_case(k, "d");
    check_fail(k, "x", "y");
    check_end_case(k);
    assert_int_equal(k->verdict, VERDICT_RUNTIME_ERROR);
    assert_string_equal(k->failure.actual, "crashed");
    assert_string_equal(k->failure.hint, "first");
    end(&f);
}

static void a_case_has_the_same_numbers_for_the_same_seed_only(void **state)
{
    (void)state;
    uint64_t first[3];
    for (int i = 0; i < 3; i++) {
        struct fixture f;
        struct check *k = begin(&f, i == 2 ? 7 : 1);
        check_case(k, "a");
        first[i] = lab_rng_next(check_rng(k));
        check_case(k, "b");
        assert_true(lab_rng_next(check_rng(k)) != first[i]);
        end(&f);
    }
    assert_true(first[0] == first[1] && first[0] != first[2]);
}

static void differences_are_shown_where_they_begin(void **state)
{
    (void)state;
    struct fixture f;
    struct check *k = begin(&f, 1);
    const uint8_t want[40] = {0}, got[40] = {[34] = 0x80};
    check_case(k, "bytes");
    assert_true(check_bytes(k, "dst", want, want, sizeof want));
    assert_false(check_bytes(k, "dst", want, got, sizeof want));
    check_end_case(k);
    assert_string_equal(k->failure.expected, "dst, byte 34: .. 00 00 00 00 [00] 00 00 00 00 00");
    assert_string_equal(k->failure.actual, "dst, byte 34: .. 00 00 00 00 [80] 00 00 00 00 00");
    end(&f);
}

static void floats_are_compared_bit_by_bit(void **state)
{
    (void)state;
    struct fixture f;
    struct check *k = begin(&f, 1);
    const float want[] = {1, 0.0f}, got[] = {1, -0.0f};
    check_case(k, "floats");
    assert_false(check_f32(k, "y", want, got, 2));
    assert_true(check_f64_near(k, "mean", 1.0, 1.0 + 1e-13, 1e-12));
    assert_false(check_f64_near(k, "mean", 1.0, 0.0 / 0.0, 1e-12));
    check_end_case(k);
    assert_string_equal(k->failure.expected, "y[1] = 0 (0x00000000); from [0]: 1 [0]");
    assert_string_equal(k->failure.actual, "y[1] = -0 (0x80000000); from [0]: 1 [-0]");
    end(&f);
}

static void after_too_many_incidents_cases_fail_unrun(void **state)
{
    (void)state;
    struct fixture f;
    struct check *k = begin(&f, 1);
    k->incidents = CHECK_GROUP_INCIDENTS;
    f.slot.last_incident = VERDICT_TIME_LIMIT;
    check_case(k, "not run");
    assert_false(call_run(check_call(k, 0)));
    check_end_case(k);
    assert_int_equal(k->verdict, VERDICT_TIME_LIMIT);
    assert_int_equal(k->cases, 1);
    assert_true(check_share(k) == 0);
    end(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(points_follow_the_share_of_passed_cases),
        cmocka_unit_test(parts_weigh_what_they_say_whatever_their_cases),
        cmocka_unit_test(credit_counts_in_part_and_its_note_is_the_hint),
        cmocka_unit_test(the_first_fault_and_the_first_hint_of_a_case_stay),
        cmocka_unit_test(a_case_has_the_same_numbers_for_the_same_seed_only),
        cmocka_unit_test(differences_are_shown_where_they_begin),
        cmocka_unit_test(floats_are_compared_bit_by_bit),
        cmocka_unit_test(after_too_many_incidents_cases_fail_unrun),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

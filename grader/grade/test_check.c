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
    assert_string_equal(k->shown.failure.test_case, "case 2");
    assert_string_equal(k->shown.failure.expected, "x = 0");
    assert_string_equal(k->shown.failure.actual, "x = 1");
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
    assert_string_equal(k->shown.failure.hint, "could be better");
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
    assert_string_equal(k->shown.failure.actual, "crashed");
    assert_string_equal(k->shown.failure.hint, "first");
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
    assert_string_equal(k->shown.failure.expected, "dst, byte 34 of 40\n"
                                                   "   24: 00 00 00 00 00 00 00 00\n"
                                                   "   32: 00 00 00 00 00 00 00 00");
    assert_string_equal(k->shown.failure.actual, "dst, byte 34 of 40\n"
                                                 "   24: 00 00 00 00 00 00 00 00\n"
                                                 "   32: 00 00 80 00 00 00 00 00");
    const struct report_difference *d = &k->shown.failure.difference;
    assert_true(k->shown.failure.has_difference);
    assert_int_equal(d->line, 3);
    assert_int_equal(d->column, 14);
    assert_string_equal(d->expected, "00");
    assert_string_equal(d->actual, "80");
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
    assert_string_equal(k->shown.failure.expected, "y[0] = 1\ny[1] = 0");
    assert_string_equal(k->shown.failure.actual, "y[0] = 1\ny[1] = -0");
    end(&f);
}

static void of_two_nans_the_bits_are_shown(void **state)
{
    (void)state;
    struct fixture f;
    struct check *k = begin(&f, 1);
    const uint32_t want_bits = 0x7fc00000, got_bits = 0x7fc00001;
    float want, got;
    memcpy(&want, &want_bits, sizeof want);
    memcpy(&got, &got_bits, sizeof got);
    check_case(k, "nan");
    assert_false(check_f32(k, "y", &want, &got, 1));
    check_end_case(k);
    assert_string_equal(k->shown.failure.expected, "y[0] = nan (0x7fc00000)");
    assert_string_equal(k->shown.failure.actual, "y[0] = nan (0x7fc00001)");
    end(&f);
}

/* ---- which failing case is shown ---- */

static void fail_one(struct check *k, const char *name, enum verdict verdict, uint64_t bytes,
                     const char *hint)
{
    check_case(k, "%s", name);
    k->now.called = true;
    k->now.bytes = bytes;
    check_fail_as(k, verdict, "a", "b");
    if (hint != NULL)
        check_hint(k, "%s", hint);
}

static void the_failing_case_that_tells_most_is_shown(void **state)
{
    (void)state;
    static const struct {
        const char *name, *shown;
        enum verdict verdict;
        uint64_t bytes;
        const char *hint;
    } steps[] = {
        {"large", "large", VERDICT_WRONG_ANSWER, 900, NULL},
        {"smaller", "smaller", VERDICT_WRONG_ANSWER, 100, NULL},
        {"as small, but later", "smaller", VERDICT_WRONG_ANSWER, 100, NULL},
        {"recognised", "recognised", VERDICT_WRONG_ANSWER, 500, "why"},
        {"small and not recognised", "recognised", VERDICT_WRONG_ANSWER, 10, NULL},
        {"what the group's verdict is", "what the group's verdict is", VERDICT_RUNTIME_ERROR, 800,
         NULL},
    };
    struct fixture f;
    struct check *k = begin(&f, 1);
    for (size_t i = 0; i < sizeof steps / sizeof steps[0]; i++) {
        fail_one(k, steps[i].name, steps[i].verdict, steps[i].bytes, steps[i].hint);
        check_end_case(k);
        assert_string_equal(k->shown.failure.test_case, steps[i].shown);
    }
    end(&f);
}

static void only_the_wanted_case_counts_and_has_the_same_numbers(void **state)
{
    (void)state;
    struct fixture f;
    uint64_t second = 0;
    for (int only = 0; only <= 2; only += 2) {
        struct check *k = begin(&f, 1);
        k->only = only;
        check_case(k, "first");
        check_fail(k, "a", "b");
        check_case(k, "second");
        const uint64_t drawn = lab_rng_next(check_rng(k));
        check_fail(k, "c", "d");
        check_end_case(k);
        assert_int_equal(k->cases, only == 0 ? 2 : 1);
        assert_string_equal(k->shown.failure.test_case, only == 0 ? "first" : "second");
        assert_true(only == 0 || drawn == second);
        second = drawn;
        end(&f);
    }
}

/* ---- shrinking, of cases without a runner ---- */

/* Fails for 3 and more of either size, as long as the first case of the group was not before it. */
static void fragile(struct check *k, const struct check_shape *s)
{
    check_case(k, "%d x %d", (int)s->size[0], (int)s->size[1]);
    k->now.called = true;
    if (s->size[0] >= 3 && s->size[1] >= 7)
        check_fail(k, "small", "large");
    if (s->size[0] >= 5)
        check_hint(k, "%s", s->fixed[0] != 0 ? "five or more" : "any");
    else if (k->now.failed)
        check_hint(k, "any");
}

static const struct report_failure *shrunk(struct fixture *f, int64_t fixed)
{
    struct check *k = begin(f, 1);
    check_shrinkable(k, fragile,
                     &(struct check_shape){.fixed = {fixed}, .size = {100, 64}, .least = {1, 2}});
    check_finish(k);
    assert_int_equal(k->cases, 1);
    assert_int_equal(k->incidents, 0);
    return &k->shown.failure;
}

static void a_failing_case_shrinks_to_the_smallest_that_fails(void **state)
{
    (void)state;
    struct fixture f;
    const struct report_failure *failure = shrunk(&f, 0);
    assert_string_equal(failure->test_case, "3 x 7");
    assert_string_equal(failure->found_as, "100 x 64");
    assert_string_equal(failure->hint, "any");
    end(&f);
}

static void a_case_does_not_shrink_to_another_mistake(void **state)
{
    (void)state;
    struct fixture f;
    const struct report_failure *failure = shrunk(&f, 1);
    assert_string_equal(failure->test_case, "5 x 7");
    assert_string_equal(failure->hint, "five or more");
    end(&f);
}

static void fails_once(struct check *k, const struct check_shape *s)
{
    static int runs; /* what a submission's own static variable would do */
    check_case(k, "%d", (int)s->size[0]);
    k->now.called = true;
    if (runs++ == 0)
        check_fail(k, "a", "b");
}

static void what_passes_alone_is_said_to_keep_state(void **state)
{
    (void)state;
    struct fixture f;
    struct check *k = begin(&f, 1);
    check_shrinkable(k, fails_once, &(struct check_shape){.size = {9}, .least = {1}});
    check_finish(k);
    assert_string_equal(k->shown.failure.test_case, "9");
    assert_false(k->shown.alone);
    assert_non_null(strstr(k->shown.failure.hint, "kept from one call to the next"));
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
        cmocka_unit_test(of_two_nans_the_bits_are_shown),
        cmocka_unit_test(the_failing_case_that_tells_most_is_shown),
        cmocka_unit_test(only_the_wanted_case_counts_and_has_the_same_numbers),
        cmocka_unit_test(a_failing_case_shrinks_to_the_smallest_that_fails),
        cmocka_unit_test(a_case_does_not_shrink_to_another_mistake),
        cmocka_unit_test(what_passes_alone_is_said_to_keep_state),
        cmocka_unit_test(after_too_many_incidents_cases_fail_unrun),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

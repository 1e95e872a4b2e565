/* Objects and files of a case, seen from the checker; that they work is proved by tests/sdk/labs.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "grader/grade/check.h"

static const struct lab lab = {.limits = {.case_cpu_ms = 100, .group_cpu_ms = 1000},
                               .allow = {.threads = 1, .files = true}};

struct fixture {
    struct arena report;
    struct runner_slot slot;
    struct check k;
};

static int begin(void **state)
{
    static struct fixture f;
    f = (struct fixture){.slot = {.max_incidents = 8, .starts = 3}};
    arena_init(&f.report, 1 << 20);
    check_init(&f.k, &lab, "group", &f.slot, &f.report, 1);
    check_case(&f.k, "case");
    *state = &f;
    return 0;
}

static int end(void **state)
{
    struct fixture *f = *state;
    check_done(&f->k);
    arena_done(&f->report);
    return 0;
}

/* No runner lives, so whatever an earlier one held is gone. */
static void an_object_of_a_process_that_ended_fails_its_case(void **state)
{
    struct fixture *f = *state;
    const struct check_handle old = {.id = 7, .start = 3, .runner = &f->slot};
    assert_false(check_alive(&f->k, old));
    struct call *c = check_call(&f->k, 0);
    call_handle(c, old);
    assert_false(call_run(c));
    assert_int_equal(f->k.now.verdict, VERDICT_RUNTIME_ERROR);
    assert_non_null(strstr(f->k.now.actual, "the program ended since then"));
    assert_int_equal(f->k.incidents, 0); /* it ended before, and that was counted then */
    assert_int_equal(f->slot.starts, 3); /* nothing was started for it */
}

static void the_crash_before_it_stays_the_story(void **state)
{
    struct fixture *f = *state;
    check_fail_as(&f->k, VERDICT_MEMORY_LIMIT, "less", "more");
    struct call *c = check_call(&f->k, 0);
    call_handle(c, (struct check_handle){.id = 7, .start = 2, .runner = &f->slot});
    assert_false(call_run(c));
    assert_int_equal(f->k.now.verdict, VERDICT_MEMORY_LIMIT);
}

static void an_object_that_was_never_made_is_an_argument_like_any_other(void **state)
{
    struct fixture *f = *state;
    struct call *c = check_call(&f->k, 0);
    call_handle(c, (struct check_handle){0});
    assert_int_equal(c->n_args, 1);
    assert_int_equal(c->args[0].i64, 0);
    assert_true(check_settle(&f->k, c));
    assert_false(check_failed(&f->k));
}

static void files_are_those_of_the_case(void **state)
{
    struct fixture *f = *state;
    const struct call *c = check_call(&f->k, 0);
    check_file(&f->k, "a", "1", 1);
    check_file(&f->k, "b", "22", 2);
    check_file(&f->k, "a", "333", 3);
    assert_true(check_settle(&f->k, c));
    assert_int_equal(f->slot.config.n_files, 2);
    assert_string_equal(f->slot.config.files[0].name, "a");
    assert_int_equal(f->slot.config.files[0].size, 3);
    const uint64_t shown = f->slot.file_set;
    check_case(&f->k, "the next");
    assert_true(check_settle(&f->k, check_call(&f->k, 0)));
    assert_int_equal(f->slot.config.n_files, 0);
    check_case(&f->k, "and one with the same file again");
    check_file(&f->k, "a", "1", 1);
    assert_true(check_settle(&f->k, check_call(&f->k, 0)));
    assert_true(f->slot.file_set != shown); /* or it would meet what the first one left */
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, begin, end)
    const struct CMUnitTest tests[] = {
        TEST(an_object_of_a_process_that_ended_fails_its_case),
        TEST(the_crash_before_it_stays_the_story),
        TEST(an_object_that_was_never_made_is_an_argument_like_any_other),
        TEST(files_are_those_of_the_case),
    };
    return cmocka_run_group_tests_name("check runner", tests, NULL, NULL);
}

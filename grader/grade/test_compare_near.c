/* Comparisons that allow a distance, known mistakes, and cases that are drawn again. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "grader/grade/check.h"
#include "grader/sdk/draw.h"
#include "grader/sdk/near.h"

static const struct lab lab = {.limits = {.case_cpu_ms = 100, .group_cpu_ms = 1000}};

struct fixture {
    struct arena report;
    struct runner_slot slot;
    struct check k;
};

static int begin(void **state)
{
    static struct fixture f;
    f = (struct fixture){.slot = {.max_incidents = 8}};
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

static void a_distance_within_the_tolerance_passes(void **state)
{
    struct check *k = &((struct fixture *)*state)->k;
    const float want[] = {1.0f, -2.0f}, got[] = {1.0f, -2.0f + 0x1p-22f};
    assert_true(check_f32_nerr(k, "y", want, got, 2, 1e-6));
    assert_true(check_f32_nmse(k, "y", want, got, 2, 1e-12));
    assert_true(check_f32_ulp(k, "y", want, got, 2, 2));
    assert_true(check_f32_ulp(k, "y", want, want, 2, 0));
    assert_true(check_f32_nerr(k, "y", want, got, 0, 0));
    assert_false(check_failed(k));
}

static void the_worst_element_is_told(void **state)
{
    struct check *k = &((struct fixture *)*state)->k;
    const float want[] = {1.0f, -2.0f, 3.0f}, got[] = {1.0f, -2.5f, 3.1f};
    assert_false(check_f32_nerr(k, "y", want, got, 3, 0.1));
    assert_string_equal(k->now.expected, "y[1] = -2; nerr at most 0.1");
    assert_string_equal(k->now.actual, "y[1] = -2.5; nerr 0.167, the worst of 3 here");
}

static void a_nan_fails_whatever_the_tolerance(void **state)
{
    struct check *k = &((struct fixture *)*state)->k;
    const float want[] = {1.0f, 2.0f}, got[] = {1.0f, NAN};
    assert_false(check_f32_nmse(k, "y", want, got, 2, INFINITY));
    assert_string_equal(k->now.actual, "y[1] = nan, and nothing is near to that");
}

static void a_known_mistake_gives_its_hint_and_no_other(void **state)
{
    struct check *k = &((struct fixture *)*state)->k;
    const float mistaken[] = {1.0f, 2.0f}, got[] = {1.0f, 2.0f}, other[] = {1.0f, 3.0f};
    assert_false(check_suspect(k, mistaken, other, sizeof other, "not this one"));
    assert_true(check_suspect(k, mistaken, got, sizeof got, "100% this one"));
    assert_string_equal(k->now.hint, "100% this one");
}

static void a_case_is_drawn_again_until_its_gap_is_wide(void **state)
{
    struct check *k = &((struct fixture *)*state)->k;
    double x[8];
    int draws = 0;
    do {
        for (int i = 0; i < 8; i++)
            x[i] = draw_uniform(check_rng(k), 0, 1);
        draws++;
    } while (check_redraw(k, margin_of_largest(x, 8), 0.3));
    assert_true(margin_of_largest(x, 8) >= 0.3);
    assert_in_range(draws, 2, 1000);
    assert_true(check_redraw(k, NAN, 0.3));
    assert_int_equal(k->rc, OK);
}

static void a_margin_out_of_reach_is_a_fault_of_the_checker(void **state)
{
    struct check *k = &((struct fixture *)*state)->k;
    int draws = 0;
    while (check_redraw(k, 0.1, 0.3))
        draws++;
    assert_int_equal(draws, 1000);
    assert_int_equal(k->rc, ERR_INTERNAL);
    assert_non_null(strstr(k->why.text, "'case' stay below the margin of 0.3"));
    assert_false(call_run(check_call(k, 0))); /* and nothing is run any more */
}

/* A call of one output that holds what a driver would have logged. */
static const struct call *logged(struct check *k, uint32_t kind, const char *text)
{
    static struct {
        struct frame_log head;
        struct frame_entry entry;
        char bytes[8];
    } log;
    memset(&log, 0, sizeof log);
    log.head.used = sizeof log.entry + sizeof log.bytes;
    log.entry = (struct frame_entry){.kind = kind, .size = (uint32_t)strlen(text)};
    memcpy(log.bytes, text, strlen(text));
    struct call *c = check_call(k, 0);
    call_out(c, sizeof log);
    c->outputs[0] = &log;
    return c;
}

static void a_log_is_compared_entry_by_entry(void **state)
{
    static const char *const kinds[] = {"word", "end"};
    static const struct log_entry hello = {0, 5, "hello"}, end = {1, 0, NULL};
    const struct log_entry both[] = {hello, end};
    struct check *k = &((struct fixture *)*state)->k;
    const struct {
        uint32_t kind;
        const char *text;
        size_t n;
        const char *expected, *actual;
    } table[] = {
        {0, "hello", 1, NULL, NULL},
        {0, "hallo", 1, "entry 0: word, 5 bytes: 68 65 6c 6c 6f",
         "entry 0: word, 5 bytes: 68 61 6c 6c 6f"},
        {1, "", 2, "entry 0: word, 5 bytes: 68 65 6c 6c 6f", "entry 0: end, 0 bytes"},
        {0, "hello", 2, "entry 1: end, 0 bytes", "no entry 1"},
        {9, "x", 0, "no entry 0", "entry 0, which should not be there"},
    };
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        check_case(k, "row %zu", i);
        const struct call *c = logged(k, table[i].kind, table[i].text);
        const bool same = check_log(k, kinds, both, table[i].n, c, 0);
        assert_int_equal(same, table[i].expected == NULL);
        if (same)
            continue;
        assert_string_equal(k->now.expected, table[i].expected);
        assert_string_equal(k->now.actual, table[i].actual);
    }
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, begin, end)
    const struct CMUnitTest tests[] = {
        TEST(a_distance_within_the_tolerance_passes),
        TEST(the_worst_element_is_told),
        TEST(a_nan_fails_whatever_the_tolerance),
        TEST(a_known_mistake_gives_its_hint_and_no_other),
        TEST(a_log_is_compared_entry_by_entry),
        TEST(a_case_is_drawn_again_until_its_gap_is_wide),
        TEST(a_margin_out_of_reach_is_a_fault_of_the_checker),
    };
    return cmocka_run_group_tests_name("compare near", tests, NULL, NULL);
}

/* A race with real runners, on lab 0.9 of tests/attacks: what is told of equal programs, of wrong
 * ones, and where the hardware counts. Times here say nothing; what is decided from times is
 * test_pairs.c. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include <jansson.h>
#include <sodium.h>

#include "grader/grade/build.h"
#include "grader/grade/calibrate.h"
#include "grader/grade/config.h"
#include "grader/grade/core.h"
#include "grader/grade/grade.h"
#include "grader/grade/timed.h"

enum { MEMORY_MAX = 64 << 20, BUDGET_MS = 200 };

struct fixture {
    struct arena arena;
    struct lab lab;
    int par_fd, wrong_fd;
    struct grade_builds wrong;
};

static int open_lab(void **state)
{
    static struct fixture f;
    const struct lab_paths paths = {.labs = "tests/attacks/labs", .build = CONFIG_LAB_BUILD_DIR};
    struct submission s;
    struct err why;
    arena_init(&f.arena, MEMORY_MAX);
    *state = &f;
    if (sodium_init() < 0)
        return -1;
    if (lab_open(&f.lab, &paths, "0.9", &f.arena, &why) != OK ||
        build_load_image(arena_printf(&f.arena, "%s/par", f.lab.build_dir), &f.par_fd, &why) !=
            OK ||
        submission_read_folder(&f.lab, arena_printf(&f.arena, "%s/starter", f.lab.dir), &f.arena,
                               &s, &why) != OK ||
        grade_builds_open(&f.wrong, &f.lab, &s, &(struct grade_options){.events_fd = -1}, &f.arena,
                          &why) != OK)
        fail_msg("%s", why.text);
    f.wrong_fd = f.wrong.plain.image_fd;
    return 0;
}

static int close_lab(void **state)
{
    struct fixture *f = *state;
    grade_builds_close(&f->wrong);
    close(f->par_fd);
    lab_close(&f->lab);
    arena_done(&f->arena);
    return 0;
}

/* The timed case of the lab, or `code` in its place, with a program of ours against par. */
static struct report_performance race_of(struct fixture *f, const struct lab_timed *code,
                                         int image_fd, int64_t budget_ms,
                                         const struct counters_host *counters)
{
    static const struct roofline roof = {
        .peak_gflops = 100, .levels = {{"memory", 1e18, 10}}, .n_levels = 1};
    const struct timed timed = {.rule = &f->lab.timed[0],
                                .code = code,
                                .budget_ms = budget_ms,
                                .roof = &roof,
                                .counters = counters};
    const int core = core_pick(-1);
    struct runner_slot learner = {.config = grade_runner_config(&f->lab, image_fd, false, core),
                                  .max_incidents = 8};
    struct runner_slot par = {.config = grade_runner_config(&f->lab, f->par_fd, false, core),
                              .max_incidents = 1};
    const struct core_before before = core_pin(core);
    struct check k;
    struct report_performance p = {.pairs = -1};
    struct err why;
    check_init(&k, &f->lab, f->lab.timed[0].name, &learner, &f->arena, 7);
    if (timed_run(&k, &par, &timed, &p, &why) != OK)
        fail_msg("%s", why.text);
    check_done(&k);
    assert_int_equal(sched_getscheduler(0), SCHED_OTHER);
    runner_slot_close(&par);
    runner_slot_close(&learner);
    core_release(&before);
    return p;
}

static struct report_performance race(struct fixture *f, int image_fd, int64_t budget_ms,
                                      const struct counters_host *counters)
{
    struct lab_timed code = *lab_timed_code(&f->lab, f->lab.timed[0].name);
    code.bytes = 1e6;
    return race_of(f, &code, image_fd, budget_ms, counters);
}

static void equal_programs_are_about_equal(void **state)
{
    struct fixture *f = *state;
    const struct report_performance p = race(f, f->par_fd, BUDGET_MS, NULL);
    assert_true(p.ratio > 0.3 && p.ratio < 3);
    assert_true(p.interval[0] <= p.ratio && p.ratio <= p.interval[1]);
    assert_true(p.pairs + p.discarded >= TIMED_FEWEST);
    assert_string_equal(p.tier, "honest");
    assert_true(p.earned == 20);
    assert_false(p.has_counters);
    assert_string_equal(p.level, "memory");
    assert_true(p.attained > 0);
}

static void without_a_budget_there_are_the_fewest_pairs(void **state)
{
    struct fixture *f = *state;
    const struct report_performance p = race(f, f->par_fd, 0, NULL);
    assert_int_equal(p.pairs + p.discarded, TIMED_FEWEST);
    assert_true(p.ratio > 0);
}

static void a_wrong_output_voids_the_timing_and_the_note_says_so(void **state)
{
    struct fixture *f = *state;
    const struct report_performance p = race(f, f->wrong_fd, BUDGET_MS, NULL);
    assert_true(p.ratio == 0 && p.value == 0 && p.earned == 0);
    assert_null(p.tier);
    assert_int_equal(p.pairs, 0);
    assert_non_null(strstr(p.note, "wrong"));
}

/* ---- what a race asks of the checker ---- */

static const struct lab_timed *inner; /* the lab's own */
static int prepared, verified;

static struct call *count_prepare(struct check *k)
{
    prepared++;
    return inner->prepare(k);
}

static struct call *call_and_prepare(struct check *k)
{
    (void)call_run(inner->prepare(k));
    return count_prepare(k);
}

static void count_verify(struct check *k, struct call *c)
{
    verified++;
    inner->verify(k, c);
}

/* Returns the pairs of a race of par against itself, those to warm up left out. */
static int counted_race(struct fixture *f, struct call *(*prepare)(struct check *k))
{
    inner = lab_timed_code(&f->lab, f->lab.timed[0].name);
    struct lab_timed code = *inner;
    code.prepare = prepare;
    code.verify = count_verify;
    prepared = verified = 0;
    const struct report_performance p = race_of(f, &code, f->par_fd, BUDGET_MS, NULL);
    assert_true(p.ratio > 0);
    return p.pairs + p.discarded;
}

static void an_input_is_made_once_for_both_sides_and_equal_outputs_are_judged_once(void **state)
{
    const int pairs = counted_race(*state, count_prepare);
    assert_in_range(prepared, 2 * (pairs + TIMED_WARM_UP_FEWEST),
                    2 * (pairs + TIMED_WARM_UP_PAIRS));
    assert_int_equal(verified, prepared);
}

static void where_making_it_takes_a_call_each_side_has_its_own(void **state)
{
    const int pairs = counted_race(*state, call_and_prepare);
    assert_in_range(prepared, 4 * (pairs + TIMED_WARM_UP_FEWEST),
                    4 * (pairs + TIMED_WARM_UP_PAIRS));
    assert_int_equal(verified, prepared);
}

/* ---- counters that always count the same ---- */

static int starts;

static int some_open(uint64_t event, pid_t pid, int leader)
{
    (void)event, (void)leader;
    return pid > 0 ? 100 : -1;
}

static int some_control(int leader, unsigned long request)
{
    (void)leader, (void)request;
    starts++;
    return 0;
}

static ssize_t some_read(int leader, void *bytes, size_t size)
{
    (void)leader;
    const uint64_t group[] = {COUNTERS, 10, 10, 4000, 2000, 30, 7};
    assert_true(size >= sizeof group);
    memcpy(bytes, group, sizeof group);
    return sizeof group;
}

static int some_close(int fd)
{
    (void)fd;
    return 0;
}

static void what_the_hardware_counts_in_calls_of_their_own_is_told(void **state)
{
    static const struct counters_host host = {some_open, some_control, some_read, some_close};
    struct fixture *f = *state;
    starts = 0;
    const struct report_performance p = race(f, f->par_fd, BUDGET_MS, &host);
    assert_true(p.has_counters);
    assert_int_equal(p.counters.instructions, 4000);
    assert_int_equal(p.counters.cycles, 2000);
    assert_int_equal(p.counters.cache_misses, 30);
    assert_int_equal(p.counters.branch_misses, 7);
    assert_int_equal(starts, 3 * TIMED_COUNTED); /* reset, enable, disable */
}

static int no_open(uint64_t event, pid_t pid, int leader)
{
    (void)event, (void)pid, (void)leader;
    return -1;
}

static void a_host_without_counters_times_all_the_same(void **state)
{
    static const struct counters_host host = {no_open, some_control, some_read, some_close};
    struct fixture *f = *state;
    const struct report_performance p = race(f, f->par_fd, BUDGET_MS, &host);
    assert_false(p.has_counters);
    assert_true(p.ratio > 0);
}

/* ---- calibration ---- */

static enum err_code calibrate(const char *labs, const char *lab, bool json, char *ret, size_t size,
                               struct err *why)
{
    const struct calibrate_command c = {.paths = {.labs = labs, .build = CONFIG_LAB_BUILD_DIR},
                                        .names = &lab,
                                        .n_names = 1,
                                        .core = -1,
                                        .json = json};
    struct arena a;
    bool fit = false;
    FILE *out = fmemopen(ret, size, "w");
    assert_non_null(out);
    arena_init(&a, MEMORY_MAX);
    const enum err_code rc = calibrate_run(&c, &a, out, &fit, why);
    fclose(out);
    arena_done(&a);
    return rc;
}

static void par_races_par_in_every_timed_case(void **state)
{
    (void)state;
    static char text[16384];
    struct err why;
    if (calibrate("tests/attacks/labs", "0.9", true, text, sizeof text, &why) != OK)
        fail_msg("%s", why.text);
    json_t *root = json_loads(text, 0, NULL);
    const json_t *cases = json_object_get(root, "cases");
    assert_int_equal(json_array_size(cases), 1);
    const json_t *one = json_array_get(cases, 0);
    assert_string_equal(json_string_value(json_object_get(one, "lab")), "0.9");
    assert_string_equal(json_string_value(json_object_get(one, "name")), "chain");
    const double ratio = json_number_value(json_object_get(one, "ratio"));
    assert_true(ratio > 0.3 && ratio < 3);
    json_decref(root);
}

static void a_lab_that_times_nothing_cannot_be_calibrated(void **state)
{
    (void)state;
    char text[64];
    struct err why;
    assert_int_equal(calibrate("bench/labs", "0.1", false, text, sizeof text, &why), ERR_NOT_FOUND);
    assert_non_null(strstr(why.text, "timed"));
    assert_int_equal(calibrate("bench/labs", "9.9", false, text, sizeof text, &why), ERR_NOT_FOUND);
}

/* ---- priority ---- */

static void priority_is_given_back(void **state)
{
    (void)state;
    const bool raised = core_raise(0, CORE_CLOCK);
    assert_int_equal(sched_getscheduler(0),
                     raised ? SCHED_FIFO | SCHED_RESET_ON_FORK : SCHED_OTHER);
    core_lower(0);
    assert_int_equal(sched_getscheduler(0), SCHED_OTHER);
    assert_false(core_raise(-1, CORE_CLOCK));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(equal_programs_are_about_equal),
        cmocka_unit_test(without_a_budget_there_are_the_fewest_pairs),
        cmocka_unit_test(a_wrong_output_voids_the_timing_and_the_note_says_so),
        cmocka_unit_test(an_input_is_made_once_for_both_sides_and_equal_outputs_are_judged_once),
        cmocka_unit_test(where_making_it_takes_a_call_each_side_has_its_own),
        cmocka_unit_test(what_the_hardware_counts_in_calls_of_their_own_is_told),
        cmocka_unit_test(a_host_without_counters_times_all_the_same),
        cmocka_unit_test(par_races_par_in_every_timed_case),
        cmocka_unit_test(a_lab_that_times_nothing_cannot_be_calibrated),
        cmocka_unit_test(priority_is_given_back),
    };
    return cmocka_run_group_tests(tests, open_lab, close_lab);
}

/* `grade calibrate` without a race: what makes a host fit, what is printed, and what it finds in a
 * /sys and /proc of the test's own. */
#include <ftw.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include <jansson.h>

#include "base/file.h"
#include "grader/grade/calibrate.h"
#include "grader/grade/quiet.h"

enum { MEMORY_MAX = 1 << 20 };

/* ---- fit or not ---- */

static void a_host_is_fit_where_a_twentieth_can_be_told_and_equals_are_equal(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        double ratio, low, high;
        bool holds_one, fit;
    } table[] = {
        {"calm", 1.001, 0.99, 1.01, true, true},
        {"barely", 1, 0.975, 1.0249, true, true},
        {"too wide", 1, 0.97, 1.03, true, false},
        {"beside 1 by less than a hundredth", 1.005, 1.002, 1.008, false, true},
        {"beside 1 by more", 1.02, 1.012, 1.028, false, false},
    };
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        const struct pairs_result r = {
            .kept = 60, .ratio = table[i].ratio, .low = table[i].low, .high = table[i].high};
        const struct calibration c = calibrate_judge(&r);
        if (c.holds_one != table[i].holds_one || c.fit != table[i].fit)
            fail_msg("%s: holds one %d, fit %d", table[i].name, c.holds_one, c.fit);
    }
}

/* ---- what is printed ---- */

static const struct quiet_finding load = {"other work \"runs\" here", "end it"};

static struct calibrate_result example(struct calibration cases[2])
{
    const struct pairs_result calm = {
        .kept = 190, .discarded = 10, .ratio = 1.001, .low = 0.99, .high = 1.01, .spread = 0.02};
    const struct pairs_result wide = {
        .kept = 20, .ratio = 0.93, .low = 0.8, .high = 0.98, .spread = 0.3};
    cases[0] = calibrate_judge(&calm);
    cases[1] = calibrate_judge(&wide);
    for (size_t i = 0; i < 2; i++) {
        cases[i].lab = "3.2";
        cases[i].name = i == 0 ? "dequantize Q4_0" : "a name that is longer than its column";
    }
    return (struct calibrate_result){.cases = cases,
                                     .n_cases = 2,
                                     .findings = &load,
                                     .n_findings = 1,
                                     .core = 1,
                                     .fit = cases[0].fit && cases[1].fit};
}

static void the_table_says_what_was_measured_and_what_to_change(void **state)
{
    (void)state;
    struct calibration cases[2];
    const struct calibrate_result r = example(cases);
    struct str text;
    str_init(&text, MEMORY_MAX);
    calibrate_write_text(&r, &text);
    static const char *const want[] = {
        "Par against par on core 1",
        "3.2   dequantize Q4_0        190    10  1.001  0.990 to 1.010    2.0%   2.0%  fit",
        "3.2   a name that is longe    20     0  0.930  0.800 to 0.980!  30.0%  18.0%  too wide",
        "This host is not fit", "other work \"runs\" here\n      -> end it\n"};
    for (size_t i = 0; i < sizeof want / sizeof want[0]; i++)
        if (strstr(text.text, want[i]) == NULL)
            fail_msg("'%s' is not in:\n%s", want[i], text.text);
    str_done(&text);
}

static void a_fit_host_is_told_no_faults(void **state)
{
    (void)state;
    struct calibration cases[2];
    struct calibrate_result r = example(cases);
    struct str text;
    r.n_cases = 1;
    r.fit = true;
    str_init(&text, MEMORY_MAX);
    calibrate_write_text(&r, &text);
    assert_non_null(strstr(text.text, "This host is fit"));
    assert_null(strstr(text.text, "other work"));
    str_done(&text);
}

static void json_has_the_same_in_full(void **state)
{
    (void)state;
    struct calibration cases[2];
    const struct calibrate_result r = example(cases);
    struct str text;
    str_init(&text, MEMORY_MAX);
    calibrate_write_json(&r, &text);
    json_t *root = json_loadb(text.text, text.length, JSON_REJECT_DUPLICATES, NULL);
    assert_non_null(root);
    const json_t *first = json_array_get(json_object_get(root, "cases"), 0);
    assert_true(json_is_false(json_object_get(root, "fit")));
    assert_int_equal(json_integer_value(json_object_get(root, "core")), 1);
    assert_int_equal(json_integer_value(json_object_get(first, "pairs")), 190);
    assert_int_equal(json_integer_value(json_object_get(first, "discarded")), 10);
    assert_true(json_is_true(json_object_get(first, "holds_one")));
    assert_int_equal(json_array_size(json_object_get(root, "cases")), 2);
    assert_int_equal(json_array_size(json_object_get(root, "findings")), 1);
    json_decref(root);
    str_done(&text);
}

/* ---- what a host shows ---- */

struct fake_host {
    char root[64];
    struct arena arena;
};

static int make_host(void **state)
{
    static struct fake_host h;
    h = (struct fake_host){.root = "/tmp/graded-quiet-XXXXXX"};
    arena_init(&h.arena, MEMORY_MAX);
    *state = &h;
    return mkdtemp(h.root) == NULL;
}

static int remove_one(const char *path, const struct stat *status, int kind, struct FTW *where)
{
    (void)status, (void)kind, (void)where;
    return remove(path);
}

static int remove_host(void **state)
{
    struct fake_host *h = *state;
    arena_done(&h->arena);
    return nftw(h->root, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

static void put(const struct fake_host *h, const char *name, const char *text)
{
    char path[256], dir[256];
    snprintf(path, sizeof path, "%s%s", h->root, name);
    snprintf(dir, sizeof dir, "%.*s", (int)(strrchr(path, '/') - path), path);
    assert_int_equal(file_make_dirs(dir, NULL), OK);
    FILE *f = fopen(path, "we");
    assert_non_null(f);
    fputs(text, f);
    fclose(f);
}

static bool finds(struct fake_host *h, const char *what)
{
    struct quiet_finding findings[QUIET_MAX];
    const size_t n = quiet_look(h->root, 1, &h->arena, findings);
    for (size_t i = 0; i < n; i++)
        if (strstr(findings[i].what, what) != NULL)
            return findings[i].remedy[0] != '\0';
    return false;
}

static void each_cause_of_noise_is_found_where_it_shows(void **state)
{
    static const struct {
        const char *name, *good, *bad, *what;
    } table[] = {
        {"/sys/devices/system/cpu/cpu1/cpufreq/scaling_governor", "performance\n", "powersave\n",
         "'powersave'"},
        {"/sys/devices/system/cpu/intel_pstate/no_turbo", "1\n", "0\n", "turbo"},
        {"/sys/devices/system/cpu/cpufreq/boost", "0\n", "1\n", "boost"},
        {"/sys/devices/system/cpu/smt/active", "0\n", "1\n", "SMT"},
        {"/proc/loadavg", "0.10 0.2 0.3 1/100 1\n", "2.50 0.2 0.3 1/100 1\n", "2.50"},
        {"/sys/devices/system/cpu/online", "0-1\n", "0\n", "one core"},
        {"/proc/stat", "cpu  900 0 50 50 0 0 0 5 0 0\n", "cpu  900 0 50 50 0 0 0 250 0 0\n",
         "20.0 %"},
    };
    struct fake_host *h = *state;
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        if (finds(h, table[i].what))
            fail_msg("%s is missing, and yet %s is found", table[i].name, table[i].what);
        put(h, table[i].name, table[i].bad);
        if (!finds(h, table[i].what))
            fail_msg("%s: %s is not found", table[i].name, table[i].what);
        put(h, table[i].name, table[i].good);
        if (finds(h, table[i].what))
            fail_msg("%s: %s is found", table[i].name, table[i].what);
    }
}

static void a_file_that_makes_no_sense_is_no_finding(void **state)
{
    struct fake_host *h = *state;
    struct quiet_finding findings[QUIET_MAX];
    put(h, "/proc/stat", "cpu\n");
    put(h, "/proc/loadavg", "");
    put(h, "/sys/devices/system/cpu/cpufreq/boost", "maybe\n");
    assert_int_equal(quiet_look(h->root, 0, &h->arena, findings), 0);
    put(h, "/proc/stat", "");
    assert_int_equal(quiet_look(h->root, 0, &h->arena, findings), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_host_is_fit_where_a_twentieth_can_be_told_and_equals_are_equal),
        cmocka_unit_test(the_table_says_what_was_measured_and_what_to_change),
        cmocka_unit_test(a_fit_host_is_told_no_faults),
        cmocka_unit_test(json_has_the_same_in_full),
        cmocka_unit_test_setup_teardown(each_cause_of_noise_is_found_where_it_shows, make_host,
                                        remove_host),
        cmocka_unit_test_setup_teardown(a_file_that_makes_no_sense_is_no_finding, make_host,
                                        remove_host),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

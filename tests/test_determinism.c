/* Grading is a pure function: the same lab and files give the same report, but for what is
 * measured. Over all labs: the solution, the starter and, of one lab, every mutant; on another
 * core, with and without a cache, and as an ordinary user. */
#include <glob.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "tests/run.h"

static void drop(json_t *object, const char *const *keys)
{
    for (; *keys != NULL; keys++)
        json_object_del(object, *keys);
}

static void drop_in_each(const json_t *list, const char *const *keys)
{
    for (size_t i = 0; i < json_array_size(list); i++)
        drop(json_array_get(list, i), keys);
}

/* What is measured, and what says how it was: milliseconds, bytes at the peak, ratios with all that
 * follows from them, and whether a compile was kept. */
static void drop_measures(json_t *report)
{
    static const char *const root[] = {"score", "pass", "roof", NULL};
    static const char *const resources[] = {"wall_ms", "cpu_ms", "peak_bytes", NULL};
    static const char *const compile[] = {"ms", "cached", NULL};
    static const char *const group[] = {"ms", NULL};
    static const char *const timed[] = {"value",     "par",  "ratio",    "interval",
                                        "pairs",     "tier", "earned",   "roofline",
                                        "discarded", "note", "counters", NULL};
    drop_in_each(json_object_get(report, "groups"), group);
    drop_in_each(json_object_get(report, "performance"), timed);
    drop(json_object_get(report, "compile"), compile);
    drop(json_object_get(report, "resources"), resources);
    if (json_array_size(json_object_get(report, "performance")) > 0)
        drop(report, root); /* points of tiers are in them */
}

struct way {
    const char *name, *command; /* goes before LAB FILE --format json */
};

static json_t *report_of(const struct way *way, const char *lab, const char *file)
{
    char line[1024], *out;
    snprintf(line, sizeof line, "%s %s %s --format json", way->command, lab, file);
    const char *const argv[] = {"/bin/sh", "-c", line, NULL};
    const int status = run_program(argv, &out);
    json_t *report = json_loads(out, 0, NULL);
    if (report == NULL || status > 1)
        fail_msg("%s: status %d: %.300s", line, status, out);
    free(out);
    drop_measures(report);
    return report;
}

static void expect_equal(const struct way *a, const struct way *b, const char *lab,
                         const char *file)
{
    json_t *x = report_of(a, lab, file), *y = report_of(b, lab, file);
    if (!json_equal(x, y)) {
        char *first = json_dumps(x, JSON_SORT_KEYS | JSON_INDENT(1));
        char *second = json_dumps(y, JSON_SORT_KEYS | JSON_INDENT(1));
        size_t i = 0;
        while (first[i] == second[i])
            i++;
        i = i > 200 ? i - 200 : 0;
        fail_msg("%s, %s and %s: ...%.400s\n--- against\n...%.400s", file, a->name, b->name,
                 first + i, second + i);
    }
    json_decref(x);
    json_decref(y);
}

/* ---- all labs ---- */

/* The first grading of a file compiles it and keeps that, the second takes what was kept. */
static char cache[] = "/tmp/graded-cache-XXXXXX", command[256];
static const struct way fresh = {"fresh", command}, kept = {"from the cache", command};

static void for_each_file(const char *pattern, const struct way *a, const struct way *b)
{
    glob_t found;
    assert_int_equal(glob(pattern, 0, NULL, &found), 0);
    for (size_t i = 0; i < found.gl_pathc; i++) {
        char lab[512];
        snprintf(lab, sizeof lab, "%s", found.gl_pathv[i]);
        *strrchr(lab, '/') = '\0'; /* the file, then its folder */
        *strrchr(lab, '/') = '\0';
        expect_equal(a, b, lab, found.gl_pathv[i]);
    }
    globfree(&found);
}

/* All that lies in a folder of a lab is one submission. */
static void for_each_folder(const char *pattern, const struct way *a, const struct way *b)
{
    glob_t found;
    assert_int_equal(glob(pattern, GLOB_ONLYDIR, NULL, &found), 0);
    for (size_t i = 0; i < found.gl_pathc; i++) {
        char lab[512], files[512];
        snprintf(files, sizeof files, "%s/*", found.gl_pathv[i]);
        snprintf(lab, sizeof lab, "%s", found.gl_pathv[i]);
        *strrchr(lab, '/') = '\0';
        expect_equal(a, b, lab, files);
    }
    globfree(&found);
}

/* A lab that is new is one of them. */
static void every_lab_grades_its_own_files_the_same_twice(void **state)
{
    (void)state;
    for_each_folder("labs/module-*/lab-*/solution", &fresh, &kept);
    for_each_folder("labs/module-*/lab-*/starter", &fresh, &kept);
}

static void every_mutant_of_a_lab_is_graded_the_same_twice(void **state)
{
    (void)state;
    for_each_file("labs/module-1/lab-1.2-*/mutants/*.c", &fresh, &kept);
}

/* ---- other circumstances ---- */

static const char circumstances[] = "labs/module-1/lab-1.2-*/mutants/al*.c";

static int last_core(void)
{
    cpu_set_t allowed;
    int last = 0;
    assert_int_equal(sched_getaffinity(0, sizeof allowed, &allowed), 0);
    for (int i = 0; i < CPU_SETSIZE; i++)
        if (CPU_ISSET(i, &allowed))
            last = i;
    return last;
}

static void another_core_changes_nothing(void **state)
{
    (void)state;
    char with_core[512];
    snprintf(with_core, sizeof with_core, "%s --core %d", command, last_core());
    const struct way other = {"another core", with_core};
    for_each_file(circumstances, &kept, &other);
}

/* What an ordinary user cannot be given here is in the report, and may differ. */
static void an_ordinary_user_gets_the_same_but_for_the_cell(void **state)
{
    (void)state;
    if (geteuid() != 0)
        skip(); /* everything above was run as one */
    const struct way nobody = {
        "as nobody", "/usr/bin/setpriv --reuid 65534 --regid 65534 --clear-groups "
                     "--inh-caps=-all --bounding-set=-all " GRADE_PROGRAM " run --no-cache"};
    glob_t found;
    assert_int_equal(glob(circumstances, 0, NULL, &found), 0);
    for (size_t i = 0; i < found.gl_pathc; i++) {
        json_t *x = report_of(&kept, "1.2", found.gl_pathv[i]);
        json_t *y = report_of(&nobody, "1.2", found.gl_pathv[i]);
        static const char *const cell[] = {"cell", "message", NULL};
        drop(x, cell);
        drop(y, cell);
        if (!json_equal(x, y))
            fail_msg("%s differs for an ordinary user", found.gl_pathv[i]);
        json_decref(x);
        json_decref(y);
    }
    globfree(&found);
}

static int make_cache(void **state)
{
    (void)state;
    if (mkdtemp(cache) == NULL)
        return -1;
    snprintf(command, sizeof command, GRADE_PROGRAM " run --cache %s", cache);
    return 0;
}

static int remove_cache(void **state)
{
    (void)state;
    const char *const argv[] = {"/bin/rm", "-rf", cache, NULL};
    return run_program(argv, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_lab_grades_its_own_files_the_same_twice),
        cmocka_unit_test(every_mutant_of_a_lab_is_graded_the_same_twice),
        cmocka_unit_test(another_core_changes_nothing),
        cmocka_unit_test(an_ordinary_user_gets_the_same_but_for_the_cell),
    };
    return cmocka_run_group_tests(tests, make_cache, remove_cache);
}

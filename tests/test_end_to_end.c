/* The whole way, as people go it: `graded demo`, the printed curl line, and the catalogue's grades
 * for every file of every lab through HTTP. */
#include <glob.h>
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
#include "tests/service.h"

static struct service service;
static char data[] = "/tmp/graded-e2e-XXXXXX";

static int start(void **state)
{
    (void)state;
    assert_non_null(mkdtemp(data));
    service_start(&service, data, NULL);
    return 0;
}

static int stop(void **state)
{
    (void)state;
    const int status = service_stop(&service);
    const char *const remove[] = {"/bin/rm", "-rf", data, NULL};
    run_program(remove, NULL);
    return status;
}

static void the_printed_curl_line_can_be_pasted(void **state)
{
    (void)state;
    const char *const argv[] = {"/bin/sh", "-c", service.curl_line, NULL};
    char *out;
    assert_int_equal(run_program(argv, &out), 0);
    if (strstr(out, "100 of 100") == NULL || strstr(out, "ACCEPTED") == NULL)
        fail_msg("%s\n%s", service.curl_line, out);
    free(out);
}

static bool finished(const json_t *submission)
{
    const char *state = json_string_value(json_object_get(submission, "state"));
    return state != NULL && strcmp(state, "finished") == 0;
}

/* A long poll ends after a minute; a busy machine may need more than one. */
static json_t *grade_over_http(const char *lab, const char *file, const char *name)
{
    char path[128];
    snprintf(path, sizeof path, "/api/v1/labs/%s/submissions?wait=60", lab);
    struct answer a = service_submit(&service, path, file, name);
    json_t *submission = answer_json(&a);
    for (int i = 0; i < 3 && !finished(submission); i++) {
        snprintf(path, sizeof path, "/api/v1/submissions/%s?wait=60",
                 json_string_value(json_object_get(submission, "id")));
        answer_done(&a);
        json_decref(submission);
        a = service_get(&service, path, NULL);
        submission = answer_json(&a);
    }
    if (a.status != 200 || !finished(submission))
        fail_msg("%s: status %ld: %.500s", file, a.status, a.body);
    answer_done(&a);
    return submission;
}

static double score_of(const json_t *submission)
{
    return json_number_value(json_object_get(submission, "score"));
}

/* True where the group of that name in the report earned less than its points. */
static bool lost_points_in(const json_t *submission, const char *name)
{
    const json_t *groups = json_object_get(json_object_get(submission, "report"), "groups");
    for (size_t i = 0; i < json_array_size(groups); i++) {
        const json_t *g = json_array_get(groups, i);
        if (strcmp(json_string_value(json_object_get(g, "name")), name) == 0)
            return json_number_value(json_object_get(g, "earned")) <
                   json_number_value(json_object_get(g, "points"));
    }
    return false;
}

static void check_mutant(const char *lab, const char *path, const char *name)
{
    char *groups = header_word(path, "group:");
    json_t *submission = grade_over_http(lab, path, name);
    char *save = NULL;
    for (char *g = strtok_r(groups, ",", &save); g != NULL; g = strtok_r(NULL, ",", &save))
        if (!lost_points_in(submission, g))
            fail_msg("%s is not caught in the group '%s' over HTTP", path, g);
    json_decref(submission);
    free(groups);
}

static void check_lab(const char *dir)
{
    char path[512];
    snprintf(path, sizeof path, "%s/lab.json", dir);
    json_t *lab = json_load_file(path, 0, NULL);
    assert_non_null(lab);
    const char *id = json_string_value(json_object_get(lab, "id"));
    const char *name = json_string_value(
        json_object_get(json_array_get(json_object_get(lab, "files"), 0), "name"));

    snprintf(path, sizeof path, "%s/solution/%s", dir, name);
    json_t *solution = grade_over_http(id, path, name);
    assert_true(score_of(solution) == 100);
    json_decref(solution);

    snprintf(path, sizeof path, "%s/starter/%s", dir, name);
    json_t *starter = grade_over_http(id, path, name);
    assert_true(score_of(starter) <= json_number_value(json_object_get(lab, "starter_max")));
    json_decref(starter);

    glob_t mutants;
    snprintf(path, sizeof path, "%s/mutants/*.c", dir);
    assert_int_equal(glob(path, 0, NULL, &mutants), 0);
    for (size_t i = 0; i < mutants.gl_pathc; i++)
        check_mutant(id, mutants.gl_pathv[i], name);
    globfree(&mutants);
    json_decref(lab);
}

static void every_lab_grades_its_own_files_over_http(void **state)
{
    (void)state;
    glob_t labs;
    assert_int_equal(glob("labs/module-*/lab-*", 0, NULL, &labs), 0);
    for (size_t i = 0; i < labs.gl_pathc; i++)
        check_lab(labs.gl_pathv[i]);
    globfree(&labs);
}

static void hostile_submissions_leave_the_service_well(void **state)
{
    (void)state;
    static const char *const names[] = {"loop", "memory", "fork", "output", "exit", "syntax"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        char path[128];
        snprintf(path, sizeof path, "tests/attacks/%s.c", names[i]);
        char *want = header_word(path, "verdict:");
        json_t *submission = grade_over_http("3.2", path, "formats.c");
        assert_string_equal(json_string_value(json_object_get(submission, "verdict")), want);
        json_decref(submission);
        free(want);
    }
    struct answer a = service_get(&service, "/healthz", NULL);
    assert_int_equal(a.status, 200);
    answer_done(&a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_printed_curl_line_can_be_pasted),
        cmocka_unit_test(every_lab_grades_its_own_files_over_http),
        cmocka_unit_test(hostile_submissions_leave_the_service_well),
    };
    return cmocka_run_group_tests(tests, start, stop);
}

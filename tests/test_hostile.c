/* Hostile submissions through the real `grade`: each gets the verdict of its first line, nothing of
 * the host shows, nothing is left, and the next submission is graded as ever. */
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

#define LAB      "3.2"
#define SOLUTION "labs/module-3/lab-3.2-ggml-formats/solution/formats.c"

static const char *text_at(const json_t *object, const char *key)
{
    const char *text = json_string_value(json_object_get(object, key));
    return text != NULL ? text : "";
}

static void one_hostile_file(const char *path)
{
    char *want = first_line_word(path, "verdict:");
    json_t *report = run_grade(LAB, path, NULL, NULL);
    char *whole = json_dumps(report, JSON_INDENT(1));
    if (strcmp(text_at(report, "verdict"), want) != 0)
        fail_msg("%s: expected %s, the report is %.4000s", path, want, whole);
    /* The first account of every passwd file; a leak of either file would show it. */
    if (strstr(whole, "root:") != NULL)
        fail_msg("%s: a file of the host shows in the report: %s", path, whole);
    free(whole);
    free(want);
    json_decref(report);
}

static void every_hostile_submission_gets_its_verdict(void **state)
{
    (void)state;
    glob_t found;
    assert_int_equal(glob("tests/hostile/*.c", 0, NULL, &found), 0);
    for (size_t i = 0; i < found.gl_pathc; i++)
        one_hostile_file(found.gl_pathv[i]);
    assert_true(found.gl_pathc >= 20);
    globfree(&found);
}

static void a_compile_error_names_file_line_and_column(void **state)
{
    (void)state;
    json_t *report = run_grade(LAB, "tests/hostile/syntax.c", NULL, NULL);
    const json_t *first =
        json_array_get(json_object_get(json_object_get(report, "compile"), "diagnostics"), 0);
    assert_string_equal(text_at(first, "file"), "formats.c");
    assert_int_equal(json_integer_value(json_object_get(first, "line")), 7);
    assert_true(json_integer_value(json_object_get(first, "column")) > 0);
    assert_non_null(strstr(text_at(first, "message"), "expected"));
    assert_int_equal(json_array_size(json_object_get(report, "groups")), 0);
    json_decref(report);
}

static void the_next_submission_is_graded_as_ever(void **state)
{
    (void)state;
    int status;
    json_t *report = run_grade(LAB, SOLUTION, NULL, &status);
    assert_int_equal(status, 0);
    assert_string_equal(text_at(report, "verdict"), "accepted");
    assert_true(json_number_value(json_object_get(report, "score")) == 100);
    json_decref(report);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_hostile_submission_gets_its_verdict),
        cmocka_unit_test(a_compile_error_names_file_line_and_column),
        cmocka_unit_test(the_next_submission_is_graded_as_ever),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

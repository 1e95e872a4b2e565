/* What a learner is told, through the real `grade`: where a crash was, a case that can be seen
 * alone, and in no format anything of a hidden group's inputs. */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
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
enum { PATH_SIZE = 256, ARGS = 16 };

static char folder[] = "/tmp/graded-feedback-XXXXXX";

static char *read_file(const char *path)
{
    const int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        fail_msg("%s cannot be read", path);
    char *text = read_all(fd);
    close(fd);
    return text;
}

/* The solution, and behind it tests/feedback/NAME.c. Returns the line that says "here"; 0: none. */
static int make_submission(const char *name, char ret_path[PATH_SIZE])
{
    char source[PATH_SIZE];
    snprintf(source, sizeof source, "tests/feedback/%s.c", name);
    snprintf(ret_path, PATH_SIZE, "%s/formats.c", folder);
    char *solution = read_file(SOLUTION), *added = read_file(source);
    FILE *f = fopen(ret_path, "w");
    assert_non_null(f);
    fprintf(f, "#define qt_dequantize solution_dequantize\n%s\n#undef qt_dequantize\n%s", solution,
            added);
    fclose(f);
    free(added);
    free(solution);
    char *whole = read_file(ret_path);
    int line = 1;
    const char *here = strstr(whole, "/* here */");
    for (const char *c = whole; here != NULL && c < here; c++)
        line += *c == '\n';
    free(whole);
    return here != NULL ? line : 0;
}

/* `grade run 3.2 PATH OPTIONS`: what it printed. Compiled once for all formats. */
static char *grade(const char *path, const char *const *options)
{
    char cache[PATH_SIZE];
    snprintf(cache, sizeof cache, "%s/cache", folder);
    const char *argv[ARGS] = {GRADE_PROGRAM, "run", LAB, path, "--cache", cache};
    for (size_t i = 6; *options != NULL && i + 1 < ARGS; i++)
        argv[i] = *options++;
    char *out;
    const int status = run_program(argv, &out);
    assert_in_range(status, 0, 1);
    return out;
}

static json_t *grade_json(const char *path, const char *const *options)
{
    char *out = grade(path, options);
    json_t *report = json_loads(out, 0, NULL);
    if (report == NULL)
        fail_msg("no JSON: %.200s", out);
    free(out);
    return report;
}

static const char *const all_in_json[] = {"--format", "json", NULL};

static json_t *failure_of(const json_t *report, const char *group)
{
    size_t i;
    json_t *g;
    json_array_foreach(json_object_get(report, "groups"), i,
                       g) if (strcmp(json_string_value(json_object_get(g, "name")), group) ==
                              0) return json_object_get(g, "first_failure");
    fail_msg("no group %s", group);
    return NULL;
}

static const char *text_of(const json_t *object, const char *key)
{
    const char *text = json_string_value(json_object_get(object, key));
    return text != NULL ? text : "";
}

static void a_crash_is_told_with_address_and_line(void **state)
{
    (void)state;
    static const struct {
        const char *name, *signal, *access, *function;
    } table[] = {
        {"crash_null", "SIGSEGV", "a read of NULL+8", "qt_dequantize"},
        {"crash_behind_input", "SIGSEGV", "a read, 0 bytes behind the end of argument 1",
         "qt_dequantize"},
        {"crash_stack", "SIGSEGV", "the stack overflowed", "deeper"},
    };
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        char path[PATH_SIZE];
        const int line = make_submission(table[i].name, path);
        json_t *report = grade_json(path, all_in_json);
        const json_t *f = failure_of(report, "dq-legacy");
        const json_t *frame = json_array_get(json_object_get(f, "stack"), 0);
        if (strstr(text_of(f, "actual"), table[i].signal) == NULL ||
            strstr(text_of(f, "actual"), table[i].access) == NULL)
            fail_msg("%s: %s", table[i].name, text_of(f, "actual"));
        assert_string_equal(text_of(frame, "function"), table[i].function);
        assert_string_equal(text_of(frame, "file"), "formats.c");
        /* A deep frame's line is that of its call, which is marked; the array is set up before. */
        const int found = (int)json_integer_value(json_object_get(frame, "line"));
        if (found > line || found < line - 3)
            fail_msg("%s: line %d, not %d", table[i].name, found, line);
        json_decref(report);
    }
}

/* The words of "grade run 3.2 formats.c --seed S --case G:N", the file's path put in. */
static json_t *follow(const char *command, const char *path)
{
    const char *options[] = {"--format", "json", "--seed", NULL, "--case", NULL, NULL};
    char *copy = strdup(command), *save = NULL, *last = NULL;
    for (char *word = strtok_r(copy, " ", &save); word != NULL; word = strtok_r(NULL, " ", &save)) {
        if (last != NULL && strcmp(last, "--seed") == 0)
            options[3] = word;
        if (last != NULL && strcmp(last, "--case") == 0)
            options[5] = word;
        last = word;
    }
    if (options[3] == NULL || options[5] == NULL)
        fail_msg("no seed or case in: %s", command);
    json_t *report = grade_json(path, options);
    free(copy);
    return report;
}

static void the_printed_command_shows_the_same_case(void **state)
{
    (void)state;
    static const char path[] = "labs/module-3/lab-3.2-ggml-formats/mutants/absolute-maximum.c";
    static const char *const groups[] = {"q-legacy", "edges", "convert"};
    json_t *whole = grade_json(path, all_in_json);
    for (size_t i = 0; i < sizeof groups / sizeof groups[0]; i++) {
        const json_t *first = failure_of(whole, groups[i]);
        json_t *alone = follow(text_of(first, "reproduce"), path);
        const json_t *again = failure_of(alone, groups[i]);
        assert_int_equal(json_array_size(json_object_get(alone, "groups")), 1);
        assert_string_equal(text_of(again, "case"), text_of(first, "case"));
        assert_string_equal(text_of(again, "hint"), text_of(first, "hint"));
        const json_t *d = json_object_get(first, "difference");
        const json_t *d_again = json_object_get(again, "difference"); /* in a longer excerpt */
        assert_string_equal(text_of(d_again, "expected"), text_of(d, "expected"));
        assert_string_equal(text_of(d_again, "actual"), text_of(d, "actual"));
        json_decref(alone);
    }
    json_decref(whole);
}

static void what_fails_in_company_only_has_a_command_for_the_whole(void **state)
{
    (void)state;
    char path[PATH_SIZE];
    make_submission("keeps_state", path);
    json_t *report = grade_json(path, all_in_json);
    const json_t *f = failure_of(report, "dq-legacy");
    assert_null(strstr(text_of(f, "reproduce"), "--case"));
    assert_non_null(strstr(text_of(f, "hint"), "kept from one call to the next"));
    json_decref(report);
}

/* ---- hidden groups ---- */

/* Every text of what staff see of hidden failures and findings that a learner must not. */
static void must_not_hold(const char *format, const char *shown, const json_t *secret,
                          const char *key)
{
    const char *text = text_of(secret, key);
    char line[160];
    for (size_t size = 0; *text != '\0'; text += size + (text[size] == '\n')) {
        size = strcspn(text, "\n");
        snprintf(line, sizeof line, "%.*s", (int)(size < 120 ? size : 120), text);
        if (size > 8 && strstr(shown, line) != NULL)
            fail_msg("%s tells a learner the %s: %s", format, key, line);
    }
}

static void check_format(const char *format, const char *path, const char *seed,
                         const json_t *staff)
{
    char *shown = grade(
        path, (const char *const[]){"--format", format, "--for", "learner", "--seed", seed, NULL});
    size_t i;
    json_t *g;
    json_array_foreach(json_object_get(staff, "groups"), i, g)
    {
        static const char *const keys[] = {"case",   "found_as",  "expected",
                                           "actual", "arguments", "reproduce"};
        if (json_is_true(json_object_get(g, "visible")))
            continue;
        for (size_t k = 0; k < sizeof keys / sizeof keys[0]; k++)
            must_not_hold(format, shown, json_object_get(g, "first_failure"), keys[k]);
    }
    json_array_foreach(json_object_get(json_object_get(staff, "sanitizer"), "findings"), i, g)
    {
        must_not_hold(format, shown, g, "message");
        must_not_hold(format, shown, g, "kind");
    }
    assert_null(strstr(shown, "LEAK-"));
    assert_null(strstr(shown, "leak_"));
    free(shown);
}

static void no_format_tells_a_learner_an_input_of_a_hidden_group(void **state)
{
    (void)state;
    static const char *const formats[] = {"text",  "json",   "junit",   "gradescope",
                                          "sarif", "github", "markdown"};
    char path[PATH_SIZE];
    make_submission("tells_inputs", path);
    json_t *staff =
        grade_json(path, (const char *const[]){"--format", "json", "--seed", "7", NULL});
    /* It did tell: staff see the words that it chose. */
    char *all = json_dumps(staff, 0);
    assert_non_null(strstr(all, "LEAK-"));
    free(all);
    for (size_t i = 0; i < sizeof formats / sizeof formats[0]; i++)
        check_format(formats[i], path, "7", staff);
    json_decref(staff);
}

/* A hint goes to learners as it is: it may name formats and rules, but no number that only this
 * case has. Two seeds give other inputs; what changes in a hint would be one of theirs. */
static void hints_of_hidden_groups_do_not_depend_on_the_inputs(void **state)
{
    (void)state;
    static const char *const submissions[] = {
        "labs/module-3/lab-3.2-ggml-formats/mutants/absolute-maximum.c",
        "labs/module-3/lab-3.2-ggml-formats/mutants/ties-to-even.c"};
    for (size_t s = 0; s < sizeof submissions / sizeof submissions[0]; s++) {
        json_t *one = grade_json(submissions[s],
                                 (const char *const[]){"--format", "json", "--seed", "1", NULL});
        json_t *two = grade_json(submissions[s],
                                 (const char *const[]){"--format", "json", "--seed", "2", NULL});
        size_t i;
        json_t *g;
        json_array_foreach(json_object_get(one, "groups"), i, g)
        {
            const char *name = text_of(g, "name");
            if (json_is_false(json_object_get(g, "visible")))
                assert_string_equal(text_of(failure_of(one, name), "hint"),
                                    text_of(failure_of(two, name), "hint"));
        }
        json_decref(two);
        json_decref(one);
    }
}

/* ---- GitHub ---- */

static void github_gets_the_path_that_was_typed_and_a_summary(void **state)
{
    (void)state;
    char path[PATH_SIZE], summary[PATH_SIZE], place[2 * PATH_SIZE];
    const int line = make_submission("crash_null", path);
    snprintf(summary, sizeof summary, "%s/summary.md", folder);
    setenv("GITHUB_STEP_SUMMARY", summary, 1);
    char *shown = grade(path, (const char *const[]){"--format", "github", NULL});
    unsetenv("GITHUB_STEP_SUMMARY");
    snprintf(place, sizeof place, "::error file=%s,line=%d", path, line);
    if (strstr(shown, place) == NULL)
        fail_msg("no %s in:\n%s", place, shown);
    free(shown);
    shown = read_file(summary);
    assert_non_null(strstr(shown, "# Lab 3.2"));
    assert_non_null(strstr(shown, "a read of NULL+8"));
    free(shown);
    unlink(summary);
}

static void a_case_that_is_not_there_is_a_usage_error(void **state)
{
    (void)state;
    static const char *const wrong[] = {"no-such-group:1", "q-legacy:9999", "q-legacy",
                                        "q-legacy:0"};
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        const char *const argv[] = {GRADE_PROGRAM, "run",    LAB,      SOLUTION,
                                    "--no-cache",  "--case", wrong[i], NULL};
        char *out;
        assert_int_equal(run_program(argv, &out), 2);
        free(out);
    }
}

static int make_folder(void **state)
{
    (void)state;
    return mkdtemp(folder) == NULL;
}

static int remove_folder(void **state)
{
    (void)state;
    const char *const argv[] = {"/bin/rm", "-r", folder, NULL};
    char *out;
    const int status = run_program(argv, &out);
    free(out);
    return status;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_crash_is_told_with_address_and_line),
        cmocka_unit_test(the_printed_command_shows_the_same_case),
        cmocka_unit_test(what_fails_in_company_only_has_a_command_for_the_whole),
        cmocka_unit_test(no_format_tells_a_learner_an_input_of_a_hidden_group),
        cmocka_unit_test(hints_of_hidden_groups_do_not_depend_on_the_inputs),
        cmocka_unit_test(github_gets_the_path_that_was_typed_and_a_summary),
        cmocka_unit_test(a_case_that_is_not_there_is_a_usage_error),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}

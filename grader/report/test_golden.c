/* Every format of every sample, compared byte by byte with grader/report/golden/. After a change
 * that is meant, write them anew and read the difference:
 *
 *     GRADED_UPDATE_GOLDEN=1 ctest --preset dev -R test_report_golden && git diff grader/report */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/file.h"
#include "grader/report/samples.h"

enum { GOLDEN_MAX = 1 << 20 };

static void write_plain(const struct report *r, struct str *out)
{
    report_write_text(r, false, out);
}

static void write_coloured(const struct report *r, struct str *out)
{
    report_write_text(r, true, out);
}

static void write_github(const struct report *r, struct str *out)
{
    report_write_github(r, NULL, 0, out);
}

static const struct {
    const char *suffix;
    void (*write)(const struct report *r, struct str *out);
} formats[] = {
    {"json", report_write_json},   {"txt", write_plain},
    {"ansi", write_coloured},      {"junit.xml", report_write_junit},
    {"sarif", report_write_sarif}, {"gradescope.json", report_write_gradescope},
    {"md", report_write_markdown}, {"github", write_github},
};

static void update(const char *path, const struct str *text)
{
    struct err why;
    if (file_replace(AT_FDCWD, path, text->text, text->length, &why) != OK)
        fail_msg("%s", why.text);
}

/* Line number of the first difference, for the story. */
static int first_difference(const char *a, const char *b)
{
    int line = 1;
    for (; *a != '\0' && *a == *b; a++, b++)
        line += *a == '\n';
    return line;
}

static void compare(const char *path, const struct str *text)
{
    struct arena a;
    struct err why;
    char *golden = NULL;
    size_t size = 0;
    arena_init(&a, 2 * GOLDEN_MAX);
    if (file_read(AT_FDCWD, path, GOLDEN_MAX, &a, &golden, &size, &why) != OK)
        fail_msg("%s", why.text);
    if (size != text->length || memcmp(golden, text->text, size) != 0)
        fail_msg("%s differs from line %d on; the new text is:\n%s", path,
                 first_difference(golden, text->text), text->text);
    arena_done(&a);
}

static void check_sample(const struct sample *s, enum report_reader reader, const char *for_whom)
{
    struct arena a;
    struct report redacted;
    arena_init(&a, GOLDEN_MAX);
    assert_int_equal(report_redact(&s->report, reader, &a, &redacted), OK);
    for (size_t i = 0; i < sizeof formats / sizeof formats[0]; i++) {
        char path[256];
        struct str text;
        snprintf(path, sizeof path, "grader/report/golden/%s%s.%s", s->name, for_whom,
                 formats[i].suffix);
        str_init(&text, GOLDEN_MAX);
        formats[i].write(&redacted, &text);
        assert_false(text.cut);
        if (getenv("GRADED_UPDATE_GOLDEN") != NULL)
            update(path, &text);
        else
            compare(path, &text);
        str_done(&text);
    }
    arena_done(&a);
}

static void every_format_of_every_sample_is_as_before(void **state)
{
    (void)state;
    for (size_t i = 0; i < n_samples; i++)
        check_sample(&samples[i], REPORT_FOR_LEARNER, "");
}

static void staff_see_what_hidden_groups_compared(void **state)
{
    (void)state;
    for (size_t i = 0; i < n_samples; i++)
        if (strcmp(samples[i].name, "partial") == 0)
            check_sample(&samples[i], REPORT_FOR_STAFF, "-staff");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_format_of_every_sample_is_as_before),
        cmocka_unit_test(staff_see_what_hidden_groups_compared),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

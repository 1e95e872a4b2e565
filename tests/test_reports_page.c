/* docs/reports.md shows one submission in all formats. The JSON on it is what `grade` says of that
 * submission but for what is measured, and every other block is what the grader makes of that JSON,
 * to the byte. After a change that is meant, write them anew and read the difference:
 *
 *     GRADED_UPDATE_GOLDEN=1 ctest --preset dev -R test_reports_page && git diff docs/reports.md */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/file.h"
#include "grader/grade/output.h"
#include "tests/run.h"

enum { PAGE_MAX = 1 << 20 };
static const char PAGE[] = "docs/reports.md", FENCE[] = "\n````\n";

/* The submission: a mutant whose mistake shows in a visible group, and a function too many, so that
 * the compiler has something to say too. */
static const char LAB[] = "1.2", FILE_NAME[] = "gguf.c",
                  MUTANT[] = "labs/module-1/lab-1.2-gguf-reader/mutants/offset-absolute.c",
                  MORE[] = "\nstatic int forgotten(void)\n{\n    return 1;\n}\n";

static const struct {
    const char *format, *block; /* what stands behind the block's four backticks */
} formats[] = {
    {"text", "text report.txt"},    {"junit", "xml report.xml"},
    {"sarif", "json report.sarif"}, {"gradescope", "json results.json"},
    {"github", "text annotations"}, {"markdown", "markdown summary.md"},
    {"json", "json report.json"},
};

struct place {
    struct arena a;
    char dir[32];
    char *page;
};

static char *read_text(struct place *p, const char *path)
{
    char *text = NULL;
    size_t size;
    struct err why;
    if (file_read(AT_FDCWD, path, PAGE_MAX, &p->a, &text, &size, &why) != OK)
        fail_msg("%s", why.text);
    return text;
}

/* Where a block begins and ends, both on the page. */
static char *find_block(char *page, const char *block, char **ret_end)
{
    char head[64];
    snprintf(head, sizeof head, "\n````%s\n", block);
    char *at = strstr(page, head);
    char *end = at != NULL ? strstr(at + strlen(head) - 1, FENCE) : NULL;
    if (end == NULL)
        fail_msg("%s has no block \"%s\"", PAGE, block);
    *ret_end = end + 1;
    return at + strlen(head);
}

static const char *block_text(struct place *p, const char *block)
{
    char *end;
    const char *at = find_block(p->page, block, &end);
    return arena_strndup(&p->a, at, (size_t)(end - at));
}

/* ---- what the product says ---- */

static const char *graded_json(struct place *p)
{
    const char *path = arena_printf(&p->a, "%s/%s", p->dir, FILE_NAME);
    FILE *f = fopen(path, "we");
    assert_non_null(f);
    fprintf(f, "%s%s", read_text(p, MUTANT), MORE);
    assert_int_equal(fclose(f), 0);
    const char *const argv[] = {GRADE_PROGRAM, "run",      LAB,    path,         "--seed",
                                "1",           "--format", "json", "--no-cache", NULL};
    char *said = NULL;
    const int status = run_program(argv, &said);
    if (status > 1)
        fail_msg("grade run: status %d: %.300s", status, said);
    const char *json = arena_strdup(&p->a, said);
    free(said);
    return json;
}

/* As the command line prints it. */
static const char *written(struct place *p, const char *json, const char *format)
{
    struct report r;
    struct err why;
    struct str out;
    const struct output o = {.format = format};
    str_init(&out, PAGE_MAX);
    if (report_read(json, strlen(json), &p->a, &r, &why) != OK ||
        output_write(&o, &r, &p->a, &out, &why) != OK)
        fail_msg("%s: %s", format, why.text);
    const char *text = arena_strndup(&p->a, out.text, out.length);
    str_done(&out);
    return text;
}

/* ---- writing the page anew ---- */

static void replace_block(struct place *p, const char *block, const char *text)
{
    char *end;
    const char *at = find_block(p->page, block, &end);
    p->page = arena_printf(&p->a, "%.*s%s%s", (int)(at - p->page), p->page, text, end);
}

static void update(struct place *p)
{
    const char *json = graded_json(p);
    struct err why;
    for (size_t i = 0; i < sizeof formats / sizeof formats[0]; i++)
        replace_block(p, formats[i].block, written(p, json, formats[i].format));
    if (file_replace(AT_FDCWD, PAGE, p->page, strlen(p->page), &why) != OK)
        fail_msg("%s", why.text);
}

/* ---- tests ---- */

static void every_block_is_what_the_grader_makes_of_the_json(void **state)
{
    struct place *p = *state;
    const char *json = block_text(p, "json report.json");
    for (size_t i = 0; i < sizeof formats / sizeof formats[0]; i++) {
        const char *shown = block_text(p, formats[i].block);
        const char *now = written(p, json, formats[i].format);
        if (strcmp(shown, now) != 0)
            fail_msg("%s, \"%s\" is not what --format %s prints:\n%s", PAGE, formats[i].block,
                     formats[i].format, now);
    }
}

/* What differs from host to host and from run to run; the words of one compiler or another; and
 * lab_version, since what matters of a lab shows in the groups. */
static void drop_what_varies(json_t *report)
{
    static const char *const keys[] = {"lab_version", "compile", "device", "resources", "cell"};
    size_t i;
    json_t *group;
    for (i = 0; i < sizeof keys / sizeof keys[0]; i++)
        assert_int_equal(json_object_del(report, keys[i]), 0);
    json_array_foreach(json_object_get(report, "groups"), i, group)
        assert_int_equal(json_object_del(group, "ms"), 0);
}

static void the_json_is_what_grade_says_of_the_submission(void **state)
{
    struct place *p = *state;
    json_t *shown = json_loads(block_text(p, "json report.json"), 0, NULL);
    json_t *now = json_loads(graded_json(p), 0, NULL);
    assert_true(json_is_object(shown) && json_is_object(now));
    drop_what_varies(shown);
    drop_what_varies(now);
    if (!json_equal(shown, now))
        fail_msg("the report on %s is of another time; now it is\n%s", PAGE,
                 json_dumps(now, JSON_INDENT(2)));
    json_decref(shown);
    json_decref(now);
}

static int enter(void **state)
{
    static struct place p = {.dir = "/tmp/graded-page-XXXXXX"};
    arena_init(&p.a, 64 * (size_t)PAGE_MAX);
    *state = &p;
    if (mkdtemp(p.dir) == NULL)
        return -1;
    p.page = read_text(&p, PAGE);
    if (getenv("GRADED_UPDATE_GOLDEN") != NULL)
        update(&p);
    return 0;
}

static int leave(void **state)
{
    struct place *p = *state;
    const int gone = unlink(arena_printf(&p->a, "%s/%s", p->dir, FILE_NAME)) | rmdir(p->dir);
    arena_done(&p->a);
    return gone;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_block_is_what_the_grader_makes_of_the_json),
        cmocka_unit_test(the_json_is_what_grade_says_of_the_submission),
    };
    return cmocka_run_group_tests(tests, enter, leave);
}

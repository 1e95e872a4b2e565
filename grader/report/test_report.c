#include <locale.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <wchar.h>

#include <cmocka.h>

#include "grader/report/samples.h"

enum { MEMORY_MAX = 16 << 20 };

static void every_verdict_has_a_word_that_reads_back(void **state)
{
    (void)state;
    for (enum verdict v = VERDICT_ACCEPTED; v <= VERDICT_INTERNAL_ERROR; v++) {
        enum verdict back = VERDICT_ACCEPTED;
        assert_int_equal(verdict_parse(verdict_word(v), &back, NULL), OK);
        assert_int_equal(back, v);
        assert_int_equal(verdict_rank(v), v); /* the file is in the order of its ranks */
        assert_true(strlen(verdict_icpc(v)) >= 2 && strlen(verdict_sentence(v)) > 0);
    }
    struct err why;
    enum verdict none;
    assert_int_equal(verdict_parse("splendid", &none, &why), ERR_INVALID);
    assert_string_equal(why.text, "'splendid' is no verdict");
}

static void a_learner_gets_only_the_hint_of_a_hidden_group(void **state)
{
    (void)state;
    struct arena a;
    struct report r;
    arena_init(&a, MEMORY_MAX);
    assert_int_equal(report_redact(sample_report("partial"), REPORT_FOR_LEARNER, &a, &r), OK);
    const struct report_failure *hidden = &r.groups[3].first_failure;
    assert_null(hidden->test_case);
    assert_null(hidden->expected);
    assert_null(hidden->actual);
    assert_null(hidden->found_as);
    assert_null(hidden->arguments);
    assert_null(hidden->reproduce);
    assert_false(hidden->has_difference);
    assert_int_equal(hidden->n_stack, 0);
    assert_int_equal(r.groups[3].ms, 0);
    assert_string_equal(hidden->hint, "The high bits of Q5 sit in qh, one per weight");
    assert_string_equal(r.groups[1].first_failure.test_case, "Q8_0, 1 block, every weight a tie");
    arena_done(&a);
}

static void write_github(const struct report *r, struct str *out)
{
    report_write_github(r, NULL, 0, out);
}

static void what_was_found_in_a_hidden_group_is_told_in_our_words(void **state)
{
    (void)state;
    struct arena a;
    struct report r;
    arena_init(&a, MEMORY_MAX);
    static const struct report_finding made_up[] = {
        {.kind = "input-was-12-34-56",
         .file = "formats.c",
         .line = 7,
         .column = 12,
         .message = "12 34 56",
         .group = "q-legacy-hidden"},
        {.kind = "SEGV", .message = "12 34 56", .group = NULL},
    };
    struct report sample = *sample_report("partial");
    sample.sanitizer.findings = made_up;
    sample.sanitizer.n_findings = 2;
    assert_int_equal(report_redact(&sample, REPORT_FOR_LEARNER, &a, &r), OK);
    const struct report_finding *f = r.sanitizer.findings;
    assert_string_equal(f[0].kind, "finding");
    assert_string_equal(f[0].message, "found in a hidden group");
    assert_string_equal(f[0].file, "formats.c");
    assert_int_equal(f[0].line, 7);
    assert_int_equal(f[0].column, 0);
    assert_string_equal(f[1].kind, "SEGV");
    assert_string_equal(f[1].message, finding_meaning("SEGV"));
    arena_done(&a);
}

static void no_format_tells_a_learner_what_was_hidden(void **state)
{
    (void)state;
    static void (*const writers[])(const struct report *, struct str *) = {
        report_write_json,       report_write_junit,    report_write_sarif,
        report_write_gradescope, report_write_markdown, write_github};
    struct arena a;
    struct report r;
    struct str out;
    arena_init(&a, MEMORY_MAX);
    str_init(&out, MEMORY_MAX);
    assert_int_equal(report_redact(sample_report("partial"), REPORT_FOR_LEARNER, &a, &r), OK);
    for (size_t i = 0; i < sizeof writers / sizeof writers[0]; i++)
        writers[i](&r, &out);
    report_write_text(&r, true, &out);
    assert_null(strstr(out.text, "12 34 56"));
    assert_null(strstr(out.text, "12_34_56"));
    assert_null(strstr(out.text, "q-legacy-hidden:7"));
    assert_null(strstr(out.text, "seed 77"));
    str_done(&out);
    arena_done(&a);
}

static void staff_get_the_report_as_it_is(void **state)
{
    (void)state;
    struct report r;
    assert_int_equal(report_redact(sample_report("partial"), REPORT_FOR_STAFF, NULL, &r), OK);
    assert_ptr_equal(r.groups, sample_report("partial")->groups);
}

static void write_read_write_gives_the_same_bytes(void **state)
{
    (void)state;
    for (size_t i = 0; i < n_samples; i++) {
        struct arena a;
        struct str first, second;
        struct report back;
        struct err why;
        arena_init(&a, MEMORY_MAX);
        str_init(&first, REPORT_JSON_MAX);
        str_init(&second, REPORT_JSON_MAX);
        report_write_json(&samples[i].report, &first);
        if (report_read(first.text, first.length, &a, &back, &why) != OK)
            fail_msg("%s: %s", samples[i].name, why.text);
        report_write_json(&back, &second);
        assert_string_equal(first.text, second.text);
        str_done(&second);
        str_done(&first);
        arena_done(&a);
    }
}

/* The "partial" sample with the first `from` replaced by `to`: what the reader says. */
static enum err_code read_changed(const char *from, const char *to, struct err *why)
{
    struct arena a;
    struct str good, bad;
    struct report r;
    arena_init(&a, MEMORY_MAX);
    str_init(&good, REPORT_JSON_MAX);
    str_init(&bad, REPORT_JSON_MAX);
    report_write_json(sample_report("partial"), &good);
    const char *at = strstr(good.text, from);
    if (at == NULL)
        fail_msg("the sample holds no %s", from);
    str_add_bytes(&bad, good.text, (size_t)(at - good.text));
    str_add(&bad, to);
    str_add(&bad, at + strlen(from));
    const enum err_code rc = report_read(bad.text, bad.length, &a, &r, why);
    str_done(&bad);
    str_done(&good);
    arena_done(&a);
    return rc;
}

static void a_wrong_value_is_refused_by_its_path(void **state)
{
    (void)state;
    static const struct {
        const char *from, *to, *story;
    } table[] = {
        {"\"version\": 1", "\"version\": 2", "report.json: version: expected version 1"},
        {"\"seed\"", "\"sead\"", "report.json: sead: no such key"},
        {"  \"lab\": \"3.2\",\n", "", "report.json: lab: expected to be there"},
        {"\"lab\": \"3.2\"", "\"lab\": null", "report.json: lab: expected a text"},
        {"20240607", "9007199254740992",
         "report.json: seed: expected an integer from 0 within its bounds"},
        {"\"partial\"", "\"ok\"", "report.json: verdict: expected a verdict"},
        {"\"score\": 72.5", "\"score\": -1", "report.json: score: expected a number from 0"},
        {"\"score\": 72.5", "\"score\": 101", "report.json: score 101 is above max_score 100"},
        {"\"pass\": true", "\"pass\": 1", "report.json: pass: expected true or false"},
        {"\"warning\"", "\"fatal\"",
         "report.json: compile/diagnostics/0/severity: expected note, warning or error"},
        {"\"passed\": 24", "\"passed\": 25",
         "report.json: groups/0: earned 15 of 15 points, passed 25 of 24"},
        {"\"earned\": 7.5", "\"earned\": 11",
         "report.json: groups/1: earned 11 of 10 points, passed 12 of 16"},
        {"\"first_failure\": null", "\"first_failure\": []",
         "report.json: groups/0/first_failure: expected an object"},
        {"\"counters\": {}", "\"counters\": {\"a\": 1}",
         "report.json: device/counters: expected an empty object"},
        {"0.78", "0.95", "report.json: performance/0/interval: expected the lower end first"},
        {"\"seccomp\"", "7", "report.json: cell/guarantees/0: expected a text"},
    };
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        struct err why = {0};
        const enum err_code rc = read_changed(table[i].from, table[i].to, &why);
        if (rc != ERR_FORMAT || strcmp(why.text, table[i].story) != 0)
            fail_msg("%s -> %s: %s: %s", table[i].from, table[i].to, err_code_text(rc), why.text);
    }
}

static void foreign_bytes_are_refused(void **state)
{
    (void)state;
    static const char *const bytes[] = {"",
                                        "{",
                                        "[]",
                                        "null",
                                        "{}",
                                        "{\"lab\": \"\\u0000\"}",
                                        "{\"lab\": \"\xff\"}",
                                        "{\"version\": 1e999}"};
    struct arena a;
    struct report r;
    arena_init(&a, MEMORY_MAX);
    for (size_t i = 0; i < sizeof bytes / sizeof bytes[0]; i++)
        assert_int_equal(report_read(bytes[i], strlen(bytes[i]), &a, &r, NULL), ERR_FORMAT);
    assert_int_equal(report_read("", REPORT_JSON_MAX + 1, &a, &r, NULL), ERR_FORMAT);
    arena_done(&a);
}

static void a_report_needs_room(void **state)
{
    (void)state;
    struct arena a;
    struct str text;
    struct report r;
    arena_init(&a, 100);
    str_init(&text, REPORT_JSON_MAX);
    report_write_json(sample_report("partial"), &text);
    assert_int_equal(report_read(text.text, text.length, &a, &r, NULL), ERR_NOMEM);
    assert_int_equal(report_redact(sample_report("partial"), REPORT_FOR_LEARNER, &a, &r),
                     ERR_NOMEM);
    str_done(&text);
    arena_done(&a);
}

/* By the C library's count, which is not ours. */
static int columns_of(const char *line, size_t size)
{
    int columns = 0;
    mbstate_t shift = {0};
    for (size_t at = 0; at < size;) {
        wchar_t c;
        const size_t length = mbrtowc(&c, line + at, size - at, &shift);
        assert_true(length > 0 && length <= size - at);
        const int width = wcwidth(c);
        columns += width > 0 ? width : 0;
        at += length;
    }
    return columns;
}

static void text_has_eighty_columns(void **state)
{
    (void)state;
    assert_non_null(setlocale(LC_CTYPE, "C.UTF-8"));
    for (size_t i = 0; i < n_samples; i++) {
        struct str out;
        str_init(&out, MEMORY_MAX);
        report_write_text(&samples[i].report, false, &out);
        int number = 1;
        for (const char *line = out.text; *line != '\0'; number++) {
            const size_t size = strcspn(line, "\n");
            const int columns = columns_of(line, size);
            if (columns > 80)
                fail_msg("%s, line %d: %d columns", samples[i].name, number, columns);
            line += size + (line[size] == '\n');
        }
        str_done(&out);
    }
}

static void text_without_colour_has_no_control_but_line_feeds(void **state)
{
    (void)state;
    struct str text;
    str_init(&text, MEMORY_MAX);
    report_write_text(sample_report("hostile"), false, &text);
    for (size_t i = 0; i < text.length; i++)
        assert_true(text.text[i] == '\n' || (unsigned char)text.text[i] >= 0x20);
    str_done(&text);
}

static void the_cause_of_a_fault_of_ours_is_for_staff(void **state)
{
    (void)state;
    struct arena a;
    struct report r;
    const struct report ours = {.verdict = VERDICT_INTERNAL_ERROR,
                                .message = "Our fault.\nThe last time: check.c:12: n < 3"};
    arena_init(&a, MEMORY_MAX);
    assert_int_equal(report_redact(&ours, REPORT_FOR_LEARNER, &a, &r), OK);
    assert_string_equal(r.message, "Our fault.");
    assert_int_equal(report_redact(&ours, REPORT_FOR_STAFF, &a, &r), OK);
    assert_string_equal(r.message, ours.message);
    arena_done(&a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_verdict_has_a_word_that_reads_back),
        cmocka_unit_test(the_cause_of_a_fault_of_ours_is_for_staff),
        cmocka_unit_test(a_learner_gets_only_the_hint_of_a_hidden_group),
        cmocka_unit_test(what_was_found_in_a_hidden_group_is_told_in_our_words),
        cmocka_unit_test(no_format_tells_a_learner_what_was_hidden),
        cmocka_unit_test(staff_get_the_report_as_it_is),
        cmocka_unit_test(write_read_write_gives_the_same_bytes),
        cmocka_unit_test(a_wrong_value_is_refused_by_its_path),
        cmocka_unit_test(foreign_bytes_are_refused),
        cmocka_unit_test(a_report_needs_room),
        cmocka_unit_test(text_has_eighty_columns),
        cmocka_unit_test(text_without_colour_has_no_control_but_line_feeds),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

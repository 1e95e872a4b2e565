#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "grader/report/escape.h"
#include "grader/report/json_out.h"
#include "grader/report/text_layout.h"

static void utf8_is_decoded_as_rfc_3629_says(void **state)
{
    (void)state;
    static const struct {
        const char *name, *bytes;
        uint32_t code;
        size_t length;
    } table[] = {
        {"ASCII", "A", 'A', 1},
        {"two bytes", "\xc3\xa9", 0xE9, 2},
        {"three bytes", "\xe2\x82\xac", 0x20AC, 3},
        {"four bytes", "\xf0\x9f\x98\x80", 0x1F600, 4},
        {"the last code point", "\xf4\x8f\xbf\xbf", 0x10FFFF, 4},
        {"one above it", "\xf4\x90\x80\x80", UTF8_INVALID, 1},
        {"overlong slash", "\xc0\xaf", UTF8_INVALID, 1},
        {"overlong in three", "\xe0\x80\xaf", UTF8_INVALID, 1},
        {"a surrogate", "\xed\xa0\x80", UTF8_INVALID, 1},
        {"a lone continuation", "\x80", UTF8_INVALID, 1},
        {"cut short", "\xe2\x82", UTF8_INVALID, 1},
        {"never a byte of it", "\xff", UTF8_INVALID, 1},
    };
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        uint32_t code = 0;
        const size_t length = utf8_next(table[i].bytes, strlen(table[i].bytes), &code);
        if (code != table[i].code || length != table[i].length)
            fail_msg("%s: U+%04X in %zu bytes", table[i].name, (unsigned)code, length);
    }
}

static void each_format_escapes_its_own_way(void **state)
{
    (void)state;
    static const struct {
        const char *text, *json, *xml, *attribute, *terminal;
    } table[] = {
        {NULL, "", "", "", ""},
        {"plain \xc3\xa9", "plain \xc3\xa9", "plain \xc3\xa9", "plain \xc3\xa9", "plain \xc3\xa9"},
        {"\"", "\\\"", "\"", "&quot;", "\""},
        {"\\", "\\\\", "\\", "\\", "\\"},
        {"<&>", "<&>", "&lt;&amp;&gt;", "&lt;&amp;&gt;", "<&>"},
        {"a\nb", "a\\nb", "a\nb", "a&#10;b", "a\nb"},
        {"\t", "\\t", "\t", "&#9;", "    "},
        {"\r", "\\r", "&#13;", "&#13;", "\\x0d"},
        {"\x1b[2J", "\\u001b[2J", "\xef\xbf\xbd[2J", "\xef\xbf\xbd[2J", "\\x1b[2J"},
        {"\xff", "\xef\xbf\xbd", "\xef\xbf\xbd", "\xef\xbf\xbd", "\\xff"},
        {"\xef\xbf\xbf", "\xef\xbf\xbf", "\xef\xbf\xbd", "\xef\xbf\xbd", "\xef\xbf\xbf"},
        {"\xe2\x80\xae", "\xe2\x80\xae", "\xe2\x80\xae", "\xe2\x80\xae", "\\u202e"},
    };
    struct str s;
    str_init(&s, 256);
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        str_clear(&s);
        escape_json(&s, table[i].text);
        assert_string_equal(s.text, table[i].json);
        str_clear(&s);
        escape_xml(&s, table[i].text, false);
        assert_string_equal(s.text, table[i].xml);
        str_clear(&s);
        escape_xml(&s, table[i].text, true);
        assert_string_equal(s.text, table[i].attribute);
        str_clear(&s);
        escape_terminal(&s, table[i].text);
        assert_string_equal(s.text, table[i].terminal);
    }
    str_done(&s);
}

static void numbers_are_what_json_can_hold(void **state)
{
    (void)state;
    static const struct {
        double value;
        const char *text;
    } table[] = {{0.1, "0.1"},    {72.5, "72.5"}, {1e300, "1e+300"}, {-0.0, "0"},
                 {INFINITY, "0"}, {NAN, "0"},     {1e6, "1000000"}};
    struct str s;
    str_init(&s, 256);
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        struct json_out j = {.out = &s};
        str_clear(&s);
        json_number(&j, NULL, table[i].value);
        assert_string_equal(s.text, table[i].text);
    }
    str_done(&s);
}

static void objects_and_lists_are_indented_and_parted(void **state)
{
    (void)state;
    struct str s;
    str_init(&s, 256);
    struct json_out j = {.out = &s};
    json_open(&j, NULL, '{');
    json_open(&j, "list", '[');
    json_int(&j, NULL, -1);
    json_bool(&j, NULL, true);
    json_close(&j, ']');
    json_open(&j, "empty", '{');
    json_close(&j, '}');
    json_text(&j, "none", NULL);
    json_close(&j, '}');
    assert_string_equal(s.text, "{\n  \"list\": [\n    -1,\n    true\n  ],\n  \"empty\": {},\n"
                                "  \"none\": null\n}\n");
    str_done(&s);
}

static void a_paragraph_wraps_at_blanks_and_ends(void **state)
{
    (void)state;
    struct str s;
    str_init(&s, 4096);
    text_paragraph(&s, 70, "  hint", "one two three four", 3);
    char wanted[256];
    snprintf(wanted, sizeof wanted, "%-70sone two\n%-70sthree four\n", "  hint", "");
    assert_string_equal(s.text, wanted);
    str_clear(&s);
    text_paragraph(&s, 2, "", "a\nb\nc", 2);
    assert_string_equal(s.text, "  a\n  b\n  ... (there is more)\n");
    str_done(&s);
}

static void narrow_texts_stand_side_by_side_and_differences_are_marked(void **state)
{
    (void)state;
    struct str s;
    str_init(&s, 4096);
    text_compare(&s, 60, "want", "a\nb", "got", "a\nc");
    assert_non_null(strstr(s.text, "want       got\n"));
    assert_non_null(strstr(s.text, "a        | a\n"));
    assert_non_null(strstr(s.text, "b        ! c\n"));
    str_clear(&s);
    text_compare(&s, 60, "want", "too wide for half", "got", "a");
    assert_non_null(strstr(s.text, "want\n"));
    assert_null(strstr(s.text, " | "));
    str_done(&s);
}

static void a_bar_is_full_only_when_all_is_earned(void **state)
{
    (void)state;
    static const struct {
        double share;
        const char *bar;
    } table[] = {{0, "\u2591\u2591\u2591\u2591"},
                 {0.01, "\u2588\u2591\u2591\u2591"},
                 {0.5, "\u2588\u2588\u2591\u2591"},
                 {0.99, "\u2588\u2588\u2588\u2591"},
                 {1, "\u2588\u2588\u2588\u2588"}};
    struct str s;
    str_init(&s, 256);
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        str_clear(&s);
        text_bar(&s, table[i].share, 4);
        assert_string_equal(s.text, table[i].bar);
    }
    str_done(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(utf8_is_decoded_as_rfc_3629_says),
        cmocka_unit_test(each_format_escapes_its_own_way),
        cmocka_unit_test(numbers_are_what_json_can_hold),
        cmocka_unit_test(objects_and_lists_are_indented_and_parted),
        cmocka_unit_test(a_paragraph_wraps_at_blanks_and_ends),
        cmocka_unit_test(narrow_texts_stand_side_by_side_and_differences_are_marked),
        cmocka_unit_test(a_bar_is_full_only_when_all_is_earned),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

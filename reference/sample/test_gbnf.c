#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "reference/sample/test_gbnf.h"

/* ---- known grammars ---- */

#define JSON                                                                                       \
    "root ::= object\n"                                                                            \
    "value ::= object | array | string | number | (\"true\" | \"false\" | \"null\") ws\n"          \
    "object ::= \"{\" ws (string \":\" ws value (\",\" ws string \":\" ws value)*)? \"}\" ws\n"    \
    "array ::= \"[\" ws (value (\",\" ws value)*)? \"]\" ws\n"                                     \
    "string ::= \"\\\"\" ([^\"\\\\\\x7F\\x00-\\x1F] | \"\\\\\" ([\"\\\\bfnrt/] | \"u\" "           \
    "[0-9a-fA-F]{4}))* \"\\\"\" ws\n"                                                              \
    "number ::= \"-\"? (\"0\" | [1-9] [0-9]*) (\".\" [0-9]+)? ([eE] [-+]? [0-9]+)? ws\n"           \
    "ws ::= | \" \" | \"\\n\" [ \\t]{0,20}\n"

static void known_grammars_take_known_texts(void **state)
{
    (void)state;
    static const struct {
        const char *grammar, *good[8], *bad[8];
    } cases[] = {
        {"root ::= \"ab\" | [x-z]", {"ab", "x", "z"}, {"a", "b", "w", "abx", ""}},
        {"root ::= \"a\" \"b\"?\n", {"a", "ab"}, {"b", "abb"}},
        {"root ::= \"ab\"*", {"", "ab", "abab"}, {"a", "aba"}},
        {"root ::= \"a\"{2,3}", {"aa", "aaa"}, {"a", "aaaa"}},
        {"root ::= \"a\"{2}", {"aa"}, {"a", "aaa"}},
        {"root ::= \"a\"{2,}", {"aa", "aaaaaa"}, {"a"}},
        {"root ::= \"a\"{0}", {""}, {"a"}},
        {"root ::= (\"a\"\n | \"b\" )+", {"a", "abba"}, {"", "c"}},
        {"root ::= \"a\" |\n \"b\"", {"a", "b"}, {"ab"}},
        {"root ::= a b # comment\na ::= \"x\" # c\nb::=\"y\"", {"xy"}, {"x", "y"}},
        {"root ::= [^a-c\\n]", {"d", "\xc3\xa9", " "}, {"a", "b", "\n", "dd"}},
        {"root ::= [a-]  [-a] [\\-x]", {"-a-", "a-x"}, {"---x", "b-x"}},
        {"root ::= [\\[\\]\\\\\\\"]", {"[", "]", "\\", "\""}, {"a"}},
        {"root ::= \"\\x41\\u00e9\\U0001F600\\t\"", {"A\xc3\xa9\xf0\x9f\x98\x80\t"}, {"A"}},
        {"root ::= .",
         {"a", "\n", "\xf4\x8f\xbf\xbf"},
         {"\xed\xa0\x80", "\xf4\x90\x80\x80", "\xff"}},
        {"root ::= [^\\u00e9]", {"a", "\xc3\xa8"}, {"\xc3\xa9"}},
        {"root ::= [z-a] | \"q\"", {"q"}, {"z", "m"}},
        {"root ::= \"a\" root \"b\" | ", {"", "ab", "aaabbb"}, {"a", "abb", "ba"}},
        {"root ::= x\nx ::= \"a\"\nx ::= \"b\"", {"b"}, {"a"}},
        {"root ::= \"\" \"a\"", {"a"}, {"b"}},
        {"\r\n# c\r\nroot ::= \"a\"\r\n", {"a"}, {"b"}},
        {"root ::= (\"a\" (\"b\" (\"c\")?)?)?", {"", "a", "ab", "abc"}, {"ac", "b"}},
        {JSON,
         {"{}", "{\"a\":[1,-2.5e10,true]}", "{\"\\u00e9\":\"\xc3\xa9\"} "},
         {"{\"a\"}", "{\"a\":01}", "{\"a\":1,}", "[1]"}},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        for (int k = 0; k < 16; k++) {
            const char *text = k < 8 ? cases[i].good[k] : cases[i].bad[k - 8];
            if (text == NULL)
                continue;
            struct grammar t;
            load(&t, cases[i].grammar);
            const bool ok = accept(&t.s, text, strlen(text)) && ref_gbnf_can_end(&t.s);
            if (ok != (k < 8))
                fail_msg("%s\n%s \"%s\"", cases[i].grammar, ok ? "takes" : "refuses", text);
            unload(&t);
        }
    }
}

static void faults_are_found_where_they_are(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        enum ref_gbnf_status status;
        int offset;
    } cases[] = {
        {"root", REF_GBNF_SYNTAX, 4},
        {"root :: a", REF_GBNF_SYNTAX, 7},
        {"root = a", REF_GBNF_SYNTAX, 5},
        {"_x ::= a", REF_GBNF_SYNTAX, 0},
        {"root ::= \"a", REF_GBNF_SYNTAX, 11},
        {"root ::= \"\\q\"", REF_GBNF_SYNTAX, 11},
        {"root ::= \"\\x4g\"", REF_GBNF_SYNTAX, 13},
        {"root ::= \"\\", REF_GBNF_SYNTAX, 11},
        {"root ::= [a", REF_GBNF_SYNTAX, 11},
        {"root ::= []", REF_GBNF_SYNTAX, 10},
        {"root ::= [^]", REF_GBNF_SYNTAX, 11},
        {"root ::= (\"a\"", REF_GBNF_SYNTAX, 13},
        {"root ::= \"a\")", REF_GBNF_SYNTAX, 12},
        {"root ::= *", REF_GBNF_SYNTAX, 9},
        {"root ::= \"\"*", REF_GBNF_SYNTAX, 11},
        {"root ::= \"a\" | +", REF_GBNF_SYNTAX, 15},
        {"root ::= \"a\"{", REF_GBNF_SYNTAX, 13},
        {"root ::= \"a\"{,3}", REF_GBNF_SYNTAX, 13},
        {"root ::= \"a\"{1;3}", REF_GBNF_SYNTAX, 14},
        {"root ::= \"a\"{1,3", REF_GBNF_SYNTAX, 16},
        {"root ::= \"\xff\"", REF_GBNF_SYNTAX, 10},
        {"root ::= \"\xc3\"", REF_GBNF_SYNTAX, 11},
        {"root ::= \"a\" & \"b\"", REF_GBNF_SYNTAX, 13},
        {"root ::= \"a\"{2001}", REF_GBNF_LIMIT, 13},
        {"root ::= \"a\"{99999999999999999999}", REF_GBNF_LIMIT, 13},
        {"root ::= \"a\"{3,2}", REF_GBNF_LIMIT, 13},
        {"root ::= nowhere", REF_GBNF_UNDEFINED, 9},
        {"", REF_GBNF_NOROOT, 0},
        {"a ::= \"a\"", REF_GBNF_NOROOT, 9},
        {"root ::= root \"a\" | \"b\"", REF_GBNF_LEFTREC, -1},
        {"root ::= a\na ::= \"x\"? b\nb ::= root", REF_GBNF_LEFTREC, -1},
        {"root ::= (\"a\"?)*", REF_GBNF_LEFTREC, -1},
        {"root ::= \"x\" y\ny ::= z y \nz ::= \"\"", REF_GBNF_LEFTREC, -1},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct grammar t;
        struct err why = {.text = ""};
        size_t offset = 999;
        const enum ref_gbnf_status s =
            parse(&t, cases[i].text, strlen(cases[i].text), &offset, &why);
        if (s != cases[i].status || (cases[i].offset >= 0 && offset != (size_t)cases[i].offset))
            fail_msg("%s: status %d at %zu (%s)", cases[i].text, s, offset, why.text);
        free(t.mem);
    }
}

/* ---- bounds ---- */

static void what_is_refused_changes_nothing(void **state)
{
    (void)state;
    struct grammar t;
    load(&t, JSON);
    assert_true(accept(&t.s, "{\"a\":[1,", 8));
    assert_false(accept(&t.s, "2,3,]", 5));
    assert_false(accept(&t.s, "\"\xc3", 2) && accept(&t.s, "\xc3", 1));
    assert_true(accept(&t.s, "\xa9\"]", 3));
    assert_true(accept(&t.s, "}", 1) && ref_gbnf_can_end(&t.s));
    unload(&t);
}

static void no_sentence_ends_within_a_character(void **state)
{
    (void)state;
    struct grammar t;
    load(&t, "root ::= .*");
    assert_true(ref_gbnf_can_end(&t.s));
    assert_true(accept(&t.s, "\xc3", 1));
    assert_false(ref_gbnf_can_end(&t.s));
    unload(&t);
}

/* Separate stacks would be 2^40 here. */
static void an_ambiguous_grammar_stays_small(void **state)
{
    (void)state;
    struct grammar t;
    load(&t, "root ::= \"x\" root \"y\" | \"x\" root \"z\" | \"x\" root [yz] | \"x\"");
    for (int i = 0; i < 40; i++)
        assert_true(accept(&t.s, "x", 1));
    for (int i = 0; i < 39; i++)
        assert_true(accept(&t.s, i % 2 == 0 ? "y" : "z", 1));
    assert_true(ref_gbnf_can_end(&t.s));
    assert_false(accept(&t.s, "y", 1));
    unload(&t);
}

static void a_long_text_needs_no_more_memory(void **state)
{
    (void)state;
    struct grammar t;
    load(&t, JSON);
    struct grammar small = {.g = t.g};
    open_state(&small, 256);
    assert_true(accept(&small.s, "{\"k\":[", 6));
    for (int i = 0; i < 20000; i++)
        assert_true(accept(&small.s, "{\"a\":[1, \"b\\n\"]},", 17));
    assert_true(accept(&small.s, "0]}", 3) && ref_gbnf_can_end(&small.s));
    free(small.state_mem);
    unload(&t);
}

static void depth_ends_at_the_memory_given(void **state)
{
    (void)state;
    struct grammar t;
    load(&t, JSON);
    struct grammar small = {.g = t.g};
    open_state(&small, 256);
    enum ref_gbnf_status s = REF_GBNF_OK;
    int depth = 0;
    bool ok = true;
    assert_true(accept(&small.s, "{\"k\":", 5));
    for (; s == REF_GBNF_OK && depth < 100000; depth++) {
        s = ref_gbnf_accept(&small.s, (const uint8_t *)"[", 1, &ok);
        assert_true(s == REF_GBNF_LIMIT || ok);
    }
    assert_int_equal(s, REF_GBNF_LIMIT);
    assert_true(depth > 30);
    assert_true(accept(&small.s, "1", 1)); /* as it was before */
    free(small.state_mem);
    unload(&t);
}

/* Eight thousand million ways to read nothing: opened in the memory given, or refused. */
static void repetitions_of_repetitions_are_bounded(void **state)
{
    (void)state;
    static const char text[] = "root ::= ((\"ab\"{0,2000}){1,2000}){1,2000}";
    static const char small[] = "root ::= ((\"ab\"{0,8}){1,8}){1,8}";
    struct grammar t;
    assert_int_equal(parse(&t, text, strlen(text), NULL, NULL), REF_GBNF_OK);
    t.state_bytes = ref_gbnf_state_bytes(&t.g, 1 << 16);
    t.state_mem = malloc(t.state_bytes);
    assert_non_null(t.state_mem);
    assert_int_equal(ref_gbnf_open(&t.s, &t.g, 1 << 16, t.state_mem, t.state_bytes),
                     REF_GBNF_LIMIT);
    unload(&t);
    assert_int_equal(parse(&t, small, strlen(small), NULL, NULL), REF_GBNF_OK);
    open_state(&t, 1 << 16);
    for (int i = 0; i < 30; i++)
        assert_true(accept(&t.s, "ab", 2) && ref_gbnf_can_end(&t.s));
    unload(&t);
}

static void groups_may_be_deep_but_not_endless(void **state)
{
    (void)state;
    enum { DEEP = 600 };
    char text[2 * DEEP + 64], open[DEEP + 1], close[DEEP + 1];
    for (size_t depth = 200; depth <= DEEP; depth += 200) {
        struct grammar t;
        memset(open, '(', depth);
        memset(close, ')', depth);
        open[depth] = close[depth] = '\0';
        snprintf(text, sizeof text, "root ::= %s\"a\"%s", open, close);
        assert_int_equal(parse(&t, text, strlen(text), NULL, NULL),
                         depth <= REF_GBNF_MAX_GROUPS ? REF_GBNF_OK : REF_GBNF_LIMIT);
        free(t.mem);
    }
}

static void a_small_memory_is_refused_not_overrun(void **state)
{
    (void)state;
    for (uint32_t elements = 0; elements < 300; elements++) {
        struct ref_gbnf g;
        const size_t bytes = ref_gbnf_bytes(elements);
        void *mem = malloc(bytes);
        assert_non_null(mem);
        const enum ref_gbnf_status status =
            ref_gbnf_parse(&g, JSON, strlen(JSON), "root", mem, bytes, NULL, NULL);
        assert_true(status == REF_GBNF_LIMIT || elements > 100);
        free(mem);
    }
}

static void a_clone_goes_its_own_way(void **state)
{
    (void)state;
    struct grammar t;
    load(&t, JSON);
    struct ref_gbnf_state clone;
    assert_true(accept(&t.s, "{\"a\":[\"\xc3", 8));
    void *mem = malloc(t.state_bytes);
    assert_non_null(mem);
    assert_int_equal(ref_gbnf_clone(&clone, &t.s, mem, t.state_bytes), REF_GBNF_OK);
    assert_true(accept(&t.s, "\xa9\"]}", 4));
    assert_true(accept(&clone, "\x80\",1,", 5));
    assert_true(ref_gbnf_can_end(&t.s) && !ref_gbnf_can_end(&clone));
    assert_true(accept(&clone, "2]}", 3) && ref_gbnf_can_end(&clone));
    free(mem);
    unload(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(known_grammars_take_known_texts),
        cmocka_unit_test(faults_are_found_where_they_are),
        cmocka_unit_test(what_is_refused_changes_nothing),
        cmocka_unit_test(no_sentence_ends_within_a_character),
        cmocka_unit_test(an_ambiguous_grammar_stays_small),
        cmocka_unit_test(a_long_text_needs_no_more_memory),
        cmocka_unit_test(depth_ends_at_the_memory_given),
        cmocka_unit_test(repetitions_of_repetitions_are_bounded),
        cmocka_unit_test(groups_may_be_deep_but_not_endless),
        cmocka_unit_test(a_small_memory_is_refused_not_overrun),
        cmocka_unit_test(a_clone_goes_its_own_way),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

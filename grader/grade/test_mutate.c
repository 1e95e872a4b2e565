/* Mistakes made by machine: which there are, what they make of the source. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/str.h"
#include "grader/grade/ctokens.h"
#include "grader/grade/mutate.h"

enum { MEMORY_MAX = 16 << 20 };

/* All mutants of a function body, a line each. */
static void list_texts(const char *body, struct arena *a, struct str *ret)
{
    const char *source = arena_printf(a, "int f(int a, int b)\n{\n%s\n}\n", body);
    const struct mutant *m = NULL;
    size_t n = 0;
    assert_int_equal(mutate_list(source, strlen(source), a, &m, &n, NULL), OK);
    for (size_t i = 0; i < n; i++) {
        size_t size = 0;
        char *text = mutate_apply(source, strlen(source), &m[i], a, &size);
        assert_int_equal(strlen(text), size);
        text[size - strlen("\n}\n")] = '\0';
        str_printf(ret, "%s\n", text + strlen("int f(int a, int b)\n{\n"));
    }
}

static void each_kind_of_mistake_is_made(void **state)
{
    (void)state;
    static const struct {
        const char *body, *mutants;
    } table[] = {
        {"if (a < b) g();", "if (!(a < b)) g();\nif (a <= b) g();\nif (a < b) ;\n"},
        {"return a == b || a >= 9;", "return a != b || a >= 9;\nreturn a == b && a >= 9;\n"
                                     "return a == b || a > 9;\nreturn a == b || a >= (9 + 1);\n"
                                     "return a == b || a >= (9 - 1);\n"},
        {"a += b - 0x1f;", ";\na -= b - 0x1f;\na += b + 0x1f;\na += b - (0x1f + 1);\n"
                           "a += b - (0x1f - 1);\n"},
        {"for (;;) break;", "for (;;) ;\n"},
        {"a = -b;", ";\n"},
        {"a++; *p = 0;", "; *p = 0;\na++; ;\na++; *p = (0 + 1);\n"},
        {"float x[32]; int i = b;", ""},
        {"x[3] = y;", ";\nx[(3 + 1)] = y;\nx[(3 - 1)] = y;\n"},
        {"s = \"a < b\"; c = '<'; /* 1 < 2 */ // 3\n", "; c = '<'; /* 1 < 2 */ // 3\n\n"
                                                       "s = \"a < b\"; ; /* 1 < 2 */ // 3\n\n"},
        {"#define X (1 < 2) \\\n && 3\ng();", "#define X (1 < 2) \\\n && 3\n;\n"},
        {"a = b ? c() : d();", ";\n"},
        {"x = 1.5f + 1e-3;", ";\nx = 1.5f - 1e-3;\n"},
        {"return a;", ""},
        {"{ return a; }", "{ ; }\n"},
    };
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        struct arena a;
        struct str all;
        arena_init(&a, MEMORY_MAX);
        str_init(&all, MEMORY_MAX);
        list_texts(table[i].body, &a, &all);
        if (strcmp(all.text, table[i].mutants) != 0)
            fail_msg("%s\n--- gave\n%s--- wanted\n%s", table[i].body, all.text, table[i].mutants);
        str_done(&all);
        arena_done(&a);
    }
}

static void a_mutant_is_told_with_its_place(void **state)
{
    (void)state;
    static const char source[] = "int f(int n)\n{\n    for (int i = 0; i < n; i++)\n"
                                 "        if (n\n            == i)\n            g(i);\n"
                                 "    return 2;\n}\n";
    static const struct {
        int line;
        const char *text;
    } wanted[] = {
        {3, "'i < n' has <= for <"},
        {4, "the condition 'n == i' is negated"},
        {6, "'g(i);' is gone"},
    };
    struct arena a;
    const struct mutant *m = NULL;
    size_t n = 0, found = 0;
    arena_init(&a, MEMORY_MAX);
    assert_int_equal(mutate_list(source, sizeof source - 1, &a, &m, &n, NULL), OK);
    for (size_t i = 0; i < n; i++)
        for (size_t k = 0; k < sizeof wanted / sizeof wanted[0]; k++)
            found += m[i].line == wanted[k].line &&
                     strcmp(mutate_text(source, sizeof source - 1, &m[i], &a), wanted[k].text) == 0;
    if (found != sizeof wanted / sizeof wanted[0])
        for (size_t i = 0; i < n; i++)
            print_message("%d: %s\n", m[i].line, mutate_text(source, sizeof source - 1, &m[i], &a));
    assert_int_equal(found, sizeof wanted / sizeof wanted[0]);
    arena_done(&a);
}

static void a_sample_is_the_same_each_time_and_has_its_size(void **state)
{
    (void)state;
    size_t a[100], b[100];
    assert_int_equal(mutate_sample(100, 17, a), 17);
    assert_int_equal(mutate_sample(100, 17, b), 17);
    assert_memory_equal(a, b, 17 * sizeof a[0]);
    for (size_t i = 1; i < 17; i++)
        assert_true(a[i - 1] < a[i] && a[i] < 100);
    assert_int_equal(mutate_sample(9, SIZE_MAX, a), 9);
    assert_int_equal(mutate_sample(9, 0, a), 0);
    assert_int_equal(mutate_sample(0, 5, a), 0);
}

/* Whatever is cut off anywhere: tokens stay inside, mutants apply. */
static void what_is_no_whole_c_is_no_trouble(void **state)
{
    (void)state;
    static const char source[] =
        "int f(void)\n{ if (a[\"x\\\"\"] <= 0x1p+3) return '\\''; /* c */\n"
        "#if 1 \\\n 2\n x -= y.z->w(1, (2)); } // end";
    for (size_t size = 0; size < sizeof source; size++) {
        struct arena a;
        const struct ctoken *t = NULL;
        const struct mutant *m = NULL;
        size_t n = 0;
        arena_init(&a, MEMORY_MAX);
        char *copy = arena_alloc(&a, size + 1);
        memcpy(copy, source, size);
        assert_int_equal(ctokens_read(copy, size, &a, &t, &n, NULL), OK);
        for (size_t i = 0; i < n; i++)
            assert_true(t[i].length > 0 && t[i].at + t[i].length <= size);
        assert_int_equal(mutate_list(copy, size, &a, &m, &n, NULL), OK);
        for (size_t i = 0; i < n; i++) {
            size_t changed = 0;
            assert_non_null(mutate_apply(copy, size, &m[i], &a, &changed));
            assert_non_null(mutate_text(copy, size, &m[i], &a));
        }
        arena_done(&a);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_kind_of_mistake_is_made),
        cmocka_unit_test(a_mutant_is_told_with_its_place),
        cmocka_unit_test(a_sample_is_the_same_each_time_and_has_its_size),
        cmocka_unit_test(what_is_no_whole_c_is_no_trouble),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* The hand-written matchers against a backtracking matcher that reads the patterns as they stand.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "reference/token/test_vocab.h"
#include "reference/token/unicode.h"
#include "reference/token/utf8.h"

/* ---- a backtracking matcher: atoms with counts, greedy, alternatives in order ---- */

enum set { ANY_LETTER, ANY_NUMBER, BLANK, NEWLINE, A_SPACE, SYMBOL, NOT_LINE_WORD, LITERAL, AHEAD };
struct atom {
    enum set set;
    int least, most;
    const char *literal; /* LITERAL: lower-case ASCII; AHEAD: (?!\S) */
};
enum { MANY = 1 << 20, ATOMS = 4 };
struct pattern {
    struct atom atom[ATOMS];
    int n;
};

static bool in_set(enum set set, uint32_t cp)
{
    const enum ref_unicode_class class = ref_unicode_class(cp);
    const bool letter = class == REF_UNICODE_LETTER, number = class == REF_UNICODE_NUMBER;
    switch (set) {
    case ANY_LETTER:
        return letter;
    case ANY_NUMBER:
        return number;
    case BLANK:
        return ref_unicode_is_space(cp);
    case NEWLINE:
        return cp == '\r' || cp == '\n';
    case A_SPACE:
        return cp == ' ';
    case SYMBOL:
        return !letter && !number && !ref_unicode_is_space(cp);
    case NOT_LINE_WORD:
        return !letter && !number && cp != '\r' && cp != '\n';
    case LITERAL:
    case AHEAD:
        break;
    }
    return false;
}

static const struct atom contraction_atoms[] = {
    {.literal = "'s"}, {.literal = "'t"},  {.literal = "'re"}, {.literal = "'ve"},
    {.literal = "'m"}, {.literal = "'ll"}, {.literal = "'d"},
};
#define OPTIONAL(set)                                                                              \
    {                                                                                              \
        set, 0, 1, NULL                                                                            \
    }
#define SOME(set)                                                                                  \
    {                                                                                              \
        set, 1, MANY, NULL                                                                         \
    }
#define MAYBE(set)                                                                                 \
    {                                                                                              \
        set, 0, MANY, NULL                                                                         \
    }
#define NO_WORD_AHEAD                                                                              \
    {                                                                                              \
        AHEAD, 0, 0, NULL                                                                          \
    }
static const struct pattern gpt2[] = {
    {{OPTIONAL(A_SPACE), SOME(ANY_LETTER)}, 2},
    {{OPTIONAL(A_SPACE), SOME(ANY_NUMBER)}, 2},
    {{OPTIONAL(A_SPACE), SOME(SYMBOL)}, 2},
    {{SOME(BLANK), NO_WORD_AHEAD}, 2},
    {{SOME(BLANK)}, 1},
};
static const struct pattern llama3[] = {
    {{OPTIONAL(NOT_LINE_WORD), SOME(ANY_LETTER)}, 2},
    {{{ANY_NUMBER, 1, 3, NULL}}, 1},
    {{OPTIONAL(A_SPACE), SOME(SYMBOL), MAYBE(NEWLINE)}, 3},
    {{MAYBE(BLANK), SOME(NEWLINE)}, 2},
    {{SOME(BLANK), NO_WORD_AHEAD}, 2},
    {{SOME(BLANK)}, 1},
};

struct subject {
    const uint32_t *cp;
    int n;
    bool any_case;
};

/* The end of the match of atoms from a on at `at`, -1 if there is none. */
static int match(const struct subject *s, const struct pattern *p, int a, int at)
{
    if (a == p->n)
        return at;
    const struct atom *atom = &p->atom[a];
    if (atom->set == AHEAD)
        return at == s->n || in_set(BLANK, s->cp[at]) ? match(s, p, a + 1, at) : -1;
    int count = 0;
    while (count < atom->most && at + count < s->n && in_set(atom->set, s->cp[at + count]))
        count++;
    for (; count >= atom->least; count--) {
        const int end = match(s, p, a + 1, at + count);
        if (end >= 0)
            return end;
    }
    return -1;
}

static int match_literal(const struct subject *s, const char *literal, int at)
{
    for (; *literal != '\0'; literal++, at++) {
        uint32_t cp = at < s->n ? s->cp[at] : 0;
        if (s->any_case && cp >= 'A' && cp <= 'Z')
            cp += 'a' - 'A';
        if (cp != (uint32_t)*literal)
            return -1;
    }
    return at;
}

static int word_end(const struct subject *s, const struct pattern *p, size_t n, int at)
{
    int end = -1;
    for (size_t i = 0; i < 7 && end < 0; i++)
        end = match_literal(s, contraction_atoms[i].literal, at);
    for (size_t i = 0; i < n && end < 0; i++)
        end = match(s, &p[i], 0, at);
    return end < 0 ? at + 1 : end;
}

static const uint32_t letters[] = {'a',   's',    'S',    'T',   'l',     'L',    'e',  'R',
                                   'v',   '\'',   '1',    '2',   '.',     '!',    ' ',  ' ',
                                   '\n',  '\r',   '\t',   0xe9,  0x4e00,  0x3000, 0xa0, 0x300,
                                   0x660, 0x2167, 0xfeff, 0x378, 0x1f600, 0x17f,  0x85};

static void compare(enum ref_pretok kind, const uint32_t *cp, int n, const struct pattern *p,
                    size_t n_patterns)
{
    uint8_t text[4 * 32];
    size_t off[33], size = 0;
    const struct subject s = {.cp = cp, .n = n, .any_case = kind != REF_PRETOK_GPT2};
    for (int i = 0; i < n; i++) {
        off[i] = size;
        size += ref_utf8_put(cp[i], text + size);
    }
    off[n] = size;
    for (int at = 0; at < n;) {
        const int end = word_end(&s, p, n_patterns, at);
        const size_t got = ref_pretok_next(kind, text, size, off[at]);
        if (got != off[end])
            fail_msg("%.*s: from byte %zu the word ends at %zu, not %zu", (int)size, (char *)text,
                     off[at], got, off[end]);
        at = end;
    }
}

static void words_are_those_of_the_patterns(void **state)
{
    (void)state;
    struct test_random r = {42};
    struct pattern qwen2[6];
    uint32_t cp[32];
    memcpy(qwen2, llama3, sizeof qwen2);
    qwen2[1].atom[0].most = 1;
    for (int round = 0; round < 100000; round++) {
        const int n = (int)test_below(&r, 13);
        for (int i = 0; i < n; i++)
            cp[i] = letters[test_below(&r, sizeof letters / sizeof letters[0])];
        compare(REF_PRETOK_GPT2, cp, n, gpt2, 5);
        compare(REF_PRETOK_LLAMA3, cp, n, llama3, 6);
        compare(REF_PRETOK_QWEN2, cp, n, qwen2, 6);
    }
}

static void expect(enum ref_pretok kind, const char *text, const char *words)
{
    char got[256];
    size_t n = 0;
    for (size_t at = 0; at < strlen(text);) {
        const size_t end = ref_pretok_next(kind, (const uint8_t *)text, strlen(text), at);
        n += (size_t)snprintf(got + n, sizeof got - n, "%s%.*s", at > 0 ? "|" : "", (int)(end - at),
                              text + at);
        at = end;
    }
    if (n == 0 ? words[0] != '\0' : strcmp(got, words) != 0)
        fail_msg("\"%s\" is cut to \"%s\", not \"%s\"", text, n == 0 ? "" : got, words);
}

static void known_texts_are_cut_so(void **state)
{
    (void)state;
    static const struct {
        const char *text, *gpt2, *llama3;
    } cases[] = {
        {"", "", ""},
        {"Hello world", "Hello| world", "Hello| world"},
        {"I'll say it's 12345!", "I|'ll| say| it|'s| 12345|!", "I|'ll| say| it|'s| |123|45|!"},
        {"DON'T", "DON|'|T", "DON|'T"},
        {"a  b", "a| | b", "a| | b"},
        {"a   \n\n b ", "a|   \n\n| b| ", "a|   \n\n| b| "},
        {"x = 1;\r\ny", "x| =| 1|;|\r|\n|y", "x| =| |1|;\r\n|y"},
        {"(foo)", "(|foo|)", "(foo|)"},
        {"\tif", "\t|if", "\tif"},
        {"   ", "   ", "   "},
        {"\xff\xffz", "\xff\xff|z", "\xff\xff|z"},
        {"caf\xc3\xa9 \xe4\xb8\xad", "caf\xc3\xa9| \xe4\xb8\xad", "caf\xc3\xa9| \xe4\xb8\xad"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        expect(REF_PRETOK_GPT2, cases[i].text, cases[i].gpt2);
        expect(REF_PRETOK_LLAMA3, cases[i].text, cases[i].llama3);
    }
    expect(REF_PRETOK_QWEN2, "in 2024", "in| |2|0|2|4");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(words_are_those_of_the_patterns),
        cmocka_unit_test(known_texts_are_cut_so),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

#include "grader/grade/mutate.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "grader/grade/ctokens.h"
#include "grader/sdk/lab_rng.h"

struct search {
    const char *source;
    struct arena *arena;
    const struct ctoken *tokens;
    size_t n_tokens;
    struct mutant *found;
    size_t n, max;
    bool full; /* no memory for one more */
};

static bool is(const struct search *s, size_t i, const char *text)
{
    return i < s->n_tokens && s->tokens[i].length == strlen(text) &&
           memcmp(s->source + s->tokens[i].at, text, s->tokens[i].length) == 0;
}

static bool is_one_of(const struct search *s, size_t i, const char *const *texts)
{
    for (; *texts != NULL; texts++)
        if (is(s, i, *texts))
            return true;
    return false;
}

static void add(struct search *s, enum mutation kind, size_t first, size_t last,
                const char *replacement)
{
    const struct ctoken *t = &s->tokens[first], *end = &s->tokens[last];
    if (s->n == s->max || replacement == NULL) {
        s->full = true;
        return;
    }
    s->found[s->n++] = (struct mutant){.kind = kind,
                                       .at = t->at,
                                       .length = end->at + end->length - t->at,
                                       .replacement = replacement,
                                       .line = t->line};
}

/* ---- operators ---- */

/* Is what stands in front of token i the end of an operand, so that + is a sum? */
static bool after_operand(const struct search *s, size_t i)
{
    static const char *const no_operands[] = {"return", "case", "else", "do", "sizeof", NULL};
    if (i == 0)
        return false;
    const struct ctoken *t = &s->tokens[i - 1];
    return t->kind == CTOKEN_NUMBER || is(s, i - 1, ")") || is(s, i - 1, "]") ||
           (t->kind == CTOKEN_WORD && !is_one_of(s, i - 1, no_operands));
}

static void try_operator(struct search *s, size_t i)
{
    static const struct {
        const char *from, *to;
        enum mutation kind;
    } table[] = {
        {"<", "<=", MUTATE_COMPARE}, {"<=", "<", MUTATE_COMPARE},  {">", ">=", MUTATE_COMPARE},
        {">=", ">", MUTATE_COMPARE}, {"==", "!=", MUTATE_COMPARE}, {"!=", "==", MUTATE_COMPARE},
        {"+", "-", MUTATE_SIGN},     {"-", "+", MUTATE_SIGN},      {"+=", "-=", MUTATE_SIGN},
        {"-=", "+=", MUTATE_SIGN},   {"&&", "||", MUTATE_LOGIC},   {"||", "&&", MUTATE_LOGIC},
    };
    for (size_t k = 0; k < sizeof table / sizeof table[0]; k++)
        if (is(s, i, table[k].from) && after_operand(s, i))
            add(s, table[k].kind, i, i, table[k].to);
}

/* ---- numbers ---- */

/* In `float x[32]` one more element changes nothing that a case could see. */
static bool is_size_of_array(const struct search *s, size_t i)
{
    static const char *const no_types[] = {"return", "case", "else", "sizeof", NULL};
    return i >= 3 && is(s, i - 1, "[") && is(s, i + 1, "]") &&
           s->tokens[i - 2].kind == CTOKEN_WORD &&
           (is(s, i - 3, "*") ||
            (s->tokens[i - 3].kind == CTOKEN_WORD && !is_one_of(s, i - 3, no_types)));
}

static bool is_whole(const char *number, size_t length)
{
    const bool hex = length > 1 && (number[1] | 32) == 'x';
    for (size_t i = 0; i < length; i++)
        if (number[i] == '.' || (!hex && (number[i] | 32) == 'e') || (hex && number[i] == 'p') ||
            (!hex && (number[i] | 32) == 'f'))
            return false;
    return true;
}

static bool is_zero(const char *number, size_t length)
{
    for (size_t i = 0; i < length; i++)
        if (strchr("0xXuUlL", number[i]) == NULL)
            return false;
    return true;
}

static void try_number(struct search *s, size_t i)
{
    const struct ctoken *t = &s->tokens[i];
    const char *number = s->source + t->at;
    if (t->kind != CTOKEN_NUMBER || !is_whole(number, t->length) || is_size_of_array(s, i))
        return;
    add(s, MUTATE_STEP, i, i, arena_printf(s->arena, "(%.*s + 1)", (int)t->length, number));
    if (!is_zero(number, t->length))
        add(s, MUTATE_STEP, i, i, arena_printf(s->arena, "(%.*s - 1)", (int)t->length, number));
}

/* ---- conditions and statements ---- */

/* The index of the token that closes the bracket at `open`; n_tokens: none does. */
static size_t closing(const struct search *s, size_t open)
{
    size_t depth = 0;
    for (size_t i = open; i < s->n_tokens; i++) {
        if (is(s, i, "(") || is(s, i, "[") || is(s, i, "{"))
            depth++;
        else if ((is(s, i, ")") || is(s, i, "]") || is(s, i, "}")) && --depth == 0)
            return i;
    }
    return s->n_tokens;
}

static void try_condition(struct search *s, size_t i)
{
    if (!is(s, i, "if") || !is(s, i + 1, "("))
        return;
    const size_t end = closing(s, i + 1);
    if (end == s->n_tokens || end == i + 2)
        return;
    const struct ctoken *first = &s->tokens[i + 2], *last = &s->tokens[end - 1];
    add(s, MUTATE_NEGATE, i + 2, end - 1,
        arena_printf(s->arena, "!(%.*s)", (int)(last->at + last->length - first->at),
                     s->source + first->at));
}

/* The colon of a label, not that of a choice. */
static bool is_label(const struct search *s, size_t colon)
{
    static const char *const ends[] = {"{", "}", ";", NULL};
    for (size_t k = colon; k-- > 0 && !is_one_of(s, k, ends);)
        if (is(s, k, "?"))
            return false;
    return true;
}

/* Does a statement begin at token i? Behind a bracket only where that is a condition's. */
static bool begins_statement(const struct search *s, size_t i)
{
    static const char *const ends[] = {"{", "}", ";", "else", "do", NULL};
    static const char *const heads[] = {"if", "while", "for", "switch", NULL};
    if (i == 0 || s->tokens[i].depth == 0 || s->tokens[i].round > 0)
        return false; /* in a for's head it does not */
    if (is(s, i - 1, ":"))
        return is_label(s, i - 1);
    if (!is(s, i - 1, ")"))
        return is_one_of(s, i - 1, ends);
    size_t depth = 0, k = i;
    while (k-- > 0) {
        if (is(s, k, ")"))
            depth++;
        else if (is(s, k, "(") && --depth == 0)
            return k > 0 && is_one_of(s, k - 1, heads);
    }
    return false;
}

/* Not a declaration: without it nothing would compile. */
static bool is_action(const struct search *s, size_t i)
{
    static const char *const jumps[] = {"return", "break", "continue", NULL};
    static const char *const seconds[] = {"(",  "[",  ".",  "->", "=",  "+=", "-=",  "*=",  "/=",
                                          "%=", "&=", "|=", "^=", "++", "--", "<<=", ">>=", NULL};
    static const char *const firsts[] = {"++", "--", "*", NULL};
    static const char *const heads[] = {"if", "while", "for", "switch", "sizeof", NULL};
    if (s->tokens[i].kind != CTOKEN_WORD)
        return is_one_of(s, i, firsts);
    return is_one_of(s, i, jumps) || (is_one_of(s, i + 1, seconds) && !is_one_of(s, i, heads));
}

static void try_statement(struct search *s, size_t i)
{
    if (!begins_statement(s, i) || !is_action(s, i))
        return;
    size_t end = i;
    while (end < s->n_tokens && !is(s, end, ";") && !is(s, end, "{") && !is(s, end, "}"))
        end = is(s, end, "(") || is(s, end, "[") ? closing(s, end) + 1 : end + 1;
    /* A function that ends without its return has no meaning at all. */
    if (!is(s, end, ";") || (is(s, i, "return") && is(s, end + 1, "}") && s->tokens[i].depth == 1))
        return;
    add(s, MUTATE_DROP, i, end, ";");
}

/* ---- the list ---- */

enum err_code mutate_list(const char *source, size_t size, struct arena *a,
                          const struct mutant **ret, size_t *ret_count, struct err *why)
{
    struct search s = {.source = source, .arena = a};
    enum err_code rc = ctokens_read(source, size, a, &s.tokens, &s.n_tokens, why);
    if (rc != OK)
        return rc;
    s.max = 4 * s.n_tokens + 1; /* no token begins more than four */
    s.found = arena_array(a, s.max, sizeof *s.found);
    for (size_t i = 0; s.found != NULL && i < s.n_tokens && !s.full; i++) {
        if (s.tokens[i].depth == 0)
            continue;
        try_statement(&s, i);
        try_operator(&s, i);
        try_number(&s, i);
        try_condition(&s, i);
    }
    if (s.found == NULL || s.full)
        return err_set(why, ERR_NOMEM, "no memory for the mutants of %zu bytes", size);
    *ret = s.found;
    *ret_count = s.n;
    return OK;
}

char *mutate_apply(const char *source, size_t size, const struct mutant *m, struct arena *a,
                   size_t *ret_size)
{
    const size_t n = strlen(m->replacement), rest = size - m->at - m->length;
    char *text = arena_alloc(a, m->at + n + rest + 1);
    if (text == NULL)
        return NULL;
    memcpy(text, source, m->at);
    memcpy(text + m->at, m->replacement, n);
    memcpy(text + m->at + n, source + m->at + m->length, rest);
    *ret_size = m->at + n + rest;
    return text;
}

/* ---- for people ---- */

enum { SHOWN_MAX = 60 };

/* The line around the mutation, shortened, with runs of space as one. */
static const char *squeeze(const char *from, size_t length, struct arena *a)
{
    char *text = arena_alloc(a, length + 1);
    size_t n = 0;
    for (size_t i = 0; text != NULL && i < length && n < SHOWN_MAX; i++) {
        const bool space = isspace((unsigned char)from[i]);
        if (!space || (n > 0 && text[n - 1] != ' '))
            text[n++] = space ? ' ' : from[i];
    }
    return text != NULL ? text : "";
}

/* For an operator, the words beside it on its line. */
static void widen(const char *source, size_t size, const struct mutant *m, size_t *from, size_t *to)
{
    enum { BESIDE = 16 };
    while (*from > 0 && m->at - *from < BESIDE && strchr("\n;{}", source[*from - 1]) == NULL)
        (*from)--;
    while (*to < size && *to - m->at - m->length < BESIDE && strchr("\n;{}", source[*to]) == NULL)
        (*to)++;
}

const char *mutate_text(const char *source, size_t size, const struct mutant *m, struct arena *a)
{
    size_t from = m->at, to = m->at + m->length;
    if (m->kind == MUTATE_DROP)
        return arena_printf(a, "'%s' is gone", squeeze(source + from, to - from, a));
    if (m->kind == MUTATE_NEGATE)
        return arena_printf(a, "the condition '%s' is negated",
                            squeeze(source + from, to - from, a));
    widen(source, size, m, &from, &to);
    return arena_printf(a, "'%s' has %s for %.*s", squeeze(source + from, to - from, a),
                        m->replacement, (int)m->length, source + m->at);
}

/* ---- samples ---- */

size_t mutate_sample(size_t n, size_t wanted, size_t *ret)
{
    lab_rng rng = {.s = 0x6d757461746521u};
    size_t taken = 0;
    /* Selection sampling: Knuth, "The Art of Computer Programming", volume 2, 3.4.2, algorithm S.
     */
    for (size_t i = 0; i < n && taken < wanted; i++)
        if (lab_u53(&rng) * (double)(n - i) < (double)(wanted - taken))
            ret[taken++] = i;
    return taken;
}

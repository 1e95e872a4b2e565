#include "grader/grade/ctokens.h"

#include <ctype.h>
#include <stdbool.h>
#include <string.h>

struct scan {
    const char *text;
    size_t size, at;
    int line, depth, round;
    bool line_start; /* only space since the last newline */
};

static char peek(const struct scan *s, size_t ahead)
{
    return s->at + ahead < s->size ? s->text[s->at + ahead] : '\0';
}

static void step(struct scan *s)
{
    if (peek(s, 0) == '\n') {
        s->line++;
        s->line_start = true;
    }
    s->at++;
}

static void skip_comment(struct scan *s)
{
    const bool block = peek(s, 1) == '*';
    step(s);
    step(s);
    while (s->at < s->size) {
        if (!block && peek(s, 0) == '\n')
            return;
        if (block && peek(s, 0) == '*' && peek(s, 1) == '/') {
            step(s);
            step(s);
            return;
        }
        step(s);
    }
}

static bool at_comment(const struct scan *s)
{
    return peek(s, 0) == '/' && (peek(s, 1) == '/' || peek(s, 1) == '*');
}

/* To the end of the line that no backslash carries on. */
static void skip_directive(struct scan *s)
{
    while (s->at < s->size && peek(s, 0) != '\n') {
        if (at_comment(s)) {
            skip_comment(s);
            continue;
        }
        if (peek(s, 0) == '\\')
            step(s);
        if (s->at < s->size)
            step(s);
    }
}

static void skip_blank(struct scan *s)
{
    for (;;) {
        if (s->at < s->size && isspace((unsigned char)peek(s, 0)))
            step(s);
        else if (at_comment(s))
            skip_comment(s);
        else if (s->line_start && peek(s, 0) == '#')
            skip_directive(s);
        else
            return;
    }
}

static void skip_text(struct scan *s)
{
    const char quote = peek(s, 0);
    step(s);
    while (s->at < s->size && peek(s, 0) != quote && peek(s, 0) != '\n') {
        if (peek(s, 0) == '\\')
            step(s);
        if (s->at < s->size)
            step(s);
    }
    if (peek(s, 0) == quote)
        step(s);
}

static bool is_word(char c)
{
    return isalnum((unsigned char)c) || c == '_';
}

/* A preprocessing number (C17 6.4.8): digits, letters, dots, and a sign behind an exponent. The e
 * of a hexadecimal number is a digit: 0xe+1 is a sum for people and for us, if not for the
 * standard. */
static void skip_number(struct scan *s)
{
    const bool hex = s->text[s->at - 1] == '0' && (peek(s, 0) == 'x' || peek(s, 0) == 'X');
    for (;;) {
        const char c = peek(s, 0), before = s->text[s->at - 1];
        const bool exponent = before == 'p' || before == 'P' || (!hex && (before | 32) == 'e');
        if (!is_word(c) && c != '.' && !((c == '+' || c == '-') && exponent))
            return;
        step(s);
    }
}

static size_t mark_length(const struct scan *s)
{
    static const char *const marks[] = {"<<=", ">>=", "...", "->", "++", "--", "<<", ">>",
                                        "<=",  ">=",  "==",  "!=", "&&", "||", "+=", "-=",
                                        "*=",  "/=",  "%=",  "&=", "|=", "^="};
    for (size_t i = 0; i < sizeof marks / sizeof marks[0]; i++) {
        const size_t n = strlen(marks[i]);
        if (s->size - s->at >= n && memcmp(s->text + s->at, marks[i], n) == 0)
            return n;
    }
    return 1;
}

static enum ctoken_kind skip_token(struct scan *s)
{
    const char c = peek(s, 0);
    if (c == '"' || c == '\'') {
        skip_text(s);
        return CTOKEN_TEXT;
    }
    if (isdigit((unsigned char)c) || (c == '.' && isdigit((unsigned char)peek(s, 1)))) {
        step(s);
        skip_number(s);
        return CTOKEN_NUMBER;
    }
    if (is_word(c)) {
        while (is_word(peek(s, 0)))
            step(s);
        return CTOKEN_WORD;
    }
    for (size_t n = mark_length(s); n > 0; n--)
        step(s);
    return CTOKEN_MARK;
}

/* A bracket that closes is as deep as the one that opened. */
static void count_bracket(struct scan *s, char c, struct ctoken *t)
{
    s->depth += c == '{';
    s->round += c == '(';
    if (c == '}' && s->depth > 0)
        t->depth = --s->depth;
    if (c == ')' && s->round > 0)
        t->round = --s->round;
}

enum err_code ctokens_read(const char *source, size_t size, struct arena *a,
                           const struct ctoken **ret, size_t *ret_count, struct err *why)
{
    struct scan s = {.text = source, .size = size, .line = 1, .line_start = true};
    struct ctoken *tokens = arena_array(a, size + 1, sizeof *tokens); /* a token has a byte */
    size_t n = 0;
    if (tokens == NULL)
        return err_set(why, ERR_NOMEM, "no memory for the tokens of %zu bytes", size);
    for (skip_blank(&s); s.at < s.size; skip_blank(&s)) {
        struct ctoken *t = &tokens[n++];
        *t = (struct ctoken){.at = s.at, .line = s.line, .depth = s.depth, .round = s.round};
        s.line_start = false;
        t->kind = skip_token(&s);
        t->length = s.at - t->at;
        if (t->kind == CTOKEN_MARK)
            count_bracket(&s, source[t->at], t);
    }
    *ret = tokens;
    *ret_count = n;
    return OK;
}

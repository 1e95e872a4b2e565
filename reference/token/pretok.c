#include "reference/token/pretok.h"

#include <stdbool.h>

#include "reference/token/unicode.h"
#include "reference/token/utf8.h"

enum what { END, LETTER, NUMBER, SPACE, OTHER };

struct text {
    const uint8_t *bytes;
    size_t n;
};

struct ch {
    uint32_t cp;
    size_t next; /* where the character behind begins */
    enum what what;
};

static enum what what_is(uint32_t cp)
{
    if (ref_unicode_is_space(cp))
        return SPACE;
    switch (ref_unicode_class(cp)) {
    case REF_UNICODE_LETTER:
        return LETTER;
    case REF_UNICODE_NUMBER:
        return NUMBER;
    case REF_UNICODE_UNASSIGNED:
    case REF_UNICODE_SEPARATOR:
    case REF_UNICODE_MARK:
    case REF_UNICODE_PUNCTUATION:
    case REF_UNICODE_SYMBOL:
    case REF_UNICODE_CONTROL:
        break;
    }
    return OTHER;
}

static struct ch peek(struct text t, size_t at)
{
    struct ch c = {.cp = UINT32_MAX, .next = at, .what = END};
    if (at < t.n) {
        c.next = at + ref_utf8_lenient(t.bytes + at, t.n - at, &c.cp);
        c.what = what_is(c.cp);
    }
    return c;
}

static size_t skip(struct text t, size_t at, enum what what)
{
    for (struct ch c = peek(t, at); c.what == what; c = peek(t, at))
        at = c.next;
    return at;
}

static bool is_newline(uint32_t cp)
{
    return cp == '\r' || cp == '\n';
}

static size_t skip_newlines(struct text t, size_t at)
{
    while (at < t.n && is_newline(t.bytes[at]))
        at++;
    return at;
}

/* 's 't 'm 'd 're 've 'll; `at` when there is none. */
static size_t contraction(struct text t, size_t at, bool any_case)
{
    uint8_t c[2] = {0, 0};
    if (t.bytes[at] != '\'')
        return at;
    for (size_t i = 0; i < 2 && at + 1 + i < t.n; i++) {
        c[i] = t.bytes[at + 1 + i];
        if (any_case && c[i] >= 'A' && c[i] <= 'Z')
            c[i] += 'a' - 'A';
    }
    if (c[0] == 's' || c[0] == 't' || c[0] == 'm' || c[0] == 'd')
        return at + 2;
    if (((c[0] == 'r' || c[0] == 'v') && c[1] == 'e') || (c[0] == 'l' && c[1] == 'l'))
        return at + 3;
    return at;
}

/* \s+(?!\S)|\s+ : a run gives its last blank to the word behind it, unless it is alone. */
static size_t blanks(struct text t, size_t at)
{
    size_t last = at, end = at;
    for (struct ch c = peek(t, at); c.what == SPACE; c = peek(t, end)) {
        last = end;
        end = c.next;
    }
    return end == t.n || last == at ? end : last;
}

/* \s*[\r\n]+ : to the last newline of a run of blanks; `at` when it has none. */
static size_t blanks_to_newline(struct text t, size_t at)
{
    size_t end = at, pos = at;
    for (struct ch c = peek(t, pos); c.what == SPACE; c = peek(t, pos)) {
        pos = c.next;
        if (is_newline(c.cp))
            end = pos;
    }
    return end;
}

static size_t next_gpt2(struct text t, size_t at)
{
    const size_t end = contraction(t, at, false);
    if (end > at)
        return end;
    const struct ch first = peek(t, at);
    const size_t body = first.cp == ' ' ? first.next : at;
    const enum what what = peek(t, body).what;
    if (what == LETTER || what == NUMBER || what == OTHER)
        return skip(t, body, what);
    return blanks(t, at);
}

static size_t some_digits(struct text t, size_t at, int most)
{
    for (struct ch c = peek(t, at); most > 0 && c.what == NUMBER; c = peek(t, at), most--)
        at = c.next;
    return at;
}

static size_t next_llama3(struct text t, size_t at, int most_digits)
{
    const size_t end = contraction(t, at, true);
    if (end > at)
        return end;
    const struct ch first = peek(t, at);
    if (first.what == NUMBER)
        return some_digits(t, at, most_digits);
    if (first.what == LETTER || (!is_newline(first.cp) && peek(t, first.next).what == LETTER))
        return skip(t, first.next, LETTER);
    const size_t body = first.cp == ' ' ? first.next : at;
    if (peek(t, body).what == OTHER)
        return skip_newlines(t, skip(t, body, OTHER));
    const size_t line = blanks_to_newline(t, at);
    return line > at ? line : blanks(t, at);
}

size_t ref_pretok_next(enum ref_pretok kind, const uint8_t *text, size_t n, size_t at)
{
    const struct text t = {.bytes = text, .n = n};
    switch (kind) {
    case REF_PRETOK_GPT2:
        return next_gpt2(t, at);
    case REF_PRETOK_LLAMA3:
        return next_llama3(t, at, 3);
    case REF_PRETOK_QWEN2:
        return next_llama3(t, at, 1);
    }
    return n;
}

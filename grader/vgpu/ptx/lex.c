#include "grader/vgpu/ptx/lex.h"

#include <stdlib.h>
#include <string.h>

/* The locale's opinion is not asked: PTX is ASCII. */
static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}
static bool is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}
static bool is_word(char c)
{
    return is_letter(c) || is_digit(c) || c == '_' || c == '$';
}

static int hex_digit(char c)
{
    if (is_digit(c))
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    return -1;
}

static void skip_block_comment(struct lexer *l)
{
    l->at += 2;
    while (l->at < l->end) {
        if (l->at[0] == '*' && l->end - l->at >= 2 && l->at[1] == '/') {
            l->at += 2;
            return;
        }
        l->line += *l->at++ == '\n';
    }
}

static void skip_blanks(struct lexer *l)
{
    while (l->at < l->end) {
        const char c = *l->at;
        const char next = l->end - l->at >= 2 ? l->at[1] : 0;
        if (c == '\n') {
            l->line++;
            l->at++;
        } else if (c == ' ' || c == '\t' || c == '\r' || c == '\f') {
            l->at++;
        } else if (c == '/' && next == '/') {
            while (l->at < l->end && *l->at != '\n')
                l->at++;
        } else if (c == '/' && next == '*') {
            skip_block_comment(l);
        } else {
            return;
        }
    }
}

static void strange(struct lexer *l)
{
    l->token.kind = LEX_STRANGE;
    l->token.length = (size_t)(l->at - l->token.text);
}

static void lex_word(struct lexer *l)
{
    l->at++;
    while (l->at < l->end && is_word(*l->at))
        l->at++;
    l->token.kind = LEX_WORD;
    l->token.length = (size_t)(l->at - l->token.text);
}

/* A part of a name may hold "::", and so may nothing else. */
static void lex_dot(struct lexer *l)
{
    l->token.text = ++l->at;
    while (l->at < l->end) {
        if (is_word(*l->at))
            l->at++;
        else if (*l->at == ':' && l->end - l->at >= 3 && l->at[1] == ':' && is_word(l->at[2]))
            l->at += 2;
        else
            break;
    }
    l->token.kind = LEX_DOT;
    l->token.length = (size_t)(l->at - l->token.text);
    if (l->token.length == 0)
        strange(l);
}

/* Exactly `digits` of them; false leaves the place where it is. */
static bool lex_bits(struct lexer *l, int digits)
{
    if (l->end - l->at < digits)
        return false;
    uint64_t bits = 0;
    for (int i = 0; i < digits; i++) {
        const int digit = hex_digit(l->at[i]);
        if (digit < 0)
            return false;
        bits = bits << 4 | (uint64_t)digit;
    }
    l->at += digits;
    l->token.bits = bits;
    return true;
}

/* Digits in a base; false where there is none, or where 64 bits do not hold them. */
static bool lex_digits(struct lexer *l, unsigned base)
{
    uint64_t value = 0;
    const char *first = l->at;
    for (; l->at < l->end; l->at++) {
        const int digit = hex_digit(*l->at);
        if (digit < 0 || (unsigned)digit >= base)
            break;
        if (value > (UINT64_MAX - (unsigned)digit) / base)
            return false;
        value = value * base + (unsigned)digit;
    }
    l->token.bits = value;
    return l->at > first;
}

/* 1.5, 2e-3: rare and only written by hand, so strtod may read them from a copy. */
static bool lex_decimal(struct lexer *l, const char *first)
{
    char copy[64];
    size_t n = 0;
    const char *at = first;
    while (at < l->end && n < sizeof(copy) - 1 &&
           (is_digit(*at) || *at == '.' || *at == 'e' || *at == 'E' ||
            ((*at == '-' || *at == '+') && (at[-1] == 'e' || at[-1] == 'E'))))
        copy[n++] = *at++;
    copy[n] = 0;
    char *end = NULL;
    const double value = strtod(copy, &end);
    if (end != copy + n)
        return false;
    memcpy(&l->token.bits, &value, sizeof(value));
    l->at = at;
    return true;
}

static bool lex_prefixed(struct lexer *l, char prefix)
{
    l->at += 2;
    switch (prefix) {
    case 'f':
    case 'F':
        l->token.kind = LEX_F32;
        return lex_bits(l, 8);
    case 'd':
    case 'D':
        l->token.kind = LEX_F64;
        return lex_bits(l, 16);
    case 'x':
    case 'X':
        return lex_digits(l, 16);
    default:
        return lex_digits(l, 2);
    }
}

static bool is_decimal(const char *at, const char *end)
{
    while (at < end && is_digit(*at))
        at++;
    return at < end && (*at == '.' || *at == 'e' || *at == 'E');
}

static void lex_number(struct lexer *l)
{
    const char *first = l->at;
    const char next = l->end - l->at >= 2 ? l->at[1] : 0;
    bool good;
    l->token.kind = LEX_INT;
    if (*first == '0' && next != 0 && strchr("fFdDxXbB", next)) {
        good = lex_prefixed(l, next);
    } else if (is_decimal(first, l->end)) {
        l->token.kind = LEX_F64;
        good = lex_decimal(l, first);
    } else {
        good = lex_digits(l, *first == '0' ? 8 : 10);
    }
    if (good && l->token.kind == LEX_INT && l->at < l->end && *l->at == 'U')
        l->at++;
    if (!good || (l->at < l->end && is_word(*l->at))) {
        while (l->at < l->end && is_word(*l->at))
            l->at++;
        strange(l);
        return;
    }
    l->token.length = (size_t)(l->at - l->token.text);
}

static void lex_string(struct lexer *l)
{
    l->token.text = ++l->at;
    while (l->at < l->end && *l->at != '"' && *l->at != '\n')
        l->at++;
    if (l->at == l->end || *l->at == '\n') {
        strange(l);
        return;
    }
    l->token.kind = LEX_STRING;
    l->token.length = (size_t)(l->at++ - l->token.text);
}

void lex_next(struct lexer *l)
{
    skip_blanks(l);
    l->token = (struct lex_token){.text = l->at, .line = l->line};
    if (l->at == l->end) {
        l->token.kind = LEX_END;
        return;
    }
    const char c = *l->at;
    if (is_letter(c) || c == '_' || c == '$' || c == '%') {
        lex_word(l);
    } else if (is_digit(c)) {
        lex_number(l);
    } else if (c == '.') {
        lex_dot(l);
    } else if (c == '"') {
        lex_string(l);
    } else if (c > ' ' && c < 127) {
        l->at++;
        l->token.kind = LEX_SIGN;
        l->token.sign = c;
        l->token.length = 1;
    } else {
        l->at++;
        strange(l);
    }
}

void lex_open(struct lexer *l, const char *text, size_t bytes)
{
    while (bytes > 0 && text[bytes - 1] == 0)
        bytes--;
    *l = (struct lexer){.at = text, .end = text + bytes, .line = 1};
    lex_next(l);
}

bool lex_is(const struct lex_token *t, enum lex_kind kind, const char *text)
{
    return t->kind == kind && strlen(text) == t->length && memcmp(t->text, text, t->length) == 0;
}

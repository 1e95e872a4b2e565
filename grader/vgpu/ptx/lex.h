/* PTX text as tokens (chapter 4). A token points into the text and owns nothing. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum lex_kind {
    LEX_END,
    LEX_WORD,    /* an identifier: add, %r12, $L__BB0_2, _ */
    LEX_DOT,     /* .global, .L1::evict_last; the text without its dot */
    LEX_INT,     /* `bits` */
    LEX_F32,     /* 0f3F800000; `bits` */
    LEX_F64,     /* 0d..., 1.5; `bits` */
    LEX_STRING,  /* without its quotes */
    LEX_SIGN,    /* one character: `sign` */
    LEX_STRANGE, /* what PTX does not have */
};

struct lex_token {
    enum lex_kind kind;
    char sign;
    const char *text;
    size_t length;
    uint64_t bits;
    uint32_t line;
};

struct lexer {
    const char *at, *end;
    uint32_t line;
    struct lex_token token; /* the one that is next */
};

void lex_open(struct lexer *l, const char *text, size_t bytes);
void lex_next(struct lexer *l);
bool lex_is(const struct lex_token *t, enum lex_kind kind, const char *text);

/* What strangers wrote, made safe for one format each. Text is any bytes up to a NUL: invalid UTF-8
 * is replaced, never passed on. NULL counts as empty. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/str.h"

/* Code point at `text`, which holds at least one byte of `size`; `ret` is UTF8_INVALID for a byte
 * that begins no valid sequence (overlong, surrogate, above U+10FFFF, cut short: RFC 3629).
 * Returns how many bytes it takes: 1 to 4. */
enum { UTF8_INVALID = 0x110000 };
size_t utf8_next(const char *text, size_t size, uint32_t *ret);

/* Columns of a terminal that one code point takes: 0, 1 or 2. */
size_t utf8_width(uint32_t code);
/* Columns that UTF-8 without controls takes. */
size_t utf8_columns(const char *text, size_t size);
/* Code points in it. */
size_t utf8_length(const char *text, size_t size);

/* The inside of a JSON string (RFC 8259), without its quotes. */
void escape_json(struct str *out, const char *text);

/* Character data of XML 1.0, or of an attribute, where line ends and tabs would turn into blanks.
 * Characters that XML cannot hold become U+FFFD. */
void escape_xml(struct str *out, const char *text, bool attribute);

/* For a terminal: line feeds stay, a tab becomes four blanks. Everything that could move a cursor,
 * set a colour or turn the direction of writing is shown as \x1b or \u202e. */
void escape_terminal(struct str *out, const char *text);

/* Running text of Markdown (CommonMark with GitHub's tables), on one line: line ends become blanks,
 * and nothing in it starts code, a link, a tag, a cell or a mention. */
void escape_markdown(struct str *out, const char *text);

/* The message of a workflow command of GitHub Actions, or a property of one. */
void escape_github(struct str *out, const char *text, bool property);

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

/* Columns that valid UTF-8 takes: one per code point. */
size_t utf8_columns(const char *text, size_t size);

/* The inside of a JSON string (RFC 8259), without its quotes. */
void escape_json(struct str *out, const char *text);

/* Character data of XML 1.0, or of an attribute, where line ends and tabs would turn into blanks.
 * Characters that XML cannot hold become U+FFFD. */
void escape_xml(struct str *out, const char *text, bool attribute);

/* For a terminal: line feeds stay, a tab becomes four blanks. Everything that could move a cursor,
 * set a colour or turn the direction of writing is shown as \x1b or \u202e. */
void escape_terminal(struct str *out, const char *text);

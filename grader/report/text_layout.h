/* Laying text out in columns for a terminal. All input may be a stranger's: it is escaped here.
 * NULL counts as empty. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/str.h"

enum { TEXT_COLUMNS = 80 };

/* `text` with `indent` blanks before each line, wrapped at blanks where there are some. `lead`
 * stands in the indent of the first line; it is ours and shorter than `indent`. After `max_lines`
 * lines a last one says that there is more. */
void text_paragraph(struct str *out, int indent, const char *lead, const char *text, int max_lines);

/* Two texts beside each other under headings where both are narrow and short enough, else one above
 * the other. */
void text_compare(struct str *out, int indent, const char *left_head, const char *left,
                  const char *right_head, const char *right);

/* A command line to be copied: where a row is full it goes on as a shell reads it, behind a
 * backslash. */
void text_command(struct str *out, int indent, const char *command);

/* The first line of `text` in at most `columns` columns, cut with "...". */
void text_inline(struct str *out, const char *text, size_t columns);

/* The same in exactly `columns` columns: filled up with blanks. */
void text_cell(struct str *out, const char *text, size_t columns);

/* A bar of `columns` blocks, `share` of them (in [0, 1]) filled: full only when share is 1. */
void text_bar(struct str *out, double share, int columns);

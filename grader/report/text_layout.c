#include "grader/report/text_layout.h"

#include <string.h>

#include "grader/report/escape.h"

enum {
    SAFE_MAX = 64 * 1024, /* bytes of one escaped text; more is never shown anyway */
    COMPARE_LINES = 12,   /* of each side */
    COMPARE_GAP = 3,      /* " | " */
};

static void blanks(struct str *out, size_t count)
{
    str_printf(out, "%*s", (int)count, "");
}

/* Bytes of `text` that fill at most `columns` columns. */
static size_t bytes_of_columns(const char *text, size_t size, size_t columns)
{
    size_t at = 0;
    while (at < size && columns > 0) {
        uint32_t code;
        at += utf8_next(text + at, size - at, &code);
        columns--;
    }
    return at;
}

/* How many bytes of the line go on this row; at a blank where one is in the second half. */
static size_t row_bytes(const char *line, size_t size, size_t columns)
{
    const size_t fits = bytes_of_columns(line, size, columns);
    if (fits == size)
        return fits;
    for (size_t at = fits; at > fits / 2; at--)
        if (line[at] == ' ')
            return at;
    return fits;
}

static size_t line_bytes(const char *text)
{
    return strcspn(text, "\n");
}

static const char *next_line(const char *line)
{
    const size_t size = line_bytes(line);
    return line[size] == '\n' ? line + size + 1 : line + size;
}

/* One line of the text on as many rows as it takes; returns how many rows are left. */
static int wrap_line(struct str *out, int indent, const char **lead, const char *line, size_t size,
                     int rows)
{
    const size_t columns = (size_t)(TEXT_COLUMNS - indent);
    do {
        str_add(out, *lead);
        blanks(out, (size_t)indent - utf8_columns(*lead, strlen(*lead)));
        *lead = "";
        const size_t row = row_bytes(line, size, columns);
        str_add_bytes(out, line, row);
        str_add_char(out, '\n');
        line += row;
        size -= row;
        for (; size > 0 && *line == ' '; line++)
            size--;
    } while (size > 0 && --rows > 0);
    return size > 0 ? -1 : rows - 1;
}

void text_paragraph(struct str *out, int indent, const char *lead, const char *text, int max_lines)
{
    struct str safe;
    str_init(&safe, SAFE_MAX);
    escape_terminal(&safe, text);
    int rows = max_lines;
    for (const char *line = safe.text; *line != '\0' && rows > 0; line = next_line(line)) {
        rows = wrap_line(out, indent, &lead, line, line_bytes(line), rows);
        if (rows < 0 || (rows == 0 && *next_line(line) != '\0')) {
            blanks(out, (size_t)indent);
            str_add(out, "... (there is more)\n");
        }
    }
    str_done(&safe);
}

/* Whether every line has at most `columns` columns, and there are not too many. */
static bool fits(const char *text, size_t columns)
{
    int lines = 0;
    for (const char *line = text; *line != '\0'; line = next_line(line))
        if (utf8_columns(line, line_bytes(line)) > columns || ++lines > COMPARE_LINES)
            return false;
    return true;
}

/* One row: a line of each side; `mark` says whether they differ. */
static void compare_row(struct str *out, int indent, const char *left, const char *right,
                        size_t columns)
{
    const size_t left_size = line_bytes(left), right_size = line_bytes(right);
    const bool same = left_size == right_size && memcmp(left, right, left_size) == 0;
    blanks(out, (size_t)indent);
    str_add_bytes(out, left, left_size);
    blanks(out, columns - utf8_columns(left, left_size));
    str_add(out, same ? " | " : " ! ");
    str_add_bytes(out, right, right_size);
    while (out->length > 0 && out->text[out->length - 1] == ' ')
        out->text[--out->length] = '\0';
    str_add_char(out, '\n');
}

static void side_by_side(struct str *out, int indent, const char *left_head, const char *left,
                         const char *right_head, const char *right, size_t columns)
{
    str_printf(out, "%*s%-*s   %s\n", indent, "", (int)columns, left_head, right_head);
    while (*left != '\0' || *right != '\0') {
        compare_row(out, indent, left, right, columns);
        left = next_line(left);
        right = next_line(right);
    }
}

static void above_each_other(struct str *out, int indent, const char *head, const char *text)
{
    str_printf(out, "%*s%s\n", indent, "", head);
    text_paragraph(out, indent + 2, "", text, COMPARE_LINES);
}

void text_compare(struct str *out, int indent, const char *left_head, const char *left,
                  const char *right_head, const char *right)
{
    const size_t columns = (size_t)(TEXT_COLUMNS - indent - COMPARE_GAP) / 2;
    struct str safe_left, safe_right;
    str_init(&safe_left, SAFE_MAX);
    str_init(&safe_right, SAFE_MAX);
    escape_terminal(&safe_left, left);
    escape_terminal(&safe_right, right);
    if (fits(safe_left.text, columns) && fits(safe_right.text, columns)) {
        side_by_side(out, indent, left_head, safe_left.text, right_head, safe_right.text, columns);
    } else {
        above_each_other(out, indent, left_head, left);
        above_each_other(out, indent, right_head, right);
    }
    str_done(&safe_left);
    str_done(&safe_right);
}

void text_inline(struct str *out, const char *text, size_t columns)
{
    struct str safe;
    str_init(&safe, SAFE_MAX);
    escape_terminal(&safe, text);
    const size_t size = line_bytes(safe.text);
    const bool cut = utf8_columns(safe.text, size) > columns;
    str_add_bytes(out, safe.text, bytes_of_columns(safe.text, size, cut ? columns - 3 : columns));
    if (cut)
        str_add(out, "...");
    str_done(&safe);
}

void text_cell(struct str *out, const char *text, size_t columns)
{
    const size_t before = out->length;
    text_inline(out, text, columns);
    const size_t wide = utf8_columns(out->text + before, out->length - before);
    blanks(out, wide < columns ? columns - wide : 0);
}

void text_bar(struct str *out, double share, int columns)
{
    int filled = (int)(share * columns + 0.5);
    if (filled >= columns)
        filled = share < 1 ? columns - 1 : columns;
    if (filled <= 0)
        filled = share > 0 ? 1 : 0;
    for (int i = 0; i < columns; i++)
        str_add(out, i < filled ? "\u2588" : "\u2591");
}

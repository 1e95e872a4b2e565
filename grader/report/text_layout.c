#include "grader/report/text_layout.h"

#include <string.h>

#include "grader/report/escape.h"

enum {
    SAFE_MAX = 64 * 1024, /* bytes of one escaped text; more is never shown anyway */
    COMPARE_LINES = 2048, /* of each side; the grader has made excerpts already */
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
    while (at < size) {
        uint32_t code;
        const size_t length = utf8_next(text + at, size - at, &code);
        const size_t width = utf8_width(code);
        if (width > columns)
            break;
        columns -= width;
        at += length;
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

static void end_row(struct str *out)
{
    while (out->length > 0 && out->text[out->length - 1] == ' ')
        out->text[--out->length] = '\0';
    str_add_char(out, '\n');
}

static bool same_line(const char *left, const char *right)
{
    const size_t size = line_bytes(left);
    return size == line_bytes(right) && memcmp(left, right, size) == 0;
}

/* One row: a line of each side; `mark` says whether they differ. */
static void compare_row(struct str *out, int indent, const char *left, const char *right,
                        size_t columns)
{
    const size_t left_size = line_bytes(left), right_size = line_bytes(right);
    blanks(out, (size_t)indent);
    str_add_bytes(out, left, left_size);
    blanks(out, columns - utf8_columns(left, left_size));
    str_add(out, same_line(left, right) ? " | " : " ! ");
    str_add_bytes(out, right, right_size);
    end_row(out);
}

static size_t common_bytes(const char *left, const char *right)
{
    size_t at = 0;
    while (left[at] == right[at] && left[at] != '\0' && left[at] != '\n')
        at++;
    return at;
}

/* The word of a line that holds byte `at`. */
struct word {
    size_t from, to;
};

static struct word word_of(const char *line, size_t at)
{
    struct word w = {at, at};
    while (w.from > 0 && line[w.from - 1] != ' ')
        w.from--;
    while (line[w.to] != '\0' && line[w.to] != '\n' && line[w.to] != ' ')
        w.to++;
    return w;
}

/* Carets below the word where a line first differs; returns the columns filled. */
static size_t underline(struct str *out, const char *line, size_t at, size_t columns)
{
    const struct word w = word_of(line, at);
    size_t before = utf8_columns(line, w.from);
    before = before < columns ? before : columns - 1;
    size_t carets = utf8_columns(line + w.from, w.to - w.from);
    if (carets == 0)
        carets = 1; /* nothing stands where something should */
    blanks(out, before);
    for (size_t i = 0; i < carets; i++)
        str_add_char(out, '^');
    return before + carets;
}

static void underline_row(struct str *out, int indent, const char *left, const char *right,
                          size_t columns)
{
    const size_t at = common_bytes(left, right);
    blanks(out, (size_t)indent);
    const size_t filled = underline(out, left, at, columns);
    blanks(out, (filled < columns ? columns - filled : 0) + COMPARE_GAP);
    underline(out, right, at, columns);
    end_row(out);
}

static void side_by_side(struct str *out, int indent, const char *left_head, const char *left,
                         const char *right_head, const char *right, size_t columns)
{
    bool marked = false;
    str_printf(out, "%*s%-*s   %s\n", indent, "", (int)columns, left_head, right_head);
    while (*left != '\0' || *right != '\0') {
        compare_row(out, indent, left, right, columns);
        if (!marked && !same_line(left, right)) {
            underline_row(out, indent, left, right, columns);
            marked = true;
        }
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

/* Bytes of the next word, with the blanks behind it; those inside of quotes are no end. */
static size_t command_word(const char *text)
{
    bool quoted = false;
    size_t at = 0;
    for (; text[at] != '\0' && (quoted || text[at] != ' '); at++)
        if (text[at] == '\'')
            quoted = !quoted;
    while (text[at] == ' ')
        at++;
    return at;
}

void text_command(struct str *out, int indent, const char *command)
{
    const size_t room = (size_t)(TEXT_COLUMNS - indent) - 1; /* for the backslash */
    struct str safe;
    str_init(&safe, SAFE_MAX);
    escape_terminal(&safe, command);
    size_t left = room;
    blanks(out, (size_t)indent);
    for (const char *word = safe.text; *word != '\0';) {
        size_t size = command_word(word);
        if (left < room && utf8_columns(word, size) > left) {
            str_add(out, "\\\n");
            blanks(out, (size_t)indent);
            left = room;
        }
        size = bytes_of_columns(word, size, left);
        str_add_bytes(out, word, size);
        left -= utf8_columns(word, size);
        word += size;
    }
    end_row(out);
    str_done(&safe);
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

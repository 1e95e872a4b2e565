/* Where two excerpts part. They are compared line by line with lines of the same number: what a
 * person wants is the first element that differs, not an edit script. The web page does the same.
 */
#include <string.h>

#include "grader/report/escape.h"
#include "grader/report/report.h"

static bool is_end(char c)
{
    return c == '\n' || c == '\0';
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || is_end(c);
}

/* The word around `at`; one hex digit of "3f" says little, the byte says all. */
static const char *word_at(const char *line, const char *at, struct arena *a)
{
    const char *start = at, *end = at;
    while (start > line && !is_blank(start[-1]))
        start--;
    while (!is_blank(*end))
        end++;
    return arena_strndup(a, start, (size_t)(end - start));
}

bool report_difference(const char *expected, const char *actual, struct arena *a,
                       struct report_difference *ret)
{
    if (expected == NULL || actual == NULL || strcmp(expected, actual) == 0)
        return false;
    size_t at = 0, line = 0;
    int number = 1;
    for (; expected[at] == actual[at]; at++)
        if (expected[at] == '\n') {
            line = at + 1;
            number++;
        }
    const size_t before = utf8_length(expected + line, at - line);
    const struct report_difference d = {.line = number,
                                        .column = (int)before + 1,
                                        .expected = word_at(expected + line, expected + at, a),
                                        .actual = word_at(actual + line, actual + at, a)};
    if (d.expected == NULL || d.actual == NULL)
        return false;
    *ret = d;
    return true;
}

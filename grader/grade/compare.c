/* The comparisons of grader/sdk/check.h: what differs, where first, and what stands around it. Both
 * sides of a difference are excerpts with the same lines, so that they can be read side by side. */
#include <math.h>
#include <string.h>

#include "grader/grade/check.h"

enum {
    ROW_BYTES = 8, /* of an excerpt: two of them beside each other fit a terminal */
    ROWS_AROUND = 1,
    FLOATS_BEFORE = 1,
    FLOATS_SHOWN = 5,
    EXCERPT_MAX = 64 * 1024, /* bytes of text, where all of it is wanted */
};

bool check_i64(struct check *k, const char *what, int64_t expected, int64_t actual)
{
    if (expected == actual)
        return true;
    check_fail(k, check_printf(k, "%s = %lld", what, (long long)expected),
               check_printf(k, "%s = %lld", what, (long long)actual));
    return false;
}

static char *finished(struct check *k, struct str *text)
{
    char *copy = check_text(k, text);
    str_done(text);
    return copy;
}

/* "dst, byte 34 of 576", and rows such as "   32: 88 88 80 88 88 88 88 88". */
static char *show_bytes(struct check *k, const char *what, const uint8_t *p, size_t size, size_t at)
{
    struct str s;
    str_init(&s, EXCERPT_MAX);
    str_printf(&s, "%s, byte %zu of %zu", what, at, size);
    const size_t row = at / ROW_BYTES;
    const size_t from = k->full || row < ROWS_AROUND ? 0 : row - ROWS_AROUND;
    const size_t end = k->full ? size : (row + ROWS_AROUND + 1) * ROW_BYTES;
    for (size_t i = from * ROW_BYTES; i < size && i < end; i++) {
        if (i % ROW_BYTES == 0)
            str_printf(&s, "\n%5zu:", i);
        str_printf(&s, " %02x", p[i]);
    }
    return finished(k, &s);
}

bool check_bytes(struct check *k, const char *what, const void *expected, const void *actual,
                 size_t size)
{
    const uint8_t *want = expected, *got = actual;
    if (size == 0 || memcmp(want, got, size) == 0)
        return true;
    size_t at = 0;
    while (want[at] == got[at])
        at++;
    check_fail(k, show_bytes(k, what, want, size, at), show_bytes(k, what, got, size, at));
    return false;
}

static uint32_t bits_of(float x)
{
    uint32_t bits;
    memcpy(&bits, &x, sizeof bits);
    return bits;
}

/* "dst[16] = -8", one line an element; with its bits where two NaNs would read alike. */
static char *show_floats(struct check *k, const char *what, const float *x, size_t n, size_t at,
                         bool bits)
{
    struct str s;
    str_init(&s, EXCERPT_MAX);
    const size_t from = k->full || at < FLOATS_BEFORE ? 0 : at - FLOATS_BEFORE;
    const size_t end = k->full || from + FLOATS_SHOWN > n ? n : from + FLOATS_SHOWN;
    for (size_t i = from; i < end; i++) {
        str_printf(&s, "%s%s[%zu] = %.9g", i > from ? "\n" : "", what, i, (double)x[i]);
        if (bits && i == at)
            str_printf(&s, " (0x%08x)", bits_of(x[i]));
    }
    return finished(k, &s);
}

bool check_f32(struct check *k, const char *what, const float *expected, const float *actual,
               size_t n)
{
    if (n == 0 || memcmp(expected, actual, n * sizeof *expected) == 0) /* megabytes, if timed */
        return true;
    for (size_t i = 0; i < n; i++) {
        if (bits_of(expected[i]) == bits_of(actual[i]))
            continue;
        const bool bits = isnan(expected[i]) && isnan(actual[i]);
        check_fail(k, show_floats(k, what, expected, n, i, bits),
                   show_floats(k, what, actual, n, i, bits));
        return false;
    }
    return true;
}

bool check_f64_near(struct check *k, const char *what, double expected, double actual,
                    double tolerance)
{
    const double bound = tolerance * fmax(fabs(expected), 1e-30);
    if (fabs(actual - expected) <= bound) /* this way round, so that NaN fails */
        return true;
    check_fail(k, check_printf(k, "%s = %.17g, within %.3g", what, expected, bound),
               check_printf(k, "%s = %.17g", what, actual));
    return false;
}

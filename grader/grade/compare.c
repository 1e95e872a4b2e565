/* The comparisons of grader/sdk/check.h: what differs, where first, and what stands around it. */
#include <math.h>
#include <string.h>

#include "grader/grade/check.h"

enum { WINDOW_BYTES = 12, WINDOW_FLOATS = 4 };

bool check_i64(struct check *k, const char *what, int64_t expected, int64_t actual)
{
    if (expected == actual)
        return true;
    check_fail(k, check_printf(k, "%s = %lld", what, (long long)expected),
               check_printf(k, "%s = %lld", what, (long long)actual));
    return false;
}

/* "byte 34: .. 88 88 [80] 88": a window that has `at` in its first third. */
static char *show_bytes(struct check *k, const char *what, const uint8_t *p, size_t size, size_t at)
{
    struct str s;
    str_init(&s, 1024);
    const size_t from = at < WINDOW_BYTES / 3 ? 0 : at - WINDOW_BYTES / 3;
    str_printf(&s, "%s, byte %zu:%s", what, at, from > 0 ? " .." : "");
    for (size_t i = from; i < size && i < from + WINDOW_BYTES; i++)
        str_printf(&s, i == at ? " [%02x]" : " %02x", p[i]);
    if (from + WINDOW_BYTES < size)
        str_add(&s, " ..");
    char *text = check_printf(k, "%s", s.text);
    str_done(&s);
    return text;
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

static char *show_floats(struct check *k, const char *what, const float *x, size_t n, size_t at)
{
    struct str s;
    str_init(&s, 1024);
    const size_t from = at < 1 ? 0 : at - 1;
    str_printf(&s, "%s[%zu] = %.9g (0x%08x); from [%zu]:", what, at, (double)x[at], bits_of(x[at]),
               from);
    for (size_t i = from; i < n && i < from + WINDOW_FLOATS; i++)
        str_printf(&s, i == at ? " [%.6g]" : " %.6g", (double)x[i]);
    char *text = check_printf(k, "%s", s.text);
    str_done(&s);
    return text;
}

bool check_f32(struct check *k, const char *what, const float *expected, const float *actual,
               size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (bits_of(expected[i]) == bits_of(actual[i]))
            continue;
        check_fail(k, show_floats(k, what, expected, n, i), show_floats(k, what, actual, n, i));
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

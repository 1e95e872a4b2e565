/* The comparisons of grader/sdk/check.h that allow a distance, the recognition of mistakes, and the
 * margin rule. */
#include <math.h>
#include <string.h>

#include "grader/grade/check.h"
#include "grader/sdk/near.h"

enum { REDRAWS_MAX = 1000 };

/* How a distance is called, and how it is worked out. */
struct measure {
    const char *word;
    struct near (*of)(const float *expected, const float *actual, size_t n);
};

static char *show(struct check *k, const char *what, const float *x, size_t at)
{
    return check_printf(k, "%s[%zu] = %.9g", what, at, (double)x[at]);
}

static bool is_near(struct check *k, const struct measure *m, const char *what,
                    const float *expected, const float *actual, size_t n, double tolerance)
{
    const struct near near = m->of(expected, actual, n);
    if (near.distance <= tolerance) /* this way round, so that NaN fails */
        return true;
    check_fail(
        k,
        check_printf(k, "%s; %s at most %.3g", show(k, what, expected, near.worst), m->word,
                     tolerance),
        isnan(near.distance)
            ? check_printf(k, "%s, and nothing is near to that", show(k, what, actual, near.worst))
            : check_printf(k, "%s; %s %.3g, the worst of %zu here",
                           show(k, what, actual, near.worst), m->word, near.distance, n));
    return false;
}

bool check_f32_nerr(struct check *k, const char *what, const float *expected, const float *actual,
                    size_t n, double tolerance)
{
    static const struct measure nerr = {"nerr", near_nerr};
    return is_near(k, &nerr, what, expected, actual, n, tolerance);
}

bool check_f32_nmse(struct check *k, const char *what, const float *expected, const float *actual,
                    size_t n, double tolerance)
{
    static const struct measure nmse = {"nmse", near_nmse};
    return is_near(k, &nmse, what, expected, actual, n, tolerance);
}

bool check_f32_ulp(struct check *k, const char *what, const float *expected, const float *actual,
                   size_t n, double ulps)
{
    static const struct measure ulp = {"ulp", near_ulp};
    return is_near(k, &ulp, what, expected, actual, n, ulps);
}

bool check_suspect(struct check *k, const void *mistaken, const void *actual, size_t size,
                   const char *hint)
{
    if (memcmp(mistaken, actual, size) != 0)
        return false;
    check_hint(k, "%s", hint);
    return true;
}

bool check_redraw(struct check *k, double gap, double margin)
{
    if (gap >= margin) { /* this way round, so that NaN is drawn again */
        k->now.redraws = 0;
        return false;
    }
    if (++k->now.redraws <= REDRAWS_MAX)
        return true;
    if (k->rc == OK)
        k->rc = err_set(&k->why, ERR_INTERNAL,
                        "%d draws in a row for '%s' stay below the margin of %g: the checker asks "
                        "for what its draws do not have",
                        REDRAWS_MAX, k->now.name, margin);
    return false;
}

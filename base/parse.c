#include "base/parse.h"

#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

enum err_code parse_u64(const char *text, const char *what, uint64_t min, uint64_t max,
                        uint64_t *ret, struct err *why)
{
    char *end = NULL;
    errno = 0;
    const unsigned long long value = strtoull(text, &end, 10);
    if (!is_digit(text[0]) || *end != '\0')
        return err_set(why, ERR_FORMAT,
                       "%s is '%.40s': expected a number from %" PRIu64 " to %" PRIu64, what, text,
                       min, max);
    if (errno == ERANGE || value < min || value > max)
        return err_set(why, ERR_RANGE, "%s is %.40s: expected %" PRIu64 " to %" PRIu64, what, text,
                       min, max);
    *ret = value;
    return OK;
}

enum err_code parse_i64(const char *text, const char *what, int64_t min, int64_t max, int64_t *ret,
                        struct err *why)
{
    char *end = NULL;
    errno = 0;
    const long long value = strtoll(text, &end, 10);
    if (!(is_digit(text[0]) || (text[0] == '-' && is_digit(text[1]))) || *end != '\0')
        return err_set(why, ERR_FORMAT,
                       "%s is '%.40s': expected a number from %" PRId64 " to %" PRId64, what, text,
                       min, max);
    if (errno == ERANGE || value < min || value > max)
        return err_set(why, ERR_RANGE, "%s is %.40s: expected %" PRId64 " to %" PRId64, what, text,
                       min, max);
    *ret = value;
    return OK;
}

/* strtod alone also takes blanks, "inf", "nan" and "0x1p3". It reads a point in the C locale only,
 * which is the one that our programs keep. */
enum err_code parse_f64(const char *text, const char *what, double min, double max, double *ret,
                        struct err *why)
{
    char *end = NULL;
    const char *digits = text[0] == '-' ? text + 1 : text;
    const double value = strtod(text, &end);
    if (!is_digit(digits[0]) || digits[strspn(digits, "0123456789.eE+-")] != '\0' || *end != '\0')
        return err_set(why, ERR_FORMAT, "%s is '%.40s': expected a number from %g to %g", what,
                       text, min, max);
    if (!(value >= min && value <= max))
        return err_set(why, ERR_RANGE, "%s is %.40s: expected %g to %g", what, text, min, max);
    *ret = value;
    return OK;
}

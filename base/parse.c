#include "base/parse.h"

#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdlib.h>

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

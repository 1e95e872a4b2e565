/* Text becomes numbers here and nowhere else. The whole text must be the number: no blanks around
 * it, no rest behind it, no sign where there is none to be. */
#pragma once

#include <stdint.h>

#include "base/err.h"

/* Decimal, min <= value <= max. ERR_FORMAT: no decimal number. ERR_RANGE: outside the bounds.
 * `what` names the thing in the story: "--seed is 'x': expected ...". */
MUST_CHECK enum err_code parse_u64(const char *text, const char *what, uint64_t min, uint64_t max,
                                   uint64_t *ret, struct err *why);
MUST_CHECK enum err_code parse_i64(const char *text, const char *what, int64_t min, int64_t max,
                                   int64_t *ret, struct err *why);
/* A fraction in decimal, "0.7" or "1e-3"; never NaN, infinite or in hexadecimal. */
MUST_CHECK enum err_code parse_f64(const char *text, const char *what, double min, double max,
                                   double *ret, struct err *why);

/* What every quantiser asks of a row before it writes the first byte. Private to this folder. */
#pragma once

#include <stddef.h>

#include "base/err.h"

/* ERR_INVALID: n weights do not fill whole blocks. ERR_RANGE: a weight is NaN or |x| > limit. */
MUST_CHECK enum err_code ref_row_check(const float *x, size_t n, size_t weights, float limit,
                                       struct err *why);

/* The first of the two alone, for the way back. */
MUST_CHECK enum err_code ref_row_whole(size_t n, size_t weights, struct err *why);

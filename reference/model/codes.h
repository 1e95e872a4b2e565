/* Whether activations have codes in the type that their product asks for. Private to this folder.
 */
#pragma once

#include <float.h>
#include <stdbool.h>

#include "reference/quant/legacy.h"
#include "reference/quant/quant.h"
#include "reference/quant/row.h"

/* The scale of Q8_0 and Q8_1 is a half, so that finite is not enough. What has no codes makes its
 * token's results NaN. */
static inline bool ref_has_codes(uint32_t partner, const float *x, size_t n)
{
    const bool half = partner == REF_Q8_0 || partner == REF_Q8_1;
    return ref_row_check(x, n, 1, half ? REF_LEGACY_MAX : FLT_MAX, NULL) == OK;
}

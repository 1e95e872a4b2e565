/* What every quantiser asks of a row before it writes the first byte, and the two functions that
 * each format has. Private to this folder, but that model/ asks by the check whether activations
 * have codes. */
#pragma once

#include <stddef.h>

#include "base/err.h"

/* ERR_INVALID: n weights do not fill whole blocks. ERR_RANGE: a weight is NaN or |x| > limit. */
MUST_CHECK enum err_code ref_row_check(const float *x, size_t n, size_t weights, float limit,
                                       struct err *why);

/* The first of the two alone, for the way back. */
MUST_CHECK enum err_code ref_row_whole(size_t n, size_t weights, struct err *why);

/* ref_FORMAT_quantize and ref_FORMAT_dequantize, from FORMAT_quantize_block and
 * FORMAT_dequantize_block. */
#define REF_ROWS_OF(format, weights, limit)                                                        \
    enum err_code ref_##format##_quantize(const float *x, size_t n,                                \
                                          struct ref_##format *ret_blocks, struct err *why)        \
    {                                                                                              \
        const enum err_code rc = ref_row_check(x, n, weights, limit, why);                         \
        if (rc != OK)                                                                              \
            return rc;                                                                             \
        for (size_t b = 0; b < n / (weights); b++)                                                 \
            format##_quantize_block(x + b * (weights), &ret_blocks[b]);                            \
        return OK;                                                                                 \
    }                                                                                              \
    enum err_code ref_##format##_dequantize(const struct ref_##format *blocks, size_t n,           \
                                            float *ret_x, struct err *why)                         \
    {                                                                                              \
        const enum err_code rc = ref_row_whole(n, weights, why);                                   \
        if (rc != OK)                                                                              \
            return rc;                                                                             \
        for (size_t b = 0; b < n / (weights); b++)                                                 \
            format##_dequantize_block(&blocks[b], ret_x + b * (weights));                          \
        return OK;                                                                                 \
    }

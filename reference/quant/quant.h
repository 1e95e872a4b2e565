/* Rows of weights by ggml's type id, for who reads the type from a file. Who knows the type at
 * compile time uses legacy.h, k_quants.h, codebook.h and ternary.h.
 *
 * Rows are little-endian bytes as in a GGUF file; they begin at an even address, as tensors of a
 * file do, and those of Q8_K and F32, which hold floats, at a multiple of 4. Nothing here
 * allocates. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

enum ref_quant_id {
#define TYPE(NAME, format, id, weights, bytes, partner) REF_##NAME = id,
#include "reference/quant/quant_type.def"
#undef TYPE
};
enum { REF_NONE = 0x7fffffff }; /* no type */

struct ref_quant_type {
    uint32_t id;
    const char *name;        /* as ggml writes it: "Q4_K" */
    uint32_t weights, bytes; /* of a block */
    uint32_t partner;        /* what activations become for a dot product, or REF_NONE */
};

/* NULL: an id that this folder does not know. Lives as long as the program. */
const struct ref_quant_type *ref_quant_find(uint32_t id);

/* Bytes of n weights. ERR_UNSUPPORTED: unknown id. ERR_INVALID: n does not fill whole blocks.
 * ERR_TOO_LARGE: the size does not fit a size_t. */
MUST_CHECK enum err_code ref_quant_row_bytes(uint32_t id, uint64_t n, size_t *ret_bytes,
                                             struct err *why);

/* Restores n weights from a row.
 *   row    (ref_quant_row_bytes)  at an even address, any content
 *   ret_x  (n)                    the caller's; written only when the result is OK
 * Errors as above. */
MUST_CHECK enum err_code ref_quant_dequantize(uint32_t id, const void *row, size_t n, float *ret_x,
                                              struct err *why);

/* Quantises n weights to a row.
 *   x        (n)                    finite; within the REF_..._MAX of the format
 *   ret_row  (ref_quant_row_bytes)  at an even address; written only when the result is OK
 * Errors as above, and ERR_RANGE: `why` names the weight. */
MUST_CHECK enum err_code ref_quant_quantize(uint32_t id, const float *x, size_t n, void *ret_row,
                                            struct err *why);

/* Rows of weights of any type times rows of floats: most of what a model computes.
 *
 *     y[t*out + o] = sum over i < in of w[o][i] * x[t*in + i]      o < out, t < n
 *
 * As in llama.cpp the activations are rounded to the type's partner first (quant/dot.h): to Q8_K
 * for Q4_K, to halves for F16. What is then summed is the same for all ways to sum it, and there
 * are two. For few rows of x each row of weights is read once and multiplied in its own format by
 * the kernels of quant/: nothing is as fast as the memory it comes from. For many rows weights and
 * activations are restored to floats by blocks that stay in the caches and go through gemm.h, where
 * a multiply-add costs half of what it costs in codes. Both are within 2^-20 * sum of |terms|.
 * (Q4_1 and Q5_1 know the first way only.)
 *
 * A row of x that is not finite has no codes: its row of y is NaN throughout. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "reference/quant/kernels.h"

struct ref_weights {
    uint32_t type;
    size_t out, in;
    size_t row_bytes;    /* from row to row, at least what a row takes */
    const uint8_t *rows; /* aligned as quant.h says; borrowed */
};

/* Bytes of scratch for n rows of activations.
 * ERR_UNSUPPORTED: a type without a partner. ERR_INVALID: rows that fill no whole blocks, or are
 * further apart than row_bytes says. ERR_TOO_LARGE: more than a size_t counts. */
MUST_CHECK enum err_code ref_weights_scratch(const struct ref_weights *w, size_t n,
                                             size_t *ret_bytes, struct err *why);

/* The weights were checked by ref_weights_scratch(); the kernels are of an instruction set that
 * this machine has. x (n, in)   scratch: at a multiple of 64 bytes   ret_y (n, out), apart from x
 */
void ref_weights_multiply(const struct ref_quant_kernels *k, const struct ref_weights *w,
                          const float *x, size_t n, void *scratch, float *ret_y);

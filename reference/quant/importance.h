/* Quantising with importance weights: how much an error in each column of a matrix matters, as
 * llama.cpp's importance matrix says it (the mean square of the activation that the column meets).
 *
 * Each format weighs the error of weight i by importance[i] * sqrt(sigma2 + x[i]^2), with sigma2
 * the mean square of the row (Q4_0 to Q5_1) or of the super-block (Q2_K: once, the others: twice),
 * Q6_K by importance[i] alone; then it searches a scale, in the K-quants also one for the scales
 * themselves. Truth: quantize_q4_0, quantize_q4_K and so on in ggml's src/ggml-quants.c, which is
 * what llama-quantize calls; our bytes are ggml's bytes. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

/* Larger ones are refused: their products with squares of weights would overflow. */
#define REF_IMPORTANCE_MAX 0x1p20f

/* Quantises one row of n weights.
 *   x           (n)  finite; within REF_K_MAX for the formats that search, else as in quant.h
 *   importance  (n)  0 <= importance <= REF_IMPORTANCE_MAX; or NULL for what llama-quantize does
 *                    without a matrix, which is ref_quant_quantize but for IQ4_NL: it searches
 *   ret_row     (ref_quant_row_bytes)  aligned as quant.h says; written only when the result is OK
 * Formats that know no importance (the floats, Q8_*, ternary, MXFP4) do as if there were none.
 * Errors as of ref_quant_quantize; ERR_RANGE also for an importance that is out of range. */
MUST_CHECK enum err_code ref_quant_quantize_important(uint32_t id, const float *x, size_t n,
                                                      const float *importance, void *ret_row,
                                                      struct err *why);

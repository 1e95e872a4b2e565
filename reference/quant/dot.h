/* Dot products of a row of quantised weights with a row of quantised activations, as llama.cpp
 * computes them: integers within a block, one or two float steps per block.
 *
 *     type                          activations   a block's term
 *     Q4_0, Q5_0, Q8_0              Q8_0          dx * dy * sum(qx * qy)
 *     IQ4_NL, MXFP4                 Q8_0          dx * dy * sum(table[qx] * qy)
 *     Q4_1, Q5_1                    Q8_1          dx * dy * sum(qx * qy) + mx * sy
 *     Q2_K, Q4_K, Q5_K              Q8_K          dx * dy * sum over groups of scale * sum(qx * qy)
 *                                                 - dmin * dy * sum over groups of min * sums[g]
 *     Q3_K, Q6_K, IQ4_XS            Q8_K          dx * dy * sum over groups of scale * sum(qx * qy)
 *     TQ1_0, TQ2_0                  Q8_K          dx * dy * sum(qx * qy)
 *     F32, F16, BF16                the same      the product of two floats, summed in double
 *
 * The integer sums are exact for any bytes: none exceeds 2^27. The floats are added
 * in the order of the generic functions in ggml's src/ggml-cpu/quants.c, and our results are theirs
 * to the bit; Q3_K to Q6_K, where those keep eight partial sums so that compilers vectorise them,
 * included. Any other order, as in kernels.h, differs by a few units of 2^-24 of the sum of the
 * terms' magnitudes. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

/* The dot product of n weights and n activations.
 *   row          n weights of type `id`, any content; aligned as quant.h says
 *   activations  n values of the type's partner (struct ref_quant_type), any content
 *   ret          written only when the result is OK
 * ERR_UNSUPPORTED: unknown type, or one without a partner. ERR_INVALID: n fills no whole blocks. */
MUST_CHECK enum err_code ref_quant_dot(uint32_t id, const void *row, const void *activations,
                                       size_t n, float *ret, struct err *why);

/* The inner loops by instruction set: a rung is a table of functions, one for each type id. The
 * caller picks a rung once and passes it on; there is no global choice.
 *
 *     const struct ref_quant_kernels *k = ref_quant_kernels_for(ref_isa_best());
 *     k->quantize[REF_Q8_K](x, n, activations);
 *     y[r] = k->dot[REF_Q4_K](row, activations, n);
 *
 * What a rung owes the scalar one, for blocks of any content:
 *   dequantize  the same bits, NaN payloads apart. Each product in a format is exact in binary32
 *               (a half has 11 bits, scale and code have 6 and 8), so there is one rounding at most
 *               and no order to choose. Where a scale is Q8_K's float there is one product.
 *   quantize    the same bytes. Only activations are here; weights are quantised once.
 *   dot         the same integers within a block. Floats are added in another order, and a
 *               product may be fused into the sum: |rung - scalar| <= 2^-24 * (blocks + 16) * S
 * with S the sum of the terms' magnitudes, since no term passes through more additions than there
 * are blocks, and each rounds to half an ulp of at most S. In fact it is below 2^-21 * S, as eight
 * or sixteen lanes share the blocks.
 *
 * Nothing here checks: n fills whole blocks, rows are aligned as quant.h says, and no wider. What
 * comes from outside goes through quant.h and dot.h. */
#pragma once

#include <stddef.h>

#include "reference/quant/isa.h"
#include "reference/quant/quant.h"

enum { REF_QUANT_IDS = 40 }; /* the largest id and one */

typedef void ref_dequantize_fn(const void *row, size_t n, float *ret_x);
typedef float ref_dot_fn(const void *row, const void *activations, size_t n);
typedef void ref_quantize_fn(const float *x, size_t n, void *ret_row); /* x finite */

struct ref_quant_kernels {
    enum ref_isa isa;
    ref_dequantize_fn *dequantize[REF_QUANT_IDS]; /* every type of quant_type.def */
    ref_dot_fn *dot[REF_QUANT_IDS];               /* those with a partner, as in dot.h */
    ref_quantize_fn *quantize[REF_QUANT_IDS]; /* the partners: F32, F16, BF16, Q8_0, Q8_1, Q8_K */
};

/* NULL: this machine does not have it, or this build was made for another. Tables are complete:
 * what the scalar one has, all have. */
const struct ref_quant_kernels *ref_quant_kernels_for(enum ref_isa isa);

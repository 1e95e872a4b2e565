/* The rung for AVX-512: the sources of AVX2 once more, with sixteen floats to a store, mask
 * registers for fifth bits and VNNI for products of bytes. */
#include "reference/quant/avx512_dequantize.h"
#include "reference/quant/avx512_dot.h"
#include "reference/quant/rungs.h"
#include "reference/quant/x86_quantize.h"

#define DEQUANTIZE(NAME, format) [REF_##NAME] = format##_dequantize,
#define DOT(NAME, format)        [REF_##NAME] = format##_dot,
#define QUANTIZE(NAME, format)   [REF_##NAME] = format##_quantize,
const struct ref_quant_kernels ref_quant_avx512 = {
    .isa = REF_ISA_AVX512,
    .dequantize = {FOR_WEIGHTS(DEQUANTIZE) DEQUANTIZE(Q8_1, q8_1) DEQUANTIZE(Q8_K, q8_k)},
    .dot = {FOR_WEIGHTS(DOT)},
    .quantize = {FOR_ACTIVATIONS(QUANTIZE)},
};

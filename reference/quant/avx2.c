/* The rung for AVX2, FMA and F16C: compiled for them (CMakeLists.txt), chosen by isa.h. */
#include "reference/quant/avx2_dequantize.h"
#include "reference/quant/avx2_dot.h"
#include "reference/quant/rungs.h"
#include "reference/quant/x86_quantize.h"

#define DEQUANTIZE(NAME, format) [REF_##NAME] = format##_dequantize,
#define DOT(NAME, format)        [REF_##NAME] = format##_dot,
#define QUANTIZE(NAME, format)   [REF_##NAME] = format##_quantize,
const struct ref_quant_kernels ref_quant_avx2 = {
    .isa = REF_ISA_AVX2,
    .dequantize = {FOR_WEIGHTS(DEQUANTIZE) DEQUANTIZE(Q8_1, q8_1) DEQUANTIZE(Q8_K, q8_k)},
    .dot = {FOR_WEIGHTS(DOT)},
    .quantize = {FOR_ACTIVATIONS(QUANTIZE)},
};

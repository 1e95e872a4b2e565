/* The rung for AVX2, FMA and F16C: compiled for them (CMakeLists.txt), chosen by isa.h. */
#include "reference/quant/rungs.h"
#include "reference/quant/x86_dequantize.h"
#include "reference/quant/x86_dot.h"
#include "reference/quant/x86_quantize.h"

#define DEQUANTIZE(NAME, format) [REF_##NAME] = format##_dequantize,
#define DOT(NAME, format)        [REF_##NAME] = format##_dot,
#define QUANTIZE(NAME, format)   [REF_##NAME] = format##_quantize,
const struct ref_quant_kernels ref_quant_avx2 = {
    .isa = REF_ISA_AVX2,
    .dequantize = {FOR_WEIGHTS(DEQUANTIZE) DEQUANTIZE(Q8_K, q8_k)[REF_Q8_1] =
                       ref_q8_1_dequantize_scalar},
    .dot = {FOR_WEIGHTS(DOT)},
    .quantize = {FOR_ACTIVATIONS(QUANTIZE)[REF_F32] = ref_f32_quantize_scalar,
                 [REF_F16] = ref_f16_quantize_scalar, [REF_BF16] = ref_bf16_quantize_scalar},
};

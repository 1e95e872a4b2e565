/* The functions and tables of the rungs. Private to this folder.
 *
 * FOR_WEIGHTS(DO) lists the formats that have a partner and so both functions in every rung;
 * FOR_ACTIVATIONS(DO) the partners, to which every rung quantises. */
#pragma once

#include "reference/quant/kernels.h"

#define FOR_WEIGHTS(DO)                                                                            \
    DO(F32, f32)                                                                                   \
    DO(F16, f16)                                                                                   \
    DO(BF16, bf16)                                                                                 \
    DO(Q4_0, q4_0)                                                                                 \
    DO(Q4_1, q4_1)                                                                                 \
    DO(Q5_0, q5_0)                                                                                 \
    DO(Q5_1, q5_1)                                                                                 \
    DO(Q8_0, q8_0)                                                                                 \
    DO(Q2_K, q2_k)                                                                                 \
    DO(Q3_K, q3_k)                                                                                 \
    DO(Q4_K, q4_k)                                                                                 \
    DO(Q5_K, q5_k)                                                                                 \
    DO(Q6_K, q6_k)                                                                                 \
    DO(IQ4_NL, iq4_nl)                                                                             \
    DO(IQ4_XS, iq4_xs)                                                                             \
    DO(TQ1_0, tq1_0)                                                                               \
    DO(TQ2_0, tq2_0)                                                                               \
    DO(MXFP4, mxfp4)

#define FOR_ACTIVATIONS(DO)                                                                        \
    DO(F32, f32)                                                                                   \
    DO(F16, f16)                                                                                   \
    DO(BF16, bf16)                                                                                 \
    DO(Q8_0, q8_0)                                                                                 \
    DO(Q8_1, q8_1)                                                                                 \
    DO(Q8_K, q8_k)

#define SCALAR(NAME, format)                                                                       \
    ref_dequantize_fn ref_##format##_dequantize_scalar;                                            \
    ref_dot_fn ref_##format##_dot_scalar;
FOR_WEIGHTS(SCALAR)
#undef SCALAR

#define SCALAR(NAME, format) ref_quantize_fn ref_##format##_quantize_scalar;
FOR_ACTIVATIONS(SCALAR)
#undef SCALAR
ref_dequantize_fn ref_q8_1_dequantize_scalar;
ref_dequantize_fn ref_q8_k_dequantize_scalar;

extern const struct ref_quant_kernels ref_quant_scalar;
#if defined(__x86_64__)
extern const struct ref_quant_kernels ref_quant_avx2;
extern const struct ref_quant_kernels ref_quant_avx512;
#elif defined(__aarch64__)
extern const struct ref_quant_kernels ref_quant_neon;
#endif

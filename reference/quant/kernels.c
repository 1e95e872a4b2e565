#include "reference/quant/kernels.h"

#include <assert.h>
#include <stddef.h>

#include "reference/quant/rungs.h"

/* ---- the scalar rung: the checked functions, for who has checked ---- */

#define TYPE(NAME, format, id, weights, bytes, partner)                                            \
    void ref_##format##_dequantize_scalar(const void *row, size_t n, float *ret_x)                 \
    {                                                                                              \
        const enum err_code rc = ref_quant_dequantize(REF_##NAME, row, n, ret_x, NULL);            \
        assert(rc == OK);                                                                          \
        (void)rc;                                                                                  \
    }
#include "reference/quant/quant_type.def"
#undef TYPE

#define QUANTIZE(NAME, format)                                                                     \
    void ref_##format##_quantize_scalar(const float *x, size_t n, void *ret_row)                   \
    {                                                                                              \
        const enum err_code rc = ref_quant_quantize(REF_##NAME, x, n, ret_row, NULL);              \
        assert(rc == OK);                                                                          \
        (void)rc;                                                                                  \
    }
FOR_ACTIVATIONS(QUANTIZE)
#undef QUANTIZE

#define DEQUANTIZE(NAME, format) [REF_##NAME] = ref_##format##_dequantize_scalar,
#define DOT(NAME, format)        [REF_##NAME] = ref_##format##_dot_scalar,
#define QUANTIZE(NAME, format)   [REF_##NAME] = ref_##format##_quantize_scalar,
const struct ref_quant_kernels ref_quant_scalar = {
    .isa = REF_ISA_SCALAR,
    .dequantize = {FOR_WEIGHTS(DEQUANTIZE) DEQUANTIZE(Q8_1, q8_1) DEQUANTIZE(Q8_K, q8_k)},
    .dot = {FOR_WEIGHTS(DOT)},
    .quantize = {FOR_ACTIVATIONS(QUANTIZE)},
};

const struct ref_quant_kernels *ref_quant_kernels_for(enum ref_isa isa)
{
    if (!ref_isa_present(isa))
        return NULL;
    switch (isa) {
    case REF_ISA_SCALAR:
        return &ref_quant_scalar;
#if defined(__x86_64__)
    case REF_ISA_AVX2:
        return &ref_quant_avx2;
    case REF_ISA_AVX512:
        return &ref_quant_avx512;
    case REF_ISA_NEON:
#elif defined(__aarch64__)
    case REF_ISA_NEON:
        return &ref_quant_neon;
    case REF_ISA_AVX2:
    case REF_ISA_AVX512:
#else
    case REF_ISA_AVX2:
    case REF_ISA_AVX512:
    case REF_ISA_NEON:
#endif
    case REF_ISAS:
        break;
    }
    return NULL;
}

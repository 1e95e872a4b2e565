#include "reference/tensor/rows.h"

#include <math.h>

#include "reference/tensor/activation.h"
#include "reference/tensor/matmul.h"
#include "reference/tensor/norm.h"
#include "reference/tensor/rows_rungs.h"

static void swiglu(float *y, const float *gate, const float *up, size_t n)
{
    ref_activate_gated(REF_SILU, y, gate, up, n);
}

static void geglu(float *y, const float *gate, const float *up, size_t n)
{
    ref_activate_gated(REF_GELU_TANH, y, gate, up, n);
}

static void dots(const float *q, const float *k, size_t stride, size_t n, size_t n_keys, float *ret)
{
    for (size_t j = 0; j < n_keys; j++)
        ret[j] = (float)ref_dot_f32(q, k + j * stride, n);
}

static void mix(float *acc, float shrink, const float *weights, const float *v, size_t stride,
                size_t n, size_t n_keys)
{
    for (size_t i = 0; i < n; i++)
        acc[i] *= shrink;
    for (size_t j = 0; j < n_keys; j++)
        for (size_t i = 0; i < n; i++)
            acc[i] += weights[j] * v[j * stride + i];
}

static float weigh(float *x, float max, size_t n)
{
    double sum = 0;
    for (size_t i = 0; i < n; i++)
        sum += (double)(x[i] = expf(x[i] - max));
    return (float)sum;
}

static const struct ref_row_kernels scalar = {
    .isa = REF_ISA_SCALAR,
    .rms_norm = ref_rms_norm,
    .layer_norm = ref_layer_norm,
    .softmax = ref_softmax,
    .swiglu = swiglu,
    .geglu = geglu,
    .rope = ref_rope_apply,
    .dots = dots,
    .mix = mix,
    .weigh = weigh,
};

const struct ref_row_kernels *ref_row_kernels_for(enum ref_isa isa)
{
    static const struct ref_row_kernels *const rungs[] = {
        &scalar,
#ifdef __x86_64__
        &ref_rows_avx2,
        &ref_rows_avx512,
#endif
#ifdef __aarch64__
        &ref_rows_neon,
#endif
    };
    for (size_t i = 0; i < sizeof rungs / sizeof rungs[0]; i++)
        if (rungs[i]->isa == isa && ref_isa_present(isa))
            return rungs[i];
    return NULL;
}

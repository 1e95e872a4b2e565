#include "reference/tensor/activation.h"

#include <math.h>

/* (1 + tanh u)/2 is 1/(1 + exp(-2u)), which keeps the digits of the negative tail. */
static float gelu_tanh(float x)
{
    static const float root_8_over_pi = 1.59576912160573071176f, cubic = 0.044715f;
    return x / (1.0f + expf(-root_8_over_pi * x * (1.0f + cubic * x * x)));
}

/* erfc keeps the digits that 1 + erf would lose there. */
static float gelu_erf(float x)
{
    static const float root_half = 0.70710678118654752440f;
    return 0.5f * x * erfcf(-x * root_half);
}

float ref_activate(enum ref_activation kind, float x)
{
    switch (kind) {
    case REF_SILU:
        return x / (1.0f + expf(-x));
    case REF_GELU_TANH:
        return gelu_tanh(x);
    case REF_GELU_ERF:
        return gelu_erf(x);
    case REF_RELU:
        return x > 0 ? x : 0;
    }
    return x;
}

void ref_activate_gated(enum ref_activation kind, float *y, const float *gate, const float *up,
                        size_t n)
{
    for (size_t i = 0; i < n; i++) {
        const float v = ref_activate(kind, gate[i]);
        y[i] = up != NULL ? v * up[i] : v;
    }
}

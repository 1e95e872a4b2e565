/* Activations, element by element; y may be any of the inputs. */
#pragma once

#include <stddef.h>

enum ref_activation {
    REF_SILU,      /* x / (1 + exp(-x)) */
    REF_GELU_TANH, /* x/2 (1 + tanh(sqrt(2/pi) (x + 0.044715 x^3))): what GeGLU models use. ggml
                      looks it up in a table of halves; this is the exact one. */
    REF_GELU_ERF,  /* x/2 (1 + erf(x / sqrt 2)): CLIP's projector, Whisper */
    REF_RELU,
};

/* One value in float; never NaN for a finite x, and exactly 0 or x in the far tails. */
float ref_activate(enum ref_activation kind, float x);

/* y = act(gate) * up: SwiGLU with REF_SILU, GeGLU with REF_GELU_TANH (Shazeer: GLU Variants Improve
 * Transformer, 2020).
 *   up  (n)  NULL: ones, the plain activation */
void ref_activate_gated(enum ref_activation kind, float *y, const float *gate, const float *up,
                        size_t n);

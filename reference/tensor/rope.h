/* Rotary position embedding: pair i of a head is turned by the angle
 *
 *     position * base^(-2i/n_rot) * freq_scale / factors[i]
 *
 * (Su and others: RoFormer, 2021.) Dimensions from n_rot on pass through. The angle is taken in
 * double; ggml multiplies in float from pair to pair, which is off by 4e-3 in the cosine at
 * position 32767 and by 1.2e-2 at 131071. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

enum ref_rope_pairs {
    REF_ROPE_NORM, /* (2i, 2i+1): GGUF's `llama`, whose converter permutes the rows of wq and wk */
    REF_ROPE_NEOX, /* (i, i + n_rot/2): Qwen2, Gemma, GPT-NeoX */
};

/* YaRN (Peng and others, 2023; rope_yarn in ggml's src/ggml-cpu/ops.cpp): pairs that turn often
 * within the original context keep their frequency, those that turn seldom are stretched by
 * freq_scale, with a ramp between, and all are scaled by `attention` * (1 + 0.1 ln(1/freq_scale)).
 */
struct ref_rope_yarn {
    float mix;                  /* ext_factor: 0 turns YaRN off, 1 is the paper's */
    float attention;            /* attn_factor, usually 1 */
    float beta_fast, beta_slow; /* turns in the original context: 32 and 1 in the paper */
    int32_t original_context;
};

struct ref_rope {
    enum ref_rope_pairs pairs;
    int n_rot;            /* even, at most the head's size */
    float base;           /* 10000, 500000 ... */
    float freq_scale;     /* 1; 1/s for linear scaling by s */
    const float *factors; /* (n_rot/2), or NULL: Llama 3's rope_freqs.weight */
    struct ref_rope_yarn yarn;
};

/* ERR_INVALID: n_rot is odd, negative or above `head`; base, freq_scale or a factor is not a
 * positive number; YaRN without an original context. */
MUST_CHECK enum err_code ref_rope_check(const struct ref_rope *r, int head, struct err *why);

/* Cosine and sine of each pair at a position, times the magnitude of YaRN.
 *   ret_cos, ret_sin  (n_rot/2) */
void ref_rope_angles(const struct ref_rope *r, int32_t position, float *ret_cos, float *ret_sin);

/* Turns heads in place: x (n_heads, head), the angles from above. A negative angle (the sine's sign
 * changed) turns back. */
void ref_rope_apply(const struct ref_rope *r, float *x, int n_heads, int head, const float *cosines,
                    const float *sines);

/* Llama 3.1's factors from the numbers of its configuration (rope_scaling in config.json): long
 * waves are stretched by `factor`, short ones not, with a smooth part between.
 *   ret_factors  (n_rot/2) */
struct ref_rope_llama3 {
    float factor, low, high;  /* 8, 1, 4 */
    int32_t original_context; /* 8192 */
};
void ref_rope_llama3_factors(const struct ref_rope_llama3 *c, float base, int n_rot,
                             float *ret_factors);

/* Rows of a projection from Hugging Face's order, which the NEOX pairing expects, to GGUF's:
 * row h*d + 2i + s of dst is row h*d + s*d/2 + i of src. NORM on the result gives the same scores
 * as NEOX on the source. src, dst  (n_heads * head, columns)  may not overlap */
void ref_rope_permute(float *dst, const float *src, int n_heads, int head, size_t columns);

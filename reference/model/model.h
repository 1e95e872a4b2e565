/* A model of the Llama family as it lies in a GGUF file: which tensors it has, what shape they are,
 * where their rows begin. Nothing is copied: the file has to stay.
 *
 *     architecture   rotary pairs   biases of q, k, v   feed-forward part
 *     llama          NORM           where they are      SwiGLU, or experts (llama.expert_count)
 *     qwen2          NEOX           where they are      SwiGLU, or experts
 *
 * Without a tensor output.weight the embedding is the output matrix too. Names of keys and tensors:
 * docs/gguf.md in ggml, src/llama-arch.cpp in llama.cpp. Everything in the file is a stranger's:
 * each count, shape, type and address is checked here once, so that forward.c need not. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "reference/gguf/gguf.h"
#include "reference/tensor/rope.h"

enum {
    REF_MODEL_LAYERS = 512,
    REF_MODEL_WIDTH = 1 << 17, /* of any row */
    REF_MODEL_VOCAB = 1 << 24,
    REF_MODEL_EXPERTS = 256,
};

struct ref_adapter; /* adapter.h */

/* `out` rows of `in` weights. */
struct ref_matrix {
    uint32_t type;
    size_t in, out, row_bytes;
    const uint8_t *rows; /* NULL: the model has no such matrix */
};

struct ref_layer {
    const float *attn_norm, *ffn_norm;     /* (dim) */
    struct ref_matrix q, k, v, o;          /* (q_width, dim) (kv_width, dim) twice (dim, q_width) */
    const float *q_bias, *k_bias, *v_bias; /* NULL: none */
    struct ref_matrix gate, up, down;      /* (ff, dim) twice (dim, ff); of all experts in turn */
    struct ref_matrix router;              /* (experts, dim) */
};

struct ref_model {
    int layers, heads, kv_heads, head, experts, experts_used; /* experts 0: one feed-forward part */
    size_t vocab, dim, ff, context;
    float eps;
    struct ref_rope rope;
    struct ref_matrix embed, output;
    const float *output_norm;
    struct ref_layer *layer;           /* the caller's */
    const struct ref_adapter *adapter; /* (n_adapters) the caller's to set: adapter.h */
    size_t n_adapters;
};

/* Layers that `layer` has to have room for. ERR_INVALID, ERR_NOT_FOUND: the key is missing or
 * beyond its bound. */
MUST_CHECK enum err_code ref_model_layers(const struct ref_gguf_file *file, int *ret,
                                          struct err *why);

/* ERR_UNSUPPORTED: a big-endian file, an architecture, a type, or a kind of scaling that is not
 * here. ERR_NOT_FOUND: a key or a tensor. ERR_INVALID: a value or a shape that does not fit the
 * others; `why` names it. layer (ref_model_layers)  the caller's, stays with the model */
MUST_CHECK enum err_code ref_model_open(const struct ref_gguf_file *file, struct ref_layer *layer,
                                        struct ref_model *ret, struct err *why);

static inline size_t ref_model_q_width(const struct ref_model *m)
{
    return (size_t)m->heads * (size_t)m->head;
}
static inline size_t ref_model_kv_width(const struct ref_model *m)
{
    return (size_t)m->kv_heads * (size_t)m->head;
}

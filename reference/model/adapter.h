/* An adapter on a whole model: the pairs of one file (lora.h), each found for the matrix that it
 * changes. Nothing is merged, so one model in memory serves as many adapters as there are:
 *
 *     rc = ref_adapter_open(&file, &model, 1.0f, layers, &adapter, why);
 *     struct ref_model tuned = model;              the same rows, looked at through the adapter
 *     tuned.adapter = &adapter, tuned.n_adapters = 1;
 *     ref_forward(&tuned, ...)
 *
 * Every product W x (+ bias) of the forward pass then gets + scale * B (A x), one adapter after the
 * other; looking a token up gets + scale * B a[id]. llama.cpp adds a bias last: the sums are the
 * same but for their order. Pairs are known for token_embd, output (where the file has that
 * matrix), attn_q, attn_k, attn_v, attn_output, ffn_gate, ffn_up, ffn_down and ffn_gate_inp; those
 * of experts are not. Source: src/llama-adapter.cpp and build_lora_mm() of llama.cpp. */
#pragma once

#include "reference/model/lora.h"

enum ref_adapter_part {
    REF_ADAPTER_Q,
    REF_ADAPTER_K,
    REF_ADAPTER_V,
    REF_ADAPTER_O,
    REF_ADAPTER_GATE,
    REF_ADAPTER_UP,
    REF_ADAPTER_DOWN,
    REF_ADAPTER_ROUTER,
    REF_ADAPTER_PARTS,
};

/* a.rows is NULL where the adapter leaves a matrix alone. */
struct ref_adapter_layer {
    struct ref_lora part[REF_ADAPTER_PARTS];
};
struct ref_adapter {
    struct ref_lora embed, output;
    struct ref_adapter_layer *layer; /* the caller's */
    size_t scratch;                  /* floats that its largest pair needs */
};

/* Finds all pairs of a file.
 *   layer  (m->layers)  the caller's, stays with *ret
 * ERR_NOT_FOUND: a file without tensors. ERR_UNSUPPORTED: no adapter of this kind, one that begins
 * at a text (adapter.alora.*), a tensor that is no half of a pair above, or a type without a
 * product. ERR_INVALID: as ref_lora_find(). `why` names the tensor. */
MUST_CHECK enum err_code ref_adapter_open(const struct ref_gguf_file *file,
                                          const struct ref_model *m, float user_scale,
                                          struct ref_adapter_layer *layer, struct ref_adapter *ret,
                                          struct err *why);

/* Adapters of low rank: a product W x becomes W x + scale * B (A x). (Hu and others: LoRA, 2021.)
 *
 *     file      a GGUF with general.type `adapter`, adapter.type `lora`, adapter.lora.alpha
 *     tensors   NAME.lora_a  ne = {in, rank}     rank rows of `in` weights
 *               NAME.lora_b  ne = {rank, out}    out rows of `rank` weights
 *     scale     user_scale * alpha / rank; user_scale alone where alpha is 0
 *
 * The pair of token_embd.weight lies the other way round, so that a token is looked up: lora_a has
 * ne = {rank, vocab}, lora_b ne = {rank, dim}. Source: src/llama-adapter.cpp and build_lora_mm() in
 * src/llama-graph.cpp of llama.cpp. */
#pragma once

#include "reference/model/model.h"
#include "reference/quant/kernels.h"

struct ref_lora {
    struct ref_matrix a, b; /* borrowed, as the file is */
    float scale;
};

enum ref_lora_kind {
    REF_LORA_PRODUCT,
    REF_LORA_EMBEDDING, /* of token_embd.weight */
};

float ref_lora_scale(float alpha, size_t rank, float user_scale);

/* The pair that belongs to the base model's matrix w, which is called `name`
 * ("blk.0.attn_q.weight"). ERR_NOT_FOUND: the file is an adapter that leaves this matrix alone.
 * ERR_UNSUPPORTED: no adapter of this kind, a big-endian one, or a type without a product.
 * ERR_INVALID: half a pair, a shape that does not fit w, an alpha or a user_scale that is not
 * finite. */
MUST_CHECK enum err_code ref_lora_find(const struct ref_gguf_file *file, const char *name,
                                       enum ref_lora_kind kind, const struct ref_matrix *w,
                                       float user_scale, struct ref_lora *ret, struct err *why);

/* Floats that the functions below need. The sizes were checked by ref_lora_find(). */
size_t ref_lora_scratch(const struct ref_lora *l);

/* y += scale * B (A x), for n rows; the products bring the activations to the partners of the types
 * of A and B, as all of the forward pass does. Several adapters are applied one after another. A
 * row of x without codes in such a type makes its row of y NaN.
 *
 *   x        (n, in)
 *   scratch  (ref_lora_scratch)
 *   y        (n, out)  holds W x before */
void ref_lora_apply(const struct ref_lora *l, const struct ref_quant_kernels *k, const float *x,
                    size_t n, float *scratch, float *y);

/* y += scale * B a[id]: the same for looking up tokens. y (n, dim) holds the embeddings before.
 * ERR_RANGE: an id outside of the vocabulary; y is unchanged then. */
MUST_CHECK enum err_code ref_lora_embed(const struct ref_lora *l, const struct ref_quant_kernels *k,
                                        const int32_t *ids, size_t n, float *scratch, float *y,
                                        struct err *why);

/* Bytes of ref_lora_merge()'s scratch, 0 where that overflows. */
size_t ref_lora_merge_scratch(const struct ref_lora *l);

/* W + scale * B A in W's own type: each weight is w + scale * sum over k of b[k] * a[k], in float,
 * k ascending, and then the row is quantised. Where a step of the type is larger than twice the
 * change, the change is lost; that is why servers apply adapters instead. REF_LORA_PRODUCT only.
 *   scratch   (ref_lora_merge_scratch)  at an address divisible by 4
 *   ret_rows  (w->out * w->row_bytes)   may be w's own rows
 * ERR_INVALID: w is not the matrix of the pair. ERR_UNSUPPORTED, ERR_RANGE: ref_quant_quantize();
 * the rows before are merged then. */
MUST_CHECK enum err_code ref_lora_merge(const struct ref_lora *l, const struct ref_matrix *w,
                                        void *scratch, uint8_t *ret_rows, struct err *why);

/* A forward pass: tokens of one or several sequences in, logits out, keys and values kept.
 *
 *     a prompt of 3 tokens   n = 3, where = {{0, 1}, {1, 1}, {2, 1}}, wanted = {0, 0, 1}
 *     each token after it    n = 1, where = {{3, 1}}, wanted = {1}
 *
 * Every matrix product brings the activations to the partner of the weights' type first, as
 * llama.cpp does (quant/dot.h); norms, rotation and attention are float. With the scalar kernels
 * the result is the same on every machine. */
#pragma once

#include "reference/attention/kv_cells.h"
#include "reference/model/model.h"
#include "reference/quant/kernels.h"

/* Keys (already rotated) and values of all layers: for each layer n_cells rows of kv_width. */
struct ref_cache {
    struct ref_kv_cells cells;
    uint32_t type_k, type_v; /* F32, F16, BF16, Q8_0 and what else ref_quant_quantize() takes */
    size_t row_k, row_v;     /* bytes */
    uint8_t *k, *v;
};

/* Bytes of the keys (and of the values, with type_v). ERR_INVALID: heads that do not fill blocks of
 * the type. ERR_TOO_LARGE. */
MUST_CHECK enum err_code ref_cache_bytes(const struct ref_model *m, uint32_t type, uint32_t n_cells,
                                         size_t *ret, struct err *why);

/* All memory is the caller's: cells (n_cells), k and v of ref_cache_bytes(), which are cleared. */
MUST_CHECK enum err_code ref_cache_init(struct ref_cache *c, const struct ref_model *m,
                                        uint32_t type_k, uint32_t type_v, struct ref_kv_cell *cells,
                                        uint32_t n_cells, void *k, void *v, struct err *why);

struct ref_batch {
    size_t n;
    const int32_t *ids;               /* (n) */
    const struct ref_kv_token *where; /* (n) position and sequences */
    const uint8_t *wanted; /* (n) 1: logits of this token, please; NULL: of the last one */
};

/* Bytes that a pass of at most n tokens needs, 0 where that overflows. */
size_t ref_forward_scratch(const struct ref_model *m, const struct ref_cache *c, size_t n);

/* ERR_RANGE: an id outside of the vocabulary, a position outside of the context, a sequence that is
 * not below REF_KV_SEQUENCES. ERR_LIMIT: the cache is full. ERR_TOO_LARGE: the scratch is too
 * small. The cache is unchanged then. A token whose activations have no codes in the type that a
 * product asks for (NaN, infinite, or beyond what the scale of Q8_0 holds) has NaN for logits.
 *
 *   scratch     (ref_forward_scratch)        at an address divisible by 64
 *   ret_logits  (wanted tokens, vocab)
 *   ret_hidden  NULL, or (wanted tokens, dim): what the output matrix is applied to
 */
MUST_CHECK enum err_code ref_forward(const struct ref_model *m, const struct ref_quant_kernels *k,
                                     struct ref_cache *c, const struct ref_batch *batch,
                                     void *scratch, size_t scratch_bytes, float *ret_logits,
                                     float *ret_hidden, struct err *why);

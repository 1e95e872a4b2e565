/* From the rows of tokens to one vector a text, and what is done to it afterwards.
 *
 *     pooling  llama.h   the vector of a sequence is
 *     NONE     0         nothing: every token keeps its row
 *     MEAN     1         the sum of its rows by their number
 *     CLS      2         the row at its smallest position; of equal ones the first in the batch
 *     LAST     3         the row at its largest position; of equal ones the last in the batch
 *     RANK     4         the row of CLS, through a classifier: a score for a pair of texts
 *
 * A reranker that was made of a decoder (Qwen3) takes the row of LAST: pool with that.
 *
 * Tokens of sequences come interleaved and in any order of positions. Sources: enum
 * llama_pooling_type in include/llama.h, build_pooling() and the inputs of pooling in
 * src/llama-graph.cpp, common_embd_normalize() in common/common.cpp of llama.cpp. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

enum ref_pooling {
    REF_POOLING_NONE,
    REF_POOLING_MEAN,
    REF_POOLING_CLS,
    REF_POOLING_LAST,
    REF_POOLING_RANK,
};

struct ref_embed_batch {
    size_t n, dim;
    const float *rows;       /* (n, dim) */
    const int32_t *sequence; /* (n) 0 to n_sequences - 1 */
    const int32_t *position; /* (n) */
    size_t n_sequences;
};

/* Bytes of ref_pool()'s scratch, 0 where that overflows. */
size_t ref_pool_scratch(enum ref_pooling kind, size_t dim, size_t n_sequences);

/* Pools; sums are in double, and RANK gives the row that the classifier takes.
 *   scratch    (ref_pool_scratch)  at an address divisible by 8
 *   ret        (n_sequences, dim)  zeros for a sequence without a token; (n, dim) with NONE
 *   ret_empty  the number of sequences without a token
 * ERR_RANGE: `why` names a token whose sequence does not exist; nothing is written then. */
MUST_CHECK enum err_code ref_pool(enum ref_pooling kind, const struct ref_embed_batch *b,
                                  void *scratch, float *ret, size_t *ret_empty, struct err *why);

/* The head of RANK: score = out (tanh (dense x + dense_bias)) + out_bias, and without `dense` it is
 * out x + out_bias. Tensors cls.weight, cls.bias, cls.output.weight, cls.output.bias. */
struct ref_rank_head {
    size_t dim, labels;      /* labels is 1 for most rerankers */
    const float *dense;      /* (dim, dim) or NULL */
    const float *dense_bias; /* (dim) or NULL */
    const float *out;        /* (labels, dim) */
    const float *out_bias;   /* (labels) or NULL */
};

/* x (dim), scratch (dim), ret (labels). Sums in double. */
void ref_rank(const struct ref_rank_head *h, const float *x, float *scratch, float *ret);

/* ret = x * (float)(1/s), and zeros where s is 0 or NaN:
 *
 *     code      -1   0               1            2               p > 2
 *     s          1   max|x|/32760    sum |x|      sqrt(sum x^2)   (sum |x|^p)^(1/p)
 *
 * Products and sums are in double; llama.cpp squares in float, which overflows above 1.8e19. A code
 * below -1 counts as -1. ret may be x. */
void ref_embed_normalize(const float *x, size_t n, int32_t code, float *ret);

/* Matryoshka: the first m values of each row of dim, brought to length 1. (Kusupati and others,
 * 2022.) ret (rows, m) may be x. ERR_INVALID: m is 0 or above dim. */
MUST_CHECK enum err_code ref_embed_truncate(const float *x, size_t rows, size_t dim, size_t m,
                                            float *ret, struct err *why);

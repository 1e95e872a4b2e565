/* Speculative decoding: a small model drafts k tokens, the target looks at all of them in one pass
 * and keeps a beginning of them; the text that comes out is the target's own.
 *
 *     rule       token x of the draft is kept with                 else the token is drawn from
 *     rejection  probability min(1, p(x) / q(x))                   max(0, p - q), normalised
 *     greedy     certainty, if it is the first maximum of p        (the first maximum of p)
 *
 * p is the target's row, q the draft's. After k kept tokens one more is drawn from the target's
 * next row, so a round gives 1 to k + 1 tokens. Rejection keeps the target's distribution for any
 * q: Leviathan, Kalman, Matias: Fast Inference from Transformers via Speculative Decoding, 2023,
 * appendix A. llama.cpp's common_sampler_sample_and_accept_n() draws from p and goes on while that
 * is the draft's token: the same distribution, but fewer kept. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

/* One round by rejection, in double. The token after the kept ones is the least j with
 * w[0] + .. + w[j] > u[k] * sum of w, w being max(0, p - q) or the target's row k; where rounding
 * leaves none it is the last j with w[j] > 0, and where p = q so that all w are 0, w is p.
 *   p        (k + 1, vocab)  probabilities; rows need not sum to 1 exactly
 *   q        (k, vocab)      what draft[i] was drawn from
 *   u        (k + 1)         uniform in [0, 1), independent of everything else
 *   ret      (k + 1)         the kept tokens and the one after them; *ret_n of them
 * ERR_RANGE: a draft outside of the vocabulary, a row without a weight above 0. */
MUST_CHECK enum err_code ref_speculate_verify(const float *p, const float *q, const int32_t *draft,
                                              size_t k, size_t vocab, const float *u, int32_t *ret,
                                              size_t *ret_n, struct err *why);

/* Two models with a cache each. A call appends n tokens at `pos`, which is the length of the cache,
 * and writes the rows of the last `rows` of them: (rows, vocab), probabilities, or whatever has the
 * same first maximum where decoding is greedy. */
typedef enum err_code ref_speculate_fn(void *ctx, const int32_t *ids, size_t n, size_t pos,
                                       size_t rows, float *ret_rows, struct err *why);
struct ref_speculate {
    void *ctx;
    ref_speculate_fn *target, *draft;
    void (*keep_target)(void *ctx, size_t n); /* cuts the cache to its first n tokens */
    void (*keep_draft)(void *ctx, size_t n);
    float (*uniform)(void *ctx); /* in [0, 1); not called where greedy */
    size_t vocab;                /* of both */
    size_t k;                    /* tokens drafted in a round; 0: the target alone */
    int32_t eos;                 /* ends the text; negative: nothing does */
    bool greedy;
};

struct ref_speculate_stats {
    size_t target_calls, target_tokens; /* the prompt's included */
    size_t drafted, kept;               /* kept also counts what an eos then cuts off */
};

/* Floats of ref_speculate_generate()'s scratch, 0 where that overflows. */
size_t ref_speculate_scratch(size_t k, size_t vocab);

/* Goes on from a prompt until n_predict tokens or an eos. Both caches are empty before. Uniform
 * numbers are taken in this order: one for each drafted token, one for each that is tested, one for
 * the last. A round drafts no more than can still be written.
 *   ids      (n_prompt + n_predict)  the prompt, n_prompt >= 1; the text is written behind it
 *   ret_n    tokens written
 * ERR_INVALID: no prompt. ERR_RANGE: as above. Errors of the models are passed on; `ids` behind the
 * prompt is undefined then. */
MUST_CHECK enum err_code ref_speculate_generate(const struct ref_speculate *m, int32_t *ids,
                                                size_t n_prompt, size_t n_predict, float *scratch,
                                                size_t *ret_n,
                                                struct ref_speculate_stats *ret_stats,
                                                struct err *why);

/* Drafts without a model (prompt lookup): for g from g_max down to g_min the latest earlier place
 * where the last g tokens stand too; what follows there is the draft, up to k tokens, which may
 * overlap the end but not pass it. Returns their number, 0 without a match. g_min >= 1. Takes at
 * most n * g_max comparisons for each g.
 *   ret (k) */
size_t ref_speculate_lookup(const int32_t *ids, size_t n, size_t g_max, size_t g_min, size_t k,
                            int32_t *ret);

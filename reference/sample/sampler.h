/* Samplers: each narrows or bends the candidates, and the last one selects. All of them in float as
 * llama.cpp has it, except where a double is named.
 *
 * Source: src/llama-sampler.cpp of llama.cpp (src/llama-sampling.cpp before 2026). They differ in
 * this: equal logits are ordered by id; a probability of 0 adds nothing to an entropy (llama.cpp
 * gets NaN); candidates that are all -infinity, or NaN, still give a token. Nothing is done to an
 * empty set, and no sampler empties one. Everything is in place; what needs scratch says so. */
#pragma once

#include "reference/sample/candidates.h"
#include "reference/sample/random.h"

/* ---- bending logits ---- */

struct ref_logit_bias {
    int32_t id;
    float bias;
};
/* Adds each bias to the candidate with its id. Takes n * size where ids are not indices. */
void ref_sample_logit_bias(struct ref_candidates *c, const struct ref_logit_bias *bias, size_t n);

/* For candidates that are among last[0..n): a logit <= 0 is multiplied, a greater one divided by
 * repeat; then count * freq + present is taken away. Nothing happens if n is 0 or repeat is 1 and
 * the others 0. scratch (2 n) numbers. */
void ref_sample_penalties(struct ref_candidates *c, const int32_t *last, size_t n, float repeat,
                          float freq, float present, int32_t *scratch);

/* DRY: a token that would extend a repetition of the end of the text by one is penalised by
 * multiplier * base^(length - allowed_length), length being the repeated tokens before it.
 * A breaker is a sequence of tokens that no repetition crosses; one that is a single token is never
 * penalised itself. (Weidmann, "DRY", text-generation-webui #5677; the search is a Z-algorithm.) */
struct ref_dry_breaker {
    const int32_t *token;
    size_t n; /* 1 at least */
};
struct ref_dry {
    float multiplier; /* 0: off */
    float base;       /* below 1: off */
    int32_t allowed_length;
    const struct ref_dry_breaker *breaker;
    size_t n_breakers;
};
/* last[0..n) are the tokens that count, the oldest first. scratch (REF_DRY_SCRATCH(n)) numbers. */
#define REF_DRY_SCRATCH(n) (3 * (n))
void ref_sample_dry(struct ref_candidates *c, const int32_t *last, size_t n,
                    const struct ref_dry *dry, int32_t *scratch);

/* Divides logits by t. t <= 0: the first greatest keeps its logit, the others get -infinity. */
void ref_sample_temp(struct ref_candidates *c, float t);
/* t between t - delta (at least 0) and t + delta, by (entropy / greatest entropy)^exponent; sorts.
 * delta <= 0: plain temperature. */
void ref_sample_temp_dynamic(struct ref_candidates *c, float t, float delta, float exponent);

/* What may not come gets -infinity; allow[id], ids below n. For the mask of a grammar. */
void ref_sample_mask(struct ref_candidates *c, const uint8_t *allow, size_t n);

/* ---- narrowing ---- */

/* The k first; k <= 0: all. Sorts. */
void ref_sample_top_k(struct ref_candidates *c, int32_t k);
/* The fewest whose probabilities reach p, the one that reaches it included, and at least min_keep.
 * p >= 1: all. Sorts. */
void ref_sample_top_p(struct ref_candidates *c, float p, size_t min_keep);
/* Those with a logit of at least the greatest + ln p; if fewer than min_keep, the min_keep first.
 * p <= 0: all. */
void ref_sample_min_p(struct ref_candidates *c, float p, size_t min_keep);
/* Those whose -ln p is nearest to the entropy until their sum is over p, at least min_keep. p >= 1:
 * all. Leaves them in the order of that distance. (Meister et al., arXiv 2202.00666) */
void ref_sample_typical(struct ref_candidates *c, float p, size_t min_keep);
/* Logits below the greatest - n * standard deviation become -infinity; sorts. n <= 0: nothing.
 * (Tang et al., arXiv 2411.07641) */
void ref_sample_top_n_sigma(struct ref_candidates *c, float n);
/* With this probability all candidates of at least threshold but the last of them go, unless fewer
 * than min_keep would stay. Nothing, and no draw, if probability <= 0, threshold > 0.5 or
 * one candidate is left; else one float is drawn. Sorts when it acts; moves c->data on. */
void ref_sample_xtc(struct ref_candidates *c, float probability, float threshold, size_t min_keep,
                    struct ref_random *r);

/* ---- selecting: c->selected; all set p ---- */

/* The first of the greatest logits. */
void ref_sample_greedy(struct ref_candidates *c);
/* The first of a probability over 0 whose running sum of exp(logit - greatest), in double, is at
 * least u * the whole sum, for one u in [0, 1). */
void ref_sample_dist(struct ref_candidates *c, struct ref_random *r);

/* Mirostat (Basu et al., arXiv 2007.14966): keeps the surprise of tokens near tau, in bits. mu is
 * the caller's state, 2 * tau at first; afterwards mu -= eta * (surprise - tau).
 * 1: the exponent s of Zipf's law is estimated from the m first, k from s and mu; top-k; drawn.
 * 2: the first of more than mu bits and all behind it go (one stays); drawn. */
void ref_sample_mirostat(struct ref_candidates *c, struct ref_random *r, float tau, float eta,
                         int32_t m, int32_t n_vocab, float *mu);
void ref_sample_mirostat2(struct ref_candidates *c, struct ref_random *r, float tau, float eta,
                          float *mu);

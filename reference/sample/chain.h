/* A chain of samplers, with the history and the random numbers that they need.
 *
 *     struct ref_chain_params p = ref_chain_defaults();
 *     ... p.temp = 0.7f; ...
 *     rc = ref_chain_init(&chain, &p, seed, history, n_history, why);
 *     for each token of the prompt:  ref_chain_accept(&chain, id);
 *     for each new token:            id = ref_chain_sample(&chain, logits, n_vocab, candidates,
 * scratch);
 *
 * Order and defaults are those of common/sampling.cpp and common/common.h in llama.cpp: logit bias,
 * then penalties, DRY, top-n-sigma, top-k, typical, top-p, min-p, XTC, temperature, then a draw.
 * With mirostat: logit bias, temperature, mirostat, and nothing else. A copy of the struct is a
 * clone once it has a history of its own. */
#pragma once

#include "base/err.h"
#include "reference/sample/sampler.h"

enum ref_chain_step {
    REF_CHAIN_PENALTIES,
    REF_CHAIN_DRY,
    REF_CHAIN_TOP_N_SIGMA,
    REF_CHAIN_TOP_K,
    REF_CHAIN_TYPICAL,
    REF_CHAIN_TOP_P,
    REF_CHAIN_MIN_P,
    REF_CHAIN_XTC,
    REF_CHAIN_TEMPERATURE,
    REF_CHAIN_STEPS,
};

struct ref_chain_params {
    enum ref_random_kind random;
    enum ref_chain_step step[REF_CHAIN_STEPS];
    int32_t n_steps;
    size_t min_keep;
    int32_t top_k;
    float top_p, min_p, typical, top_n_sigma;
    float xtc_probability, xtc_threshold;
    float temp, temp_delta, temp_exponent;
    int32_t penalty_last_n; /* tokens; 0: off, -1: all of the history */
    float repeat, freq, present;
    struct ref_dry dry;
    int32_t dry_last_n;                /* likewise */
    const struct ref_logit_bias *bias; /* borrowed, as are the breakers of dry */
    size_t n_bias;
    int32_t mirostat; /* 0, 1 or 2 */
    float tau, eta;
};

struct ref_chain_params ref_chain_defaults(void);

/* The tokens that the history must hold at least, context being what -1 stands for. */
size_t ref_chain_history(const struct ref_chain_params *p, size_t context);

struct ref_chain {
    struct ref_chain_params p;
    uint64_t seed;
    struct ref_random draw, xtc; /* both begin with the seed */
    float mu;
    int32_t *history; /* (2 n_history) the caller's: the newest n_history at least */
    size_t n_history, n_last;
};

/* history (2 n_history) is the caller's; n_history is what -1 stands for. ERR_RANGE: a parameter
 * that is NaN or no such step. ERR_TOO_LARGE: the history is too small. */
MUST_CHECK enum err_code ref_chain_init(struct ref_chain *ret, const struct ref_chain_params *p,
                                        uint64_t seed, int32_t *history, size_t n_history,
                                        struct err *why);

/* As after init: the history is empty, the random numbers begin again. */
void ref_chain_reset(struct ref_chain *c);
void ref_chain_accept(struct ref_chain *c, int32_t id);

/* The numbers of scratch that sampling takes. */
size_t ref_chain_scratch(const struct ref_chain *c);
/* Runs the steps and selects, but accepts nothing. */
void ref_chain_apply(struct ref_chain *c, struct ref_candidates *cand, int32_t *scratch);
/* Makes candidates of logits[0..n), n >= 1, applies, accepts; returns the token. data (n). */
int32_t ref_chain_sample(struct ref_chain *c, const float *logits, size_t n,
                         struct ref_candidate *data, int32_t *scratch);

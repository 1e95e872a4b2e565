#include "reference/sample/chain.h"

#include <math.h>
#include <string.h>

enum { MIROSTAT_TOKENS = 100 }; /* that the exponent of Zipf's law is estimated from */

struct ref_chain_params ref_chain_defaults(void)
{
    return (struct ref_chain_params){
        .step = {REF_CHAIN_PENALTIES, REF_CHAIN_DRY, REF_CHAIN_TOP_N_SIGMA, REF_CHAIN_TOP_K,
                 REF_CHAIN_TYPICAL, REF_CHAIN_TOP_P, REF_CHAIN_MIN_P, REF_CHAIN_XTC,
                 REF_CHAIN_TEMPERATURE},
        .n_steps = REF_CHAIN_STEPS,
        .top_k = 40,
        .top_p = 0.95f,
        .min_p = 0.05f,
        .typical = 1.0f,
        .top_n_sigma = -1.0f,
        .xtc_threshold = 0.1f,
        .temp = 0.8f,
        .temp_exponent = 1.0f,
        .penalty_last_n = 64,
        .repeat = 1.0f,
        .dry = {.base = 1.75f, .allowed_length = 2},
        .dry_last_n = -1,
        .tau = 5.0f,
        .eta = 0.1f,
    };
}

static size_t window(int32_t last_n, size_t context)
{
    return last_n < 0 ? context : (size_t)last_n;
}

static bool has_dry(const struct ref_chain_params *p)
{
    return p->dry.multiplier != 0.0f && p->dry.base >= 1.0f && p->dry_last_n != 0;
}

size_t ref_chain_history(const struct ref_chain_params *p, size_t context)
{
    const size_t penalties = window(p->penalty_last_n, context);
    const size_t dry = has_dry(p) ? window(p->dry_last_n, context) : 0;
    return penalties > dry ? penalties : dry;
}

static enum err_code check(const struct ref_chain_params *p, struct err *why)
{
    const float numbers[] = {p->top_p,           p->min_p,         p->typical, p->top_n_sigma,
                             p->xtc_probability, p->xtc_threshold, p->temp,    p->temp_delta,
                             p->temp_exponent,   p->repeat,        p->freq,    p->present,
                             p->dry.multiplier,  p->dry.base,      p->tau,     p->eta};
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++)
        if (isnan(numbers[i]))
            return err_set(why, ERR_RANGE, "parameter %zu of the sampler chain is no number", i);
    if (p->n_steps < 0 || p->n_steps > REF_CHAIN_STEPS)
        return err_set(why, ERR_RANGE, "%d steps", p->n_steps);
    for (int32_t i = 0; i < p->n_steps; i++)
        if ((unsigned)p->step[i] >= REF_CHAIN_STEPS)
            return err_set(why, ERR_RANGE, "step %d is %d", i, (int)p->step[i]);
    for (size_t i = 0; i < p->dry.n_breakers; i++)
        if (p->dry.breaker[i].n == 0)
            return err_set(why, ERR_RANGE, "DRY breaker %zu is empty", i);
    if (p->mirostat < 0 || p->mirostat > 2)
        return err_set(why, ERR_RANGE, "mirostat %d", p->mirostat);
    return OK;
}

enum err_code ref_chain_init(struct ref_chain *ret, const struct ref_chain_params *p, uint64_t seed,
                             int32_t *history, size_t n_history, struct err *why)
{
    const enum err_code rc = check(p, why);
    if (rc != OK)
        return rc;
    if (n_history < ref_chain_history(p, n_history))
        return err_set(why, ERR_TOO_LARGE, "a history of %zu tokens, %zu are looked at", n_history,
                       ref_chain_history(p, n_history));
    *ret = (struct ref_chain){.p = *p, .seed = seed, .history = history, .n_history = n_history};
    ref_chain_reset(ret);
    return OK;
}

void ref_chain_reset(struct ref_chain *c)
{
    ref_random_init(&c->draw, c->p.random, c->seed);
    ref_random_init(&c->xtc, c->p.random, c->seed);
    c->mu = 2.0f * c->p.tau;
    c->n_last = 0;
}

/* Twice the room, so that moving the newer half to the front is rare. */
void ref_chain_accept(struct ref_chain *c, int32_t id)
{
    if (c->n_history == 0)
        return;
    if (c->n_last == 2 * c->n_history) {
        memmove(c->history, c->history + c->n_history, c->n_history * sizeof c->history[0]);
        c->n_last = c->n_history;
    }
    c->history[c->n_last++] = id;
}

size_t ref_chain_scratch(const struct ref_chain *c)
{
    return REF_DRY_SCRATCH(c->n_history);
}

/* The newest tokens: n of them, or as many as there are. */
static const int32_t *newest(const struct ref_chain *c, int32_t last_n, size_t *ret_n)
{
    const size_t want = window(last_n, c->n_history);
    *ret_n = want < c->n_last ? want : c->n_last;
    return c->n_last == 0 ? NULL : c->history + c->n_last - *ret_n;
}

static void run(struct ref_chain *c, enum ref_chain_step step, struct ref_candidates *cand,
                int32_t *scratch)
{
    const struct ref_chain_params *p = &c->p;
    size_t n;
    const int32_t *last;
    switch (step) {
    case REF_CHAIN_PENALTIES:
        last = newest(c, p->penalty_last_n, &n);
        ref_sample_penalties(cand, last, n, p->repeat, p->freq, p->present, scratch);
        break;
    case REF_CHAIN_DRY:
        last = newest(c, p->dry_last_n, &n);
        ref_sample_dry(cand, last, n, &p->dry, scratch);
        break;
    case REF_CHAIN_TOP_N_SIGMA:
        ref_sample_top_n_sigma(cand, p->top_n_sigma);
        break;
    case REF_CHAIN_TOP_K:
        ref_sample_top_k(cand, p->top_k);
        break;
    case REF_CHAIN_TYPICAL:
        ref_sample_typical(cand, p->typical, p->min_keep);
        break;
    case REF_CHAIN_TOP_P:
        ref_sample_top_p(cand, p->top_p, p->min_keep);
        break;
    case REF_CHAIN_MIN_P:
        ref_sample_min_p(cand, p->min_p, p->min_keep);
        break;
    case REF_CHAIN_XTC:
        ref_sample_xtc(cand, p->xtc_probability, p->xtc_threshold, p->min_keep, &c->xtc);
        break;
    case REF_CHAIN_TEMPERATURE:
        ref_sample_temp_dynamic(cand, p->temp, p->temp_delta, p->temp_exponent);
        break;
    case REF_CHAIN_STEPS:
        break;
    }
}

void ref_chain_apply(struct ref_chain *c, struct ref_candidates *cand, int32_t *scratch)
{
    const struct ref_chain_params *p = &c->p;
    ref_sample_logit_bias(cand, p->bias, p->n_bias);
    if (p->mirostat != 0)
        ref_sample_temp(cand, p->temp);
    if (p->mirostat == 1)
        ref_sample_mirostat(cand, &c->draw, p->tau, p->eta, MIROSTAT_TOKENS, (int32_t)cand->size,
                            &c->mu);
    if (p->mirostat == 2)
        ref_sample_mirostat2(cand, &c->draw, p->tau, p->eta, &c->mu);
    if (p->mirostat != 0)
        return;
    for (int32_t i = 0; i < p->n_steps; i++)
        run(c, p->step[i], cand, scratch);
    ref_sample_dist(cand, &c->draw);
}

int32_t ref_chain_sample(struct ref_chain *c, const float *logits, size_t n,
                         struct ref_candidate *data, int32_t *scratch)
{
    struct ref_candidates cand = ref_candidates_from(logits, n, data);
    ref_chain_apply(c, &cand, scratch);
    const int32_t id = cand.data[cand.selected].id;
    ref_chain_accept(c, id);
    return id;
}

#include "grader/grade/timed.h"

#include <math.h>
#include <time.h>

#include "grader/grade/stats.h"

static int64_t now_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

struct race {
    struct check *k;
    const struct lab_timed *code;
    struct runner_slot *learner, *par;
    double learner_s[TIMED_PAIRS_MAX], par_s[TIMED_PAIRS_MAX], ratio[TIMED_PAIRS_MAX];
    size_t pairs;
};

/* One call with fresh inputs on one side. False: wrong, crashed, or our fault (k->rc). */
static bool time_once(struct race *r, struct runner_slot *side, double *ret_seconds)
{
    struct check *k = r->k;
    k->slot = side;
    check_case(k, "%s", r->code->name);
    struct call *c = r->code->prepare(k);
    bool right = call_run(c);
    if (right) {
        r->code->verify(k, c);
        right = !check_failed(k);
    }
    *ret_seconds = (double)c->times.wall_ns * 1e-9;
    k->slot = r->learner;
    return right && k->rc == OK;
}

/* A pair is one call on each side; which goes first alternates, so that drift cancels. */
static bool time_pair(struct race *r, size_t i, double *ret_learner, double *ret_par)
{
    if (i % 2 == 0)
        return time_once(r, r->learner, ret_learner) && time_once(r, r->par, ret_par);
    return time_once(r, r->par, ret_par) && time_once(r, r->learner, ret_learner);
}

static bool run_pairs(struct race *r, int64_t budget_ms)
{
    double ignored_a, ignored_b;
    for (size_t i = 0; i < TIMED_WARM_UP; i++)
        if (!time_pair(r, i, &ignored_a, &ignored_b))
            return false;
    const int64_t end = now_ms() + budget_ms;
    while (r->pairs < TIMED_PAIRS_MAX && (r->pairs < TIMED_PAIRS_MIN || now_ms() < end)) {
        const size_t i = r->pairs;
        if (!time_pair(r, i, &r->learner_s[i], &r->par_s[i]))
            return false;
        r->ratio[i] = r->par_s[i] / r->learner_s[i];
        r->pairs++;
    }
    return true;
}

/* A border inside the interval is the learner's: the measurement cannot tell. But a busy machine
 * makes intervals that hold any border, so doubt is worth a tenth at most. */
static void award(const struct lab_timed_rule *rule, struct report_performance *p)
{
    const double best = fmin(p->interval[1], p->ratio * 1.1);
    for (size_t i = 0; i < rule->n_tiers; i++)
        if (best >= rule->tiers[i].ratio) {
            p->tier = rule->tiers[i].name;
            p->earned = rule->tiers[i].points;
        }
}

enum err_code timed_run(struct check *k, struct runner_slot *par, const struct lab_timed_rule *rule,
                        const struct lab_timed *code, int64_t budget_ms,
                        struct report_performance *ret, struct err *why)
{
    struct race r = {.k = k, .code = code, .learner = k->slot, .par = par};
    struct report_performance p = {.name = rule->name,
                                   .unit = rule->unit,
                                   .points = rule->points,
                                   .bytes = code->bytes,
                                   .flops = code->flops};
    const bool right = run_pairs(&r, budget_ms);
    check_end_case(k);
    if (k->rc != OK)
        return err_set(why, k->rc, "timed case '%s': %s", rule->name, k->why.text);
    if (!right && par->incidents > 0)
        return err_set(why, ERR_INTERNAL, "timed case '%s': par itself failed", rule->name);
    if (right) {
        lab_rng rng = {.s = 0x9e3779b97f4a7c15u};
        stats_interval(r.ratio, r.pairs, &rng, &p.interval[0], &p.interval[1]);
        p.ratio = stats_median(r.ratio, r.pairs);
        p.value = code->work / stats_median(r.learner_s, r.pairs);
        p.par = code->work / stats_median(r.par_s, r.pairs);
        p.pairs = (int)r.pairs;
        award(rule, &p);
    }
    *ret = p;
    return OK;
}

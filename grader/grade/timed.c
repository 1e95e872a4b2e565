#include "grader/grade/timed.h"

#include <math.h>
#include <string.h>
#include <time.h>

static int64_t now_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

struct race {
    struct check *k;
    const struct timed *timed;
    struct runner_slot *learner, *par;
    lab_rng coin; /* who begins a pair; and the bootstrap's draws */
    struct pairs pairs;
    int64_t called_ns; /* in all calls so far */
};

/* A case that one input is drawn for, and what was found right of it. */
struct drawn {
    struct call *call;
    lab_rng rng; /* that it was drawn from */
    bool alive;  /* the runner that it was drawn beside, before that */
    bool judged;
    struct frame_reply reply;
    void *outputs[FRAME_ARGS]; /* the case's */
};

/* Draws an input, for this side. */
static void draw(struct race *r, struct runner_slot *side, const lab_rng *rng, struct drawn *ret)
{
    struct check *k = r->k;
    check_case(k, "%s", r->timed->rule->name);
    k->slot = side;
    if (rng != NULL)
        k->now.rng = *rng;
    *ret = (struct drawn){.rng = k->now.rng, .alive = runner_alive(&side->runner)};
    ret->call = r->timed->code->prepare(k);
}

/* Will the other side do with it? Not with objects or files of one runner, nor where `prepare` made
 * calls of its own or ended the runner: then it does so for each side. */
static bool serves_both(const struct race *r, const struct runner_slot *side, const struct drawn *d)
{
    const struct check *k = r->k;
    return d->call->needs == 0 && !k->now.called && k->now.n_files == 0 &&
           runner_alive(&side->runner) == d->alive;
}

/* What was right of one side is right of the other, to the bit: no need to ask the checker twice,
 * whose truth takes longer than most calls. */
static bool is_known_right(const struct call *c, const struct drawn *d)
{
    if (!d->judged || memcmp(c->reply.result, d->reply.result, sizeof d->reply.result) != 0)
        return false;
    for (size_t i = 0; i < c->n_args; i++)
        if (c->args[i].kind == FRAME_OUT &&
            memcmp(c->outputs[i], d->outputs[i], c->args[i].size) != 0)
            return false;
    return true;
}

static bool judge(struct race *r, struct drawn *d)
{
    struct check *k = r->k;
    if (is_known_right(d->call, d))
        return true;
    r->timed->code->verify(k, d->call);
    d->judged = !check_failed(k);
    d->reply = d->call->reply;
    memcpy(d->outputs, d->call->outputs, sizeof d->outputs);
    return d->judged;
}

/* One call on one side. False: wrong, crashed, or our fault (k->rc). */
static bool time_once(struct race *r, struct runner_slot *side, struct drawn *d,
                      double *ret_seconds)
{
    struct check *k = r->k;
    struct call *c = d->call;
    k->slot = side;
    const bool right = call_run(c) && judge(r, d);
    *ret_seconds = (double)c->times.wall_ns * 1e-9;
    r->called_ns += c->times.wall_ns;
    k->slot = r->learner;
    return right && k->rc == OK;
}

/* Learner or par, once each, on the same input: where the time depends on it, that is no difference
 * of theirs. Keeps the faster of this call and the one before. */
static bool time_both(struct race *r, bool par_first, double *learner_s, double *par_s)
{
    struct runner_slot *const sides[] = {par_first ? r->par : r->learner,
                                         par_first ? r->learner : r->par};
    double *const fastest[] = {par_first ? par_s : learner_s, par_first ? learner_s : par_s};
    struct drawn d;
    draw(r, sides[0], NULL, &d);
    const bool shared = serves_both(r, sides[0], &d);
    const lab_rng input = d.rng;
    for (size_t i = 0; i < 2; i++) {
        double seconds;
        if (i == 1 && !shared)
            draw(r, sides[1], &input, &d);
        if (!time_once(r, sides[i], &d, &seconds))
            return false;
        *fastest[i] = fmin(*fastest[i], seconds);
    }
    return true;
}

/* A pair: A B B A, so that a drift within it cancels; or B A A B, so that nobody knows when. Of
 * both calls of a side the faster one counts: whoever else ran on this core only ever made one
 * slower. */
static bool time_pair(struct race *r, double *ret_learner_s, double *ret_par_s)
{
    const bool par_first = lab_u32(&r->coin) >> 31 != 0;
    *ret_learner_s = *ret_par_s = INFINITY;
    return time_both(r, par_first, ret_learner_s, ret_par_s) &&
           time_both(r, !par_first, ret_learner_s, ret_par_s);
}

/* A processor takes some ten milliseconds of work to reach the frequency that it keeps, and the
 * caches and branch predictors of both sides are to be as warm as they get. Behind another race
 * only the latter are cold. */
static bool warm_up(struct race *r)
{
    const int64_t end = now_ms() + (r->timed->warm ? 0 : TIMED_WARM_UP_MS);
    double ignored_a, ignored_b;
    for (int i = 0; i < TIMED_WARM_UP_FEWEST || (i < TIMED_WARM_UP_PAIRS && now_ms() < end); i++)
        if (!time_pair(r, &ignored_a, &ignored_b))
            return false;
    return true;
}

/* Judging takes a third of a millisecond, so it is not done after every pair. */
static bool is_settled(struct race *r, struct pairs_result *ret)
{
    if (r->timed->to_the_end || r->pairs.n < PAIRS_MIN || r->pairs.n % 2 != 0)
        return false;
    pairs_judge(&r->pairs, &r->coin, ret);
    return pairs_settled(ret, r->timed->rule);
}

/* What the race has cost: our own work and the calls, not how long a crowded host lets us wait. */
static int64_t spent_ms(const struct race *r)
{
    struct timespec own;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &own);
    return (int64_t)own.tv_sec * 1000 + own.tv_nsec / 1000000 + r->called_ns / 1000000;
}

/* Where calls are so slow that the fewest pairs would take several budgets, even fewer must do. */
static bool wants_more(const struct race *r, int64_t spent, int64_t gone)
{
    const int64_t budget = r->timed->budget_ms;
    if (r->pairs.n == PAIRS_MAX)
        return false;
    return r->pairs.n < TIMED_FEWEST ||
           ((spent < budget || r->pairs.n < PAIRS_MIN) && gone < TIMED_OVERTIME * budget);
}

static void set_urgent(const struct race *r, bool urgent)
{
    r->learner->runner.urgent = urgent;
    r->par->runner.urgent = urgent;
}

static bool run_race(struct race *r, struct pairs_result *ret)
{
    if (!warm_up(r))
        return false;
    set_urgent(r, true);
    const int64_t start = now_ms(), before = spent_ms(r);
    bool settled = false;
    while (!settled && wants_more(r, spent_ms(r) - before, now_ms() - start)) {
        const size_t i = r->pairs.n;
        if (!time_pair(r, &r->pairs.learner_s[i], &r->pairs.par_s[i]))
            return false;
        r->pairs.n++;
        settled = is_settled(r, ret);
    }
    if (!settled)
        pairs_judge(&r->pairs, &r->coin, ret);
    return true;
}

static struct race race_of(struct check *k, struct runner_slot *par, const struct timed *timed)
{
    return (struct race){.k = k,
                         .timed = timed,
                         .learner = k->slot,
                         .par = par,
                         .coin = {.s = (k->seed + 1) * 0x9e3779b97f4a7c15u | 1}};
}

enum err_code timed_race(struct check *k, struct runner_slot *par, const struct timed *timed,
                         bool *ret_right, struct pairs_result *ret, struct err *why)
{
    struct race r = race_of(k, par, timed);
    struct pairs_result result;
    /* Each call has its own limit, and the budget bounds their number. */
    k->limit_cpu_ms = k->lab->limits.case_cpu_ms * 4 * (PAIRS_MAX + TIMED_WARM_UP_PAIRS);
    const bool right = run_race(&r, &result);
    set_urgent(&r, false);
    check_end_case(k);
    if (k->rc != OK)
        return err_set(why, k->rc, "timed case '%s': %s", timed->rule->name, k->why.text);
    if (!right && par->incidents > 0)
        return err_set(why, ERR_INTERNAL, "timed case '%s': par itself failed", timed->rule->name);
    *ret_right = right;
    if (right)
        *ret = result;
    return OK;
}

/* Calls of their own, after the race: counting costs time, and only the learner's are counted.
 * False: an output was wrong. */
static bool count_calls(struct check *k, struct runner_slot *par, const struct timed *timed,
                        struct report_performance *p)
{
    struct race r = race_of(k, par, timed);
    struct counters counters;
    struct report_counters each[TIMED_COUNTED];
    size_t n = 0;
    bool right = true;
    if (timed->counters == NULL || !runner_alive(&k->slot->runner) ||
        !counters_open(&counters, timed->counters, runner_pid(&k->slot->runner)))
        return true;
    for (size_t i = 0; right && i < TIMED_COUNTED; i++) {
        double ignored;
        struct drawn d;
        draw(&r, k->slot, NULL, &d);
        counters_start(&counters);
        right = time_once(&r, k->slot, &d, &ignored);
        if (right && counters_stop(&counters, &each[n]))
            n++;
    }
    check_end_case(k);
    counters_close(&counters);
    p->has_counters = n > 0;
    if (n > 0)
        p->counters = counters_median(each, n);
    return right;
}

static const char *note_of(struct check *k, const struct pairs_award *a)
{
    switch (a->doubt) {
    case PAIRS_SURE:
        return NULL;
    case PAIRS_BETTER:
        return arena_printf(k->report,
                            "The interval holds the border of %s at %g of par: in doubt the better "
                            "tier counts.",
                            a->border->name, a->border->ratio);
    case PAIRS_VAGUE:
        return arena_printf(
            k->report,
            "The interval reaches the border of %s at %g of par, but is too wide to "
            "count for it: doubt is worth a tenth over the median at most.",
            a->border->name, a->border->ratio);
    }
    return NULL;
}

static void tell(struct check *k, const struct timed *timed, const struct pairs_result *r,
                 struct report_performance *p)
{
    const struct pairs_award award = pairs_award(r, timed->rule);
    p->ratio = r->ratio;
    p->interval[0] = r->low;
    p->interval[1] = r->high;
    p->value = timed->code->work / r->learner_s;
    p->par = timed->code->work / r->par_s;
    p->pairs = (int)r->kept;
    p->discarded = (int)r->discarded;
    p->note = note_of(k, &award);
    if (award.tier != NULL) {
        p->tier = award.tier->name;
        p->earned = award.tier->points;
    }
    if (timed->roof != NULL)
        roofline_place(timed->roof, r->learner_s, p);
}

enum err_code timed_run(struct check *k, struct runner_slot *par, const struct timed *timed,
                        struct report_performance *ret, struct err *why)
{
    const struct report_performance untimed = {.name = timed->rule->name,
                                               .unit = timed->rule->unit,
                                               .points = timed->rule->points,
                                               .bytes = timed->code->bytes,
                                               .flops = timed->code->flops};
    struct report_performance p = untimed;
    struct pairs_result result;
    bool right = false;
    const enum err_code rc = timed_race(k, par, timed, &right, &result, why);
    if (rc != OK)
        return rc;
    if (right)
        tell(k, timed, &result, &p);
    if (right && !count_calls(k, par, timed, &p)) {
        right = false;
        p = untimed;
    }
    if (k->rc != OK)
        return err_set(why, k->rc, "counting '%s': %s", timed->rule->name, k->why.text);
    if (!right)
        p.note = "Not timed: the output of a timed call was wrong, or it did not return.";
    *ret = p;
    return OK;
}

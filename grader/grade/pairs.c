#include "grader/grade/pairs.h"

#include <assert.h>
#include <math.h>
#include <string.h>

#include "grader/grade/stats.h"

static_assert((int)PAIRS_MAX <= (int)STATS_MAX, "a race fits the statistics");

/* Fewer have no pace of their own to be off. */
enum { PACE_MIN = 6 };
static const double OFF_SHARE = 0.25, OFF_SPREADS = 5;

/* A side's own pace, and how far off it a time must be to be no time of that side's. */
struct pace {
    double seconds, limit;
};

static struct pace pace_of(const double *seconds, size_t n)
{
    double sorted[PAIRS_MAX];
    memcpy(sorted, seconds, n * sizeof sorted[0]);
    const double median = stats_median(sorted, n);
    return (struct pace){median,
                         fmax(OFF_SHARE * median, OFF_SPREADS * stats_spread(seconds, n, median))};
}

static void drop(struct pairs *p, size_t i)
{
    p->n--;
    p->learner_s[i] = p->learner_s[p->n];
    p->par_s[i] = p->par_s[p->n];
}

/* Returns how many of them par was too slow in. */
static size_t drop_where_par_is_off(struct pairs *p)
{
    const struct pace pace = pace_of(p->par_s, p->n);
    size_t slow = 0;
    for (size_t i = p->n; i-- > 0;) {
        if (fabs(p->par_s[i] - pace.seconds) <= pace.limit)
            continue;
        slow += p->par_s[i] > pace.seconds;
        drop(p, i);
    }
    return slow;
}

/* Whoever disturbs par disturbs the learner as often. Were only par's bad moments forgotten, equal
 * programs would look unequal; so up to as many of the learner's are, from the slowest on. */
static void drop_where_learner_is_slow(struct pairs *p, const struct pace *pace, size_t most)
{
    while (most-- > 0) {
        size_t slowest = 0;
        for (size_t i = 1; i < p->n; i++)
            if (p->learner_s[i] > p->learner_s[slowest])
                slowest = i;
        if (p->learner_s[slowest] - pace->seconds <= pace->limit)
            return;
        drop(p, slowest);
    }
}

static struct pairs kept_of(const struct pairs *p)
{
    struct pairs kept = *p;
    if (p->n < PACE_MIN)
        return kept;
    const struct pace learner = pace_of(p->learner_s, p->n);
    const size_t slow = drop_where_par_is_off(&kept);
    drop_where_learner_is_slow(&kept, &learner, slow);
    return kept;
}

void pairs_judge(const struct pairs *p, lab_rng *rng, struct pairs_result *ret)
{
    assert(p->n > 0 && p->n <= PAIRS_MAX);
    struct pairs kept = kept_of(p);
    double ratio[PAIRS_MAX];
    for (size_t i = 0; i < kept.n; i++)
        ratio[i] = kept.par_s[i] / kept.learner_s[i];
    struct pairs_result r = {.kept = kept.n, .discarded = p->n - kept.n};
    stats_interval(ratio, kept.n, rng, &r.low, &r.high);
    r.ratio = stats_median(ratio, kept.n);
    r.spread = stats_spread(ratio, kept.n, r.ratio) / r.ratio;
    r.learner_s = stats_median(kept.learner_s, kept.n);
    r.par_s = stats_median(kept.par_s, kept.n);
    *ret = r;
}

bool pairs_settled(const struct pairs_result *r, const struct lab_timed_rule *rule)
{
    double way = rule->n_tiers > 0 ? INFINITY : PAIRS_UNSCORED * r->ratio;
    for (size_t i = 0; i < rule->n_tiers; i++)
        way = fmin(way, fabs(r->ratio - rule->tiers[i].ratio));
    return r->kept >= PAIRS_MIN && r->high - r->low < way;
}

static bool is_within(const struct pairs_result *r, const struct lab_tier *t)
{
    return t->ratio > r->low && t->ratio <= r->high;
}

static const struct lab_tier *best_tier(const struct lab_timed_rule *rule, double ratio)
{
    const struct lab_tier *best = NULL;
    for (size_t i = 0; i < rule->n_tiers; i++)
        if (ratio >= rule->tiers[i].ratio && (best == NULL || rule->tiers[i].ratio > best->ratio))
            best = &rule->tiers[i];
    return best;
}

static const struct lab_tier *first_within(const struct pairs_result *r,
                                           const struct lab_timed_rule *rule)
{
    const struct lab_tier *first = NULL;
    for (size_t i = 0; i < rule->n_tiers; i++)
        if (is_within(r, &rule->tiers[i]) && (first == NULL || rule->tiers[i].ratio < first->ratio))
            first = &rule->tiers[i];
    return first;
}

struct pairs_award pairs_award(const struct pairs_result *r, const struct lab_timed_rule *rule)
{
    const struct lab_tier *tier = best_tier(rule, fmin(r->high, r->ratio * PAIRS_DOUBT));
    if (tier != NULL && is_within(r, tier))
        return (struct pairs_award){.tier = tier, .doubt = PAIRS_BETTER, .border = tier};
    const struct lab_tier *border = first_within(r, rule);
    return (struct pairs_award){
        .tier = tier, .doubt = border != NULL ? PAIRS_VAGUE : PAIRS_SURE, .border = border};
}

/* What pairs of timings say: which of them count, the ratio and how sure it is, whether more are
 * needed, and the tier. Pure: no clock, no runner. docs/measurement.md explains it to people. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "grader/grade/lab.h"
#include "grader/sdk/lab_rng.h"

enum { PAIRS_MIN = 8, PAIRS_MAX = 200 };

struct pairs {
    double learner_s[PAIRS_MAX], par_s[PAIRS_MAX]; /* side by side: one pair each */
    size_t n;
};

struct pairs_result {
    size_t kept, discarded;
    double learner_s, par_s; /* medians over the kept pairs */
    double ratio;            /* median of par / learner: above 1 the learner is faster */
    double low, high;        /* its 95 % interval */
    double spread;           /* of the ratios of single pairs, as a share of `ratio` */
};

/* Discards the pairs in which par is far off its own median (by a quarter, or by five times its
 * spread where that is more), and at most as many in which the learner is as far behind its own;
 * judges the others. n > 0. `rng` draws the bootstrap's samples. */
void pairs_judge(const struct pairs *p, lab_rng *rng, struct pairs_result *ret);

/* More pairs would change nothing: the interval is narrower than the way from the ratio to the
 * nearest border of a tier, or than PAIRS_UNSCORED of the ratio where there are no tiers. */
#define PAIRS_UNSCORED 0.05
bool pairs_settled(const struct pairs_result *r, const struct lab_timed_rule *rule);

/* The tier. A border within the interval is the learner's, since the measurement cannot tell; but
 * a busy machine makes intervals that hold any border, so doubt is worth a tenth at most. */
#define PAIRS_DOUBT 1.1
struct pairs_award {
    const struct lab_tier *tier; /* NULL: none */
    enum {
        PAIRS_SURE,   /* the interval holds no border */
        PAIRS_BETTER, /* it holds `border`, and the better side of it counts */
        PAIRS_VAGUE,  /* it holds `border`, further off than doubt is worth */
    } doubt;
    const struct lab_tier *border;
};
struct pairs_award pairs_award(const struct pairs_result *r, const struct lab_timed_rule *rule);

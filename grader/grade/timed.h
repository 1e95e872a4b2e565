/* Speed as a paired ratio: learner and par (the lab's solution, built with the same flags) run in
 * two runners on one core, one of them frozen while the other works. A pair is A B B A or B A A B,
 * on two fresh inputs that both sides get; of a side's two calls the faster counts. Every output is
 * checked; one wrong answer voids the timing. An output that is, to the bit, what the checker found
 * right of the other side is right. What the times say is decided in pairs.h. */
#pragma once

#include "grader/grade/check.h"
#include "grader/grade/counters.h"
#include "grader/grade/pairs.h"
#include "grader/grade/roofline.h"

enum {
    TIMED_WARM_UP_MS = 40,    /* the core has had this long to find its frequency before a pair */
    TIMED_WARM_UP_PAIRS = 10, /* counts, but no more than these have been run for it */
    TIMED_WARM_UP_FEWEST = 1, /* and these on a core that is warm */
    TIMED_FEWEST = 3,         /* pairs, whatever they cost */
    TIMED_OVERTIME = 4,       /* budgets of wall time at most */
    TIMED_COUNTED = 5,        /* calls of the learner's with counters on, after the race */
};

struct timed {
    const struct lab_timed_rule *rule;
    const struct lab_timed *code;
    int64_t budget_ms;                    /* of our CPU time and of calls */
    bool to_the_end;                      /* no early stop: how sure could this host be? */
    bool warm;                            /* another race has ended on this core just now */
    const struct roofline *roof;          /* NULL: not measured */
    const struct counters_host *counters; /* NULL: none are read */
};

/* The race alone. `k` is a check of its own for this timed case, with the learner's slot.
 * *ret_right is false, and *ret untouched, where an output was wrong or the learner's runner died:
 * k->failure tells. Errors are faults of ours, par's included. */
MUST_CHECK enum err_code timed_race(struct check *k, struct runner_slot *par,
                                    const struct timed *timed, bool *ret_right,
                                    struct pairs_result *ret, struct err *why);

/* Race, tier, roof and counters. ret->ratio is 0 where the timing is void. */
MUST_CHECK enum err_code timed_run(struct check *k, struct runner_slot *par,
                                   const struct timed *timed, struct report_performance *ret,
                                   struct err *why);

/* Speed as a paired ratio: learner and par (the lab's solution, built with the same flags) run in
 * two runners on one core, in the order A B B A, one of them frozen while the other works. Every
 * call has fresh inputs and its output is checked; one wrong answer voids the timing. */
#pragma once

#include "grader/grade/check.h"

enum { TIMED_PAIRS_MIN = 10, TIMED_PAIRS_MAX = 60, TIMED_WARM_UP = 2 };

/* `k` is a check of its own for this timed case, with the learner's slot. ret->ratio is 0 and
 * k->has_failure tells where an output was wrong. Errors are faults of ours, par's included. */
MUST_CHECK enum err_code timed_run(struct check *k, struct runner_slot *par,
                                   const struct lab_timed_rule *rule, const struct lab_timed *code,
                                   int64_t budget_ms, struct report_performance *ret,
                                   struct err *why);

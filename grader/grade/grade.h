/* Grading as a pure function: a lab, files and a seed in, events and a report out. */
#pragma once

#include "base/arena.h"
#include "base/err.h"
#include "grader/grade/events.h"
#include "grader/grade/lab.h"
#include "grader/grade/submission.h"
#include "grader/report/report.h"

struct grade_options {
    uint64_t seed;     /* of the cases; see submission.seed */
    bool visible_only; /* hidden groups are left out, of the maximum too */
    int core;          /* where runners and the clock live; -1: the first that is allowed */
    int events_fd;     /* -1: no events */
};

/* The report's strings are the arena's and the lab's. Anything a submission does ends in OK and a
 * verdict; errors are faults of ours or of the host (exit status 3). */
MUST_CHECK enum err_code grade_run(const struct lab *lab, const struct submission *s,
                                   const struct grade_options *options, struct arena *a,
                                   struct report *ret, struct err *why);

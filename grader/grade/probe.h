/* One built program against the correctness groups, for `grade test`: does any case tell it from
 * the solution? Cases of hygiene groups too, but no sanitizers, no timing, no report. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/err.h"
#include "grader/grade/lab.h"

struct probe_options {
    uint64_t seed;
    int core;     /* -1: any */
    bool whole;   /* all cases, also behind the first that fails */
    int slowness; /* times the lab's limits, for instrumented programs; 0: once */
    int cover_fd; /* > 0: where the program leaves its counts */
};

struct probe {
    bool failed; /* in this group and case; not told where all are run */
    const char *group;
    const char *test_case;
};

/* Errors are faults of ours. */
MUST_CHECK enum err_code probe_run(const struct lab *lab, int image_fd,
                                   const struct probe_options *options, struct arena *a,
                                   struct probe *ret, struct err *why);

/* Grading as a pure function: a lab, files and a seed in, events and a report out. */
#pragma once

#include "base/arena.h"
#include "base/err.h"
#include "grader/grade/build.h"
#include "grader/grade/events.h"
#include "grader/grade/lab.h"
#include "grader/grade/runner.h"
#include "grader/grade/submission.h"
#include "grader/report/report.h"

struct grade_options {
    uint64_t seed;          /* of the cases; see submission.seed */
    bool visible_only;      /* hidden groups are left out, of the maximum too */
    bool untimed;           /* timed cases are left out: for proofs, where par would race itself */
    int core;               /* where runners and the clock live; -1: the first that is allowed */
    int events_fd;          /* -1: no events */
    const char *cache_dir;  /* what is kept between gradings; NULL: nothing is */
    int64_t cache_bytes;    /* of compile results at most; 0: COMPILE_CACHE_BYTES */
    struct err *cache_why;  /* set where something could not be kept; NULL: nobody asks */
    const char *only_group; /* with only_case: this case alone, shown in full; NULL: everything */
    int only_case;          /* from 1 */
};

/* How a program of a lab is run: its limits, and the profile for a plain or a sanitized build. */
struct runner_config grade_runner_config(const struct lab *lab, int image_fd, bool sanitize,
                                         int core);

/* The builds of one submission; they serve any number of gradings with other seeds. */
struct grade_builds {
    struct compile_cache cache; /* cache.trouble: why something could not be kept */
    struct build plain, sanitized;
    struct report_compile plain_said, sanitized_said;
    bool sanitized_done; /* until then it compiles beside whatever else goes on */
};

/* Starts both builds (the sanitized one only where an included group wants it) and finishes the
 * plain one. OK also where the sources do not compile: plain_said.verdict tells. `ret` must not be
 * moved; lab and submission are borrowed until close. */
MUST_CHECK enum err_code grade_builds_open(struct grade_builds *ret, const struct lab *lab,
                                           const struct submission *s,
                                           const struct grade_options *options, struct arena *a,
                                           struct err *why);
void grade_builds_close(struct grade_builds *b);

/* Runs the groups and writes the report, whose strings are the arenas' and the lab's. Anything a
 * submission does ends in OK and a verdict; errors are faults of ours or of the host. */
MUST_CHECK enum err_code grade_judge(const struct lab *lab, struct grade_builds *b,
                                     const struct grade_options *options, struct arena *a,
                                     struct report *ret, struct err *why);

/* Both in one, with events from the start. */
MUST_CHECK enum err_code grade_run(const struct lab *lab, const struct submission *s,
                                   const struct grade_options *options, struct arena *a,
                                   struct report *ret, struct err *why);

/* `grade test`: a lab proves itself. Its files are there, the solution scores 100 and runs as fast
 * as par, the starter compiles and stays under its ceiling, every mutant loses points in each group
 * that its first line names, and verdicts are the same over five seeds. What is only worth knowing
 * is told beside: which lines of the solution no case runs, and which small mistakes made by
 * machine (mutate.h) no case catches. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/err.h"
#include "grader/grade/lab.h"

struct prove_options {
    bool coverage;
    size_t mutants;        /* made by machine, at most; a fixed choice of all there are */
    int64_t budget_ms;     /* for those */
    int64_t checker_s;     /* CPU time of the checker in one grading, before it is said to loop */
    bool json;             /* one object per lab and line, instead of text */
    int core;              /* -1: the first that is allowed */
    const char *cache_dir; /* of compile results; NULL: none */
};

/* Proves the lab in a process of its own, which its checker may take with it, and tells all on
 * standard output. ret_proved is false when the lab breaks a promise, or its manifest or its files
 * are wrong. Errors are faults of ours or of the host. */
MUST_CHECK enum err_code prove_lab(const struct lab_paths *paths, const char *name,
                                   const struct prove_options *options, bool *ret_proved,
                                   struct err *why);

/* The groups named by a mutant's first line, `group: a, b` inside a comment. ERR_FORMAT: no such
 * line. */
enum { PROVE_GROUPS = 4 };
MUST_CHECK enum err_code prove_groups_of(const char *source, struct arena *a,
                                         const char *ret_names[PROVE_GROUPS], size_t *ret_count,
                                         struct err *why);

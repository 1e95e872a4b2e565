/* `grade test`: a lab proves itself. The solution scores 100, the starter compiles and stays under
 * its ceiling, every mutant loses points in each group that its first line names, and verdicts are
 * the same over five seeds. */
#pragma once

#include <stdbool.h>
#include <stdio.h>

#include "base/err.h"
#include "grader/grade/lab.h"

/* Tells each result on `out`. ret_proved is false when the lab breaks a promise; errors are faults
 * of ours or of the host. */
MUST_CHECK enum err_code prove_lab(const struct lab *lab, int core, const char *cache_dir,
                                   FILE *out, bool *ret_proved, struct err *why);

/* The groups named by a mutant's first line, `group: a, b` inside a comment. ERR_FORMAT: no such
 * line. */
enum { PROVE_GROUPS = 4 };
MUST_CHECK enum err_code prove_groups_of(const char *source, struct arena *a,
                                         const char *ret_names[PROVE_GROUPS], size_t *ret_count,
                                         struct err *why);

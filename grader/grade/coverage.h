/* Which lines of a lab's solution its cases run. The solution is compiled with gcc's counters and
 * without optimisation, runs all correctness groups in an ordinary runner that has one descriptor
 * more (grader/sdk/cover.h), and gcov, in a build cell, says what the counts mean. For the lab's
 * author: a grading never does any of this. */
#pragma once

#include "base/arena.h"
#include "base/err.h"
#include "base/str.h"
#include "grader/grade/lab.h"
#include "grader/grade/submission.h"

struct coverage_line {
    const char *file;
    int line;
};

struct coverage {
    size_t lines, covered;              /* that hold code; that ran */
    const struct coverage_line *missed; /* the others, in the order of the files; the arena's */
    size_t n_missed;
};

/* ERR_UNSUPPORTED: there is no gcov here. Else errors are faults of ours or of the host. */
MUST_CHECK enum err_code coverage_measure(const struct lab *lab, const struct submission *s,
                                          int core, struct arena *a, struct coverage *ret,
                                          struct err *why);

/* ---- its two readers, for tests ---- */

/* How often each line ran: counts[line], -1 where there is no code. */
struct coverage_file {
    const char *name;
    int64_t *counts;
    size_t n_counts;
};

/* Adds what `gcov --json-format` says of this file to its counts. ERR_FORMAT. */
MUST_CHECK enum err_code coverage_read_gcov(const char *json, size_t size,
                                            struct coverage_file *file, struct err *why);

/* The next file of a stream as grader/sdk/cover.h has it: *ret_name and *ret_data, the arena's.
 * ERR_NOT_FOUND: there is none; ERR_FORMAT. */
struct coverage_stream {
    const char *bytes;
    size_t size, at;
};
MUST_CHECK enum err_code coverage_next(struct coverage_stream *stream, struct arena *a,
                                       const char **ret_name, struct str *ret_data,
                                       struct err *why);

/* Where a crash was. The plain build, which is judged, has no line numbers, and its process is a
 * stranger's: so the case is run once more in the build with sanitizers, and what that prints is
 * read as findings.h says. It explains a verdict that stands already, and changes none. */
#pragma once

#include "grader/grade/check.h"
#include "grader/grade/findings.h"
#include "grader/grade/submission.h"

struct trace {
    const struct lab *lab;
    const struct submission *submission;
    const char *group;
    int number; /* of the case */
    uint64_t seed;
    struct runner_slot *slot; /* with the sanitizer build */
    struct arena *arena;      /* of the report */
};

/* Adds to the failure what was touched and the learner's lines on the stack; nothing where the case
 * does not crash there. Errors are faults of ours. */
MUST_CHECK enum err_code trace_crash(const struct trace *t, struct report_failure *f,
                                     struct err *why);

/* "a read of NULL+8", "a write, 4 bytes behind the end of argument 1"; NULL: nothing is known. */
const char *trace_access(const struct finding_access *access, const struct frame_call *call,
                         struct arena *a);

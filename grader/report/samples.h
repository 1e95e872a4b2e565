/* Reports for tests: one of each kind that looks different, and one that a stranger filled. */
#pragma once

#include <stddef.h>

#include "grader/report/report.h"

struct sample {
    const char *name; /* of its golden files */
    struct report report;
};

extern const struct sample samples[];
extern const size_t n_samples;

/* By name; asserts that it is there. */
const struct report *sample_report(const char *name);

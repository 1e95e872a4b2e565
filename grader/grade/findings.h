/* What a sanitizer printed before it ended the runner, as findings with places in the learner's
 * source. The text is a stranger's and only explains: that there is a finding is known from the end
 * of the process, not from here. */
#pragma once

#include "base/arena.h"
#include "grader/grade/lab.h"
#include "grader/report/report.h"

/* Reads the first report in `text`. Always gives a finding: one without a place where nothing is
 * recognised. */
struct report_finding finding_read(const struct lab *lab, const char *text, size_t size,
                                   struct arena *a);

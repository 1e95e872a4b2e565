/* What a sanitizer printed before it ended the runner, as findings with places in the learner's
 * source. The text is a stranger's and only explains: that there is a finding is known from the end
 * of the process, not from here. Whatever it says, files and lines are those of the submission and
 * kinds are short words. */
#pragma once

#include "base/arena.h"
#include "grader/grade/submission.h"
#include "grader/report/report.h"

/* How memory was used when that failed, as far as it was said. */
struct finding_access {
    bool has_address, writes, reads;
    uint64_t address;
};

/* Reads the first report in `text`. Always gives a finding: one without a place where nothing is
 * recognised. */
struct report_finding finding_read(const struct submission *s, const char *text, size_t size,
                                   struct arena *a, struct finding_access *ret_access);

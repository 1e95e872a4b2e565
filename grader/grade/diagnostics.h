/* What gcc said, as data. -fdiagnostics-format=json escapes everything that a source can put into a
 * message and prints no source lines, so a caret cannot show a file that the learner may not see.
 * What is not JSON is the linker's: kept as text, with its well-known complaints recognised. */
#pragma once

#include <stddef.h>

#include "base/arena.h"
#include "base/err.h"
#include "grader/grade/submission.h"
#include "grader/report/report.h"

enum { DIAGNOSTICS_MAX = 100 };

/* `said` is a stranger's, whose #line may claim any place. Only files and lines of the submission
 * become places; one in another file (lab.h, a system header) is told in the message, by its base
 * name. Never fails: what cannot be read stays in the log. */
void diagnostics_read(const struct submission *s, const char *said, size_t size, struct arena *a,
                      struct report_compile *ret);

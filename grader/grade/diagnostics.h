/* What gcc said, as data. -fdiagnostics-format=json escapes everything that a source can put into a
 * message and prints no source lines, so a caret cannot show a file that the learner may not see.
 * What is not JSON is the linker's: kept as text, with its well-known complaints recognised. */
#pragma once

#include <stddef.h>

#include "base/arena.h"
#include "base/err.h"
#include "grader/report/report.h"

enum { DIAGNOSTICS_MAX = 100 };

/* `said` is a stranger's. Only files of the submission are named; positions in other files (lab.h,
 * system headers) keep their base name. Never fails: what cannot be read stays in the log. */
void diagnostics_read(const char *said, size_t size, struct arena *a, struct report_compile *ret);

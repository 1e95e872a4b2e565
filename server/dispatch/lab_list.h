/* What the grader knows against labs: `grade list --format json`, asked once at start. Its checkers
 * are modules that this process must not load, and its proofs are its own. */
#pragma once

#include <stddef.h>

#include "base/err.h"

/* Calls `on_fault` for each lab that cannot be graded: its folder's name, and why. An error means
 * that the grader could not be asked, or gave no list within a minute: then nothing is known. */
MUST_CHECK enum err_code lab_list_faults(const char *program, const char *labs_dir,
                                         void (*on_fault)(void *ctx, const char *folder,
                                                          const char *why),
                                         void *ctx, struct err *why);

/* One line of that list. ERR_FORMAT: it is none. */
MUST_CHECK enum err_code lab_list_line(const char *line, size_t size,
                                       void (*on_fault)(void *ctx, const char *folder,
                                                        const char *why),
                                       void *ctx, struct err *why);

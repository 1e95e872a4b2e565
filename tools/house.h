/* The house rules, checked: who may know whom (the table in docs/architecture.md), in the sources
 * and in what was linked. Each broken rule is one line, as a compiler would say it. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "base/str.h"

struct house_findings {
    struct str text; /* "server/api/api.c:7: server must not know grader/sdk\n" */
    int count;
};

void house_findings_init(struct house_findings *f);
void house_findings_done(struct house_findings *f);
void house_say(struct house_findings *f, const char *format, ...) PRINTF_LIKE(2, 3);

/* One source file below the root of the repository: what it includes. `path` is relative to the
 * root. */
void house_check_source(const char *path, const char *text, struct house_findings *f);

/* All sources below `root`. ERR_IO, ERR_NOT_FOUND: the tree could not be read. */
MUST_CHECK enum err_code house_check_sources(const char *root, struct house_findings *f,
                                             struct err *why);

/* An ELF file, or an archive of them, in memory: calls `visit` for the name of each symbol that it
 * wants from elsewhere, or with `all` also for those that it has. ERR_FORMAT: neither of them. */
typedef void house_visit_fn(void *context, const char *name);
MUST_CHECK enum err_code house_symbols(const unsigned char *bytes, size_t size, bool all,
                                       house_visit_fn *visit, void *context, struct err *why);

/* One program or library against what its kind must not hold, or for reference/ not want. */
enum house_binary { HOUSE_GRADED, HOUSE_GRADE, HOUSE_REFERENCE };
MUST_CHECK enum err_code house_check_binary(const char *path, enum house_binary kind,
                                            struct house_findings *f, struct err *why);

/* All of them below the build folder. ERR_NOT_FOUND: one is missing. */
MUST_CHECK enum err_code house_check_links(const char *build, struct house_findings *f,
                                           struct err *why);

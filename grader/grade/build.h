/* Compiling a submission in a cell. Two builds run side by side: the plain one that is graded and
 * the one with sanitizers. Compiling is execution: the cell sees the compiler, lab.h and the
 * harness object, and hands one file back, as a sealed memfd. What equal sources gave before is
 * taken from the cache. */
#pragma once

#include <stdbool.h>

#include "base/arena.h"
#include "base/err.h"
#include "grader/grade/compile_cache.h"
#include "grader/grade/lab.h"
#include "grader/grade/submission.h"
#include "grader/report/report.h"
#include "sandbox/cell.h"

/* BUILD_COVER is for `grade test`: a solution that counts how often each line runs. */
enum build_kind { BUILD_PLAIN, BUILD_SANITIZE, BUILD_COVER };

struct build {
    const struct lab *lab;
    const struct submission *s;
    enum build_kind kind;
    struct compile_cache *cache;
    struct compile_key key;
    bool hit; /* then `kept` holds the result, and there is no cell */
    struct compile_result kept;
    struct cell *cell;
    int64_t limit_ms;
    int image_fd; /* -1 until it was built */
    int64_t wall_us, cpu_us, peak_bytes;
};

/* Lab, submission and cache (NULL: none) are borrowed until build_close. */
MUST_CHECK enum err_code build_start(struct build *ret, const struct lab *lab,
                                     const struct submission *s, enum build_kind kind,
                                     struct compile_cache *cache, struct arena *a, struct err *why);

/* Waits for its end while letting `other` (NULL: none) go on, and fills `ret` (its strings are the
 * arena's). OK also for sources that do not compile: ret->verdict tells. ERR_IO and ERR_INTERNAL
 * are faults of ours. */
MUST_CHECK enum err_code build_finish(struct build *b, struct build *other, struct arena *a,
                                      struct report_compile *ret, struct err *why);
/* Lets a build go on that nobody waits for: what it prints is read, its limits are kept. */
void build_tend(struct build *b);
void build_close(struct build *b);

/* What a cell must show for the compiler and its like to run; returns how many there are. */
enum { BUILD_TOOL_BINDS = 8 };
size_t build_tool_binds(struct cell_bind ret[BUILD_TOOL_BINDS]);
/* For gcc and gcov where they measure coverage: grader/sdk/no_locks.c. */
#define BUILD_PRELOAD "LD_PRELOAD=/lab/no_locks.so"
struct cell_bind build_no_locks(const struct lab *lab, struct arena *a);

/* An executable of ours as what a cell runs: a sealed memfd, the caller's. (Landlock would not let
 * a cell execute a file outside of its root; memory has no place.) */
MUST_CHECK enum err_code build_load_image(const char *path, int *ret_fd, struct err *why);

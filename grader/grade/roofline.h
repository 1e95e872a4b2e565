/* The roofline of this core: what it computes at most in a second, and how much it reads in a
 * second from each level of its memory. A call that does F flops on B bytes cannot take less than
 * max(F / peak, B / bandwidth). (Williams, Waterman, Patterson, "Roofline: an insightful visual
 * performance model for multicore architectures", 2009.)
 *
 * Measured once a host and kept in CACHE/roofline/, since it takes a quarter of a second. A file
 * that is broken, or of another processor, microcode or boot, is measured again. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "grader/report/report.h"

enum { ROOFLINE_LEVELS = 4 };

struct roofline_level {
    const char *name; /* "L1", "L2", "L3", "memory" */
    double bytes;     /* what fits it; memory: INFINITY */
    double gbs;       /* 1e9 bytes read in a second, in order, by one core */
};

struct roofline {
    double peak_gflops; /* single precision, multiply and add fused where there is such a thing */
    struct roofline_level levels[ROOFLINE_LEVELS]; /* the smallest first; "memory" last */
    size_t n_levels;
};

/* What this core shows now. ERR_NOMEM. */
MUST_CHECK enum err_code roofline_measure(struct roofline *ret, struct err *why);

/* One text for one kind of host since it booted: processor, microcode, boot. */
void roofline_host(struct str *key);

/* From the cache, or measured and put there; a cache that cannot be written costs time only.
 * `cache_dir` may be NULL: no cache. */
MUST_CHECK enum err_code roofline_find(const char *cache_dir, struct roofline *ret,
                                       struct err *why);

/* The two halves of it. ERR_NOT_FOUND: nothing of use is there for this host. */
MUST_CHECK enum err_code roofline_load(const char *cache_dir, const char *host,
                                       struct roofline *ret, struct err *why);
MUST_CHECK enum err_code roofline_save(const char *cache_dir, const char *host,
                                       const struct roofline *r, struct err *why);

/* Says where a call of `p->bytes` and `p->flops` stands that takes `seconds`: fills bandwidth_gbs,
 * level, peak_gflops, intensity, attained and bound, as far as bytes and flops are known. */
void roofline_place(const struct roofline *r, double seconds, struct report_performance *p);

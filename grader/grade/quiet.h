/* What makes the timings of this host scatter, and what an operator can change about it. */
#pragma once

#include <stddef.h>

#include "base/arena.h"

enum { QUIET_MAX = 16 };
struct quiet_finding {
    const char *what, *remedy; /* a sentence each, without a full stop; the arena's */
};

/* Looks at governor, turbo, SMT, load, stolen time and control groups, as far as the host shows
 * them. `root` is "" but in tests, which bring their own /sys and /proc. Returns how many it found.
 */
size_t quiet_look(const char *root, int core, struct arena *a, struct quiet_finding ret[QUIET_MAX]);

/* The part of it that needs no files: what this host's cells lack that timing wants. */
size_t quiet_cells(struct arena *a, struct quiet_finding *ret, size_t max);

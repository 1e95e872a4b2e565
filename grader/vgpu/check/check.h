/* The checks that compute-sanitizer makes, with both sides named: values that nobody wrote, races
 * in shared and global memory and between streams, barriers that a part of a warp reaches. Bounds
 * and alignment are the executor's and always on.
 *
 *     struct check *c;
 *     check_new(&c, why);
 *     launch.watchers[0] = check_watcher(c), launch.workers = 1;
 *     check_observer(c)->launching(...)            before each launch; copies, streams, events
 * likewise vg_run(&launch, ...); check_found(c)                               the findings so far
 *
 * What they cannot see: an order by words that blocks hand on over a third block, and partial
 * barriers, which count as whole ones. In doubt they are silent: a finding is a fault. */
#pragma once

#include "grader/vgpu/check/finding.h"
#include "grader/vgpu/device/observer.h"

struct check;

MUST_CHECK enum err_code check_new(struct check **ret, struct err *why);
void check_free(struct check *c);

const struct vg_watcher *check_watcher(const struct check *c);
const struct vg_observer *check_observer(const struct check *c);
/* The program is over: what it has left open is a finding, a note rather than an error. */
void check_end(struct check *c);
const struct check_log *check_found(const struct check *c);

/* The end of a cell that nobody has to wait for: an init with nothing left to do but die, which
 * takes its namespaces down at the pace of the kernel's RCU, and its control group. */
#pragma once

#include "sandbox/cgroup.h"

/* Takes over the pidfd and the group. Waits only where very many are on their way. */
void later_end(int init, const struct cgroup *group);
/* Reaps what has died meanwhile; never waits. What is left when the process exits is waited for. */
void later_sweep(void);

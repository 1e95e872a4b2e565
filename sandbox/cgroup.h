/* One control group per cell, in whichever trees this host lets us write: limits on memory and
 * processes, CPU time, freezing, killing. Every cell gets a fresh group: a v2 group that saw
 * cgroup.kill once may kill later members at birth.
 *
 * Groups are named PID-N-NAMESPACE below a parent `graded`; those of dead processes are swept at
 * the first use of each process. */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/err.h"

/* The v2 tree, and the v1 hierarchies that matter here. A v1 one may be mounted beside a v2 tree
 * without controllers; then limits come from v1, time, freezing and killing from v2. */
enum cgroup_tree {
    CGROUP_V2,
    CGROUP_V1_MEMORY,
    CGROUP_V1_PIDS,
    CGROUP_V1_CPUACCT,
    CGROUP_V1_FREEZER,
    N_CGROUP_TREES,
};

/* What this host offers; found once per process. */
struct cgroup_host {
    int parent[N_CGROUP_TREES]; /* the `graded` directories, -1 where unusable */
    bool v2_memory, v2_pids;    /* the v2 parent hands these controllers down */
    uint64_t pid_namespace;
};
const struct cgroup_host *cgroup_host(void);
/* What these two files say, `mountinfo` and `cgroup` of /proc/self; makes the `graded` directories.
 */
void cgroup_host_find(const char *mountinfo, const char *own_groups, struct cgroup_host *ret);
bool cgroup_host_limits_memory(const struct cgroup_host *host);
bool cgroup_host_limits_pids(const struct cgroup_host *host);
bool cgroup_host_freezes(const struct cgroup_host *host);

/* Removes the group `name` of a tree, waiting a moment for what is on its way out. */
void cgroup_remove(int parent, const char *name);

struct cgroup {
    const struct cgroup_host *host; /* borrowed until close */
    char name[48], aside[72];       /* aside: where init goes once the cell freezes */
    int dir[N_CGROUP_TREES];        /* -1 where unusable */
    /* Held open, as they are read or written on every call of a learner's function. */
    int freeze, frozen, cpu;
};

/* Makes the v2 group, to be born in with clone3; on a host without, none, which is no error. */
MUST_CHECK enum err_code cgroup_open(struct cgroup *g, const struct cgroup_host *host,
                                     struct err *why);
/* Makes the v1 groups and moves a process there, which the kernel may let wait for milliseconds. A
 * process that has died meanwhile is no error. */
MUST_CHECK enum err_code cgroup_join(struct cgroup *g, pid_t pid, struct err *why);
/* After the join. */
MUST_CHECK enum err_code cgroup_limit(struct cgroup *g, int64_t memory_bytes, int processes,
                                      struct err *why);

bool cgroup_can_freeze(const struct cgroup *g);
bool cgroup_knows_memory(const struct cgroup *g);
/* Returns when all members are stopped. ERR_TIMEOUT: they were not within a second. */
MUST_CHECK enum err_code cgroup_freeze(struct cgroup *g, struct err *why);
MUST_CHECK enum err_code cgroup_thaw(struct cgroup *g, struct err *why);

/* Moves the cell's init to a v2 group beside, once a cell turns out to be one that freezes. */
void cgroup_release(struct cgroup *g, pid_t init);

int64_t cgroup_cpu_us(const struct cgroup *g);     /* -1: not known */
int64_t cgroup_peak_bytes(const struct cgroup *g); /* 0: not known */
int64_t cgroup_oom_kills(const struct cgroup *g);  /* 0 also where not known */
void cgroup_kill(const struct cgroup *g);
/* Removes the groups, which must be empty of live processes. */
void cgroup_close(struct cgroup *g);
/* Lets go of groups that are another process's to remove. */
void cgroup_forget(struct cgroup *g);

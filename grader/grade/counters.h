/* Hardware counters of a runner, read from outside through perf_event_open(2). Many hosts have
 * none to give: guests without a virtual PMU, containers, kernel.perf_event_paranoid above 2. There
 * the report has none either; nothing that is scored depends on them.
 *
 *     if (counters_open(&c, &counters_kernel, pid)) {
 *         counters_start(&c);
 *         ...one call...
 *         if (counters_stop(&c, &counts)) ...
 *         counters_close(&c);
 *     } */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "grader/report/report.h"

/* What counters want from the kernel; tests bring their own. */
struct counters_host {
    /* A disabled counter of PERF_TYPE_HARDWARE `event` in the group of `leader` (-1: it leads),
     * user mode of process `pid` only. -1: the host has none. */
    int (*open)(uint64_t event, pid_t pid, int leader);
    int (*control)(int leader, unsigned long request); /* of the whole group; 0: done */
    ssize_t (*read)(int leader, void *bytes, size_t size);
    int (*close)(int fd);
};
extern const struct counters_host counters_kernel;

enum { COUNTERS = 4 };
struct counters {
    const struct counters_host *host;
    int fd[COUNTERS];
};

/* False: this host does not have all four of them; nothing is open then. */
bool counters_open(struct counters *ret, const struct counters_host *host, pid_t pid);
void counters_close(struct counters *c);

/* From zero; while the process is frozen nothing counts. */
void counters_start(struct counters *c);
/* False: the kernel had no hardware to count with in that time. */
bool counters_stop(struct counters *c, struct report_counters *ret);

/* Member by member; n > 0. */
struct report_counters counters_median(const struct report_counters *each, size_t n);

/* What /proc says about a cell's processes, for hosts whose control groups cannot be used. */
#pragma once

#include <stdint.h>
#include <sys/types.h>

struct processes_usage {
    int64_t cpu_us, resident_bytes;
};

/* Sums the CPU time of `root` and its descendants and of the children that they have reaped, and
 * the memory of the descendants: in a cell, root is its init, whose memory is a copy of the
 * parent's. */
void processes_usage(pid_t root, struct processes_usage *ret);

/* The process of a pidfd as this pid namespace numbers it; -1 once it is reaped. */
pid_t processes_pid_of(int pidfd);

/* The state letter of a process, as in proc_pid_stat(5), X once it is gone; `stat` is an open
 * /proc/PID/stat. */
char processes_state(int stat);

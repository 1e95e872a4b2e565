/* Starts a cell's init. */
#pragma once

#include <stdbool.h>
#include <sys/types.h>

/* Clones into namespaces of its own and runs init there, with `socket` as its standard input and
 * nothing else open. The caller stands still until init's program has been started, and its memory
 * is not copied: a large grader pays nothing for a cell. `cgroup` is a v2 group to be born in, or
 * -1. Its end sends SIGCHLD, as of any program. Returns the pid, or -1 and errno where the kernel
 * refuses. */
pid_t launch_init(int socket, int cgroup, int *ret_pidfd);

/* Whether a program enters, by its exec, a time namespace made just before: found by trying. Linux
 * does so from 6.1 on. */
bool launch_enters_time_namespace(void);

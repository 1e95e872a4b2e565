#include "sandbox/later.h"

#include <signal.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

enum { MANY = 32 };

static struct {
    int n;
    pid_t owner; /* a fork of us has other children */
    struct {
        int init;
        struct cgroup group;
    } dying[MANY];
} later;

/* Where somebody else has reaped it, it is dead, too. */
static bool has_died(int init, int options)
{
    siginfo_t info = {0};
    const long rc = syscall(SYS_waitid, P_PIDFD, init, &info, WEXITED | __WALL | options, NULL);
    return rc != 0 || info.si_pid != 0;
}

static void sweep(int options)
{
    int left = 0;
    for (int i = 0; i < later.n; i++) {
        if (has_died(later.dying[i].init, options)) {
            close(later.dying[i].init);
            cgroup_close(&later.dying[i].group);
        } else {
            later.dying[left++] = later.dying[i];
        }
    }
    later.n = left;
}

void later_sweep(void)
{
    if (later.owner == getpid())
        sweep(WNOHANG);
}

static void wait_for_all(void)
{
    if (later.owner == getpid())
        sweep(0);
}

void later_end(int init, const struct cgroup *group)
{
    if (later.owner == 0)
        atexit(wait_for_all);
    if (later.owner != getpid())
        later.n = 0;
    later.owner = getpid();
    if (later.n == MANY)
        sweep(0);
    later.dying[later.n].init = init;
    later.dying[later.n++].group = *group;
}

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "sandbox/cell_inside.h"
#include "sandbox/kernel.h"
#include "sandbox/processes.h"

/* The state of the command, kept open: it is read on every call of a learner's function. */
static int command_stat(struct cell *cell)
{
    if (cell->command_stat >= 0 || cell->command < 0)
        return cell->command_stat;
    char path[64];
    snprintf(path, sizeof path, "/proc/%d/stat", (int)processes_pid_of(cell->command));
    return cell->command_stat = open(path, O_RDONLY | O_CLOEXEC);
}

/* It says T a little before it leaves its core, so its clock has to stand still, too. */
static bool has_stopped(const struct cell *cell)
{
    if (strchr("TtZX", processes_state(cell->command_stat)) == NULL)
        return false;
    const int64_t before = cell_cpu_us(cell), after = cell_cpu_us(cell);
    return before == after;
}

/* Without a freezer one process can still be stopped, not a tree that forks meanwhile. */
static enum err_code stop_command(struct cell *cell, struct err *why)
{
    if (cell->profile == CELL_BUILD || command_stat(cell) < 0)
        return err_set(why, ERR_UNSUPPORTED, "this host cannot freeze many processes");
    if (k_pidfd_send_signal(cell->command, SIGSTOP) != 0)
        return err_sys(why, ERR_NOT_FOUND, errno, "stopping the command");
    for (int i = 0; i < 20000; i++) {
        if (has_stopped(cell))
            return OK;
        if (i < 16)
            sched_yield();
        else
            nanosleep(&(struct timespec){.tv_nsec = 50000}, NULL);
    }
    return err_set(why, ERR_TIMEOUT, "the command did not stop");
}

/* The command may be under way before its start has been read from the socket. */
static void await_start(struct cell *cell)
{
    while (!cell->started && !cell->ended) {
        struct pollfd p = {.fd = cell->epoll, .events = POLLIN};
        (void)!poll(&p, 1, -1);
        cell_step(cell);
    }
}

enum err_code cell_freeze(struct cell *cell, struct err *why)
{
    await_start(cell);
    if (cell->ended)
        return err_set(why, ERR_NOT_FOUND, "the cell has ended");
    if (!cgroup_can_freeze(&cell->group))
        return stop_command(cell, why);
    cgroup_release(&cell->group, cell->init);
    return cgroup_freeze(&cell->group, why);
}

enum err_code cell_thaw(struct cell *cell, struct err *why)
{
    if (cell->ended)
        return err_set(why, ERR_NOT_FOUND, "the cell has ended");
    if (cgroup_can_freeze(&cell->group))
        return cgroup_thaw(&cell->group, why);
    if (cell->command < 0 || k_pidfd_send_signal(cell->command, SIGCONT) != 0)
        return err_sys(why, ERR_NOT_FOUND, errno, "continuing the command");
    return OK;
}

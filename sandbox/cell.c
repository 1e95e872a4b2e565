/* The life of a cell as its parent sees it: opening, listening, the end. */
#include <errno.h>
#include <fcntl.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "sandbox/blank.h"
#include "sandbox/cell_inside.h"
#include "sandbox/channel.h"
#include "sandbox/kernel.h"
#include "sandbox/later.h"
#include "sandbox/processes.h"
#include "sandbox/ready.h"
#include "sandbox/remedy.h"
#include "sandbox/take.h"

static void close_fd(int *fd)
{
    if (*fd >= 0)
        close(*fd);
    *fd = -1;
}

/* --- opening --- */

static int64_t usable_cores(const struct cell_config *config)
{
    const int64_t online = sysconf(_SC_NPROCESSORS_ONLN), processes = config->limits.processes;
    const int64_t cores = online < processes ? online : processes;
    return config->core >= 0 || cores < 1 ? 1 : cores;
}

static struct cell *new_cell(const struct cell_config *config)
{
    struct cell *cell = calloc(1, sizeof *cell);
    if (cell == NULL)
        return NULL;
    cell->limits = config->limits;
    cell->profile = config->profile;
    cell->start_ns = usage_now_ns();
    cell->cores = usable_cores(config);
    cell->group.freeze = cell->group.frozen = cell->group.cpu = -1;
    for (int t = 0; t < N_CGROUP_TREES; t++)
        cell->group.dir[t] = -1;
    cell->epoll = cell->command = cell->command_stat = cell->work = cell->image = -1;
    for (int i = 0; i < N_SOURCES; i++)
        cell->fd[i] = -1;
    for (int i = 0; i < 2; i++)
        str_init(&cell->text[i], (size_t)config->limits.output_bytes);
    return cell;
}

/* The child's ends of everything, which we close once it has them. */
struct ends {
    int null, out, err;
};

static void close_ends(struct ends *e)
{
    close_fd(&e->null);
    close_fd(&e->out);
    close_fd(&e->err);
}

/* Only our end is non-blocking: the command's own writes wait until we have drained. */
static int open_pipe(int *ret_read, int *ret_write)
{
    int pipe[2];
    if (pipe2(pipe, O_CLOEXEC) != 0)
        return -1;
    *ret_read = pipe[0];
    *ret_write = pipe[1];
    return fcntl(pipe[0], F_SETFL, O_NONBLOCK);
}

static enum err_code open_channels(struct cell *cell, struct ends *e, struct err *why)
{
    e->null = open("/dev/null", O_RDONLY | O_CLOEXEC);
    cell->fd[TIMER] = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
    cell->epoll = epoll_create1(EPOLL_CLOEXEC);
    if (e->null < 0 || cell->fd[TIMER] < 0 || cell->epoll < 0 ||
        open_pipe(&cell->fd[OUT], &e->out) != 0 || open_pipe(&cell->fd[ERR], &e->err) != 0)
        return err_sys(why, ERR_IO, errno, "descriptors of a cell");
    return OK;
}

static int watch(struct cell *cell, enum source source)
{
    struct epoll_event event = {.events = EPOLLIN, .data.u32 = source};
    return epoll_ctl(cell->epoll, EPOLL_CTL_ADD, cell->fd[source], &event);
}

static enum err_code watch_all(struct cell *cell, struct err *why)
{
    static const enum source sources[] = {STATUS, OUT, ERR, INIT, TIMER};
    for (size_t i = 0; i < sizeof sources / sizeof sources[0]; i++)
        if (watch(cell, sources[i]) != 0)
            return err_sys(why, ERR_IO, errno, "watching a cell");
    return OK;
}

/* The blank's parts become the cell's, which closes them. */
static void adopt(struct cell *cell, const struct blank *b)
{
    cell->init = b->init;
    cell->fd[INIT] = b->pidfd;
    cell->fd[STATUS] = b->socket;
    cell->group = b->group;
}

static enum err_code give_order(const struct blank *blank, const struct cell_config *config,
                                const struct ends *e, struct err *why)
{
    struct order order = {
        .config = *config,
        .limit_data = !cgroup_host_limits_memory(cgroup_host()),
    };
    const enum err_code rc = filter_get(config->profile, config->extras, &order.filter, why);
    return rc == OK ? blank_order(blank, &order, (const int[]){e->null, e->out, e->err}, why) : rc;
}

/* A blank that waits already has joined its groups. For a new one the order goes out first, so that
 * init builds the root while the kernel moves it. */
static enum err_code spawn(struct cell *cell, const struct cell_config *config,
                           const struct ends *e, struct err *why)
{
    struct blank blank;
    const bool waiting = ready_take(&blank);
    enum err_code rc = waiting ? OK : blank_open(&blank, why);
    if (rc != OK)
        return rc;
    rc = give_order(&blank, config, e, why);
    if (rc == OK && !waiting)
        rc = cgroup_join(&blank.group, blank.init, why);
    if (rc == OK)
        rc = cgroup_limit(&blank.group, config->limits.memory_bytes, config->limits.processes, why);
    if (rc == OK)
        rc = blank_go(&blank, why);
    adopt(cell, &blank);
    return rc;
}

static void arm(struct cell *cell);

enum err_code cell_open(struct cell **ret, const struct cell_config *config, struct err *why)
{
    enum err_code rc = config_check(config, why);
    if (rc != OK)
        return rc;
    struct ends ends = {-1, -1, -1};
    struct cell *cell = new_cell(config);
    if (cell == NULL)
        return err_set(why, ERR_NOMEM, "no memory for a cell");
    if ((rc = open_channels(cell, &ends, why)) != OK)
        goto out;
    if (config->image_fd >= 0)
        cell->image = fcntl(config->image_fd, F_DUPFD_CLOEXEC, 0);
    if ((rc = spawn(cell, config, &ends, why)) != OK)
        goto out;
    later_sweep(); /* now, as the cell needs a moment anyway */
    if ((rc = watch_all(cell, why)) != OK)
        goto out;
    arm(cell);
    *ret = cell;
    cell = NULL;
out:
    close_ends(&ends);
    cell_close(cell);
    return rc;
}

/* --- limits --- */

static void arm(struct cell *cell)
{
    const int64_t us = usage_next_check_us(cell);
    const struct itimerspec t = {
        .it_value = {.tv_sec = us / 1000000, .tv_nsec = us % 1000000 * 1000},
    };
    timerfd_settime(cell->fd[TIMER], 0, &t, NULL);
}

int cell_fd(const struct cell *cell)
{
    return cell->epoll;
}

static void kill_for(struct cell *cell, enum cell_verdict cause)
{
    if (cell->ended || cell->killed)
        return;
    cell->killed = true;
    cell->cause = cause;
    /* Either alone ends the tree: the group's kill at once, init's death by the pid namespace. */
    cgroup_kill(&cell->group);
    k_pidfd_send_signal(cell->fd[INIT], SIGKILL);
}

static void check_time(struct cell *cell)
{
    uint64_t expirations;
    (void)!read(cell->fd[TIMER], &expirations, sizeof expirations);
    usage_poll(cell);
    if (usage_wall_us(cell) >= cell->limits.wall_ms * 1000)
        kill_for(cell, CELL_WALL_LIMIT);
    else if (cell->polled_cpu_us >= cell->limits.cpu_ms * 1000)
        kill_for(cell, CELL_CPU_LIMIT);
    else if (cell->polled_peak > cell->limits.memory_bytes)
        kill_for(cell, CELL_MEMORY_LIMIT);
    else
        arm(cell);
}

/* --- what the cell says --- */

static void forget(struct cell *cell, enum source source)
{
    if (cell->fd[source] < 0)
        return;
    epoll_ctl(cell->epoll, EPOLL_CTL_DEL, cell->fd[source], NULL);
    close_fd(&cell->fd[source]);
}

/* Reads all there is, so that a full pipe cannot hold the end back, up to the limit and one byte.
 */
static void drain(struct cell *cell, enum source source)
{
    struct str *text = &cell->text[source - OUT];
    char buffer[16384];
    while (cell->fd[source] >= 0 && !text->cut) {
        const ssize_t n = read(cell->fd[source], buffer, sizeof buffer);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0) {
            if (n == 0 || errno != EAGAIN)
                forget(cell, source);
            return;
        }
        str_add_bytes(text, buffer, (size_t)n);
    }
    if (text->cut) {
        kill_for(cell, CELL_OUTPUT_LIMIT);
        forget(cell, source);
    }
}

static void take_start(struct cell *cell, const int *fds, size_t n)
{
    cell->started = true;
    cell->fd[LISTENER] = fds[0];
    if (n > 1)
        cell->command = fds[1];
    if (cell->group.cpu < 0 && cell->profile != CELL_BUILD &&
        clock_getcpuclockid(processes_pid_of(cell->command), &cell->clock) != 0)
        cell->clock = 0;
    if (n > 2)
        cell->work = fds[2];
    watch(cell, LISTENER);
}

static void hear_init(struct cell *cell)
{
    struct order_reply word;
    int fds[3];
    size_t n_fds;
    const ssize_t n = channel_receive(cell->fd[STATUS], &word, sizeof word, MSG_DONTWAIT, fds,
                                      sizeof fds / sizeof fds[0], &n_fds);
    if (n != sizeof word) {
        if (n >= 0 || errno != EAGAIN)
            forget(cell, STATUS);
        return;
    }
    if (word.kind == REPLY_STARTED && n_fds > 0)
        take_start(cell, fds, n_fds);
    else
        cell->end = word;
}

/* A call off the list. Its caller stands still and is never answered, only killed. */
static void hear_filter(struct cell *cell)
{
    struct seccomp_notif call = {0};
    if (ioctl(cell->fd[LISTENER], SECCOMP_IOCTL_NOTIF_RECV, &call) != 0) {
        if (errno != EINTR)
            forget(cell, LISTENER); /* its last process has ended */
        return;
    }
    if (!cell->killed)
        filter_call_name(call.data.nr, cell->result.system_call, sizeof cell->result.system_call);
    kill_for(cell, CELL_FORBIDDEN_CALL);
}

/* --- the end --- */

/* Nothing of the cell runs any more, but for an init that may still have to die. */
static void conclude(struct cell *cell, int64_t reaped_us)
{
    cell->result.wall_us = usage_wall_us(cell);
    drain(cell, OUT);
    drain(cell, ERR);
    cell->result.cpu_us = usage_final_cpu_us(cell, reaped_us);
    verdict_reach(cell);
    cell->ended = true;
    for (int i = 0; i < N_SOURCES; i++)
        if (i != INIT)
            forget(cell, (enum source)i);
}

/* init is dead, and by its pid namespace everything else. Where somebody else has reaped it, only
 * its rusage is lost. */
static void finish(struct cell *cell)
{
    siginfo_t info = {0};
    struct rusage usage = {0};
    const long rc =
        syscall(SYS_waitid, P_PIDFD, cell->fd[INIT], &info, WEXITED | __WALL | WNOHANG, &usage);
    if (rc == 0 && info.si_pid == 0)
        return;
    forget(cell, INIT);
    hear_init(cell);
    hear_init(cell);
    conclude(cell, usage_of(&usage));
}

static void hear(struct cell *cell)
{
    hear_init(cell);
    if (cell->end.kind == REPLY_ENDED)
        conclude(cell, cell->end.cpu_us);
}

static void answer(struct cell *cell, enum source source)
{
    switch (source) {
    case STATUS:
        hear(cell);
        break;
    case OUT:
    case ERR:
        drain(cell, source);
        break;
    case LISTENER:
        hear_filter(cell);
        break;
    case INIT:
        finish(cell);
        break;
    case TIMER:
        check_time(cell);
        break;
    case N_SOURCES:
        break;
    }
}

void cell_step(struct cell *cell)
{
    struct epoll_event events[N_SOURCES];
    const int n = cell->ended ? 0 : epoll_wait(cell->epoll, events, N_SOURCES, 0);
    for (int i = 0; i < n && !cell->ended; i++)
        if (cell->fd[events[i].data.u32] >= 0)
            answer(cell, (enum source)events[i].data.u32);
}

bool cell_ended(const struct cell *cell)
{
    return cell->ended;
}

void cell_wait(struct cell *cell)
{
    while (!cell->ended) {
        struct pollfd p = {.fd = cell->epoll, .events = POLLIN};
        (void)!poll(&p, 1, -1);
        cell_step(cell);
    }
}

void cell_result(const struct cell *cell, struct cell_exit *ret)
{
    *ret = cell->result;
}

const struct str *cell_stdout(const struct cell *cell)
{
    return &cell->text[0];
}

const struct str *cell_stderr(const struct cell *cell)
{
    return &cell->text[1];
}

/* --- results and the close --- */

enum err_code cell_take(struct cell *cell, const char *name, size_t max_bytes, int *ret_fd,
                        struct err *why)
{
    if (!cell->ended || cell->work < 0)
        return err_set(why, ERR_NOT_FOUND, "%s: this cell kept no work directory", name);
    return take_file(cell->work, name, max_bytes, ret_fd, why);
}

void cell_kill(struct cell *cell)
{
    kill_for(cell, CELL_KILLED);
}

/* A killed tree ends within milliseconds: no process of it can wait for us, not even to write. One
 * that ended by itself has only its init left, which needs no waiting for. */
static void end_init(struct cell *cell)
{
    siginfo_t info;
    if (cell->fd[INIT] >= 0 && cell->ended) {
        later_end(cell->fd[INIT], &cell->group);
        cell->fd[INIT] = -1;
        return;
    }
    if (cell->fd[INIT] >= 0)
        syscall(SYS_waitid, P_PIDFD, cell->fd[INIT], &info, WEXITED | __WALL, NULL);
    cgroup_close(&cell->group);
}

void cell_close(struct cell *cell)
{
    if (cell == NULL)
        return;
    kill_for(cell, CELL_KILLED);
    end_init(cell);
    for (int i = 0; i < N_SOURCES; i++)
        close_fd(&cell->fd[i]);
    close_fd(&cell->epoll);
    close_fd(&cell->command);
    close_fd(&cell->command_stat);
    close_fd(&cell->work);
    close_fd(&cell->image);
    str_done(&cell->text[0]);
    str_done(&cell->text[1]);
    free(cell);
}

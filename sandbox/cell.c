#include "sandbox/cell.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/timerfd.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "sandbox/cgroup.h"
#include "sandbox/image.h"
#include "sandbox/kernel.h"
#include "sandbox/processes.h"
#include "sandbox/setup.h"
#include "sandbox/take.h"

enum source { STATUS, OUT, ERR, LISTENER, INIT, TIMER, N_SOURCES };

struct cell {
    struct cell_limits limits;
    enum cell_profile profile;
    struct cgroup group;
    int fd[N_SOURCES]; /* what the epoll watches; -1 once it has said its last */
    int epoll, command, command_stat, work, image;
    pid_t init;      /* unreaped until `ended`, so the number is ours */
    clockid_t clock; /* the command's own CPU time, where it is the only process; or 0 */
    struct str text[2];
    int64_t start_ns;

    bool started, killed, ended;
    enum cell_verdict cause; /* why we killed it */
    struct setup_word end;   /* what init said; kind is WORD_STARTED where it said nothing */
    int64_t polled_cpu_us, polled_peak; /* where no control group counts */
    struct cell_exit result;
};

static int64_t now_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

static void close_fd(int *fd)
{
    if (*fd >= 0)
        close(*fd);
    *fd = -1;
}

/* --- opening --- */

static enum err_code check_limits(const struct cell_limits *l, struct err *why)
{
    const struct {
        const char *name;
        int64_t value, min, max;
    } table[] = {
        {"cpu_ms", l->cpu_ms, 1, 86400000},
        {"wall_ms", l->wall_ms, 1, 86400000},
        {"memory_bytes", l->memory_bytes, 1 << 20, INT64_MAX / 4},
        {"address_bytes", l->address_bytes, 0, INT64_MAX},
        {"stack_bytes", l->stack_bytes, 4096, INT64_MAX},
        {"file_bytes", l->file_bytes, 0, INT64_MAX},
        {"work_bytes", l->work_bytes, 0, INT64_MAX},
        {"output_bytes", l->output_bytes, 0, 1 << 30},
        {"processes", l->processes, 1, 4096},
        {"descriptors", l->descriptors, 3, 65536},
    };
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++)
        if (table[i].value < table[i].min || table[i].value > table[i].max)
            return err_set(why, ERR_INVALID, "limit %s is %lld: expected %lld to %lld",
                           table[i].name, (long long)table[i].value, (long long)table[i].min,
                           (long long)table[i].max);
    return OK;
}

static enum err_code check_binds(const struct cell_config *c, struct err *why)
{
    if (c->n_binds > SETUP_MAX_BINDS)
        return err_set(why, ERR_INVALID, "%zu binds: at most %d", c->n_binds, SETUP_MAX_BINDS);
    for (size_t i = 0; i < c->n_binds; i++) {
        if (c->binds[i].host[0] != '/' || c->binds[i].guest[0] != '/')
            return err_set(why, ERR_INVALID, "bind %s on %s: expected absolute paths",
                           c->binds[i].host, c->binds[i].guest);
        struct stat st;
        if (stat(c->binds[i].host, &st) != 0)
            return err_sys(why, ERR_NOT_FOUND, errno, "bind %s", c->binds[i].host);
    }
    return OK;
}

static enum err_code check_files(const struct cell_config *c, struct err *why)
{
    for (size_t i = 0; i < c->n_files; i++) {
        const char *name = c->files[i].name;
        if (name[0] == '\0' || name[0] == '/' || strstr(name, "..") != NULL)
            return err_set(why, ERR_INVALID, "file '%s': expected a name below the work directory",
                           name);
    }
    if (c->n_fds > SETUP_MAX_FDS)
        return err_set(why, ERR_INVALID, "%zu descriptors: at most %d", c->n_fds, SETUP_MAX_FDS);
    return OK;
}

static enum err_code check_config(const struct cell_config *c, struct err *why)
{
    if (c->argv == NULL || c->argv[0] == NULL || c->envp == NULL)
        return err_set(why, ERR_INVALID, "no command or no environment");
    if (c->image_fd < 0 && c->argv[0][0] != '/')
        return err_set(why, ERR_INVALID, "command '%s': expected an absolute path", c->argv[0]);
    if (c->core >= CPU_SETSIZE)
        return err_set(why, ERR_INVALID, "core %d: expected less than %d", c->core, CPU_SETSIZE);
    enum err_code rc = check_limits(&c->limits, why);
    if (rc == OK)
        rc = check_binds(c, why);
    return rc == OK ? check_files(c, why) : rc;
}

static struct cell *new_cell(const struct cell_config *config)
{
    struct cell *cell = calloc(1, sizeof *cell);
    if (cell == NULL)
        return NULL;
    cell->limits = config->limits;
    cell->profile = config->profile;
    cell->start_ns = now_ns();
    cell->epoll = cell->command = cell->command_stat = cell->work = cell->image = -1;
    for (int i = 0; i < N_SOURCES; i++)
        cell->fd[i] = -1;
    for (int i = 0; i < 2; i++)
        str_init(&cell->text[i], (size_t)config->limits.output_bytes);
    return cell;
}

/* The child's ends of everything, which we close once it has them. */
struct ends {
    int status, null, out, err;
};

static void close_ends(struct ends *e)
{
    close_fd(&e->status);
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
    int pair[2];
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) != 0)
        return err_sys(why, ERR_IO, errno, "status channel");
    cell->fd[STATUS] = pair[0];
    e->status = pair[1];
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

static int write_proc(pid_t pid, const char *file, const char *text)
{
    char path[64];
    snprintf(path, sizeof path, "/proc/%d/%s", (int)pid, file);
    const int fd = open(path, O_WRONLY | O_CLOEXEC);
    if (fd < 0)
        return -1;
    const ssize_t n = write(fd, text, strlen(text));
    const int saved = errno;
    close(fd);
    errno = saved;
    return n < 0 ? -1 : 0;
}

/* Two host ids below `base` that no other live cell has, since no other process has this pid. */
static int map_two_ids(pid_t pid, uint32_t base, uint32_t span)
{
    const uint32_t host = base + 2 * ((uint32_t)pid % span);
    char text[96];
    snprintf(text, sizeof text, "%d %u 1\n%d %u 1\n", SETUP_INIT_ID, host, SETUP_GUEST_ID,
             host + 1);
    if (write_proc(pid, "uid_map", text) != 0)
        return -1;
    return write_proc(pid, "gid_map", text);
}

/* The kernel lets an ordinary user map one id, its own. */
static int map_own_id(pid_t pid)
{
    char text[48];
    if (write_proc(pid, "setgroups", "deny") != 0)
        return -1;
    snprintf(text, sizeof text, "%d %u 1\n", SETUP_GUEST_ID, (unsigned)geteuid());
    if (write_proc(pid, "uid_map", text) != 0)
        return -1;
    snprintf(text, sizeof text, "%d %u 1\n", SETUP_GUEST_ID, (unsigned)getegid());
    return write_proc(pid, "gid_map", text);
}

/* As root: a range that systemd's table of ids (systemd.io/UIDS-GIDS) leaves unused, wide enough
 * for every pid; inside a container that maps 65536 ids, the upper end of those. */
static int map_ids(pid_t pid, bool *ret_two)
{
    *ret_two = true;
    if (geteuid() == 0 &&
        (map_two_ids(pid, 0x70000000, 1u << 22) == 0 || map_two_ids(pid, 60000, 2700) == 0))
        return 0;
    *ret_two = false;
    return map_own_id(pid);
}

static enum err_code spawn(struct cell *cell, const struct cell_config *config,
                           const struct ends *e, struct err *why)
{
    struct setup setup = {
        .config = config,
        .limit_data = !cgroup_knows_memory(&cell->group),
        .status = e->status,
        .null = e->null,
        .out = e->out,
        .err = e->err,
    };
    enum err_code rc = filter_get(config->profile, &setup.filter, why);
    if (rc != OK)
        return rc;
    cell->init = setup_clone(&setup, cell->group.dir[CGROUP_V2], &cell->fd[INIT]);
    if (cell->init < 0) {
        const bool refused = errno == EPERM || errno == ENOSPC || errno == EINVAL;
        return err_sys(why, refused ? ERR_UNSUPPORTED : ERR_IO, errno, "making namespaces");
    }
    bool two_ids;
    if (map_ids(cell->init, &two_ids) != 0)
        return err_sys(why, ERR_UNSUPPORTED, errno, "mapping ids into a user namespace");
    rc = cgroup_join(&cell->group, cell->init, why);
    if (rc == OK && write(cell->fd[STATUS], &two_ids, 1) != 1)
        rc = err_sys(why, ERR_IO, errno, "starting a cell");
    return rc;
}

static void arm(struct cell *cell);

enum err_code cell_open(struct cell **ret, const struct cell_config *config, struct err *why)
{
    enum err_code rc = check_config(config, why);
    if (rc != OK)
        return rc;
    struct ends ends = {-1, -1, -1, -1};
    struct cell *cell = new_cell(config);
    if (cell == NULL)
        return err_set(why, ERR_NOMEM, "no memory for a cell");
    if ((rc = open_channels(cell, &ends, why)) != OK)
        goto out;
    if (config->image_fd >= 0)
        cell->image = fcntl(config->image_fd, F_DUPFD_CLOEXEC, 0);
    rc = cgroup_open(&cell->group, config->limits.memory_bytes, config->limits.processes, why);
    if (rc != OK || (rc = spawn(cell, config, &ends, why)) != OK)
        goto out;
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

/* --- usage and limits --- */

int cell_fd(const struct cell *cell)
{
    return cell->epoll;
}

static bool counts_itself(const struct cell *cell)
{
    return cell->group.cpu < 0 || !cgroup_knows_memory(&cell->group);
}

/* The last answer stays where the processes are gone. */
static void poll_processes(struct cell *cell)
{
    struct processes_usage usage;
    if (cell->ended || !counts_itself(cell))
        return;
    processes_usage(cell->init, &usage);
    if (usage.cpu_us > cell->polled_cpu_us)
        cell->polled_cpu_us = usage.cpu_us;
    if (usage.resident_bytes > cell->polled_peak)
        cell->polled_peak = usage.resident_bytes;
}

int64_t cell_cpu_us(const struct cell *cell)
{
    const int64_t counted = cgroup_cpu_us(&cell->group);
    if (counted >= 0)
        return counted;
    if (cell->ended)
        return cell->result.cpu_us;
    struct timespec own;
    if (cell->clock != 0 && clock_gettime(cell->clock, &own) == 0)
        return (int64_t)own.tv_sec * 1000000 + own.tv_nsec / 1000;
    struct processes_usage usage;
    processes_usage(cell->init, &usage);
    return usage.cpu_us > cell->polled_cpu_us ? usage.cpu_us : cell->polled_cpu_us;
}

int64_t cell_peak_bytes(const struct cell *cell)
{
    if (cgroup_knows_memory(&cell->group))
        return cgroup_peak_bytes(&cell->group);
    return cell->polled_peak > cell->end.peak_bytes ? cell->polled_peak : cell->end.peak_bytes;
}

static int64_t wall_us(const struct cell *cell)
{
    return (now_ns() - cell->start_ns) / 1000;
}

/* The next moment at which a limit can have been passed: CPU time grows at most as fast as all the
 * cores that the cell can use. So a timed call is not woken into. */
static int64_t next_check_us(const struct cell *cell)
{
    const int64_t wall_left = cell->limits.wall_ms * 1000 - wall_us(cell);
    int64_t cores = sysconf(_SC_NPROCESSORS_ONLN);
    if (cores > cell->limits.processes)
        cores = cell->limits.processes;
    int64_t next = (cell->limits.cpu_ms * 1000 - cell_cpu_us(cell)) / (cores < 1 ? 1 : cores);
    if (!cgroup_knows_memory(&cell->group) && next > 10000)
        next = 10000; /* resident memory is watched by looking */
    if (next < 1000)
        next = 1000;
    return next < wall_left ? next : wall_left > 1 ? wall_left : 1;
}

static void arm(struct cell *cell)
{
    const int64_t us = next_check_us(cell);
    const struct itimerspec t = {
        .it_value = {.tv_sec = us / 1000000, .tv_nsec = us % 1000000 * 1000},
    };
    timerfd_settime(cell->fd[TIMER], 0, &t, NULL);
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
    poll_processes(cell);
    if (wall_us(cell) >= cell->limits.wall_ms * 1000)
        kill_for(cell, CELL_WALL_LIMIT);
    else if (cell_cpu_us(cell) >= cell->limits.cpu_ms * 1000)
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

static size_t received_fds(struct msghdr *message, int fds[3])
{
    const struct cmsghdr *c = CMSG_FIRSTHDR(message);
    if (c == NULL || c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS)
        return 0;
    const size_t n = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);
    memcpy(fds, CMSG_DATA(c), n * sizeof(int));
    return n;
}

static void hear_init(struct cell *cell)
{
    union {
        struct cmsghdr align;
        char bytes[CMSG_SPACE(3 * sizeof(int))];
    } control;
    struct setup_word word;
    struct iovec part = {&word, sizeof word};
    struct msghdr message = {
        .msg_iov = &part,
        .msg_iovlen = 1,
        .msg_control = control.bytes,
        .msg_controllen = sizeof control.bytes,
    };
    int fds[3];
    const ssize_t n = recvmsg(cell->fd[STATUS], &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
    if (n != sizeof word) {
        if (n >= 0 || errno != EAGAIN)
            forget(cell, STATUS);
        return;
    }
    const size_t n_fds = received_fds(&message, fds);
    if (word.kind == WORD_STARTED && n_fds > 0)
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
        filter_call_name(call.data.arch, call.data.nr, cell->result.system_call,
                         sizeof cell->result.system_call);
    kill_for(cell, CELL_FORBIDDEN_CALL);
}

/* --- the end --- */

static bool killed_by_memory(const struct cell *cell, int signal)
{
    if (cgroup_oom_kills(&cell->group) > 0)
        return true;
    const bool starved = signal == SIGSEGV || signal == SIGKILL || signal == SIGABRT;
    if (!starved)
        return false;
    /* Static data too large to start with: exec fails past its point of no return, by a signal. */
    if (cell->image >= 0 && image_memory_bytes(cell->image) > cell->limits.memory_bytes)
        return true;
    return !cgroup_knows_memory(&cell->group) && cell_peak_bytes(cell) >= cell->limits.memory_bytes;
}

static enum cell_verdict judge_signal(struct cell *cell, int signal)
{
    cell->result.signal = signal;
    if (killed_by_memory(cell, signal))
        return CELL_MEMORY_LIMIT;
    if (signal == SIGXCPU)
        return CELL_CPU_LIMIT;
    if (signal != SIGSYS)
        return CELL_SIGNALED;
    snprintf(cell->result.system_call, sizeof cell->result.system_call, "foreign ABI");
    return CELL_FORBIDDEN_CALL;
}

static enum cell_verdict judge(struct cell *cell)
{
    struct cell_exit *r = &cell->result;
    if (cell->end.kind == WORD_FAILED) {
        snprintf(r->message, sizeof r->message, "%s: %s", setup_step_name(cell->end.step),
                 strerrordesc_np(cell->end.error));
        return CELL_SETUP_FAILED;
    }
    if (cell->killed)
        return cell->cause;
    if (cell->end.kind == WORD_ENDED && WIFEXITED(cell->end.wait_status)) {
        r->status = WEXITSTATUS(cell->end.wait_status);
        return cgroup_oom_kills(&cell->group) > 0 ? CELL_MEMORY_LIMIT : CELL_EXITED;
    }
    if (cell->end.kind == WORD_ENDED)
        return judge_signal(cell, WTERMSIG(cell->end.wait_status));
    if (cell->started || cgroup_oom_kills(&cell->group) > 0)
        return judge_signal(cell, SIGKILL); /* init fell with it */
    snprintf(r->message, sizeof r->message, "the cell's init died while setting up");
    return CELL_SETUP_FAILED;
}

static void say_why(struct cell *cell)
{
    struct cell_exit *r = &cell->result;
    const struct cell_limits *l = &cell->limits;
    const struct {
        enum cell_verdict verdict;
        const char *did;
        int64_t bound;
        const char *of;
    } table[] = {
        {CELL_CPU_LIMIT, "used", l->cpu_ms, "ms of CPU time"},
        {CELL_WALL_LIMIT, "ran for", l->wall_ms, "ms"},
        {CELL_MEMORY_LIMIT, "used", l->memory_bytes, "bytes of memory"},
        {CELL_OUTPUT_LIMIT, "printed", l->output_bytes, "bytes"},
    };
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++)
        if (r->verdict == table[i].verdict)
            snprintf(r->message, sizeof r->message, "%s more than %lld %s", table[i].did,
                     (long long)table[i].bound, table[i].of);
    if (r->verdict == CELL_FORBIDDEN_CALL)
        snprintf(r->message, sizeof r->message, "made the system call %s", r->system_call);
}

static int64_t microseconds(struct timeval t)
{
    return (int64_t)t.tv_sec * 1000000 + t.tv_usec;
}

/* init is dead, and by its pid namespace everything else; its reaping is the end. */
static void finish(struct cell *cell)
{
    siginfo_t info;
    struct rusage usage;
    if (syscall(SYS_waitid, P_PIDFD, cell->fd[INIT], &info, WEXITED | __WALL | WNOHANG, &usage) !=
            0 ||
        info.si_pid == 0)
        return;
    cell->result.wall_us = wall_us(cell);
    hear_init(cell);
    hear_init(cell);
    drain(cell, OUT);
    drain(cell, ERR);
    const int64_t counted = cgroup_cpu_us(&cell->group);
    cell->result.cpu_us =
        counted >= 0 ? counted : microseconds(usage.ru_utime) + microseconds(usage.ru_stime);
    if (cell->result.cpu_us < cell->polled_cpu_us)
        cell->result.cpu_us = cell->polled_cpu_us;
    cell->result.verdict = judge(cell);
    cell->result.peak_bytes = cell_peak_bytes(cell);
    say_why(cell);
    cell->ended = true;
    for (int i = 0; i < N_SOURCES; i++)
        forget(cell, (enum source)i);
}

static void answer(struct cell *cell, enum source source)
{
    switch (source) {
    case STATUS:
        hear_init(cell);
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

/* --- freezing --- */

/* The state of the command, kept open: it is read on every call of a learner's function. */
static int command_stat(struct cell *cell)
{
    if (cell->command_stat >= 0 || cell->command < 0)
        return cell->command_stat;
    char path[64];
    snprintf(path, sizeof path, "/proc/%d/stat", (int)processes_pid_of(cell->command));
    return cell->command_stat = open(path, O_RDONLY | O_CLOEXEC);
}

/* Without a freezer one process can still be stopped, not a tree that forks meanwhile. */
static enum err_code stop_command(struct cell *cell, struct err *why)
{
    if (cell->profile == CELL_BUILD || command_stat(cell) < 0)
        return err_set(why, ERR_UNSUPPORTED, "this host cannot freeze many processes");
    if (k_pidfd_send_signal(cell->command, SIGSTOP) != 0)
        return err_sys(why, ERR_NOT_FOUND, errno, "stopping the command");
    for (int i = 0; i < 20000; i++) {
        if (strchr("TtZX?", processes_state(cell->command_stat)) != NULL)
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

/* A killed tree ends within milliseconds; what it still prints has to be drained meanwhile. */
static void await_end(struct cell *cell)
{
    if (cell->fd[INIT] < 0)
        return;
    siginfo_t info;
    syscall(SYS_waitid, P_PIDFD, cell->fd[INIT], &info, WEXITED | __WALL, NULL);
}

void cell_close(struct cell *cell)
{
    if (cell == NULL)
        return;
    kill_for(cell, CELL_KILLED);
    await_end(cell);
    for (int i = 0; i < N_SOURCES; i++)
        close_fd(&cell->fd[i]);
    close_fd(&cell->epoll);
    close_fd(&cell->command);
    close_fd(&cell->command_stat);
    close_fd(&cell->work);
    close_fd(&cell->image);
    cgroup_close(&cell->group);
    str_done(&cell->text[0]);
    str_done(&cell->text[1]);
    free(cell);
}

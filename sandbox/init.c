/* The cell's init: pid 1 of its namespaces, and a program of its own, so that nothing of its
 * parent's memory is in the cell. It takes its orders (order.h), builds the cell in named steps,
 * starts the command as a child that is never pid 1, waits, and says how it ended. When it dies,
 * for whatever reason, the kernel kills every process of the cell. */
#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "sandbox/channel.h"
#include "sandbox/kernel.h"
#include "sandbox/kernel_file.h"
#include "sandbox/setup.h"

/* A parent that ignores a signal must not make the command ignore it. */
static int reset_signals(struct setup *s)
{
    (void)s;
    const struct {
        uint64_t handler, flags, restorer, mask;
    } standard = {0}, none = {0};
    for (int signal = 1; signal < NSIG; signal++) /* fails for KILL and STOP: right */
        syscall(SYS_rt_sigaction, signal, &standard, NULL, sizeof standard.mask);
    umask(0);
    return (int)syscall(SYS_rt_sigprocmask, SIG_SETMASK, &none, NULL, sizeof none.mask);
}

static int read_byte(const struct setup *s, bool *ret)
{
    const ssize_t n = read(s->status, ret, 1);
    if (n == 0)
        errno = EPIPE;
    return n == 1 ? 0 : -1;
}

static int await_ids(struct setup *s)
{
    return read_byte(s, &s->two_ids);
}

/* Here a blank waits until it is wanted, or until the parent's end closes. */
static int await_order(struct setup *s)
{
    char byte;
    int fds[4 + 1 + ORDER_MAX_FDS], *next = fds;
    size_t n;
    const ssize_t got =
        channel_receive(s->status, &byte, 1, 0, fds, sizeof fds / sizeof fds[0], &n);
    if (got != 1 || n < 4 || (s->order = order_read(*next++)) == NULL) {
        errno = got == 0 ? EPIPE : errno;
        return -1;
    }
    close(fds[0]);
    s->config = &s->order->config;
    s->null = *next++;
    s->out = *next++;
    s->err = *next++;
    s->image = n == 5 + s->config->n_fds ? *next++ : -1;
    memcpy(s->fds, next, s->config->n_fds * sizeof s->fds[0]);
    return 0;
}

/* The parent joins the control groups meanwhile, which takes the kernel its time. What is written
 * from here on is the cell's memory. */
static int await_groups(struct setup *s)
{
    bool byte;
    return read_byte(s, &byte);
}

/* Guests cannot make namespaces by the filter; this says so again, in the kernel. The file belongs
 * to the user namespace of who opens it. Best effort: a container may have /proc read-only. */
static int forbid_namespaces(struct setup *s)
{
    (void)s;
    (void)!kernel_file_write(AT_FDCWD, "/proc/sys/user/max_user_namespaces", "0");
    return 0;
}

/* Where the host runs out of memory, a cell goes before the grader does. Best effort, as above. */
static int offer_memory(struct setup *s)
{
    (void)s;
    (void)!kernel_file_write(AT_FDCWD, "/proc/self/oom_score_adj", "1000");
    return 0;
}

static int become_init(struct setup *s)
{
    const uid_t id = s->two_ids ? ORDER_INIT_ID : ORDER_GUEST_ID;
    /* Without root groups cannot be dropped: the kernel wants setgroups denied before it lets one
     * map ids. They are the caller's own then. */
    if (s->two_ids && syscall(SYS_setgroups, 0, NULL) != 0)
        return -1;
    if (syscall(SYS_setresgid, id, id, id) != 0)
        return -1;
    return (int)syscall(SYS_setresuid, id, id, id);
}

/* A change of id undoes both. The poll sees a parent that died before the prctl. */
static int tie_to_parent(struct setup *s)
{
    if (prctl(PR_SET_PDEATHSIG, SIGKILL) != 0 || prctl(PR_SET_DUMPABLE, 0) != 0)
        return -1;
    struct pollfd parent = {.fd = s->status};
    if (poll(&parent, 1, 0) != 0) { /* POLLHUP */
        errno = EPIPE;
        return -1;
    }
    return 0;
}

static int name_host(struct setup *s)
{
    (void)s;
    return sethostname("cell", 4);
}

static int pin(struct setup *s)
{
    if (s->config->core < 0)
        return 0;
    cpu_set_t set;
    CPU_ZERO(&set);
    CPU_SET((size_t)s->config->core, &set);
    return sched_setaffinity(0, sizeof set, &set);
}

/* A new network has a loopback that is down. */
static int raise_loopback(struct setup *s)
{
    if (!(s->config->extras & CELL_SOCKETS))
        return 0;
    struct ifreq lo = {.ifr_name = "lo", .ifr_flags = IFF_UP | IFF_RUNNING};
    const int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return -1;
    const int rc = ioctl(fd, SIOCSIFFLAGS, &lo);
    const int saved = errno;
    close(fd);
    errno = saved;
    return rc;
}

/* Copies to numbers that no target below uses, so that placing one cannot overwrite another. */
static int lift(int *fd)
{
    if (*fd < 0)
        return 0;
    *fd = fcntl(*fd, F_DUPFD_CLOEXEC, 3 + 2 * ORDER_MAX_FDS);
    return *fd < 0 ? -1 : 0;
}

/* 0, 1, 2, the config's from 3; behind them, closed on exec, what init still needs. */
static int place_descriptors(struct setup *s)
{
    const struct cell_config *c = s->config;
    int *kept[] = {&s->null, &s->out, &s->err, &s->status, &s->image, &s->work};
    for (size_t i = 0; i < sizeof kept / sizeof kept[0]; i++)
        if (lift(kept[i]) != 0)
            return -1;
    for (size_t i = 0; i < c->n_fds; i++)
        if (lift(&s->fds[i]) != 0)
            return -1;
    if (dup3(s->null, 0, 0) < 0 || dup3(s->out, 1, 0) < 0 || dup3(s->err, 2, 0) < 0)
        return -1;
    int next = 3;
    for (size_t i = 0; i < c->n_fds; i++)
        if (dup3(s->fds[i], next++, 0) < 0)
            return -1;
    for (size_t i = 3; i < sizeof kept / sizeof kept[0]; i++) {
        if (*kept[i] < 0)
            continue;
        *kept[i] = dup3(*kept[i], next++, O_CLOEXEC);
        if (*kept[i] < 0)
            return -1;
    }
    return k_close_range((unsigned)next, ~0u);
}

/* --- the command's process --- */

struct named_step {
    const char *name;
    int (*run)(struct setup *);
};

static const struct named_step
    /* what every cell begins with: a blank is one that is done with these */
    blank_steps[] =
        {
            {"reset signals", reset_signals},
            {"wait for the ids", await_ids},
            {"forbid namespaces", forbid_namespaces},
            {"offer the memory", offer_memory},
            {"name the host", name_host},
            {"tie the blank to its parent", tie_to_parent},
            {"wait for the order", await_order},
},
    init_steps[] =
        {
            {"collect the binds", mounts_collect},
            {"become the cell's init", become_init},
            {"tie the cell to its parent", tie_to_parent},
            {"mount the root", mounts_root},
            {"attach the binds", mounts_populate},
            {"mount the work directory", mounts_work},
            {"wait for the control groups", await_groups},
            {"write the files", mounts_files},
            {"enter the root", mounts_enter},
            {"pin to a core", pin},
            {"raise the loopback", raise_loopback},
            {"place descriptors", place_descriptors},
},
    command_steps[] = {
        {"leave the session", confine_session},
        {"make a time namespace", confine_time},
        {"set limits (hard limits of the caller may be lower: ulimit -H -a)", confine_limits},
        {"drop capabilities", confine_capabilities},
        {"restrict files", confine_files},
        {"filter system calls", confine_calls},
        {"run the command", confine_exec},
};

#define COUNT(table) (sizeof(table) / sizeof(table)[0])

/* Runs in init's memory and descriptor table until its exec, which unshares both: so init finds the
 * listener that the filter's installation opened, and the error where a step failed. Once the
 * filter holds only exec and exit are called. */
static void command_main(void *argument)
{
    struct setup *s = argument;
    for (size_t i = 0; i < COUNT(command_steps); i++) {
        if (command_steps[i].run(s) != 0) {
            s->error = errno;
            s->step = command_steps[i].name;
            break;
        }
    }
    syscall(SYS_exit_group, 127);
    __builtin_unreachable();
}

/* A parent that cannot hear has killed us. */
static void reply(const struct setup *s, const struct order_reply *word, const int *fds, size_t n)
{
    (void)!channel_send(s->status, word, sizeof *word, fds, n);
}

static void fail(const struct setup *s, const char *step, int error)
{
    struct order_reply word = {.kind = REPLY_FAILED, .error = error};
    const size_t n = strlen(step);
    memcpy(word.step, step, n < sizeof word.step ? n : sizeof word.step - 1);
    reply(s, &word, NULL, 0);
    _exit(127);
}

static void run_steps(struct setup *s, const struct named_step *steps, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (steps[i].run(s) != 0)
            fail(s, steps[i].name, errno);
}

static int start_command(struct setup *s)
{
    const struct k_clone_args args = {
        .flags = K_CLONE_VM | K_CLONE_VFORK | K_CLONE_FILES | K_CLONE_PIDFD,
        .pidfd = (uint64_t)(uintptr_t)&s->guest,
        .exit_signal = SIGCHLD,
    };
    s->listener = -1;
    const long pid = k_clone_standing_still(&args, command_main, s);
    if (pid < 0)
        fail(s, "start the command", (int)-pid);
    if (s->error != 0)
        fail(s, s->step, s->error);
    return (int)pid;
}

static void report_start(struct setup *s)
{
    const struct order_reply word = {.kind = REPLY_STARTED};
    const int fds[] = {s->listener, s->guest, s->work};
    reply(s, &word, fds, s->config->keep_work ? 3 : 2);
    /* From here init holds no end of the command's pipes: they end with the last process. */
    k_close_range(0, (unsigned)s->status - 1);
    k_close_range((unsigned)s->status + 1, ~0u);
}

static int64_t microseconds(struct timeval t)
{
    return (int64_t)t.tv_sec * 1000000 + t.tv_usec;
}

/* Nothing but init lives when it returns, so the parent need not wait for init's own end, which
 * takes a millisecond: mounts go at the pace of the kernel's RCU. */
static void end_the_rest(void)
{
    do
        kill(-1, SIGKILL);
    while (waitpid(-1, NULL, __WALL) > 0 || errno != ECHILD);
}

/* Reaps whatever comes, as init must, until the command itself has ended. */
static void report_end(const struct setup *s, int command)
{
    int status;
    struct rusage own, all;
    for (pid_t pid; (pid = waitpid(-1, &status, __WALL)) != command;)
        if (pid < 0 && errno != EINTR)
            _exit(127);
    end_the_rest();
    getrusage(RUSAGE_SELF, &own);
    getrusage(RUSAGE_CHILDREN, &all);
    const struct order_reply word = {
        .kind = REPLY_ENDED,
        .wait_status = status,
        .cpu_us = microseconds(all.ru_utime) + microseconds(all.ru_stime),
        /* Exec counts the memory before it, which was ours: below that the command's own is not
         * known. */
        .peak_bytes = all.ru_maxrss > own.ru_maxrss ? (int64_t)all.ru_maxrss * 1024 : 0,
    };
    reply(s, &word, NULL, 0);
}

int main(void)
{
    struct setup s = {.status = ORDER_SOCKET, .root = -1, .work = -1};
    run_steps(&s, blank_steps, COUNT(blank_steps));
    run_steps(&s, init_steps, COUNT(init_steps));
    const int command = start_command(&s);
    report_start(&s);
    report_end(&s, command);
    return 0;
}

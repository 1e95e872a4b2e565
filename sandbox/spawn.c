/* The cell's init: pid 1 of its namespaces, made by clone3. It builds the cell in named steps,
 * starts the command as a child that is never pid 1, waits, and says how it ended. When it dies,
 * for whatever reason, the kernel kills every process of the cell. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "sandbox/kernel.h"
#include "sandbox/kernel_file.h"
#include "sandbox/setup.h"

/* A parent that ignores a signal must not make the command ignore it. */
static int reset_signals(struct setup *s)
{
    (void)s;
    for (int signal = 1; signal < NSIG; signal++) {
        struct sigaction action = {.sa_handler = SIG_DFL};
        sigaction(signal, &action, NULL); /* fails for KILL, STOP and the C library's own: right */
    }
    sigset_t none;
    sigemptyset(&none);
    umask(0);
    return sigprocmask(SIG_SETMASK, &none, NULL);
}

/* The parent maps ids and fills control groups meanwhile. */
static int await_parent(struct setup *s)
{
    const ssize_t n = read(s->status, &s->two_ids, 1);
    if (n == 0)
        errno = EPIPE;
    return n == 1 ? 0 : -1;
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
    const uid_t id = s->two_ids ? SETUP_INIT_ID : SETUP_GUEST_ID;
    /* Without root groups cannot be dropped: the kernel wants setgroups denied before it lets one
     * map ids. They are the caller's own then. */
    if (s->two_ids && syscall(SYS_setgroups, 0, NULL) != 0)
        return -1;
    if (syscall(SYS_setresgid, id, id, id) != 0)
        return -1;
    return (int)syscall(SYS_setresuid, id, id, id);
}

/* After the change of id, which undoes both. The poll sees a parent that died before the prctl. */
static int tie_to_parent(struct setup *s)
{
    if (prctl(PR_SET_PDEATHSIG, SIGKILL) != 0 || prctl(PR_SET_DUMPABLE, 0) != 0)
        return -1;
    struct pollfd parent = {.fd = s->status, .events = POLLIN};
    if (poll(&parent, 1, 0) != 0) {
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

/* Copies to numbers that no target below uses, so that placing one cannot overwrite another. */
static int lift(int *fd)
{
    if (*fd < 0)
        return 0;
    *fd = fcntl(*fd, F_DUPFD_CLOEXEC, 3 + 2 * SETUP_MAX_FDS);
    return *fd < 0 ? -1 : 0;
}

/* 0, 1, 2, the config's from 3; behind them, closed on exec, what init still needs. */
static int place_descriptors(struct setup *s)
{
    const struct cell_config *c = s->config;
    int guest[SETUP_MAX_FDS];
    int *kept[] = {&s->null, &s->out, &s->err, &s->status, &s->image, &s->work};
    for (size_t i = 0; i < sizeof kept / sizeof kept[0]; i++)
        if (lift(kept[i]) != 0)
            return -1;
    for (size_t i = 0; i < c->n_fds; i++) {
        guest[i] = c->fds[i];
        if (lift(&guest[i]) != 0)
            return -1;
    }
    if (dup2(s->null, 0) < 0 || dup2(s->out, 1) < 0 || dup2(s->err, 2) < 0)
        return -1;
    int next = 3;
    for (size_t i = 0; i < c->n_fds; i++)
        if (dup2(guest[i], next++) < 0)
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

static const struct {
    const char *name;
    int (*run)(struct setup *);
} init_steps[] =
    {
        {"reset signals", reset_signals},
        {"collect the binds", mounts_collect},
        {"wait for the ids", await_parent},
        {"forbid namespaces", forbid_namespaces},
        {"offer the memory", offer_memory},
        {"become the cell's init", become_init},
        {"tie the cell to its parent", tie_to_parent},
        {"name the host", name_host},
        {"mount the root", mounts_root},
        {"attach the binds", mounts_populate},
        {"mount the work directory", mounts_work},
        {"write the files", mounts_files},
        {"enter the root", mounts_enter},
        {"pin to a core", pin},
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
enum {
    N_INIT_STEPS = sizeof init_steps / sizeof init_steps[0],
    N_COMMAND_STEPS = sizeof command_steps / sizeof command_steps[0],
};

const char *setup_step_name(int step)
{
    if (step < 0 || step >= N_INIT_STEPS + N_COMMAND_STEPS)
        return "start the command";
    return step < N_INIT_STEPS ? init_steps[step].name : command_steps[step - N_INIT_STEPS].name;
}

/* Runs in init's memory and descriptor table until its exec, which unshares both: so init finds the
 * listener that the filter's installation opened, and the error where a step failed. Once the
 * filter holds only exec and exit are called. */
static int command_main(void *argument)
{
    struct setup *s = argument;
    for (int i = 0; i < N_COMMAND_STEPS; i++) {
        if (command_steps[i].run(s) != 0) {
            s->error = errno;
            s->step = N_INIT_STEPS + i;
            break;
        }
    }
    syscall(SYS_exit_group, 127);
    __builtin_unreachable();
}

static void send_word(int socket, const struct setup_word *word, const int *fds, size_t n_fds)
{
    union {
        struct cmsghdr align;
        char bytes[CMSG_SPACE(3 * sizeof(int))];
    } control = {0};
    struct iovec part = {(void *)word, sizeof *word};
    struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1};
    if (n_fds > 0) {
        message.msg_control = control.bytes;
        message.msg_controllen = CMSG_SPACE(n_fds * sizeof(int));
        struct cmsghdr *c = CMSG_FIRSTHDR(&message);
        c->cmsg_level = SOL_SOCKET;
        c->cmsg_type = SCM_RIGHTS;
        c->cmsg_len = CMSG_LEN(n_fds * sizeof(int));
        memcpy(CMSG_DATA(c), fds, n_fds * sizeof(int));
    }
    (void)!sendmsg(socket, &message, MSG_NOSIGNAL); /* a parent that is gone has killed us */
}

static void fail(const struct setup *s, int step, int error)
{
    const struct setup_word word = {.kind = WORD_FAILED, .step = step, .error = error};
    send_word(s->status, &word, NULL, 0);
    _exit(127);
}

static void start_command(struct setup *s, int *ret_pid)
{
    _Alignas(16) char stack[32768];
    s->error = 0;
    s->listener = -1;
    const int flags = CLONE_VM | CLONE_VFORK | CLONE_FILES | CLONE_PIDFD | SIGCHLD;
    const int pid = clone(command_main, stack + sizeof stack, flags, s, &s->guest);
    if (pid < 0)
        fail(s, N_INIT_STEPS + N_COMMAND_STEPS, errno);
    if (s->error != 0)
        fail(s, s->step, s->error);
    *ret_pid = pid;
}

static void report_start(struct setup *s)
{
    const struct setup_word word = {.kind = WORD_STARTED};
    const int fds[] = {s->listener, s->guest, s->work};
    send_word(s->status, &word, fds, s->config->keep_work ? 3 : 2);
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
    const struct setup_word word = {
        .kind = WORD_ENDED,
        .wait_status = status,
        .cpu_us = microseconds(all.ru_utime) + microseconds(all.ru_stime),
        /* Exec counts the memory before it, which was ours and so the parent's: below that the
         * command's own is not known. */
        .peak_bytes = all.ru_maxrss > own.ru_maxrss ? (int64_t)all.ru_maxrss * 1024 : 0,
    };
    send_word(s->status, &word, NULL, 0);
}

static void init_main(struct setup *s)
{
    int command = -1;
    s->root = s->work = -1;
    s->image = s->config->image_fd;
    for (int i = 0; i < N_INIT_STEPS; i++)
        if (init_steps[i].run(s) != 0)
            fail(s, i, errno);
    start_command(s, &command);
    report_start(s);
    report_end(s, command);
    _exit(0);
}

pid_t setup_clone(struct setup *s, int cgroup, int *ret_pidfd)
{
    int pidfd = -1;
    struct k_clone_args args = {
        .flags = K_CLONE_NEWALL | K_CLONE_PIDFD,
        .pidfd = (uint64_t)(uintptr_t)&pidfd,
        .exit_signal = 0, /* no SIGCHLD: the host program's handler is not for us */
    };
    if (cgroup >= 0) {
        args.flags |= K_CLONE_INTO_CGROUP;
        args.cgroup = (uint64_t)cgroup;
    }
    /* No handler of the host program may run in the child. */
    sigset_t all, old;
    sigfillset(&all);
    sigprocmask(SIG_SETMASK, &all, &old);
    const long pid = syscall(SYS_clone3, &args, sizeof args);
    if (pid == 0)
        init_main(s);
    const int saved = errno;
    sigprocmask(SIG_SETMASK, &old, NULL);
    errno = saved;
    if (pid > 0)
        *ret_pidfd = pidfd;
    return (pid_t)pid;
}

#include "server/dispatch/grader.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "server/dispatch/lines.h"

enum { ARGS_MAX = 14 };

struct run {
    const struct grader *g;
    struct grader_end *end;
    pid_t pid;
    int pidfd, out, err; /* out, err: our ends of its pipes; -1 once at their end */
    struct lines lines;
    size_t said;
};

static int64_t now_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* ---- Starting ---- */

/* "Dies with its parent" is about the thread that spawns. A signal set that this thread blocks, or
 * a signal that this process ignores (SIGPIPE), must not be inherited. */
static int set_attributes(posix_spawnattr_t *attributes)
{
    sigset_t none, all;
    sigemptyset(&none);
    sigfillset(&all);
    posix_spawnattr_setsigmask(attributes, &none);
    posix_spawnattr_setsigdefault(attributes, &all);
    posix_spawnattr_setpgroup(attributes, 0);
    return posix_spawnattr_setflags(attributes, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK |
                                                    POSIX_SPAWN_SETSIGDEF);
}

static int spawn(const struct grader *g, int out, int err, pid_t *ret)
{
    char parent[16], core[16];
    snprintf(parent, sizeof parent, "%d", (int)getpid());
    snprintf(core, sizeof core, "%d", g->core);
    const char *args[ARGS_MAX] = {g->program, "run",          "--job", g->job_dir,
                                  "--events", "--parent-pid", parent};
    size_t n = 7;
    if (g->core >= 0) {
        args[n++] = "--core";
        args[n++] = core;
    }
    if (g->labs_dir != NULL) {
        args[n++] = "--labs";
        args[n++] = g->labs_dir;
    }
    if (g->cache_dir != NULL) {
        args[n++] = "--cache";
        args[n++] = g->cache_dir;
    }
    assert(n < ARGS_MAX);

    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    posix_spawn_file_actions_init(&actions);
    posix_spawnattr_init(&attributes);
    posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_adddup2(&actions, out, STDOUT_FILENO);
    posix_spawn_file_actions_adddup2(&actions, err, STDERR_FILENO);
    int rc = set_attributes(&attributes);
    if (rc == 0) /* the strings are not written to, whatever the type says */
        rc = posix_spawn(ret, g->program, &actions, &attributes, (char *const *)(uintptr_t)args,
                         environ);
    posix_spawnattr_destroy(&attributes);
    posix_spawn_file_actions_destroy(&actions);
    return rc;
}

static enum err_code open_pipe(int fds[2], struct err *why)
{
    if (pipe2(fds, O_CLOEXEC) != 0)
        return err_sys(why, ERR_IO, errno, "a pipe for the grader");
    fcntl(fds[0], F_SETFL, O_NONBLOCK); /* our end; the grader's blocks */
    return OK;
}

static void close_fd(int *fd)
{
    if (*fd >= 0)
        close(*fd);
    *fd = -1;
}

static enum err_code start(struct run *r, struct err *why)
{
    int out[2] = {-1, -1}, err[2] = {-1, -1};
    enum err_code rc = open_pipe(out, why);
    if (rc == OK)
        rc = open_pipe(err, why);
    if (rc == OK) {
        const int failed = spawn(r->g, out[1], err[1], &r->pid);
        if (failed != 0)
            rc = err_sys(why, ERR_IO, failed, "starting %s", r->g->program);
    }
    if (rc == OK && (r->pidfd = pidfd_open(r->pid, 0)) < 0)
        rc = err_sys(why, ERR_IO, errno, "watching the grader");
    close_fd(&out[1]);
    close_fd(&err[1]);
    r->out = out[0];
    r->err = err[0];
    return rc;
}

/* ---- Listening ---- */

static void take_output(struct run *r, const char *bytes, size_t size)
{
    lines_take(&r->lines, bytes, size, r->g->on_line, r->g->ctx);
}

/* Keeps the end of what it says: that is where the reason stands. */
static void take_said(struct run *r, const char *bytes, size_t size)
{
    const size_t room = sizeof r->end->said - 1;
    if (size > room) {
        bytes += size - room;
        size = room;
    }
    if (r->said + size > room) {
        const size_t drop = r->said + size - room;
        memmove(r->end->said, r->end->said + drop, r->said - drop);
        r->said -= drop;
    }
    for (size_t i = 0; i < size; i++) /* a log has one line for it, and no terminal's commands */
        r->end->said[r->said++] =
            (unsigned char)bytes[i] < ' ' || bytes[i] == 0x7f ? ' ' : bytes[i];
    r->end->said[r->said] = '\0';
}

/* Reads what is there, at most a bounded amount, so that a babbling grader cannot hold back the
 * beat. */
static void drain(struct run *r, int *fd, void (*take)(struct run *, const char *, size_t))
{
    char bytes[16384];
    for (int turns = 0; *fd >= 0 && turns < 16; turns++) {
        const ssize_t got = read(*fd, bytes, sizeof bytes);
        if (got > 0)
            take(r, bytes, (size_t)got);
        else if (got < 0 && errno == EINTR)
            continue;
        else if (got < 0 && errno == EAGAIN)
            return;
        else
            close_fd(fd);
    }
}

/* True: it is to be killed, and the end says why. */
static bool is_over(struct run *r, int64_t now, int64_t deadline, int64_t *next_beat, bool stopped)
{
    if (stopped) {
        r->end->kind = GRADER_STOPPED;
    } else if (now >= deadline) {
        r->end->kind = GRADER_TIMED_OUT;
    } else if (now >= *next_beat) {
        *next_beat = now + r->g->beat_ms;
        if (r->g->on_beat(r->g->ctx))
            return false;
        r->end->kind = GRADER_UNWANTED;
    } else {
        return false;
    }
    return true;
}

/* Until it has exited (true) or is to be killed (false). */
static bool attend(struct run *r)
{
    const int64_t started = now_ms(), deadline = started + r->g->timeout_ms;
    int64_t next_beat = started + r->g->beat_ms;
    for (;;) {
        struct pollfd fds[] = {{r->pidfd, POLLIN, 0},
                               {r->out, POLLIN, 0},
                               {r->err, POLLIN, 0},
                               {r->g->stop_fd, POLLIN, 0}};
        const int64_t until = deadline < next_beat ? deadline : next_beat, now = now_ms();
        poll(fds, sizeof fds / sizeof fds[0], until > now ? (int)(until - now) : 0);
        drain(r, &r->out, take_output);
        drain(r, &r->err, take_said);
        if (fds[0].revents != 0)
            return true;
        if (is_over(r, now_ms(), deadline, &next_beat, fds[3].revents != 0))
            return false;
    }
}

enum err_code grader_run(const struct grader *g, struct grader_end *ret, struct err *why)
{
    struct run r = {.g = g, .end = ret, .pid = -1, .pidfd = -1, .out = -1, .err = -1};
    *ret = (struct grader_end){.kind = GRADER_EXITED};
    const enum err_code rc = start(&r, why);
    if (rc == OK && attend(&r)) {
        drain(&r, &r.out, take_output); /* what it said last */
        drain(&r, &r.err, take_said);
    }
    if (r.pid > 0) {
        /* Also after it has exited: what it left behind in its group ends here. It is not reaped
         * yet, so its number cannot have been given to anyone else. */
        kill(-r.pid, SIGKILL);
        int status = 0;
        while (waitpid(r.pid, &status, 0) < 0 && errno == EINTR)
            ;
        if (ret->kind == GRADER_EXITED && WIFSIGNALED(status))
            ret->kind = GRADER_SIGNALLED;
        ret->status = WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status);
    }
    close_fd(&r.pidfd);
    close_fd(&r.out);
    close_fd(&r.err);
    return rc;
}

#include "server/dispatch/lab_list.h"

#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdint.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "server/dispatch/lines.h"

enum { PATIENCE_MS = 60 * 1000 };

struct listener {
    void (*on_fault)(void *ctx, const char *folder, const char *why);
    void *ctx;
    struct err *why;
    enum err_code rc; /* of the first line that was none */
};

enum err_code lab_list_line(const char *line, size_t size,
                            void (*on_fault)(void *ctx, const char *folder, const char *why),
                            void *ctx, struct err *why)
{
    json_t *json = json_loadb(line, size, JSON_REJECT_DUPLICATES, NULL);
    const char *folder = json_string_value(json_object_get(json, "folder"));
    const json_t *available = json_object_get(json, "available");
    const char *reason = json_string_value(json_object_get(json, "why"));
    const bool right =
        folder != NULL && json_is_boolean(available) && (json_is_true(available) || reason != NULL);
    if (right && json_is_false(available))
        on_fault(ctx, folder, reason);
    json_decref(json);
    return right ? OK : err_set(why, ERR_FORMAT, "the grader's list of labs is not understood");
}

static void on_line(void *ctx, const char *line, size_t size)
{
    struct listener *l = ctx;
    if (l->rc == OK)
        l->rc = lab_list_line(line, size, l->on_fault, l->ctx, l->why);
}

static int spawn(const char *program, const char *labs_dir, int out, pid_t *ret)
{
    const char *args[] = {program,  "list", "--format", "json", labs_dir != NULL ? "--labs" : NULL,
                          labs_dir, NULL};
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    sigset_t none;
    sigemptyset(&none);
    posix_spawnattr_init(&attributes);
    posix_spawnattr_setsigmask(&attributes, &none);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK);
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_adddup2(&actions, out, STDOUT_FILENO);
    posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
    const int failed =
        posix_spawn(ret, program, &actions, &attributes, (char *const *)(uintptr_t)args, environ);
    posix_spawn_file_actions_destroy(&actions);
    posix_spawnattr_destroy(&attributes);
    return failed;
}

static int64_t now_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* Until it closes its output; false: it takes too long. */
static bool listen_to(int fd, struct listener *l)
{
    static struct lines lines; /* 64 KiB; there is one start */
    const int64_t end = now_ms() + PATIENCE_MS;
    lines = (struct lines){.length = 0};
    for (;;) {
        char bytes[4096];
        struct pollfd ready = {.fd = fd, .events = POLLIN};
        const int64_t left = end - now_ms();
        if (left <= 0 || poll(&ready, 1, (int)left) == 0)
            return false;
        const ssize_t got = read(fd, bytes, sizeof bytes);
        if (got > 0)
            lines_take(&lines, bytes, (size_t)got, on_line, l);
        else if (got == 0 || errno != EINTR)
            return true;
    }
}

enum err_code lab_list_faults(const char *program, const char *labs_dir,
                              void (*on_fault)(void *ctx, const char *folder, const char *why),
                              void *ctx, struct err *why)
{
    struct listener l = {.on_fault = on_fault, .ctx = ctx, .why = why};
    int fds[2], status;
    pid_t pid;
    if (pipe2(fds, O_CLOEXEC) != 0)
        return err_sys(why, ERR_IO, errno, "a pipe for the grader");
    const int failed = spawn(program, labs_dir, fds[1], &pid);
    close(fds[1]);
    if (failed != 0) {
        close(fds[0]);
        return err_sys(why, ERR_IO, failed, "starting %s", program);
    }
    const bool in_time = listen_to(fds[0], &l);
    close(fds[0]);
    if (!in_time)
        kill(pid, SIGKILL);
    while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
        ;
    if (!in_time)
        return err_set(why, ERR_IO, "%s gave no list of labs within a minute", program);
    return l.rc;
}

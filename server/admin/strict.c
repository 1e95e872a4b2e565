/* --strict: no serving on a host where a cell's guarantee does not hold. The server never runs a
 * learner's code and does not link the sandbox; it asks the sandbox's program. */
#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "server/admin/command.h"

enum { ANSWER_MAX = 65536, ANSWER_MS = 30000 };

static int spawn(const char *program, int out, pid_t *ret)
{
    char *const argv[] = {(char[]){"graded-sandbox"}, (char[]){"--check"}, (char[]){"--json"},
                          NULL};
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    sigset_t none;
    sigemptyset(&none);
    posix_spawn_file_actions_init(&actions);
    posix_spawnattr_init(&attributes);
    posix_spawn_file_actions_adddup2(&actions, out, STDOUT_FILENO);
    posix_spawnattr_setsigmask(&attributes, &none); /* ours holds SIGTERM back */
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK);
    const int rc = posix_spawn(ret, program, &actions, &attributes, argv, environ);
    posix_spawnattr_destroy(&attributes);
    posix_spawn_file_actions_destroy(&actions);
    return rc;
}

/* Until its end, or until the time is up. The bytes read; -1: it said too much, or took too long.
 */
static ssize_t read_answer(int fd, char *ret, size_t size)
{
    size_t length = 0;
    struct pollfd p = {.fd = fd, .events = POLLIN};
    while (length < size && poll(&p, 1, ANSWER_MS) == 1) {
        const ssize_t got = read(fd, ret + length, size - length);
        if (got <= 0)
            return got < 0 ? -1 : (ssize_t)length;
        length += (size_t)got;
    }
    return -1;
}

static enum err_code ask(const char *program, char *ret, ssize_t *ret_length, struct err *why)
{
    int out[2];
    pid_t pid;
    if (pipe2(out, O_CLOEXEC) != 0)
        return err_sys(why, ERR_IO, errno, "asking %s", program);
    const int rc = spawn(program, out[1], &pid);
    close(out[1]);
    if (rc == 0) {
        *ret_length = read_answer(out[0], ret, ANSWER_MAX);
        if (*ret_length < 0)
            kill(pid, SIGKILL);
        waitpid(pid, NULL, 0);
    }
    close(out[0]);
    return rc == 0 ? OK : err_sys(why, ERR_IO, rc, "--strict: starting %s", program);
}

/* One line each; the first is also the reason told upwards. */
static enum err_code judge(const json_t *missing, struct err *why)
{
    size_t i;
    const json_t *entry;
    json_array_foreach(missing, i, entry)
    {
        const char *name = json_string_value(json_object_get(entry, "name"));
        const char *about = json_string_value(json_object_get(entry, "about"));
        const char *change = json_string_value(json_object_get(entry, "change"));
        fprintf(stderr, "graded: this host lacks %s: %s\n  change: %s\n", name ? name : "?",
                about ? about : "?", change ? change : "?");
    }
    if (json_array_size(missing) == 0)
        return OK;
    return err_set(why, ERR_UNSUPPORTED, "--strict: this host lacks %zu guarantee%s of a cell",
                   json_array_size(missing), json_array_size(missing) == 1 ? "" : "s");
}

enum err_code strict_check(const struct options *o, struct err *why)
{
    static char text[ANSWER_MAX];
    ssize_t length = 0;
    if (!o->strict)
        return OK;
    enum err_code rc = ask(o->sandbox, text, &length, why);
    if (rc != OK)
        return rc;
    json_t *answer = length < 0 ? NULL : json_loadb(text, (size_t)length, 0, NULL);
    const json_t *missing = json_object_get(answer, "missing");
    rc = json_is_array(missing)
             ? judge(missing, why)
             : err_set(why, ERR_IO, "--strict: %s --check gave no answer", o->sandbox);
    json_decref(answer);
    return rc;
}

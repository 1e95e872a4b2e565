/* `vgpu run`: is the device process itself, and starts the program beside it. */
#include <errno.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "grader/vgpu/device/serve.h"
#include "grader/vgpu/tool/options.h"
#include "grader/vgpu/tool/tool.h"

/* The program gets two descriptors and the variable that says which; signals of the terminal reach
 * it with their usual meaning, and us not at all: we end when it does. */
static int start(char **argv, int socket, int memory, pid_t *ret)
{
    char place[64];
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    sigset_t usual;
    snprintf(place, sizeof place, "%d,%d", socket, memory);
    sigemptyset(&usual);
    sigaddset(&usual, SIGINT);
    sigaddset(&usual, SIGQUIT);
    if (setenv(WIRE_ENVIRONMENT, place, 1) != 0 || posix_spawn_file_actions_init(&actions) != 0)
        return ENOMEM;
    if (posix_spawnattr_init(&attributes) != 0) {
        posix_spawn_file_actions_destroy(&actions);
        return ENOMEM;
    }
    posix_spawn_file_actions_adddup2(&actions, socket, socket); /* clears close-on-exec */
    posix_spawn_file_actions_adddup2(&actions, memory, memory);
    posix_spawnattr_setsigdefault(&attributes, &usual);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGDEF);
    const int error = posix_spawnp(ret, argv[0], &actions, &attributes, argv, environ);
    posix_spawnattr_destroy(&attributes);
    posix_spawn_file_actions_destroy(&actions);
    return error;
}

static int wait_for(pid_t pid)
{
    int status = 0;
    while (waitpid(pid, &status, 0) < 0)
        if (errno != EINTR)
            return TOOL_FAILED;
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

static int complain(const char *what)
{
    fprintf(stderr, "vgpu: %s\n", what);
    return TOOL_FAILED;
}

static int run_beside(struct machine *m, char **argv)
{
    int ends[2];
    pid_t pid;
    struct err why;
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0)
        return complain(strerror(errno));
    signal(SIGINT, SIG_IGN);
    signal(SIGQUIT, SIG_IGN);
    signal(SIGPIPE, SIG_IGN);
    const int error = start(argv, ends[1], m->shared_fd, &pid);
    close(ends[1]);
    if (error != 0) {
        close(ends[0]);
        fprintf(stderr, "vgpu run: %s: %s\n", argv[0], strerror(error));
        return TOOL_FAILED;
    }
    const enum err_code rc = serve(m, ends[0], -1, &why);
    close(ends[0]);
    const int status = wait_for(pid);
    return rc == OK ? status : complain(why.text);
}

int tool_run(int argc, char **argv)
{
    struct options o;
    struct machine *m = NULL;
    struct tools tools = {.n = 0};
    struct err why;
    const int first = options_read(&o, argc, argv);
    if (first < 0)
        return TOOL_USAGE;
    if (first >= argc) {
        fprintf(stderr, "usage: vgpu run [options] PROGRAM [ARGUMENTS]\n");
        return TOOL_USAGE;
    }
    int status = TOOL_FAILED;
    if (machine_new(&m, &o.config, &why) != OK || options_watch(&o, m, &tools, &why) != OK) {
        complain(why.text);
    } else {
        status = run_beside(m, argv + first);
        if (tools_report(&tools, &o) > 0 && status == 0)
            status = TOOL_FINDINGS;
    }
    machine_free(m);
    tools_done(&tools);
    return status;
}

int tool_device(int argc, char **argv)
{
    struct options o;
    struct machine *m = NULL;
    struct tools tools = {.n = 0};
    struct err why;
    if (options_read(&o, argc, argv) != argc || o.data < 0 || o.memory < 0) {
        fprintf(stderr, "usage: vgpu device --data FD --memory FD [--control FD] [options]\n");
        return TOOL_USAGE;
    }
    struct stat memory;
    if (fstat(o.memory, &memory) != 0 || memory.st_size <= WIRE_WINDOW)
        return complain("the memory to share is smaller than the window");
    signal(SIGPIPE, SIG_IGN);
    o.config.memory_fd = o.memory;
    o.config.shared = (uint64_t)memory.st_size - WIRE_WINDOW;
    o.config.checks_at_once = false;
    o.config.allowed = o.control >= 0 ? 0 : ACT_ALL;
    o.config.printed_bytes = 1 << 20;
    o.config.launch.output_bytes = 1 << 20;
    enum err_code rc = machine_new(&m, &o.config, &why);
    if (rc == OK)
        rc = options_watch(&o, m, &tools, &why);
    if (rc == OK)
        rc = serve(m, o.data, o.control, &why);
    if (rc != OK)
        fprintf(stderr, "vgpu device: %s\n", why.text);
    else
        tools_report(&tools, &o);
    machine_free(m);
    tools_done(&tools);
    return rc == OK ? 0 : TOOL_FAILED;
}

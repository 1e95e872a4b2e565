#include <errno.h>
#include <spawn.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "grader/vgpu/tool/tool.h"

void words_add(struct words *w, const char *word)
{
    if (w->n + 1 >= w->room) {
        const size_t room = w->room ? 2 * w->room : 64;
        const char **list = arena_array(w->arena, room, sizeof(const char *));
        if (!list || !word) {
            fprintf(stderr, "vgpu: out of memory\n");
            exit(TOOL_FAILED);
        }
        if (w->n)
            memcpy(list, w->list, w->n * sizeof(const char *));
        w->list = list;
        w->room = room;
    }
    w->list[w->n++] = word;
    w->list[w->n] = NULL;
}

int tool_spawn(const char *const *argv, int log)
{
    posix_spawn_file_actions_t actions;
    pid_t pid;
    int status = 0;
    if (posix_spawn_file_actions_init(&actions) != 0)
        return -1;
    if (log >= 0)
        posix_spawn_file_actions_adddup2(&actions, log, STDERR_FILENO);
    char *const *words = (char *const *)(uintptr_t)argv; /* posix_spawn never writes there */
    const int error = posix_spawnp(&pid, argv[0], &actions, NULL, words, environ);
    posix_spawn_file_actions_destroy(&actions);
    if (error != 0) {
        fprintf(stderr, "vgpu: %s: %s\n", argv[0], strerror(error));
        return -1;
    }
    while (waitpid(pid, &status, 0) < 0)
        if (errno != EINTR)
            return -1;
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

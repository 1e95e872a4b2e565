#include "tests/run.h"

#include <fcntl.h>
#include <setjmp.h>
#include <spawn.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

char *read_all(int fd)
{
    size_t size = 0, capacity = 1 << 16;
    char *text = malloc(capacity);
    for (;;) {
        if (size + 4096 > capacity)
            text = realloc(text, capacity *= 2);
        const ssize_t got = read(fd, text + size, 4095);
        if (got <= 0)
            break;
        size += (size_t)got;
    }
    text[size] = '\0';
    return text;
}

int run_program(const char *const *argv, char **ret_out)
{
    int pipe_fds[2];
    assert_int_equal(pipe2(pipe_fds, O_CLOEXEC), 0);
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, pipe_fds[1], STDOUT_FILENO);
    posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
    pid_t pid;
    const int failed =
        posix_spawn(&pid, argv[0], &actions, NULL, (char *const *)(uintptr_t)argv, environ);
    posix_spawn_file_actions_destroy(&actions);
    close(pipe_fds[1]);
    if (failed != 0)
        fail_msg("%s does not start: %s", argv[0], strerror(failed));
    char *out = read_all(pipe_fds[0]);
    close(pipe_fds[0]);
    int status;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    if (ret_out != NULL)
        *ret_out = out;
    else
        free(out);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

json_t *run_grade(const char *lab, const char *file, const char *option, int *ret_status)
{
    const char *const argv[] = {GRADE_PROGRAM, "run",        lab,    file, "--format",
                                "json",        "--no-cache", option, NULL};
    char *out;
    const int status = run_program(argv, &out);
    json_error_t at;
    json_t *report = json_loads(out, 0, &at);
    if (report == NULL)
        fail_msg("grade run %s %s: status %d, no JSON: %s: %.200s", lab, file, status, at.text,
                 out);
    free(out);
    if (ret_status != NULL)
        *ret_status = status;
    return report;
}

char *header_word(const char *path, const char *mark)
{
    char line[256];
    char *word = NULL;
    FILE *f = fopen(path, "re");
    while (word == NULL && f != NULL && fgets(line, sizeof line, f) != NULL && line[0] == '/') {
        const char *at = strstr(line, mark);
        if (at == NULL)
            continue;
        at += strlen(mark) + strspn(at + strlen(mark), " ");
        const char *end = strstr(at, " */");
        word = strndup(at, end != NULL ? (size_t)(end - at) : strcspn(at, "\n"));
    }
    if (f != NULL)
        fclose(f);
    return word;
}

/* One run of `grade` as a child process: started by posix_spawn (this process has threads, it never
 * forks), in a process group of its own, told to die with the thread that started it. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

enum { GRADER_SAID_MAX = 2048 };

struct grader {
    const char *program, *job_dir;
    const char *labs_dir, *cache_dir; /* NULL: none is named */
    int core;                         /* -1: any */
    int64_t timeout_ms;
    /* Called with each whole line of standard output (lines.h), without its end. */
    void (*on_line)(void *ctx, const char *line, size_t size);
    /* Called every beat_ms; false: nobody wants the result any more. */
    bool (*on_beat)(void *ctx);
    int64_t beat_ms;
    void *ctx;
    int stop_fd; /* readable: end it at once; -1: never */
};

enum grader_end_kind {
    GRADER_EXITED,    /* `status` */
    GRADER_SIGNALLED, /* `status` is the signal */
    GRADER_TIMED_OUT, /* killed by us, as all of these that follow */
    GRADER_UNWANTED,  /* on_beat said so */
    GRADER_STOPPED,   /* stop_fd */
};
struct grader_end {
    enum grader_end_kind kind;
    int status;
    char said[GRADER_SAID_MAX]; /* the end of its standard error, on one line */
};

/* Runs it to its end; all its processes in its group are gone then. An error means that it could
 * not be started or watched. */
MUST_CHECK enum err_code grader_run(const struct grader *g, struct grader_end *ret,
                                    struct err *why);

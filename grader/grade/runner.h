/* A runner as the grader sees it: a cell with a program that answers calls, frozen whenever it is
 * not answering one. The clock is ours: from the bell to the reply, outside the cell. */
#pragma once

#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/err.h"
#include "grader/grade/lab.h"
#include "grader/grade/listener.h"
#include "grader/grade/shm.h"
#include "sandbox/cell.h"

struct runner_config {
    int image_fd;              /* the executable, a sealed memfd; borrowed */
    enum cell_profile profile; /* CELL_RUN or CELL_SANITIZE */
    int64_t memory_bytes, stack_bytes, output_bytes, arena_bytes;
    int64_t total_cpu_ms; /* over all its calls; the cell's own last limit */
    int core;             /* -1: not pinned */
    int cover_fd;         /* > 0: becomes COVER_FD of grader/sdk/cover.h; borrowed */
    struct lab_allow allow;
    const struct cell_file *files; /* in its working directory; borrowed until it is open */
    size_t n_files;
};

struct runner {
    struct shm shm;
    struct cell *cell;
    struct listener listener; /* where it may have sockets */
    int bell;                 /* our end of the socket pair */
    bool frozen;
    bool threads;   /* it may have several: the clock stops when all of them stand still */
    int64_t cpu_us; /* when it was last frozen */
    bool urgent;    /* its calls shut others out of the core, for RUNNER_URGENT_MS each */
    struct {        /* the call that is under way */
        bool open, urgent, deaf; /* deaf: it closed its bell */
        int64_t start_ns, limit_cpu_ms, cpu_before_us;
    } call;
};
enum { RUNNER_URGENT_MS = 20 };

enum runner_outcome {
    RUNNER_REPLIED,
    RUNNER_TOO_SLOW, /* still running after the call's limit; the runner is dead now */
    RUNNER_ENDED,    /* it ended: see cell_result() */
    RUNNER_LIED,     /* it rang without answering this call; the runner is dead now */
};

struct runner_times {
    int64_t wall_ns; /* bell to reply */
    int64_t cpu_us;  /* of the whole cell, during the call */
};

struct runner_end {
    enum runner_outcome outcome;
    struct frame_reply reply; /* our copy, filled where it replied */
    struct runner_times times;
};

/* Starts the program, which then waits for its first call. It knows nothing yet that is worth
 * computing with, so it need not be frozen for that. */
MUST_CHECK enum err_code runner_open(struct runner *ret, const struct runner_config *config,
                                     struct err *why);
/* The program's process, as we number it; -1: none, or it has not answered a call yet. */
pid_t runner_pid(struct runner *r);
/* NULL-safe; works on a zeroed runner. */
void runner_close(struct runner *r);
bool runner_alive(const struct runner *r);
/* No more calls: lets the program end by itself, which takes it a moment, or else ends it. */
void runner_hang_up(struct runner *r);

/* One call, already written to r->shm: thaws and rings. The CPU limit is checked against the cell's
 * CPU time; wall time may be three times as much and a second. */
MUST_CHECK enum err_code runner_start(struct runner *r, int64_t limit_cpu_ms, struct err *why);
/* What shows that it is time for runner_look(), and in how many milliseconds it is time anyway. */
enum { RUNNER_FDS = 2 };
void runner_watch(const struct runner *r, struct pollfd ret[RUNNER_FDS]);
int runner_patience_ms(const struct runner *r);
/* Never waits. Where the call is over *ret_over is true: the clock is stopped, a runner that
 * replied is frozen, and its outputs are to be read from r->shm. */
MUST_CHECK enum err_code runner_look(struct runner *r, bool *ret_over, struct runner_end *ret,
                                     struct err *why);
/* Ends the runner, in the midst of a call if one is open. The CPU time that it used in that. */
int64_t runner_break_off(struct runner *r);

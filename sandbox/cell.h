/* A cell: one command of a stranger, run so that it can do nothing but compute.
 *
 *     struct cell *cell = NULL;
 *     if ((rc = cell_open(&cell, &config, why)) != OK) goto out;     started
 *     while (!cell_ended(cell)) { poll(cell_fd(cell)); cell_step(cell); }   or cell_wait(cell)
 *     cell_result(cell, &exit);
 * out: cell_close(cell);                                             whole tree dead, all freed
 *
 * What holds (docs/security.md lists what each layer is for): own user, mount, pid, net, ipc, uts,
 * cgroup and (Linux 6.1) time namespaces; a tmpfs root with read-only binds of what the config
 * lists, entered by pivot_root; no new privileges, no capabilities; an allow-list of system calls
 * per profile, where the first call off the list is named and ends the cell; rlimits; cgroup v2 or
 * v1 where usable. It works as root and as an ordinary user. What this host cannot give is in
 * cell_guarantees().
 *
 * Not safe for use by several threads; a process may hold many cells. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/err.h"
#include "base/str.h"

enum cell_profile {
    CELL_BUILD,    /* a compiler and its helpers: many processes, files in its work directory */
    CELL_RUN,      /* a learner's static program: one process, no files, no exec after the first */
    CELL_SANITIZE, /* as RUN, and what ASan and UBSan need: reading files of the root, /proc of
                      itself */
};

/* What a learner's program may do beyond its profile, where the lab is about it; several together.
 * Nothing of it for CELL_BUILD. */
enum cell_extra {
    CELL_THREADS = 1, /* of its own process; limits.processes bounds them */
    CELL_FILES = 2,   /* reads what lies in /box */
    CELL_SCRATCH = 4, /* and makes, changes and removes files there, limits.work_bytes of them */
    CELL_SOCKETS = 8, /* TCP over the loopback of its own network, which holds nothing else */
};

struct cell_bind {            /* read-only, nosuid, nodev */
    const char *host, *guest; /* absolute paths; a missing host path is ERR_NOT_FOUND */
    /* Not read-only; then noexec and nosymfollow. Nothing bounds how much is written, and what is
     * there afterwards is a stranger's, links among it. No grading uses it: graded-sandbox does. */
    bool writable;
};

struct cell_file {    /* written into the work directory before the command starts */
    const char *name; /* relative; '/' makes directories */
    const void *bytes;
    size_t size;
};

struct cell_limits {
    int64_t cpu_ms;        /* of all processes together */
    int64_t wall_ms;       /* from cell_open to the end */
    int64_t memory_bytes;  /* resident, page cache and tmpfs included where cgroups can */
    int64_t address_bytes; /* RLIMIT_AS; 0: none (ASan wants none) */
    int64_t stack_bytes;
    int64_t file_bytes;   /* one file */
    int64_t work_bytes;   /* the whole work directory */
    int64_t output_bytes; /* stdout and stderr, each; more is output_limit */
    int processes;
    int descriptors;
};

struct cell_config {
    enum cell_profile profile;
    unsigned extras; /* of enum cell_extra */
    const char *const
        *argv; /* NULL-ended; argv[0] is an absolute guest path unless image_fd >= 0 */
    const char *const *envp; /* NULL-ended; nothing is inherited */
    int image_fd; /* -1, or an executable file (a sealed memfd) to run in place of argv[0] */
    const struct cell_bind *binds;
    size_t n_binds;
    const struct cell_file *files; /* in /box, which is the working directory */
    size_t n_files;
    const int *fds; /* the caller's; become 3, 4, 5 ... in the cell; all others are closed */
    size_t n_fds;
    struct cell_limits limits;
    int core;       /* -1, or the CPU to be pinned to */
    bool keep_work; /* cell_take() will be used */
};

enum cell_verdict {
    CELL_EXITED,   /* by itself, `status` */
    CELL_SIGNALED, /* by `signal` */
    CELL_CPU_LIMIT,
    CELL_WALL_LIMIT,
    CELL_MEMORY_LIMIT,
    CELL_OUTPUT_LIMIT,
    CELL_FORBIDDEN_CALL, /* `system_call` names it */
    CELL_KILLED,         /* by cell_kill() */
    CELL_SETUP_FAILED,   /* our fault or the host's: the command never ran; `message` */
};

struct cell_exit {
    enum cell_verdict verdict;
    int status, signal;
    char system_call[32];
    int64_t wall_us, cpu_us, peak_bytes; /* peak_bytes 0: not known */
    char message[256];
};

struct cell;

/* Starts the command. ERR_INVALID: the config; ERR_NOT_FOUND: a bind; ERR_UNSUPPORTED: the host has
 * no user namespaces or no seccomp; ERR_IO, ERR_NOMEM. `config` may go away afterwards, the fds may
 * be closed. */
MUST_CHECK enum err_code cell_open(struct cell **ret, const struct cell_config *config,
                                   struct err *why);

/* Gets what is alike for all cells ready for the next `n` cell_open()s of this process, so that
 * they start in a fraction of the time: worth a call where there is something to wait for anyway. A
 * cell that is ready has the caller's id, affinity and limits as they are now. It was never told
 * anything, becomes one cell only, and ends with the process. At most 8; where fewer or none can be
 * made cell_open() says why. */
void cell_prepare(int n);

/* Readable whenever cell_step() has something to do. The cell's; do not close. */
int cell_fd(const struct cell *cell);

/* Drains output, answers the filter's notifications, enforces limits, notices the end. Never
 * blocks. */
void cell_step(struct cell *cell);
bool cell_ended(const struct cell *cell);
/* Steps until the end, which the wall limit bounds. */
void cell_wait(struct cell *cell);

/* Only after the end. */
void cell_result(const struct cell *cell, struct cell_exit *ret);
/* What was printed, up to the limit; the cell's, until close. May hold any bytes. */
const struct str *cell_stdout(const struct cell *cell);
const struct str *cell_stderr(const struct cell *cell);

/* Stops every process of the cell and returns once they are stopped; and lets them go on. */
MUST_CHECK enum err_code cell_freeze(struct cell *cell, struct err *why);
MUST_CHECK enum err_code cell_thaw(struct cell *cell, struct err *why);

/* The command's process as we number it, for whoever measures it from outside; -1: not started yet,
 * or gone. Signals are cell_kill()'s affair: the number may be another's tomorrow. */
pid_t cell_pid(const struct cell *cell);

/* CPU time of the whole cell so far, in microseconds. */
int64_t cell_cpu_us(const struct cell *cell);
/* Highest resident memory so far in bytes; 0: not known on this host. */
int64_t cell_peak_bytes(const struct cell *cell);

/* After the end: the regular file `name` of the work directory, at most `max` bytes, as a sealed
 * memfd that the caller closes. Never follows a link. ERR_NOT_FOUND, ERR_TOO_LARGE, ERR_INVALID. */
MUST_CHECK enum err_code cell_take(struct cell *cell, const char *name, size_t max_bytes,
                                   int *ret_fd, struct err *why);

void cell_kill(struct cell *cell);
/* Kills what lives, waits for it, frees all. NULL is fine. A cell that ended by itself has nothing
 * left but its own init, which is reaped later: with the next cell, or at exit(). */
void cell_close(struct cell *cell);

/* What holds on this host, found by trying; words like "userns", "seccomp", "cgroup_v1", and for
 * what does not hold a sentence. Static arrays, NULL-ended; probed on first use. */
struct cell_guarantees {
    const char *const *held;
    const char *const *degraded; /* "WORD: sentence" */
    const char *const *remedies; /* for each degraded one, what to change on this host */
};
void cell_guarantees(struct cell_guarantees *ret);

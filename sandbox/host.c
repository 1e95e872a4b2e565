/* What holds on this host, found by making a cell. */
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "sandbox/cell.h"
#include "sandbox/cgroup.h"
#include "sandbox/landlock.h"
#include "sandbox/launch.h"
#include "sandbox/remedy.h"

enum { MAX_WORDS = 16 };

struct findings {
    const char *held[MAX_WORDS + 1], *degraded[MAX_WORDS + 1], *remedies[MAX_WORDS + 1];
    size_t n_held, n_degraded;
    char why[ERR_TEXT_MAX + 64];
};

/* The word where it holds, else the sentence, and what to do about it. */
static void find(struct findings *f, bool holds, const char *word, const char *sentence)
{
    if (holds && f->n_held < MAX_WORDS)
        f->held[f->n_held++] = word;
    if (holds || f->n_degraded == MAX_WORDS)
        return;
    f->remedies[f->n_degraded] = remedy_for(word);
    f->degraded[f->n_degraded++] = sentence;
}

static struct cell_config probe_config(int image)
{
    static const char *const argv[] = {"probe", NULL};
    return (struct cell_config){
        .profile = CELL_RUN,
        .argv = argv,
        .envp = argv + 1,
        .image_fd = image,
        .core = -1,
        .limits =
            {
                .cpu_ms = 1000,
                .wall_ms = 5000,
                .memory_bytes = 64 << 20,
                .stack_bytes = 1 << 20,
                .file_bytes = 4096,
                .work_bytes = 4096,
                .output_bytes = 4096,
                .processes = 1,
                .descriptors = 16,
            },
    };
}

/* Runs an empty file, which no kernel takes for a program: when exec is what fails, every step
 * before it held. */
static bool cell_holds(char *why, size_t size)
{
    struct cell *cell = NULL;
    struct err err;
    struct cell_exit end = {0};
    const int image = memfd_create("probe", MFD_CLOEXEC);
    const struct cell_config config = probe_config(image);
    if (cell_open(&cell, &config, &err) == OK) {
        cell_wait(cell);
        cell_result(cell, &end);
        snprintf(err.text, sizeof err.text, "%s", end.message);
    }
    cell_close(cell);
    close(image);
    snprintf(why, size, "userns: a cell cannot be made here: %s", err.text);
    return end.verdict == CELL_SETUP_FAILED && strncmp(err.text, "run the command", 15) == 0;
}

static void probe(struct findings *f)
{
    const struct cgroup_host *host = cgroup_host();
    const bool holds = cell_holds(f->why, sizeof f->why);
    find(f, holds, "userns", f->why);
    find(f, holds, "private_root", "private_root: without a cell there is none");
    find(f, holds, "seccomp", "seccomp: without a cell no system call is filtered");
    find(f, launch_enters_time_namespace(), "time_ns",
         "time_ns: a command shares the host's time namespace");
    find(f, landlock_abi() > 0, "landlock",
         "landlock: not in this kernel; file rules rest on the mount tree alone");
    find(f, geteuid() == 0, "own_ids",
         "own_ids: not root, so cells share the caller's user id and differ in namespaces only");
    if (host->parent[CGROUP_V2] >= 0)
        find(f, true, "cgroup_v2", NULL);
    if (host->parent[CGROUP_V1_MEMORY] >= 0)
        find(f, true, "cgroup_v1", NULL);
    find(f, cgroup_host_limits_memory(host), "memory_limit",
         "memory_limit: no control group can be used; memory is watched every 10 ms and bounded by "
         "RLIMIT_DATA");
    find(f, cgroup_host_limits_pids(host), "process_limit",
         "process_limit: no control group can be used; RLIMIT_NPROC of the user namespace holds");
    find(f, cgroup_host_freezes(host), "freeze",
         "freeze: no freezer can be used; single programs are stopped by SIGSTOP");
}

/* A fact about the host, found once: it costs a cell. */
void cell_guarantees(struct cell_guarantees *ret)
{
    static struct findings f;
    if (f.n_held + f.n_degraded == 0)
        probe(&f);
    ret->held = f.held;
    ret->degraded = f.degraded;
    ret->remedies = f.remedies;
}

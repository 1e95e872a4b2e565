#include "sandbox/cgroup.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "sandbox/kernel_file.h"

static int write_number(int dir, const char *file, int64_t value)
{
    char text[24];
    snprintf(text, sizeof text, "%lld", (long long)value);
    return kernel_file_write(dir, file, text);
}

/* The number behind `key`; the file is nothing but a number where key is NULL. */
static int64_t number_in(const char *text, const char *key)
{
    return key == NULL ? kernel_file_number(text) : kernel_file_value(text, key);
}

static int64_t reread_number(int fd, const char *key)
{
    char text[512];
    kernel_file_reread(fd, text, sizeof text);
    return number_in(text, key);
}

static int64_t read_number(int dir, const char *file, const char *key)
{
    char text[512];
    kernel_file_read(dir, file, text, sizeof text);
    return number_in(text, key);
}

static int make_group(int parent, const char *name)
{
    if (mkdirat(parent, name, 0755) != 0)
        return -1;
    return openat(parent, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

static int set_memory_limit(const struct cgroup *g, const struct cgroup_host *host, int64_t bytes)
{
    if (g->dir[CGROUP_V1_MEMORY] >= 0) {
        if (write_number(g->dir[CGROUP_V1_MEMORY], "memory.limit_in_bytes", bytes) != 0)
            return -1;
        /* absent without swap accounting, and then there is nothing to limit */
        (void)!write_number(g->dir[CGROUP_V1_MEMORY], "memory.memsw.limit_in_bytes", bytes);
    } else if (g->dir[CGROUP_V2] >= 0 && host->v2_memory) {
        if (write_number(g->dir[CGROUP_V2], "memory.max", bytes) != 0)
            return -1;
        (void)!write_number(g->dir[CGROUP_V2], "memory.swap.max", 0);
    }
    return 0;
}

static int set_process_limit(const struct cgroup *g, const struct cgroup_host *host, int processes)
{
    if (g->dir[CGROUP_V1_PIDS] >= 0)
        return write_number(g->dir[CGROUP_V1_PIDS], "pids.max", processes);
    if (g->dir[CGROUP_V2] >= 0 && host->v2_pids)
        return write_number(g->dir[CGROUP_V2], "pids.max", processes);
    return 0;
}

static void open_hot_files(struct cgroup *g)
{
    const int v2 = g->dir[CGROUP_V2], freezer = g->dir[CGROUP_V1_FREEZER];
    if (v2 >= 0) {
        g->freeze = openat(v2, "cgroup.freeze", O_WRONLY | O_CLOEXEC);
        g->frozen = openat(v2, "cgroup.events", O_RDONLY | O_CLOEXEC);
        g->cpu = openat(v2, "cpu.stat", O_RDONLY | O_CLOEXEC);
    } else {
        if (freezer >= 0)
            g->freeze = g->frozen = openat(freezer, "freezer.state", O_RDWR | O_CLOEXEC);
        if (g->dir[CGROUP_V1_CPUACCT] >= 0)
            g->cpu = openat(g->dir[CGROUP_V1_CPUACCT], "cpuacct.usage", O_RDONLY | O_CLOEXEC);
    }
}

/* v2 freezes and counts time, so the v1 hierarchies for that are joined only without it: each
 * saved membership saves some 100 us per cell. */
static bool wanted(const struct cgroup_host *host, enum cgroup_tree tree)
{
    const bool spare = tree == CGROUP_V1_CPUACCT || tree == CGROUP_V1_FREEZER;
    return host->parent[tree] >= 0 && !(spare && host->parent[CGROUP_V2] >= 0);
}

static enum err_code open_tree_group(struct cgroup *g, enum cgroup_tree tree, struct err *why)
{
    if (!wanted(g->host, tree))
        return OK;
    g->dir[tree] = make_group(g->host->parent[tree], g->name);
    return g->dir[tree] >= 0 ? OK : err_sys(why, ERR_IO, errno, "control group %s", g->name);
}

enum err_code cgroup_open(struct cgroup *g, const struct cgroup_host *host, struct err *why)
{
    static unsigned counter; /* names only need to differ within this process */
    *g = (struct cgroup){.host = host, .freeze = -1, .frozen = -1, .cpu = -1};
    snprintf(g->name, sizeof g->name, "%d-%u-%ju", (int)getpid(), counter++,
             (uintmax_t)host->pid_namespace);
    for (int t = 0; t < N_CGROUP_TREES; t++)
        g->dir[t] = -1;
    return open_tree_group(g, CGROUP_V2, why);
}

enum err_code cgroup_join(struct cgroup *g, pid_t pid, struct err *why)
{
    for (int t = CGROUP_V2 + 1; t < N_CGROUP_TREES; t++) {
        const enum err_code rc = open_tree_group(g, (enum cgroup_tree)t, why);
        if (rc != OK)
            return rc;
        if (g->dir[t] >= 0 && write_number(g->dir[t], "cgroup.procs", pid) != 0 && errno != ESRCH)
            return err_sys(why, ERR_IO, errno, "joining control group %s", g->name);
    }
    open_hot_files(g);
    return OK;
}

enum err_code cgroup_limit(struct cgroup *g, int64_t memory_bytes, int processes, struct err *why)
{
    if (set_memory_limit(g, g->host, memory_bytes) != 0)
        return err_sys(why, ERR_IO, errno, "memory limit of control group %s", g->name);
    /* one more, for the cell's init */
    if (set_process_limit(g, g->host, processes + 1) != 0)
        return err_sys(why, ERR_IO, errno, "process limit of control group %s", g->name);
    return OK;
}

bool cgroup_can_freeze(const struct cgroup *g)
{
    return g->freeze >= 0 && g->frozen >= 0;
}

bool cgroup_knows_memory(const struct cgroup *g)
{
    return g->dir[CGROUP_V1_MEMORY] >= 0 || (g->dir[CGROUP_V2] >= 0 && g->host->v2_memory);
}

static bool is_frozen(const struct cgroup *g)
{
    if (g->freeze != g->frozen)
        return reread_number(g->frozen, "frozen") == 1;
    char state[16];
    kernel_file_reread(g->frozen, state, sizeof state);
    return strncmp(state, "FROZEN", 6) == 0;
}

static int64_t now_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* On a crowded host a member waits for its turn to stop; a second was seen not to be enough. */
enum { FREEZE_MS = 5000 };

/* A blocked member stops within microseconds of being given the core; one that spins on our own
 * core stops only when the scheduler takes it off, so after a few tries we sleep. */
static bool await_frozen(const struct cgroup *g)
{
    for (int i = 0; i < 16; i++) {
        if (is_frozen(g))
            return true;
        sched_yield();
    }
    for (const int64_t end = now_ms() + FREEZE_MS; now_ms() < end;) {
        if (is_frozen(g))
            return true;
        nanosleep(&(struct timespec){.tv_nsec = 50000}, NULL);
    }
    return is_frozen(g); /* it may be we who did not get the core */
}

static enum err_code set_frozen(struct cgroup *g, bool frozen, struct err *why)
{
    const char *word = g->freeze != g->frozen ? (frozen ? "1" : "0") : frozen ? "FROZEN" : "THAWED";
    if (pwrite(g->freeze, word, strlen(word), 0) < 0)
        return err_sys(why, ERR_IO, errno, "control group %s: %s", g->name,
                       frozen ? "freeze" : "thaw");
    return OK;
}

enum err_code cgroup_freeze(struct cgroup *g, struct err *why)
{
    const enum err_code rc = set_frozen(g, true, why);
    if (rc != OK)
        return rc;
    if (!await_frozen(g))
        return err_set(why, ERR_TIMEOUT, "control group %s did not freeze", g->name);
    return OK;
}

enum err_code cgroup_thaw(struct cgroup *g, struct err *why)
{
    return set_frozen(g, false, why);
}

int64_t cgroup_cpu_us(const struct cgroup *g)
{
    if (g->cpu < 0)
        return -1;
    if (g->dir[CGROUP_V2] >= 0)
        return reread_number(g->cpu, "usage_usec");
    const int64_t ns = reread_number(g->cpu, NULL);
    return ns < 0 ? -1 : ns / 1000;
}

int64_t cgroup_peak_bytes(const struct cgroup *g)
{
    int64_t bytes = 0;
    if (g->dir[CGROUP_V1_MEMORY] >= 0)
        bytes = read_number(g->dir[CGROUP_V1_MEMORY], "memory.max_usage_in_bytes", NULL);
    else if (cgroup_knows_memory(g))
        bytes = read_number(g->dir[CGROUP_V2], "memory.peak", NULL);
    return bytes < 0 ? 0 : bytes;
}

int64_t cgroup_oom_kills(const struct cgroup *g)
{
    int64_t kills = 0;
    if (g->dir[CGROUP_V1_MEMORY] >= 0)
        kills = read_number(g->dir[CGROUP_V1_MEMORY], "memory.oom_control", "oom_kill");
    else if (cgroup_knows_memory(g))
        kills = read_number(g->dir[CGROUP_V2], "memory.events", "oom_kill");
    return kills < 0 ? 0 : kills;
}

void cgroup_kill(const struct cgroup *g)
{
    if (g->dir[CGROUP_V2] >= 0)
        (void)!kernel_file_write(g->dir[CGROUP_V2], "cgroup.kill", "1");
    else if (cgroup_can_freeze(g)) /* a member of a frozen v1 group does not even die */
        (void)!kernel_file_write(g->dir[CGROUP_V1_FREEZER], "freezer.state", "THAWED");
}

/* Halves the cost of a freeze, which wakes every member: init is trusted and asleep. */
void cgroup_release(struct cgroup *g, pid_t init)
{
    if (g->dir[CGROUP_V2] < 0 || g->aside[0] != '\0')
        return;
    snprintf(g->aside, sizeof g->aside, "%d-init-%s", (int)getpid(), g->name);
    const int group = make_group(g->host->parent[CGROUP_V2], g->aside);
    if (group < 0)
        return;
    (void)!write_number(group, "cgroup.procs", init); /* where it fails, freezing is just slower */
    close(group);
}

void cgroup_remove(int parent, const char *name)
{
    /* The last task may still be on its way out of the group although it is reaped. */
    for (int i = 0; i < 100 && unlinkat(parent, name, AT_REMOVEDIR) != 0 && errno == EBUSY; i++)
        nanosleep(&(struct timespec){.tv_nsec = 200000}, NULL);
}

static void close_all(struct cgroup *g)
{
    if (g->frozen >= 0 && g->frozen != g->freeze)
        close(g->frozen);
    if (g->freeze >= 0)
        close(g->freeze);
    if (g->cpu >= 0)
        close(g->cpu);
    for (int t = 0; t < N_CGROUP_TREES; t++)
        if (g->dir[t] >= 0)
            close(g->dir[t]);
}

void cgroup_forget(struct cgroup *g)
{
    if (g->name[0] != '\0')
        close_all(g);
    *g = (struct cgroup){0};
}

void cgroup_close(struct cgroup *g)
{
    if (g->name[0] == '\0')
        return;
    for (int t = 0; t < N_CGROUP_TREES; t++)
        if (g->dir[t] >= 0)
            cgroup_remove(g->host->parent[t], g->name);
    if (g->aside[0] != '\0')
        cgroup_remove(g->host->parent[CGROUP_V2], g->aside);
    cgroup_forget(g);
}

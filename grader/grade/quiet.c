#include "grader/grade/quiet.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "sandbox/cell.h"

static const double LOAD_MAX = 0.5;    /* runnable processes besides us, on average */
static const double STOLEN_MAX = 0.01; /* of all time since boot */

struct look {
    const char *root;
    struct arena *arena;
    struct quiet_finding *ret;
    size_t n;
};

static void found(struct look *l, const char *what, const char *remedy)
{
    if (l->n < QUIET_MAX)
        l->ret[l->n++] = (struct quiet_finding){what, remedy};
}

/* The first line of a file under root; "" where there is none. */
static const char *line_of(struct look *l, const char *format, ...) PRINTF_LIKE(2, 3);
static const char *line_of(struct look *l, const char *format, ...)
{
    char name[256], path[512], line[512] = "";
    va_list args;
    va_start(args, format);
    vsnprintf(name, sizeof name, format, args);
    va_end(args);
    snprintf(path, sizeof path, "%s%s", l->root, name);
    FILE *f = fopen(path, "re");
    if (f == NULL)
        return "";
    if (fgets(line, sizeof line, f) == NULL)
        line[0] = '\0';
    fclose(f);
    return arena_strndup(l->arena, line, strcspn(line, "\n"));
}

static void look_at_governor(struct look *l, int core)
{
    const char *governor =
        line_of(l, "/sys/devices/system/cpu/cpu%d/cpufreq/scaling_governor", core < 0 ? 0 : core);
    if (governor[0] != '\0' && strcmp(governor, "performance") != 0)
        found(l,
              arena_printf(l->arena, "the frequency of core %d follows the governor '%s'", core,
                           governor),
              "cpupower frequency-set -g performance");
}

static void look_at_turbo(struct look *l)
{
    if (strcmp(line_of(l, "/sys/devices/system/cpu/intel_pstate/no_turbo"), "0") == 0)
        found(l, "turbo is on: the frequency depends on what other cores do",
              "echo 1 > /sys/devices/system/cpu/intel_pstate/no_turbo");
    if (strcmp(line_of(l, "/sys/devices/system/cpu/cpufreq/boost"), "1") == 0)
        found(l, "boost is on: the frequency depends on what other cores do",
              "echo 0 > /sys/devices/system/cpu/cpufreq/boost");
}

static void look_at_smt(struct look *l)
{
    if (strcmp(line_of(l, "/sys/devices/system/cpu/smt/active"), "1") == 0)
        found(l, "SMT is on: two threads share what is timed",
              "echo off > /sys/devices/system/cpu/smt/control, or keep the sibling of the timed "
              "core free");
}

static void look_at_load(struct look *l)
{
    const double load = strtod(line_of(l, "/proc/loadavg"), NULL);
    if (load > LOAD_MAX)
        found(l, arena_printf(l->arena, "other work runs here: the load average is %.2f", load),
              "end it, or keep it off the timed core: taskset, cpuset, isolcpus");
    if (strcmp(line_of(l, "/sys/devices/system/cpu/online"), "0") == 0)
        found(l, "there is one core: the server and all else share it with what is timed",
              "give the host a second core");
}

/* proc_stat(5): cpu user nice system idle iowait irq softirq steal guest guest_nice. */
static void look_at_steal(struct look *l)
{
    const char *at = line_of(l, "/proc/stat");
    if (strncmp(at, "cpu", strlen("cpu")) != 0)
        return;
    at += strlen("cpu");
    double total = 0, stolen = 0;
    char *end;
    for (int i = 0; i < 8 && at[0] != '\0'; i++, at = end) {
        const double ticks = strtod(at, &end);
        if (end == at)
            return;
        total += ticks;
        stolen = i == 7 ? ticks : 0;
    }
    if (total > 0 && stolen / total > STOLEN_MAX)
        found(l,
              arena_printf(l->arena, "the hypervisor took %.1f %% of this guest's time away",
                           100 * stolen / total),
              "give the guest cores of its own (dedicated, pinned)");
}

size_t quiet_cells(struct arena *a, struct quiet_finding *ret, size_t max)
{
    struct cell_guarantees cell;
    size_t n = 0;
    cell_guarantees(&cell);
    for (size_t i = 0; cell.degraded[i] != NULL && n < max; i++)
        if (strncmp(cell.degraded[i], "cgroup", strlen("cgroup")) == 0)
            ret[n++] = (struct quiet_finding){arena_strdup(a, cell.degraded[i]),
                                              arena_strdup(a, cell.remedies[i])};
    return n;
}

size_t quiet_look(const char *root, int core, struct arena *a, struct quiet_finding ret[QUIET_MAX])
{
    struct look l = {.root = root, .arena = a, .ret = ret};
    look_at_governor(&l, core);
    look_at_turbo(&l);
    look_at_smt(&l);
    look_at_load(&l);
    look_at_steal(&l);
    return l.n;
}

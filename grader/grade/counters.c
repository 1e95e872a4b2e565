#include "grader/grade/counters.h"

#include <linux/perf_event.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "grader/grade/stats.h"

static int kernel_open(uint64_t event, pid_t pid, int leader)
{
    struct perf_event_attr attr = {
        .type = PERF_TYPE_HARDWARE,
        .size = sizeof attr,
        .config = event,
        .disabled = leader < 0,
        .exclude_kernel = 1, /* what unprivileged users may count */
        .exclude_hv = 1,
        .read_format =
            PERF_FORMAT_GROUP | PERF_FORMAT_TOTAL_TIME_ENABLED | PERF_FORMAT_TOTAL_TIME_RUNNING,
    };
    return (int)syscall(SYS_perf_event_open, &attr, pid, -1, leader, PERF_FLAG_FD_CLOEXEC);
}

static int kernel_control(int leader, unsigned long request)
{
    return ioctl(leader, request, PERF_IOC_FLAG_GROUP);
}

const struct counters_host counters_kernel = {
    .open = kernel_open, .control = kernel_control, .read = read, .close = close};

/* In the order of the members of struct report_counters. */
static const uint64_t events[COUNTERS] = {PERF_COUNT_HW_INSTRUCTIONS, PERF_COUNT_HW_CPU_CYCLES,
                                          PERF_COUNT_HW_CACHE_MISSES, PERF_COUNT_HW_BRANCH_MISSES};

/* perf_event_open(2), "Reading results", of a group. */
struct group_read {
    uint64_t n, time_enabled, time_running, value[COUNTERS];
};

bool counters_open(struct counters *ret, const struct counters_host *host, pid_t pid)
{
    struct counters c = {.host = host, .fd = {-1, -1, -1, -1}};
    for (size_t i = 0; pid > 0 && i < COUNTERS; i++) {
        c.fd[i] = host->open(events[i], pid, c.fd[0]);
        if (c.fd[i] < 0)
            break;
    }
    if (c.fd[COUNTERS - 1] < 0) {
        counters_close(&c);
        return false;
    }
    *ret = c;
    return true;
}

void counters_close(struct counters *c)
{
    for (size_t i = COUNTERS; i-- > 0;)
        if (c->fd[i] >= 0)
            c->host->close(c->fd[i]);
}

void counters_start(struct counters *c)
{
    (void)c->host->control(c->fd[0], PERF_EVENT_IOC_RESET); /* a failure shows in the stop */
    (void)c->host->control(c->fd[0], PERF_EVENT_IOC_ENABLE);
}

/* Where more counters are wanted than the hardware has, the kernel takes turns and says how long
 * ours were on. */
static int64_t scaled(const struct group_read *g, uint64_t value)
{
    return (int64_t)((double)value * (double)g->time_enabled / (double)g->time_running);
}

/* The time is that since the group was opened, which RESET leaves as it is: the share stays right
 * as long as the turns do. */
bool counters_stop(struct counters *c, struct report_counters *ret)
{
    struct group_read g = {.n = 0};
    if (c->host->control(c->fd[0], PERF_EVENT_IOC_DISABLE) != 0 ||
        c->host->read(c->fd[0], &g, sizeof g) != (ssize_t)sizeof g || g.n != COUNTERS ||
        g.time_running == 0 || g.time_running > g.time_enabled)
        return false;
    *ret = (struct report_counters){.instructions = scaled(&g, g.value[0]),
                                    .cycles = scaled(&g, g.value[1]),
                                    .cache_misses = scaled(&g, g.value[2]),
                                    .branch_misses = scaled(&g, g.value[3])};
    return true;
}

enum { MEDIAN_MAX = 16 };

static int64_t median_of(const struct report_counters *each, size_t n, size_t offset)
{
    double values[MEDIAN_MAX];
    n = n < MEDIAN_MAX ? n : MEDIAN_MAX;
    for (size_t i = 0; i < n; i++)
        values[i] = (double)*(const int64_t *)((const char *)&each[i] + offset);
    return (int64_t)stats_median(values, n);
}

struct report_counters counters_median(const struct report_counters *each, size_t n)
{
    return (struct report_counters){
        .instructions = median_of(each, n, offsetof(struct report_counters, instructions)),
        .cycles = median_of(each, n, offsetof(struct report_counters, cycles)),
        .cache_misses = median_of(each, n, offsetof(struct report_counters, cache_misses)),
        .branch_misses = median_of(each, n, offsetof(struct report_counters, branch_misses))};
}

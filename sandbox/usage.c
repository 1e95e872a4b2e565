#include <sys/time.h>
#include <time.h>

#include "sandbox/cell_inside.h"
#include "sandbox/processes.h"

int64_t usage_now_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

/* Where no control group counts, the last answer has to do once the processes are gone. */
void usage_poll(struct cell *cell)
{
    const int64_t cpu_us = cell_cpu_us(cell);
    if (cpu_us > cell->polled_cpu_us)
        cell->polled_cpu_us = cpu_us;
    /* Until its exec the command is a copy of the parent, with all the parent's memory. */
    if (cgroup_knows_memory(&cell->group) || !cell->started)
        return;
    struct processes_usage usage;
    processes_usage(cell->init, &usage);
    if (usage.resident_bytes > cell->polled_peak)
        cell->polled_peak = usage.resident_bytes;
}

pid_t cell_pid(const struct cell *cell)
{
    return cell->command >= 0 ? processes_pid_of(cell->command) : -1;
}

int64_t cell_cpu_us(const struct cell *cell)
{
    const int64_t counted = cgroup_cpu_us(&cell->group);
    if (counted >= 0)
        return counted;
    if (cell->ended)
        return cell->result.cpu_us;
    struct timespec own;
    if (cell->clock != 0 && clock_gettime(cell->clock, &own) == 0)
        return (int64_t)own.tv_sec * 1000000 + own.tv_nsec / 1000;
    struct processes_usage usage;
    processes_usage(cell->init, &usage);
    return usage.cpu_us > cell->polled_cpu_us ? usage.cpu_us : cell->polled_cpu_us;
}

int64_t cell_peak_bytes(const struct cell *cell)
{
    if (cgroup_knows_memory(&cell->group))
        return cgroup_peak_bytes(&cell->group);
    return cell->polled_peak > cell->end.peak_bytes ? cell->polled_peak : cell->end.peak_bytes;
}

int64_t usage_wall_us(const struct cell *cell)
{
    return (usage_now_ns() - cell->start_ns) / 1000;
}

/* The next moment at which a limit can have been passed: CPU time grows at most as fast as all the
 * cores that the cell can use. So a timed call is not woken into. */
int64_t usage_next_check_us(const struct cell *cell)
{
    const int64_t wall_left = cell->limits.wall_ms * 1000 - usage_wall_us(cell);
    int64_t next = (cell->limits.cpu_ms * 1000 - cell_cpu_us(cell)) / cell->cores;
    if (!cgroup_knows_memory(&cell->group) && next > 10000)
        next = 10000; /* resident memory is watched by looking */
    if (next < 1000)
        next = 1000;
    return next < wall_left ? next : wall_left > 1 ? wall_left : 1;
}

int64_t usage_of(const struct rusage *r)
{
    return (int64_t)(r->ru_utime.tv_sec + r->ru_stime.tv_sec) * 1000000 + r->ru_utime.tv_usec +
           r->ru_stime.tv_usec;
}

int64_t usage_final_cpu_us(const struct cell *cell, int64_t reaped_us)
{
    const int64_t counted = cgroup_cpu_us(&cell->group);
    if (counted >= 0)
        return counted;
    return reaped_us > cell->polled_cpu_us ? reaped_us : cell->polled_cpu_us;
}

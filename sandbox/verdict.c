#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "sandbox/cell_inside.h"
#include "sandbox/image.h"

/* Static data that the kernel cannot even map, so that exec fails past its point of no return, by a
 * signal before main. */
static bool cannot_start(const struct cell *cell)
{
    const struct cell_limits *l = &cell->limits;
    int64_t bound = (int64_t)sysconf(_SC_PHYS_PAGES) * sysconf(_SC_PAGESIZE);
    if (l->address_bytes > 0 && l->address_bytes < bound)
        bound = l->address_bytes;
    if (!cgroup_knows_memory(&cell->group) && l->memory_bytes < bound)
        bound = l->memory_bytes;
    return cell->image >= 0 && image_memory_bytes(cell->image) > bound;
}

static bool killed_by_memory(const struct cell *cell, int signal)
{
    if (cgroup_oom_kills(&cell->group) > 0)
        return true;
    const bool starved = signal == SIGSEGV || signal == SIGKILL || signal == SIGABRT;
    if (!starved)
        return false;
    if (cannot_start(cell))
        return true;
    return !cgroup_knows_memory(&cell->group) && cell_peak_bytes(cell) >= cell->limits.memory_bytes;
}

static enum cell_verdict judge_signal(struct cell *cell, int signal)
{
    cell->result.signal = signal;
    if (killed_by_memory(cell, signal))
        return CELL_MEMORY_LIMIT;
    if (signal == SIGXCPU)
        return CELL_CPU_LIMIT;
    if (signal != SIGSYS)
        return CELL_SIGNALED;
    snprintf(cell->result.system_call, sizeof cell->result.system_call, "foreign ABI");
    return CELL_FORBIDDEN_CALL;
}

static enum cell_verdict judge(struct cell *cell)
{
    struct cell_exit *r = &cell->result;
    if (cell->end.kind == REPLY_FAILED) {
        snprintf(r->message, sizeof r->message, "%s: %s", cell->end.step,
                 strerrordesc_np(cell->end.error));
        return CELL_SETUP_FAILED;
    }
    if (cell->killed)
        return cell->cause;
    if (cell->end.kind == REPLY_ENDED && WIFEXITED(cell->end.wait_status)) {
        r->status = WEXITSTATUS(cell->end.wait_status);
        return cgroup_oom_kills(&cell->group) > 0 ? CELL_MEMORY_LIMIT : CELL_EXITED;
    }
    if (cell->end.kind == REPLY_ENDED)
        return judge_signal(cell, WTERMSIG(cell->end.wait_status));
    if (cell->started || cgroup_oom_kills(&cell->group) > 0)
        return judge_signal(cell, SIGKILL); /* init fell with it */
    snprintf(r->message, sizeof r->message, "the cell's init died while setting up");
    return CELL_SETUP_FAILED;
}

static void say_why(struct cell *cell)
{
    struct cell_exit *r = &cell->result;
    const struct cell_limits *l = &cell->limits;
    const struct {
        enum cell_verdict verdict;
        const char *did;
        int64_t bound;
        const char *of;
    } table[] = {
        {CELL_CPU_LIMIT, "used", l->cpu_ms, "ms of CPU time"},
        {CELL_WALL_LIMIT, "ran for", l->wall_ms, "ms"},
        {CELL_MEMORY_LIMIT, "used", l->memory_bytes, "bytes of memory"},
        {CELL_OUTPUT_LIMIT, "printed", l->output_bytes, "bytes"},
    };
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++)
        if (r->verdict == table[i].verdict)
            snprintf(r->message, sizeof r->message, "%s more than %lld %s", table[i].did,
                     (long long)table[i].bound, table[i].of);
    if (r->verdict == CELL_FORBIDDEN_CALL)
        snprintf(r->message, sizeof r->message, "made the system call %s", r->system_call);
}

void verdict_reach(struct cell *cell)
{
    cell->result.verdict = judge(cell);
    cell->result.peak_bytes = cell_peak_bytes(cell);
    say_why(cell);
}

#include "grader/grade/core.h"

int core_pick(int wanted)
{
    cpu_set_t allowed;
    if (sched_getaffinity(0, sizeof allowed, &allowed) != 0)
        return -1;
    if (wanted >= 0 && wanted < CPU_SETSIZE && CPU_ISSET(wanted, &allowed))
        return wanted;
    for (int i = 0; i < CPU_SETSIZE; i++)
        if (CPU_ISSET(i, &allowed))
            return i;
    return -1;
}

struct core_before core_pin(int core)
{
    struct core_before before = {.known = false};
    cpu_set_t one;
    before.known = sched_getaffinity(0, sizeof before.cpus, &before.cpus) == 0;
    CPU_ZERO(&one);
    if (core < 0)
        return before;
    CPU_SET(core, &one);
    (void)sched_setaffinity(0, sizeof one, &one);
    return before;
}

void core_release(const struct core_before *before)
{
    if (before->known)
        (void)sched_setaffinity(0, sizeof before->cpus, &before->cpus);
}

bool core_raise(pid_t pid, enum core_priority priority)
{
    const struct sched_param p = {.sched_priority = (int)priority};
    return pid >= 0 && sched_setscheduler(pid, SCHED_FIFO | SCHED_RESET_ON_FORK, &p) == 0;
}

void core_lower(pid_t pid)
{
    const struct sched_param ordinary = {.sched_priority = 0};
    if (pid >= 0)
        (void)sched_setscheduler(pid, SCHED_OTHER, &ordinary); /* it may be gone by now */
}

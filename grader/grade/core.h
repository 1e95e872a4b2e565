/* The core that runners and the clock share: a doorbell there costs a tenth of one between cores.
 */
#pragma once

#include <sched.h>
#include <stdbool.h>
#include <sys/types.h>

/* `wanted` if this process may run there, else the first core that it may run on; -1: not known. */
int core_pick(int wanted);

/* Pins the calling thread to a core; -1, or what the host does not allow, changes nothing: slower
 * and noisier then, never wrong. core_release() gives back what was. */
struct core_before {
    bool known;
    cpu_set_t cpus;
};
struct core_before core_pin(int core);
void core_release(const struct core_before *before);

/* Real-time priority for a process (0: the caller; -1: nobody), where the host allows it: with
 * CAP_SYS_NICE, or an RLIMIT_RTPRIO of CORE_CLOCK. Then nobody else runs on the core during a timed
 * call. Whoever holds the clock stands above the runner, so that it can always end it; what it
 * starts stands nowhere. core_lower() makes the process an ordinary one again. */
enum core_priority { CORE_RUNNER = 1, CORE_CLOCK = 2 };
bool core_raise(pid_t pid, enum core_priority priority);
void core_lower(pid_t pid);

/* The core that runners and the clock share: a doorbell there costs a tenth of one between cores.
 */
#pragma once

#include <sched.h>
#include <stdbool.h>

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

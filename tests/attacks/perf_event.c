/* class: run */
/* lab: 0.1 */
/* verdict: security_violation */
/* Counts events of the kernel. */
#define _GNU_SOURCE
#include "lab.h"
#include <linux/perf_event.h>
#include <sys/syscall.h>
#include <unistd.h>

uint64_t sum(uint64_t a, uint64_t b)
{
    struct perf_event_attr attr = {.size = sizeof attr};
    syscall(SYS_perf_event_open, &attr, 0, -1, -1, 0);
    return a + b;
}

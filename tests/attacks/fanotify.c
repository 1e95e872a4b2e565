/* class: host */
/* lab: 0.1 */
/* verdict: security_violation */
/* Watches what the host opens. */
#define _GNU_SOURCE
#include "lab.h"
#include <sys/syscall.h>
#include <unistd.h>

uint64_t sum(uint64_t a, uint64_t b)
{
    syscall(SYS_fanotify_init, 0, 0);
    return a + b;
}

/* class: others */
/* lab: 0.1 */
/* verdict: security_violation */
/* Takes a descriptor out of another process. */
#define _GNU_SOURCE
#include "lab.h"
#include <sys/syscall.h>
#include <unistd.h>

uint64_t sum(uint64_t a, uint64_t b)
{
    const long fd = syscall(SYS_pidfd_open, 1, 0);
    syscall(SYS_pidfd_getfd, fd, 0, 0);
    return a + b;
}

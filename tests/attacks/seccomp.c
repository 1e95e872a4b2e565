/* class: run */
/* lab: 0.1 */
/* verdict: security_violation */
/* A filter of its own would answer the calls of the runner. */
#define _GNU_SOURCE
#include "lab.h"
#include <sys/syscall.h>
#include <unistd.h>

uint64_t sum(uint64_t a, uint64_t b)
{
    syscall(SYS_seccomp, 1, 0, 0);
    return a + b;
}

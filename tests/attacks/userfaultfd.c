/* class: run */
/* lab: 0.1 */
/* verdict: security_violation */
/* Stops the kernel at a page fault of its choice. */
#define _GNU_SOURCE
#include "lab.h"
#include <sys/syscall.h>
#include <unistd.h>

uint64_t sum(uint64_t a, uint64_t b)
{
    syscall(SYS_userfaultfd, 0);
    return a + b;
}

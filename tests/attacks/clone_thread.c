/* class: run */
/* lab: 0.1 */
/* verdict: security_violation */
/* A thread without the help of the C library. */
#define _GNU_SOURCE
#include "lab.h"
#include <sys/syscall.h>
#include <unistd.h>

uint64_t sum(uint64_t a, uint64_t b)
{
    static char stack[4096];
    syscall(SYS_clone, 0x10f00L, stack + sizeof stack, 0L, 0L, 0L);
    return a + b;
}

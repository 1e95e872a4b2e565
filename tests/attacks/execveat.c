/* class: run */
/* lab: 0.1 */
/* verdict: security_violation */
/* A second exec; the filter allows one, to whoever knows a number. */
#define _GNU_SOURCE
#include "lab.h"
#include <sys/syscall.h>
#include <unistd.h>

uint64_t sum(uint64_t a, uint64_t b)
{
    syscall(SYS_execveat, 3, "", NULL, NULL, 0x1000, 0L);
    return a + b;
}

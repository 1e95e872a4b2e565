/* class: host */
/* lab: 0.1 */
/* verdict: security_violation */
/* Reads the log of the kernel, for its addresses. */
#define _GNU_SOURCE
#include "lab.h"
#include <sys/syscall.h>
#include <unistd.h>

uint64_t sum(uint64_t a, uint64_t b)
{
    char text[256];
    syscall(SYS_syslog, 3, text, 256L);
    return a + b;
}

/* class: host */
/* lab: 0.1 */
/* verdict: security_violation */
/* Takes all capabilities. */
#define _GNU_SOURCE
#include "lab.h"
#include <sys/syscall.h>
#include <unistd.h>

uint64_t sum(uint64_t a, uint64_t b)
{
    syscall(SYS_capset, 0, 0);
    return a + b;
}

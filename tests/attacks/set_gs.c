/* class: run */
/* lab: 0.1 */
/* arch: x86_64 */
/* verdict: security_violation */
/* Another base for gs. */
#define _GNU_SOURCE
#include "lab.h"
#include <sys/syscall.h>
#include <unistd.h>

uint64_t sum(uint64_t a, uint64_t b)
{
    syscall(SYS_arch_prctl, 0x1001, 0L);
    return a + b;
}

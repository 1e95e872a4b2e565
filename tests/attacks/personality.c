/* class: run */
/* lab: 0.1 */
/* verdict: security_violation */
/* Turns address randomisation off, or READ_IMPLIES_EXEC on. */
#define _GNU_SOURCE
#include "lab.h"
#include <sys/syscall.h>
#include <unistd.h>

uint64_t sum(uint64_t a, uint64_t b)
{
    syscall(SYS_personality, 0x0400000L);
    return a + b;
}

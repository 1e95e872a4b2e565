/* class: host */
/* lab: 0.1 */
/* verdict: security_violation */
/* Turns the machine off. */
#define _GNU_SOURCE
#include "lab.h"
#include <sys/syscall.h>
#include <unistd.h>

uint64_t sum(uint64_t a, uint64_t b)
{
    syscall(SYS_reboot, 0xfee1dead, 672274793, 0x4321fedc, 0);
    return a + b;
}

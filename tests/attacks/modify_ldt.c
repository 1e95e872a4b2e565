/* class: run */
/* lab: 0.1 */
/* arch: x86_64 */
/* verdict: security_violation */
/* Segments of its own. */
#define _GNU_SOURCE
#include "lab.h"
#include <sys/syscall.h>
#include <unistd.h>

uint64_t sum(uint64_t a, uint64_t b)
{
    syscall(SYS_modify_ldt, 1, 0, 0);
    return a + b;
}

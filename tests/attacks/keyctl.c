/* class: others */
/* lab: 0.1 */
/* verdict: security_violation */
/* Leaves a key for the next submission; no namespace holds keyrings. */
#define _GNU_SOURCE
#include "lab.h"
#include <sys/syscall.h>
#include <unistd.h>

uint64_t sum(uint64_t a, uint64_t b)
{
    syscall(SYS_add_key, "user", "graded-attack", "x", 1L, -4L);
    return a + b;
}

/* class: others */
/* lab: 0.1 */
/* verdict: security_violation */
/* Traces the init of its cell. */
#define _GNU_SOURCE
#include "lab.h"
#include <sys/ptrace.h>

uint64_t sum(uint64_t a, uint64_t b)
{
    ptrace(PTRACE_ATTACH, 1, 0, 0);
    return a + b;
}

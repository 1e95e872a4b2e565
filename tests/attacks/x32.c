/* class: run */
/* lab: 0.1 */
/* arch: x86_64 */
/* verdict: runtime_error or security_violation */
/* A third ABI: x32 numbers. */
#define _GNU_SOURCE
#include "lab.h"
#include <stddef.h>
#include <unistd.h>

uint64_t sum(uint64_t a, uint64_t b)
{
    syscall(0x40000000L + 520, "/bin/sh", NULL, NULL);
    return a + b;
}

/* class: load */
/* lab: 0.1 */
/* verdict: security_violation */
/* Opens a file before the C library is ready. */
#define _GNU_SOURCE
#include "lab.h"
#include <fcntl.h>

static void first(void)
{
    open("/etc/passwd", O_RDONLY);
}
__attribute__((section(".preinit_array"), used)) static void (*const entry)(void) = first;

uint64_t sum(uint64_t a, uint64_t b)
{
    return a + b;
}

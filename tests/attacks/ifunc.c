/* class: load */
/* lab: 0.1 */
/* verdict: security_violation or runtime_error */
/* A resolver runs while the program relocates itself. */
#define _GNU_SOURCE
#include "lab.h"
#include <sys/syscall.h>
#include <unistd.h>

static void nothing(void)
{
}

static void (*resolve(void))(void)
{
    syscall(SYS_socket, 2, 1, 0);
    return nothing;
}

void own(void) __attribute__((ifunc("resolve")));

uint64_t sum(uint64_t a, uint64_t b)
{
    own();
    return a + b;
}

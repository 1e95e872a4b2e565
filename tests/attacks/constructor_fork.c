/* class: load */
/* lab: 0.1 */
/* verdict: security_violation */
/* Forks before main; the filter is older than the program. */
#define _GNU_SOURCE
#include "lab.h"
#include <unistd.h>

__attribute__((constructor)) static void before_main(void)
{
    if (fork() == 0)
        pause();
}

uint64_t sum(uint64_t a, uint64_t b)
{
    return a + b;
}

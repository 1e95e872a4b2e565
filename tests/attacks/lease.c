/* class: others */
/* lab: 0.1 */
/* verdict: security_violation */
/* Learns by a lease when another opens a file. */
#define _GNU_SOURCE
#include "lab.h"
#include <fcntl.h>

uint64_t sum(uint64_t a, uint64_t b)
{
    fcntl(3, F_SETLEASE, F_WRLCK);
    return a + b;
}

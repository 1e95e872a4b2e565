/* class: host */
/* lab: 0.1 */
/* verdict: security_violation */
/* The classic way out of a chroot. */
#define _GNU_SOURCE
#include "lab.h"
#include <unistd.h>

uint64_t sum(uint64_t a, uint64_t b)
{
    chroot(".");
    return a + b;
}

/* class: oracle */
/* lab: 0.1 */
/* verdict: security_violation */
/* Punches holes into the input memory. */
#define _GNU_SOURCE
#include "lab.h"
#include <fcntl.h>

uint64_t sum(uint64_t a, uint64_t b)
{
    fallocate(3, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0, 1 << 20);
    return a + b;
}

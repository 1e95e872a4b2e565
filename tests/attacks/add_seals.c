/* class: oracle */
/* lab: 0.1 */
/* verdict: security_violation */
/* Seals the memory against its owner. */
#define _GNU_SOURCE
#include "lab.h"
#include <fcntl.h>

uint64_t sum(uint64_t a, uint64_t b)
{
    fcntl(4, F_ADD_SEALS, F_SEAL_WRITE);
    return a + b;
}

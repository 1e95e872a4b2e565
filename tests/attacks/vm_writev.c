/* class: others */
/* lab: 0.1 */
/* verdict: security_violation */
/* Writes into the memory of another process. */
#define _GNU_SOURCE
#include "lab.h"
#include <sys/uio.h>

uint64_t sum(uint64_t a, uint64_t b)
{
    struct iovec here = {&a, 8}, there = {&b, 8};
    process_vm_writev(1, &here, 1, &there, 1, 0);
    return a + b;
}

/* class: run */
/* lab: 0.1 */
/* verdict: security_violation */
/* Gifts pages to a pipe. */
#define _GNU_SOURCE
#include "lab.h"
#include <fcntl.h>
#include <sys/uio.h>

uint64_t sum(uint64_t a, uint64_t b)
{
    vmsplice(1, &(struct iovec){&a, 8}, 1, SPLICE_F_GIFT);
    return a + b;
}

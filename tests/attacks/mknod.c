/* class: host */
/* lab: 0.1 */
/* verdict: security_violation */
/* The disk of the host, as a device of its own. */
#define _GNU_SOURCE
#include "lab.h"
#include <sys/stat.h>
#include <sys/sysmacros.h>

uint64_t sum(uint64_t a, uint64_t b)
{
    mknod("disk", S_IFBLK | 0666, makedev(8, 0));
    return a + b;
}

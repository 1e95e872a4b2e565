/* class: host */
/* lab: 0.1 */
/* verdict: security_violation */
/* Uncovers what lies below its root. */
#define _GNU_SOURCE
#include "lab.h"
#include <sys/mount.h>

uint64_t sum(uint64_t a, uint64_t b)
{
    umount2("/", MNT_DETACH);
    return a + b;
}

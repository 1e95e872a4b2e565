/* class: host */
/* lab: 0.1 */
/* verdict: security_violation */
/* Mounts a file system. */
#define _GNU_SOURCE
#include "lab.h"
#include <stddef.h>
#include <sys/mount.h>

uint64_t sum(uint64_t a, uint64_t b)
{
    mount("none", "/", "tmpfs", 0, NULL);
    return a + b;
}

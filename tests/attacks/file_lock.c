/* class: others */
/* lab: 0.1 */
/* verdict: security_violation */
/* A record lock, as a message to another cell. */
#define _GNU_SOURCE
#include "lab.h"
#include <fcntl.h>

uint64_t sum(uint64_t a, uint64_t b)
{
    fcntl(4, F_SETLK, &(struct flock){.l_type = F_WRLCK});
    return a + b;
}

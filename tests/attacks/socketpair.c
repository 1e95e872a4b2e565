/* class: run */
/* lab: 0.1 */
/* verdict: security_violation */
/* Even a socket pair of its own. */
#define _GNU_SOURCE
#include "lab.h"
#include <sys/socket.h>

uint64_t sum(uint64_t a, uint64_t b)
{
    int pair[2];
    socketpair(AF_UNIX, SOCK_STREAM, 0, pair);
    return a + b;
}

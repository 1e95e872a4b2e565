/* class: run */
/* lab: 0.1 */
/* verdict: security_violation */
/* Asks the kernel for its network interfaces. */
#define _GNU_SOURCE
#include "lab.h"
#include <sys/socket.h>

uint64_t sum(uint64_t a, uint64_t b)
{
    socket(AF_NETLINK, SOCK_RAW, 0);
    return a + b;
}

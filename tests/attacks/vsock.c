/* class: run */
/* lab: 0.1 */
/* verdict: security_violation */
/* VSOCK reaches the hypervisor, whatever the network namespace. */
#define _GNU_SOURCE
#include "lab.h"
#include <sys/socket.h>

uint64_t sum(uint64_t a, uint64_t b)
{
    socket(AF_VSOCK, SOCK_STREAM, 0);
    return a + b;
}

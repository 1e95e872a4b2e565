/* class: run */
/* lab: 0.1 */
/* verdict: security_violation */
/* The crypto API of the kernel, through a socket. */
#define _GNU_SOURCE
#include "lab.h"
#include <sys/socket.h>

uint64_t sum(uint64_t a, uint64_t b)
{
    socket(AF_ALG, SOCK_SEQPACKET, 0);
    return a + b;
}

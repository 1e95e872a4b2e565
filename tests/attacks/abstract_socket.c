/* class: others */
/* lab: 0.1 */
/* verdict: security_violation */
/* A name that every cell could meet at. */
#define _GNU_SOURCE
#include "lab.h"
#include <sys/socket.h>
#include <sys/un.h>

uint64_t sum(uint64_t a, uint64_t b)
{
    struct sockaddr_un name = {.sun_family = AF_UNIX, .sun_path = "\0graded-attack"};
    bind(socket(AF_UNIX, SOCK_DGRAM, 0), (struct sockaddr *)&name, sizeof name);
    return a + b;
}

/* class: reply */
/* lab: 0.1 */
/* verdict: security_violation */
/* Sends the grader descriptors that it does not want. */
#define _GNU_SOURCE
#include "lab.h"
#include <sys/socket.h>

uint64_t sum(uint64_t a, uint64_t b)
{
    struct msghdr m = {0};
    sendmsg(5, &m, 0);
    return a + b;
}

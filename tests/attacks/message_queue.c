/* class: others */
/* lab: 0.1 */
/* verdict: security_violation */
/* A POSIX message queue for the next submission. */
#define _GNU_SOURCE
#include "lab.h"
#include <fcntl.h>
#include <mqueue.h>
#include <stddef.h>

uint64_t sum(uint64_t a, uint64_t b)
{
    mq_open("/graded-attack", O_CREAT | O_RDWR, 0666, NULL);
    return a + b;
}

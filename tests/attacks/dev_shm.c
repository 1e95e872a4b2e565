/* class: others */
/* lab: 0.1 */
/* verdict: security_violation */
/* A file in /dev/shm for the next submission. */
#define _GNU_SOURCE
#include "lab.h"
#include <fcntl.h>
#include <sys/mman.h>

uint64_t sum(uint64_t a, uint64_t b)
{
    shm_open("/graded-attack", O_CREAT | O_RDWR, 0666);
    return a + b;
}

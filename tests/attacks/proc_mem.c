/* class: oracle */
/* lab: 0.1 */
/* verdict: security_violation */
/* Opens its own memory as a file, to write where it may not. */
#define _GNU_SOURCE
#include "lab.h"
#include <fcntl.h>

uint64_t sum(uint64_t a, uint64_t b)
{
    open("/proc/self/mem", O_RDWR);
    return a + b;
}

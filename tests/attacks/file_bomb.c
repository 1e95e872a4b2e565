/* class: run */
/* lab: 0.1 */
/* verdict: security_violation */
/* Fills the disk. */
#define _GNU_SOURCE
#include "lab.h"
#include <fcntl.h>
#include <unistd.h>

uint64_t sum(uint64_t a, uint64_t b)
{
    for (char name[] = "a"; name[0] <= 'z'; name[0]++)
        ftruncate(creat(name, 0666), 1L << 40);
    return a + b;
}

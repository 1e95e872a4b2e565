/* class: reply */
/* lab: 0.1 */
/* verdict: security_violation */
/* Copies of the bell, to fill the table of descriptors. */
#define _GNU_SOURCE
#include "lab.h"
#include <unistd.h>

uint64_t sum(uint64_t a, uint64_t b)
{
    while (dup(5) >= 0)
        ;
    return a + b;
}

/* class: load */
/* lab: 0.1 */
/* verdict: runtime_error */
/* Ends with success before main. */
#define _GNU_SOURCE
#include "lab.h"
#include <stdlib.h>

__attribute__((constructor)) static void before_main(void)
{
    exit(0);
}

uint64_t sum(uint64_t a, uint64_t b)
{
    return a + b;
}

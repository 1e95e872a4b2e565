/* class: load */
/* lab: 0.1 */
/* verdict: accepted or runtime_error */
/* Rings before it was asked; a byte in the bell is no answer. */
#define _GNU_SOURCE
#include "lab.h"
#include <unistd.h>

__attribute__((constructor)) static void before_main(void)
{
    (void)!write(5, "x", 1);
}

uint64_t sum(uint64_t a, uint64_t b)
{
    return a + b;
}

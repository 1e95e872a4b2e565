/* class: load */
/* lab: 0.1 */
/* verdict: runtime_error or compile_error */
/* Asks the kernel for a loader of its choice. */
#include "lab.h"

__attribute__((section(".interp"), used)) static const char loader[] = "/bin/sh";

uint64_t sum(uint64_t a, uint64_t b)
{
    return a + b;
}

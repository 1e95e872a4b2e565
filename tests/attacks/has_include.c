/* class: compile */
/* lab: 0.1 */
/* verdict: accepted */
/* A silent test of existence: nothing of the host or of the lab is there. */
#include "lab.h"

#if __has_include("/etc/passwd") || __has_include("/proc/self/environ")
#error "the host is there"
#endif
#if __has_include("/lab/check.c") || __has_include("/lab/check.so")
#error "the lab is there"
#endif

uint64_t sum(uint64_t a, uint64_t b)
{
    return a + b;
}

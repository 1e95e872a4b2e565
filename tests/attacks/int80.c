/* class: run */
/* lab: 0.1 */
/* arch: x86_64 */
/* verdict: runtime_error or security_violation */
/* The calls of another ABI have other numbers. */
#define _GNU_SOURCE
#include "lab.h"

uint64_t sum(uint64_t a, uint64_t b)
{
    __asm__ volatile("int $0x80" : : "a"(11) : "memory");
    return a + b;
}

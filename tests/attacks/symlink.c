/* class: host */
/* lab: 0.1 */
/* verdict: security_violation */
/* A link where a result of the compiler would be looked for. */
#define _GNU_SOURCE
#include "lab.h"
#include <unistd.h>

uint64_t sum(uint64_t a, uint64_t b)
{
    symlink("/etc/shadow", "/box/runner");
    return a + b;
}

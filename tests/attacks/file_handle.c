/* class: host */
/* lab: 0.1 */
/* verdict: security_violation */
/* Opens by handle, past every directory (as shocker did). */
#define _GNU_SOURCE
#include "lab.h"
#include <sys/syscall.h>
#include <unistd.h>

uint64_t sum(uint64_t a, uint64_t b)
{
    syscall(SYS_open_by_handle_at, 3, "", 0);
    return a + b;
}

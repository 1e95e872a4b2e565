/* class: others */
/* lab: 0.1 */
/* verdict: accepted */
/* Numbers of processes that exist outside of the cell mean nothing in it. */
#define _GNU_SOURCE
#include "lab.h"
#include <sys/syscall.h>
#include <unistd.h>

uint64_t sum(uint64_t a, uint64_t b)
{
    for (int pid = 3; pid < 5000; pid++)
        if (syscall(SYS_tgkill, pid, pid, 9) == 0)
            return 0;
    return a + b;
}

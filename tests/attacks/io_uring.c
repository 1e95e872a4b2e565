/* class: run */
/* lab: 0.1 */
/* verdict: security_violation */
/* Calls through a ring pass by filters. */
#define _GNU_SOURCE
#include "lab.h"
#include <linux/io_uring.h>
#include <sys/syscall.h>
#include <unistd.h>

uint64_t sum(uint64_t a, uint64_t b)
{
    struct io_uring_params p = {0};
    syscall(SYS_io_uring_setup, 8, &p);
    return a + b;
}

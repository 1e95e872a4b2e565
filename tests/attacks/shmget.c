/* class: others */
/* lab: 0.1 */
/* verdict: security_violation */
/* System V shared memory outlives its maker. */
#define _GNU_SOURCE
#include "lab.h"
#include <sys/ipc.h>
#include <sys/shm.h>

uint64_t sum(uint64_t a, uint64_t b)
{
    shmget(0x67726164, 4096, IPC_CREAT | 0666);
    return a + b;
}

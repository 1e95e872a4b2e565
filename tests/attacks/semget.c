/* class: others */
/* lab: 0.1 */
/* verdict: security_violation */
/* So do System V semaphores. */
#define _GNU_SOURCE
#include "lab.h"
#include <sys/ipc.h>
#include <sys/sem.h>

uint64_t sum(uint64_t a, uint64_t b)
{
    semget(0x67726164, 1, IPC_CREAT | 0666);
    return a + b;
}

/* A blank: a cell's init in its namespaces, still trusted, waiting to be told what to be. Every
 * cell begins as one, and a blank becomes one cell: no two commands ever share anything of it. */
#pragma once

#include <stdbool.h>
#include <sys/types.h>

#include "base/err.h"
#include "sandbox/cgroup.h"
#include "sandbox/order.h"

struct blank {
    pid_t init;
    int pidfd, socket; /* socket: where it takes its orders */
    struct cgroup group;
};

/* Starts init; only the v2 group is joined. On failure nothing is left. ERR_UNSUPPORTED: the kernel
 * or whoever configured it refuses. */
MUST_CHECK enum err_code blank_open(struct blank *ret, struct err *why);

/* Tells it what to be, with what becomes its descriptors 0, 1 and 2. An init that has died
 * meanwhile is no error: what it said, or its end, will be heard. */
MUST_CHECK enum err_code blank_order(const struct blank *b, const struct order *order,
                                     const int standard[3], struct err *why);
/* The groups are joined and limited: lets the command start. */
MUST_CHECK enum err_code blank_go(const struct blank *b, struct err *why);

/* Kills, waits for and removes one that became no cell. */
void blank_close(struct blank *b);

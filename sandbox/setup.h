/* The steps between init's first instruction and the command's. */
#pragma once

#include <stdbool.h>

#include "sandbox/order.h"

struct setup {
    const struct order *order;
    const struct cell_config *config; /* the order's */
    bool two_ids;                     /* init's id differs from the command's: the parent said so */
    int status;                       /* the socket to the parent */
    int null, out, err;               /* what become 0, 1, 2 */
    int fds[ORDER_MAX_FDS];           /* the config's, as they came */
    int image;                        /* -1, or what to run in place of argv[0] */
    int trees[ORDER_MAX_BINDS], devices[2];
    int root, work, listener, guest;
    const char
        *step; /* of the command's process, which shares memory until exec: where it failed */
    int error;
};

/* Steps that make the file system; each returns 0, or -1 and errno. mounts.c */
int mounts_collect(struct setup *s);
int mounts_root(struct setup *s);
int mounts_populate(struct setup *s);
int mounts_work(struct setup *s);
int mounts_files(struct setup *s);
int mounts_enter(struct setup *s);

/* Steps of the command's own process, from where it only ever loses rights. confine.c */
int confine_session(struct setup *s);
int confine_time(struct setup *s);
int confine_limits(struct setup *s);
int confine_capabilities(struct setup *s);
int confine_files(struct setup *s);
int confine_calls(struct setup *s);
int confine_exec(struct setup *s);

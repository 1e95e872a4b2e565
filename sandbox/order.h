/* What the library and a cell's init tell each other.
 *
 * init is a program of its own (init.c), so it has none of its parent's memory, and what it is told
 * comes as bytes. Over one SOCK_SEQPACKET pair, parent to init:
 *
 *     1. one byte       the ids are mapped; 1 where init's id and the command's differ
 *     2. one byte       the order: with descriptors, first a memfd that order_write made, then what
 *                       become 0, 1 and 2, then the image where there is one, then config->fds
 *     3. one byte       the control groups are joined: the command may start
 *
 * and init to parent a `struct order_reply` when the command has started and when it has ended, or
 * one when a step failed. Between 1 and 2 init may wait for long: see blank.h. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "sandbox/cell.h"
#include "sandbox/filter.h"

enum {
    ORDER_MAX_BINDS = 64,
    ORDER_MAX_FDS = 64,
    ORDER_INIT_ID = 0,     /* in the cell, where two ids can be mapped */
    ORDER_GUEST_ID = 1000, /* in the cell */
    ORDER_SOCKET = 0,      /* init's end of the pair is its standard input, all else is closed */
};

struct order {
    struct cell_config config; /* `fds` and `image_fd` mean nothing here; `n_fds` does */
    struct filter filter;
    bool limit_data; /* no control group limits memory, so rlimits have to */
};

enum order_reply_kind { REPLY_STARTED, REPLY_FAILED, REPLY_ENDED };

/* STARTED carries descriptors: the filter's listener, the pidfd of the command, and the work
 * directory where config.keep_work. ENDED: only init is left. */
struct order_reply {
    enum order_reply_kind kind;
    char step[64]; /* FAILED: what, "mount the root", and why */
    int error;
    int wait_status;            /* ENDED, as from waitpid */
    int64_t cpu_us, peak_bytes; /* ENDED: of the command and what it waited for */
};

/* A memfd that holds the order and all that it points to; the caller's. -1 and errno. */
int order_write(const struct order *order);
/* What order_write wrote, mapped until the process ends. NULL and errno. */
const struct order *order_read(int fd);

/* A listening socket for a learner's server, which is in a cell with a network of its own. The
 * checker connects to it from out here.
 *
 * It is a unix socket: one of TCP would be of our network, and whoever accepted from it could have
 * itself disconnected and go anywhere. It has no name that others could use: the file is gone
 * before the server starts, and we connect through its inode. */
#pragma once

#include "base/err.h"

enum { LISTENER_BACKLOG = 16 };

struct listener {
    int fd;    /* to be passed to the runner, then closed here */
    int place; /* its inode */
};

/* ERR_IO: neither /tmp nor /dev/shm takes a socket. */
MUST_CHECK enum err_code listener_open(struct listener *ret, struct err *why);
/* Our copy of what the runner has. */
void listener_handed_over(struct listener *l);
void listener_close(struct listener *l);

/* A new connection, at once: the server need not have accepted it. The caller closes it.
 * ERR_NOT_FOUND: nobody listens any more; ERR_BUSY: so many wait already. */
MUST_CHECK enum err_code listener_connect(const struct listener *l, int *ret_fd, struct err *why);

#include "sandbox/blank.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "sandbox/cell_inside.h"
#include "sandbox/channel.h"
#include "sandbox/kernel.h"
#include "sandbox/launch.h"
#include "sandbox/remedy.h"

/* Its end of the pair is closed here in any case. */
static enum err_code start_init(struct blank *b, int end, struct err *why)
{
    b->init = launch_init(end, b->group.dir[CGROUP_V2], &b->pidfd);
    const int error = errno;
    close(end);
    if (b->init >= 0)
        return OK;
    const bool refused = error == EPERM || error == ENOSPC || error == EINVAL || error == EACCES;
    return err_sys(why, refused ? ERR_UNSUPPORTED : ERR_IO, error, "making namespaces%s%s",
                   refused ? "; " : "", refused ? remedy_for("userns") : "");
}

/* Or does so within a moment: asked only where something went wrong. */
static bool has_died(const struct blank *b)
{
    struct pollfd p = {.fd = b->pidfd, .events = POLLIN};
    return poll(&p, 1, 100) == 1;
}

static enum err_code map_ids(struct blank *b, struct err *why)
{
    bool two_ids;
    const int rc = ids_map(b->init, &two_ids), error = errno;
    /* An exec that fails for lack of memory may do so past its point of no return. */
    if (rc != 0 && has_died(b))
        return err_set(why, ERR_NOMEM, "the cell's init died at its start: no memory for it");
    errno = error;
    if (rc != 0)
        return err_sys(why, ERR_UNSUPPORTED, errno, "mapping ids into a user namespace; %s",
                       remedy_for("userns"));
    if (channel_send(b->socket, &two_ids, 1, NULL, 0) != 0 && errno != EPIPE)
        return err_sys(why, ERR_IO, errno, "starting a cell");
    return OK;
}

enum err_code blank_open(struct blank *ret, struct err *why)
{
    int pair[2];
    struct blank b = {.init = -1, .pidfd = -1, .socket = -1};
    enum err_code rc = cgroup_open(&b.group, cgroup_host(), why);
    if (rc != OK)
        goto out;
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) != 0) {
        rc = err_sys(why, ERR_IO, errno, "socket of a cell");
        goto out;
    }
    b.socket = pair[0];
    if ((rc = start_init(&b, pair[1], why)) == OK)
        rc = map_ids(&b, why);
out:
    if (rc != OK)
        blank_close(&b);
    else
        *ret = b;
    return rc;
}

enum err_code blank_order(const struct blank *b, const struct order *order, const int standard[3],
                          struct err *why)
{
    const struct cell_config *c = &order->config;
    int fds[4 + 1 + ORDER_MAX_FDS];
    size_t n = 0;
    fds[n++] = order_write(order);
    if (fds[0] < 0)
        return err_sys(why, errno == ENOMEM ? ERR_NOMEM : ERR_IO, errno, "order of a cell");
    for (size_t i = 0; i < 3; i++)
        fds[n++] = standard[i];
    if (c->image_fd >= 0)
        fds[n++] = c->image_fd;
    if (c->n_fds > 0)
        memcpy(fds + n, c->fds, c->n_fds * sizeof fds[0]);
    const int rc = channel_send(b->socket, "o", 1, fds, n + c->n_fds);
    const int error = errno;
    close(fds[0]);
    if (rc != 0 && error != EPIPE)
        return err_sys(why, error == EBADF ? ERR_INVALID : ERR_IO, error, "descriptors of a cell");
    return OK;
}

enum err_code blank_go(const struct blank *b, struct err *why)
{
    if (channel_send(b->socket, "g", 1, NULL, 0) != 0 && errno != EPIPE)
        return err_sys(why, ERR_IO, errno, "starting a cell");
    return OK;
}

void blank_close(struct blank *b)
{
    siginfo_t info;
    if (b->pidfd >= 0) {
        k_pidfd_send_signal(b->pidfd, SIGKILL);
        syscall(SYS_waitid, P_PIDFD, b->pidfd, &info, WEXITED | __WALL, NULL);
        close(b->pidfd);
    }
    if (b->socket >= 0)
        close(b->socket);
    cgroup_close(&b->group);
}

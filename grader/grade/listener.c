#include "grader/grade/listener.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

static struct sockaddr_un address_of(int fd, const char *name)
{
    struct sockaddr_un a = {.sun_family = AF_UNIX};
    snprintf(a.sun_path, sizeof a.sun_path, "/proc/self/fd/%d%s", fd, name);
    return a;
}

static int bind_in(int folder, struct listener *l)
{
    const struct sockaddr_un here = address_of(folder, "/s");
    if (bind(l->fd, (const struct sockaddr *)&here, sizeof here) != 0)
        return -1;
    l->place = openat(folder, "s", O_PATH | O_NOFOLLOW | O_CLOEXEC);
    const int listening = listen(l->fd, LISTENER_BACKLOG);
    return unlinkat(folder, "s", 0) != 0 || l->place < 0 ? -1 : listening;
}

/* In a folder that only we may enter and that is gone when this returns. */
static int bind_below(const char *parent, struct listener *l)
{
    char path[64];
    snprintf(path, sizeof path, "%s/graded-XXXXXX", parent);
    if (mkdtemp(path) == NULL)
        return -1;
    const int folder = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
    int rc = folder >= 0 ? bind_in(folder, l) : -1;
    const int saved = errno;
    if (folder >= 0)
        close(folder);
    if (rmdir(path) != 0)
        rc = -1;
    errno = saved;
    return rc;
}

enum err_code listener_open(struct listener *ret, struct err *why)
{
    static const char *const parents[] = {"/tmp", "/dev/shm"};
    for (size_t i = 0; i < sizeof parents / sizeof parents[0]; i++) {
        struct listener l = {.fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0), .place = -1};
        if (l.fd >= 0 && bind_below(parents[i], &l) == 0) {
            *ret = l;
            return OK;
        }
        const int saved = errno;
        listener_close(&l);
        errno = saved;
    }
    return err_sys(why, ERR_IO, errno, "a socket for a learner's server, in /tmp or /dev/shm");
}

static void close_fd(int *fd)
{
    if (*fd > 0)
        close(*fd);
    *fd = -1;
}

void listener_handed_over(struct listener *l)
{
    close_fd(&l->fd);
}

void listener_close(struct listener *l)
{
    close_fd(&l->fd);
    close_fd(&l->place);
}

enum err_code listener_connect(const struct listener *l, int *ret_fd, struct err *why)
{
    const struct sockaddr_un there = address_of(l->place, "");
    const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0)
        return err_sys(why, ERR_IO, errno, "a socket to speak to a learner's server");
    if (connect(fd, (const struct sockaddr *)&there, sizeof there) == 0) {
        *ret_fd = fd;
        return OK;
    }
    const int saved = errno;
    close(fd);
    if (saved == EAGAIN)
        return err_set(why, ERR_BUSY, "%d connections wait to be accepted: no more fit",
                       LISTENER_BACKLOG + 1);
    if (saved == ECONNREFUSED)
        return err_set(why, ERR_NOT_FOUND, "the listening socket was closed");
    return err_sys(why, ERR_IO, saved, "connecting to a learner's server");
}

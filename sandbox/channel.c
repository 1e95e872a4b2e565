#include "sandbox/channel.h"

#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* cmsg(3) wants it aligned. */
union control {
    struct cmsghdr align;
    char bytes[CMSG_SPACE(CHANNEL_MAX_FDS * sizeof(int))];
};

int channel_send(int socket, const void *bytes, size_t size, const int *fds, size_t n_fds)
{
    union control control = {0};
    struct iovec part = {(void *)bytes, size};
    struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1};
    if (n_fds > 0) {
        message.msg_control = control.bytes;
        message.msg_controllen = CMSG_SPACE(n_fds * sizeof(int));
        struct cmsghdr *c = CMSG_FIRSTHDR(&message);
        c->cmsg_level = SOL_SOCKET;
        c->cmsg_type = SCM_RIGHTS;
        c->cmsg_len = CMSG_LEN(n_fds * sizeof(int));
        memcpy(CMSG_DATA(c), fds, n_fds * sizeof(int));
    }
    return sendmsg(socket, &message, MSG_NOSIGNAL) == (ssize_t)size ? 0 : -1;
}

static size_t take_fds(struct msghdr *message, int *ret_fds, size_t max_fds)
{
    const struct cmsghdr *c = CMSG_FIRSTHDR(message);
    if (c == NULL || c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS)
        return 0;
    const size_t n = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);
    for (size_t i = 0; i < n; i++) {
        int fd;
        memcpy(&fd, CMSG_DATA(c) + i * sizeof fd, sizeof fd);
        if (i < max_fds)
            ret_fds[i] = fd;
        else
            close(fd);
    }
    return n < max_fds ? n : max_fds;
}

ssize_t channel_receive(int socket, void *ret, size_t size, int flags, int *ret_fds, size_t max_fds,
                        size_t *ret_n_fds)
{
    union control control;
    struct iovec part = {ret, size};
    struct msghdr message = {
        .msg_iov = &part,
        .msg_iovlen = 1,
        .msg_control = control.bytes,
        .msg_controllen = sizeof control.bytes,
    };
    const ssize_t n = recvmsg(socket, &message, flags | MSG_CMSG_CLOEXEC);
    *ret_n_fds = n < 0 ? 0 : take_fds(&message, ret_fds, max_fds);
    return n;
}

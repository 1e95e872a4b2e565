/* Messages with descriptors over a unix socket. */
#pragma once

#include <stddef.h>
#include <sys/types.h>

enum { CHANNEL_MAX_FDS = 80 };

/* Sends one message. -1 and errno; a receiver that is gone is EPIPE, never a signal. */
int channel_send(int socket, const void *bytes, size_t size, const int *fds, size_t n_fds);

/* Receives one message of at most `size` bytes with at most `max_fds` descriptors, close-on-exec
 * and the caller's. `flags` as of recvmsg. Returns the bytes; 0 at the end, -1 and errno. */
ssize_t channel_receive(int socket, void *ret, size_t size, int flags, int *ret_fds, size_t max_fds,
                        size_t *ret_n_fds);

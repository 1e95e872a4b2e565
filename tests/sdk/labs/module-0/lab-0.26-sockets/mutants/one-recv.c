/* group: streams */
/* The mistake: one recv is taken for the whole question. */
#include "lab.h"

#include <stddef.h>
#include <sys/socket.h>
#include <unistd.h>

static int send_all(int fd, const char *bytes, size_t n)
{
    while (n > 0) {
        const ssize_t sent = send(fd, bytes, n, MSG_NOSIGNAL);
        if (sent < 0)
            return -1;
        bytes += sent;
        n -= (size_t)sent;
    }
    return 0;
}

/* Returns the newlines among them. */
static int raise_all(char *bytes, size_t n)
{
    int newlines = 0;
    for (size_t i = 0; i < n; i++) {
        newlines += bytes[i] == '\n';
        if (bytes[i] >= 'a' && bytes[i] <= 'z')
            bytes[i] = (char)(bytes[i] - 'a' + 'A');
    }
    return newlines;
}

int serve_one(int listener)
{
    char bytes[4096], last = '\n';
    int lines = 0;
    const int client = accept(listener, NULL, NULL);
    if (client < 0)
        return -1;
    for (ssize_t n = recv(client, bytes, sizeof bytes, 0); n > 0; n = 0) {
        lines += raise_all(bytes, (size_t)n);
        last = bytes[n - 1];
        if (send_all(client, bytes, (size_t)n) != 0)
            lines = -1;
    }
    close(client);
    return lines + (last != '\n');
}

#define _POSIX_C_SOURCE 200809L
#include "lab.h"

#include <fcntl.h>
#include <stddef.h>
#include <unistd.h>

static int write_all(int fd, const void *bytes, size_t n)
{
    const unsigned char *at = bytes;
    while (n > 0) {
        const ssize_t written = write(fd, at, n);
        if (written < 0)
            return -1;
        at += written;
        n -= (size_t)written;
    }
    return 0;
}

static int append(int fd, const void *record, uint32_t n)
{
    const unsigned char head[] = {(unsigned char)n, (unsigned char)(n >> 8),
                                  (unsigned char)(n >> 16), (unsigned char)(n >> 24)};
    const off_t before = lseek(fd, 0, SEEK_END);
    if (write_all(fd, head, sizeof head) == 0 && write_all(fd, record, n) == 0)
        return 0;
    (void)!ftruncate(fd, before); /* shorter always fits */
    return -1;
}

int journal_append(const char *path, const void *record, uint32_t n)
{
    const int fd = open(path, O_WRONLY | O_CREAT, 0600);
    if (fd < 0)
        return -1;
    const int rc = append(fd, record, n);
    return close(fd) == 0 ? rc : -1;
}

#include "sandbox/kernel_file.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/parse.h"

int kernel_file_write(int dir, const char *name, const char *text)
{
    const int fd = openat(dir, name, O_WRONLY | O_CLOEXEC);
    if (fd < 0)
        return -1;
    const ssize_t n = write(fd, text, strlen(text));
    const int saved = errno;
    close(fd);
    errno = saved;
    return n < 0 ? -1 : 0;
}

void kernel_file_reread(int fd, char *ret, size_t size)
{
    const ssize_t n = fd < 0 ? 0 : pread(fd, ret, size - 1, 0);
    ret[n < 0 ? 0 : n] = '\0';
}

void kernel_file_read(int dir, const char *name, char *ret, size_t size)
{
    const int fd = openat(dir, name, O_RDONLY | O_CLOEXEC);
    kernel_file_reread(fd, ret, size);
    if (fd >= 0)
        close(fd);
}

int64_t kernel_file_number(const char *text)
{
    char digits[24];
    int64_t value;
    text += strspn(text, " \t");
    const size_t n = strspn(text, "0123456789");
    if (n >= sizeof digits)
        return -1;
    memcpy(digits, text, n);
    digits[n] = '\0';
    return parse_i64(digits, "a number of the kernel's", 0, INT64_MAX, &value, NULL) == OK ? value
                                                                                           : -1;
}

int64_t kernel_file_value(const char *text, const char *key)
{
    const size_t n = strlen(key);
    for (const char *line = text; line != NULL && *line != '\0';) {
        if (strncmp(line, key, n) == 0 && line[n] == ' ')
            return kernel_file_number(line + n);
        line = strchr(line, '\n');
        line = line == NULL ? NULL : line + 1;
    }
    return -1;
}

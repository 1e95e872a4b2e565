#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static enum err_code read_open(int fd, const char *name, size_t max, struct arena *a,
                               char **ret_bytes, size_t *ret_size, struct err *why)
{
    struct stat st;
    if (fstat(fd, &st) != 0)
        return err_sys(why, ERR_IO, errno, "%s", name);
    if (!S_ISREG(st.st_mode))
        return err_set(why, ERR_INVALID, "%s is not a regular file", name);
    if ((unsigned long long)st.st_size > max)
        return err_set(why, ERR_TOO_LARGE, "%s has %lld bytes: at most %zu are read", name,
                       (long long)st.st_size, max);
    const size_t size = (size_t)st.st_size;
    char *bytes = arena_alloc(a, size + 1);
    if (bytes == NULL)
        return err_set(why, ERR_NOMEM, "no memory for the %zu bytes of %s", size, name);
    size_t done = 0;
    while (done < size) {
        const ssize_t got = read(fd, bytes + done, size - done);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return err_sys(why, ERR_IO, errno, "%s", name);
        if (got == 0)
            break; /* it shrank while we read; what is there is the file */
        done += (size_t)got;
    }
    *ret_bytes = bytes;
    *ret_size = done;
    return OK;
}

enum err_code file_read(int dir, const char *name, size_t max, struct arena *a, char **ret_bytes,
                        size_t *ret_size, struct err *why)
{
    const int fd = openat(dir, name, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0)
        return err_sys(why, errno == ENOENT || errno == ENOTDIR ? ERR_NOT_FOUND : ERR_IO, errno,
                       "%s", name);
    const enum err_code rc = read_open(fd, name, max, a, ret_bytes, ret_size, why);
    close(fd);
    return rc;
}

enum err_code file_write_all(int fd, const void *bytes, size_t size, struct err *why)
{
    const char *p = bytes;
    while (size > 0) {
        const ssize_t put = write(fd, p, size);
        if (put < 0 && errno == EINTR)
            continue;
        if (put < 0)
            return err_sys(why, ERR_IO, errno, "writing %zu bytes", size);
        p += put;
        size -= (size_t)put;
    }
    return OK;
}

static enum err_code sync_dir(int dir, struct err *why)
{
    const int fd = openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return err_sys(why, ERR_IO, errno, "opening the directory to sync it");
    const int failed = fsync(fd) != 0 ? errno : 0;
    close(fd);
    return failed != 0 ? err_sys(why, ERR_IO, failed, "syncing the directory") : OK;
}

enum err_code file_replace(int dir, const char *name, const void *bytes, size_t size,
                           struct err *why)
{
    char temporary[NAME_MAX + 1];
    if ((size_t)snprintf(temporary, sizeof temporary, "%s.tmp", name) >= sizeof temporary)
        return err_set(why, ERR_RANGE, "the file name %.40s... is too long", name);
    const int fd = openat(dir, temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    if (fd < 0)
        return err_sys(why, ERR_IO, errno, "%s", temporary);
    enum err_code rc = file_write_all(fd, bytes, size, why);
    if (rc == OK && fsync(fd) != 0)
        rc = err_sys(why, ERR_IO, errno, "syncing %s", temporary);
    close(fd);
    if (rc == OK && renameat(dir, temporary, dir, name) != 0)
        rc = err_sys(why, ERR_IO, errno, "renaming %s", temporary);
    if (rc != OK) {
        unlinkat(dir, temporary, 0);
        return rc;
    }
    return sync_dir(dir, why);
}

enum err_code file_make_dirs(const char *path, struct err *why)
{
    char part[PATH_MAX];
    if ((size_t)snprintf(part, sizeof part, "%s", path) >= sizeof part)
        return err_set(why, ERR_RANGE, "the path %.60s... is too long", path);
    for (char *slash = strchr(part + 1, '/');; slash = strchr(slash + 1, '/')) {
        if (slash != NULL)
            *slash = '\0';
        if (mkdir(part, 0755) != 0 && errno != EEXIST)
            return err_sys(why, ERR_IO, errno, "%s", part);
        if (slash == NULL)
            return OK;
        *slash = '/';
    }
}

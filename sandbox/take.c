#include "sandbox/take.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdint.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/file.h"

#include "sandbox/kernel.h"

static int open_beneath(int work, const char *name)
{
    struct open_how how = {
        .flags = O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY, /* a FIFO must not make us wait */
        .resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS | RESOLVE_NO_XDEV,
    };
    return (int)syscall(SYS_openat2, work, name, &how, sizeof how);
}

static enum err_code check(int fd, const char *name, size_t max_bytes, struct err *why)
{
    struct stat st;
    if (fstat(fd, &st) != 0)
        return err_sys(why, ERR_IO, errno, "%s", name);
    if (!S_ISREG(st.st_mode))
        return err_set(why, ERR_INVALID, "%s is no regular file", name);
    if (st.st_nlink != 1)
        return err_set(why, ERR_INVALID, "%s has %ju names: expected one", name,
                       (uintmax_t)st.st_nlink);
    if ((uintmax_t)st.st_size > max_bytes)
        return err_set(why, ERR_TOO_LARGE, "%s has %jd bytes: at most %zu", name,
                       (intmax_t)st.st_size, max_bytes);
    return OK;
}

/* Counts for itself: what fstat said may be history. */
static enum err_code copy(int from, int to, const char *name, size_t max_bytes, struct err *why)
{
    char buffer[65536];
    size_t total = 0;
    for (ssize_t n; (n = read(from, buffer, sizeof buffer)) != 0;) {
        if (n < 0)
            return err_sys(why, ERR_IO, errno, "%s", name);
        total += (size_t)n;
        if (total > max_bytes)
            return err_set(why, ERR_TOO_LARGE, "%s: at most %zu bytes", name, max_bytes);
        const enum err_code rc = file_write_all(to, buffer, (size_t)n, why);
        if (rc != OK)
            return rc;
    }
    return OK;
}

static enum err_code copy_sealed(int from, const char *name, size_t max_bytes, int *ret_fd,
                                 struct err *why)
{
    const int to = k_memfd_of_program("taken");
    if (to < 0)
        return err_sys(why, ERR_IO, errno, "memory for %s", name);
    enum err_code rc = copy(from, to, name, max_bytes, why);
    const int seals = F_SEAL_WRITE | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL;
    if (rc == OK && (fcntl(to, F_ADD_SEALS, seals) != 0 || lseek(to, 0, SEEK_SET) != 0))
        rc = err_sys(why, ERR_IO, errno, "sealing %s", name);
    if (rc != OK)
        close(to);
    else
        *ret_fd = to;
    return rc;
}

enum err_code take_file(int work, const char *name, size_t max_bytes, int *ret_fd, struct err *why)
{
    const int fd = open_beneath(work, name);
    if (fd < 0 && errno == ENOENT)
        return err_set(why, ERR_NOT_FOUND, "%s was not made", name);
    if (fd < 0) /* ELOOP: a link; EXDEV: a way out; ENXIO: a socket */
        return err_sys(why, ERR_INVALID, errno, "%s", name);
    enum err_code rc = check(fd, name, max_bytes, why);
    if (rc == OK)
        rc = copy_sealed(fd, name, max_bytes, ret_fd, why);
    close(fd);
    return rc;
}

/* The data folder. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "server/admin/command.h"
#include "server/store/store.h"

static enum err_code join(const char *data, const char *name, char ret[PATH_MAX], struct err *why)
{
    if ((size_t)snprintf(ret, PATH_MAX, "%s/%s", data, name) >= PATH_MAX)
        return err_set(why, ERR_RANGE, "the path %.60s... is too long", data);
    return OK;
}

/* Its parents as usual; the folder itself is nobody else's business: it holds passwords' hashes and
 * everyone's work. */
static enum err_code make_private(const char *data, struct err *why)
{
    struct stat st;
    if (stat(data, &st) == 0)
        return S_ISDIR(st.st_mode) ? OK : err_set(why, ERR_INVALID, "%s is no folder", data);
    const enum err_code rc = file_make_dirs(data, why);
    if (rc == OK && chmod(data, 0700) != 0)
        return err_sys(why, ERR_IO, errno, "%s", data);
    return rc;
}

enum err_code data_lock(const char *data, int *ret_fd, struct err *why)
{
    char path[PATH_MAX];
    enum err_code rc = make_private(data, why);
    if (rc == OK)
        rc = join(data, "lock", path, why);
    if (rc != OK)
        return rc;
    const int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (fd < 0)
        return err_sys(why, ERR_IO, errno, "%s", path);
    if (flock(fd, LOCK_EX | LOCK_NB) != 0) {
        const int failed = errno;
        close(fd);
        if (failed == EWOULDBLOCK)
            return err_set(why, ERR_BUSY, "another graded serves %s: stop it first", data);
        return err_sys(why, ERR_IO, failed, "locking %s", path);
    }
    *ret_fd = fd;
    return OK;
}

enum err_code data_open_store(const char *data, struct store **ret, struct err *why)
{
    char path[PATH_MAX];
    const enum err_code rc = join(data, "graded.db", path, why);
    if (rc != OK)
        return rc;
    if (access(path, F_OK) != 0)
        return err_sys(why, ERR_NOT_FOUND, errno, "%s (make it with `graded migrate`)", path);
    return store_open(&(struct store_config){.path = path}, ret, why);
}

enum err_code data_migrate(const char *data, int *ret_from, int *ret_to, struct err *why)
{
    char path[PATH_MAX];
    const enum err_code rc = join(data, "graded.db", path, why);
    return rc == OK ? store_migrate(path, ret_from, ret_to, why) : rc;
}

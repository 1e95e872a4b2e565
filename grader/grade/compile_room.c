#include "grader/grade/compile_room.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/bytes.h"

enum { SHARDS = 256 };

struct found {
    char shard[3], file[NAME_MAX + 1];
    struct timespec used; /* last */
    int64_t charge;
};

struct finds {
    struct found *list;
    size_t n, room;
    int64_t sum;
};

static int64_t charge_of(int64_t size)
{
    return size > COMPILE_ROOM_LEAST ? size : COMPILE_ROOM_LEAST;
}

static bool add(struct finds *f, const char *shard, const char *file, const struct stat *st)
{
    if (f->n == f->room) {
        const size_t room = f->room == 0 ? 1024 : 2 * f->room;
        struct found *list = reallocarray(f->list, room, sizeof *list);
        if (list == NULL)
            return false;
        f->list = list;
        f->room = room;
    }
    struct found *one = &f->list[f->n++];
    *one = (struct found){.used = st->st_mtim, .charge = charge_of(st->st_size)};
    snprintf(one->shard, sizeof one->shard, "%s", shard);
    snprintf(one->file, sizeof one->file, "%s", file);
    f->sum += one->charge;
    return true;
}

/* All that lies in a shard is charged, also what a grader left that was killed while it wrote. */
static bool list_shard(struct finds *f, int dir, const char *shard)
{
    const int fd = openat(dir, shard, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    DIR *entries = fd >= 0 ? fdopendir(fd) : NULL;
    if (entries == NULL) {
        if (fd >= 0)
            close(fd);
        return fd < 0 && errno == ENOENT; /* nothing was ever kept there */
    }
    bool fits = true;
    struct stat st;
    for (const struct dirent *e; fits && (e = readdir(entries)) != NULL;)
        if (strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0 &&
            fstatat(fd, e->d_name, &st, AT_SYMLINK_NOFOLLOW) == 0) /* else it went meanwhile */
            fits = add(f, shard, e->d_name, &st);
    closedir(entries);
    return fits;
}

static int by_use(const void *a, const void *b)
{
    const struct timespec *x = &((const struct found *)a)->used;
    const struct timespec *y = &((const struct found *)b)->used;
    if (x->tv_sec != y->tv_sec)
        return x->tv_sec < y->tv_sec ? -1 : 1;
    return (x->tv_nsec > y->tv_nsec) - (x->tv_nsec < y->tv_nsec);
}

static void remove_one(int dir, const struct found *one)
{
    char path[NAME_MAX + 8];
    snprintf(path, sizeof path, "%s/%s", one->shard, one->file);
    if (unlinkat(dir, path, 0) != 0 && errno == EISDIR) /* nobody of ours makes one */
        (void)unlinkat(dir, path, AT_REMOVEDIR);
}

/* Counts anew; over `max` with `size` more, removes down to seven eighths. */
static enum err_code recount(int dir, int64_t size, int64_t max, int64_t *ret, struct err *why)
{
    struct finds f = {0};
    for (int i = 0; i < SHARDS; i++) {
        char shard[3];
        snprintf(shard, sizeof shard, "%02x", i);
        if (!list_shard(&f, dir, shard)) {
            free(f.list);
            return err_set(why, ERR_IO, "cannot list the folder %s of the compile cache", shard);
        }
    }
    if (f.sum + size > max) {
        qsort(f.list, f.n, sizeof *f.list, by_use);
        for (size_t i = 0; i < f.n && f.sum + size > max - max / 8; i++) {
            remove_one(dir, &f.list[i]);
            f.sum -= f.list[i].charge;
        }
    }
    free(f.list);
    *ret = f.sum + size;
    return OK;
}

static enum err_code account(int dir, int usage, int64_t size, int64_t max, struct err *why)
{
    uint8_t bytes[8];
    int64_t sum = -1;
    if (pread(usage, bytes, sizeof bytes, 0) == sizeof bytes)
        sum = (int64_t)rd_u64le(bytes);
    enum err_code rc = OK;
    if (sum < 0 || sum > max - size)
        rc = recount(dir, size, max, &sum, why);
    else
        sum += size;
    wr_u64le(bytes, (uint64_t)sum);
    if (rc == OK && pwrite(usage, bytes, sizeof bytes, 0) != sizeof bytes)
        rc = err_sys(why, ERR_IO, errno, "usage of the compile cache");
    return rc;
}

enum err_code compile_room_make(int dir, int64_t size, int64_t max, struct err *why)
{
    const int usage = openat(dir, "usage", O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (usage < 0)
        return err_sys(why, ERR_IO, errno, "usage of the compile cache");
    int failed;
    do
        failed = flock(usage, LOCK_EX) != 0 ? errno : 0;
    while (failed == EINTR);
    const enum err_code rc =
        failed == 0 ? account(dir, usage, charge_of(size), max, why)
                    : err_sys(why, ERR_IO, failed, "locking the usage of the compile cache");
    close(usage);
    return rc;
}

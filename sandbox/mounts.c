/* The cell's file system: an empty tmpfs, the binds, devices where a compiler wants them, a work
 * directory; then the old root is left behind. */
#include <errno.h>
#include <fcntl.h>
#include <linux/limits.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "sandbox/kernel.h"
#include "sandbox/setup.h"

/* For tools that look for a place to throw things away, and for one that wants a random name. No
 * zero: to a compiler that is a source without end. */
enum { N_DEVICES = 2 };
static const char *const devices[N_DEVICES] = {"/dev/null", "/dev/urandom"};

/* A detached copy of a mount, which can be attached later, from another root and under another id.
 * Symbolic links on the way are followed here, on the host's side. */
static int collect(const char *path, uint64_t attributes)
{
    const int tree =
        k_open_tree(AT_FDCWD, path, K_OPEN_TREE_CLONE | K_OPEN_TREE_CLOEXEC | K_AT_RECURSIVE);
    if (tree < 0 || k_mount_setattr(tree, AT_EMPTY_PATH | K_AT_RECURSIVE, attributes) != 0)
        return -1;
    return tree;
}

static uint64_t attributes_of(const struct cell_bind *bind)
{
    const uint64_t always = K_ATTR_NOSUID | K_ATTR_NODEV;
    return always | (bind->writable ? K_ATTR_NOEXEC | K_ATTR_NOSYMFOLLOW : K_ATTR_RDONLY);
}

/* Before the change of id: what only the caller may reach by path can still be bound. */
int mounts_collect(struct setup *s)
{
    for (size_t i = 0; i < s->config->n_binds; i++) {
        s->trees[i] = collect(s->config->binds[i].host, attributes_of(&s->config->binds[i]));
        if (s->trees[i] < 0)
            return -1;
    }
    if (s->config->profile != CELL_BUILD)
        return 0;
    for (size_t i = 0; i < N_DEVICES; i++) {
        s->devices[i] = collect(devices[i], K_ATTR_RDONLY | K_ATTR_NOSUID | K_ATTR_NOEXEC);
        if (s->devices[i] < 0)
            return -1;
    }
    return 0;
}

struct option {
    const char *key, *value;
};

/* A detached tmpfs. -1 and errno. */
static int make_tmpfs(const struct option *options, size_t n, uint64_t attributes)
{
    const int fs = k_fsopen("tmpfs");
    if (fs < 0)
        return -1;
    for (size_t i = 0; i < n; i++)
        if (k_fsconfig(fs, K_FSCONFIG_SET_STRING, options[i].key, options[i].value) != 0)
            return -1;
    if (k_fsconfig(fs, K_FSCONFIG_CREATE, NULL, NULL) != 0)
        return -1;
    const int tree = k_fsmount(fs, attributes);
    close(fs);
    return tree;
}

/* The new root lies on top of the old one, where nobody walks into it: no directory of the host has
 * to be there for it. */
int mounts_root(struct setup *s)
{
    static const struct option options[] = {
        {"size", "256k"}, {"nr_inodes", "512"}, {"mode", "0755"}};
    if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0)
        return -1;
    s->root = make_tmpfs(options, 3, K_ATTR_NOSUID | K_ATTR_NODEV);
    if (s->root < 0 || k_move_mount(s->root, AT_FDCWD, "/") != 0)
        return -1;
    return fchdir(s->root);
}

/* Makes the directories on the way to `path`, which is relative to `dir`, and gives them to
 * `owner`. */
static int make_way(int dir, const char *path, uid_t owner)
{
    char part[PATH_MAX];
    for (const char *slash = strchr(path, '/'); slash != NULL; slash = strchr(slash + 1, '/')) {
        const size_t n = (size_t)(slash - path);
        if (n >= sizeof part) {
            errno = ENAMETOOLONG;
            return -1;
        }
        memcpy(part, path, n);
        part[n] = '\0';
        if (n == 0 || (mkdirat(dir, part, 0755) != 0 && errno == EEXIST))
            continue;
        if (fchownat(dir, part, owner, owner, AT_SYMLINK_NOFOLLOW) != 0)
            return -1;
    }
    return 0;
}

/* A mount point of the same kind as what is to be mounted there: a file on a file. */
static int attach(int root, int tree, const char *path)
{
    struct stat st;
    while (*path == '/')
        path++;
    if (fstat(tree, &st) != 0 || make_way(root, path, geteuid()) != 0)
        return -1;
    if (S_ISDIR(st.st_mode)) {
        if (mkdirat(root, path, 0755) != 0 && errno != EEXIST)
            return -1;
    } else {
        const int fd = openat(root, path, O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
        if (fd < 0)
            return -1;
        close(fd);
    }
    if (k_move_mount(tree, root, path) != 0)
        return -1;
    return close(tree);
}

static int attach_devices(struct setup *s)
{
    for (size_t i = 0; i < N_DEVICES; i++)
        if (attach(s->root, s->devices[i], devices[i]) != 0)
            return -1;
    return 0;
}

int mounts_populate(struct setup *s)
{
    for (size_t i = 0; i < s->config->n_binds; i++)
        if (attach(s->root, s->trees[i], s->config->binds[i].guest) != 0)
            return -1;
    if (s->config->profile == CELL_BUILD)
        return attach_devices(s);
    if (s->config->profile != CELL_SANITIZE)
        return 0;
    /* ASan reads its stack's bounds from /proc/self/maps, and symbols from /proc/self/exe. */
    if (mkdirat(s->root, "proc", 0555) != 0)
        return -1;
    return mount("proc", "proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC,
                 "subset=pid,hidepid=invisible");
}

static const char *decimal(uint64_t value, char ret[24])
{
    char *at = ret + 23;
    *at = '\0';
    do
        *--at = (char)('0' + value % 10);
    while ((value /= 10) > 0);
    return at;
}

/* A place to write, with nothing executable in it and no links that anyone would follow. */
static int mount_scratch(const struct setup *s, const char *path)
{
    char bytes[24];
    const int64_t least = 4096, wanted = s->config->limits.work_bytes;
    const struct option options[] = {
        {"size", decimal((uint64_t)(wanted < least ? least : wanted), bytes)},
        {"nr_inodes", "4096"},
        {"mode", "0700"},
        {"uid", "1000"}, /* ORDER_GUEST_ID */
        {"gid", "1000"},
    };
    const int tree =
        make_tmpfs(options, 5, K_ATTR_NOSUID | K_ATTR_NODEV | K_ATTR_NOEXEC | K_ATTR_NOSYMFOLLOW);
    if (tree < 0 || k_move_mount(tree, s->root, path) != 0)
        return -1;
    return close(tree);
}

/* A program without files gets an empty directory in the read-only root: 60 us less. */
int mounts_work(struct setup *s)
{
    const struct cell_config *c = s->config;
    if (mkdirat(s->root, "box", 0755) != 0 && errno != EEXIST)
        return -1;
    if (c->profile == CELL_BUILD) {
        if ((mkdirat(s->root, "tmp", 0755) != 0 && errno != EEXIST) || mount_scratch(s, "tmp") != 0)
            return -1;
    }
    if (c->profile == CELL_BUILD || c->n_files > 0 || c->keep_work || c->extras & CELL_SCRATCH)
        if (mount_scratch(s, "box") != 0)
            return -1;
    s->work = openat(s->root, "box", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    return s->work < 0 ? -1 : 0;
}

static int write_all(int fd, const char *bytes, size_t size)
{
    while (size > 0) {
        const ssize_t n = write(fd, bytes, size);
        if (n < 0)
            return -1;
        bytes += n;
        size -= (size_t)n;
    }
    return 0;
}

static int write_file(int work, const struct cell_file *file)
{
    if (make_way(work, file->name, ORDER_GUEST_ID) != 0)
        return -1;
    const int fd =
        openat(work, file->name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0644);
    if (fd < 0)
        return -1;
    if (write_all(fd, file->bytes, file->size) != 0 || fchown(fd, ORDER_GUEST_ID, ORDER_GUEST_ID))
        return -1;
    return close(fd);
}

int mounts_files(struct setup *s)
{
    for (size_t i = 0; i < s->config->n_files; i++)
        if (write_file(s->work, &s->config->files[i]) != 0)
            return -1;
    return 0;
}

/* pivot_root(".", ".") stacks the old root on the new one; pivot_root(2) explains. */
int mounts_enter(struct setup *s)
{
    if (syscall(SYS_pivot_root, ".", ".") != 0 || umount2(".", MNT_DETACH) != 0 || chdir("/") != 0)
        return -1;
    if (k_mount_setattr(s->root, AT_EMPTY_PATH, K_ATTR_RDONLY) != 0)
        return -1;
    close(s->root);
    return chdir("/box");
}

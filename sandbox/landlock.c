#include "sandbox/landlock.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

/* include/uapi/linux/landlock.h of Linux 6.12; older headers know fewer. */
enum {
    FS_EXECUTE = 1 << 0,
    FS_WRITE_FILE = 1 << 1,
    FS_READ_FILE = 1 << 2,
    FS_READ_DIR = 1 << 3,
    FS_ALL_ABI_1 = (1 << 13) - 1,
    FS_REFER = 1 << 13,     /* ABI 2 */
    FS_TRUNCATE = 1 << 14,  /* ABI 3 */
    FS_IOCTL_DEV = 1 << 15, /* ABI 5 */
    NET_TCP = 3,            /* bind and connect, ABI 4 */
    SCOPES = 3,             /* abstract unix sockets and signals, ABI 6 */
    FS_OF_FILES = FS_EXECUTE | FS_WRITE_FILE | FS_READ_FILE | FS_TRUNCATE | FS_IOCTL_DEV,
    READ = FS_EXECUTE | FS_READ_FILE | FS_READ_DIR,
};

struct ruleset_attr {
    uint64_t fs, net, scoped;
};
struct path_rule {
    uint64_t allowed;
    int32_t parent;
} __attribute__((packed));

static int create_ruleset(const struct ruleset_attr *attr, size_t size, unsigned flags)
{
    return (int)syscall(444 /* landlock_create_ruleset */, attr, size, flags);
}

int landlock_abi(void)
{
    const int abi = create_ruleset(NULL, 0, 1 /* version */);
    return abi < 0 ? 0 : abi;
}

/* What this kernel can forbid. The size tells it which fields we know. */
static struct ruleset_attr handled(int abi, size_t *ret_size)
{
    struct ruleset_attr attr = {.fs = FS_ALL_ABI_1};
    attr.fs |= abi >= 2 ? FS_REFER : 0;
    attr.fs |= abi >= 3 ? FS_TRUNCATE : 0;
    attr.fs |= abi >= 5 ? FS_IOCTL_DEV : 0;
    attr.net = abi >= 4 ? NET_TCP : 0;
    attr.scoped = abi >= 6 ? SCOPES : 0;
    *ret_size = abi >= 6 ? 24 : abi >= 4 ? 16 : 8;
    return attr;
}

static int allow(int ruleset, const char *path, uint64_t rights)
{
    struct stat st;
    const int fd = open(path, O_PATH | O_CLOEXEC);
    if (fd < 0 || fstat(fd, &st) != 0)
        return -1;
    if (!S_ISDIR(st.st_mode))
        rights &= FS_OF_FILES;
    const struct path_rule rule = {.allowed = rights, .parent = fd};
    const long rc = syscall(445 /* landlock_add_rule */, ruleset, 1 /* beneath */, &rule, 0);
    const int saved = errno;
    close(fd);
    errno = saved;
    return (int)rc;
}

/* Without extras a running program opens nothing, whatever the filter thinks of it. */
static int allow_run(int ruleset, const struct cell_config *config, uint64_t scratch)
{
    const uint64_t read = FS_READ_FILE | FS_READ_DIR;
    const bool sanitize = config->profile == CELL_SANITIZE;
    if (sanitize && allow(ruleset, "/proc", read) != 0)
        return -1;
    if (config->extras & CELL_SCRATCH)
        return allow(ruleset, "/box", scratch);
    return sanitize || config->extras & CELL_FILES ? allow(ruleset, "/box", read) : 0;
}

static int add_rules(int ruleset, const struct cell_config *config, uint64_t all)
{
    const uint64_t scratch = all & ~(uint64_t)FS_EXECUTE;
    for (size_t i = 0; i < config->n_binds; i++)
        if (allow(ruleset, config->binds[i].guest, config->binds[i].writable ? scratch : READ) != 0)
            return -1;
    if (config->profile != CELL_BUILD)
        return allow_run(ruleset, config, scratch);
    if (allow(ruleset, "/box", scratch) != 0 || allow(ruleset, "/tmp", scratch) != 0 ||
        allow(ruleset, "/", FS_READ_DIR) != 0)
        return -1;
    return allow(ruleset, "/dev", FS_READ_FILE | FS_WRITE_FILE | FS_READ_DIR);
}

int landlock_restrict(const struct cell_config *config)
{
    const int abi = landlock_abi();
    if (abi == 0)
        return 0;
    size_t size;
    struct ruleset_attr attr = handled(abi, &size);
    if (config->extras & CELL_SOCKETS)
        attr.net = 0; /* any port: its network is its own */
    const int ruleset = create_ruleset(&attr, size, 0);
    if (ruleset < 0)
        return -1;
    long rc = add_rules(ruleset, config, attr.fs);
    if (rc == 0)
        rc = syscall(446 /* landlock_restrict_self */, ruleset, 0);
    const int saved = errno;
    close(ruleset);
    errno = saved;
    return (int)rc;
}

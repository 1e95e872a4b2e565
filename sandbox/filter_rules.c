#include "sandbox/filter_rules.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <linux/prctl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <seccomp.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <termios.h>
#include <unistd.h>

enum {
    B = 1 << CELL_BUILD,
    R = 1 << CELL_RUN,
    S = 1 << CELL_SANITIZE,
    EXTRAS_SHIFT = 8,
    T = CELL_THREADS << EXTRAS_SHIFT,
    F = CELL_FILES << EXTRAS_SHIFT,
    W = CELL_SCRATCH << EXTRAS_SHIFT,
    N = CELL_SOCKETS << EXTRAS_SHIFT,
};

static const struct {
    const char *name;
    unsigned profiles;
} plain[] = {
#define CALL(name, profiles) {#name, profiles},
#include "sandbox/calls.def"
#undef CALL
};

/* Calls allowed for some arguments: rules on one call are alternatives, comparisons in one rule
 * hold together. MASKED compares argument & a with b. */
#define MASKED(argument, mask, value)                                                              \
    {                                                                                              \
        argument, SCMP_CMP_MASKED_EQ, mask, value                                                  \
    }
#define IS(argument, value)                                                                        \
    {                                                                                              \
        argument, SCMP_CMP_EQ, value, 0                                                            \
    }
enum {
    PROT_WX = PROT_WRITE | PROT_EXEC,
    OPEN_WRITES = O_ACCMODE | O_CREAT | O_TRUNC | O_APPEND,
    /* CLONE_VM, _FS, _FILES, _SIGHAND, _THREAD, _SYSVSEM: what pthread_create shares */
    CLONE_THREAD_ONLY = 0x100 | 0x200 | 0x400 | 0x800 | 0x10000 | 0x40000,
    SOCKET_FLAGS = SOCK_CLOEXEC | SOCK_NONBLOCK,
    /* CLONE_NEW*, CLONE_PTRACE, CLONE_UNTRACED, CLONE_PIDFD: the namespaces above all */
    CLONE_REFUSED = 0x7e020000 | 0x2000 | 0x800000 | 0x1000,
    K_PR_SET_VMA = 0x53564d41, /* names a mapping for /proc/self/maps */
    /* asm/prctl.h is x86's alone */
    K_ARCH_SET_FS = 0x1002,
    K_ARCH_GET_FS = 0x1003,
    K_ARCH_CET_STATUS = 0x3001, /* asked by the loader of glibc 2.36, unknown to the kernel */
};
#define QUERY_PERSONALITY 0xffffffffu

static const struct {
    const char *name;
    unsigned profiles;
    unsigned n;
    struct scmp_arg_cmp compare[2];
} careful[] = {
    /* No page is both writable and executable. A static program needs no executable mapping after
     * its start; a dynamic one maps its libraries, from files only. */
    {"mmap", B | R | S, 1, {MASKED(2, PROT_EXEC, 0)}},
    {"mmap", B | S, 2, {MASKED(2, PROT_WX, PROT_EXEC), MASKED(3, MAP_ANONYMOUS, 0)}},
    {"mprotect", B | R | S, 1, {MASKED(2, PROT_EXEC, 0)}},
    {"mprotect", B, 1, {MASKED(2, PROT_WX, PROT_EXEC)}},

    {"openat", S | F, 1, {MASKED(2, OPEN_WRITES, O_RDONLY)}},
    {"open", S | F, 1, {MASKED(1, OPEN_WRITES, O_RDONLY)}},

    /* stdio asks what kind of file stdout is: fstatat(1, "", AT_EMPTY_PATH) */
    {"newfstatat", R, 1, {IS(3, AT_EMPTY_PATH)}},
    {"ioctl", B | R | S, 1, {IS(1, TCGETS)}},
    {"ioctl", B | S, 1, {IS(1, TIOCGWINSZ)}},
    {"fcntl", B | R | S, 1, {IS(1, F_GETFL)}},
    {"fcntl", B | R | S, 1, {IS(1, F_GETFD)}},
    {"fcntl", B | S, 1, {IS(1, F_SETFD)}},
    {"fcntl", B | N, 1, {IS(1, F_SETFL)}},
    {"fcntl", B, 1, {IS(1, F_DUPFD)}},
    {"fcntl", B, 1, {IS(1, F_DUPFD_CLOEXEC)}},

    {"clone", B, 1, {MASKED(0, CLONE_REFUSED, 0)}},
    {"clone", T, 1, {MASKED(0, CLONE_REFUSED | CLONE_THREAD_ONLY, CLONE_THREAD_ONLY)}},
    {"socket", N, 2, {IS(0, AF_INET), MASKED(1, ~(scmp_datum_t)SOCKET_FLAGS, SOCK_STREAM)}},
    {"setsockopt", N, 2, {IS(1, SOL_SOCKET), IS(2, SO_REUSEADDR)}},
    {"setsockopt", N, 2, {IS(1, IPPROTO_TCP), IS(2, TCP_NODELAY)}},
    {"getsockopt", N, 2, {IS(1, SOL_SOCKET), IS(2, SO_ERROR)}},
    {"prlimit64", R, 2, {IS(0, 0), IS(2, 0)}}, /* of itself, and only to read */
    {"prlimit64", B | S, 1, {IS(0, 0)}},       /* cc1 wants more stack, ASan no core file */
    {"getrlimit", B | S, 0, {{0}}},
    {"setrlimit", B, 0, {{0}}},
    {"prctl", B | S, 1, {IS(0, PR_SET_NAME)}},
    {"prctl", B | S, 1, {IS(0, PR_GET_NAME)}},
    {"prctl", B | S, 1, {IS(0, K_PR_SET_VMA)}},
    {"prctl", S, 1, {IS(0, PR_GET_DUMPABLE)}},
    {"personality", S, 1, {IS(0, QUERY_PERSONALITY)}},
    {"arch_prctl", B | R | S, 1, {IS(0, K_ARCH_SET_FS)}},
    {"arch_prctl", B | R | S, 1, {IS(0, K_ARCH_GET_FS)}},
    {"arch_prctl", B | R | S, 1, {IS(0, K_ARCH_CET_STATUS)}},
};

/* Probes that libraries make and can do without. clone3 hides its flags from a filter; without it
 * the C library uses clone. */
static const struct {
    const char *name;
    unsigned profiles;
    int error;
    unsigned n;
    struct scmp_arg_cmp compare[1];
} probes[] = {
    {"clone3", B | R | S, ENOSYS, 0, {{0}}},
    {"readlink", R, ENOENT, 0, {{0}}}, /* static glibc looks for /proc/self/exe */
    {"readlinkat", R, ENOENT, 0, {{0}}},
    {"sched_setaffinity", B, EPERM, 0, {{0}}},
    {"setpriority", B, EPERM, 0, {{0}}},
    {"chown", B, EPERM, 0, {{0}}},
    {"fchown", B, EPERM, 0, {{0}}},
    {"fchownat", B, EPERM, 0, {{0}}},
    {"ioctl", B, EOPNOTSUPP, 1, {IS(1, FICLONE)}}, /* cp would share blocks */
    {"alarm", B, 0, 0, {{0}}},                     /* set by clang when it has crashed */
    {"get_mempolicy", B, ENOSYS, 0, {{0}}},
    {"getxattr", B, ENOTSUP, 0, {{0}}}, /* cp, ls, install */
    {"lgetxattr", B, ENOTSUP, 0, {{0}}},
    {"fgetxattr", B, ENOTSUP, 0, {{0}}},
    {"setxattr", B, ENOTSUP, 0, {{0}}},
    {"lsetxattr", B, ENOTSUP, 0, {{0}}},
    {"fsetxattr", B, ENOTSUP, 0, {{0}}},
    {"listxattr", B, ENOTSUP, 0, {{0}}},
    {"llistxattr", B, ENOTSUP, 0, {{0}}},
    {"flistxattr", B, ENOTSUP, 0, {{0}}},
};

static int add_rule(scmp_filter_ctx ctx, uint32_t action, const char *name, unsigned n,
                    const struct scmp_arg_cmp *compare)
{
    const int number = seccomp_syscall_resolve_name(name);
    if (number < 0) /* another architecture's call */
        return 0;
    return seccomp_rule_add_array(ctx, action, number, n, compare);
}

static int add_rules(scmp_filter_ctx ctx, unsigned profile, uint64_t exec_cookie)
{
    int rc = 0;
    for (size_t i = 0; i < sizeof plain / sizeof plain[0] && rc == 0; i++)
        if (plain[i].profiles & profile)
            rc = add_rule(ctx, SCMP_ACT_ALLOW, plain[i].name, 0, NULL);
    for (size_t i = 0; i < sizeof careful / sizeof careful[0] && rc == 0; i++)
        if (careful[i].profiles & profile)
            rc = add_rule(ctx, SCMP_ACT_ALLOW, careful[i].name, careful[i].n, careful[i].compare);
    for (size_t i = 0; i < sizeof probes / sizeof probes[0] && rc == 0; i++)
        if (probes[i].profiles & profile)
            rc = add_rule(ctx, SCMP_ACT_ERRNO((uint32_t)probes[i].error), probes[i].name,
                          probes[i].n, probes[i].compare);
    const struct scmp_arg_cmp cookie = IS(5, exec_cookie);
    return rc != 0 ? rc : add_rule(ctx, SCMP_ACT_ALLOW, "execveat", 1, &cookie);
}

/* libseccomp writes programs to descriptors only. */
static int export(scmp_filter_ctx ctx, struct sock_fprog *ret)
{
    const int fd = memfd_create("filter", MFD_CLOEXEC);
    struct stat st;
    int rc = fd < 0 ? -errno : seccomp_export_bpf(ctx, fd);
    if (rc == 0 && fstat(fd, &st) != 0)
        rc = -errno;
    struct sock_filter *code = rc == 0 ? malloc((size_t)st.st_size) : NULL;
    if (rc == 0 && (code == NULL || pread(fd, code, (size_t)st.st_size, 0) != st.st_size))
        rc = -ENOMEM;
    if (fd >= 0)
        close(fd);
    if (rc != 0) {
        free(code);
        return rc;
    }
    ret->filter = code;
    ret->len = (unsigned short)((size_t)st.st_size / sizeof code[0]);
    return 0;
}

/* libseccomp wants calls by the numbers of the machine that it runs on, and translates. */
static int choose_architecture(scmp_filter_ctx ctx, uint32_t architecture)
{
    if (architecture == seccomp_arch_native())
        return 0;
    const int rc = seccomp_arch_add(ctx, architecture);
    return rc != 0 ? rc : seccomp_arch_remove(ctx, seccomp_arch_native());
}

int filter_build(enum cell_profile profile, unsigned extras, uint32_t architecture,
                 uint64_t exec_cookie, struct filter *ret)
{
    if (extras & CELL_SCRATCH)
        extras |= CELL_FILES;
    const unsigned profiles = 1u << profile | extras << EXTRAS_SHIFT;
    scmp_filter_ctx ctx = seccomp_init(SCMP_ACT_NOTIFY);
    if (ctx == NULL)
        return -ENOMEM;
    /* Another ABI's numbers mean other calls: no list can be right for them. */
    int rc = seccomp_attr_set(ctx, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_KILL_PROCESS);
    if (rc == 0)
        rc = choose_architecture(ctx, architecture);
    if (rc == 0)
        rc = seccomp_attr_set(ctx, SCMP_FLTATR_CTL_OPTIMIZE, 2); /* a tree, not a list */
    if (rc == 0)
        rc = add_rules(ctx, profiles, exec_cookie);
    if (rc == 0)
        rc = export(ctx, &ret->program);
    ret->exec_cookie = exec_cookie;
    seccomp_release(ctx);
    return rc;
}

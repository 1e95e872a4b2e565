/* The command's own process between clone and exec. Each step takes rights away and none gives any
 * back. Raw calls only where the C library would look at its threads. */
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/keyctl.h>
#include <linux/seccomp.h>
#include <linux/securebits.h>
#include <sched.h>
#include <signal.h>
#include <stddef.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "sandbox/kernel.h"
#include "sandbox/landlock.h"
#include "sandbox/setup.h"

#ifndef PR_SET_MDWE
#define PR_SET_MDWE              65
#define PR_MDWE_REFUSE_EXEC_GAIN 1
#endif
#ifndef SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV
#define SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV (1UL << 5)
#endif

/* No terminal to push characters into (TIOCSTI), no group shared with init, none of the caller's
 * keys: an anonymous session keyring of its own. Keys are denied by the filter; a container may
 * deny us the new keyring. */
int confine_session(struct setup *s)
{
    (void)s;
    umask(022);
    (void)!syscall(SYS_keyctl, KEYCTL_JOIN_SESSION_KEYRING, NULL);
    return setsid() < 0 ? -1 : 0;
}

/* Holds for who comes after: the command enters it by its exec, before Linux 6.1 only its children
 * do. A kernel without time namespaces says EINVAL. */
int confine_time(struct setup *s)
{
    (void)s;
    return unshare((int)K_CLONE_NEWTIME) == 0 || errno == EINVAL ? 0 : -1;
}

static int limit(int resource, int64_t soft, int64_t hard)
{
    const struct rlimit value = {(rlim_t)soft, (rlim_t)hard};
    return setrlimit((__rlimit_resource_t)resource, &value);
}

/* Where no limit is wanted the caller's own must not hold either: a learner would fail by it. */
static int limit_memory(const struct setup *s)
{
    const struct cell_limits *l = &s->config->limits;
    const int64_t none = (int64_t)RLIM_INFINITY;
    const int64_t address = l->address_bytes > 0 ? l->address_bytes : none;
    /* Without a control group the parent watches resident memory now and then; this bounds what can
     * be gained in between. Not for ASan, whose shadow of terabytes counts as data. */
    const bool bounded = s->order->limit_data && s->config->profile != CELL_SANITIZE;
    const int64_t data = bounded ? 2 * l->memory_bytes : none;
    if (limit(RLIMIT_AS, address, address) != 0)
        return -1;
    return limit(RLIMIT_DATA, data, data);
}

int confine_limits(struct setup *s)
{
    const struct cell_limits *l = &s->config->limits;
    const int64_t cpu_s = (l->cpu_ms + 999) / 1000 + 1; /* behind the parent's own, finer watch */
    /* The filter's listener has to fit below the limit for a moment. */
    const int64_t least = (int64_t)s->config->n_fds + 8;
    const int64_t files = l->descriptors > least ? l->descriptors : least;
    const struct {
        int resource;
        int64_t soft, hard;
    } table[] = {
        /* 1, not 0: by the kernel's source that stops a piped core handler, too */
        {RLIMIT_CORE, 1, 1},
        {RLIMIT_CPU, cpu_s, cpu_s + 1},
        {RLIMIT_STACK, l->stack_bytes, l->stack_bytes},
        {RLIMIT_FSIZE, l->file_bytes, l->file_bytes},
        {RLIMIT_NOFILE, files, files},
        {RLIMIT_NPROC, l->processes + 1, l->processes + 1}, /* init is one */
        {RLIMIT_MEMLOCK, 0, 0},
        {RLIMIT_MSGQUEUE, 0, 0},
        {RLIMIT_NICE, 0, 0},
        {RLIMIT_RTPRIO, 0, 0},
    };
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++)
        if (limit(table[i].resource, table[i].soft, table[i].hard) != 0)
            return -1;
    return limit_memory(s);
}

static int drop_bounding_set(void)
{
    for (int capability = 0; capability <= 63; capability++)
        if (prctl(PR_CAPBSET_DROP, capability) != 0)
            return errno == EINVAL ? 0 : -1; /* past the last one that this kernel knows */
    return 0;
}

/* Order matters: securebits and the bounding set take CAP_SETPCAP, the id takes CAP_SETUID, and
 * capset gives up both. */
int confine_capabilities(struct setup *s)
{
    const unsigned long bits = SECBIT_NOROOT | SECBIT_NOROOT_LOCKED | SECBIT_NO_SETUID_FIXUP |
                               SECBIT_NO_SETUID_FIXUP_LOCKED | SECBIT_KEEP_CAPS_LOCKED |
                               SECBIT_NO_CAP_AMBIENT_RAISE | SECBIT_NO_CAP_AMBIENT_RAISE_LOCKED;
    if (prctl(PR_SET_SECUREBITS, bits) != 0 || drop_bounding_set() != 0 ||
        prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) != 0)
        return -1;
    const uid_t id = ORDER_GUEST_ID;
    if (s->two_ids &&
        (syscall(SYS_setresgid, id, id, id) != 0 || syscall(SYS_setresuid, id, id, id) != 0))
        return -1;
    struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
    const struct __user_cap_data_struct none[2] = {{0}};
    if (syscall(SYS_capset, &header, none) != 0)
        return -1;
    /* No page becomes executable that was not so from its start: what the filter says by arguments
     * the kernel says by pages, from Linux 6.3 on. */
    prctl(PR_SET_MDWE, PR_MDWE_REFUSE_EXEC_GAIN, 0, 0, 0);
    return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
}

int confine_files(struct setup *s)
{
    return landlock_restrict(s->config);
}

int confine_calls(struct setup *s)
{
    const struct sock_fprog *program = &s->order->filter.program;
    unsigned long flags = SECCOMP_FILTER_FLAG_NEW_LISTENER | SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV;
    long fd = syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags, program);
    if (fd < 0 && errno == EINVAL) /* before Linux 5.19 */
        fd = syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_NEW_LISTENER,
                     program);
    s->listener = (int)fd;
    return fd < 0 ? -1 : 0;
}

/* The sixth argument means nothing to execveat and everything to the filter: see filter.h. */
int confine_exec(struct setup *s)
{
    const struct cell_config *c = s->config;
    const bool image = s->image >= 0;
    return (int)syscall(SYS_execveat, image ? s->image : AT_FDCWD, image ? "" : c->argv[0], c->argv,
                        c->envp, image ? AT_EMPTY_PATH : 0, s->order->filter.exec_cookie);
}

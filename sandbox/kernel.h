/* System calls that older C libraries do not wrap, and constants that older kernel headers lack.
 *
 * Between clone3 and exec raw calls are also a must: the C library's setresuid and friends signal
 * every thread that the library believes in, and its clone wrapper keeps a thread id that is the
 * parent's. Each returns -1 with errno, like its manual page. */
#pragma once

#include <errno.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <unistd.h>

/* clone3 */
#define K_CLONE_NEWALL                                                                             \
    (0x00020000ull /* NS */ | 0x02000000ull /* CGROUP */ | 0x04000000ull /* UTS */ |               \
     0x08000000ull /* IPC */ | 0x10000000ull /* USER */ | 0x20000000ull /* PID */ |                \
     0x40000000ull /* NET */)
#define K_CLONE_NEWTIME     0x00000080ull
#define K_CLONE_NEWUSER     0x10000000ull
#define K_CLONE_VM          0x00000100ull
#define K_CLONE_FILES       0x00000400ull
#define K_CLONE_PIDFD       0x00001000ull
#define K_CLONE_VFORK       0x00004000ull
#define K_CLONE_INTO_CGROUP 0x200000000ull

struct k_clone_args { /* struct clone_args of linux/sched.h, version 2 (88 bytes) */
    uint64_t flags, pidfd, child_tid, parent_tid, exit_signal;
    uint64_t stack, stack_size, tls, set_tid, set_tid_size, cgroup;
};

/* mounts: include/uapi/linux/mount.h */
enum {
    K_OPEN_TREE_CLONE = 1,
    K_AT_RECURSIVE = 0x8000,
    K_MOVE_FROM_EMPTY_PATH = 0x4,
    K_FSCONFIG_SET_STRING = 1,
    K_FSCONFIG_CREATE = 6,
    K_MS_NOSYMFOLLOW = 256,
};
#define K_OPEN_TREE_CLOEXEC 02000000
#define K_ATTR_RDONLY       0x1ull
#define K_ATTR_NOSUID       0x2ull
#define K_ATTR_NODEV        0x4ull
#define K_ATTR_NOEXEC       0x8ull
#define K_ATTR_NOSYMFOLLOW  0x200000ull

struct k_mount_attr {
    uint64_t set, clear, propagation, userns_fd;
};

/* vfork with clone3's arguments: `child` runs in the caller's memory and on its stack while the
 * caller stands still, and must end in an exec or an exit by system call. Not by syscall(): that
 * would return twice, the second time over a stack that the child has used. Returns the pid, or
 * -errno. */
static __attribute__((noinline, unused)) long
k_clone_standing_still(const struct k_clone_args *args, void (*child)(void *), void *argument)
{
#if defined(__x86_64__)
    long pid = SYS_clone3;
    __asm__ volatile("syscall" : "+a"(pid) : "D"(args), "S"(sizeof *args) : "rcx", "r11", "memory");
#elif defined(__aarch64__)
    register long pid __asm__("x0") = (long)args;
    register long size __asm__("x1") = sizeof *args;
    register long number __asm__("x8") = SYS_clone3;
    __asm__ volatile("svc 0" : "+r"(pid) : "r"(size), "r"(number) : "memory");
#else
#error "system calls of this architecture are not known here"
#endif
    if (pid == 0) {
        child(argument);
        __builtin_unreachable();
    }
    return pid;
}

static inline int k_open_tree(int dir, const char *path, unsigned flags)
{
    return (int)syscall(SYS_open_tree, dir, path, flags);
}

static inline int k_move_mount(int from, int to_dir, const char *to)
{
    return (int)syscall(SYS_move_mount, from, "", to_dir, to, K_MOVE_FROM_EMPTY_PATH);
}

static inline int k_mount_setattr(int dir, unsigned flags, uint64_t set)
{
    const struct k_mount_attr attr = {.set = set};
    return (int)syscall(SYS_mount_setattr, dir, "", flags, &attr, sizeof attr);
}

static inline int k_fsopen(const char *type)
{
    return (int)syscall(SYS_fsopen, type, 1 /* cloexec */);
}

static inline int k_fsconfig(int fs, unsigned command, const char *key, const char *value)
{
    return (int)syscall(SYS_fsconfig, fs, command, key, value, 0);
}

static inline int k_fsmount(int fs, unsigned attributes)
{
    return (int)syscall(SYS_fsmount, fs, 1 /* cloexec */, attributes);
}

static inline int k_close_range(unsigned first, unsigned last)
{
    return (int)syscall(SYS_close_range, first, last, 0);
}

static inline int k_close_on_exec_from(unsigned first)
{
    return (int)syscall(SYS_close_range, first, ~0u, 4 /* cloexec */);
}

/* Memory that a program may be started from, also where vm.memfd_noexec is 1. Before Linux 6.3 all
 * was. */
static inline int k_memfd_of_program(const char *name)
{
    const unsigned flags = 1 /* cloexec */ | 2 /* sealing */, exec = 16;
    const int fd = (int)syscall(SYS_memfd_create, name, flags | exec);
    return fd >= 0 || errno != EINVAL ? fd : (int)syscall(SYS_memfd_create, name, flags);
}

static inline int k_pidfd_send_signal(int pidfd, int signal)
{
    return (int)syscall(SYS_pidfd_send_signal, pidfd, signal, NULL, 0);
}

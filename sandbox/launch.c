#include "sandbox/launch.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "sandbox/kernel.h"
#include "sandbox/order.h"

/* init.c, built as a static program and carried in this library: no path to it has to be found,
 * trusted or mounted. */
__asm__(".section .rodata\n"
        ".balign 16\n"
        ".hidden cell_init_begin\n"
        ".hidden cell_init_end\n"
        ".globl cell_init_begin\n"
        ".globl cell_init_end\n"
        "cell_init_begin: .incbin \"" CELL_INIT_PATH "\"\n"
        "cell_init_end: .byte 0\n"
        ".previous\n");
extern const char cell_init_begin[], cell_init_end[];

/* The program in memory, made once per process: its bytes are a constant. -1 and errno. */
static int init_image(void)
{
    static int image = -1;
    if (image >= 0)
        return image;
    const ptrdiff_t size = cell_init_end - cell_init_begin;
    const int fd = k_memfd_of_program("cell-init");
    if (fd < 0)
        return -1;
    if (write(fd, cell_init_begin, (size_t)size) != size ||
        fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) != 0) {
        close(fd);
        return -1;
    }
    return image = fd;
}

/* What runs on the parent's stack and does not return must leave no marks of a sanitizer there. */
#define ON_BORROWED_STACK __attribute__((no_sanitize("address", "undefined")))

struct birth {
    int image, socket;
    bool tries_time;    /* only to see what comes of it */
    volatile int error; /* written by the child, whose memory is ours */
};

/* As root of the new user namespace the child has all capabilities, which an exec without a mapped
 * id would lose. Ambient ones are kept. */
ON_BORROWED_STACK static int keep_capabilities(void)
{
    struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
    struct __user_cap_data_struct data[2];
    if (syscall(SYS_capget, &header, data) != 0)
        return -1;
    data[0].inheritable = data[0].permitted;
    data[1].inheritable = data[1].permitted;
    if (syscall(SYS_capset, &header, data) != 0)
        return -1;
    for (unsigned i = 0; i < 64; i++)
        if ((data[i / 32].permitted >> i % 32 & 1) != 0 &&
            prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, i, 0, 0) != 0)
            return -1;
    return 0;
}

/* On the parent's stack, in its memory, while it stands still: system calls only. */
ON_BORROWED_STACK static void become_init(void *argument)
{
    struct birth *b = argument;
    static char name[] = "cell-init";
    char *const argv[] = {name, NULL}, *const envp[] = {NULL};
    if ((!b->tries_time || syscall(SYS_unshare, K_CLONE_NEWTIME) == 0) &&
        keep_capabilities() == 0 && syscall(SYS_dup3, b->socket, ORDER_SOCKET, 0) == ORDER_SOCKET &&
        k_close_on_exec_from(ORDER_SOCKET + 1) == 0)
        syscall(SYS_execveat, b->image, "", argv, envp, AT_EMPTY_PATH);
    b->error = errno;
    syscall(SYS_exit_group, 127);
    __builtin_unreachable();
}

/* One that was never a program: nobody has to hear of it. */
static pid_t give_up(int pidfd, int error)
{
    siginfo_t info;
    syscall(SYS_waitid, P_PIDFD, pidfd, &info, WEXITED | __WALL, NULL);
    close(pidfd);
    errno = error;
    return -1;
}

/* No handler of the host program may run in the child. */
static long give_birth(const struct k_clone_args *args, struct birth *birth)
{
    sigset_t all, old;
    sigfillset(&all);
    sigprocmask(SIG_SETMASK, &all, &old);
    const long pid = k_clone_standing_still(args, become_init, birth);
    sigprocmask(SIG_SETMASK, &old, NULL);
    return pid;
}

pid_t launch_init(int socket, int cgroup, int *ret_pidfd)
{
    int pidfd = -1;
    struct birth birth = {.image = init_image(), .socket = socket};
    struct k_clone_args args = {
        .flags = K_CLONE_NEWALL | K_CLONE_PIDFD | K_CLONE_VM | K_CLONE_VFORK,
        .pidfd = (uint64_t)(uintptr_t)&pidfd,
    };
    if (birth.image < 0)
        return -1;
    if (cgroup >= 0) {
        args.flags |= K_CLONE_INTO_CGROUP;
        args.cgroup = (uint64_t)cgroup;
    }
    const long pid = give_birth(&args, &birth);
    if (pid < 0) {
        errno = (int)-pid;
        return -1;
    }
    if (birth.error != 0)
        return give_up(pidfd, birth.error);
    *ret_pidfd = pidfd;
    return (pid_t)pid;
}

static bool same_time(pid_t pid)
{
    char path[64], own[64] = "", other[64] = "";
    snprintf(path, sizeof path, "/proc/%d/ns/time", (int)pid);
    return readlink("/proc/self/ns/time", own, sizeof own - 1) < 0 ||
           readlink(path, other, sizeof other - 1) < 0 || strcmp(own, other) == 0;
}

bool launch_enters_time_namespace(void)
{
    int pidfd = -1, pipe[2];
    struct birth birth = {.image = init_image(), .tries_time = true};
    const struct k_clone_args args = {
        .flags = K_CLONE_NEWUSER | K_CLONE_PIDFD | K_CLONE_VM | K_CLONE_VFORK,
        .pidfd = (uint64_t)(uintptr_t)&pidfd,
    };
    if (birth.image < 0 || pipe2(pipe, O_CLOEXEC) != 0)
        return false;
    birth.socket = pipe[0];
    const long pid = give_birth(&args, &birth);
    const bool enters = pid > 0 && birth.error == 0 && !same_time((pid_t)pid);
    if (pid > 0) {
        k_pidfd_send_signal(pidfd, SIGKILL);
        give_up(pidfd, 0);
    }
    close(pipe[0]);
    close(pipe[1]);
    return enters;
}

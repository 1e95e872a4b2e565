/* The C library of init: the calls that it makes, each a system call and nothing around it.
 *
 * Every cell begins with init's own start. A static C library spends a millisecond there on virtual
 * machines, finding out by CPUID which memcpy is the fastest; this does nothing before main. And
 * what is parent to a stranger's program is small enough to be read: a function that is not here
 * does not link. Semantics are those of the manual pages. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

/* --- the processor's part --- */

#if defined(__x86_64__)
__asm__(".globl _start\n_start:\n\txor %ebp, %ebp\n\tand $-16, %rsp\n\tcall init_start\n");

static long raw(long n, long a, long b, long c, long d, long e, long f)
{
    register long r10 __asm__("r10") = d, r8 __asm__("r8") = e, r9 __asm__("r9") = f;
    __asm__ volatile("syscall"
                     : "+a"(n)
                     : "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9)
                     : "rcx", "r11", "memory");
    return n;
}
#elif defined(__aarch64__)
__asm__(".globl _start\n_start:\n\tmov x29, #0\n\tmov x30, #0\n\tbl init_start\n");

static long raw(long n, long a, long b, long c, long d, long e, long f)
{
    register long x8 __asm__("x8") = n, x0 __asm__("x0") = a, x1 __asm__("x1") = b;
    register long x2 __asm__("x2") = c, x3 __asm__("x3") = d, x4 __asm__("x4") = e;
    register long x5 __asm__("x5") = f;
    __asm__ volatile("svc 0"
                     : "+r"(x0)
                     : "r"(x8), "r"(x1), "r"(x2), "r"(x3), "r"(x4), "r"(x5)
                     : "memory");
    return x0;
}
#else
#error "system calls of this architecture are not known here"
#endif

int main(void);

_Noreturn void init_start(void)
{
    _exit(main());
}

/* One thread, so one errno. Command and init share it until exec, when one of them sleeps. */
static int error_number;

int *__errno_location(void)
{
    return &error_number;
}

static long checked(long result)
{
    if (result >= 0 || result < -4095)
        return result;
    error_number = (int)-result;
    return -1;
}

#define CALL(number, a, b, c, d, e, f)                                                             \
    checked(raw(number, (long)(a), (long)(b), (long)(c), (long)(d), (long)(e), (long)(f)))

/* The linker's name is the C library's, the compiler's is our own: so nothing is asked about the
 * names that parameters have in the system's headers. */
#define DEFINE(type, name, parameters)                                                             \
    type init_##name parameters __asm__(#name);                                                    \
    type init_##name parameters

/* A function that is its system call: result, name, types of the parameters. */
#define CALL1(type, name, A)                                                                       \
    DEFINE(type, name, (A a))                                                                      \
    {                                                                                              \
        return (type)CALL(SYS_##name, a, 0, 0, 0, 0, 0);                                           \
    }
#define CALL2(type, name, A, B)                                                                    \
    DEFINE(type, name, (A a, B b))                                                                 \
    {                                                                                              \
        return (type)CALL(SYS_##name, a, b, 0, 0, 0, 0);                                           \
    }
#define CALL3(type, name, A, B, C)                                                                 \
    DEFINE(type, name, (A a, B b, C c))                                                            \
    {                                                                                              \
        return (type)CALL(SYS_##name, a, b, c, 0, 0, 0);                                           \
    }
#define CALL5(type, name, A, B, C, D, E)                                                           \
    DEFINE(type, name, (A a, B b, C c, D d, E e))                                                  \
    {                                                                                              \
        return (type)CALL(SYS_##name, a, b, c, d, e, 0);                                           \
    }
#define CALL6(type, name, A, B, C, D, E, F)                                                        \
    DEFINE(type, name, (A a, B b, C c, D d, E e, F f))                                             \
    {                                                                                              \
        return (type)CALL(SYS_##name, a, b, c, d, e, f);                                           \
    }

/* --- descriptors --- */
CALL1(int, close, int)
CALL3(ssize_t, read, int, void *, size_t)
CALL3(ssize_t, write, int, const void *, size_t)
CALL3(int, dup3, int, int, int)
CALL3(int, socket, int, int, int)
CALL3(ssize_t, sendmsg, int, const struct msghdr *, int)
CALL3(ssize_t, recvmsg, int, struct msghdr *, int)
CALL6(void *, mmap, void *, size_t, int, int, int, off_t)

/* --- files --- */
CALL3(int, mkdirat, int, const char *, mode_t)
CALL5(int, fchownat, int, const char *, uid_t, gid_t, int)
CALL3(int, fchown, int, uid_t, gid_t)
CALL5(int, mount, const char *, const char *, const char *, unsigned long, const void *)
CALL2(int, umount2, const char *, int)
CALL1(int, chdir, const char *)
CALL1(int, fchdir, int)
CALL1(mode_t, umask, mode_t)

/* --- the process --- */
CALL1(int, unshare, int)
CALL2(int, sethostname, const char *, size_t)
CALL3(int, sched_setaffinity, pid_t, size_t, const cpu_set_t *)
CALL2(int, getrusage, __rusage_who_t, struct rusage *)
CALL2(int, kill, pid_t, int)

uid_t geteuid(void)
{
    return (uid_t)CALL(SYS_geteuid, 0, 0, 0, 0, 0, 0);
}

pid_t setsid(void)
{
    return (pid_t)CALL(SYS_setsid, 0, 0, 0, 0, 0, 0);
}

DEFINE(int, setrlimit, (__rlimit_resource_t resource, const struct rlimit *value))
{
    return (int)CALL(SYS_prlimit64, 0, resource, value, NULL, 0, 0);
}

DEFINE(pid_t, waitpid, (pid_t pid, int *ret_status, int options))
{
    return (pid_t)CALL(SYS_wait4, pid, ret_status, options, NULL, 0, 0);
}

DEFINE(int, poll, (struct pollfd * fds, nfds_t n, int wait_ms))
{
    const struct timespec wait = {wait_ms / 1000, wait_ms % 1000 * 1000000L};
    return (int)CALL(SYS_ppoll, fds, n, &wait, 0, 0, 0);
}

DEFINE(int, fstat, (int fd, struct stat *ret))
{
    return (int)CALL(SYS_newfstatat, fd, "", ret, AT_EMPTY_PATH, 0, 0);
}

_Noreturn void _exit(int status)
{
    for (;;)
        raw(SYS_exit_group, status, 0, 0, 0, 0, 0);
}

/* --- with as many arguments as the caller likes: what was not passed is not looked at --- */

DEFINE(long, syscall, (long number, ...))
{
    long a[6];
    va_list list;
    va_start(list, number);
    for (int i = 0; i < 6; i++)
        a[i] = va_arg(list, long);
    va_end(list);
    return CALL(number, a[0], a[1], a[2], a[3], a[4], a[5]);
}

DEFINE(int, prctl, (int option, ...))
{
    long a[4];
    va_list list;
    va_start(list, option);
    for (int i = 0; i < 4; i++)
        a[i] = va_arg(list, long);
    va_end(list);
    return (int)CALL(SYS_prctl, option, a[0], a[1], a[2], a[3], 0);
}

DEFINE(int, fcntl, (int fd, int command, ...))
{
    va_list list;
    va_start(list, command);
    const long argument = va_arg(list, long);
    va_end(list);
    return (int)CALL(SYS_fcntl, fd, command, argument, 0, 0, 0);
}

DEFINE(int, ioctl, (int fd, unsigned long request, ...))
{
    va_list list;
    va_start(list, request);
    const long argument = va_arg(list, long);
    va_end(list);
    return (int)CALL(SYS_ioctl, fd, request, argument, 0, 0, 0);
}

DEFINE(int, openat, (int dir, const char *path, int flags, ...))
{
    va_list list;
    va_start(list, flags);
    const int mode = (flags & O_CREAT) != 0 ? va_arg(list, int) : 0;
    va_end(list);
    return (int)CALL(SYS_openat, dir, path, flags, mode, 0, 0);
}

/* init makes files by openat only. */
DEFINE(int, open, (const char *path, int flags, ...))
{
    return openat(AT_FDCWD, path, flags);
}

/* --- memory and text --- */

DEFINE(void *, memcpy, (void *restrict to, const void *restrict from, size_t n))
{
    for (size_t i = 0; i < n; i++)
        ((char *)to)[i] = ((const char *)from)[i];
    return to;
}

DEFINE(void *, memset, (void *to, int value, size_t n))
{
    for (size_t i = 0; i < n; i++)
        ((char *)to)[i] = (char)value;
    return to;
}

DEFINE(size_t, strlen, (const char *text))
{
    size_t n = 0;
    while (text[n] != '\0')
        n++;
    return n;
}

DEFINE(char *, strchr, (const char *text, int c))
{
    for (; *text != (char)c; text++)
        if (*text == '\0')
            return NULL;
    return (char *)text;
}

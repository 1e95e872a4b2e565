/* What a stranger tries in a cell: each call off the list is named and ends the cell, and what is
 * allowed reaches nothing of the host. */
#include <errno.h>
#include <fcntl.h>
#include <linux/prctl.h>
#include <sched.h>
#include <seccomp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "sandbox/kernel.h"
#include "sandbox/landlock.h"
#include "sandbox/launch.h"
#include "sandbox/setup.h"
#include "sandbox/test_guest.h"

static void expect_forbidden(const struct outcome *o, const char *what, const char *call)
{
    if (o->exit.verdict != CELL_FORBIDDEN_CALL || strcmp(o->exit.system_call, call) != 0)
        fail_msg("%s: %s, status %d, signal %d, call '%s', said '%s': expected %s to be named",
                 what, guest_verdict(o->exit.verdict), o->exit.status, o->exit.signal,
                 o->exit.system_call, o->out, call);
}

static void a_running_program_opens_forks_and_connects_nothing(void **state)
{
    (void)state;
    static const struct {
        const char *what, *argv[4], *call;
    } table[] = {
        {"fopen of a host file", {"guest", "open", "/etc/passwd"}, "openat"},
        {"fopen of a device", {"guest", "open", "/dev/null"}, "openat"},
        {"fork", {"guest", "fork"}, "clone"},
        {"a thread", {"guest", "thread"}, "clone"},
        {"exec of a shell", {"guest", "exec", "/bin/sh"}, "execve"},
        {"reading a directory", {"guest", "list", "/"}, "openat"},
    };
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        const struct outcome o = guest_do(CELL_RUN, table[i].argv);
        expect_forbidden(&o, table[i].what, table[i].call);
    }
}

/* The call's number and arguments as the guest's `call` wants them. */
static void expect_call_forbidden(enum cell_profile profile, const char *call, long a0, long a1,
                                  long a2, long a3)
{
    char text[5][24];
    const int number = seccomp_syscall_resolve_name(call);
    if (number < 0) /* not on this architecture */
        return;
    const long values[5] = {number, a0, a1, a2, a3};
    for (int i = 0; i < 5; i++)
        snprintf(text[i], sizeof text[i], "%ld", values[i]);
    const struct outcome o =
        guest_do(profile, GUEST("call", text[0], text[1], text[2], text[3], text[4]));
    expect_forbidden(&o, call, call);
}

static void no_profile_reaches_the_rest_of_the_kernel(void **state)
{
    (void)state;
    static const struct {
        const char *call;
        long a0, a1, a2, a3;
    } table[] = {
        {"socket", AF_INET, SOCK_STREAM, 0, 0},
        {"socket", 40 /* AF_VSOCK, which no namespace holds */, SOCK_STREAM, 0, 0},
        {"socketpair", AF_UNIX, SOCK_STREAM, 0, 0},
        {"ptrace", 16 /* attach */, 1, 0, 0},
        {"process_vm_readv", 1, 0, 0, 0},
        {"process_vm_writev", 1, 0, 0, 0},
        {"pidfd_open", 1, 0, 0, 0},
        {"pidfd_getfd", 3, 0, 0, 0},
        {"kcmp", 1, 1, 0, 0},
        {"mount", 0, 0, 0, 0},
        {"umount2", 0, 0, 0, 0},
        {"pivot_root", 0, 0, 0, 0},
        {"chroot", 0, 0, 0, 0},
        {"open_tree", -100, 0, 1, 0},
        {"fsopen", 0, 0, 0, 0},
        {"unshare", CLONE_NEWUSER, 0, 0, 0},
        {"setns", 3, 0, 0, 0},
        {"clone", CLONE_NEWUSER | SIGCHLD, 0, 0, 0},
        {"clone", CLONE_NEWPID | SIGCHLD, 0, 0, 0},
        {"keyctl", 0, 0, 0, 0},
        {"add_key", 0, 0, 0, 0},
        {"request_key", 0, 0, 0, 0},
        {"io_uring_setup", 1, 0, 0, 0},
        {"bpf", 0, 0, 0, 0},
        {"perf_event_open", 0, 0, 0, 0},
        {"userfaultfd", 0, 0, 0, 0},
        {"memfd_secret", 0, 0, 0, 0},
        {"fanotify_init", 0, 0, 0, 0},
        {"inotify_init1", 0, 0, 0, 0},
        {"open_by_handle_at", 0, 0, 0, 0},
        {"mknodat", -100, 0, 0, 0},
        {"symlinkat", 0, -100, 0, 0},
        {"linkat", -100, 0, -100, 0},
        {"setuid", 0, 0, 0, 0},
        {"setresuid", 0, 0, 0, 0},
        {"setgroups", 0, 0, 0, 0},
        {"capset", 0, 0, 0, 0},
        {"seccomp", 1, 0, 0, 0},
        {"prctl", PR_SET_SECCOMP, 2, 0, 0},
        {"prctl", PR_SET_DUMPABLE, 1, 0, 0},
        {"prctl", PR_SET_TSC, 2, 0, 0},
        {"setitimer", 0, 0, 0, 0},
        {"timer_create", 0, 0, 0, 0},
        {"clock_settime", 0, 0, 0, 0},
        {"settimeofday", 0, 0, 0, 0},
        {"sched_setscheduler", 0, 1, 0, 0},
        {"shmget", 0, 4096, 0, 0},
        {"msgget", 0, 0, 0, 0},
        {"semget", 0, 1, 0, 0},
        {"mq_open", 0, 0, 0, 0},
        {"flock", 0, 2, 0, 0},
        {"fcntl", 0, F_SETLK, 0, 0},
        {"fcntl", 0, F_SETLEASE, 0, 0},
        {"fcntl", 0, F_NOTIFY, 0, 0},
        {"fcntl", 0, F_SETOWN, 0, 0},
        {"ioctl", 0, 0x5412 /* TIOCSTI */, 0, 0},
        {"reboot", 0, 0, 0, 0},
        {"kexec_load", 0, 0, 0, 0},
        {"init_module", 0, 0, 0, 0},
        {"syslog", 3, 0, 0, 0},
        {"swapon", 0, 0, 0, 0},
        {"quotactl", 0, 0, 0, 0},
        {"acct", 0, 0, 0, 0},
        {"sethostname", 0, 0, 0, 0},
        {"personality", 0x0040000 /* no randomised addresses */, 0, 0, 0},
        {"modify_ldt", 0, 0, 0, 0},
        {"iopl", 3, 0, 0, 0},
        {"mmap", 0, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS},
        {"mprotect", 4096, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, 0},
        {"execveat", -100, 0, 0, 0},
        {"prlimit64", 1, 7, 0, 0},
        {"landlock_create_ruleset", 0, 0, 1, 0},
    };
    for (int profile = CELL_BUILD; profile <= CELL_SANITIZE; profile++)
        for (size_t i = 0; i < sizeof table / sizeof table[0]; i++)
            expect_call_forbidden((enum cell_profile)profile, table[i].call, table[i].a0,
                                  table[i].a1, table[i].a2, table[i].a3);
}

static void a_running_program_has_a_shorter_list(void **state)
{
    (void)state;
    static const char *const calls[] = {
        "memfd_create", "dup",        "dup2",  "pipe2", "ftruncate", "kill",  "unlink",  "mkdir",
        "stat",         "getdents64", "vfork", "wait4", "fallocate", "alarm", "eventfd2"};
    for (size_t i = 0; i < sizeof calls / sizeof calls[0]; i++)
        expect_call_forbidden(CELL_RUN, calls[i], 0, 0, 0, 0);
    expect_call_forbidden(CELL_RUN, "mprotect", 4096, 4096, PROT_READ | PROT_EXEC, 0);
    expect_call_forbidden(CELL_SANITIZE, "openat", -100, 0, O_WRONLY, 0);
    expect_call_forbidden(CELL_SANITIZE, "openat", -100, 0, O_CREAT, 0);
}

#ifdef __x86_64__
/* Some kernels and hypervisors have no 32-bit calls at all: then the instruction faults. */
static bool host_has_int80(void)
{
    const pid_t pid = fork();
    if (pid == 0) {
        signal(SIGSEGV, SIG_DFL); /* cmocka's handler would go on with the tests */
        long rc = 20;             /* getpid */
        __asm__ volatile("int $0x80" : "+a"(rc) : : "memory", "r8", "r9", "r10", "r11");
        _exit(rc <= 0);
    }
    int status;
    waitpid(pid, &status, 0);
    return status == 0;
}

static void another_abi_is_no_way_round(void **state)
{
    (void)state;
    const bool int80 = host_has_int80();
    for (int profile = CELL_BUILD; profile <= CELL_SANITIZE; profile++) {
        struct outcome o = guest_do((enum cell_profile)profile, GUEST("call", "0x40000027"));
        expect_forbidden(&o, "getpid of x32", "foreign ABI");
        o = guest_do((enum cell_profile)profile, GUEST("int80"));
        if (int80)
            expect_forbidden(&o, "int 0x80", "foreign ABI");
        else
            assert_int_equal(o.exit.signal, SIGSEGV);
    }
}
#endif

static void a_harmless_probe_is_told_no(void **state)
{
    (void)state;
    char number[24];
    snprintf(number, sizeof number, "%d", SYS_clone3);
    const struct outcome o = guest_do(CELL_RUN, GUEST("call", number, "0", "0"));
    assert_int_equal(o.exit.verdict, CELL_EXITED);
    assert_string_equal(o.out, "-1 Function not implemented\n");
}

/* --- what is there to see --- */

static void the_root_holds_what_was_bound_and_no_more(void **state)
{
    (void)state;
    static const struct cell_bind usr = {"/usr/include", "/usr/include", false};
    struct cell_config config = guest_config(CELL_BUILD, GUEST("list", "/"));
    config.binds = &usr;
    config.n_binds = 1;
    struct outcome o = guest_run(&config);
    static const char *const wanted[] = {"usr", "dev", "box", "tmp"};
    size_t length = 1; /* the newline */
    for (size_t i = 0; i < 4; i++) {
        assert_non_null(strstr(o.out, wanted[i]));
        length += strlen(wanted[i]) + 1;
    }
    if (strlen(o.out) != length)
        fail_msg("the root holds more: %s", o.out);
    config.argv = GUEST("list", "/usr");
    o = guest_run(&config);
    assert_string_equal(o.out, "include \n");
    config.argv = GUEST("list", "/box");
    o = guest_run(&config);
    assert_string_equal(o.out, "\n");
}

static void host_files_are_absent(void **state)
{
    (void)state;
    static const char *const paths[] = {
        "/etc/passwd",        "/proc/self/maps", "/proc/1/environ", "/sys",
        "/box/../etc/passwd", "/dev/mem",        "/dev/tty",        "/root"};
    for (size_t i = 0; i < sizeof paths / sizeof paths[0]; i++) {
        const struct outcome o = guest_do(CELL_BUILD, GUEST("cat", paths[i]));
        if (o.exit.verdict != CELL_EXITED || o.exit.status != 1)
            fail_msg("%s could be read: %s", paths[i], o.out);
    }
}

static void a_bind_shows_a_file_and_follows_the_hosts_links(void **state)
{
    (void)state;
    char path[] = "/tmp/graded-bind-XXXXXX", link[64];
    const int fd = mkstemp(path);
    assert_int_equal(write(fd, "seen", 4), 4);
    assert_int_equal(fchmod(fd, 0644), 0);
    close(fd);
    snprintf(link, sizeof link, "%s.link", path);
    assert_int_equal(symlink(path, link), 0);
    const struct cell_bind bind = {link, "/data/a/file", false};
    struct cell_config config = guest_config(CELL_BUILD, GUEST("cat", "/data/a/file"));
    config.binds = &bind;
    config.n_binds = 1;
    struct outcome o = guest_run(&config);
    assert_string_equal(o.out, "seen");
    config.argv = GUEST("write", "/data/a/file", "1");
    o = guest_run(&config);
    assert_int_equal(o.exit.status, 1);
    unlink(link);
    unlink(path);
}

static void only_the_scratch_directories_can_be_written(void **state)
{
    (void)state;
    static const struct {
        const char *path;
        int status;
    } table[] = {
        {"/box/a", 0}, {"/tmp/a", 0}, {"/dev/null", 0},      {"/a", 1},
        {"/dev/a", 1}, {"/etc/a", 1}, {"/dev/urandom/a", 1},
    };
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        const struct outcome o = guest_do(CELL_BUILD, GUEST("write", table[i].path, "10"));
        if (o.exit.verdict != CELL_EXITED || o.exit.status != table[i].status)
            fail_msg("%s: %s", table[i].path, o.out);
    }
}

/* What graded-sandbox --rw makes. */
static void a_writable_bind_takes_files_and_runs_none(void **state)
{
    (void)state;
    char dir[] = "/tmp/cell-rw-XXXXXX", file[64];
    assert_non_null(mkdtemp(dir));
    assert_int_equal(chmod(dir, 0777), 0);
    const struct cell_bind bind = {dir, "/out", true};
    struct cell_config config = guest_config(CELL_BUILD, GUEST("write", "/out/a", "10"));
    config.binds = &bind;
    config.n_binds = 1;
    const struct outcome written = guest_run(&config);
    assert_int_equal(written.exit.status, 0);
    snprintf(file, sizeof file, "%s/a", dir);
    assert_int_equal(chmod(file, 0777), 0);
    config.argv = GUEST("exec", "/out/a");
    const struct outcome run = guest_run(&config);
    assert_non_null(strstr(run.out, "Permission denied"));
    assert_int_equal(unlink(file) | rmdir(dir), 0);
}

static void files_and_work_have_their_limits(void **state)
{
    (void)state;
    struct cell_config config = guest_config(CELL_BUILD, GUEST("write", "/box/a", "3000000"));
    config.limits.work_bytes = 2 << 20;
    struct outcome o = guest_run(&config);
    assert_string_equal(o.out, "No space left on device\n");
    config.limits.work_bytes = 8 << 20;
    config.limits.file_bytes = 1 << 20;
    o = guest_run(&config);
    assert_int_equal(o.exit.verdict, CELL_SIGNALED);
    assert_int_equal(o.exit.signal, SIGXFSZ);
}

static void the_environment_and_the_descriptors_are_the_configs(void **state)
{
    (void)state;
    static const char *const environment[] = {"ONE=1", NULL};
    struct cell_config config = guest_config(CELL_RUN, GUEST("environ"));
    config.envp = environment;
    struct outcome o = guest_run(&config);
    assert_string_equal(o.out, "ONE=1\n");
    config.argv = GUEST("descriptors");
    o = guest_run(&config);
    assert_string_equal(o.out, "0 1 2 \n");
    const int fds[] = {guest_image(), 0, guest_image()};
    config.fds = fds;
    config.n_fds = 3;
    o = guest_run(&config);
    assert_string_equal(o.out, "0 1 2 3 4 5 \n");
}

static void init_cannot_be_killed_or_stopped(void **state)
{
    (void)state;
    static const char *const signals[] = {"9", "19", "15", "11"};
    char number[24];
    snprintf(number, sizeof number, "%d", SYS_kill);
    for (size_t i = 0; i < 4; i++) {
        const struct outcome o = guest_do(CELL_BUILD, GUEST("call", number, "1", signals[i]));
        if (o.exit.verdict != CELL_EXITED || o.exit.status != 0)
            fail_msg("signal %s: %s", signals[i], guest_verdict(o.exit.verdict));
    }
}

static void the_host_cannot_be_told_apart(void **state)
{
    (void)state;
    const struct outcome o = guest_do(CELL_RUN, GUEST("identity"));
    assert_string_equal(o.out, "cell pid 2 uid 1000 gid 1000\n");
}

/* --- through /proc, which only the sanitizers' profile has --- */

static struct outcome read_proc(const char *path)
{
    return guest_do(CELL_SANITIZE, GUEST("cat", path));
}

static void expect_line(const char *text, const char *line)
{
    if (strstr(text, line) == NULL)
        fail_msg("no '%s' in:\n%s", line, text);
}

static void no_capability_and_no_new_privilege(void **state)
{
    (void)state;
    const struct outcome o = read_proc("/proc/self/status");
    static const char *const lines[] = {
        "CapInh:\t0000000000000000",
        "CapPrm:\t0000000000000000",
        "CapEff:\t0000000000000000",
        "CapBnd:\t0000000000000000",
        "CapAmb:\t0000000000000000",
        "NoNewPrivs:\t1",
        "Seccomp:\t2",
        "NSpid:\t2\n",
    };
    for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++)
        expect_line(o.out, lines[i]);
    if (geteuid() == 0)
        expect_line(o.out, "Groups:\t \n");
}

/* The host kills a cell before it kills a grader. */
static void a_cell_is_first_to_go_where_memory_ends(void **state)
{
    (void)state;
    const struct outcome o = read_proc("/proc/self/oom_score_adj");
    assert_string_equal(o.out, "1000\n");
}

static void time_is_a_namespace_of_its_own(void **state)
{
    (void)state;
    char host[64] = "";
    if (readlink("/proc/self/ns/time", host, sizeof host - 1) < 0 ||
        !launch_enters_time_namespace()) {
        print_message("skipped: a command enters a time namespace from Linux 6.1 on\n");
        skip();
    }
    const struct outcome o = guest_do(CELL_SANITIZE, GUEST("link", "/proc/self/ns/time"));
    assert_string_equal(o.exit.message, "");
    assert_non_null(strstr(o.out, "time:["));
    assert_null(strstr(o.out, host));
}

static void the_network_is_a_loopback_that_is_down(void **state)
{
    (void)state;
    struct outcome o = read_proc("/proc/self/net/dev");
    int devices = 0;
    for (const char *at = o.out; (at = strchr(at, ':')) != NULL; at++)
        devices++;
    assert_int_equal(devices, 1);
    expect_line(o.out, "lo:");
    o = read_proc("/proc/self/net/route");
    assert_string_equal(o.out, ""); /* no route, not even a heading */
    o = read_proc("/proc/self/net/if_inet6");
    assert_null(strstr(o.out, "lo")); /* a loopback that is up has ::1 */
}

static void every_mount_is_nosuid_and_nodev_or_a_device(void **state)
{
    (void)state;
    static const struct cell_bind bind = {"/usr", "/usr", false};
    struct cell_config config = guest_config(CELL_SANITIZE, GUEST("cat", "/proc/self/mountinfo"));
    config.binds = &bind;
    config.n_binds = 1;
    struct outcome o = guest_run(&config);
    int mounts = 0;
    for (char *line = strtok(o.out, "\n"); line != NULL; line = strtok(NULL, "\n"), mounts++) {
        if (strstr(line, "nosuid") == NULL || strstr(line, "nodev") == NULL)
            fail_msg("%s", line);
        if (strstr(line, " /proc ") == NULL && strstr(line, " ro,") == NULL)
            fail_msg("writable: %s", line);
    }
    assert_in_range(mounts, 3, 5);
}

static void other_processes_are_invisible(void **state)
{
    (void)state;
    struct outcome o = read_proc("/proc/1/status");
    assert_int_equal(o.exit.status, 1);
    o = read_proc("/proc/1/maps");
    assert_int_equal(o.exit.status, 1);
    o = read_proc("/proc/sys/kernel/hostname");
    assert_int_equal(o.exit.status, 1);
    o = read_proc("/proc/self/cgroup");
    if (geteuid() == 0)
        expect_line(o.out, "0::/\n");
}

static void identities_differ_between_cells(void **state)
{
    (void)state;
    if (geteuid() != 0)
        return; /* one id is all that an ordinary user can map */
    const struct outcome a = read_proc("/proc/self/uid_map"), b = read_proc("/proc/self/uid_map");
    expect_line(a.out, "1000 ");
    assert_string_not_equal(a.out, b.out);
}

/* --- what the filter hides from view --- */

/* The build profile may make pages executable, as loaders do: but none that were ever data. */
static void data_never_becomes_executable(void **state)
{
    (void)state;
    if (prctl(66 /* PR_GET_MDWE */, 0, 0, 0, 0) < 0) {
        print_message("skipped: PR_SET_MDWE is of Linux 6.3\n");
        skip();
    }
    const struct outcome o = guest_do(CELL_BUILD, GUEST("gain"));
    assert_string_equal(o.out, "Permission denied\n");
}

enum { SESSION_KEYRING = -3 };

static int find_key(void)
{
    return (int)syscall(SYS_keyctl, 10 /* search */, SESSION_KEYRING, "user", "graded-test", 0);
}

/* The step alone, in a process that no filter keeps from asking. */
static int keyring_child(void)
{
    struct setup s = {0};
    if (find_key() < 0)
        return 1;
    if (confine_session(&s) != 0)
        return 2;
    return find_key() < 0 && errno == ENOKEY ? 0 : 3;
}

static void the_callers_keys_stay_outside(void **state)
{
    (void)state;
    syscall(SYS_keyctl, 1 /* join a new session */, NULL);
    if (syscall(SYS_add_key, "user", "graded-test", "x", 1, SESSION_KEYRING) < 0) {
        print_message("skipped: no keyrings here: %s\n", strerror(errno));
        skip();
    }
    const pid_t pid = fork();
    if (pid == 0)
        _exit(keyring_child());
    int status;
    waitpid(pid, &status, 0);
    assert_int_equal(status, 0);
}

/* --- Landlock alone: in a process that no other layer confines --- */

static int landlock_child(void)
{
    static const struct cell_bind bind = {"/usr", "/usr", false};
    const struct cell_config config = {.profile = CELL_RUN, .binds = &bind, .n_binds = 1};
    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
    if (landlock_restrict(&config) != 0)
        return 1;
    if (open("/usr/bin/env", O_RDONLY) < 0)
        return 2;
    if (open("/etc/passwd", O_RDONLY) >= 0 || errno != EACCES)
        return 3;
    if (open("/tmp/graded-landlock", O_WRONLY | O_CREAT, 0600) >= 0 || errno != EACCES)
        return 4;
    if (kill(getppid(), 0) == 0 && landlock_abi() >= 6)
        return 5;
    return 0;
}

static void landlock_alone_keeps_files_and_signals_in(void **state)
{
    (void)state;
    if (landlock_abi() == 0)
        fail_msg("this kernel has no Landlock");
    const pid_t pid = fork();
    if (pid == 0)
        _exit(landlock_child());
    int status;
    waitpid(pid, &status, 0);
    assert_int_equal(status, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_running_program_opens_forks_and_connects_nothing),
        cmocka_unit_test(no_profile_reaches_the_rest_of_the_kernel),
        cmocka_unit_test(a_running_program_has_a_shorter_list),
#ifdef __x86_64__
        cmocka_unit_test(another_abi_is_no_way_round),
#endif
        cmocka_unit_test(a_harmless_probe_is_told_no),
        cmocka_unit_test(the_root_holds_what_was_bound_and_no_more),
        cmocka_unit_test(host_files_are_absent),
        cmocka_unit_test(a_bind_shows_a_file_and_follows_the_hosts_links),
        cmocka_unit_test(only_the_scratch_directories_can_be_written),
        cmocka_unit_test(a_writable_bind_takes_files_and_runs_none),
        cmocka_unit_test(files_and_work_have_their_limits),
        cmocka_unit_test(the_environment_and_the_descriptors_are_the_configs),
        cmocka_unit_test(init_cannot_be_killed_or_stopped),
        cmocka_unit_test(the_host_cannot_be_told_apart),
        cmocka_unit_test(no_capability_and_no_new_privilege),
        cmocka_unit_test(a_cell_is_first_to_go_where_memory_ends),
        cmocka_unit_test(time_is_a_namespace_of_its_own),
        cmocka_unit_test(the_network_is_a_loopback_that_is_down),
        cmocka_unit_test(every_mount_is_nosuid_and_nodev_or_a_device),
        cmocka_unit_test(other_processes_are_invisible),
        cmocka_unit_test(identities_differ_between_cells),
        cmocka_unit_test(data_never_becomes_executable),
        cmocka_unit_test(the_callers_keys_stay_outside),
        cmocka_unit_test(landlock_alone_keeps_files_and_signals_in),
    };
    return guest_run_tests("a cell's walls", tests, sizeof tests / sizeof tests[0]);
}

/* What a lab may add to a profile: each addition gives what it says, and nothing beside it. */
#include <errno.h>
#include <sched.h>
#include <seccomp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "sandbox/test_guest.h"

static const enum cell_profile running[] = {CELL_RUN, CELL_SANITIZE};
static const struct cell_file box[] = {{"model.bin", "weights", 7}, {"sub/note", "text", 4}};

static struct cell_config config_of(enum cell_profile profile, unsigned extras,
                                    const char *const *argv)
{
    struct cell_config c = guest_config(profile, argv);
    c.extras = extras;
    c.files = box;
    c.n_files = 2;
    return c;
}

static struct outcome act(enum cell_profile profile, unsigned extras, const char *const *argv)
{
    const struct cell_config c = config_of(profile, extras, argv);
    return guest_run(&c);
}

static void expect_said(const struct outcome *o, const char *what, const char *said)
{
    if (o->exit.verdict != CELL_EXITED || strcmp(o->out, said) != 0)
        fail_msg("%s: %s, call '%s', message '%s', said '%s'", what, guest_verdict(o->exit.verdict),
                 o->exit.system_call, o->exit.message, o->out);
}

static void expect_forbidden(const struct outcome *o, const char *what, const char *call)
{
    if (o->exit.verdict != CELL_FORBIDDEN_CALL || strcmp(o->exit.system_call, call) != 0)
        fail_msg("%s: %s, call '%s', said '%s'", what, guest_verdict(o->exit.verdict),
                 o->exit.system_call, o->out);
}

static struct outcome call(unsigned extras, const char *name, long a0, long a1, long a2)
{
    char text[4][24];
    const long values[4] = {seccomp_syscall_resolve_name(name), a0, a1, a2};
    for (int i = 0; i < 4; i++)
        snprintf(text[i], sizeof text[i], "%ld", values[i]);
    return act(CELL_RUN, extras, GUEST("call", text[0], text[1], text[2], text[3]));
}

static void threads_are_threads_and_no_processes(void **state)
{
    (void)state;
    for (int p = 0; p < 2; p++) {
        struct outcome o = act(running[p], CELL_THREADS, GUEST("thread"));
        expect_said(&o, "a thread", "");
        assert_int_equal(o.exit.status, 0);
        o = act(running[p], CELL_THREADS, GUEST("fork"));
        expect_forbidden(&o, "fork", "clone");
        o = act(running[p], 0, GUEST("thread"));
        expect_forbidden(&o, "a thread without the extra", "clone");
    }
    static const long flags[] = {SIGCHLD,
                                 CLONE_VM | CLONE_VFORK | SIGCHLD,
                                 CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND,
                                 0x50f00 | CLONE_NEWUSER,
                                 0x50f00 | CLONE_NEWNET,
                                 0x50f00 | CLONE_PTRACE};
    for (size_t i = 0; i < sizeof flags / sizeof flags[0]; i++) {
        const struct outcome o = call(CELL_THREADS, "clone", flags[i], 0, 0);
        expect_forbidden(&o, "clone with other flags", "clone");
    }
    const struct outcome o = call(CELL_THREADS, "execve", 0, 0, 0);
    expect_forbidden(&o, "exec beside threads", "execve");
}

static void threads_are_bounded(void **state)
{
    (void)state;
    struct cell_config c = config_of(CELL_RUN, CELL_THREADS, GUEST("threads"));
    c.limits.processes = 5;
    const struct outcome o = guest_run(&c);
    expect_said(&o, "threads", "4\n");
}

/* All of them stand still while frozen, and all of them cost CPU time. */
static void a_freeze_holds_every_thread(void **state)
{
    (void)state;
    const int memory = memfd_create("word", MFD_CLOEXEC);
    assert_int_equal(ftruncate(memory, 4096), 0);
    const volatile uint64_t *word = mmap(NULL, 4096, PROT_READ, MAP_SHARED, memory, 0);
    assert_true(word != MAP_FAILED);
    struct cell_config c = config_of(CELL_RUN, CELL_THREADS, GUEST("counts", "3"));
    c.limits.processes = 4;
    c.fds = &memory;
    c.n_fds = 1;
    struct cell *cell = NULL;
    struct err why;
    if (cell_open(&cell, &c, &why) != OK)
        fail_msg("%s", why.text);
    for (int i = 0; i < 2000 && *word == 0; i++)
        nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
    assert_true(*word > 0);
    for (int i = 0; i < 5; i++) {
        assert_int_equal(cell_freeze(cell, &why), OK);
        const uint64_t counted = *word;
        const int64_t cpu_us = cell_cpu_us(cell);
        nanosleep(&(struct timespec){.tv_nsec = 5000000}, NULL);
        assert_true(*word == counted);
        /* The kernel may still have to book what ran until then, a tick at most on each core. */
        assert_true(cell_cpu_us(cell) - cpu_us <= 8000);
        assert_int_equal(cell_thaw(cell, &why), OK);
        nanosleep(&(struct timespec){.tv_nsec = 2000000}, NULL);
    }
    cell_close(cell);
    munmap((void *)(uintptr_t)word, 4096);
    close(memory);
}

static void files_are_read_and_not_written(void **state)
{
    (void)state;
    for (int p = 0; p < 2; p++) {
        struct outcome o = act(running[p], CELL_FILES, GUEST("cat", "model.bin"));
        expect_said(&o, "a file", "weights");
        o = act(running[p], CELL_FILES, GUEST("cat", "/box/sub/note"));
        expect_said(&o, "a file in a folder", "text");
        o = act(running[p], CELL_FILES, GUEST("cat", "/etc/passwd"));
        expect_said(&o, "a file of the host", "No such file or directory\n");
        o = act(running[p], CELL_FILES, GUEST("write", "model.bin", "1"));
        expect_forbidden(&o, "writing", "openat");
        o = act(running[p], CELL_FILES, GUEST("remove", "model.bin"));
        expect_forbidden(&o, "removing", "unlink");
    }
    const struct outcome o = act(CELL_RUN, 0, GUEST("cat", "model.bin"));
    expect_forbidden(&o, "a file without the extra", "openat");
    static const char *const others[] = {"ftruncate", "rename",  "mkdir",
                                         "chmod",     "symlink", "link"};
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
        const struct outcome made = call(CELL_FILES, others[i], 3, 0, 0);
        expect_forbidden(&made, others[i], others[i]);
    }
}

static void scratch_is_written_up_to_its_size(void **state)
{
    (void)state;
    for (int p = 0; p < 2; p++) {
        struct cell_config c = config_of(running[p], CELL_SCRATCH, GUEST("write", "new", "5000"));
        c.limits.work_bytes = 64 * 1024;
        struct outcome o = guest_run(&c);
        expect_said(&o, "a new file", "");
        assert_int_equal(o.exit.status, 0);
        c.argv = GUEST("write", "new", "100000");
        o = guest_run(&c);
        expect_said(&o, "too much", "No space left on device\n");
        c.argv = GUEST("remove", "model.bin");
        o = guest_run(&c);
        expect_said(&o, "removing", "gone\n");
        c.argv = GUEST("cat", "sub/note");
        o = guest_run(&c);
        expect_said(&o, "reading", "text");
        c.argv = GUEST("write", "/new", "1");
        o = guest_run(&c);
        assert_true(o.exit.verdict == CELL_EXITED && o.exit.status == 1);
    }
    static const char *const others[] = {"chmod", "symlink", "link", "mknod", "mount"};
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
        const struct outcome o = call(CELL_SCRATCH, others[i], 0, 0, 0);
        expect_forbidden(&o, others[i], others[i]);
    }
}

static void sockets_reach_the_own_loopback_only(void **state)
{
    (void)state;
    for (int p = 0; p < 2; p++) {
        struct outcome o = act(running[p], CELL_SOCKETS, GUEST("tcp"));
        expect_said(&o, "loopback", "hello\n");
        o = act(running[p], CELL_SOCKETS, GUEST("connect", "127.0.0.1"));
        expect_said(&o, "nobody listens", "Connection refused\n");
        static const char *const elsewhere[] = {"192.0.2.1", "10.0.0.1", "169.254.169.254"};
        for (int i = 0; i < 3; i++) {
            o = act(running[p], CELL_SOCKETS, GUEST("connect", elsewhere[i]));
            expect_said(&o, elsewhere[i], "Network is unreachable\n");
        }
    }
    static const struct {
        long family, type;
    } others[] = {{AF_UNIX, SOCK_STREAM},          {AF_INET, SOCK_DGRAM},  {AF_INET, SOCK_RAW},
                  {AF_INET6, SOCK_STREAM},         {AF_NETLINK, SOCK_RAW}, {AF_PACKET, SOCK_RAW},
                  {40 /* AF_VSOCK */, SOCK_STREAM}};
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
        const struct outcome o = call(CELL_SOCKETS, "socket", others[i].family, others[i].type, 0);
        expect_forbidden(&o, "another socket", "socket");
    }
    const struct outcome o = call(CELL_SOCKETS, "sendmsg", 3, 0, 0);
    expect_forbidden(&o, "passing descriptors", "sendmsg");
}

static void a_compiler_has_no_extras(void **state)
{
    (void)state;
    const struct cell_config c = config_of(CELL_BUILD, CELL_THREADS, GUEST("thread"));
    struct cell *cell = NULL;
    struct err why;
    assert_int_equal(cell_open(&cell, &c, &why), ERR_INVALID);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(threads_are_threads_and_no_processes),
        cmocka_unit_test(threads_are_bounded),
        cmocka_unit_test(a_freeze_holds_every_thread),
        cmocka_unit_test(files_are_read_and_not_written),
        cmocka_unit_test(scratch_is_written_up_to_its_size),
        cmocka_unit_test(sockets_reach_the_own_loopback_only),
        cmocka_unit_test(a_compiler_has_no_extras),
    };
    return guest_run_tests("extras", tests, sizeof tests / sizeof tests[0]);
}

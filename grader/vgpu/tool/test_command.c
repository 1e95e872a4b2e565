/* The program `vgpu` as people and graders start it. */
#include <fcntl.h>
#include <setjmp.h>
#include <spawn.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "grader/vgpu/control.h"
#include "grader/vgpu/device/wire.h"

enum { ARGUMENTS = 12, DATA = 60, MEMORY = 61, CONTROL = 62 };

/* `fds` become DATA, MEMORY and CONTROL; -1: none. */
static pid_t start(const char *const *words, const int fds[3])
{
    char *argv[ARGUMENTS + 2] = {(char *)(uintptr_t)VGPU_PROGRAM};
    pid_t pid;
    posix_spawn_file_actions_t actions;
    assert_int_equal(posix_spawn_file_actions_init(&actions), 0);
    for (int i = 0; i < 3 && fds; i++)
        posix_spawn_file_actions_adddup2(&actions, fds[i], DATA + i);
    if (!fds) /* what it says to people is no test's output */
        posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
    for (size_t i = 0; i < ARGUMENTS && words[i]; i++)
        argv[i + 1] = (char *)(uintptr_t)words[i];
    assert_int_equal(posix_spawn(&pid, VGPU_PROGRAM, &actions, NULL, argv, environ), 0);
    posix_spawn_file_actions_destroy(&actions);
    return pid;
}

static int status_of(pid_t pid)
{
    int status;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static void test_the_exit_status_says_what_happened(void **state)
{
    (void)state;
    static const struct {
        const char *words[ARGUMENTS];
        int status;
    } table[] = {
        {{NULL}, 2},
        {{"walk"}, 2},
        {{"--help"}, 0},
        {{"run"}, 2},
        {{"run", "--workers", "0", "true"}, 2},
        {{"run", "--device", "a100/1000", "true"}, 2},
        {{"run", "--slowly", "true"}, 2},
        {{"run", "/no/such/program"}, 125},
        {{"run", "--devices", "8", "--device", "h100", "sh", "-c", "exit 7"}, 7},
        {{"run", "sh", "-c", "kill -TERM $$"}, 128 + 15},
        {{"run", "sh", "-c", "test -n \"$" WIRE_ENVIRONMENT "\""}, 0},
        {{"device", "--data", "3"}, 2},
        {{"cc"}, 2},
        {{"cc", "-rdc=true", "a.cu"}, 125},
    };
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        const int status = status_of(start(table[i].words, NULL));
        if (status != table[i].status)
            fail_msg("row %zu (%s): status %d", i, table[i].words[0], status);
    }
}

static void test_a_grader_works_with_a_process_of_its_own(void **state)
{
    (void)state;
    static const char *const words[ARGUMENTS] = {
        "device", "--data", "60", "--memory", "61", "--control", "62", "--device", "a100/8"};
    int data[2], control[2];
    assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, data), 0);
    assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, control), 0);
    const int memory = memfd_create("shared", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    assert_int_equal(ftruncate(memory, WIRE_WINDOW + (64 << 20)), 0);
    const pid_t pid = start(words, (const int[]){data[1], memory, control[1]});
    close(data[1]);
    close(control[1]);

    struct vgpu_control *c;
    struct err why;
    uint64_t x;
    char got[6];
    assert_int_equal(vgpu_control_open(&c, control[0], &why), OK);
    assert_int_equal(vgpu_allocate(c, 0, 100000, &x, &why), OK);
    assert_int_equal(vgpu_put(c, x + 99994, "inputs", 6, &why), OK);
    assert_int_equal(vgpu_get(c, x + 99994, got, NULL, 6, &why), OK);
    assert_memory_equal(got, "inputs", 6);

    /* The program may ask, and no more. */
    struct wire_request q = {.call = WIRE_HELLO, .arg[0] = WIRE_VERSION};
    struct {
        struct wire_reply r;
        unsigned char payload[WIRE_PAYLOAD];
    } a;
    assert_int_equal(write(data[0], &q, sizeof q), sizeof q);
    assert_true(read(data[0], &a, sizeof a) > 0);
    assert_int_equal(a.r.error, 0);
    q = (struct wire_request){.call = WIRE_MALLOC, .arg[0] = 4};
    assert_int_equal(write(data[0], &q, sizeof q), sizeof q);
    assert_true(read(data[0], &a, sizeof a) > 0);
    assert_int_equal(a.r.error, 800);

    close(data[0]);
    vgpu_control_close(c);
    assert_int_equal(status_of(pid), 0);
    close(memory);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_exit_status_says_what_happened),
        cmocka_unit_test(test_a_grader_works_with_a_process_of_its_own),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

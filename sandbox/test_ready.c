/* Cells that were prepared: like any other, and gone with whoever prepared them. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "sandbox/blank.h"
#include "sandbox/later.h"
#include "sandbox/ready.h"
#include "sandbox/test_guest.h"

static void expect_status(const struct outcome *o, int status)
{
    if (o->exit.verdict != CELL_EXITED || o->exit.status != status)
        fail_msg("%s, status %d: %s", guest_verdict(o->exit.verdict), o->exit.status,
                 o->exit.message);
}

/* The next cell was ready, or was not. */
static bool one_waits(void)
{
    struct blank b;
    if (!ready_take(&b))
        return false;
    blank_close(&b);
    return true;
}

static void use_up(void)
{
    while (one_waits())
        ;
}

static void a_prepared_cell_becomes_what_it_is_told(void **state)
{
    (void)state;
    static const char *const environment[] = {"ONE=1", NULL};
    const struct cell_file file = {"a/b", "seen", 4};
    cell_prepare(4);
    struct outcome o = guest_do(CELL_RUN, GUEST("exit", "42"));
    expect_status(&o, 42);
    struct cell_config config = guest_config(CELL_BUILD, GUEST("cat", "/box/a/b"));
    config.files = &file;
    config.n_files = 1;
    o = guest_run(&config);
    assert_string_equal(o.out, "seen");
    config = guest_config(CELL_RUN, GUEST("environ"));
    config.envp = environment;
    o = guest_run(&config);
    assert_string_equal(o.out, "ONE=1\n");
    o = guest_do(CELL_RUN, GUEST("descriptors"));
    assert_string_equal(o.out, "0 1 2 \n");
    assert_false(one_waits());
}

static void its_walls_and_limits_are_the_same(void **state)
{
    (void)state;
    cell_prepare(4);
    struct outcome o = guest_do(CELL_RUN, GUEST("open", "/etc/passwd"));
    assert_int_equal(o.exit.verdict, CELL_FORBIDDEN_CALL);
    o = guest_do(CELL_BUILD, GUEST("cat", "/etc/passwd"));
    expect_status(&o, 1);
    struct cell_config config = guest_config(CELL_RUN, GUEST("eat", "2000"));
    config.limits.memory_bytes = 64 << 20;
    o = guest_run(&config);
    assert_int_equal(o.exit.verdict, CELL_MEMORY_LIMIT);
    config = guest_config(CELL_RUN, GUEST("spin"));
    config.limits.cpu_ms = 100;
    o = guest_run(&config);
    assert_int_equal(o.exit.verdict, CELL_CPU_LIMIT);
}

/* A root that was reused would still hold the file. */
static void each_becomes_one_cell_only(void **state)
{
    (void)state;
    cell_prepare(1);
    struct outcome o = guest_do(CELL_BUILD, GUEST("write", "/tmp/mine", "10"));
    expect_status(&o, 0);
    assert_false(one_waits());
    o = guest_do(CELL_BUILD, GUEST("list", "/tmp"));
    assert_string_equal(o.out, "\n");
}

static void at_most_eight_wait(void **state)
{
    (void)state;
    int n = 0;
    cell_prepare(1000);
    while (one_waits())
        n++;
    assert_int_equal(n, 8);
}

static void kill_children(void)
{
    FILE *f = fopen("/proc/thread-self/children", "re");
    siginfo_t info;
    int n = 0, pid;
    assert_non_null(f);
    for (; fscanf(f, "%d", &pid) == 1; n++) {
        assert_int_equal(kill(pid, SIGKILL), 0);
        assert_int_equal(waitid(P_PID, (id_t)pid, &info, WEXITED | __WALL | WNOWAIT), 0);
    }
    fclose(f);
    assert_int_equal(n, 2);
}

static void those_that_died_are_passed_over(void **state)
{
    (void)state;
    cell_prepare(2);
    kill_children();
    const struct outcome o = guest_do(CELL_RUN, GUEST("exit", "7"));
    expect_status(&o, 7);
    assert_false(one_waits());
}

/* It outlives many a descriptor of its parent, so it has to hold none. */
static void one_that_waits_holds_no_descriptor_of_ours(void **state)
{
    (void)state;
    int ends[2];
    char byte;
    assert_int_equal(pipe(ends), 0); /* without close-on-exec, too */
    cell_prepare(1);
    close(ends[1]);
    assert_int_equal(read(ends[0], &byte, 1), 0);
    close(ends[0]);
    use_up();
}

static void a_fork_leaves_its_parents_alone(void **state)
{
    (void)state;
    cell_prepare(1);
    const pid_t pid = fork();
    if (pid == 0) {
        const bool took = one_waits();
        const struct outcome o = guest_do(CELL_RUN, GUEST("exit", "7"));
        _exit(took || o.exit.status != 7);
    }
    int status;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(status, 0);
    assert_true(one_waits());
}

/* --- what stays behind --- */

static int groups_of(pid_t pid)
{
    static const char *const trees[] = {"unified", "memory", "pids", "cpuacct", "freezer", "."};
    char path[64], prefix[16];
    int n = 0;
    snprintf(prefix, sizeof prefix, "%d-", (int)pid);
    for (size_t i = 0; i < sizeof trees / sizeof trees[0]; i++) {
        snprintf(path, sizeof path, "/sys/fs/cgroup/%s/graded", trees[i]);
        DIR *dir = opendir(path);
        for (const struct dirent *e; dir != NULL && (e = readdir(dir)) != NULL;)
            n += strncmp(e->d_name, prefix, strlen(prefix)) == 0;
        if (dir != NULL)
            closedir(dir);
    }
    return n;
}

/* A grader with a cell that runs and one that waits, ended by a signal or by itself. */
static pid_t run_grader(int signal)
{
    const pid_t pid = fork();
    if (pid == 0) {
        struct cell *cell = NULL;
        const struct cell_config config = guest_config(CELL_RUN, GUEST("spin"));
        if (cell_open(&cell, &config, NULL) != OK)
            _exit(1);
        cell_prepare(2);
        if (signal != 0)
            raise(signal);
        cell_close(cell);
        exit(0);
    }
    int status;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(signal != 0 ? WTERMSIG(status) : status, signal);
    return pid;
}

/* Orphans come to us. False: some lives on. */
static bool all_orphans_end(void)
{
    for (int i = 0; i < 1000; i++) {
        const pid_t pid = waitpid(-1, NULL, __WALL | WNOHANG);
        if (pid < 0)
            return errno == ECHILD;
        if (pid == 0)
            nanosleep(&(struct timespec){.tv_nsec = 10000000}, NULL);
    }
    return false;
}

static void an_exit_leaves_nothing(void **state)
{
    (void)state;
    assert_int_equal(prctl(PR_SET_CHILD_SUBREAPER, 1), 0);
    const pid_t grader = run_grader(0);
    assert_int_equal(waitpid(-1, NULL, __WALL | WNOHANG), -1); /* it waited for them */
    assert_int_equal(errno, ECHILD);
    assert_int_equal(groups_of(grader), 0);
}

static void a_crash_leaves_no_process_and_the_next_grader_no_group(void **state)
{
    (void)state;
    assert_int_equal(prctl(PR_SET_CHILD_SUBREAPER, 1), 0);
    const pid_t crashed = run_grader(SIGKILL);
    assert_true(all_orphans_end());
    const pid_t next = run_grader(0);
    assert_int_equal(groups_of(crashed), 0);
    assert_int_equal(groups_of(next), 0);
}

static void let_inits_die(void)
{
    for (int i = 0; i < 1000 && waitid(P_ALL, 0, NULL, WEXITED | __WALL | WNOHANG | WNOWAIT) == 0;
         i++) {
        later_sweep();
        nanosleep(&(struct timespec){.tv_nsec = 10000000}, NULL);
    }
}

/* cmocka's teardown: the next test's orphans are its own. */
static int tidy(void **state)
{
    (void)state;
    use_up();
    let_inits_die();
    return 0;
}

int main(void)
{
#define TIDY(test) cmocka_unit_test_teardown(test, tidy)
    const struct CMUnitTest tests[] = {
        TIDY(a_prepared_cell_becomes_what_it_is_told),
        TIDY(its_walls_and_limits_are_the_same),
        TIDY(each_becomes_one_cell_only),
        TIDY(at_most_eight_wait),
        TIDY(those_that_died_are_passed_over),
        TIDY(one_that_waits_holds_no_descriptor_of_ours),
        TIDY(a_fork_leaves_its_parents_alone),
        TIDY(an_exit_leaves_nothing),
        TIDY(a_crash_leaves_no_process_and_the_next_grader_no_group),
    };
    return guest_run_tests("prepared cells", tests, sizeof tests / sizeof tests[0]);
}

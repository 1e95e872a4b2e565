/* Other hosts: test_cell where control groups are v1 alone, v2 without controllers, or none at all.
 * Each host is made in a mount namespace of its own, which takes root. */
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

/* Takes the mounts away, as far as they are there, and becomes test_cell. */
static void become_test_cell(const char *const *gone)
{
    if (unshare(CLONE_NEWNS) != 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0)
        _exit(1);
    for (; *gone != NULL; gone++)
        umount2(*gone, MNT_DETACH);
    execl(TEST_CELL_PATH, "test_cell", (char *)NULL);
    _exit(1);
}

static void run_without(const char *const *gone)
{
    if (geteuid() != 0) {
        print_message("skipped: taking control groups away takes root\n");
        skip();
    }
    fflush(NULL);
    const pid_t pid = fork();
    if (pid == 0)
        become_test_cell(gone);
    int status;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(status, 0);
}

static void cells_hold_with_v1_alone(void **state)
{
    (void)state;
    static const char *const gone[] = {"/sys/fs/cgroup/unified", NULL};
    run_without(gone);
}

static void cells_hold_with_v2_and_no_controllers(void **state)
{
    (void)state;
    static const char *const gone[] = {"/sys/fs/cgroup/memory", "/sys/fs/cgroup/pids",
                                       "/sys/fs/cgroup/cpuacct", "/sys/fs/cgroup/freezer", NULL};
    run_without(gone);
}

static void cells_hold_without_control_groups(void **state)
{
    (void)state;
    static const char *const gone[] = {"/sys/fs/cgroup", NULL};
    run_without(gone);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(cells_hold_with_v1_alone),
        cmocka_unit_test(cells_hold_with_v2_and_no_controllers),
        cmocka_unit_test(cells_hold_without_control_groups),
    };
    return cmocka_run_group_tests_name("cells on other hosts", tests, NULL, NULL);
}

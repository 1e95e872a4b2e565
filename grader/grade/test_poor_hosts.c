/* Grading on hosts that lack what it needs: it ends with exit status 3 and says what is missing, or
 * grades as ever and says what is weaker. It neither hangs nor blames the learner. Each host is a
 * process in namespaces of its own, or with limits of its own; most of that takes root. */
#include <fcntl.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#define LAB "bench/labs/module-0/lab-0.1-trivial"

static void write_text(const char *path, const char *text)
{
    const int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
    if (fd < 0 || write(fd, text, strlen(text)) < 0) {
        perror(path);
        _exit(99);
    }
    close(fd);
}

/* Becomes `grade` on a host that `spoil` makes; what it says on both outputs is in `said`. */
static int grade_where(void (*spoil)(void), const char *const *argv, char *said, size_t size)
{
    int out[2];
    if (geteuid() != 0) {
        print_message("skipped: to make another host takes root\n");
        skip();
    }
    fflush(NULL);
    assert_int_equal(pipe2(out, O_CLOEXEC), 0);
    const pid_t pid = fork();
    if (pid == 0) {
        dup2(out[1], 1);
        dup2(out[1], 2);
        setenv("GRADED_LABS", GRADED_SOURCE "/bench/labs", 1);
        alarm(60); /* whatever hangs has failed */
        spoil();
        execv(argv[0], (char *const *)(uintptr_t)argv);
        _exit(99);
    }
    close(out[1]);
    size_t length = 0;
    for (ssize_t got = 1; got > 0 && length < size - 1; length += (size_t)got)
        got = read(out[0], said + length, size - 1 - length);
    said[length] = '\0';
    close(out[0]);
    int status;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

static const char *const solution[] = {
    GRADE_PROGRAM, "run", "--no-cache", "0.1", GRADED_SOURCE "/" LAB "/solution/sum.c", NULL};

static void expect(void (*spoil)(void), const char *const *argv, int status, const char *words)
{
    char said[8192];
    const int got = grade_where(spoil, argv, said, sizeof said);
    if (got != status || strstr(said, words) == NULL)
        fail_msg("grade ended with %d and said: %s", got, said);
}

/* ---- Hosts ---- */

static void forbid_user_namespaces(void)
{
    if (unshare(CLONE_NEWUSER) != 0)
        _exit(99);
    write_text("/proc/self/setgroups", "deny");
    write_text("/proc/self/uid_map", "0 0 1");
    write_text("/proc/self/gid_map", "0 0 1");
    write_text("/proc/sys/user/max_user_namespaces", "0");
}

static void own_mounts(void)
{
    if (unshare(CLONE_NEWNS) != 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0)
        _exit(99);
}

static void protect_control_groups(void)
{
    static const char *const trees[] = {"", "/unified", "/memory", "/pids", "/cpuacct", "/freezer"};
    own_mounts();
    for (size_t i = 0; i < sizeof trees / sizeof trees[0]; i++) {
        char path[64];
        snprintf(path, sizeof path, "/sys/fs/cgroup%s", trees[i]);
        mount(NULL, path, NULL, MS_REMOUNT | MS_BIND | MS_RDONLY, NULL); /* those that are there */
    }
}

static void fill_the_disk(void)
{
    char dir[] = "/srv", file[32], block[4096] = "";
    own_mounts();
    if (mount("tmpfs", dir, "tmpfs", 0, "size=64k") != 0 || mkdir("/srv/submission", 0755) != 0)
        _exit(99);
    write_text("/srv/submission/sum.c",
               "#include <stdint.h>\nuint64_t sum(uint64_t a, uint64_t b);\n"
               "uint64_t sum(uint64_t a, uint64_t b)\n{\n    return a + b;\n}\n");
    write_text("/srv/job.json", "{\"submission\":\"01J00000000000000000000000\",\"lab\":\"0.1\","
                                "\"seed\":1,\"mode\":\"full\"}");
    snprintf(file, sizeof file, "%s/fill", dir);
    const int fd = open(file, O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
    while (write(fd, block, sizeof block) > 0)
        ;
    close(fd);
}

static void take_descriptors(void)
{
    setrlimit(RLIMIT_NOFILE, &(struct rlimit){12, 12});
}

static void bound_the_address_space(void)
{
    setrlimit(RLIMIT_AS, &(struct rlimit){64 << 20, 64 << 20});
}

/* ---- What is said there ---- */

static void without_user_namespaces_the_cause_is_named(void **state)
{
    (void)state;
    expect(forbid_user_namespaces, solution, 3, "sysctl -w user.max_user_namespaces");
}

static void with_control_groups_read_only_it_grades_and_says_what_is_weaker(void **state)
{
    (void)state;
    expect(protect_control_groups, solution, 0, "memory_limit: no control group can be used");
}

static void a_full_disk_is_named(void **state)
{
    (void)state;
    static const char *const job[] = {GRADE_PROGRAM, "run", "--job", "/srv", NULL};
    expect(fill_the_disk, job, 3, "No space left on device");
}

static void too_few_descriptors_are_named(void **state)
{
    (void)state;
    expect(take_descriptors, solution, 3, "Too many open files");
}

static void a_bound_on_the_graders_memory_is_no_fault_of_the_learner(void **state)
{
    (void)state;
    expect(bound_the_address_space, solution, 3, "set limits");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(without_user_namespaces_the_cause_is_named),
        cmocka_unit_test(with_control_groups_read_only_it_grades_and_says_what_is_weaker),
        cmocka_unit_test(a_full_disk_is_named),
        cmocka_unit_test(too_few_descriptors_are_named),
        cmocka_unit_test(a_bound_on_the_graders_memory_is_no_fault_of_the_learner),
    };
    return cmocka_run_group_tests_name("grading on hosts that lack something", tests, NULL, NULL);
}

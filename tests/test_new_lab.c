/* The way of a lab's author: `grade new` into a folder of their own, CMake, CTest, `grade run`. */
#include <ftw.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "tests/run.h"

static char dir[] = "/tmp/new-lab-XXXXXX";

static int forget(const char *path, const struct stat *st, int kind, struct FTW *at)
{
    (void)st;
    (void)kind;
    (void)at;
    return remove(path);
}

static int enter(void **state)
{
    (void)state;
    return mkdtemp(dir) != NULL ? 0 : -1;
}

static int leave(void **state)
{
    (void)state;
    return nftw(dir, forget, 8, FTW_DEPTH | FTW_PHYS);
}

/* Runs it and returns what it printed, the caller's. */
static char *must_run(const char *const *argv)
{
    char *out = NULL;
    const int status = run_program(argv, &out);
    if (status != 0)
        fail_msg("%s %s ended with %d:\n%s", argv[0], argv[1], status, out);
    return out;
}
#define RUN(...) must_run((const char *const[]){__VA_ARGS__, NULL})

static void a_new_lab_proves_itself_as_soon_as_it_is_built(void **state)
{
    (void)state;
    char build[64];
    snprintf(build, sizeof build, "%s/build", dir);
    free(RUN(GRADE_PROGRAM, "new", "7.21", "running-sums", "--title", "Sums that run", "--dir",
             dir));
    free(RUN(CMAKE_PROGRAM, "-S", dir, "-B", build, "-G", "Ninja", "-Dgraded_DIR=" GRADED_BUILD));
    free(RUN(CMAKE_PROGRAM, "--build", build));
    char *said = RUN(CTEST_PROGRAM, "--test-dir", build, "-V");
    assert_non_null(strstr(said, "solution                     100.0  accepted"));
    assert_non_null(strstr(said, "proved"));
    free(said);
}

static void a_learner_of_it_reads_the_mistake_by_name(void **state)
{
    (void)state;
    char build[96], mutant[128];
    snprintf(build, sizeof build, "%s/build/labs", dir);
    snprintf(mutant, sizeof mutant, "%s/module-7/lab-7.21-running-sums/mutants/sums-in-single.c",
             dir);
    setenv("GRADED_LABS", dir, 1);
    setenv("GRADED_LAB_BUILD", build, 1);
    char *said = NULL;
    const int status = run_program(
        (const char *const[]){GRADE_PROGRAM, "run", "7.21", mutant, "--no-cache", NULL}, &said);
    assert_in_range(status, 0, 1);
    if (strstr(said, "a float cannot carry a long sum") == NULL)
        fail_msg("no hint:\n%s", said);
    free(said);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_new_lab_proves_itself_as_soon_as_it_is_built),
        cmocka_unit_test(a_learner_of_it_reads_the_mistake_by_name),
    };
    return cmocka_run_group_tests_name("new lab", tests, enter, leave);
}

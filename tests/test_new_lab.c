/* The way of a lab's author: `grade new` into a folder of their own, CMake, CTest, `grade run`. */
#include <fcntl.h>
#include <ftw.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
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

/* The next block of a page that is a whole file: "```c driver.c" and what follows up to "```".
 * NULL: there is none. */
static const char *next_file(const char *at, char *ret_name, size_t size, const char **ret_text,
                             size_t *ret_length)
{
    for (; (at = strstr(at, "\n```")) != NULL; at += 4) {
        const char *info = at + 4, *line_end = strchr(info, '\n');
        const char *end = line_end != NULL ? strstr(line_end, "\n```\n") : NULL;
        if (end == NULL)
            return NULL;
        const char *name = memchr(info, ' ', (size_t)(line_end - info));
        at = end; /* the loop steps over its marks */
        if (name == NULL)
            continue;
        snprintf(ret_name, size, "%.*s", (int)(line_end - name - 1), name + 1);
        *ret_text = line_end + 1;
        *ret_length = (size_t)(end - line_end);
        return end + 4;
    }
    return NULL;
}

static void write_file(const char *lab, const char *name, const char *text, size_t length)
{
    char path[256];
    snprintf(path, sizeof path, "%s/%s", lab, name);
    FILE *f = fopen(path, "w");
    if (f == NULL || fwrite(text, 1, length, f) != length || fclose(f) != 0)
        fail_msg("%s cannot be written", path);
}

static char *page(const char *path)
{
    const int fd = open(path, O_RDONLY | O_CLOEXEC);
    assert_true(fd >= 0);
    char *text = read_all(fd);
    close(fd);
    return text;
}

static int take_files(const char *text, const char *lab)
{
    char name[64];
    const char *bytes;
    size_t length;
    int files = 0;
    while ((text = next_file(text, name, sizeof name, &bytes, &length)) != NULL) {
        write_file(lab, name, bytes, length);
        files++;
    }
    return files;
}

static void the_lab_of_the_page_on_labs_is_one(void **state)
{
    (void)state;
    char lab[96], build[64], mutants[128];
    snprintf(build, sizeof build, "%s/build", dir);
    snprintf(lab, sizeof lab, "%s/module-2/lab-2.10-row-argmax", dir);
    snprintf(mutants, sizeof mutants, "%s/mutants", lab);
    free(RUN(GRADE_PROGRAM, "new", "2.10", "row-argmax", "--title", "The largest of a row", "--dir",
             dir));
    assert_int_equal(nftw(mutants, forget, 8, FTW_DEPTH | FTW_PHYS), 0);
    assert_int_equal(mkdir(mutants, 0777), 0);
    char *text = page("docs/write-a-lab.md");
    assert_int_equal(take_files(text, lab), 9);
    free(text);
    free(RUN(CMAKE_PROGRAM, "--build", build));
    char *said = RUN(CTEST_PROGRAM, "--test-dir", build, "-V", "-R", "lab_2.10");
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
        cmocka_unit_test(the_lab_of_the_page_on_labs_is_one),
        cmocka_unit_test(a_learner_of_it_reads_the_mistake_by_name),
    };
    return cmocka_run_group_tests_name("new lab", tests, enter, leave);
}

/* What a cell costs beside bubblewrap's: the start and the end of one dynamically linked program
 * under equal isolation, in alternation. Both have all namespaces, the same read-only binds, two
 * small tmpfs, three devices; the cell has limits, Landlock, a filter and control groups on top. */
#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "grader/grade/stats.h"
#include "sandbox/cell.h"
#include "tests/run.h"

enum { RUNS = 200, WARM_UP = 5 };

static double now_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e3 + (double)t.tv_nsec * 1e-6;
}

static double cell_once(void)
{
    static const char *const argv[] = {"/usr/bin/true", NULL}, *const envp[] = {NULL};
    static const struct cell_bind binds[] = {
        {"/usr", "/usr", false}, {"/lib", "/lib", false}, {"/lib64", "/lib64", false}};
    static const struct cell_config config = {
        .profile = CELL_BUILD,
        .argv = argv,
        .envp = envp,
        .image_fd = -1,
        .binds = binds,
        .n_binds = 3,
        .core = -1,
        .limits = {.cpu_ms = 5000,
                   .wall_ms = 10000,
                   .memory_bytes = 256 << 20,
                   .stack_bytes = 8 << 20,
                   .file_bytes = 1 << 20,
                   .work_bytes = 1 << 20,
                   .output_bytes = 4096,
                   .processes = 8,
                   .descriptors = 64},
    };
    struct cell *cell = NULL;
    struct cell_exit end;
    struct err why;
    const double start = now_ms();
    if (cell_open(&cell, &config, &why) != OK)
        fail_msg("%s", why.text);
    cell_wait(cell);
    cell_result(cell, &end);
    cell_close(cell);
    const double ms = now_ms() - start;
    if (end.verdict != CELL_EXITED || end.status != 0)
        fail_msg("verdict %d, status %d: %s", end.verdict, end.status, end.message);
    return ms;
}

static double run_once(const char *const *argv)
{
    const double start = now_ms();
    assert_int_equal(run_program(argv, NULL), 0);
    return now_ms() - start;
}

#define BWRAP                                                                                      \
    "/usr/bin/bwrap", "--unshare-all", "--unshare-user", "--unshare-cgroup", "--die-with-parent",  \
        "--new-session", "--clearenv", "--hostname", "cell", "--cap-drop", "ALL", "--ro-bind",     \
        "/usr", "/usr", "--ro-bind", "/lib", "/lib", "--ro-bind", "/lib64", "/lib64", "--tmpfs",   \
        "/tmp", "--tmpfs", "/box", "--chdir", "/box"

static const char *const same[] = {
    BWRAP,       "--dev-bind",    "/dev/null",  "/dev/null",    "--dev-bind",
    "/dev/zero", "/dev/zero",     "--dev-bind", "/dev/urandom", "/dev/urandom",
    "--",        "/usr/bin/true", NULL,
};
static const char *const usual[] = {
    BWRAP, "--proc", "/proc", "--dev", "/dev", "--", "/usr/bin/true", NULL,
};
static const char *const bare[] = {"/usr/bin/true", NULL};

static void print_line(const char *what, double *ms)
{
    const double median = stats_median(ms, RUNS); /* sorts */
    printf("%-46s median %6.2f  p90 %6.2f ms\n", what, median, ms[RUNS * 9 / 10]);
}

static void print_ratio(const char *what, double *ratio)
{
    lab_rng rng = {.s = 1};
    double low, high;
    stats_interval(ratio, RUNS, &rng, &low, &high);
    printf("%-46s %.2f (95 %% interval %.2f to %.2f, %d pairs)\n", what, stats_median(ratio, RUNS),
           low, high, RUNS);
}

static void a_cell_beside_bubblewrap(void **state)
{
    (void)state;
    static double program[RUNS], cell[RUNS], equal[RUNS], with_proc[RUNS], ratio[RUNS],
        ratio_usual[RUNS];
    if (access(same[0], X_OK) != 0) {
        print_message("skipped: bwrap (package bubblewrap) is not installed\n");
        skip();
    }
    for (int i = -WARM_UP; i < RUNS; i++) {
        const double ms[] = {run_once(bare), cell_once(), run_once(same), run_once(usual)};
        if (i < 0)
            continue;
        program[i] = ms[0];
        cell[i] = ms[1];
        equal[i] = ms[2];
        with_proc[i] = ms[3];
        ratio[i] = ms[1] / ms[2];
        ratio_usual[i] = ms[1] / ms[3];
    }
    print_ratio("cell / bubblewrap, equal", ratio);
    print_ratio("cell / bubblewrap with --proc and --dev", ratio_usual);
    print_line("the program alone", program);
    print_line("in a cell, open to close", cell);
    print_line("in bubblewrap, equal", equal);
    print_line("in bubblewrap with --proc and --dev", with_proc);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(a_cell_beside_bubblewrap)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}

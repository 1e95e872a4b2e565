/* What a cell costs beside bubblewrap's: the start and the end of one dynamically linked program
 * under equal isolation, in alternation. Both have all namespaces, the same read-only binds, two
 * small tmpfs, two devices; the cell has limits, Landlock, a filter and control groups on top.
 *
 * A cell is measured three ways: made from nothing; from what cell_prepare() had ready, whose own
 * cost is a line of the table; and by graded-sandbox, a program like bwrap. Before each run the
 * kernel gets a moment to take the last one's namespaces down. */
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

static void settle(void)
{
    nanosleep(&(struct timespec){.tv_nsec = 5000000}, NULL);
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
    settle();
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

static double prepare_once(void)
{
    settle();
    const double start = now_ms();
    cell_prepare(1);
    return now_ms() - start;
}

static double run_once(const char *const *argv)
{
    settle();
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
    BWRAP,          "--dev-bind",   "/dev/null", "/dev/null",     "--dev-bind",
    "/dev/urandom", "/dev/urandom", "--",        "/usr/bin/true", NULL,
};
static const char *const usual[] = {
    BWRAP, "--proc", "/proc", "--dev", "/dev", "--", "/usr/bin/true", NULL,
};
static const char *const program[] = {
    GRADED_SANDBOX, "--ro", "/usr", "--ro", "/lib", "--ro", "/lib64", "--", "/usr/bin/true", NULL,
};
static const char *const bare[] = {"/usr/bin/true", NULL};

enum way { BARE, FRESH, PREPARING, PREPARED, PROGRAM, EQUAL, USUAL, WAYS };
static const char *const ways[WAYS] = {
    [BARE] = "the program alone",
    [FRESH] = "in a cell, open to close",
    [PREPARING] = "cell_prepare, ahead of the next line",
    [PREPARED] = "in a cell that was prepared",
    [PROGRAM] = "by graded-sandbox",
    [EQUAL] = "in bubblewrap, equal",
    [USUAL] = "in bubblewrap with --proc and --dev",
};

static double measure(enum way way)
{
    switch (way) {
    case FRESH:
    case PREPARED:
        return cell_once();
    case PREPARING:
        return prepare_once();
    case PROGRAM:
        return run_once(program);
    case EQUAL:
        return run_once(same);
    case USUAL:
        return run_once(usual);
    case BARE:
    case WAYS:
        break;
    }
    return run_once(bare);
}

static void print_ratio(double ms[WAYS][RUNS], enum way a, enum way b)
{
    double ratio[RUNS], low, high;
    lab_rng rng = {.s = 1};
    for (int i = 0; i < RUNS; i++)
        ratio[i] = ms[a][i] / ms[b][i];
    stats_interval(ratio, RUNS, &rng, &low, &high);
    printf("%s / %s: %.2f (95 %% interval %.2f to %.2f, %d pairs)\n", ways[a], ways[b],
           stats_median(ratio, RUNS), low, high, RUNS);
}

static void print_line(const char *what, double *ms)
{
    const double median = stats_median(ms, RUNS); /* sorts */
    printf("%-40s min %6.2f  median %6.2f  p90 %6.2f ms\n", what, ms[0], median, ms[RUNS * 9 / 10]);
}

static void a_cell_beside_bubblewrap(void **state)
{
    (void)state;
    static double ms[WAYS][RUNS];
    if (access(same[0], X_OK) != 0) {
        print_message("skipped: bwrap (package bubblewrap) is not installed\n");
        skip();
    }
    for (int i = -WARM_UP; i < RUNS; i++)
        for (int way = 0; way < WAYS; way++)
            ms[way][i < 0 ? 0 : i] = measure((enum way)way);
    for (enum way b = EQUAL; b <= USUAL; b++) {
        print_ratio(ms, FRESH, b);
        print_ratio(ms, PREPARED, b);
        print_ratio(ms, PROGRAM, b);
    }
    for (int way = 0; way < WAYS; way++)
        print_line(ways[way], ms[way]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(a_cell_beside_bubblewrap)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* What a cell costs: the start and end of an empty program, and stopping one for a moment. Prints
 * medians; fails only far beyond what they were, as a shared machine is slow by turns. */
#include <fcntl.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "sandbox/test_guest.h"

enum { STARTS = 100, FREEZES = 2000 };

static double now_us(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

static int by_value(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static double median(double *values, size_t n, const char *what)
{
    qsort(values, n, sizeof values[0], by_value);
    print_message("%-40s min %8.1f  median %8.1f  p90 %8.1f us\n", what, values[0], values[n / 2],
                  values[n * 9 / 10]);
    return values[n / 2];
}

static void a_cell_starts_and_ends_in_milliseconds(void **state)
{
    (void)state;
    double us[STARTS];
    for (int i = 0; i < STARTS; i++) {
        struct cell *cell = NULL;
        const struct cell_config config = guest_config(CELL_RUN, GUEST("exit", "0"));
        const double start = now_us();
        assert_int_equal(cell_open(&cell, &config, NULL), OK);
        cell_wait(cell);
        cell_close(cell);
        us[i] = now_us() - start;
    }
    assert_true(median(us, STARTS, "cell, static program, open to close") < 50000);
}

static void a_blocked_program_is_stopped_in_microseconds(void **state)
{
    (void)state;
    static double us[FREEZES];
    struct cell *cell = NULL;
    struct cell_config config = guest_config(CELL_RUN, GUEST("sleep", "60"));
    config.core = 0;
    /* As a grader and its runner are: on one core a stop costs no wake-up of another. */
    cpu_set_t own, set;
    CPU_ZERO(&set);
    CPU_SET(0, &set);
    assert_int_equal(sched_getaffinity(0, sizeof own, &own), 0);
    assert_int_equal(sched_setaffinity(0, sizeof set, &set), 0);
    assert_int_equal(cell_open(&cell, &config, NULL), OK);
    usleep(100000);
    cell_step(cell);
    for (int i = 0; i < FREEZES; i++) {
        const double start = now_us();
        assert_int_equal(cell_freeze(cell, NULL), OK);
        (void)cell_cpu_us(cell);
        assert_int_equal(cell_thaw(cell, NULL), OK);
        us[i] = now_us() - start;
        usleep(20);
    }
    cell_close(cell);
    assert_int_equal(sched_setaffinity(0, sizeof own, &own), 0);
    assert_true(median(us, FREEZES, "freeze, confirm, audit CPU time, thaw") < 5000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_cell_starts_and_ends_in_milliseconds),
        cmocka_unit_test(a_blocked_program_is_stopped_in_microseconds),
    };
    return guest_run_tests("cell's cost", tests, sizeof tests / sizeof tests[0]);
}

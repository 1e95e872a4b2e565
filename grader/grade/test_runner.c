/* The trust line of a call: between calls a runner does not run, and while it runs, the clock does.
 * The runner here is test_runner_guest.c, which does what honest ones never do. */
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "grader/grade/build.h"
#include "grader/grade/runner.h"

enum { ANSWERS, GOES_ON, WATCHES, WORK_NS = 2000000 }; /* as in the guest */

static struct runner runner;

/* As grade does it, clock and runner share a core. */
static int share_a_core(void)
{
    const int core = sched_getcpu();
    cpu_set_t one;
    CPU_ZERO(&one);
    CPU_SET(core, &one);
    return sched_setaffinity(0, sizeof one, &one) == 0 ? core : -1;
}

static int open_runner(void **state)
{
    (void)state;
    struct err why = {0};
    int image = -1;
    if (build_load_image(GUEST_PATH, &image, &why) != OK)
        fail_msg("%s", why.text);
    const struct runner_config config = {.image_fd = image,
                                         .profile = CELL_RUN,
                                         .allow = {.threads = 1},
                                         .memory_bytes = 64 << 20,
                                         .stack_bytes = 1 << 20,
                                         .output_bytes = 4096,
                                         .arena_bytes = 1 << 20,
                                         .total_cpu_ms = 10000,
                                         .core = share_a_core()};
    if (runner_open(&runner, &config, &why) != OK)
        fail_msg("%s", why.text);
    close(image);
    return 0;
}

static int close_runner(void **state)
{
    (void)state;
    runner_close(&runner);
    return 0;
}

static struct runner_times call(uint32_t op)
{
    struct err why = {0};
    struct runner_end end = {.outcome = RUNNER_ENDED};
    bool over = false;
    if (shm_write_call(&runner.shm, op, NULL, 0, &why) != OK ||
        runner_start(&runner, 1000, &why) != OK)
        fail_msg("%s", why.text);
    while (!over) {
        struct pollfd fds[RUNNER_FDS];
        runner_watch(&runner, fds);
        poll(fds, RUNNER_FDS, runner_patience_ms(&runner));
        if (runner_look(&runner, &over, &end, &why) != OK)
            fail_msg("%s", why.text);
    }
    assert_int_equal(end.outcome, RUNNER_REPLIED);
    return end.times;
}

static uint64_t counted(void)
{
    uint64_t counter;
    memcpy(&counter, runner.shm.output + FRAME_PAGE, sizeof counter);
    return counter;
}

static void wait_ms(long ms)
{
    nanosleep(&(struct timespec){.tv_nsec = ms * 1000000}, NULL);
}

static void the_cpu_time_of_a_runner_stands_still_between_calls(void **state)
{
    (void)state;
    for (int i = 0; i < 3; i++) {
        call(ANSWERS);
        const int64_t before = cell_cpu_us(runner.cell);
        wait_ms(30);
        assert_int_equal(cell_cpu_us(runner.cell), before);
        assert_int_equal(before, runner.cpu_us);
    }
}

static void a_runner_that_has_answered_does_not_go_on(void **state)
{
    (void)state;
    call(GOES_ON);
    const int64_t cpu_us = cell_cpu_us(runner.cell);
    const uint64_t before = counted();
    wait_ms(50);
    assert_true(counted() == before);
    assert_int_equal(cell_cpu_us(runner.cell), cpu_us);
}

static void a_runner_that_does_not_wait_for_the_bell_is_not_ahead_of_the_clock(void **state)
{
    (void)state;
    call(WATCHES);
    for (int i = 0; i < 30; i++) {
        wait_ms(i % 3);
        assert_true(call(WATCHES).wall_ns >= WORK_NS);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(the_cpu_time_of_a_runner_stands_still_between_calls,
                                        open_runner, close_runner),
        cmocka_unit_test_setup_teardown(a_runner_that_has_answered_does_not_go_on, open_runner,
                                        close_runner),
        cmocka_unit_test_setup_teardown(
            a_runner_that_does_not_wait_for_the_bell_is_not_ahead_of_the_clock, open_runner,
            close_runner),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* Hardware counters, with a kernel of our own: most hosts that run tests have none. */
#include <linux/perf_event.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "grader/grade/counters.h"

enum { FIRST_FD = 100, PID = 4242 };

/* The fake: what it was asked, and what it answers. */
static struct {
    int opened, closed, refuses; /* the how-manieth open fails; 0: none */
    uint64_t events[COUNTERS];
    unsigned long requests[8];
    int n_requests;
    uint64_t group[3 + COUNTERS]; /* as read(2) gives it */
    size_t group_size;
    int control_result;
} fake;

static int fake_open(uint64_t event, pid_t pid, int leader)
{
    assert_int_equal(pid, PID);
    assert_int_equal(leader, fake.opened == 0 ? -1 : FIRST_FD);
    if (fake.opened + 1 == fake.refuses)
        return -1;
    fake.events[fake.opened] = event;
    return FIRST_FD + fake.opened++;
}

static int fake_control(int leader, unsigned long request)
{
    assert_int_equal(leader, FIRST_FD);
    fake.requests[fake.n_requests++] = request;
    return fake.control_result;
}

static ssize_t fake_read(int leader, void *bytes, size_t size)
{
    assert_int_equal(leader, FIRST_FD);
    assert_true(size >= fake.group_size);
    memcpy(bytes, fake.group, fake.group_size);
    return (ssize_t)fake.group_size;
}

static int fake_close(int fd)
{
    assert_in_range(fd, FIRST_FD, FIRST_FD + COUNTERS - 1);
    fake.closed++;
    return 0;
}

static const struct counters_host host = {fake_open, fake_control, fake_read, fake_close};

static int reset(void **state)
{
    (void)state;
    memset(&fake, 0, sizeof fake);
    const uint64_t group[] = {COUNTERS, 1000, 1000, 5000000, 2000000, 300, 7};
    memcpy(fake.group, group, sizeof group);
    fake.group_size = sizeof group;
    return 0;
}

static void four_events_of_one_process_are_a_group(void **state)
{
    (void)state;
    struct counters c;
    assert_true(counters_open(&c, &host, PID));
    assert_int_equal(fake.opened, COUNTERS);
    assert_int_equal(fake.events[0], PERF_COUNT_HW_INSTRUCTIONS);
    assert_int_equal(fake.events[1], PERF_COUNT_HW_CPU_CYCLES);
    counters_close(&c);
    assert_int_equal(fake.closed, COUNTERS);
}

static void a_host_without_one_of_them_has_none(void **state)
{
    for (int refuses = 1; refuses <= COUNTERS; refuses++) {
        struct counters c;
        reset(state);
        fake.refuses = refuses;
        assert_false(counters_open(&c, &host, PID));
        assert_int_equal(fake.closed, refuses - 1);
    }
}

static void a_runner_that_is_gone_has_none(void **state)
{
    (void)state;
    struct counters c;
    assert_false(counters_open(&c, &host, -1));
    assert_int_equal(fake.opened, 0);
}

static void they_count_from_start_to_stop(void **state)
{
    (void)state;
    struct counters c;
    struct report_counters got;
    assert_true(counters_open(&c, &host, PID));
    counters_start(&c);
    assert_true(counters_stop(&c, &got));
    const unsigned long want[] = {PERF_EVENT_IOC_RESET, PERF_EVENT_IOC_ENABLE,
                                  PERF_EVENT_IOC_DISABLE};
    assert_int_equal(fake.n_requests, 3);
    assert_memory_equal(fake.requests, want, sizeof want);
    assert_int_equal(got.instructions, 5000000);
    assert_int_equal(got.cycles, 2000000);
    assert_int_equal(got.cache_misses, 300);
    assert_int_equal(got.branch_misses, 7);
    counters_close(&c);
}

static void half_the_time_on_the_hardware_means_twice_the_count(void **state)
{
    (void)state;
    struct counters c;
    struct report_counters got;
    fake.group[2] = 500;
    assert_true(counters_open(&c, &host, PID));
    assert_true(counters_stop(&c, &got));
    assert_int_equal(got.instructions, 10000000);
    assert_int_equal(got.branch_misses, 14);
    counters_close(&c);
}

static void what_cannot_be_right_is_no_count(void **state)
{
    static const struct {
        const char *name;
        uint64_t n, enabled, running;
        size_t size;
        int control_result;
    } table[] = {
        {"never on the hardware", COUNTERS, 1000, 0, sizeof fake.group, 0},
        {"longer on than enabled", COUNTERS, 1000, 2000, sizeof fake.group, 0},
        {"another number of events", COUNTERS - 1, 1000, 1000, sizeof fake.group, 0},
        {"a short read", COUNTERS, 1000, 1000, sizeof fake.group - 8, 0},
        {"not stopped", COUNTERS, 1000, 1000, sizeof fake.group, -1},
    };
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        struct counters c;
        struct report_counters got = {.cycles = -7};
        reset(state);
        fake.group[0] = table[i].n;
        fake.group[1] = table[i].enabled;
        fake.group[2] = table[i].running;
        fake.group_size = table[i].size;
        fake.control_result = table[i].control_result;
        assert_true(counters_open(&c, &host, PID));
        if (counters_stop(&c, &got) || got.cycles != -7)
            fail_msg("%s", table[i].name);
        counters_close(&c);
    }
}

static void the_median_is_taken_member_by_member(void **state)
{
    (void)state;
    const struct report_counters each[] = {{1, 50, 7, 3}, {3, 10, 9, 3}, {2, 90, 8, 0}};
    const struct report_counters got = counters_median(each, 3);
    assert_int_equal(got.instructions, 2);
    assert_int_equal(got.cycles, 50);
    assert_int_equal(got.cache_misses, 8);
    assert_int_equal(got.branch_misses, 3);
}

/* Whatever this host is, it is one of two. */
static void the_kernel_counts_or_has_none(void **state)
{
    (void)state;
    struct counters c;
    struct report_counters got = {0};
    if (!counters_open(&c, &counters_kernel, getpid())) {
        print_message("this host gives no hardware counters\n");
        return;
    }
    counters_start(&c);
    for (volatile int i = 0; i < 1000000; i++)
        ;
    assert_true(counters_stop(&c, &got));
    assert_true(got.instructions > 1000000 && got.cycles > 0);
    counters_close(&c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(four_events_of_one_process_are_a_group, reset),
        cmocka_unit_test_setup(a_host_without_one_of_them_has_none, reset),
        cmocka_unit_test_setup(a_runner_that_is_gone_has_none, reset),
        cmocka_unit_test_setup(they_count_from_start_to_stop, reset),
        cmocka_unit_test_setup(half_the_time_on_the_hardware_means_twice_the_count, reset),
        cmocka_unit_test_setup(what_cannot_be_right_is_no_count, reset),
        cmocka_unit_test(the_median_is_taken_member_by_member),
        cmocka_unit_test(the_kernel_counts_or_has_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

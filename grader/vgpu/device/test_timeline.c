#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "grader/vgpu/device/profile.h"
#include "grader/vgpu/device/timeline.h"

static uint64_t place(struct timeline_line *l, uint64_t ready, uint64_t ns)
{
    return timeline_place(&l, 1, ready, ns, 0);
}

static void test_work_waits_for_its_engine(void **state)
{
    (void)state;
    struct timeline_line l = {0};
    assert_int_equal(place(&l, 10, 100), 10);
    assert_int_equal(place(&l, 20, 100), 110);
    assert_int_equal(l.total, 200);
}

static void test_what_is_ready_passes_what_waits(void **state)
{
    (void)state;
    struct timeline_line l = {0};
    assert_int_equal(place(&l, 1000, 100), 1000);
    assert_int_equal(place(&l, 0, 400), 0);
    assert_int_equal(place(&l, 0, 400), 400);
    assert_int_equal(place(&l, 0, 400), 1100); /* 200 ns are left before 1000: too few */
    assert_int_equal(place(&l, 0, 200), 800);
    assert_int_equal(l.n, 1); /* no gap is left */
}

static void test_a_peer_copy_needs_both_ends(void **state)
{
    (void)state;
    struct timeline_line out = {0}, in = {0};
    place(&out, 0, 100);
    place(&in, 150, 100);
    struct timeline_line *const both[] = {&out, &in};
    assert_int_equal(timeline_place(both, 2, 0, 50, 0), 100);
    assert_int_equal(timeline_place(both, 2, 0, 50, 0), 250);
}

static void test_a_ragged_line_gives_up_its_oldest_gaps(void **state)
{
    (void)state;
    struct timeline_line l = {0};
    for (uint64_t i = 0; i < 3 * TIMELINE_GAPS; i++)
        place(&l, 100 * i, 10);
    assert_true(l.n <= TIMELINE_GAPS);
    assert_true(place(&l, 0, 50) > 100 * TIMELINE_GAPS);
    assert_int_equal(place(&l, 300 * TIMELINE_GAPS, 10), 300 * TIMELINE_GAPS);
}

static void test_the_past_is_forgotten(void **state)
{
    (void)state;
    struct timeline_line l = {0}, *one = &l;
    for (uint64_t i = 0; i < 20; i++)
        timeline_place(&one, 1, 100 * i, 10, 100 * i);
    assert_int_equal(l.n, 1);
}

static void test_copies_cost_what_the_course_says(void **state)
{
    (void)state;
    assert_int_equal(timeline_host_copy_ns(0), 8000);
    assert_int_equal(timeline_host_copy_ns(24000), 9000);
    assert_int_equal(timeline_peer_copy_ns(50000), 6000);
}

static void test_the_labs_slice_is_as_module_4_says(void **state)
{
    (void)state;
    struct wire_device d;
    struct err why;
    assert_int_equal(profile_find("a100/8", &d, &why), OK);
    assert_int_equal(d.sms, 8);
    assert_int_equal(d.l2, 2 << 20);
    assert_int_equal(d.memory, UINT64_C(16) << 30);
    assert_int_equal(d.shared_sm, 164 << 10);
    assert_in_range((uint64_t)(profile_bandwidth(&d) / 1e9), 114, 116);
}

static void test_profiles_that_are_not_there_are_refused(void **state)
{
    (void)state;
    static const char *const texts[] = {"", "a10", "a100/0", "a100/109", "a100/x", "/8"};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        struct wire_device d;
        struct err why;
        if (profile_find(texts[i], &d, &why) == OK)
            fail_msg("'%s' was taken", texts[i]);
    }
}

static void test_occupancy_is_the_tightest_bound(void **state)
{
    (void)state;
    struct wire_device d;
    struct err why;
    assert_int_equal(profile_find("a100", &d, &why), OK);
    static const struct {
        uint32_t threads, registers, shared, blocks;
    } table[] = {
        {256, 16, 0, 8},        /* warps */
        {32, 16, 0, 32},        /* blocks */
        {256, 48, 0, 5},        /* registers: lesson 4.6's example */
        {128, 32, 40 << 10, 4}, /* shared memory: 41 KiB of 164 with the reserved one */
        {1024, 255, 0, 0},      /* not even one */
        {128, 32, 164 << 10, 0},
    };
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        const uint32_t n =
            profile_blocks(&d, table[i].threads, table[i].registers, table[i].shared);
        if (n != table[i].blocks)
            fail_msg("row %zu: %u blocks", i, n);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_work_waits_for_its_engine),
        cmocka_unit_test(test_what_is_ready_passes_what_waits),
        cmocka_unit_test(test_a_peer_copy_needs_both_ends),
        cmocka_unit_test(test_a_ragged_line_gives_up_its_oldest_gaps),
        cmocka_unit_test(test_the_past_is_forgotten),
        cmocka_unit_test(test_copies_cost_what_the_course_says),
        cmocka_unit_test(test_the_labs_slice_is_as_module_4_says),
        cmocka_unit_test(test_profiles_that_are_not_there_are_refused),
        cmocka_unit_test(test_occupancy_is_the_tightest_bound),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* What drivers are given, and how the trusted side reads their logs. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "grader/sdk/driver.h"
#include "grader/sdk/frame.h"
#include "grader/sdk/log.h"

/* The parts of runner.c that log.c asks for. */
struct lab_call {
    unsigned char *output;
    size_t size;
};

void *lab_out(const struct lab_call *c, unsigned argument)
{
    (void)argument;
    return c->output;
}

size_t lab_size(const struct lab_call *c, unsigned argument)
{
    (void)argument;
    return c->size;
}

static void a_handle_leads_to_its_object_until_it_is_dropped(void **state)
{
    (void)state;
    int a, b;
    const int64_t x = lab_handle_new(&a), y = lab_handle_new(&b);
    assert_true(x > 0 && y > 0 && x != y);
    assert_ptr_equal(lab_handle(x), &a);
    assert_ptr_equal(lab_handle(y), &b);
    assert_ptr_equal(lab_handle_drop(x), &a);
    assert_null(lab_handle(x));
    assert_null(lab_handle_drop(x));
    assert_ptr_equal(lab_handle_drop(y), &b);
}

static void a_stale_handle_is_told_from_its_successor(void **state)
{
    (void)state;
    int a;
    const int64_t first = lab_handle_new(&a);
    lab_handle_drop(first);
    for (int i = 0; i < 100000; i++) {
        const int64_t next = lab_handle_new(&a);
        assert_true(next != first);
        assert_null(lab_handle(first));
        lab_handle_drop(next);
    }
}

static void no_number_is_a_handle_by_chance(void **state)
{
    (void)state;
    static const int64_t numbers[] = {
        0, 1, -1, INT64_MAX, INT64_MIN, LAB_HANDLES, (int64_t)1 << 32};
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++) {
        assert_null(lab_handle(numbers[i]));
        assert_null(lab_handle_drop(numbers[i]));
    }
    assert_int_equal(lab_handle_new(NULL), 0);
}

static void a_full_table_says_so_and_goes_on(void **state)
{
    (void)state;
    static int64_t handles[LAB_HANDLES];
    int a;
    for (int i = 0; i < LAB_HANDLES; i++)
        assert_true((handles[i] = lab_handle_new(&a)) != 0);
    assert_int_equal(lab_handle_new(&a), 0);
    lab_handle_drop(handles[7]);
    assert_true((handles[7] = lab_handle_new(&a)) != 0);
    for (int i = 0; i < LAB_HANDLES; i++)
        assert_ptr_equal(lab_handle_drop(handles[i]), &a);
}

static void a_log_is_read_as_it_was_written(void **state)
{
    (void)state;
    unsigned char bytes[203]; /* odd, and written at an odd address below */
    struct lab_call c = {bytes + 1, 202};
    struct lab_log log = lab_log_open(&c, 0);
    lab_log_add(&log, 3, "hello", 5);
    lab_log_add(&log, 0, NULL, 0);
    lab_log_add(&log, UINT32_MAX, "12345678", 8);
    struct log_reader r = log_open(bytes + 1, 202);
    struct log_entry e;
    assert_true(log_next(&r, &e) && e.kind == 3 && e.size == 5);
    assert_memory_equal(e.bytes, "hello", 5);
    assert_true(log_next(&r, &e) && e.kind == 0 && e.size == 0);
    assert_true(log_next(&r, &e) && e.kind == UINT32_MAX && e.size == 8);
    assert_memory_equal(e.bytes, "12345678", 8);
    assert_false(log_next(&r, &e));
    assert_true(!r.broken && r.lost == 0);
}

static void what_does_not_fit_is_counted(void **state)
{
    (void)state;
    unsigned char bytes[48];
    for (size_t size = 0; size <= sizeof bytes; size++) {
        struct lab_call c = {bytes, size};
        memset(bytes, 0xAA, sizeof bytes);
        struct lab_log log = lab_log_open(&c, 0);
        for (int i = 0; i < 4; i++)
            lab_log_add(&log, 1, "xy", 2);
        for (size_t i = size; i < sizeof bytes; i++)
            assert_int_equal(bytes[i], 0xAA);
        struct log_reader r = log_open(bytes, size);
        struct log_entry e;
        size_t n = 0;
        while (log_next(&r, &e))
            n++;
        assert_int_equal(r.broken, size < 16);
        if (!r.broken)
            assert_true(n == (size - 16) / 16 && r.lost == 4 - n);
    }
}

static void a_forged_log_stays_in_its_bytes(void **state)
{
    (void)state;
    static const struct {
        uint64_t used;
        uint32_t size;
    } table[] = {{UINT64_MAX, 0}, {17, 0}, {16, 9}, {16, UINT32_MAX}, {7, 0}, {8, 1}};
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        struct {
            struct frame_log head;
            struct frame_entry entry;
            char bytes[8];
        } log = {{table[i].used, 0}, {1, table[i].size}, {0}};
        struct log_reader r = log_open(&log, sizeof log);
        struct log_entry e;
        while (log_next(&r, &e))
            assert_true((const char *)e.bytes + e.size <= (const char *)(&log + 1));
        assert_true(r.broken);
    }
    struct log_reader poisoned = log_open(memset((char[64]){0}, 0xAA, 64), 64);
    assert_true(poisoned.broken);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_handle_leads_to_its_object_until_it_is_dropped),
        cmocka_unit_test(a_stale_handle_is_told_from_its_successor),
        cmocka_unit_test(no_number_is_a_handle_by_chance),
        cmocka_unit_test(a_full_table_says_so_and_goes_on),
        cmocka_unit_test(a_log_is_read_as_it_was_written),
        cmocka_unit_test(what_does_not_fit_is_counted),
        cmocka_unit_test(a_forged_log_stays_in_its_bytes),
    };
    return cmocka_run_group_tests_name("driver side", tests, NULL, NULL);
}

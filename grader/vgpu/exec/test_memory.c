#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "grader/vgpu/exec/memory_inner.h"

enum { MIB = 1 << 20 };

static struct vg_memory *device(uint64_t capacity, uint64_t resident)
{
    struct vg_memory *m = NULL;
    struct err why;
    if (vg_memory_new(&m, 0, capacity, resident, &why) != OK)
        fail_msg("%s", why.text);
    return m;
}

static uint64_t allocate(struct vg_memory *m, uint64_t bytes)
{
    uint64_t address = 0;
    struct err why;
    if (vg_memory_allocate(m, bytes, VG_OWNER_MALLOC, NULL, &address, &why) != OK)
        fail_msg("%s", why.text);
    return address;
}

static void test_allocations_are_aligned_and_apart(void **state)
{
    (void)state;
    struct vg_memory *m = device(MIB, MIB);
    const uint64_t a = allocate(m, 5), b = allocate(m, 300);
    assert_int_equal(a % VG_ALIGN, 0);
    assert_int_equal(b % VG_ALIGN, 0);
    assert_true(b >= a + 5 + VG_GUARD);
    assert_int_equal(vg_memory_used(m), 305);
    vg_memory_free(m);
}

static void test_nothing_has_address_zero_and_no_entry(void **state)
{
    (void)state;
    struct vg_memory *m = device(MIB, MIB);
    const struct vg_allocation *table;
    assert_int_equal(allocate(m, 0), 0);
    assert_int_equal(vg_memory_allocations(m, &table), 0);
    vg_memory_free(m);
}

static void test_bytes_come_back_as_they_went_in(void **state)
{
    (void)state;
    struct vg_memory *m = device(MIB, MIB);
    const uint64_t a = allocate(m, 64);
    char back[64] = "";
    assert_int_equal(vg_memory_write(m, a + 1, "lane", 5, NULL), OK);
    assert_int_equal(vg_memory_fill(m, a + 6, 'x', 2, NULL), OK);
    assert_int_equal(vg_memory_read(m, back, a, 8, NULL), OK);
    assert_memory_equal(back, "\0lane\0xx", 8);
    vg_memory_free(m);
}

static void test_a_copy_past_the_end_names_the_allocation(void **state)
{
    (void)state;
    struct vg_memory *m = device(MIB, MIB);
    struct err why;
    const uint64_t a = allocate(m, 64);
    assert_int_equal(vg_memory_write(m, a + 60, "12345", 5, &why), ERR_RANGE);
    assert_non_null(strstr(why.text, "0 bytes past the end of allocation 1 (64 bytes)"));
    vg_memory_free(m);
}

static void test_holes_cost_nothing(void **state)
{
    (void)state;
    struct vg_memory *m = device(UINT64_C(16) << 30, MIB);
    const uint64_t a = allocate(m, UINT64_C(9) << 30);
    uint32_t far = 1;
    assert_int_equal(vg_memory_fill(m, a, 0, UINT64_C(9) << 30, NULL), OK);
    assert_int_equal(vg_memory_write(m, a + (UINT64_C(8) << 30), &far, 4, NULL), OK);
    assert_int_equal(vg_memory_read(m, &far, a + (UINT64_C(5) << 30), 4, NULL), OK);
    assert_int_equal(far, 0);
    assert_int_equal(m->n_backed, 1);
    vg_memory_free(m);
}

static void test_resident_memory_has_a_bound(void **state)
{
    (void)state;
    struct vg_memory *m = device(16 * MIB, MIB);
    const uint64_t a = allocate(m, 4 * MIB);
    assert_int_equal(vg_memory_fill(m, a, 1, 2 * MIB, NULL), ERR_NOMEM);
    assert_int_equal(vg_memory_release(m, a, NULL), OK);
    assert_int_equal(vg_memory_fill(m, allocate(m, MIB / 2), 1, MIB / 2, NULL), OK);
    vg_memory_free(m);
}

static void test_a_freed_range_rests_while_there_is_room(void **state)
{
    (void)state;
    struct vg_memory *m = device(MIB, MIB);
    const uint64_t a = allocate(m, 4096);
    bool inside;
    assert_int_equal(vg_memory_release(m, a, NULL), OK);
    assert_true(allocate(m, 4096) != a);
    assert_true(vg_memory_find(m, a + 8, &inside)->freed);
    assert_false(inside);
    assert_null(vg_memory_at(m, a, 1));
    vg_memory_free(m);
}

static void test_a_freed_range_is_used_again_when_all_else_is_full(void **state)
{
    (void)state;
    struct vg_memory *m = device(MIB, MIB);
    uint64_t again;
    const uint64_t a = allocate(m, MIB / 2);
    assert_int_equal(vg_memory_fill(m, a, 7, MIB / 2, NULL), OK);
    assert_int_equal(vg_memory_release(m, a, NULL), OK);
    assert_int_equal(vg_memory_allocate(m, MIB / 2, VG_OWNER_MALLOC, NULL, &again, NULL), OK);
    assert_int_equal(again, a);
    assert_int_equal(*(const char *)vg_memory_at(m, a, 1), 0);
    vg_memory_free(m);
}

static void test_a_full_device_refuses(void **state)
{
    (void)state;
    struct vg_memory *m = device(MIB, MIB);
    uint64_t address;
    struct err why;
    (void)allocate(m, MIB / 2);
    assert_int_equal(vg_memory_allocate(m, MIB / 2, VG_OWNER_MALLOC, NULL, &address, &why),
                     ERR_NOMEM);
    assert_int_equal(vg_memory_allocate(m, UINT64_MAX, VG_OWNER_MALLOC, NULL, &address, &why),
                     ERR_NOMEM);
    vg_memory_free(m);
}

static void test_a_second_free_is_told(void **state)
{
    (void)state;
    struct vg_memory *m = device(MIB, MIB);
    struct err why;
    const uint64_t a = allocate(m, 64);
    assert_int_equal(vg_memory_release(m, a + 8, &why), ERR_NOT_FOUND);
    assert_int_equal(vg_memory_release(m, a, NULL), OK);
    assert_int_equal(vg_memory_release(m, a, &why), ERR_NOT_FOUND);
    assert_non_null(strstr(why.text, "was freed before"));
    vg_memory_free(m);
}

static void test_find_prefers_the_nearest(void **state)
{
    (void)state;
    struct vg_memory *m = device(MIB, MIB);
    bool inside;
    const uint64_t a = allocate(m, 256), b = allocate(m, 256);
    assert_int_equal(vg_memory_find(m, a + 255, &inside)->address, a);
    assert_true(inside);
    assert_int_equal(vg_memory_find(m, a + 256, &inside)->address, a);
    assert_false(inside);
    assert_int_equal(vg_memory_find(m, b - 4, &inside)->address, b);
    assert_false(inside);
    vg_memory_free(m);
}

static void test_a_hurt_guard_is_found(void **state)
{
    (void)state;
    struct vg_memory *m = device(MIB, MIB);
    const struct vg_allocation *hurt = NULL;
    uint64_t at = 0;
    (void)allocate(m, 64);
    const uint64_t b = allocate(m, 64);
    assert_false(vg_memory_overrun(m, &hurt, &at));
    m->host[b + 64 - m->base] = 1;
    assert_true(vg_memory_overrun(m, &hurt, &at));
    assert_int_equal(hurt->address, b);
    assert_int_equal(at, b + 64);
    vg_memory_free(m);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_allocations_are_aligned_and_apart),
        cmocka_unit_test(test_nothing_has_address_zero_and_no_entry),
        cmocka_unit_test(test_bytes_come_back_as_they_went_in),
        cmocka_unit_test(test_a_copy_past_the_end_names_the_allocation),
        cmocka_unit_test(test_holes_cost_nothing),
        cmocka_unit_test(test_resident_memory_has_a_bound),
        cmocka_unit_test(test_a_freed_range_rests_while_there_is_room),
        cmocka_unit_test(test_a_freed_range_is_used_again_when_all_else_is_full),
        cmocka_unit_test(test_a_full_device_refuses),
        cmocka_unit_test(test_a_second_free_is_told),
        cmocka_unit_test(test_find_prefers_the_nearest),
        cmocka_unit_test(test_a_hurt_guard_is_found),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

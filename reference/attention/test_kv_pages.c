#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "reference/attention/kv_pages.h"

enum { BLOCKS = 6, TOKENS = 4, SEQS = 4 };

static uint32_t memory[256];
static struct ref_kv_slot slots[64];

static struct ref_kv_pages pages(void)
{
    struct ref_kv_pages p;
    assert_true(ref_kv_pages_size(BLOCKS, SEQS) <= sizeof memory / sizeof memory[0]);
    ref_kv_pages_init(&p, BLOCKS, TOKENS, SEQS, memory);
    return p;
}

static void blocks_fill_one_after_the_other(void **state)
{
    struct ref_kv_pages p = pages();
    (void)state;
    assert_true(ref_kv_pages_append(&p, 0, 5, slots));
    assert_true(ref_kv_pages_append(&p, 1, 1, slots + 5));
    assert_true(ref_kv_pages_append(&p, 0, 1, slots + 6));
    static const struct ref_kv_slot expected[] = {{0, 0, -1}, {0, 1, -1}, {0, 2, -1}, {0, 3, -1},
                                                  {1, 0, -1}, {2, 0, -1}, {1, 1, -1}};
    assert_memory_equal(slots, expected, sizeof expected);
    assert_int_equal(ref_kv_pages_count(&p, 0), 2);
    assert_int_equal(p.free, 3);
}

static void a_shared_block_is_copied_by_who_writes(void **state)
{
    struct ref_kv_pages p = pages();
    (void)state;
    assert_true(ref_kv_pages_append(&p, 0, 6, slots));
    assert_true(ref_kv_pages_fork(&p, 0, 1));
    assert_int_equal(p.free, 4);
    assert_true(ref_kv_pages_append(&p, 1, 3, slots));
    assert_int_equal(slots[0].block, 2);
    assert_int_equal(slots[0].slot, 2);
    assert_int_equal(slots[0].copy_from, 1);
    assert_int_equal(slots[1].copy_from, -1);
    assert_int_equal(slots[2].block, 3);
    /* The other one is alone again and writes in place. */
    assert_true(ref_kv_pages_append(&p, 0, 1, slots));
    assert_int_equal(slots[0].block, 1);
    assert_int_equal(slots[0].copy_from, -1);
}

static void a_full_shared_block_is_never_copied(void **state)
{
    struct ref_kv_pages p = pages();
    (void)state;
    assert_true(ref_kv_pages_append(&p, 0, 4, slots));
    assert_true(ref_kv_pages_fork(&p, 0, 1));
    assert_true(ref_kv_pages_append(&p, 1, 1, slots));
    assert_int_equal(slots[0].block, 1);
    assert_int_equal(slots[0].copy_from, -1);
    assert_int_equal(p.references[0], 2);
}

static void too_little_room_changes_nothing(void **state)
{
    struct ref_kv_pages p = pages();
    (void)state;
    assert_true(ref_kv_pages_append(&p, 0, 6, slots));
    assert_true(ref_kv_pages_fork(&p, 0, 1));
    assert_true(ref_kv_pages_append(&p, 2, 13, slots)); /* four blocks: none is left */
    assert_int_equal(p.free, 0);
    assert_false(ref_kv_pages_append(&p, 1, 1, slots)); /* would have to copy */
    assert_int_equal(p.tokens[1], 6);
    assert_int_equal(p.references[1], 2);
    assert_true(ref_kv_pages_append(&p, 2, 3, slots));
    assert_false(ref_kv_pages_append(&p, 2, 1, slots));
}

static void the_last_release_frees(void **state)
{
    struct ref_kv_pages p = pages();
    (void)state;
    assert_true(ref_kv_pages_append(&p, 0, 6, slots));
    assert_true(ref_kv_pages_fork(&p, 0, 1));
    assert_false(ref_kv_pages_fork(&p, 0, 1)); /* not empty */
    assert_false(ref_kv_pages_fork(&p, 0, 0));
    ref_kv_pages_release(&p, 0);
    assert_int_equal(p.free, 4);
    ref_kv_pages_release(&p, 0);
    assert_int_equal(p.free, 4);
    ref_kv_pages_release(&p, 1);
    assert_int_equal(p.free, BLOCKS);
    assert_int_equal(ref_kv_pages_count(&p, 1), 0);
}

static void a_size_that_overflows_is_zero(void **state)
{
    (void)state;
    assert_int_equal(ref_kv_pages_size(UINT32_MAX, UINT32_MAX), 0);
    assert_int_equal(ref_kv_pages_size(BLOCKS, SEQS), BLOCKS + SEQS + BLOCKS * SEQS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(blocks_fill_one_after_the_other),
        cmocka_unit_test(a_shared_block_is_copied_by_who_writes),
        cmocka_unit_test(a_full_shared_block_is_never_copied),
        cmocka_unit_test(too_little_room_changes_nothing),
        cmocka_unit_test(the_last_release_frees),
        cmocka_unit_test(a_size_that_overflows_is_zero),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

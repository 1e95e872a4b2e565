#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "reference/attention/kv_cells.h"
#include "reference/tensor/rope.h"

enum { CELLS = 16 };

static struct ref_kv_cell memory[512];

static void place(struct ref_kv_cells *kv, int32_t pos, uint64_t seqs, uint32_t *ret)
{
    const struct ref_kv_token t = {pos, seqs};
    assert_true(ref_kv_place(kv, &t, 1, ret));
}

/* Cells as letters: which sequence has them, '.' for empty, '+' for several. */
static const char *picture(const struct ref_kv_cells *kv)
{
    static char text[CELLS + 1];
    for (uint32_t i = 0; i < CELLS; i++) {
        const uint64_t seqs = kv->cells[i].seqs;
        text[i] = seqs == 0                  ? '.'
                  : (seqs & (seqs - 1)) != 0 ? '+'
                                             : (char)('a' + __builtin_ctzll(seqs));
    }
    return text;
}

/* Sequence a at 0-3, b at 4-7, both at 8-9. */
static struct ref_kv_cells two_sequences(void)
{
    struct ref_kv_cells kv;
    uint32_t at;
    ref_kv_init(&kv, memory, CELLS);
    for (int32_t i = 0; i < 4; i++)
        place(&kv, i, 1, &at);
    for (int32_t i = 0; i < 4; i++)
        place(&kv, i, 2, &at);
    for (int32_t i = 4; i < 6; i++)
        place(&kv, i, 3, &at);
    assert_string_equal(picture(&kv), "aaaabbbb++......");
    return kv;
}

static void places_need_not_be_neighbours(void **state)
{
    struct ref_kv_cells kv = two_sequences();
    const struct ref_kv_token tokens[9] = {{10, 4}, {11, 4}, {12, 4}, {13, 4}, {14, 4},
                                           {15, 4}, {16, 4}, {17, 4}, {18, 4}};
    uint32_t at[9];
    (void)state;
    ref_kv_remove(&kv, 1, 1, 3);
    assert_string_equal(picture(&kv), "aaaab..b++......");
    assert_int_equal(kv.head, 5);
    assert_false(ref_kv_place(&kv, tokens, 9, at));
    assert_int_equal(kv.used, 8);
    assert_true(ref_kv_place(&kv, tokens, 8, at));
    assert_int_equal(at[1], 6);
    assert_int_equal(at[2], 10);
    assert_int_equal(kv.head, 16);
    assert_int_equal(kv.used, 16);
    assert_false(ref_kv_place(&kv, tokens, 1, at));
}

static void the_search_goes_around_the_end(void **state)
{
    struct ref_kv_cells kv = two_sequences();
    const struct ref_kv_token tokens[3] = {{9, 4}, {10, 4}, {11, 4}};
    uint32_t at[3];
    (void)state;
    ref_kv_remove(&kv, REF_KV_ANY, 0, 2);
    kv.head = 15; /* 6 used, 3 wanted: 15 is too far ahead, so the front is tried */
    assert_true(ref_kv_place(&kv, tokens, 3, at));
    assert_int_equal(at[0], 0);
    kv = two_sequences();
    kv.head = 15; /* 10 used, 3 wanted: 15 is near enough */
    ref_kv_remove(&kv, 0, 0, 1);
    kv.head = 15;
    assert_true(ref_kv_place(&kv, tokens, 3, at));
    assert_int_equal(at[0], 15);
    assert_int_equal(at[1], 0);
    assert_int_equal(at[2], 10);
}

static void a_shared_cell_outlives_one_of_its_sequences(void **state)
{
    struct ref_kv_cells kv = two_sequences();
    (void)state;
    ref_kv_remove(&kv, 0, -1, -1);
    assert_string_equal(picture(&kv), "....bbbbbb......");
    assert_int_equal(kv.head, 0);
    assert_int_equal(kv.used, 6);
    ref_kv_remove(&kv, REF_KV_ANY, 4, 5); /* [4, 5) */
    assert_string_equal(picture(&kv), "....bbbb.b......");
}

static void sharing_copies_no_cell(void **state)
{
    struct ref_kv_cells kv = two_sequences();
    (void)state;
    ref_kv_share(&kv, 0, 2, 2, -1);
    assert_string_equal(picture(&kv), "aa++bbbb++......");
    assert_int_equal(kv.used, 10);
    assert_int_equal(ref_kv_pos_min(&kv, 2), 2);
    assert_int_equal(ref_kv_pos_max(&kv, 2), 5);
    assert_int_equal(ref_kv_pos_max(&kv, 3), -1);
    ref_kv_keep(&kv, 2);
    assert_string_equal(picture(&kv), "..cc....cc......");
    assert_int_equal(kv.head, 0);
}

static void moving_moves_shared_cells_for_all(void **state)
{
    struct ref_kv_cells kv = two_sequences();
    (void)state;
    ref_kv_move(&kv, 0, 2, -1, -3); /* 2 and 3 become -1 and 0, 4 and 5 become 1 and 2 */
    assert_string_equal(picture(&kv), "aa.abbbb++......");
    assert_int_equal(kv.cells[3].pos, 0);
    assert_int_equal(kv.cells[3].shift, -3);
    assert_int_equal(kv.cells[8].pos, 1);
    assert_int_equal(kv.head, 2);
    ref_kv_move(&kv, 0, 0, -1, 10);
    assert_int_equal(kv.cells[3].shift, 7);
    assert_int_equal(kv.head, 0);
    ref_kv_move(&kv, 0, 5, 5, 10);
    assert_int_equal(kv.cells[3].pos, 10);
}

static void a_moved_key_equals_one_computed_there(void **state)
{
    const struct ref_rope rope = {.n_rot = 8, .base = 10000, .freq_scale = 1};
    struct ref_kv_cells kv;
    float stored[2 * 8], fresh[2 * 8], scratch[8];
    uint32_t at;
    (void)state;
    ref_kv_init(&kv, memory, 1);
    place(&kv, 40, 1, &at);
    for (int i = 0; i < 16; i++)
        stored[i] = fresh[i] = sinf((float)i);
    ref_rope_angles(&rope, 40, scratch, scratch + 4);
    ref_rope_apply(&rope, stored, 2, 8, scratch, scratch + 4);
    ref_rope_angles(&rope, 28, scratch, scratch + 4);
    ref_rope_apply(&rope, fresh, 2, 8, scratch, scratch + 4);
    ref_kv_move(&kv, 0, 0, -1, -5);
    ref_kv_move(&kv, 0, 0, -1, -7);
    ref_kv_shift_keys(&kv, &rope, stored, 2, 8, scratch);
    for (int i = 0; i < 16; i++)
        assert_true(fabsf(stored[i] - fresh[i]) < 1e-6f);
    assert_int_equal(kv.cells[0].shift, 0);
}

static void masks_look_at_sequence_and_position(void **state)
{
    struct ref_kv_cells kv = two_sequences();
    const struct ref_kv_token tokens[2] = {{4, 1}, {5, 2}};
    float mask[2 * CELLS];
    (void)state;
    assert_int_equal(ref_kv_extent(&kv), CELLS);
    ref_kv_mask(&kv, tokens, 2, 10, 0, mask);
    const char *const seen[2] = {"xxxx....x.", "....xxxxxx"};
    for (int i = 0; i < 2; i++)
        for (int j = 0; j < 10; j++)
            assert_true(mask[i * 10 + j] == (seen[i][j] == 'x' ? 0 : -INFINITY));
    ref_kv_mask(&kv, tokens, 1, 10, 2, mask); /* a window of 2: positions 3 and 4 */
    for (int j = 0; j < 10; j++)
        assert_true(mask[j] == (j == 3 || j == 8 ? 0 : -INFINITY));
}

static void the_extent_grows_in_steps(void **state)
{
    struct ref_kv_cells kv;
    uint32_t at;
    (void)state;
    ref_kv_init(&kv, memory, 512);
    assert_int_equal(ref_kv_extent(&kv), 256);
    kv.head = 255;
    kv.used = 255; /* as if all before were taken */
    place(&kv, 0, 1, &at);
    assert_int_equal(ref_kv_extent(&kv), 256);
    place(&kv, 1, 1, &at);
    assert_int_equal(at, 256);
    assert_int_equal(ref_kv_extent(&kv), 512);
}

static void defragmenting_keeps_order_and_tells_where_from(void **state)
{
    struct ref_kv_cells kv = two_sequences();
    uint32_t from[CELLS];
    (void)state;
    ref_kv_remove(&kv, 0, 1, 3);
    ref_kv_remove(&kv, 1, 0, 2);
    assert_string_equal(picture(&kv), "a..a..bb++......");
    ref_kv_defragment(&kv, from);
    assert_string_equal(picture(&kv), "aabb++..........");
    assert_int_equal(kv.head, 6);
    const uint32_t expected[6] = {0, 3, 6, 7, 8, 9};
    assert_memory_equal(from, expected, sizeof expected);
    assert_int_equal(kv.cells[1].pos, 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(places_need_not_be_neighbours),
        cmocka_unit_test(the_search_goes_around_the_end),
        cmocka_unit_test(a_shared_cell_outlives_one_of_its_sequences),
        cmocka_unit_test(sharing_copies_no_cell),
        cmocka_unit_test(moving_moves_shared_cells_for_all),
        cmocka_unit_test(a_moved_key_equals_one_computed_there),
        cmocka_unit_test(masks_look_at_sequence_and_position),
        cmocka_unit_test(the_extent_grows_in_steps),
        cmocka_unit_test(defragmenting_keeps_order_and_tells_where_from),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

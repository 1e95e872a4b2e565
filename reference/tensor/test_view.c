#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "reference/quant/quant.h"
#include "reference/tensor/view.h"

static float memory[4096];

static struct ref_view tensor(int64_t n0, int64_t n1, int64_t n2, int64_t n3)
{
    struct ref_view t;
    struct err why;
    const int64_t ne[REF_DIMS] = {n0, n1, n2, n3};
    if (ref_view_of(REF_F32, ne, memory, sizeof memory, &t, &why) != OK)
        fail_msg("%s", why.text);
    return t;
}

static void a_shape_that_cannot_be_is_refused(void **state)
{
    static const struct {
        const char *name;
        uint32_t type;
        int64_t ne[REF_DIMS];
        size_t size;
        enum err_code rc;
    } rows[] = {
        {"it fits", REF_F32, {4, 3, 2, 1}, 96, OK},
        {"one byte is missing", REF_F32, {4, 3, 2, 1}, 95, ERR_TOO_LARGE},
        {"a dimension of zero needs nothing", REF_F32, {4, 0, 2, 1}, 0, OK},
        {"a negative dimension", REF_F32, {4, -1, 2, 1}, 96, ERR_INVALID},
        {"an unknown type", 999, {4, 3, 2, 1}, 96, ERR_UNSUPPORTED},
        {"blocks that are not filled", REF_Q4_0, {33, 1, 1, 1}, 96, ERR_INVALID},
        {"two blocks", REF_Q4_0, {64, 1, 1, 1}, 36, OK},
        {"a product of 2^64", REF_F32, {1LL << 32, 1LL << 32, 1, 1}, 96, ERR_TOO_LARGE},
        {"a size that wraps to zero", REF_F32, {1LL << 31, 1LL << 31, 1, 1}, 96, ERR_TOO_LARGE},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct ref_view t;
        const enum err_code rc =
            ref_view_of(rows[i].type, rows[i].ne, memory, rows[i].size, &t, NULL);
        if (rc != rows[i].rc)
            fail_msg("%s: %s", rows[i].name, err_code_text(rc));
    }
}

static void permute_moves_axis_i_to_its_new_place(void **state)
{
    (void)state;
    const struct ref_view a = tensor(2, 3, 5, 7);
    struct ref_view v;
    assert_int_equal(ref_view_permute(&a, (const int[]){2, 0, 3, 1}, &v, NULL), OK);
    const int64_t ne[] = {3, 7, 2, 5};
    for (int i = 0; i < REF_DIMS; i++)
        assert_int_equal(v.ne[i], ne[i]);
    assert_int_equal(v.nb[2], a.nb[0]);
    assert_int_equal(ref_view_bytes(&v), ref_view_bytes(&a));
    assert_false(ref_view_contiguous(&v));
    assert_int_equal(ref_view_permute(&a, (const int[]){0, 1, 1, 3}, &v, NULL), ERR_INVALID);
    assert_int_equal(ref_view_permute(&a, (const int[]){0, 1, 2, 4}, &v, NULL), ERR_INVALID);
}

static void a_slice_starts_at_its_first_element(void **state)
{
    (void)state;
    const struct ref_view a = tensor(8, 4, 1, 1);
    struct ref_view v;
    assert_int_equal(ref_view_slice(&a, 1, 1, 3, &v, NULL), OK);
    assert_ptr_equal(v.data, memory + 8);
    assert_int_equal(v.ne[1], 2);
    assert_true(ref_view_contiguous(&v));
    assert_int_equal(ref_view_slice(&a, 0, 2, 5, &v, NULL), OK);
    assert_ptr_equal(v.data, memory + 2);
    assert_false(ref_view_contiguous(&v));
    assert_int_equal(ref_view_bytes(&v), (3 * 8 + 3) * sizeof(float));
    assert_int_equal(ref_view_slice(&a, 1, 3, 5, &v, NULL), ERR_RANGE);
    assert_int_equal(ref_view_slice(&a, 1, 3, 2, &v, NULL), ERR_RANGE);
    assert_int_equal(ref_view_slice(&a, 4, 0, 1, &v, NULL), ERR_INVALID);
}

static void a_slice_never_cuts_a_block(void **state)
{
    struct ref_view a, v;
    (void)state;
    const int64_t ne[REF_DIMS] = {96, 2, 1, 1};
    assert_int_equal(ref_view_of(REF_Q4_0, ne, memory, sizeof memory, &a, NULL), OK);
    assert_int_equal(ref_view_slice(&a, 0, 32, 96, &v, NULL), OK);
    assert_ptr_equal(v.data, (char *)memory + 18);
    assert_int_equal(ref_view_slice(&a, 0, 16, 96, &v, NULL), ERR_INVALID);
    assert_int_equal(ref_view_permute(&a, (const int[]){1, 0, 2, 3}, &v, NULL), ERR_INVALID);
}

static void the_stride_of_a_single_element_does_not_matter(void **state)
{
    (void)state;
    struct ref_view t = tensor(4, 1, 3, 1);
    t.nb[1] = 12345;
    t.nb[3] = 1;
    assert_true(ref_view_contiguous(&t));
}

static void reshape_keeps_elements_and_order(void **state)
{
    (void)state;
    const struct ref_view a = tensor(6, 4, 1, 1);
    struct ref_view v, turned;
    assert_int_equal(ref_view_reshape(&a, (const int64_t[]){3, 2, 4, 1}, &v, NULL), OK);
    assert_int_equal(v.nb[2], 24);
    assert_int_equal(ref_view_reshape(&a, (const int64_t[]){5, 2, 2, 1}, &v, NULL), ERR_INVALID);
    assert_int_equal(ref_view_reshape(&a, (const int64_t[]){6, 8, 1, 1}, &v, NULL), ERR_TOO_LARGE);
    assert_int_equal(ref_view_permute(&a, (const int[]){1, 0, 2, 3}, &turned, NULL), OK);
    assert_int_equal(ref_view_reshape(&turned, a.ne, &v, NULL), ERR_INVALID);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_shape_that_cannot_be_is_refused),
        cmocka_unit_test(permute_moves_axis_i_to_its_new_place),
        cmocka_unit_test(a_slice_starts_at_its_first_element),
        cmocka_unit_test(a_slice_never_cuts_a_block),
        cmocka_unit_test(the_stride_of_a_single_element_does_not_matter),
        cmocka_unit_test(reshape_keeps_elements_and_order),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

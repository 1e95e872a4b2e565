#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "reference/quant/quant.h"
#include "reference/tensor/elementwise.h"

static struct ref_view tensor(uint32_t type, void *data, int64_t n0, int64_t n1, int64_t n2)
{
    struct ref_view t;
    struct err why;
    const int64_t ne[REF_DIMS] = {n0, n1, n2, 1};
    if (ref_view_of(type, ne, data, 1 << 20, &t, &why) != OK)
        fail_msg("%s", why.text);
    return t;
}

static void fill(float *x, size_t n)
{
    for (size_t i = 0; i < n; i++)
        x[i] = (float)(i + 1);
}

static void b_repeats_by_modulo(void **state)
{
    float a[24], b[6], y[24];
    (void)state;
    fill(a, 24);
    fill(b, 6);
    const struct ref_view ta = tensor(REF_F32, a, 4, 3, 2), tb = tensor(REF_F32, b, 2, 3, 1);
    const struct ref_view ty = tensor(REF_F32, y, 4, 3, 2);
    assert_int_equal(ref_tensor_binary(REF_ADD, &ty, &ta, &tb, NULL), OK);
    for (int i2 = 0; i2 < 2; i2++)
        for (int i1 = 0; i1 < 3; i1++)
            for (int i0 = 0; i0 < 4; i0++) {
                const int i = (i2 * 3 + i1) * 4 + i0;
                assert_float_equal(y[i], a[i] + b[i1 * 2 + i0 % 2], 0);
            }
}

static void each_operation_is_its_own(void **state)
{
    static const float expected[] = {8, 4, 12, 3};
    (void)state;
    for (int op = REF_ADD; op <= REF_DIV; op++) {
        float a = 6, b = 2, y = 0;
        const struct ref_view ta = tensor(REF_F32, &a, 1, 1, 1), tb = tensor(REF_F32, &b, 1, 1, 1);
        const struct ref_view ty = tensor(REF_F32, &y, 1, 1, 1);
        assert_int_equal(ref_tensor_binary((enum ref_binary)op, &ty, &ta, &tb, NULL), OK);
        assert_float_equal(y, expected[op], 0);
    }
}

static void a_transposed_b_is_read_by_its_strides(void **state)
{
    float a[6], b[6], y[6];
    struct ref_view turned;
    (void)state;
    fill(a, 6);
    fill(b, 6);
    const struct ref_view ta = tensor(REF_F32, a, 2, 3, 1), tb = tensor(REF_F32, b, 3, 2, 1);
    const struct ref_view ty = tensor(REF_F32, y, 2, 3, 1);
    assert_int_equal(ref_view_permute(&tb, (const int[]){1, 0, 2, 3}, &turned, NULL), OK);
    assert_int_equal(ref_tensor_binary(REF_SUB, &ty, &ta, &turned, NULL), OK);
    for (int i1 = 0; i1 < 3; i1++)
        for (int i0 = 0; i0 < 2; i0++)
            assert_float_equal(y[i1 * 2 + i0], a[i1 * 2 + i0] - b[i0 * 3 + i1], 0);
}

static void what_does_not_repeat_is_refused_and_nothing_written(void **state)
{
    float a[24] = {0}, b[24] = {0}, y[24];
    (void)state;
    memset(y, 0xAA, sizeof y);
    const struct ref_view ta = tensor(REF_F32, a, 4, 3, 2), tb = tensor(REF_F32, b, 3, 1, 1);
    const struct ref_view ty = tensor(REF_F32, y, 4, 3, 2), small = tensor(REF_F32, y, 4, 3, 1);
    const struct ref_view empty = tensor(REF_F32, b, 0, 1, 1);
    assert_int_equal(ref_tensor_binary(REF_ADD, &ty, &ta, &tb, NULL), ERR_INVALID);
    assert_int_equal(ref_tensor_binary(REF_ADD, &ty, &ta, &empty, NULL), ERR_INVALID);
    assert_int_equal(ref_tensor_binary(REF_ADD, &small, &ta, &ta, NULL), ERR_INVALID);
    const struct ref_view half = tensor(REF_F16, b, 4, 3, 2);
    assert_int_equal(ref_tensor_binary(REF_ADD, &ty, &ta, &half, NULL), ERR_UNSUPPORTED);
    for (size_t i = 0; i < sizeof y; i++)
        assert_int_equal(((unsigned char *)y)[i], 0xAA);
}

static void an_empty_tensor_is_legal(void **state)
{
    float x = 7;
    (void)state;
    const struct ref_view none = tensor(REF_F32, &x, 0, 3, 2);
    assert_int_equal(ref_tensor_binary(REF_ADD, &none, &none, &none, NULL), OK);
    assert_float_equal(x, 7, 0);
}

static void copies_round_to_the_nearest_half(void **state)
{
    const float x[] = {1, -0.0f, 65504, 1.0f + 0x1p-11f, 1.0f + 0x1.8p-10f};
    const uint16_t expected[] = {0x3c00, 0x8000, 0x7bff, 0x3c00, 0x3c02};
    uint16_t y[5];
    float back[5];
    (void)state;
    const struct ref_view tx = tensor(REF_F32, (void *)x, 5, 1, 1);
    const struct ref_view ty = tensor(REF_F16, y, 5, 1, 1), tb = tensor(REF_F32, back, 5, 1, 1);
    assert_int_equal(ref_tensor_copy(&ty, &tx, NULL), OK);
    for (int i = 0; i < 5; i++)
        assert_int_equal(y[i], expected[i]);
    assert_int_equal(ref_tensor_copy(&tb, &ty, NULL), OK);
    assert_float_equal(back[4], 1.0f + 0x1p-9f, 0);
}

static void a_copy_between_equal_types_keeps_every_bit(void **state)
{
    const uint32_t nan = 0x7fa00001;
    uint32_t back = 0;
    (void)state;
    const struct ref_view from = tensor(REF_F32, (void *)&nan, 1, 1, 1);
    const struct ref_view to = tensor(REF_F32, &back, 1, 1, 1);
    assert_int_equal(ref_tensor_copy(&to, &from, NULL), OK);
    assert_int_equal(back, nan);
}

static void scale_multiplies_and_then_adds(void **state)
{
    float x[3] = {1, 2, 3};
    (void)state;
    const struct ref_view t = tensor(REF_F32, x, 3, 1, 1);
    assert_int_equal(ref_tensor_scale(&t, &t, 2, 0.5f, NULL), OK);
    assert_float_equal(x[2], 6.5f, 0);
}

static void rows_are_looked_up_by_id(void **state)
{
    float table[12], y[8] = {0};
    (void)state;
    fill(table, 12);
    const struct ref_view src = tensor(REF_F32, table, 4, 3, 1), dst = tensor(REF_F32, y, 4, 2, 1);
    assert_int_equal(ref_tensor_get_rows(&dst, &src, (const int32_t[]){2, 0}, 2, NULL), OK);
    assert_float_equal(y[0], 9, 0);
    assert_float_equal(y[4], 1, 0);
    assert_int_equal(ref_tensor_get_rows(&dst, &src, (const int32_t[]){0, 3}, 2, NULL), ERR_RANGE);
    assert_int_equal(ref_tensor_get_rows(&dst, &src, (const int32_t[]){-1, 0}, 2, NULL), ERR_RANGE);
    assert_int_equal(ref_tensor_get_rows(&dst, &src, (const int32_t[]){0}, 1, NULL), ERR_INVALID);
    assert_float_equal(y[0], 9, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(b_repeats_by_modulo),
        cmocka_unit_test(each_operation_is_its_own),
        cmocka_unit_test(a_transposed_b_is_read_by_its_strides),
        cmocka_unit_test(what_does_not_repeat_is_refused_and_nothing_written),
        cmocka_unit_test(an_empty_tensor_is_legal),
        cmocka_unit_test(copies_round_to_the_nearest_half),
        cmocka_unit_test(a_copy_between_equal_types_keeps_every_bit),
        cmocka_unit_test(scale_multiplies_and_then_adds),
        cmocka_unit_test(rows_are_looked_up_by_id),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

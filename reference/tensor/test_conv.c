#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "reference/tensor/conv.h"

/* The definition, loop by loop. */
static float direct(const struct ref_conv *c, const float *x, const float *w, int f, int oy, int ox)
{
    float sum = 0;
    for (int ch = 0; ch < c->channels; ch++)
        for (int i = 0; i < c->height.kernel; i++)
            for (int j = 0; j < c->width.kernel; j++) {
                const int y = oy * c->height.stride - c->height.pad + i * c->height.dilation;
                const int z = ox * c->width.stride - c->width.pad + j * c->width.dilation;
                if (y < 0 || y >= c->height.in || z < 0 || z >= c->width.in)
                    continue;
                const int at =
                    ((f * c->channels + ch) * c->height.kernel + i) * c->width.kernel + j;
                sum += w[at] * x[(ch * c->height.in + y) * c->width.in + z];
            }
    return sum;
}

static void convolutions_equal_their_definition(void **state)
{
    static const struct ref_conv rows[] = {
        {1, {1, 1, 1, 0, 1}, {9, 3, 1, 1, 1}}, /* a signal, as Whisper's first layer */
        {2, {1, 1, 1, 0, 1}, {9, 3, 2, 1, 1}}, /* its second, of stride 2 */
        {3, {6, 2, 2, 0, 1}, {8, 2, 2, 0, 1}}, /* patches */
        {2, {7, 3, 1, 2, 2}, {5, 2, 3, 0, 2}}, /* dilated */
        {1, {1, 1, 1, 0, 1}, {1, 1, 1, 0, 1}},
    };
    float x[256], w[256], scratch[4096], y[1024];
    (void)state;
    for (int i = 0; i < 256; i++) {
        x[i] = (float)(i * 5 % 11 - 5);
        w[i] = (float)(i * 3 % 7 - 3);
    }
    for (size_t k = 0; k < sizeof rows / sizeof rows[0]; k++) {
        size_t fields, columns;
        struct err why;
        if (ref_conv_shape(&rows[k], &fields, &columns, &why) != OK)
            fail_msg("row %zu: %s", k, why.text);
        const float bias[2] = {10, -10};
        ref_conv(&rows[k], x, w, bias, 2, scratch, y);
        const int out_w = (rows[k].width.in + 2 * rows[k].width.pad -
                           rows[k].width.dilation * (rows[k].width.kernel - 1) - 1) /
                              rows[k].width.stride +
                          1;
        for (int f = 0; f < 2; f++)
            for (size_t r = 0; r < fields; r++)
                assert_float_equal(
                    y[(size_t)f * fields + r],
                    bias[f] + direct(&rows[k], x, w, f, (int)r / out_w, (int)r % out_w), 0);
    }
}

static void a_field_is_a_row_of_all_channels(void **state)
{
    const struct ref_conv c = {2, {1, 1, 1, 0, 1}, {3, 2, 1, 1, 1}};
    const float x[6] = {1, 2, 3, 4, 5, 6};
    const float expected[4][4] = {{0, 1, 0, 4}, {1, 2, 4, 5}, {2, 3, 5, 6}, {3, 0, 6, 0}};
    float fields[4][4];
    size_t rows, columns;
    (void)state;
    assert_int_equal(ref_conv_shape(&c, &rows, &columns, NULL), OK);
    assert_int_equal(rows, 4);
    assert_int_equal(columns, 4);
    ref_im2col(&c, x, fields[0]);
    assert_memory_equal(fields, expected, sizeof fields);
}

static void shapes_that_cannot_be_are_refused(void **state)
{
    static const struct {
        struct ref_conv c;
        enum err_code rc;
    } rows[] = {
        {{1, {1, 1, 1, 0, 1}, {2, 3, 1, 0, 1}}, ERR_INVALID},
        {{1, {1, 1, 1, 0, 1}, {2, 0, 1, 0, 1}}, ERR_INVALID},
        {{1, {1, 1, 0, 0, 1}, {2, 1, 1, 0, 1}}, ERR_INVALID},
        {{1, {1, 1, 1, -1, 1}, {2, 1, 1, 0, 1}}, ERR_INVALID},
        {{0, {1, 1, 1, 0, 1}, {2, 1, 1, 0, 1}}, ERR_INVALID},
        {{1, {INT32_MAX, INT32_MAX, 1, INT32_MAX, 1}, {INT32_MAX, INT32_MAX, 1, INT32_MAX, 1}},
         ERR_TOO_LARGE},
        {{1, {2, INT32_MAX, 1, 0, INT32_MAX}, {2, 1, 1, 0, 1}}, ERR_INVALID},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        size_t a, b;
        const enum err_code rc = ref_conv_shape(&rows[i].c, &a, &b, NULL);
        if (rc != rows[i].rc)
            fail_msg("row %zu: %s", i, err_code_text(rc));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(convolutions_equal_their_definition),
        cmocka_unit_test(a_field_is_a_row_of_all_channels),
        cmocka_unit_test(shapes_that_cannot_be_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

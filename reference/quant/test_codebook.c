#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "reference/quant/codebook.h"

static void the_table_of_iq4_is_restored_in_order(void **state)
{
    (void)state;
    struct ref_iq4_nl block = {.d = 0x3c00};
    float x[32];
    for (int j = 0; j < 16; j++)
        block.qs[j] = (uint8_t)(j | (15 - j) << 4);
    assert_int_equal(ref_iq4_nl_dequantize(&block, 32, x, NULL), OK);
    for (int j = 0; j < 16; j++)
        if (x[j] != (float)ref_iq4_values[j] || x[j + 16] != (float)ref_iq4_values[15 - j])
            fail_msg("index %d gives %g and %g", j, (double)x[j], (double)x[j + 16]);
    assert_true(x[0] == -127.0f && x[8] == 1.0f && x[15] == 113.0f);
}

/* The largest weight, -127, maps to -127 and d is near 1: the codes show where values part. */
static void half_way_between_two_values_of_iq4_the_larger_is_taken(void **state)
{
    static const struct {
        float x;
        int index;
    } table[] = {{-4.5f, 8},   {-4.500001f, 7}, {7.0f, 9},       {6.9999995f, 8},
                 {-115.5f, 1}, {0.0f, 8},       {101.0f, 15},    {100.99999f, 14},
                 {126.0f, 15}, {-16.0f, 7},     {-16.000002f, 6}};
    (void)state;
    for (size_t t = 0; t < sizeof table / sizeof table[0]; t++) {
        const float x[32] = {-127.0f, table[t].x};
        struct ref_iq4_nl block;
        assert_int_equal(ref_iq4_nl_quantize(x, 32, &block, NULL), OK);
        if ((block.qs[1] & 15) != table[t].index)
            fail_msg("%.9g became index %d", (double)table[t].x, block.qs[1] & 15);
    }
}

static void a_zero_block_of_iq4_has_no_scale(void **state)
{
    (void)state;
    const float x[256] = {0};
    struct ref_iq4_nl nl;
    const uint8_t zeros[16] = {0};
    assert_int_equal(ref_iq4_nl_quantize(x, 32, &nl, NULL), OK);
    assert_int_equal(nl.d, 0);
    assert_memory_equal(nl.qs, zeros, sizeof nl.qs);
    struct ref_iq4_xs xs;
    assert_int_equal(ref_iq4_xs_quantize(x, 256, &xs, NULL), OK);
    assert_int_equal(xs.d, 0x8000);        /* -0 / 32 */
    assert_int_equal(xs.scales_h, 0xaaaa); /* 0 + 32 */
    assert_int_equal(xs.qs[0], 0x88);      /* nearest to 0 is the value 1 */
}

static void iq4_xs_scales_lie_where_the_picture_says(void **state)
{
    (void)state;
    struct ref_iq4_xs block = {.d = 0x3c00, .scales_h = 2u << 10, .scales_l = {0, 0, 0x70, 0}};
    float x[256];
    block.qs[16 * 5 + 3] = 0xf0; /* weights 163 and 179, of group 5: scale 0x27 - 32 */
    assert_int_equal(ref_iq4_xs_dequantize(&block, 256, x, NULL), OK);
    assert_true(x[160 + 3] == 7.0f * -127.0f && x[160 + 16 + 3] == 7.0f * 113.0f);
    assert_true(x[0] == -32.0f * -127.0f);
}

static void mxfp4_restores_the_values_of_the_specification(void **state)
{
    static const float e2m1[8] = {0.0f, 0.5f, 1.0f, 1.5f, 2.0f, 3.0f, 4.0f, 6.0f};
    (void)state;
    struct ref_mxfp4 block = {.e = 127 + 3};
    float x[32];
    for (int j = 0; j < 16; j++)
        block.qs[j] = (uint8_t)j;
    assert_int_equal(ref_mxfp4_dequantize(&block, 32, x, NULL), OK);
    for (int j = 0; j < 8; j++)
        if (x[j] != 8.0f * e2m1[j] || x[j + 8] != -8.0f * e2m1[j])
            fail_msg("index %d gives %g and %g", j, (double)x[j], (double)x[j + 8]);
}

static void every_exponent_of_mxfp4_is_a_power_of_two(void **state)
{
    (void)state;
    for (int e = 0; e < 256; e++)
        if (ref_mxfp4_scale((uint8_t)e) != (float)exp2(e - 128))
            fail_msg("e = %d gives %g", e, (double)ref_mxfp4_scale((uint8_t)e));
    assert_true(ref_mxfp4_scale(0) == 0x1p-128f && ref_mxfp4_scale(255) == 0x1p127f);
}

static void mxfp4_takes_the_first_of_two_that_are_equally_near(void **state)
{
    static const struct {
        float x;
        int index;
    } table[] = {{2.5f, 4}, {5.0f, 6},  {-5.0f, 14}, {0.25f, 0},  {-0.25f, 0},
                 {0.0f, 0}, {-0.0f, 0}, {7.9f, 7},   {-7.9f, 15}, {3.4f, 5}};
    (void)state;
    for (size_t t = 0; t < sizeof table / sizeof table[0]; t++) {
        const float x[32] = {6.0f, table[t].x};
        struct ref_mxfp4 block;
        assert_int_equal(ref_mxfp4_quantize(x, 32, &block, NULL), OK);
        if (block.e != 127 || block.qs[0] != 7 || block.qs[1] != table[t].index)
            fail_msg("%g became index %d, e = %d", (double)table[t].x, block.qs[1], block.e);
    }
}

static void the_exponent_of_mxfp4_stays_within_its_byte(void **state)
{
    static const struct {
        float x;
        int e;
    } table[] = {{0.0f, 0},      {0x1p-149f, 0}, {0x1p-126f, 0},
                 {0x1p-124f, 1}, {1.0f, 125},    {511.99997f, 134}, /* log2f rounds it up to 9 */
                 {511.99f, 133}, {0x1p100f, 225}};
    (void)state;
    for (size_t t = 0; t < sizeof table / sizeof table[0]; t++) {
        const float x[32] = {table[t].x};
        struct ref_mxfp4 block;
        assert_int_equal(ref_mxfp4_quantize(x, 32, &block, NULL), OK);
        if (block.e != table[t].e)
            fail_msg("%a: e = %d, expected %d", (double)table[t].x, block.e, table[t].e);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_table_of_iq4_is_restored_in_order),
        cmocka_unit_test(half_way_between_two_values_of_iq4_the_larger_is_taken),
        cmocka_unit_test(a_zero_block_of_iq4_has_no_scale),
        cmocka_unit_test(iq4_xs_scales_lie_where_the_picture_says),
        cmocka_unit_test(mxfp4_restores_the_values_of_the_specification),
        cmocka_unit_test(every_exponent_of_mxfp4_is_a_power_of_two),
        cmocka_unit_test(mxfp4_takes_the_first_of_two_that_are_equally_near),
        cmocka_unit_test(the_exponent_of_mxfp4_stays_within_its_byte),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

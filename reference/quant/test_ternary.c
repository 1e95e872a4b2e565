#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "reference/quant/ternary.h"

enum { W = REF_TERNARY_WEIGHTS };

/* Every number of five digits as a byte, and its digits by division, which the format avoids. */
static void a_byte_gives_back_the_five_digits_it_was_made_of(void **state)
{
    (void)state;
    for (int v = 0; v < 243; v++) {
        struct ref_tq1_0 block = {.d = 0x3c00};
        float x[W];
        block.qs[7] = (uint8_t)((v * 256 + 242) / 243);
        assert_int_equal(ref_tq1_0_dequantize(&block, W, x, NULL), OK);
        int power = 81;
        for (int n = 0; n < 5; n++, power /= 3)
            if (x[7 + 32 * n] != (float)(v / power % 3 - 1))
                fail_msg("digit %d of %d is %g", n, v, (double)x[7 + 32 * n] + 1.0);
    }
}

static void tq1_0_spreads_weights_over_three_regions(void **state)
{
    (void)state;
    float x[W] = {0};
    struct ref_tq1_0 block;
    x[3 + 32 * 1] = 2.0f;        /* 121 + 27 of 243 in qs[3] */
    x[160 + 9 + 16 * 4] = -2.0f; /* 121 - 1 in qs[41] */
    x[240 + 2 + 4 * 3] = 2.0f;   /* 121 - 1 + 3 in qh[2]: the fifth digit is 0 */
    assert_int_equal(ref_tq1_0_quantize(x, W, &block, NULL), OK);
    assert_int_equal(block.d, 0x4000);
    assert_int_equal(block.qs[3], (148 * 256 + 242) / 243);
    assert_int_equal(block.qs[41], (120 * 256 + 242) / 243);
    assert_int_equal(block.qh[2], (123 * 256 + 242) / 243);
    assert_int_equal(block.qs[0], (121 * 256 + 242) / 243);
}

static void tq2_0_holds_four_quarters_in_a_byte(void **state)
{
    (void)state;
    float x[W] = {0}, back[W];
    struct ref_tq2_0 block;
    x[128 + 5] = -1.0f;
    x[128 + 96 + 5] = 1.0f;
    assert_int_equal(ref_tq2_0_quantize(x, W, &block, NULL), OK);
    assert_int_equal(block.qs[32 + 5], 0 | 1 << 2 | 1 << 4 | 2 << 6);
    block.qs[0] = 3; /* written by nobody, and read all the same */
    assert_int_equal(ref_tq2_0_dequantize(&block, W, back, NULL), OK);
    assert_true(back[0] == 2.0f && back[128 + 5] == -1.0f && back[128 + 96 + 5] == 1.0f);
}

static void weights_at_half_the_scale_go_away_from_zero(void **state)
{
    (void)state;
    float x[W] = {4.0f, 2.0f, -2.0f, 1.9999999f, -1.9999999f}, back[W];
    const float want[5] = {4.0f, 4.0f, -4.0f, 0.0f, 0.0f};
    struct ref_tq2_0 two;
    struct ref_tq1_0 one;
    assert_int_equal(ref_tq2_0_quantize(x, W, &two, NULL), OK);
    assert_int_equal(ref_tq2_0_dequantize(&two, W, back, NULL), OK);
    for (int i = 0; i < 5; i++)
        assert_true(back[i] == want[i]);
    assert_int_equal(ref_tq1_0_quantize(x, W, &one, NULL), OK);
    assert_int_equal(ref_tq1_0_dequantize(&one, W, back, NULL), OK);
    for (int i = 0; i < 5; i++)
        assert_true(back[i] == want[i]);
}

static void a_block_too_small_for_1_over_d_is_zeros(void **state)
{
    (void)state;
    const float x[W] = {0x1p-140f, -0x1p-149f};
    float back[W];
    struct ref_tq1_0 block;
    assert_int_equal(ref_tq1_0_quantize(x, W, &block, NULL), OK);
    assert_int_equal(block.d, 0);
    assert_int_equal(ref_tq1_0_dequantize(&block, W, back, NULL), OK);
    for (int i = 0; i < W; i++)
        assert_true(back[i] == 0.0f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_byte_gives_back_the_five_digits_it_was_made_of),
        cmocka_unit_test(tq1_0_spreads_weights_over_three_regions),
        cmocka_unit_test(tq2_0_holds_four_quarters_in_a_byte),
        cmocka_unit_test(weights_at_half_the_scale_go_away_from_zero),
        cmocka_unit_test(a_block_too_small_for_1_over_d_is_zeros),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "reference/quant/legacy.h"
#include "reference/quant/quant.h"

enum { W = REF_LEGACY_WEIGHTS };

static const uint32_t all[] = {REF_Q4_0, REF_Q4_1, REF_Q5_0, REF_Q5_1, REF_Q8_0, REF_Q8_1};
enum { N_ALL = sizeof all / sizeof all[0] };

static void quantize(uint32_t id, const float x[W], uint8_t ret_bytes[W + 4])
{
    uint16_t row[W]; /* at an even address */
    size_t bytes = 0;
    assert_int_equal(ref_quant_row_bytes(id, W, &bytes, NULL), OK);
    assert_int_equal(ref_quant_quantize(id, x, W, row, NULL), OK);
    memcpy(ret_bytes, row, bytes);
}

/* Compares with bytes in hex; the last one is repeated to the block's end. */
static void assert_block(const char *what, uint32_t id, const float x[W], const char *hex)
{
    uint8_t bytes[W + 4];
    size_t size = 0;
    quantize(id, x, bytes);
    assert_int_equal(ref_quant_row_bytes(id, W, &size, NULL), OK);
    unsigned want = 0;
    for (size_t i = 0; i < size; i++) {
        int used = 0;
        if (sscanf(hex, "%2x%n", &want, &used) == 1)
            hex += used + (hex[used] == ' ');
        if (bytes[i] != want)
            fail_msg("%s, %s: byte %zu is %02x, expected %02x", what, ref_quant_find(id)->name, i,
                     bytes[i], want);
    }
}

static void a_zero_block_has_its_bytes(void **state)
{
    (void)state;
    const float x[W] = {0};
    assert_block("zeros", REF_Q4_0, x, "00 80 88"); /* d = 0 / -8 is -0 */
    assert_block("zeros", REF_Q4_1, x, "00");
    assert_block("zeros", REF_Q5_0, x, "00 80 ff ff ff ff 00");
    assert_block("zeros", REF_Q5_1, x, "00");
    assert_block("zeros", REF_Q8_0, x, "00");
    assert_block("zeros", REF_Q8_1, x, "00");
}

static void the_first_of_two_extremes_decides_the_sign(void **state)
{
    (void)state;
    const float plus[W] = {1.0f, -1.0f}, minus[W] = {-1.0f, 1.0f};
    assert_block("+1 -1", REF_Q4_0, plus, "00 b0 80 8f 88");
    assert_block("-1 +1", REF_Q4_0, minus, "00 30 80 8f 88");
    assert_block("+1 -1", REF_Q5_0, plus, "00 ac fe ff ff ff 00 0f 00");
    assert_block("-1 +1", REF_Q5_0, minus, "00 2c fe ff ff ff 00 0f 00");
}

/* The blocks that lesson 3.2 and its lab's handout work through by hand. */
static void the_worked_blocks_of_the_course_hold(void **state)
{
    (void)state;
    float x[W];
    for (int i = 0; i < W; i++)
        x[i] = (float)((i * 37) % 101 - 50) / 16.0f;
    assert_block("worked", REF_Q4_0, x, "40 36 e0 46 ac f2 58 bd 13 79 df 35 8b e0 46 ac f2 68");
    assert_block("worked", REF_Q4_1, x,
                 "ab 36 40 c2 d0 36 9b f2 57 bd 13 69 ce 25 8a e0 46 9c f2 58");
    assert_block("worked", REF_Q5_0, x,
                 "40 32 a4 a5 2d 6d c0 7c 38 f3 bf 6b 26 e2 ae 5a 15 d1 8d 49 f4 c0");
    assert_block("worked", REF_Q5_1, x,
                 "74 32 40 c2 a4 a5 2d 6d b0 7b 37 e3 af 6a 26 d2 9d 59 05 c1 8c 48 f4 b0");
    assert_block(
        "worked", REF_Q8_0, x,
        "4d 26 81 df 3d 9a f8 56 b4 12 70 cd 2b 89 e7 45 a2 00 5e bb 19 77 d5 33 90 ee 4c aa "
        "08 66 c3 21 7f dc");
}

static void a_constant_block_is_its_minimum(void **state)
{
    (void)state;
    float x[W];
    for (int i = 0; i < W; i++)
        x[i] = 1.5f;
    assert_block("1.5", REF_Q4_1, x, "00 00 00 3e 00");
    assert_block("1.5", REF_Q5_1, x, "00 00 00 3e 00");
    assert_block("1.5", REF_Q4_0, x, "00 b2 00");
    assert_block("1.5", REF_Q8_0, x, "0c 22 7f"); /* 1.5 / 127 */
}

static void a_scale_that_underflows_leaves_codes_behind(void **state)
{
    (void)state;
    float x[W];
    for (int i = 0; i < W; i++)
        x[i] = (float)(i - 15) * 1e-8f;
    for (int t = 0; t < N_ALL; t++) {
        uint8_t bytes[W + 4];
        quantize(all[t], x, bytes);
        const uint16_t d = (uint16_t)(bytes[0] | bytes[1] << 8);
        int other = 0;
        for (int i = 5; i < 18; i++)
            other += bytes[i] != bytes[4];
        if ((d & 0x7fff) != 0 || other == 0)
            fail_msg("%s: d is 0x%04x, %d codes differ", ref_quant_find(all[t])->name, d, other);
    }
}

static void a_scale_that_overflows_is_infinite(void **state)
{
    (void)state;
    float x[W];
    for (int i = 0; i < W; i++)
        x[i] = (float)i * 65536.0f * 128.0f;
    for (int t = 0; t < N_ALL; t++) {
        uint8_t bytes[W + 4];
        quantize(all[t], x, bytes);
        if ((bytes[0] | (bytes[1] & 0x7f) << 8) != 0x7c00)
            fail_msg("%s: d is %02x%02x", ref_quant_find(all[t])->name, bytes[1], bytes[0]);
    }
}

static void q8_0_rounds_ties_away_from_zero(void **state)
{
    static const struct {
        const char *what;
        float x[2];
        int q0;
    } table[] = {
        {"a tie goes away from zero", {0.5f, 127.0f}, 1},
        {"so does a negative one", {-2.5f, 127.0f}, -3},
        {"and one that to-even would take down", {4.5f, -127.0f}, 5},
        {"below a tie", {0.49999997f, 127.0f}, 0},
        {"the largest", {-127.0f, 1.0f}, -127},
    };
    (void)state;
    for (size_t t = 0; t < sizeof table / sizeof table[0]; t++) {
        const float x[W] = {table[t].x[0], table[t].x[1]};
        struct ref_q8_0 y;
        assert_int_equal(ref_q8_0_quantize(x, W, &y, NULL), OK);
        if (y.d != 0x3c00 || y.q[0] != table[t].q0)
            fail_msg("%s: d=0x%04x q[0]=%d", table[t].what, y.d, y.q[0]);
    }
}

static void q8_1_stores_the_sum_of_its_codes_in_units_of_the_unrounded_d(void **state)
{
    (void)state;
    const float x[W] = {127.0f, 1.0f, -3.0f};
    struct ref_q8_1 y;
    assert_int_equal(ref_q8_1_quantize(x, W, &y, NULL), OK);
    assert_int_equal(y.d, 0x3c00);
    assert_int_equal(y.s, 0x57d0); /* 125 */
    const float tenth[W] = {12.7f, 0.1f};
    assert_int_equal(ref_q8_1_quantize(tenth, W, &y, NULL), OK);
    assert_int_equal(y.s, 0x4a66); /* 12.8; with d as a half, 0.09998, it were 12.797: 4a66 too */
}

static void the_four_bit_codes_round_halves_up_and_end_at_fifteen(void **state)
{
    (void)state;
    /* d = -1 from -x/8: 8 -> code 0; -8 would be code 16 and is 15; 0.5 -> 8.0 -> 8; -0.5 -> 9. */
    const float x[W] = {8.0f, -8.0f, 0.5f, -0.5f};
    assert_block("codes", REF_Q4_0, x, "00 bc 80 8f 88 89 88");
}

static void codes_come_from_the_unrounded_scale(void **state)
{
    (void)state;
    /* d = 1.0001 is 1.0 as a half; 1.5 / 1.0001 + 8.5 ends below 10, with the half it is 10. */
    const float d = 1.0001f;
    const float x[W] = {-8.0f * d, 1.5f};
    struct ref_q4_0 y;
    assert_int_equal(ref_q4_0_quantize(x, W, &y, NULL), OK);
    assert_int_equal(y.d, 0x3c00);
    assert_int_equal(y.qs[1] & 15, 9);
}

static void weight_j_and_j_plus_16_share_a_byte(void **state)
{
    (void)state;
    struct ref_q5_1 block = {.d = 0x3c00, .m = 0}; /* d = 1: the weights are the codes */
    float x[W];
    block.qs[3] = 0x52;
    block.qh[0] = 1 << 3;       /* bit 3: weight 3 */
    block.qh[2] = 1 << (4 + 3); /* bit 23: weight 23 */
    assert_int_equal(ref_q5_1_dequantize(&block, W, x, NULL), OK);
    assert_true(x[3] == 18.0f && x[19] == 5.0f && x[23] == 16.0f && x[4] == 0.0f);
}

static void signs_of_zero_come_back_as_arithmetic_says(void **state)
{
    (void)state;
    const struct ref_q4_0 minus = {.d = 0xbc00, .qs = {0x88}};
    float x[W];
    assert_int_equal(ref_q4_0_dequantize(&minus, W, x, NULL), OK);
    assert_true(x[0] == 0.0f && signbit(x[0]) != 0); /* 0 * -1 */
    assert_true(x[1] == 8.0f);
}

static void weights_below_the_reach_of_1_over_d_are_zero_codes(void **state)
{
    (void)state;
    const float x[W] = {0x1p-149f, -0x1p-140f};
    assert_block("subnormal", REF_Q4_0, x, "00 00 88");
    assert_block("subnormal", REF_Q8_0, x, "00");
}

static void weights_above_the_limit_are_refused(void **state)
{
    (void)state;
    float x[2 * W] = {0};
    struct err why;
    struct ref_q4_1 blocks[2];
    x[40] = -0x1p100f;
    assert_int_equal(ref_q4_1_quantize(x, sizeof x / sizeof x[0], blocks, NULL), OK);
    x[40] = -0x1.000002p100f;
    assert_int_equal(ref_q4_1_quantize(x, sizeof x / sizeof x[0], blocks, &why), ERR_RANGE);
    assert_non_null(strstr(why.text, "weight 40"));
    assert_int_equal(ref_q4_1_quantize(x, 31, blocks, &why), ERR_INVALID);
    assert_string_equal(why.text, "31 weights do not fill blocks of 32");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_zero_block_has_its_bytes),
        cmocka_unit_test(the_first_of_two_extremes_decides_the_sign),
        cmocka_unit_test(the_worked_blocks_of_the_course_hold),
        cmocka_unit_test(a_constant_block_is_its_minimum),
        cmocka_unit_test(a_scale_that_underflows_leaves_codes_behind),
        cmocka_unit_test(a_scale_that_overflows_is_infinite),
        cmocka_unit_test(q8_0_rounds_ties_away_from_zero),
        cmocka_unit_test(q8_1_stores_the_sum_of_its_codes_in_units_of_the_unrounded_d),
        cmocka_unit_test(the_four_bit_codes_round_halves_up_and_end_at_fifteen),
        cmocka_unit_test(codes_come_from_the_unrounded_scale),
        cmocka_unit_test(weight_j_and_j_plus_16_share_a_byte),
        cmocka_unit_test(signs_of_zero_come_back_as_arithmetic_says),
        cmocka_unit_test(weights_below_the_reach_of_1_over_d_are_zero_codes),
        cmocka_unit_test(weights_above_the_limit_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "reference/quant/dot.h"
#include "reference/quant/k_quants.h"
#include "reference/quant/legacy.h"
#include "reference/quant/quant.h"

enum { N = 1024 };

/* What ggml's generic dot products (ggml-cpu/quants.c, as in release 0.12.9 of llama.rn, compiled
 * with gcc 12 -O2 -ffp-contract=off) gave for the row of test_quant.c and these activations. */
static void the_golden_products_come_out(void **state)
{
    static const struct {
        uint32_t id;
        float dot;
    } table[] = {
        {REF_Q4_0, 0x1.3d03a2p+3f},  {REF_Q4_1, 0x1.20033ep+3f},   {REF_Q5_0, 0x1.48b426p+3f},
        {REF_Q5_1, 0x1.584244p+3f},  {REF_Q8_0, 0x1.45e57cp+3f},   {REF_Q2_K, -0x1.d80c8cp+1f},
        {REF_Q3_K, 0x1.93d29p+3f},   {REF_Q4_K, 0x1.1d6abcp+3f},   {REF_Q5_K, 0x1.7129p+3f},
        {REF_Q6_K, 0x1.6004a8p+3f},  {REF_IQ4_NL, 0x1.7a40d2p+3f}, {REF_IQ4_XS, 0x1.514f8p+3f},
        {REF_TQ1_0, 0x1.3cc80ep+3f}, {REF_TQ2_0, 0x1.3cc80ep+3f},  {REF_MXFP4, 0x1.37a9d8p+3f},
    };
    float x[N], y[N];
    (void)state;
    for (int i = 0; i < N; i++) {
        x[i] = (float)((i * 37) % 101 - 50) / 16.0f;
        y[i] = (float)((i * 29) % 83 - 41) / 32.0f;
    }
    for (size_t t = 0; t < sizeof table / sizeof table[0]; t++) {
        const struct ref_quant_type *type = ref_quant_find(table[t].id);
        uint32_t row[N], activations[N];
        float dot = 0.0f;
        assert_int_equal(ref_quant_quantize(type->id, x, N, row, NULL), OK);
        assert_int_equal(ref_quant_quantize(type->partner, y, N, activations, NULL), OK);
        assert_int_equal(ref_quant_dot(type->id, row, activations, N, &dot, NULL), OK);
        if (dot != table[t].dot)
            fail_msg("%s: %a, expected %a", type->name, (double)dot, (double)table[t].dot);
    }
}

static void a_block_by_hand(void **state)
{
    (void)state;
    struct ref_q4_1 x = {.d = 0x4000, .m = 0x3800}; /* 2 and 0.5 */
    struct ref_q8_1 y = {.d = 0x3800, .s = 0x4400}; /* 0.5 and 4: not the sum of its codes */
    float dot;
    x.qs[3] = 0x59; /* weights 3 and 19 */
    y.q[3] = -128;
    y.q[19] = 100;
    assert_int_equal(ref_quant_dot(REF_Q4_1, &x, &y, 32, &dot, NULL), OK);
    assert_true(dot == 2.0f * 0.5f * (9.0f * -128.0f + 5.0f * 100.0f) + 0.5f * 4.0f);
}

static void the_minima_of_a_k_quant_meet_the_sums(void **state)
{
    (void)state;
    struct ref_q2_k x = {.d = 0x3c00, .dmin = 0x3c00};
    struct ref_q8_k y = {.d = 0.25f};
    float dot;
    x.scales[5] = 0x73; /* scale 3, minimum 7 */
    x.qs[16] = 2 << 4;  /* weight 80, of group 5 */
    y.q[80] = 10;
    y.sums[5] = 12;
    assert_int_equal(ref_quant_dot(REF_Q2_K, &x, &y, 256, &dot, NULL), OK);
    assert_true(dot == 0.25f * (3.0f * 2.0f * 10.0f - 7.0f * 12.0f));
}

static void floats_are_summed_in_double(void **state)
{
    (void)state;
    const float x[4] = {0x1p30f, 1.0f, -0x1p30f, 1.0f}, one[4] = {1.0f, 1.0f, 1.0f, 1.0f};
    const uint16_t halves[3] = {0x3c00, 0x4000, 0xc200}, bf16[2] = {0x3f80, 0xc040};
    float dot;
    assert_int_equal(ref_quant_dot(REF_F32, x, one, 4, &dot, NULL), OK);
    assert_true(dot == 2.0f);
    assert_int_equal(ref_quant_dot(REF_F16, halves, halves, 3, &dot, NULL), OK);
    assert_true(dot == 1.0f + 4.0f + 9.0f);
    assert_int_equal(ref_quant_dot(REF_BF16, bf16, bf16, 2, &dot, NULL), OK);
    assert_true(dot == 1.0f + 9.0f);
}

static void what_cannot_be_multiplied_is_refused(void **state)
{
    static const struct {
        uint32_t id;
        size_t n;
        enum err_code rc;
    } table[] = {
        {REF_Q8_1, 32, ERR_UNSUPPORTED}, {REF_Q8_K, 256, ERR_UNSUPPORTED},
        {16, 256, ERR_UNSUPPORTED},      {REF_Q4_0, 33, ERR_INVALID},
        {REF_Q4_K, 32, ERR_INVALID},     {REF_Q4_K, 0, OK},
    };
    (void)state;
    const uint32_t zeros[80] = {0};
    for (size_t t = 0; t < sizeof table / sizeof table[0]; t++) {
        float dot = 7.0f;
        assert_int_equal(ref_quant_dot(table[t].id, zeros, zeros, table[t].n, &dot, NULL),
                         table[t].rc);
        assert_true(dot == (table[t].rc == OK ? 0.0f : 7.0f));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_golden_products_come_out),
        cmocka_unit_test(a_block_by_hand),
        cmocka_unit_test(the_minima_of_a_k_quant_meet_the_sums),
        cmocka_unit_test(floats_are_summed_in_double),
        cmocka_unit_test(what_cannot_be_multiplied_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

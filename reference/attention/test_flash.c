#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "reference/attention/flash.h"

enum { MAX_KV = 300, MAX_Q = 37, MAX_HEADS = 8, MAX_D = 64 };

static float q[MAX_Q * MAX_HEADS * MAX_D], k[MAX_KV * MAX_HEADS * MAX_D],
    v[MAX_KV * MAX_HEADS * MAX_D], truth[MAX_Q * MAX_HEADS * MAX_D],
    flash[MAX_Q * MAX_HEADS * MAX_D], mask[MAX_Q * MAX_KV], scratch[1 << 17];
static uint8_t k_rows[sizeof k], v_rows[sizeof v];

static const struct ref_attention gqa = {.heads = 8,
                                         .kv_heads = 2,
                                         .d_k = 32,
                                         .d_v = 64,
                                         .type_k = REF_F32,
                                         .type_v = REF_F32,
                                         .scale = 0.17677669f};

static void fill(float height)
{
    for (size_t i = 0; i < sizeof q / sizeof *q; i++)
        q[i] = height * sinf((float)i * 0.37f);
    for (size_t i = 0; i < sizeof k / sizeof *k; i++) {
        k[i] = height * sinf((float)i * 0.61f + 1);
        v[i] = sinf((float)i * 0.23f + 2);
    }
}

static void mask_causally(size_t n_q, size_t n_kv)
{
    int32_t q_pos[MAX_Q], k_pos[MAX_KV];
    for (size_t i = 0; i < n_q; i++)
        q_pos[i] = (int32_t)(n_kv - n_q + i);
    for (size_t j = 0; j < n_kv; j++)
        k_pos[j] = (int32_t)j;
    ref_attention_mask(REF_SEES_PAST, 0, q_pos, n_q, k_pos, n_kv, mask);
}

static void every_rung_equals_the_truth(const struct ref_attention *a, size_t n_q, size_t n_kv,
                                        const float *seen, const char *what)
{
    assert_int_equal(
        ref_quant_quantize(a->type_k, k, (size_t)(a->kv_heads * a->d_k) * n_kv, k_rows, NULL), OK);
    assert_int_equal(
        ref_quant_quantize(a->type_v, v, (size_t)(a->kv_heads * a->d_v) * n_kv, v_rows, NULL), OK);
    assert_true(ref_flash_scratch(a) <= sizeof scratch / sizeof *scratch);
    ref_attention(a, q, n_q, k_rows, v_rows, n_kv, seen, scratch, truth);
    for (int isa = 0; isa < REF_ISAS; isa++) {
        const struct ref_row_kernels *rows = ref_row_kernels_for((enum ref_isa)isa);
        const struct ref_quant_kernels *quant = ref_quant_kernels_for((enum ref_isa)isa);
        if (rows == NULL || quant == NULL)
            continue;
        memset(scratch, 0xFF, sizeof scratch); /* NaN */
        ref_flash(rows, quant, a, q, n_q, k_rows, v_rows, n_kv, seen, scratch, flash);
        for (size_t i = 0; i < n_q * (size_t)(a->heads * a->d_v); i++)
            if (!(fabs((double)flash[i] - (double)truth[i]) <= 0x1p-18))
                fail_msg("%s, %s, %zu queries, %zu keys, at %zu: %.8g, expected %.8g", what,
                         ref_isa_name((enum ref_isa)isa), n_q, n_kv, i, (double)flash[i],
                         (double)truth[i]);
    }
}

static void every_number_of_queries_and_keys_is_right(void **state)
{
    static const size_t sizes[][2] = {{1, 1},   {1, 63},  {1, 64},   {1, 65},  {2, 3},
                                      {16, 64}, {17, 65}, {37, 300}, {15, 129}};
    (void)state;
    fill(1);
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        every_rung_equals_the_truth(&gqa, sizes[i][0], sizes[i][1], NULL, "all seen");
        mask_causally(sizes[i][0], sizes[i][1]);
        every_rung_equals_the_truth(&gqa, sizes[i][0], sizes[i][1], mask, "causal");
    }
}

static void every_grouping_of_heads_is_right(void **state)
{
    (void)state;
    fill(1);
    mask_causally(19, 140);
    for (int kv_heads = 1; kv_heads <= 8; kv_heads *= 2) {
        struct ref_attention a = gqa;
        a.kv_heads = kv_heads;
        every_rung_equals_the_truth(&a, 19, 140, mask, "groups");
    }
}

static void fewer_bits_and_a_soft_cap_are_right(void **state)
{
    static const uint32_t types[] = {REF_F16, REF_BF16, REF_Q8_0};
    (void)state;
    fill(2);
    mask_causally(18, 150);
    for (size_t i = 0; i < sizeof types / sizeof types[0]; i++) {
        struct ref_attention a = gqa;
        a.type_k = types[i];
        a.type_v = types[(i + 1) % 3];
        a.softcap = 20;
        every_rung_equals_the_truth(&a, 18, 150, mask, "types");
    }
}

static void who_sees_nothing_gets_zeros(void **state)
{
    (void)state;
    fill(1);
    mask_causally(20, 100);
    for (size_t j = 0; j < 100; j++)
        mask[7 * 100 + j] = -INFINITY;
    every_rung_equals_the_truth(&gqa, 20, 100, mask, "blind");
    for (size_t j = 0; j < 8 * 64; j++)
        assert_float_equal(flash[7 * 8 * 64 + j], 0, 0);
}

static void a_hidden_key_may_be_garbage(void **state)
{
    (void)state;
    fill(1);
    mask_causally(1, 100);
    for (size_t j = 40; j < 60; j++)
        mask[j] = -INFINITY;
    every_rung_equals_the_truth(&gqa, 1, 100, mask, "holes");
    for (int i = 50 * 2 * 32; i < 51 * 2 * 32; i++)
        k[i] = NAN;
    const struct ref_row_kernels *rows = ref_row_kernels_for(ref_isa_best());
    ref_flash(rows, ref_quant_kernels_for(ref_isa_best()), &gqa, q, 1, k, v, 100, mask, scratch,
              flash);
    for (size_t i = 0; i < 8 * 64; i++)
        assert_true(fabsf(flash[i] - truth[i]) <= 0x1p-18f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_number_of_queries_and_keys_is_right),
        cmocka_unit_test(every_grouping_of_heads_is_right),
        cmocka_unit_test(fewer_bits_and_a_soft_cap_are_right),
        cmocka_unit_test(who_sees_nothing_gets_zeros),
        cmocka_unit_test(a_hidden_key_may_be_garbage),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

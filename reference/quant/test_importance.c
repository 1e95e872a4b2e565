#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "reference/quant/codebook.h"
#include "reference/quant/importance.h"
#include "reference/quant/quant.h"

enum { N = 1024 };

static uint64_t fnv1a(const void *bytes, size_t size)
{
    uint64_t hash = 0xcbf29ce484222325u;
    for (size_t i = 0; i < size; i++)
        hash = (hash ^ ((const uint8_t *)bytes)[i]) * 0x100000001b3u;
    return hash;
}

static void ramp(float x[N], float importance[N])
{
    for (int i = 0; i < N; i++) {
        x[i] = (float)((i * 37) % 101 - 50) / 16.0f;
        importance[i] = (float)((i * 53) % 97) / 8.0f;
    }
}

/* Hashes of what quantize_q4_0 and so on gave for this row and these weights (ggml as in release
 * 0.12.9 of llama.rn, compiled with gcc 12 -O2 -ffp-contract=off). */
static void the_golden_rows_come_out(void **state)
{
    static const struct {
        uint32_t id;
        uint64_t hash;
    } table[] = {
        {REF_Q4_0, 0x2a88446b8e0e1e6e},   {REF_Q4_1, 0x4c1fe5e89e549cc5},
        {REF_Q5_0, 0x2d05dec27bd6b04e},   {REF_Q5_1, 0x63e76cf6a927b18e},
        {REF_Q8_0, 0x0e6952533022131c},   {REF_Q2_K, 0x65c575650de8adaf},
        {REF_Q3_K, 0x1cb4f95c2c98238f},   {REF_Q4_K, 0x8e94d1a07d771ef8},
        {REF_Q5_K, 0xbcdef14665ef8da0},   {REF_Q6_K, 0x0e85e170d49c6137},
        {REF_IQ4_NL, 0xd6ae1c9442b9e151}, {REF_IQ4_XS, 0x85150399d3e81d05},
        {REF_TQ1_0, 0xbe3277fad3162982},  {REF_MXFP4, 0xdd0dbf9b1707e839},
    };
    float x[N], importance[N];
    (void)state;
    ramp(x, importance);
    for (size_t t = 0; t < sizeof table / sizeof table[0]; t++) {
        uint32_t row[N];
        size_t bytes = 0;
        assert_int_equal(ref_quant_row_bytes(table[t].id, N, &bytes, NULL), OK);
        assert_int_equal(ref_quant_quantize_important(table[t].id, x, N, importance, row, NULL),
                         OK);
        if (fnv1a(row, bytes) != table[t].hash)
            fail_msg("%s: quantised to %016llx", ref_quant_find(table[t].id)->name,
                     (unsigned long long)fnv1a(row, bytes));
    }
}

static double weighted_error(uint32_t id, const float *x, const float *given, const float *counts)
{
    uint32_t row[N];
    float back[N];
    double sum = 0.0;
    assert_int_equal(ref_quant_quantize_important(id, x, N, given, row, NULL), OK);
    assert_int_equal(ref_quant_dequantize(id, row, N, back, NULL), OK);
    for (int i = 0; i < N; i++)
        sum += (double)counts[i] * pow((double)back[i] - (double)x[i], 2.0);
    return sum;
}

static void errors_move_to_where_they_matter_less(void **state)
{
    static const uint32_t ids[] = {REF_Q4_0, REF_Q4_1, REF_Q5_0, REF_Q5_1,   REF_Q2_K,  REF_Q3_K,
                                   REF_Q4_K, REF_Q5_K, REF_Q6_K, REF_IQ4_NL, REF_IQ4_XS};
    float x[N], importance[N];
    (void)state;
    ramp(x, importance);
    for (int i = 0; i < N; i++)
        importance[i] = i % 4 == 0 ? 100.0f : 0.1f;
    for (size_t t = 0; t < sizeof ids / sizeof ids[0]; t++) {
        const double with = weighted_error(ids[t], x, importance, importance);
        const double without = weighted_error(ids[t], x, NULL, importance);
        if (!(with < 0.9 * without))
            fail_msg("%s: %g with importance, %g without", ref_quant_find(ids[t])->name, with,
                     without);
    }
}

static void without_importance_it_is_the_plain_quantiser_but_for_iq4_nl(void **state)
{
    float x[N], importance[N];
    (void)state;
    ramp(x, importance);
    for (uint32_t id = 0; id < 40; id++) {
        uint32_t row[N] = {0}, plain[N] = {0};
        if (!ref_quant_find(id))
            continue;
        assert_int_equal(ref_quant_quantize_important(id, x, N, NULL, row, NULL), OK);
        assert_int_equal(ref_quant_quantize(id, x, N, plain, NULL), OK);
        assert_int_equal(memcmp(row, plain, sizeof row) == 0, id != REF_IQ4_NL);
    }
}

static void a_group_that_matters_to_nobody_is_still_a_block(void **state)
{
    static const uint32_t ids[] = {REF_Q4_0, REF_Q4_1, REF_Q5_0, REF_Q5_1,   REF_Q2_K,  REF_Q3_K,
                                   REF_Q4_K, REF_Q5_K, REF_Q6_K, REF_IQ4_NL, REF_IQ4_XS};
    float x[N], importance[N], back[N];
    (void)state;
    ramp(x, importance);
    memset(importance, 0, sizeof importance);
    for (size_t t = 0; t < sizeof ids / sizeof ids[0]; t++) {
        uint32_t row[N];
        assert_int_equal(ref_quant_quantize_important(ids[t], x, N, importance, row, NULL), OK);
        assert_int_equal(ref_quant_dequantize(ids[t], row, N, back, NULL), OK);
        for (int i = 0; i < N; i++)
            if (!isfinite(back[i]))
                fail_msg("%s: weight %d is %g", ref_quant_find(ids[t])->name, i, (double)back[i]);
    }
}

static void importance_out_of_range_is_refused(void **state)
{
    static const float bad[] = {-1.0f, 0x1.000002p20f, NAN, INFINITY};
    float x[N], importance[N];
    struct err why;
    (void)state;
    ramp(x, importance);
    for (size_t t = 0; t < sizeof bad / sizeof bad[0]; t++) {
        uint32_t row[N] = {0xabcd};
        importance[300] = bad[t];
        assert_int_equal(ref_quant_quantize_important(REF_Q4_K, x, N, importance, row, &why),
                         ERR_RANGE);
        assert_non_null(strstr(why.text, "importance 300"));
        assert_int_equal(ref_quant_quantize_important(REF_IQ4_NL, x, N, importance, row, NULL),
                         ERR_RANGE);
        assert_int_equal(row[0], 0xabcd);
    }
    uint32_t row[N];
    x[5] = 2.0f * REF_IQ4_MAX;
    assert_int_equal(ref_quant_quantize_important(REF_IQ4_NL, x, N, NULL, row, NULL), ERR_RANGE);
    assert_int_equal(ref_quant_quantize_important(REF_Q5_1, x, 33, x, row, NULL), ERR_INVALID);
    assert_int_equal(ref_quant_quantize_important(4, x, 32, x, row, NULL), ERR_UNSUPPORTED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_golden_rows_come_out),
        cmocka_unit_test(errors_move_to_where_they_matter_less),
        cmocka_unit_test(without_importance_it_is_the_plain_quantiser_but_for_iq4_nl),
        cmocka_unit_test(a_group_that_matters_to_nobody_is_still_a_block),
        cmocka_unit_test(importance_out_of_range_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

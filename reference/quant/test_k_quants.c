#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "reference/quant/k_quants.h"
#include "reference/quant/quant.h"
#include "reference/quant/search.h"

enum { W = REF_K_WEIGHTS, BLOCKS = 64, N = BLOCKS * W };

/* Near enough to normal, and the same on every machine: sums of twelve uniform numbers, from the
 * 64-bit congruential generator of Knuth's MMIX. */
static void bell(float x[N])
{
    uint64_t s = 42;
    for (int i = 0; i < N; i++) {
        double sum = -6.0;
        for (int k = 0; k < 12; k++) {
            s = s * 6364136223846793005u + 1442695040888963407u;
            sum += (double)(s >> 11) * 0x1p-53;
        }
        x[i] = (float)sum;
    }
}

static void six_bit_scales_lie_where_the_picture_says(void **state)
{
    (void)state;
    const uint8_t scale[8] = {1, 2, 3, 4, 0x15, 0x2a, 0x3f, 0};
    const uint8_t min[8] = {5, 6, 7, 8, 0x26, 0x19, 0, 0x3f};
    const uint8_t want[12] = {0x41, 0x82, 0xc3, 0x04, 0x85, 0x46,
                              0x07, 0xc8, 0x65, 0x9a, 0x0f, 0xf0};
    uint8_t bytes[12];
    ref_k_scales_pack(scale, min, bytes);
    assert_memory_equal(bytes, want, sizeof want);
}

static void the_worked_scales_of_the_course_hold(void **state)
{
    (void)state;
    const uint8_t bytes[12] = {0xfe, 0xff, 0xff, 0xfc, 0xff, 0xfd,
                               0xfe, 0xfe, 0xcf, 0xdc, 0xff, 0xfe};
    const uint8_t scale[8] = {62, 63, 63, 60, 63, 60, 63, 62};
    const uint8_t min[8] = {63, 61, 62, 62, 60, 61, 63, 63};
    uint8_t back_scale[8], back_min[8];
    ref_k_scales_unpack(bytes, back_scale, back_min);
    assert_memory_equal(back_scale, scale, sizeof scale);
    assert_memory_equal(back_min, min, sizeof min);
}

static void every_scale_and_minimum_survives_packing(void **state)
{
    (void)state;
    for (int v = 0; v < 64 * 8; v++) {
        uint8_t scale[8] = {0}, min[8] = {0}, bytes[12], back_scale[8], back_min[8];
        scale[v % 8] = (uint8_t)(v / 8);
        min[7 - v % 8] = (uint8_t)(63 - v / 8);
        ref_k_scales_pack(scale, min, bytes);
        ref_k_scales_unpack(bytes, back_scale, back_min);
        assert_memory_equal(scale, back_scale, sizeof scale);
        assert_memory_equal(min, back_min, sizeof min);
    }
}

static void nearest_int_takes_halves_to_even(void **state)
{
    static const struct {
        float x;
        int want;
    } table[] = {{0.5f, 0},   {1.5f, 2},       {2.5f, 2},
                 {-0.5f, 0},  {-1.5f, -2},     {0.50000006f, 1},
                 {7.0f, 7},   {-127.6f, -128}, {4194303.0f, 4194303},
                 {-0.49f, 0}, {14.999f, 15},   {-4194303.0f, -4194303}};
    (void)state;
    for (size_t t = 0; t < sizeof table / sizeof table[0]; t++)
        if (ref_nearest_int(table[t].x) != table[t].want)
            fail_msg("%g became %d", (double)table[t].x, ref_nearest_int(table[t].x));
}

static void zero_blocks_are_zero_bytes(void **state)
{
    static const uint32_t ids[] = {REF_Q2_K, REF_Q3_K, REF_Q4_K, REF_Q5_K, REF_Q6_K, REF_Q8_K};
    (void)state;
    const float x[W] = {0};
    const uint8_t zeros[sizeof(struct ref_q8_k)] = {0};
    for (int t = 0; t < 6; t++) {
        uint32_t row[sizeof zeros / 4];
        size_t bytes;
        assert_int_equal(ref_quant_row_bytes(ids[t], W, &bytes, NULL), OK);
        assert_int_equal(ref_quant_quantize(ids[t], x, W, row, NULL), OK);
        assert_memory_equal(row, zeros, bytes);
    }
}

static void q2_k_pairs_of_bits_belong_to_quarters(void **state)
{
    (void)state;
    struct ref_q2_k block = {.d = 0x3c00, .dmin = 0x4000}; /* 1 and 2 */
    float x[W];
    memset(block.scales, 1, sizeof block.scales);
    block.scales[(128 + 64 + 20) / 16] = 0x35; /* scale 5, minimum 3 */
    block.qs[32 + 20] = 0x2 << 4;
    assert_int_equal(ref_q2_k_dequantize(&block, W, x, NULL), OK);
    assert_true(x[128 + 64 + 20] == 5.0f * 2.0f - 2.0f * 3.0f);
    assert_true(x[128 + 64 + 19] == -6.0f && x[128 + 20] == 0.0f && x[0] == 0.0f);
}

static void q3_k_takes_the_third_bit_of_weight_32k_l_from_bit_k(void **state)
{
    (void)state;
    struct ref_q3_k block = {.d = 0x3c00};
    float x[W];
    block.scales[2] = 0x70; /* group 10: low bits 7, and upper bits 2 below */
    block.scales[8 + 10 % 4] = 0x2 << 4;
    block.hmask[5] = 1 << 5; /* weight 165, of group 10 */
    block.qs[32 + 5] = 0x3 << 2;
    assert_int_equal(ref_q3_k_dequantize(&block, W, x, NULL), OK);
    assert_true(x[165] == 7.0f * 3.0f);  /* scale 0x27 - 32, code 7 - 4 */
    assert_true(x[164] == 7.0f * -4.0f); /* neither bits */
    assert_true(x[0] == -32.0f * -4.0f); /* scale 0 - 32 */
}

static void q8_k_maps_the_largest_to_minus_127_and_keeps_sums(void **state)
{
    (void)state;
    float x[W] = {2.0f, -2.0f, 1.0f};
    struct ref_q8_k block;
    assert_int_equal(ref_q8_k_quantize(x, W, &block, NULL), OK);
    assert_true(block.d == 1.0f / (-127.0f / 2.0f));
    assert_int_equal(block.q[0], -127);
    assert_int_equal(block.q[1], 127);
    assert_int_equal(block.q[2], -64); /* 63.5: a half goes to even */
    assert_int_equal(block.sums[0], -64);
    assert_int_equal(block.sums[1], 0);
    x[5] = 0x1p127f; /* activations have no limit but infinity */
    assert_int_equal(ref_q8_k_quantize(x, W, &block, NULL), OK);
    assert_int_equal(block.q[5], -127);
}

/* d = 1 and every scale 1: the weights are the codes. */
static void q4_k_nibbles_belong_to_neighbouring_groups(void **state)
{
    (void)state;
    struct ref_q4_k block = {.d = 0x3c00};
    const uint8_t one[8] = {1, 1, 1, 1, 1, 1, 1, 1}, none[8] = {0};
    float x[W];
    ref_k_scales_pack(one, none, block.scales);
    block.qs[32 * 2 + 7] = 0xb4;
    assert_int_equal(ref_q4_k_dequantize(&block, W, x, NULL), OK);
    assert_true(x[128 + 7] == 4.0f && x[128 + 32 + 7] == 11.0f && x[0] == 0.0f);
}

static void q5_k_takes_the_fifth_bit_of_group_g_from_bit_g(void **state)
{
    (void)state;
    struct ref_q5_k block = {.d = 0x3c00, .dmin = 0x3c00};
    const uint8_t one[8] = {1, 1, 1, 1, 1, 1, 1, 1}, mins[8] = {0, 0, 0, 0, 0, 2, 0, 0};
    float x[W];
    ref_k_scales_pack(one, mins, block.scales);
    block.qh[9] = 1 << 5;
    assert_int_equal(ref_q5_k_dequantize(&block, W, x, NULL), OK);
    assert_true(x[5 * 32 + 9] == 14.0f && x[5 * 32 + 8] == -2.0f && x[4 * 32 + 9] == 0.0f);
}

static void q6_k_codes_are_spread_over_ql_and_qh(void **state)
{
    (void)state;
    struct ref_q6_k block = {.d = 0x3c00};
    float x[W];
    memset(block.scales, 1, sizeof block.scales);
    block.ql[64 + 32 + 5] = 0x30; /* second half, l = 5: weights 128 + 32 + 5 and 128 + 96 + 5 */
    block.qh[32 + 5] = 0x2 << 6;  /* of the latter */
    block.scales[(128 + 96 + 5) / 16] = -2;
    assert_int_equal(ref_q6_k_dequantize(&block, W, x, NULL), OK);
    assert_true(x[128 + 96 + 5] == -2.0f * (0x23 - 32));
    assert_true(x[128 + 32 + 5] == -32.0f && x[0] == -32.0f);
}

static void the_error_on_normal_weights_is_as_known(void **state)
{
    /* Relative root mean square on N(0, 1), measured with ggml. */
    static const struct {
        uint32_t id;
        double relative;
    } table[] = {
        {REF_Q4_0, 0.0857},   {REF_Q4_1, 0.0781},  {REF_Q5_0, 0.0426},  {REF_Q5_1, 0.0378},
        {REF_Q8_0, 0.0053},   {REF_Q4_K, 0.0712},  {REF_Q5_K, 0.0360},  {REF_Q6_K, 0.0177},
        {REF_Q2_K, 0.2938},   {REF_Q3_K, 0.1497},  {REF_Q8_K, 0.0067},  {REF_IQ4_NL, 0.0775},
        {REF_IQ4_XS, 0.0756}, {REF_MXFP4, 0.1147}, {REF_TQ1_0, 0.7937}, {REF_TQ2_0, 0.7937},
        {REF_F16, 0.000208},  {REF_BF16, 0.00166}, {REF_Q8_1, 0.0053}};
    static float x[N], back[N];
    static uint32_t row[N];
    (void)state;
    bell(x);
    for (size_t t = 0; t < sizeof table / sizeof table[0]; t++) {
        double error = 0.0, power = 0.0;
        assert_int_equal(ref_quant_quantize(table[t].id, x, N, row, NULL), OK);
        assert_int_equal(ref_quant_dequantize(table[t].id, row, N, back, NULL), OK);
        for (int i = 0; i < N; i++) {
            error += pow((double)back[i] - (double)x[i], 2.0);
            power += pow((double)x[i], 2.0);
        }
        const double relative = sqrt(error / power);
        if (fabs(relative / table[t].relative - 1.0) > 0.03)
            fail_msg("%s: %.5f, expected %.5f", ref_quant_find(table[t].id)->name, relative,
                     table[t].relative);
    }
}

/* Hashes of what ggml's quantize_row_*_ref gave for these weights (as in test_quant.c): a long row
 * meets the rare turns of a search that a short one does not. */
static void long_rows_of_normal_weights_have_the_golden_hashes(void **state)
{
    static const struct {
        uint32_t id;
        uint64_t hash;
    } table[] = {
        {REF_Q4_0, 0x2ed901cc212033e4},   {REF_Q4_1, 0x3653f065006db138},
        {REF_Q5_0, 0x48dc6f91af3be80e},   {REF_Q5_1, 0x970fd23d33ff12e5},
        {REF_Q8_0, 0x0322e4474eb3f549},   {REF_Q2_K, 0xc65173a5c3b04fa2},
        {REF_Q3_K, 0xf27e01d24158e8d7},   {REF_Q4_K, 0xc705dbbbd283761d},
        {REF_Q5_K, 0xee1149c2cab174f8},   {REF_Q6_K, 0x9f9c1a7dab9ef460},
        {REF_IQ4_NL, 0x8095314b520f778a}, {REF_IQ4_XS, 0x1f5789282ed1fec0},
        {REF_TQ1_0, 0x8ec29ff7bb084868},  {REF_TQ2_0, 0x9ae8b1103ef921f9},
        {REF_MXFP4, 0x9e3cc0eb49d2dd54},  {REF_Q8_1, 0xce5aa746e3c54e5d},
        {REF_Q8_K, 0x0baba4f398bf8837},
    };
    static float x[N];
    static uint32_t row[N];
    (void)state;
    bell(x);
    for (size_t t = 0; t < sizeof table / sizeof table[0]; t++) {
        size_t bytes = 0;
        uint64_t hash = 0xcbf29ce484222325u;
        assert_int_equal(ref_quant_row_bytes(table[t].id, N, &bytes, NULL), OK);
        assert_int_equal(ref_quant_quantize(table[t].id, x, N, row, NULL), OK);
        for (size_t i = 0; i < bytes; i++)
            hash = (hash ^ ((const uint8_t *)row)[i]) * 0x100000001b3u;
        if (hash != table[t].hash)
            fail_msg("%s: quantised to %016llx", ref_quant_find(table[t].id)->name,
                     (unsigned long long)hash);
    }
}

static void the_search_beats_spreading_the_codes_evenly(void **state)
{
    static const struct ref_search_trials trials = {-1.0f, 0.1f, 20, false};
    static const struct ref_search_trials none = {0.0f, 0.0f, -1, false};
    static float x[N];
    (void)state;
    bell(x);
    double searched = 0.0, spread = 0.0;
    for (int g = 0; g < N / 32; g++) {
        const struct ref_search_trials *ways[2] = {&trials, &none};
        double *sums[2] = {&searched, &spread};
        for (int way = 0; way < 2; way++) {
            float weight[32], min;
            uint8_t codes[32];
            for (int i = 0; i < 32; i++)
                weight[i] = 1.0f;
            const float scale =
                ref_search_affine(32, 15, x + 32 * g, weight, ways[way], codes, &min);
            for (int i = 0; i < 32; i++)
                *sums[way] += pow((double)(scale * (float)codes[i] - min - x[32 * g + i]), 2.0);
        }
    }
    assert_true(spread / searched > 1.1 && spread / searched < 1.4);
}

static void weights_at_the_limit_still_have_finite_scales(void **state)
{
    (void)state;
    static float x[W], back[W];
    static uint32_t row[W];
    for (int i = 0; i < W; i++)
        x[i] = i % 3 == 0 ? REF_K_MAX : -REF_K_MAX;
    static const uint32_t ids[] = {REF_Q4_K, REF_Q5_K, REF_Q6_K};
    for (int t = 0; t < 3; t++) {
        assert_int_equal(ref_quant_quantize(ids[t], x, W, row, NULL), OK);
        assert_int_equal(ref_quant_dequantize(ids[t], row, W, back, NULL), OK);
        for (int i = 0; i < W; i++)
            if (!(fabsf(back[i] / x[i] - 1.0f) < 0.04f))
                fail_msg("%s: %g became %g", ref_quant_find(ids[t])->name, (double)x[i],
                         (double)back[i]);
    }
    x[3] = 2.0f * REF_K_MAX;
    assert_int_equal(ref_quant_quantize(REF_Q6_K, x, W, row, NULL), ERR_RANGE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(six_bit_scales_lie_where_the_picture_says),
        cmocka_unit_test(the_worked_scales_of_the_course_hold),
        cmocka_unit_test(every_scale_and_minimum_survives_packing),
        cmocka_unit_test(nearest_int_takes_halves_to_even),
        cmocka_unit_test(zero_blocks_are_zero_bytes),
        cmocka_unit_test(q2_k_pairs_of_bits_belong_to_quarters),
        cmocka_unit_test(q3_k_takes_the_third_bit_of_weight_32k_l_from_bit_k),
        cmocka_unit_test(q8_k_maps_the_largest_to_minus_127_and_keeps_sums),
        cmocka_unit_test(q4_k_nibbles_belong_to_neighbouring_groups),
        cmocka_unit_test(q5_k_takes_the_fifth_bit_of_group_g_from_bit_g),
        cmocka_unit_test(q6_k_codes_are_spread_over_ql_and_qh),
        cmocka_unit_test(the_error_on_normal_weights_is_as_known),
        cmocka_unit_test(long_rows_of_normal_weights_have_the_golden_hashes),
        cmocka_unit_test(the_search_beats_spreading_the_codes_evenly),
        cmocka_unit_test(weights_at_the_limit_still_have_finite_scales),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

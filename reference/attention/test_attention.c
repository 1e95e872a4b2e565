#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "reference/attention/attention.h"
#include "reference/quant/quant.h"

enum { MAX_KV = 300, MAX_Q = 4, MAX_HEADS = 8, MAX_D = 64 };

static float q[MAX_Q * MAX_HEADS * MAX_D], k[MAX_KV * MAX_HEADS * MAX_D],
    v[MAX_KV * MAX_HEADS * MAX_D], out[MAX_Q * MAX_HEADS * MAX_D], tiled[MAX_Q * MAX_HEADS * MAX_D],
    mask[MAX_Q * MAX_KV], scratch[MAX_KV + 4 * MAX_D];

static const struct ref_attention gqa = {.heads = 8,
                                         .kv_heads = 2,
                                         .d_k = 32,
                                         .d_v = 64,
                                         .type_k = REF_F32,
                                         .type_v = REF_F32,
                                         .scale = 0.17677669f};

static void fill(float *x, size_t n, float phase, float height)
{
    for (size_t i = 0; i < n; i++)
        x[i] = height * sinf((float)i * 0.37f + phase);
}

static void fill_all(float height)
{
    fill(q, sizeof q / sizeof *q, 0, height);
    fill(k, sizeof k / sizeof *k, 1, height);
    fill(v, sizeof v / sizeof *v, 2, 1);
}

/* The formula in double, element by element. */
static double by_the_formula(const struct ref_attention *a, size_t n_kv, int i, int h, int e)
{
    const int g = h / (a->heads / a->kv_heads);
    double scores[MAX_KV], max = -INFINITY, sum = 0, value = 0;
    for (size_t j = 0; j < n_kv; j++) {
        double dot = 0;
        for (int d = 0; d < a->d_k; d++)
            dot += (double)q[(i * a->heads + h) * a->d_k + d] *
                   (double)k[((int)j * a->kv_heads + g) * a->d_k + d];
        dot *= (double)a->scale;
        if (a->softcap > 0)
            dot = (double)a->softcap * tanh(dot / (double)a->softcap);
        scores[j] = dot + (double)mask[(size_t)i * n_kv + j];
        max = fmax(max, scores[j]);
    }
    if (max == -INFINITY)
        return 0;
    for (size_t j = 0; j < n_kv; j++) {
        const double w = exp(scores[j] - max);
        sum += w;
        value += w * (double)v[((int)j * a->kv_heads + g) * a->d_v + e];
    }
    return value / sum;
}

/* A score of 10,000 in float is right to 5e-4, and so is then its weight: `bound`. */
static void both_equal_the_formula(const struct ref_attention *a, size_t n_q, size_t n_kv,
                                   double bound, const char *what)
{
    ref_attention(a, q, n_q, k, v, n_kv, mask, scratch, out);
    ref_attention_tiled(a, q, n_q, k, v, n_kv, mask, scratch, tiled);
    for (int i = 0; i < (int)n_q; i++)
        for (int h = 0; h < a->heads; h++)
            for (int e = 0; e < a->d_v; e++) {
                const double expected = by_the_formula(a, n_kv, i, h, e);
                const int at = (i * a->heads + h) * a->d_v + e;
                if (!(fabs((double)out[at] - expected) <= bound) ||
                    !(fabs((double)tiled[at] - expected) <= 5 * bound))
                    fail_msg("%s: query %d, head %d, element %d: %.8g and %.8g, expected %.8g",
                             what, i, h, e, (double)out[at], (double)tiled[at], expected);
            }
}

static void mask_causally(size_t n_q, size_t n_kv)
{
    int32_t q_pos[MAX_Q], k_pos[MAX_KV];
    for (size_t i = 0; i < n_q; i++)
        q_pos[i] = (int32_t)(n_kv - n_q + i);
    for (size_t j = 0; j < n_kv; j++)
        k_pos[j] = (int32_t)(n_kv - 1 - j); /* order means nothing */
    ref_attention_mask(REF_SEES_PAST, 0, q_pos, n_q, k_pos, n_kv, mask);
}

static void heads_share_keys_by_division(void **state)
{
    static const int kv_heads[] = {1, 2, 4, 8};
    (void)state;
    fill_all(1);
    for (size_t i = 0; i < 4; i++) {
        struct ref_attention a = gqa;
        a.kv_heads = kv_heads[i];
        mask_causally(3, 70);
        both_equal_the_formula(&a, 3, 70, 2e-6, "heads");
    }
}

static void any_number_of_keys_is_right(void **state)
{
    static const size_t counts[] = {1, 2, 31, 32, 33, 64, 65, 299};
    (void)state;
    fill_all(1);
    for (size_t i = 0; i < sizeof counts / sizeof counts[0]; i++) {
        memset(mask, 0, sizeof mask);
        both_equal_the_formula(&gqa, 1, counts[i], 2e-6, "count");
    }
}

static void high_scores_do_not_overflow(void **state)
{
    (void)state;
    fill_all(60); /* scores to some 10,000 */
    mask_causally(2, 100);
    both_equal_the_formula(&gqa, 2, 100, 1e-3, "high");
}

static void a_soft_cap_bends_the_scores(void **state)
{
    struct ref_attention a = gqa;
    (void)state;
    a.softcap = 5;
    fill_all(3);
    mask_causally(2, 50);
    both_equal_the_formula(&a, 2, 50, 2e-6, "cap");
}

static void who_sees_nothing_gets_zeros(void **state)
{
    (void)state;
    fill_all(1);
    for (size_t j = 0; j < 40; j++)
        mask[j] = -INFINITY;
    ref_attention(&gqa, q, 1, k, v, 40, mask, scratch, out);
    ref_attention_tiled(&gqa, q, 1, k, v, 40, mask, scratch, tiled);
    for (int i = 0; i < gqa.heads * gqa.d_v; i++) {
        assert_float_equal(out[i], 0, 0);
        assert_float_equal(tiled[i], 0, 0);
    }
    ref_attention(&gqa, q, 1, k, v, 0, NULL, scratch, out);
    assert_float_equal(out[0], 0, 0);
}

static void what_is_hidden_may_be_garbage(void **state)
{
    (void)state;
    fill_all(1);
    memset(mask, 0, sizeof mask);
    mask[5] = -INFINITY;
    for (int i = 0; i < gqa.kv_heads * gqa.d_k; i++)
        k[5 * gqa.kv_heads * gqa.d_k + i] = NAN;
    for (int i = 0; i < gqa.kv_heads * gqa.d_v; i++)
        v[5 * gqa.kv_heads * gqa.d_v + i] = NAN;
    ref_attention(&gqa, q, 1, k, v, 40, mask, scratch, out);
    ref_attention_tiled(&gqa, q, 1, k, v, 40, mask, scratch, tiled);
    for (int i = 0; i < gqa.heads * gqa.d_v; i++)
        assert_true(isfinite(out[i]) && fabsf(out[i] - tiled[i]) < 1e-5f);
}

static void parts_may_be_merged_in_any_order(void **state)
{
    float acc[3][MAX_D], merged[MAX_D], whole[MAX_D];
    const struct ref_attention a = {.heads = 1,
                                    .kv_heads = 1,
                                    .d_k = 32,
                                    .d_v = 16,
                                    .type_k = REF_F32,
                                    .type_v = REF_F32,
                                    .scale = 1};
    struct ref_attention_part parts[3];
    (void)state;
    fill_all(1);
    for (size_t i = 0; i < 3; i++) {
        parts[i].acc = acc[i];
        ref_attention_part_start(&parts[i], a.d_v);
        ref_attention_part_walk(&parts[i], &a, q, k + i * 40 * 32, 32 * sizeof(float),
                                v + i * 40 * 16, 16 * sizeof(float), i == 1 ? 0 : 40, NULL,
                                scratch);
    }
    ref_attention_part_merge(&parts[1], &parts[2], a.d_v); /* into one that saw nothing */
    ref_attention_part_merge(&parts[1], &parts[0], a.d_v);
    ref_attention_part_end(&parts[1], a.d_v, merged);
    struct ref_attention_part one = {.acc = acc[0]};
    ref_attention_part_start(&one, a.d_v);
    ref_attention_part_walk(&one, &a, q, k, 32 * sizeof(float), v, 16 * sizeof(float), 40, NULL,
                            scratch);
    ref_attention_part_walk(&one, &a, q, k + 80 * 32, 32 * sizeof(float), v + 80 * 16,
                            16 * sizeof(float), 40, NULL, scratch);
    ref_attention_part_end(&one, a.d_v, whole);
    for (int i = 0; i < a.d_v; i++)
        assert_true(fabsf(merged[i] - whole[i]) < 1e-6f);
}

/* A cache in fewer bits gives what attention over its dequantised rows gives. */
static void a_quantised_cache_is_read_through_its_format(void **state)
{
    static const uint32_t types[] = {REF_F16, REF_Q8_0};
    static unsigned char k_rows[MAX_KV * 2 * 32 * 2], v_rows[MAX_KV * 2 * 64 * 2];
    (void)state;
    for (size_t t = 0; t < 2; t++) {
        struct ref_attention a = gqa;
        fill_all(1);
        a.type_k = a.type_v = types[t];
        assert_int_equal(ref_quant_quantize(types[t], k, 60 * 2 * 32, k_rows, NULL), OK);
        assert_int_equal(ref_quant_quantize(types[t], v, 60 * 2 * 64, v_rows, NULL), OK);
        assert_int_equal(ref_quant_dequantize(types[t], k_rows, 60 * 2 * 32, k, NULL), OK);
        assert_int_equal(ref_quant_dequantize(types[t], v_rows, 60 * 2 * 64, v, NULL), OK);
        ref_attention(&gqa, q, 2, k, v, 60, NULL, scratch, out);
        ref_attention(&a, q, 2, k_rows, v_rows, 60, NULL, scratch, tiled);
        assert_memory_equal(out, tiled, 2 * 8 * 64 * sizeof(float));
        ref_attention_tiled(&gqa, q, 2, k, v, 60, NULL, scratch, out);
        ref_attention_tiled(&a, q, 2, k_rows, v_rows, 60, NULL, scratch, tiled);
        assert_memory_equal(out, tiled, 2 * 8 * 64 * sizeof(float));
    }
}

static void masks_are_made_from_positions(void **state)
{
    const int32_t q_pos[1] = {5}, k_pos[6] = {-1, 0, 3, 4, 5, 6};
    static const struct {
        enum ref_attention_view view;
        const char *seen;
    } rows[] = {{REF_SEES_ALL, ".xxxxx"}, {REF_SEES_PAST, ".xxxx."}, {REF_SEES_WINDOW, "...xx."}};
    (void)state;
    for (size_t i = 0; i < 3; i++) {
        ref_attention_mask(rows[i].view, 2, q_pos, 1, k_pos, 6, mask);
        for (int j = 0; j < 6; j++)
            assert_true(mask[j] == (rows[i].seen[j] == 'x' ? 0 : -INFINITY));
    }
}

static void shapes_that_cannot_be_are_refused(void **state)
{
    struct ref_attention bad[5] = {gqa, gqa, gqa, gqa, gqa};
    static const enum err_code expected[5] = {ERR_INVALID, ERR_INVALID, ERR_INVALID, ERR_INVALID,
                                              ERR_UNSUPPORTED};
    (void)state;
    bad[0].kv_heads = 3;
    bad[1].kv_heads = 0;
    bad[2].d_k = 0;
    bad[3].type_v = REF_Q8_0;
    bad[3].d_v = 33;
    bad[4].type_k = 999;
    assert_int_equal(ref_attention_check(&gqa, NULL), OK);
    for (size_t i = 0; i < 5; i++)
        assert_int_equal(ref_attention_check(&bad[i], NULL), expected[i]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(heads_share_keys_by_division),
        cmocka_unit_test(any_number_of_keys_is_right),
        cmocka_unit_test(high_scores_do_not_overflow),
        cmocka_unit_test(a_soft_cap_bends_the_scores),
        cmocka_unit_test(who_sees_nothing_gets_zeros),
        cmocka_unit_test(what_is_hidden_may_be_garbage),
        cmocka_unit_test(parts_may_be_merged_in_any_order),
        cmocka_unit_test(a_quantised_cache_is_read_through_its_format),
        cmocka_unit_test(masks_are_made_from_positions),
        cmocka_unit_test(shapes_that_cannot_be_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

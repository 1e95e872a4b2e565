#include <float.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "reference/tensor/activation.h"
#include "reference/tensor/norm.h"

enum { N = 513 };
static float x[N], w[N], b[N], y[N];

static void make(float amplitude)
{
    for (int i = 0; i < N; i++) {
        x[i] = amplitude * sinf((float)i * 1.7f);
        w[i] = 1 + 0.25f * cosf((float)i);
        b[i] = 0.5f * sinf((float)i * 0.3f);
    }
}

static void near(double got, double expected, double relative, const char *what, int i)
{
    if (!(fabs(got - expected) <= relative * fmax(fabs(expected), 1e-3)))
        fail_msg("%s %d: %.9g, expected %.9g", what, i, got, expected);
}

static void rms_norm_has_eps_inside_the_root(void **state)
{
    static const float amplitudes[] = {1e-4f, 1, 1e3f};
    (void)state;
    for (size_t k = 0; k < 3; k++) {
        double sum = 0;
        make(amplitudes[k]);
        for (int i = 0; i < N; i++)
            sum += (double)x[i] * (double)x[i];
        ref_rms_norm(y, x, w, N, 1e-5f);
        for (int i = 0; i < N; i++)
            near((double)y[i], (double)x[i] / sqrt(sum / N + 1e-5) * (double)w[i], 1e-6, "y", i);
    }
}

static void rms_norm_of_zeros_is_zero(void **state)
{
    float zeros[4] = {0};
    (void)state;
    ref_rms_norm(zeros, zeros, NULL, 4, 1e-6f);
    for (int i = 0; i < 4; i++)
        assert_float_equal(zeros[i], 0, 0);
}

static void layer_norm_uses_the_biased_variance(void **state)
{
    const float small[4] = {1, 2, 3, 6};
    (void)state;
    ref_layer_norm(y, small, NULL, NULL, 4, 0);
    near((double)y[3], 3 / sqrt(3.5), 1e-6, "y", 3); /* mean 3, squares 4 + 1 + 0 + 9 over 4 */
    ref_layer_norm(y, small, w, b, 4, 0);
    near((double)y[0], -2 / sqrt(3.5) * (double)w[0] + (double)b[0], 1e-6, "y", 0);
}

static void layer_norm_survives_a_large_mean(void **state)
{
    (void)state;
    for (int i = 0; i < N; i++)
        x[i] = 4096 + (float)(i % 2);
    ref_layer_norm(y, x, NULL, NULL, N - 1, 1e-9f);
    near((double)y[1], 1, 1e-5, "y", 1);
}

static void softmax_sums_to_one_at_any_height(void **state)
{
    static const float heights[] = {-1e4f, 0, 1e4f};
    (void)state;
    for (size_t k = 0; k < 3; k++) {
        double sum = 0;
        make(3);
        for (int i = 0; i < N; i++)
            x[i] += heights[k];
        ref_softmax(y, x, NULL, N, 1);
        for (int i = 0; i < N; i++)
            sum += (double)y[i];
        near(sum, 1, 1e-6, "sum", (int)k);
    }
}

static void what_is_hidden_has_no_weight(void **state)
{
    const float scores[3] = {1, 1000, 1}, mask[3] = {0, -INFINITY, 0};
    (void)state;
    ref_softmax(y, scores, mask, 3, 0.5f);
    assert_float_equal(y[0], 0.5f, 0);
    assert_float_equal(y[1], 0, 0);
}

static void a_query_that_sees_nothing_gets_nothing(void **state)
{
    const float scores[2] = {1, 2}, mask[2] = {-INFINITY, -INFINITY};
    (void)state;
    y[0] = y[1] = 9;
    ref_softmax(y, scores, mask, 2, 1);
    assert_float_equal(y[0], 0, 0);
    assert_float_equal(y[1], 0, 0);
}

static void a_nan_spoils_its_whole_row(void **state)
{
    const float scores[3] = {1, NAN, 2};
    (void)state;
    ref_softmax(y, scores, NULL, 3, 1);
    for (int i = 0; i < 3; i++)
        assert_true(isnan(y[i]));
}

static void log_sum_exp_does_not_overflow(void **state)
{
    const float high[2] = {1e30f, 1e30f}, low[2] = {-1000, -1000};
    (void)state;
    near(ref_log_sum_exp(high, 2), 1e30, 1e-6, "high", 0);
    near(ref_log_sum_exp(low, 2), -1000 + log(2), 1e-12, "low", 0);
    assert_true(ref_log_sum_exp(low, 0) == -INFINITY);
}

static void activations_have_the_values_of_their_definitions(void **state)
{
    (void)state;
    for (int i = -400; i <= 400; i++) {
        const float v = (float)i * 0.05f;
        const double d = (double)v, cubic = 0.79788456080286535588 * (d + 0.044715 * d * d * d);
        near((double)ref_activate(REF_SILU, v), d / (1 + exp(-d)), 1e-6, "silu", i);
        near((double)ref_activate(REF_GELU_TANH, v), d / 2 * (1 + tanh(cubic)), 1e-6, "gelu", i);
        near((double)ref_activate(REF_GELU_ERF, v), d / 2 * erfc(-d * M_SQRT1_2), 1e-6, "erf", i);
        assert_float_equal(ref_activate(REF_RELU, v), v > 0 ? v : 0, 0);
    }
}

static void activations_are_never_nan(void **state)
{
    static const float extremes[] = {-FLT_MAX, -1e20f, -100, -0.0f, 0, 100, 1e20f, FLT_MAX};
    (void)state;
    for (int kind = REF_SILU; kind <= REF_RELU; kind++)
        for (size_t i = 0; i < sizeof extremes / sizeof extremes[0]; i++) {
            const float v = ref_activate((enum ref_activation)kind, extremes[i]);
            if (!isfinite(v) || (extremes[i] < -50 && v != 0) ||
                (extremes[i] > 50 && v != extremes[i]))
                fail_msg("activation %d of %g is %g", kind, (double)extremes[i], (double)v);
        }
}

static void a_gate_multiplies_what_comes_up(void **state)
{
    const float gate[2] = {0, 100}, up[2] = {5, -3};
    (void)state;
    ref_activate_gated(REF_SILU, y, gate, up, 2);
    assert_float_equal(y[0], 0, 0);
    assert_float_equal(y[1], -300, 0);
    ref_activate_gated(REF_SILU, y, gate, NULL, 2);
    assert_float_equal(y[1], 100, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rms_norm_has_eps_inside_the_root),
        cmocka_unit_test(rms_norm_of_zeros_is_zero),
        cmocka_unit_test(layer_norm_uses_the_biased_variance),
        cmocka_unit_test(layer_norm_survives_a_large_mean),
        cmocka_unit_test(softmax_sums_to_one_at_any_height),
        cmocka_unit_test(what_is_hidden_has_no_weight),
        cmocka_unit_test(a_query_that_sees_nothing_gets_nothing),
        cmocka_unit_test(a_nan_spoils_its_whole_row),
        cmocka_unit_test(log_sum_exp_does_not_overflow),
        cmocka_unit_test(activations_have_the_values_of_their_definitions),
        cmocka_unit_test(activations_are_never_nan),
        cmocka_unit_test(a_gate_multiplies_what_comes_up),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

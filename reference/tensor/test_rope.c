#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "reference/tensor/matmul.h"
#include "reference/tensor/rope.h"

enum { HEAD = 64 };

static const struct ref_rope plain = {.n_rot = HEAD, .base = 10000, .freq_scale = 1};

static void fill(float *x, int n, float phase)
{
    for (int i = 0; i < n; i++)
        x[i] = sinf((float)i * 0.7f + phase);
}

static void turn(const struct ref_rope *r, float *x, int heads, int head, int32_t position)
{
    float cosines[HEAD / 2], sines[HEAD / 2];
    ref_rope_angles(r, position, cosines, sines);
    ref_rope_apply(r, x, heads, head, cosines, sines);
}

static void near(double got, double expected, double bound, const char *what)
{
    if (!(fabs(got - expected) <= bound))
        fail_msg("%s: %.9g, expected %.9g", what, got, expected);
}

static void the_first_pair_turns_by_the_position(void **state)
{
    float x[4] = {1, 0, 1, 0};
    const struct ref_rope r = {.n_rot = 4, .base = 100, .freq_scale = 1};
    (void)state;
    turn(&r, x, 1, 4, 3);
    near((double)x[0], cos(3), 1e-7, "x0");
    near((double)x[1], sin(3), 1e-7, "x1");
    near((double)x[2], cos(0.3), 1e-7, "x2"); /* 100^(-2/4) = 0.1 */
    near((double)x[3], sin(0.3), 1e-7, "x3");
}

static void neox_pairs_the_halves_of_what_is_rotated(void **state)
{
    float x[6] = {1, 2, 3, 4, 5, 6};
    const struct ref_rope r = {.pairs = REF_ROPE_NEOX, .n_rot = 4, .base = 100, .freq_scale = 1};
    (void)state;
    turn(&r, x, 1, 6, 1);
    near((double)x[0], cos(1) - 3 * sin(1), 1e-6, "x0 with x2");
    near((double)x[2], sin(1) + 3 * cos(1), 1e-6, "x2 with x0");
    near((double)x[4], 5, 0, "x4 passes");
    near((double)x[5], 6, 0, "x5 passes");
}

static void scores_depend_on_the_difference_of_positions(void **state)
{
    double first = 0;
    (void)state;
    for (int32_t at = 0; at <= 100000; at += 25000) {
        float q[HEAD], k[HEAD];
        fill(q, HEAD, 0);
        fill(k, HEAD, 1);
        turn(&plain, q, 1, HEAD, at + 17);
        turn(&plain, k, 1, HEAD, at);
        const double score = ref_dot_f32(q, k, HEAD);
        if (at == 0)
            first = score;
        near(score, first, 2e-5, "score");
    }
}

static void a_permuted_projection_scores_the_same(void **state)
{
    float q[2 * HEAD], k[2 * HEAD], q2[2 * HEAD], k2[2 * HEAD];
    struct ref_rope neox = plain;
    (void)state;
    neox.pairs = REF_ROPE_NEOX;
    fill(q, 2 * HEAD, 0);
    fill(k, 2 * HEAD, 1);
    ref_rope_permute(q2, q, 2, HEAD, 1);
    ref_rope_permute(k2, k, 2, HEAD, 1);
    turn(&neox, q, 2, HEAD, 40);
    turn(&neox, k, 2, HEAD, 3);
    turn(&plain, q2, 2, HEAD, 40);
    turn(&plain, k2, 2, HEAD, 3);
    near(ref_dot_f32(q2, k2, 2 * HEAD), ref_dot_f32(q, k, 2 * HEAD), 1e-5, "score");
}

static void linear_scaling_divides_the_position(void **state)
{
    float a[HEAD], b[HEAD];
    struct ref_rope quarter = plain;
    (void)state;
    quarter.freq_scale = 0.25f;
    fill(a, HEAD, 0);
    memcpy(b, a, sizeof a);
    turn(&plain, a, 1, HEAD, 100);
    turn(&quarter, b, 1, HEAD, 400);
    for (int i = 0; i < HEAD; i++)
        near((double)b[i], (double)a[i], 1e-6, "x");
}

static void factors_divide_the_frequency(void **state)
{
    float cosines[2], sines[2];
    static const float factors[2] = {1, 8};
    const struct ref_rope r = {.n_rot = 4, .base = 100, .freq_scale = 1, .factors = factors};
    (void)state;
    ref_rope_angles(&r, 40, cosines, sines);
    near((double)cosines[0], cos(40), 1e-6, "pair 0");
    near((double)cosines[1], cos(0.5), 1e-6, "pair 1");
}

static void llama3_keeps_short_waves_and_stretches_long_ones(void **state)
{
    static const struct ref_rope_llama3 c = {
        .factor = 8, .low = 1, .high = 4, .original_context = 8192};
    float factors[64];
    (void)state;
    ref_rope_llama3_factors(&c, 500000, 128, factors);
    near((double)factors[0], 1, 0, "the shortest wave");
    near((double)factors[63], 8, 0, "the longest wave");
    for (int i = 0; i < 64; i++) {
        const double wave = 2 * M_PI * pow(500000, i / 64.0);
        if (i > 0)
            assert_true(factors[i] >= factors[i - 1]);
        if (wave < 2048)
            near((double)factors[i], 1, 0, "a wave under 2048");
        if (wave > 8192)
            near((double)factors[i], 8, 0, "a wave over 8192");
    }
}

static void yarn_keeps_fast_pairs_and_stretches_slow_ones(void **state)
{
    struct ref_rope r = {
        .n_rot = 128,
        .base = 10000,
        .freq_scale = 0.25f,
        .yarn = {
            .mix = 1, .attention = 1, .beta_fast = 32, .beta_slow = 1, .original_context = 4096}};
    float cosines[64], sines[64];
    const double magnitude = 1 + 0.1 * log(4);
    (void)state;
    ref_rope_angles(&r, 1000, cosines, sines);
    near((double)cosines[0], cos(1000) * magnitude, 1e-5, "the fastest pair");
    const double slow = 1000 * pow(10000, -126.0 / 128) / 4;
    near((double)sines[63], sin(slow) * magnitude, 1e-6, "the slowest pair");
    /* Pairs 20 and 46 bound the ramp: 128 ln(4096 / (32 * 2 pi)) / (2 ln 10000) = 20.9. */
    near((double)cosines[20], cos(1000 * pow(10000, -40.0 / 128)) * magnitude, 1e-5, "pair 20");
    const double stretched = 1000 * pow(10000, -92.0 / 128) / 4;
    near((double)cosines[46], cos(stretched) * magnitude, 1e-5, "pair 46");
}

static void what_cannot_be_rotated_is_refused(void **state)
{
    static const float zero_factor[2] = {1, 0};
    static const struct ref_rope bad[] = {
        {.n_rot = 3, .base = 10000, .freq_scale = 1},
        {.n_rot = 66, .base = 10000, .freq_scale = 1},
        {.n_rot = -2, .base = 10000, .freq_scale = 1},
        {.n_rot = 4, .base = 0, .freq_scale = 1},
        {.n_rot = 4, .base = NAN, .freq_scale = 1},
        {.n_rot = 4, .base = 10000, .freq_scale = INFINITY},
        {.n_rot = 4, .base = 10000, .freq_scale = 1, .factors = zero_factor},
        {.n_rot = 4, .base = 10000, .freq_scale = 1, .yarn = {.mix = 1}},
    };
    (void)state;
    assert_int_equal(ref_rope_check(&plain, HEAD, NULL), OK);
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        assert_int_equal(ref_rope_check(&bad[i], HEAD, NULL), ERR_INVALID);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_first_pair_turns_by_the_position),
        cmocka_unit_test(neox_pairs_the_halves_of_what_is_rotated),
        cmocka_unit_test(scores_depend_on_the_difference_of_positions),
        cmocka_unit_test(a_permuted_projection_scores_the_same),
        cmocka_unit_test(linear_scaling_divides_the_position),
        cmocka_unit_test(factors_divide_the_frequency),
        cmocka_unit_test(llama3_keeps_short_waves_and_stretches_long_ones),
        cmocka_unit_test(yarn_keeps_fast_pairs_and_stretches_slow_ones),
        cmocka_unit_test(what_cannot_be_rotated_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "reference/tensor/rows.h"

enum { N = 333, KEYS = 37 };

static float x[N], w[N], mask[N], k[KEYS * N], truth[N], rung[N];

static void fill(float height)
{
    for (int i = 0; i < N; i++) {
        x[i] = height * sinf((float)i * 1.3f);
        w[i] = 1 + 0.5f * cosf((float)i);
        mask[i] = i % 7 == 3 ? -INFINITY : 0;
    }
    for (int i = 0; i < KEYS * N; i++)
        k[i] = sinf((float)(i % 1009) * 0.7f);
}

static void near(const char *what, const struct ref_row_kernels *r, size_t n, double share,
                 double floor)
{
    for (size_t i = 0; i < n; i++) {
        const double bound = share * fmax(fabs((double)truth[i]), floor);
        if (!(fabs((double)rung[i] - (double)truth[i]) <= bound))
            fail_msg("%s, %s, n %zu at %zu: %.9g, expected %.9g", what, ref_isa_name(r->isa), n, i,
                     (double)rung[i], (double)truth[i]);
    }
    for (size_t i = n; i < N; i++)
        assert_memory_equal(&rung[i], "\xAA\xAA\xAA\xAA", 4);
}

/* Calls `check` for each rung there is and each size that matters. */
static void for_each_rung(void (*check)(const struct ref_row_kernels *s,
                                        const struct ref_row_kernels *r, size_t n))
{
    static const size_t sizes[] = {1, 3, 4, 7, 8, 15, 16, 17, 31, 64, 65, 128, 332};
    const struct ref_row_kernels *scalar = ref_row_kernels_for(REF_ISA_SCALAR);
    assert_non_null(scalar);
    for (int isa = 0; isa < REF_ISAS; isa++) {
        const struct ref_row_kernels *r = ref_row_kernels_for((enum ref_isa)isa);
        for (size_t i = 0; r != NULL && i < sizeof sizes / sizeof sizes[0]; i++) {
            memset(rung, 0xAA, sizeof rung);
            check(scalar, r, sizes[i]);
        }
    }
}

static void check_norm(const struct ref_row_kernels *s, const struct ref_row_kernels *r, size_t n)
{
    s->rms_norm(truth, x, w, n, 1e-5f);
    r->rms_norm(rung, x, w, n, 1e-5f);
    near("rms_norm", r, n, 1e-6, 1e-30);
    s->rms_norm(truth, x, NULL, n, 1e-5f);
    r->rms_norm(rung, x, NULL, n, 1e-5f);
    near("rms_norm without weights", r, n, 1e-6, 1e-30);
}

static void check_layer_norm(const struct ref_row_kernels *s, const struct ref_row_kernels *r,
                             size_t n)
{
    s->layer_norm(truth, x, w, k, n, 1e-5f);
    r->layer_norm(rung, x, w, k, n, 1e-5f);
    near("layer_norm", r, n, 2e-6, 1); /* a value near its mean has lost its digits in both */
    s->layer_norm(truth, x, NULL, NULL, n, 1e-5f);
    r->layer_norm(rung, x, NULL, NULL, n, 1e-5f);
    near("layer_norm without weights", r, n, 2e-6, 1);
}

static void norms_agree(void **state)
{
    static const float heights[] = {1e-4f, 1, 1e3f};
    (void)state;
    for (size_t i = 0; i < 3; i++) {
        fill(heights[i]);
        for_each_rung(check_norm);
        for_each_rung(check_layer_norm);
    }
}

static void check_softmax(const struct ref_row_kernels *s, const struct ref_row_kernels *r,
                          size_t n)
{
    s->softmax(truth, x, mask, n, 0.3f);
    r->softmax(rung, x, mask, n, 0.3f);
    near("softmax", r, n, 4e-6, 1e-30);
    s->softmax(truth, x, NULL, n, 1);
    r->softmax(rung, x, NULL, n, 1);
    near("softmax without a mask", r, n, 4e-6, 1e-30);
}

static void softmax_agrees(void **state)
{
    static const float heights[] = {0, 1, 20};
    (void)state;
    for (size_t i = 0; i < 3; i++) {
        fill(heights[i]);
        for_each_rung(check_softmax);
    }
}

static void check_hidden(const struct ref_row_kernels *s, const struct ref_row_kernels *r, size_t n)
{
    (void)s;
    float hidden[N];
    for (int i = 0; i < N; i++)
        hidden[i] = -INFINITY;
    memset(truth, 0, sizeof truth);
    r->softmax(rung, x, hidden, n, 1);
    near("all hidden", r, n, 0, 0);
    x[n / 2] = NAN;
    r->softmax(rung, x, NULL, n, 1);
    x[n / 2] = 1;
    for (size_t i = 0; i < n; i++)
        assert_true(isnan(rung[i]));
}

static void what_is_hidden_is_zero_and_nan_spoils_the_row(void **state)
{
    (void)state;
    fill(1);
    for_each_rung(check_hidden);
}

static void check_swiglu(const struct ref_row_kernels *s, const struct ref_row_kernels *r, size_t n)
{
    s->swiglu(truth, x, w, n);
    r->swiglu(rung, x, w, n);
    near("swiglu", r, n, 4e-6, 1e-30);
}

static void check_geglu(const struct ref_row_kernels *s, const struct ref_row_kernels *r, size_t n)
{
    s->geglu(truth, x, w, n);
    r->geglu(rung, x, w, n);
    near("geglu", r, n, 4e-6, 1e-30);
}

static void check_tails(const struct ref_row_kernels *s, const struct ref_row_kernels *r, size_t n)
{
    s->swiglu(truth, x, w, n);
    r->swiglu(rung, x, w, n);
    near("swiglu in its tails", r, n, 1e-30, 1); /* about 1e-36 is 0 in the scalar one */
    memset(rung, 0xAA, sizeof rung);
    s->geglu(truth, x, w, n);
    r->geglu(rung, x, w, n);
    near("geglu in its tails", r, n, 1e-30, 1);
}

static void gated_activations_agree(void **state)
{
    (void)state;
    fill(30);
    for_each_rung(check_swiglu);
    fill(4); /* beyond, the scalar tail of GELU is subnormal before it is 0 */
    for_each_rung(check_geglu);
    for (int i = 0; i < N; i++)
        x[i] = i % 2 == 0 ? -100 - (float)i : -3e38f;
    for_each_rung(check_tails);
}

/* Three heads of `head` floats, of which n pairs are turned. */
static void check_rope(const struct ref_row_kernels *s, const struct ref_row_kernels *r, size_t n)
{
    const int head = N / 3, pairs = (int)(n < N / 6 ? n : N / 6);
    for (int kind = REF_ROPE_NORM; kind <= REF_ROPE_NEOX; kind++) {
        const struct ref_rope rope = {
            .pairs = (enum ref_rope_pairs)kind, .n_rot = 2 * pairs, .base = 10000, .freq_scale = 1};
        float cosines[N], sines[N];
        ref_rope_angles(&rope, 77, cosines, sines);
        memcpy(truth, x, sizeof truth);
        memcpy(rung, x, sizeof rung);
        s->rope(&rope, truth, 3, head, cosines, sines);
        r->rope(&rope, rung, 3, head, cosines, sines);
        near("rope", r, N, 0x1p-22, 1);
        assert_memory_equal(rung + 2 * pairs, x + 2 * pairs,
                            (size_t)(head - 2 * pairs) * sizeof *x);
    }
}

static void turned_pairs_agree(void **state)
{
    (void)state;
    fill(1);
    for_each_rung(check_rope);
}

static void check_dots(const struct ref_row_kernels *s, const struct ref_row_kernels *r, size_t n)
{
    for (size_t keys = 0; keys <= KEYS; keys += 3) {
        s->dots(x, k, N, n, keys, truth);
        memset(rung, 0xAA, sizeof rung);
        r->dots(x, k, N, n, keys, rung);
        near("dots", r, keys, 0x1p-24 * (double)(n + 8), (double)n);
    }
}

static void check_mix(const struct ref_row_kernels *s, const struct ref_row_kernels *r, size_t n)
{
    for (size_t keys = 0; keys <= KEYS; keys += 3) {
        memcpy(truth, w, sizeof truth);
        s->mix(truth, 0.5f, x, k, N, n, keys);
        memset(rung, 0xAA, sizeof rung);
        memcpy(rung, w, n * sizeof rung[0]);
        r->mix(rung, 0.5f, x, k, N, n, keys);
        near("mix", r, n, 0x1p-24 * (double)(keys + 8), (double)(keys + 2));
    }
}

static void keys_and_values_agree(void **state)
{
    (void)state;
    fill(1);
    for_each_rung(check_dots);
    for_each_rung(check_mix);
}

/* Every float that counts: a step through all exponents between the bounds. */
static void weights_are_right_from_one_down_to_nothing(void **state)
{
    (void)state;
    for (int isa = 0; isa < REF_ISAS; isa++) {
        const struct ref_row_kernels *r = ref_row_kernels_for((enum ref_isa)isa);
        for (int step = 0; r != NULL && step < 5200; step++) {
            const float at = -0.0173f * (float)step;
            float v[3] = {at, at - 0.001f, -INFINITY};
            const float sum = r->weigh(v, 0, 3);
            const double expected = exp((double)at);
            if (at > -87.2f && !(fabs((double)v[0] - expected) <= 3e-7 * expected))
                fail_msg("%s: exp(%g) is %.9g, expected %.9g", ref_isa_name(r->isa), (double)at,
                         (double)v[0], expected);
            assert_float_equal(v[2], 0, 0);
            assert_true(fabs((double)sum - (double)v[0] - (double)v[1]) <= 1e-6 * (double)sum);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(norms_agree),
        cmocka_unit_test(softmax_agrees),
        cmocka_unit_test(what_is_hidden_is_zero_and_nan_spoils_the_row),
        cmocka_unit_test(gated_activations_agree),
        cmocka_unit_test(turned_pairs_agree),
        cmocka_unit_test(keys_and_values_agree),
        cmocka_unit_test(weights_are_right_from_one_down_to_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

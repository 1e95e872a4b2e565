/* The kernels of rows.cu, emulated, against reference/tensor. */
#include "reference/cuda/rows.cuh"
#include "reference/cuda/test_cuda.hh"

extern "C" {
#include "reference/tensor/norm.h"
#include "reference/tensor/rope.h"
}

enum { ROWS = 3 };

static void assert_rows_near(const std::vector<float> &got, const std::vector<float> &want,
                             double relative, double absolute)
{
    for (size_t i = 0; i < want.size(); i++) {
        const double exact = (double)want[i];
        assert_near(&got[i], &exact, 1, relative * fabs(exact) + absolute, "y");
    }
}

static void softmax_of(size_t n, bool masked, bool in_place)
{
    const std::vector<float> x = numbers{11}.many(ROWS * n, 30.0f);
    std::vector<float> mask(ROWS * n, 0.0f), want(ROWS * n), got(x);
    for (size_t i = 0; i < ROWS * n; i++)
        if (i / n == 1 || i % 3 == 0) /* row 1 sees nothing */
            mask[i] = -INFINITY;
    for (size_t r = 0; r < ROWS; r++)
        ref_softmax(&want[r * n], &x[r * n], masked ? &mask[r * n] : NULL, n, 0.7f);
    assert_int_equal(cuda_softmax(in_place ? got.data() : x.data(), masked ? mask.data() : NULL,
                                  ROWS, n, 0.7f, got.data(), NULL),
                     cudaSuccess);
    assert_rows_near(got, want, 0x1p-20, 1e-38);
}

static void softmax_is_the_references(void **)
{
    for (size_t n : {1, 31, 256, 1000}) /* fewer than threads, as many, more and a rest */
        for (bool masked : {false, true})
            in_both_orders([=] { softmax_of(n, masked, n == 256); });
}

static void rms_norm_of(size_t n, bool weighted)
{
    const std::vector<float> x = numbers{12}.many(ROWS * n, 5.0f), w = numbers{13}.many(n);
    std::vector<float> want(ROWS * n), got(x);
    for (size_t r = 0; r < ROWS; r++)
        ref_rms_norm(&want[r * n], &x[r * n], weighted ? w.data() : NULL, n, 1e-5f);
    assert_int_equal(
        cuda_rms_norm(got.data(), weighted ? w.data() : NULL, ROWS, n, 1e-5f, got.data(), NULL),
        cudaSuccess);
    assert_rows_near(got, want, 0x1p-20, 0.0);
}

static void rms_norm_is_the_references(void **)
{
    for (size_t n : {1, 31, 256, 1000})
        for (bool weighted : {false, true})
            in_both_orders([=] { rms_norm_of(n, weighted); });
}

static void rope_of(bool neox, int n_rot, const float *factors)
{
    const int32_t positions[] = {0, 1, 77, 32767, 131071};
    const int heads = 3, head = 64;
    std::vector<float> want = numbers{14}.many(5 * heads * head), got = want;
    ref_rope truth = {};
    truth.pairs = neox ? REF_ROPE_NEOX : REF_ROPE_NORM;
    truth.n_rot = n_rot;
    truth.base = 10000.0f;
    truth.freq_scale = 0.5f;
    truth.factors = factors;
    std::vector<float> cosines(n_rot / 2), sines(n_rot / 2);
    for (int t = 0; t < 5; t++) {
        ref_rope_angles(&truth, positions[t], cosines.data(), sines.data());
        ref_rope_apply(&truth, &want[t * heads * head], heads, head, cosines.data(), sines.data());
    }
    const struct cuda_rope ours = {neox, heads, head, n_rot, 10000.0f, 0.5f, factors};
    assert_int_equal(cuda_rope(got.data(), positions, 5, &ours, NULL), cudaSuccess);
    assert_rows_near(got, want, 0.0, 2e-6);
}

static void rope_is_the_references_in_both_pairings(void **)
{
    const std::vector<float> factors(32, 4.0f);
    for (bool neox : {false, true}) {
        rope_of(neox, 64, NULL);
        rope_of(neox, 48, NULL); /* the rest passes through */
        rope_of(neox, 64, factors.data());
    }
}

static void shapes_that_make_no_sense_are_refused(void **)
{
    float x[8] = {};
    const int32_t position = 1;
    const struct cuda_rope odd = {0, 1, 8, 3, 10000.0f, 1.0f, NULL};
    const struct cuda_rope wide = {0, 1, 8, 10, 10000.0f, 1.0f, NULL};
    const struct cuda_rope no_base = {0, 1, 8, 8, 0.0f, 1.0f, NULL};
    for (const struct cuda_rope *r : {&odd, &wide, &no_base})
        assert_int_equal(cuda_rope(x, &position, 1, r, NULL), cudaErrorInvalidValue);
    assert_int_equal(cuda_softmax(x, NULL, (size_t)1 << 31, 1, 1.0f, x, NULL),
                     cudaErrorInvalidValue);
    assert_int_equal(cuda_rms_norm(x, NULL, 0, 8, 1e-5f, x, NULL), cudaSuccess);
    assert_int_equal(cuda_softmax(x, NULL, 2, 0, 1.0f, x, NULL), cudaSuccess);
}

int main()
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(softmax_is_the_references),
        cmocka_unit_test(rms_norm_is_the_references),
        cmocka_unit_test(rope_is_the_references_in_both_pairings),
        cmocka_unit_test(shapes_that_make_no_sense_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* The kernels of gemm.cu, emulated. Lattice inputs, small integers, make every order of additions
 * exact, so a misplaced element cannot hide in a bound. */
#include "reference/cuda/gemm.cuh"
#include "reference/cuda/test_cuda.hh"

struct shape {
    size_t m, n, k;
};
/* One of everything, whole tiles, and rests on every side. */
static const struct shape shapes[] = {{1, 4, 4}, {64, 64, 32}, {70, 36, 20}, {33, 132, 72}};

static std::vector<float> lattice(uint32_t seed, size_t n)
{
    std::vector<float> x = numbers{seed}.many(n, 16.0f);
    for (float &v : x)
        v = truncf(v);
    return x;
}

static void assert_product(const std::vector<float> &a, const std::vector<float> &b,
                           const struct shape &s, bool b_is_transposed, const float *got)
{
    for (size_t i = 0; i < s.m; i++)
        for (size_t j = 0; j < s.n; j++) {
            double want = 0;
            for (size_t p = 0; p < s.k; p++)
                want += (double)a[i * s.k + p] *
                        (double)(b_is_transposed ? b[j * s.k + p] : b[p * s.n + j]);
            assert_near(&got[i * s.n + j], &want, 1, 0.0, "c");
        }
}

typedef cudaError_t gemm_f32(const float *, const float *, size_t, size_t, size_t, float *,
                             cudaStream_t);

static void is_exact_on_a_lattice(gemm_f32 *gemm)
{
    for (const struct shape &s : shapes) {
        const std::vector<float> a = lattice(3, s.m * s.k), b = lattice(4, s.k * s.n);
        std::vector<float4> got(s.m * s.n / 4 + 1, {NAN, NAN, NAN, NAN});
        float *c = (float *)got.data();
        assert_int_equal(gemm(a.data(), b.data(), s.m, s.n, s.k, c, NULL), cudaSuccess);
        assert_product(a, b, s, false, c);
        assert_true(isnan(c[s.m * s.n])); /* nothing behind the end */
    }
}

static void naive_is_exact(void **)
{
    in_both_orders([] { is_exact_on_a_lattice(cuda_gemm_naive); });
}

static void tiled_is_exact(void **)
{
    in_both_orders([] { is_exact_on_a_lattice(cuda_gemm_tiled); });
}

static void register_is_exact(void **)
{
    in_both_orders([] { is_exact_on_a_lattice(cuda_gemm_register); });
}

static void mma_once()
{
    for (const struct shape &s : shapes) {
        const std::vector<float> a = lattice(3, s.m * s.k), w = lattice(4, s.n * s.k);
        std::vector<uint16_t> half_a(a.size()), half_w(w.size());
        for (size_t i = 0; i < a.size(); i++)
            half_a[i] = ref_f16_from_f32(a[i]);
        for (size_t i = 0; i < w.size(); i++)
            half_w[i] = ref_f16_from_f32(w[i]);
        std::vector<float> c(s.m * s.n + 1, NAN);
        assert_int_equal(cuda_gemm_mma(half_a.data(), half_w.data(), s.m, s.n, s.k, c.data(), NULL),
                         cudaSuccess);
        assert_product(a, w, s, true, c.data());
        assert_true(isnan(c[s.m * s.n]));
    }
}

static void mma_is_exact(void **)
{
    in_both_orders(mma_once);
}

static void shapes_that_cannot_be_loaded_are_refused(void **)
{
    alignas(16) float x[64] = {};
    const uint16_t h[64] = {};
    assert_int_equal(cuda_gemm_register(x, x, 2, 6, 4, x, NULL), cudaErrorInvalidValue);
    assert_int_equal(cuda_gemm_register(x, x, 2, 4, 6, x, NULL), cudaErrorInvalidValue);
    assert_int_equal(cuda_gemm_mma(h, h, 2, 2, 3, x, NULL), cudaErrorInvalidValue);
    assert_int_equal(cuda_gemm_naive(x, x, (size_t)1 << 32, 1, 1, x, NULL), cudaErrorInvalidValue);
}

static void no_depth_gives_zeros_and_no_rows_nothing(void **)
{
    alignas(16) float c[16];
    for (gemm_f32 *gemm : {cuda_gemm_naive, cuda_gemm_tiled, cuda_gemm_register}) {
        c[0] = c[15] = NAN;
        assert_int_equal(gemm(c, c, 0, 4, 4, c, NULL), cudaSuccess);
        assert_true(isnan(c[0]));
        assert_int_equal(gemm(NULL, NULL, 4, 4, 0, c, NULL), cudaSuccess);
        assert_true(c[0] == 0.0f && c[15] == 0.0f);
    }
}

int main()
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(naive_is_exact),
        cmocka_unit_test(tiled_is_exact),
        cmocka_unit_test(register_is_exact),
        cmocka_unit_test(mma_is_exact),
        cmocka_unit_test(shapes_that_cannot_be_loaded_are_refused),
        cmocka_unit_test(no_depth_gives_zeros_and_no_rows_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

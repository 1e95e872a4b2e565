/* The kernels of matvec.cu, emulated, against the same formula in double. */
#include "reference/cuda/matvec.cuh"
#include "reference/cuda/quant.cuh"
#include "reference/cuda/test_cuda.hh"

extern "C" {
#include "reference/quant/dot.h"
#include "reference/quant/quant.h"
}

enum { ROWS = 7 }; /* no multiple of the rows of a block of threads */

/* Weights and activations as they are stored, restored by the reference. */
template <typename Block> struct product {
    size_t columns;
    std::vector<Block> w;
    std::vector<ref_q8_1> x;
    std::vector<float> w_values, x_values;

    product(uint32_t type, size_t per_block, size_t columns_) : columns(columns_)
    {
        const std::vector<float> weights = numbers{99}.many(ROWS * columns);
        const std::vector<float> activations = numbers{5}.many(columns, 3.0f);
        w.resize(ROWS * columns / per_block);
        x.resize(columns / 32);
        w_values.resize(ROWS * columns);
        x_values.resize(columns);
        assert_int_equal(ref_quant_quantize(type, weights.data(), ROWS * columns, w.data(), NULL),
                         OK);
        assert_int_equal(
            ref_quant_dequantize(type, w.data(), ROWS * columns, w_values.data(), NULL), OK);
        assert_int_equal(cuda_q8_1_quantize(activations.data(), columns, x.data(), NULL),
                         cudaSuccess);
        assert_int_equal(ref_q8_1_dequantize(x.data(), columns, x_values.data(), NULL), OK);
    }
};

template <typename Block>
static void sums_are_right(cudaError_t (*ours)(const Block *, const ref_q8_1 *, size_t, size_t,
                                               float *, cudaStream_t),
                           uint32_t type, size_t per_block, size_t columns)
{
    const product<Block> p(type, per_block, columns);
    std::vector<float> got(ROWS, NAN);
    assert_int_equal(ours(p.w.data(), p.x.data(), ROWS, columns, got.data(), NULL), cudaSuccess);
    for (int r = 0; r < ROWS; r++) {
        double want = 0, magnitude = 0;
        for (size_t i = 0; i < columns; i++) {
            const double term = (double)p.w_values[r * columns + i] * (double)p.x_values[i];
            want += term;
            magnitude += fabs(term);
        }
        assert_near(&got[r], &want, 1, 2e-6 * magnitude, "a row");
    }
    assert_int_equal(ours(p.w.data(), p.x.data(), ROWS, columns + 16, got.data(), NULL),
                     cudaErrorInvalidValue);
    assert_int_equal(ours(p.w.data(), p.x.data(), ROWS, 0, got.data(), NULL),
                     cudaErrorInvalidValue);
    assert_int_equal(ours(p.w.data(), p.x.data(), 0, columns, got.data(), NULL), cudaSuccess);
}

static void q4_0_sums_are_right(void **)
{
    for (size_t columns : {32, 256, 1056}) /* less than a step of a warp, one, several and a rest */
        in_both_orders([=] { sums_are_right(cuda_matvec_q4_0, REF_Q4_0, 32, columns); });
}

static void q8_0_sums_are_right(void **)
{
    for (size_t columns : {32, 256, 1056})
        in_both_orders([=] { sums_are_right(cuda_matvec_q8_0, REF_Q8_0, 32, columns); });
}

static void q4_k_sums_are_right(void **)
{
    for (size_t columns : {256, 1280})
        in_both_orders([=] { sums_are_right(cuda_matvec_q4_k, REF_Q4_K, 256, columns); });
}

/* llama.cpp's product, whose activations are Q8_0: the same bytes of q and d. */
static void q4_0_agrees_with_the_scalar_dot(void **)
{
    const product<ref_q4_0> p(REF_Q4_0, 32, 512);
    std::vector<ref_q8_0> x(512 / 32);
    for (size_t b = 0; b < x.size(); b++) {
        x[b].d = p.x[b].d;
        memcpy(x[b].q, p.x[b].q, sizeof x[b].q);
    }
    float got[ROWS];
    assert_int_equal(cuda_matvec_q4_0(p.w.data(), p.x.data(), ROWS, 512, got, NULL), cudaSuccess);
    for (int r = 0; r < ROWS; r++) {
        float want;
        assert_int_equal(ref_quant_dot(REF_Q4_0, &p.w[r * 16], x.data(), 512, &want, NULL), OK);
        const double exact = (double)want;
        assert_near(&got[r], &exact, 1, 2e-6 * 512, "a row");
    }
}

int main()
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(q4_0_sums_are_right),
        cmocka_unit_test(q8_0_sums_are_right),
        cmocka_unit_test(q4_k_sums_are_right),
        cmocka_unit_test(q4_0_agrees_with_the_scalar_dot),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

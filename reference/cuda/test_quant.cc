/* The kernels of quant.cu, emulated: bytes and values are the reference's. */
#include "reference/cuda/quant.cuh"
#include "reference/cuda/test_cuda.hh"

#include <cstring>

enum { N = 256 * 37 }; /* no multiple of what a block of threads makes */

/* Ordinary weights, and the blocks at the edges: zeros, equal values, ties, one sign, tiny groups
 * in a large block, values that are nearly nothing. */
static std::vector<float> weights()
{
    std::vector<float> x = numbers{12345}.many(N);
    for (int i = 0; i < 256; i++) {
        x[i] = 0.0f;
        x[256 + i] = -0.0f;
        x[512 + i] = 0.75f;
        x[768 + i] = -0.75f;
        x[1024 + i] = i % 2 ? 127.0f : -127.0f + (float)(i % 7) * 0.5f;
        x[1280 + i] = fabsf(x[1280 + i]) + 1.0f;
        x[1536 + i] = i < 32 ? 100.0f * x[1536 + i] : i < 64 ? 0.0f : 1e-6f * x[1536 + i];
        x[1792 + i] *= 1e-20f;
        x[2048 + i] = (float)i - 128.0f;
        x[2304 + i] *= 60000.0f;
        x[2560 + i] = i < 40 ? 0.0f : x[2560 + i] * x[2560 + i] * x[2560 + i];
    }
    return x;
}

template <typename Block>
static void same_bytes(cudaError_t (*ours)(const float *, size_t, Block *, cudaStream_t),
                       enum err_code (*truth)(const float *, size_t, Block *, struct err *),
                       size_t per_block)
{
    const std::vector<float> x = weights();
    std::vector<Block> want(N / per_block), got(N / per_block);
    assert_int_equal(truth(x.data(), N, want.data(), NULL), OK);
    memset((void *)got.data(), 0xff, got.size() * sizeof(Block));
    assert_int_equal(ours(x.data(), N, got.data(), NULL), cudaSuccess);
    for (size_t b = 0; b < want.size(); b++)
        if (memcmp(&got[b], &want[b], sizeof(Block)) != 0)
            fail_msg("block %zu differs", b);
    assert_int_equal(ours(x.data(), per_block / 2, got.data(), NULL), cudaErrorInvalidValue);
    assert_int_equal(ours(x.data(), 0, got.data(), NULL), cudaSuccess);
}

template <typename Block>
static void same_values(cudaError_t (*ours)(const Block *, size_t, float *, cudaStream_t),
                        enum err_code (*truth)(const Block *, size_t, float *, struct err *),
                        size_t per_block)
{
    std::vector<Block> blocks(N / per_block);
    uint8_t *bytes = (uint8_t *)blocks.data();
    numbers any = {777};
    for (size_t i = 0; i < blocks.size() * sizeof(Block); i++)
        bytes[i] = (uint8_t)(int)(128.0f + 127.9f * any.next()); /* any content */
    std::vector<float> want(N), got(N, NAN);
    assert_int_equal(truth(blocks.data(), N, want.data(), NULL), OK);
    assert_int_equal(ours(blocks.data(), N, got.data(), NULL), cudaSuccess);
    for (size_t i = 0; i < N; i++)
        if (memcmp(&got[i], &want[i], sizeof got[i]) != 0 && !(isnan(got[i]) && isnan(want[i])))
            fail_msg("weight %zu is %a, not %a", i, (double)got[i], (double)want[i]);
    assert_int_equal(ours(blocks.data(), per_block / 2, got.data(), NULL), cudaErrorInvalidValue);
}

#define BYTES_ARE_THE_REFERENCES(type, weights)                                                    \
    static void type##_bytes_are_the_references(void **)                                           \
    {                                                                                              \
        in_both_orders(                                                                            \
            [] { same_bytes(cuda_##type##_quantize, ref_##type##_quantize, weights); });           \
    }
#define VALUES_ARE_THE_REFERENCES(type, weights)                                                   \
    static void type##_values_are_the_references(void **)                                          \
    {                                                                                              \
        same_values(cuda_##type##_dequantize, ref_##type##_dequantize, weights);                   \
    }
BYTES_ARE_THE_REFERENCES(q4_0, 32)
BYTES_ARE_THE_REFERENCES(q8_0, 32)
BYTES_ARE_THE_REFERENCES(q8_1, 32)
BYTES_ARE_THE_REFERENCES(q4_k, 256)
BYTES_ARE_THE_REFERENCES(q6_k, 256)
VALUES_ARE_THE_REFERENCES(q4_0, 32)
VALUES_ARE_THE_REFERENCES(q8_0, 32)
VALUES_ARE_THE_REFERENCES(q4_k, 256)
VALUES_ARE_THE_REFERENCES(q6_k, 256)

int main()
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(q4_0_bytes_are_the_references),
        cmocka_unit_test(q8_0_bytes_are_the_references),
        cmocka_unit_test(q8_1_bytes_are_the_references),
        cmocka_unit_test(q4_k_bytes_are_the_references),
        cmocka_unit_test(q6_k_bytes_are_the_references),
        cmocka_unit_test(q4_0_values_are_the_references),
        cmocka_unit_test(q8_0_values_are_the_references),
        cmocka_unit_test(q4_k_values_are_the_references),
        cmocka_unit_test(q6_k_values_are_the_references),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* The kernels of attention.cu, emulated, against the definition in reference/attention. */
#include "reference/cuda/attention.cuh"
#include "reference/cuda/test_cuda.hh"

extern "C" {
#include "reference/attention/attention.h"
#include "reference/quant/quant.h"
}

struct heads {
    int heads, kv_heads, d;
};
static const struct heads mha = {2, 2, 64}, gqa = {6, 2, 64}, mqa = {4, 1, 128};
static const struct heads wide_group = {20, 1, 64}; /* more heads than rows of a block */

/* A cache of stored keys and values, queries, and the truth in double. */
struct problem {
    cuda_attention ours;
    size_t n_q, n_kv;
    std::vector<float> q, want;
    std::vector<uint8_t> k, v;

    problem(const heads &h, cuda_kv type, bool causal, size_t n_q_, size_t n_kv_)
        : ours{h.heads, h.kv_heads, h.d, type, causal, 1.0f / sqrtf((float)h.d)}, n_q(n_q_),
          n_kv(n_kv_)
    {
        const uint32_t id = type == CUDA_KV_F16 ? REF_F16 : REF_Q8_0;
        q = numbers{31}.many(n_q * h.heads * h.d, 4.0f);
        k = stored(id, numbers{32}.many(n_kv * h.kv_heads * h.d, 3.0f));
        v = stored(id, numbers{33}.many(n_kv * h.kv_heads * h.d));
        solve(id, causal);
    }

    static std::vector<uint8_t> stored(uint32_t id, const std::vector<float> &x)
    {
        size_t bytes;
        assert_int_equal(ref_quant_row_bytes(id, x.size(), &bytes, NULL), OK);
        std::vector<uint8_t> row(bytes);
        assert_int_equal(ref_quant_quantize(id, x.data(), x.size(), row.data(), NULL), OK);
        return row;
    }

    void solve(uint32_t id, bool causal)
    {
        const struct ref_attention truth = {ours.heads, ours.kv_heads, ours.d, ours.d, id,
                                            id,         ours.scale,    0.0f};
        std::vector<float> mask(n_q * n_kv, 0.0f), scratch(n_kv + 2 * ours.d);
        for (size_t i = 0; causal && i < n_q; i++)
            for (size_t j = n_kv - n_q + i + 1; j < n_kv; j++)
                mask[i * n_kv + j] = -INFINITY;
        want.resize(q.size());
        ref_attention(&truth, q.data(), n_q, k.data(), v.data(), n_kv, mask.data(), scratch.data(),
                      want.data());
    }

    void assert_right(const std::vector<float> &got) const
    {
        const std::vector<double> exact(want.begin(), want.end());
        assert_near(got.data(), exact.data(), exact.size(), 0x1p-18, "out"); /* |v| <= 1 */
    }
};

static void prefill_once(const heads &h, cuda_kv type, bool causal, size_t n_q, size_t n_kv)
{
    const problem p(h, type, causal, n_q, n_kv);
    std::vector<float> got(p.q.size(), NAN);
    assert_int_equal(cuda_attention_prefill(&p.ours, p.q.data(), n_q, p.k.data(), p.v.data(), n_kv,
                                            got.data(), NULL),
                     cudaSuccess);
    p.assert_right(got);
}

static void prefill_is_the_definition(void **)
{
    for (cuda_kv type : {CUDA_KV_F16, CUDA_KV_Q8_0})
        for (bool causal : {false, true})
            in_both_orders([=] {
                prefill_once(gqa, type, causal, 1, 1);
                prefill_once(mha, type, causal, 35, 35);
                prefill_once(gqa, type, causal, 20, 70); /* queries behind a cache */
                prefill_once(mqa, type, causal, 16, 32);
            });
}

static void decode_once(const heads &h, cuda_kv type, size_t n_kv, size_t splits)
{
    const problem p(h, type, false, 1, n_kv);
    std::vector<float> got(p.q.size(), NAN);
    std::vector<float> ws(cuda_attention_decode_ws(&p.ours, splits) / sizeof(float), NAN);
    const size_t bytes = ws.size() * sizeof(float);
    assert_int_equal(cuda_attention_decode(&p.ours, p.q.data(), p.k.data(), p.v.data(), n_kv,
                                           splits, ws.data(), bytes, got.data(), NULL),
                     cudaSuccess);
    p.assert_right(got);
    assert_int_equal(cuda_attention_decode(&p.ours, p.q.data(), p.k.data(), p.v.data(), n_kv,
                                           splits, ws.data(), bytes - 1, got.data(), NULL),
                     cudaErrorInvalidValue);
}

static void decode_is_the_definition_for_any_split(void **)
{
    for (cuda_kv type : {CUDA_KV_F16, CUDA_KV_Q8_0})
        in_both_orders([=] {
            decode_once(mha, type, 1, 1);
            decode_once(gqa, type, 100, 3);
            decode_once(mqa, type, 64, 2);
            decode_once(wide_group, type, 40, 2);
            decode_once(gqa, type, 5, 4); /* the last split has no keys */
        });
}

static void shapes_that_make_no_sense_are_refused(void **)
{
    const cuda_attention wrong[] = {
        {4, 3, 64, CUDA_KV_F16, 0, 1.0f}, /* 3 do not divide 4 */
        {4, 2, 80, CUDA_KV_F16, 0, 1.0f},
        {0, 1, 64, CUDA_KV_F16, 0, 1.0f},
    };
    for (const cuda_attention &a : wrong)
        assert_int_equal(cuda_attention_prefill(&a, NULL, 1, NULL, NULL, 1, NULL, NULL),
                         cudaErrorInvalidValue);
    const cuda_attention right = {4, 2, 64, CUDA_KV_F16, 1, 1.0f};
    assert_int_equal(cuda_attention_prefill(&right, NULL, 2, NULL, NULL, 1, NULL, NULL),
                     cudaErrorInvalidValue);
    assert_int_equal(cuda_attention_prefill(&right, NULL, 0, NULL, NULL, 1, NULL, NULL),
                     cudaSuccess);
}

int main()
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(prefill_is_the_definition),
        cmocka_unit_test(decode_is_the_definition_for_any_split),
        cmocka_unit_test(shapes_that_make_no_sense_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

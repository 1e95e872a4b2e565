/* Attention without a matrix of scores: keys and values pass through shared memory in tiles of 32,
 * and each query keeps only the highest score, the sum of exp(score - highest) and the weighted sum
 * of the values, which are rescaled when a higher score comes. (Dao and others: FlashAttention,
 * 2022; Dao: FlashAttention-2, 2023; for decoding: Dao and others, Flash-Decoding, 2023.)
 *
 *     score[j] = scale * q . k_j        out = sum over j of softmax(score)[j] * v_j
 *
 * Layouts, slowest dimension first; query head h reads key/value head h / (heads / kv_heads):
 *
 *     q, out  (n_q, heads, d) float       k, v  (n_kv, kv_heads, d) of CUDA_KV_F16 or CUDA_KV_Q8_0
 *
 * F16: 2d bytes a row, halves. Q8_0: 34 * d/32 bytes a row, ref_q8_0 blocks. The queries are the
 * last n_q of the n_kv positions: with `causal`, query i sees the keys up to n_kv - n_q + i, else
 * all.
 *
 * |out - ref_attention()| <= 2^-18 * max |v| for |scores| below 100. Values are multiplied by 0
 * where a key is hidden, so all have to be finite.
 *
 * cudaErrorInvalidValue: d is neither 64 nor 128; a head count is not positive, or kv_heads do not
 * divide heads; n_kv < n_q or n_kv is 0; a grid dimension above its limit (2^31 - 1 tiles of 16
 * queries, 65535 heads). */
#pragma once

#include "reference/cuda/device.cuh"

enum cuda_kv { CUDA_KV_F16, CUDA_KV_Q8_0 };

struct cuda_attention {
    int heads, kv_heads, d;
    enum cuda_kv type; /* of k and v */
    int causal;
    float scale; /* 1/sqrt(d) in most models */
};

extern "C" {

/* Many queries: 16 of one head share the tiles of keys, 4 a warp. For a score a lane has a key, for
 * the sums it has d/32 of the values. 20.1 or 40.1 KiB of shared memory. */
cudaError_t cuda_attention_prefill(const struct cuda_attention *a, const float *q, size_t n_q,
                                   const void *k, const void *v, size_t n_kv, float *ret_out,
                                   cudaStream_t stream);

/* One query of each head: the keys are divided among `splits` blocks, each of which serves up to 16
 * heads of a group with the keys it reads, and a second kernel merges the parts.
 *   splits  1..65535; several times the multiprocessors over kv_heads fills a device
 *   ws      (cuda_attention_decode_ws) bytes at a multiple of 4, overwritten
 * cudaErrorInvalidValue: also ws_bytes too small. */
size_t cuda_attention_decode_ws(const struct cuda_attention *a, size_t splits);
cudaError_t cuda_attention_decode(const struct cuda_attention *a, const float *q, const void *k,
                                  const void *v, size_t n_kv, size_t splits, void *ws,
                                  size_t ws_bytes, float *ret_out, cudaStream_t stream);
}

/* y = W x for a matrix of quantised rows: what a model does for each token that it writes. Bound by
 * the bytes of W, so they are read once, in one piece per warp, and multiplied as they are.
 *
 *     activations   x becomes Q8_1 blocks once (cuda_q8_1_quantize, quant.cuh)
 *     y[r] = sum over blocks of the integer dot product (dp4a: four byte products a step) * scales
 *
 *     W             block's term, with d, q of W and e, p of the activations
 *     Q4_0, Q8_0    d * e * sum(q * p)
 *     Q4_K          for each group of 32:  d * scale * e * sum(q * p) - dmin * min * e * sum(p)
 *
 * The integer sums are exact; floats are added lane by lane and then over the warp:
 * |y - truth| <= 2e-6 * sum of |terms|, truth being the same formula in double. The sum of p is
 * taken from the bytes, not from the half s, which underflows. (Method: mul_mat_vec_q in ggml's
 * src/ggml-cuda/mmvq.cu; llama.cpp's CPU path takes Q8_K activations for Q4_K, whose one scale for
 * 256 values is coarser.)
 *
 *   rows  any;  columns  a multiple of 32, of 256 for Q4_K
 *   w     (rows, columns/32 or /256) blocks at an even address; Q4_K at a multiple of 4
 *   x     (columns/32) Q8_1 at a multiple of 4;   ret_y (rows)
 * One warp a row, four rows a block. cudaErrorInvalidValue: columns fill no whole blocks or are 0
 * where rows are not, or rows exceed 2^32. */
#pragma once

#include "reference/cuda/device.cuh"

extern "C" {
cudaError_t cuda_matvec_q4_0(const struct ref_q4_0 *w, const struct ref_q8_1 *x, size_t rows,
                             size_t columns, float *ret_y, cudaStream_t stream);
cudaError_t cuda_matvec_q8_0(const struct ref_q8_0 *w, const struct ref_q8_1 *x, size_t rows,
                             size_t columns, float *ret_y, cudaStream_t stream);
cudaError_t cuda_matvec_q4_k(const struct ref_q4_k *w, const struct ref_q8_1 *x, size_t rows,
                             size_t columns, float *ret_y, cudaStream_t stream);
}

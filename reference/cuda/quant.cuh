/* Blocks of weights and activations, made and restored on the device. The layouts are those of
 * reference/quant/legacy.h and k_quants.h, to the byte:
 *
 *             bytes  weights    0       2        4            16
 *     Q4_0      18      32      d       qs[16]
 *     Q8_0      34      32      d       q[32]
 *     Q8_1      36      32      d       s        q[32]                  activations only
 *     Q4_K     144     256      d       dmin     scales[12]   qs[128]
 *     Q6_K     210     256      ql[128] at 0, qh[64] at 128, scales[16] at 192, d at 208
 *
 * The bytes are those of ref_q*_quantize(), hence ggml's (quantize_row_q*_ref in ggml's
 * src/ggml-quants.c), and the restored values are those of ref_q*_dequantize(). For that, quant.cu
 * has to be compiled with -fmad=false: a fused multiply-add changes codes. NaN and values above
 * REF_LEGACY_MAX or REF_K_MAX are not refused as there; their blocks hold some bytes.
 *
 * n is the number of weights, a multiple of the block's; blocks begin at an even address, those of
 * Q8_1 and Q4_K at a multiple of 4 (cudaMalloc gives 256). cudaErrorInvalidValue: n fills no whole
 * blocks, or exceeds 2^38. */
#pragma once

#include "reference/cuda/device.cuh"

extern "C" {

/* ret_blocks (n/32) or (n/256) from x (n). One warp makes a block of 32; 8 threads, one for each
 * group of 32, make one of Q4_K; 16 threads one of Q6_K. */
cudaError_t cuda_q4_0_quantize(const float *x, size_t n, struct ref_q4_0 *ret_blocks,
                               cudaStream_t stream);
cudaError_t cuda_q8_0_quantize(const float *x, size_t n, struct ref_q8_0 *ret_blocks,
                               cudaStream_t stream);
cudaError_t cuda_q8_1_quantize(const float *x, size_t n, struct ref_q8_1 *ret_blocks,
                               cudaStream_t stream);
cudaError_t cuda_q4_k_quantize(const float *x, size_t n, struct ref_q4_k *ret_blocks,
                               cudaStream_t stream);
cudaError_t cuda_q6_k_quantize(const float *x, size_t n, struct ref_q6_k *ret_blocks,
                               cudaStream_t stream);

/* ret_x (n) from blocks of any content. One thread restores one weight: a warp writes 128 bytes in
 * one piece, and what it reads more than once comes from the first-level cache. */
cudaError_t cuda_q4_0_dequantize(const struct ref_q4_0 *blocks, size_t n, float *ret_x,
                                 cudaStream_t stream);
cudaError_t cuda_q8_0_dequantize(const struct ref_q8_0 *blocks, size_t n, float *ret_x,
                                 cudaStream_t stream);
cudaError_t cuda_q4_k_dequantize(const struct ref_q4_k *blocks, size_t n, float *ret_x,
                                 cudaStream_t stream);
cudaError_t cuda_q6_k_dequantize(const struct ref_q6_k *blocks, size_t n, float *ret_x,
                                 cudaStream_t stream);
}

/* Products of matrices, from the definition to the tensor cores. Each step keeps a value longer
 * where it is cheap: in registers of another thread (naive), in shared memory, in registers of its
 * own.
 *
 *     float    c (m, n) = a (m, k) * b (k, n)               all rows first, no gaps
 *     f16      c (m, n) float = a (m, k) * transposed w (n, k)    halves; rows of weights, as in a
 * model
 *
 *     name      a block of threads makes            reads of a and b for each product
 *     naive     1 element a thread                  2 from the caches
 *     tiled     32 x 32, a thread 4                 2 from shared memory, 1/16 from global
 *     register  64 x 64, a thread 4 x 4             1/2 from shared memory, 1/32 from global
 *     mma       64 x 64, a warp 32 x 32             fragments: mma.sync.m16n8k16, sums in float
 *
 * |c - truth| <= 2^-23 * k * sum of |a*b|, in fact about sqrt(k) of it. (Boehm: How to Optimize a
 * CUDA Matmul Kernel, 2022; fragments: PTX ISA, "Matrix Fragments for mma.m16n8k16".)
 *
 * cudaErrorInvalidValue: register: n or k is no multiple of 4, as rows are read as float4; mma: k
 * is odd, as halves are read in pairs; any: m exceeds 65535 tiles, or n 2^31. Buffers of `register`
 * begin at a multiple of 16, those of mma at one of 4. k = 0 gives zeros. Shared memory: 8 KiB for
 * tiled, 8.25 for register, 6 for mma. */
#pragma once

#include "reference/cuda/device.cuh"

extern "C" {
cudaError_t cuda_gemm_naive(const float *a, const float *b, size_t m, size_t n, size_t k,
                            float *ret_c, cudaStream_t stream);
cudaError_t cuda_gemm_tiled(const float *a, const float *b, size_t m, size_t n, size_t k,
                            float *ret_c, cudaStream_t stream);
cudaError_t cuda_gemm_register(const float *a, const float *b, size_t m, size_t n, size_t k,
                               float *ret_c, cudaStream_t stream);
cudaError_t cuda_gemm_mma(const uint16_t *a, const uint16_t *w, size_t m, size_t n, size_t k,
                          float *ret_c, cudaStream_t stream);
}

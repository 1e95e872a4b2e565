/* What a model does row by row between its matrix products. Sums and maxima go over a warp by
 * shuffles, then over the warps of a block by shared memory. */
#pragma once

#include "reference/cuda/device.cuh"

extern "C" {

/* y = exp(x*scale + mask - max) / sum for each of `rows` rows of n; where all is hidden, zeros.
 *   x, ret_y  (rows, n)  ret_y may be x
 *   mask      (rows, n)  or NULL for zeros; -INFINITY hides an element, whose y is exactly 0
 * x is read twice, not three times: maximum and sum come from one pass, which rescales the sum
 * whenever the maximum grows. (Milakov, Gimelshein: Online normalizer calculation for softmax,
 * 2018.) |y - ref_softmax()| <= 2^-20 of y for |x*scale| below 100.
 * cudaErrorInvalidValue: rows exceed 2^31 - 1. */
cudaError_t cuda_softmax(const float *x, const float *mask, size_t rows, size_t n, float scale,
                         float *ret_y, cudaStream_t stream);

/* y = x / sqrt(mean(x^2) + eps) * w for each row; within 2^-20 of ref_rms_norm(), which sums in
 * double.
 *   x, ret_y  (rows, n)  ret_y may be x
 *   w         (n)        or NULL for ones
 * cudaErrorInvalidValue: rows exceed 2^31 - 1. */
cudaError_t cuda_rms_norm(const float *x, const float *w, size_t rows, size_t n, float eps,
                          float *ret_y, cudaStream_t stream);

struct cuda_rope {
    int neox;             /* 0: pairs (2i, 2i+1); 1: pairs (i, i + n_rot/2) */
    int heads, head;      /* of each token; numbers of a head */
    int n_rot;            /* even, at most `head`; what lies behind passes through */
    float base;           /* 10000, 500000 ... */
    float freq_scale;     /* 1; 1/s for linear scaling by s */
    const float *factors; /* (n_rot/2) on the device, or NULL: Llama 3's rope_freqs.weight */
};

/* Turns pair i of each head by position * base^(-2i/n_rot) * freq_scale / factors[i], as
 * reference/tensor/rope.h tells (YaRN apart). In place.
 *   x          (tokens, heads, head)
 *   positions  (tokens)
 * The angle is taken in double and reduced to a half turn before it becomes a float, so it is right
 * at any position: within 1e-6 of the magnitude of the pair. One thread turns the same pair of all
 * heads of a token, for the price of one sine. cudaErrorInvalidValue: a count that is negative,
 * n_rot odd or above head, base or freq_scale not positive, more than 65535 * 128 pairs, or tokens
 * above 2^31 - 1. */
cudaError_t cuda_rope(float *x, const int32_t *positions, size_t tokens,
                      const struct cuda_rope *rope, cudaStream_t stream);
}

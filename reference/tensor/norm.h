/* Norms and softmax over one row of n floats. y may be x. n = 0 is legal and does nothing.
 *
 * Sums are taken in double over terms that are rounded to float first, as ggml's CPU kernels do
 * (ggml_compute_forward_rms_norm_f32 and its neighbours in ggml's src/ggml-cpu/ops.cpp). A NaN in x
 * makes the whole row NaN. */
#pragma once

#include <stddef.h>

/* y = x / sqrt(mean(x^2) + eps) * w. (Zhang, Sennrich: Root Mean Square Layer Normalization, 2019.)
 *   w    (n)  NULL: ones
 *   eps       inside the root; 1e-5 or 1e-6 in model files */
void ref_rms_norm(float *y, const float *x, const float *w, size_t n, float eps);

/* y = (x - mean) / sqrt(variance + eps) * w + b; the variance is the biased one, over n. (Ba,
 * Kiros, Hinton: Layer Normalization, 2016.)
 *   w, b  (n)  NULL: ones, zeros */
void ref_layer_norm(float *y, const float *x, const float *w, const float *b, size_t n, float eps);

/* y = exp(x*scale + mask - max) / sum.
 *   mask  (n)  NULL: zeros; -INFINITY hides an element, whose y is exactly 0
 * Where everything is hidden, y is all zeros (ggml's would be NaN): a query that sees nothing gets
 * nothing. */
void ref_softmax(float *y, const float *x, const float *mask, size_t n, float scale);

/* log(sum(exp(x))) without overflow, in double; -INFINITY for n = 0. */
double ref_log_sum_exp(const float *x, size_t n);

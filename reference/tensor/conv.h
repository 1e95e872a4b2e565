/* Convolution by gathering: im2col writes each receptive field as a row, and a matrix product does
 * the rest. Shapes as ggml's ggml_im2col and ggml_conv_1d/2d (ggml's include/ggml.h), here written
 * slowest dimension first. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

/* One axis: out = (in + 2*pad - dilation*(kernel - 1) - 1) / stride + 1. */
struct ref_conv_axis {
    int32_t in, kernel, stride, pad, dilation;
};

/* A picture has a height and a width; a signal has height {1, 1, 1, 0, 1}. */
struct ref_conv {
    int32_t channels;
    struct ref_conv_axis height, width;
};

/* Checks the shape and tells the size of what im2col writes: `ret_rows` receptive fields (out_h *
 * out_w, row-major) of `ret_columns` = channels * kernel_h * kernel_w values. ERR_INVALID: `why`
 * names the axis, ERR_TOO_LARGE: the product overflows. */
MUST_CHECK enum err_code ref_conv_shape(const struct ref_conv *c, size_t *ret_rows,
                                        size_t *ret_columns, struct err *why);

/* ret (rows, columns) from x (channels, in_h, in_w). Places outside of x are zero. The shape was
 * checked. */
void ref_im2col(const struct ref_conv *c, const float *x, float *ret);

/* y (filters, out_h, out_w) = w (filters, channels, kernel_h, kernel_w) * x + b (filters, or NULL).
 * Sums in double. `scratch` holds rows * columns floats. The shape was checked. */
void ref_conv(const struct ref_conv *c, const float *x, const float *w, const float *b,
              size_t filters, float *scratch, float *y);

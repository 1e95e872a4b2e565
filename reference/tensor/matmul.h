/* Matrix products in ggml's shapes: a has ne = {K, M, ..} (M rows of weights), b has {K, N, ..} (N
 * rows of activations), and the result has {M, N, ..}:
 *
 *     dst[m, n, i2, i3] = sum over k of a[k, m, i2 / r2, i3 / r3] * b[k, n, i2, i3]
 *
 * with r2 = b->ne[2] / a->ne[2], r3 likewise: batches are broadcast by division, so that a group of
 * query heads shares one key head (ggml_mul_mat in ggml's include/ggml.h). */
#pragma once

#include "reference/tensor/view.h"

/* F32 by F32 in double, rounded once: nearer to the true sum than any order of float additions.
 * Rows may lie anywhere, but elements of a row of a and b are neighbours, and dst is contiguous.
 * ERR_UNSUPPORTED: a type. ERR_INVALID: a shape or stride; `why` names it. Nothing is written then.
 */
MUST_CHECK enum err_code ref_matmul(const struct ref_view *dst, const struct ref_view *a,
                                    const struct ref_view *b, struct err *why);

/* The same check alone, for who computes by other means. */
MUST_CHECK enum err_code ref_matmul_check(const struct ref_view *dst, const struct ref_view *a,
                                          const struct ref_view *b, struct err *why);

/* Sum of x[i] * y[i] in double. */
double ref_dot_f32(const float *x, const float *y, size_t n);

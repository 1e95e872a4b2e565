/* The operations on rows that are worth a vector unit, by instruction set. A rung is a table of
 * functions; the scalar one holds those of norm.h, activation.h, rope.h and matmul.h, and is the
 * truth.
 *
 * What a rung owes the scalar one, for finite input: sums are in float, by lanes, so
 * |rung - scalar| <= 2^-24 * (n / lanes + 8) * sum of |terms| for dot, and that share of the scale
 * for the norms; softmax, SwiGLU and GeGLU within 4e-6 of the larger of |y| and 1e-30, as their exp
 * is within 2 units; RoPE within 2^-23 * (|a| + |b|) of a pair. A NaN in x makes a row of softmax
 * NaN, as in norm.h. */
#pragma once

#include <stddef.h>

#include "reference/quant/isa.h"
#include "reference/tensor/rope.h"

struct ref_row_kernels {
    enum ref_isa isa;
    /* As ref_rms_norm(), ref_layer_norm() and ref_softmax(). */
    void (*rms_norm)(float *y, const float *x, const float *w, size_t n, float eps);
    void (*layer_norm)(float *y, const float *x, const float *w, const float *b, size_t n,
                       float eps);
    void (*softmax)(float *y, const float *x, const float *mask, size_t n, float scale);
    /* y = silu(gate) * up, and gelu(gate) * up by tanh */
    void (*swiglu)(float *y, const float *gate, const float *up, size_t n);
    void (*geglu)(float *y, const float *gate, const float *up, size_t n);
    /* As ref_rope_apply(). */
    void (*rope)(const struct ref_rope *r, float *x, int n_heads, int head, const float *cosines,
                 const float *sines);
    /* Scores of several keys at once: ret[j] = sum over i of q[i] * k[j*stride + i], j < n_keys. */
    void (*dots)(const float *q, const float *k, size_t stride, size_t n, size_t n_keys,
                 float *ret);
    /* acc[i] = acc[i] * shrink + sum over j of weights[j] * v[j*stride + i], i < n. */
    void (*mix)(float *acc, float shrink, const float *weights, const float *v, size_t stride,
                size_t n, size_t n_keys);
    /* x[i] becomes exp(x[i] - max), -INFINITY 0; returns the sum. */
    float (*weigh)(float *x, float max, size_t n);
};

/* NULL where this machine does not have it. */
const struct ref_row_kernels *ref_row_kernels_for(enum ref_isa isa);

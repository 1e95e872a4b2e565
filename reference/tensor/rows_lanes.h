/* The text of rows_avx2.c, rows_avx512.c and rows_neon.c: RUNG is the table, RUNG_ISA its
 * instruction set. */
#include <math.h>
#include <stdbool.h>

#include "reference/tensor/lanes.h"
#include "reference/tensor/rows.h"

/* What is computed hides what is waited for, if the memory is asked this many floats before. The
 * hardware asks too, but stops at the end of each page. Where a row is read more than once, the
 * last time is when the next row is asked for, which mostly is there and is not looked at
 * otherwise. */
enum { AHEAD = 2048, NEXT_ROW = 4096 };

/* ---- norms ---- */

static float sum_of_squares(const float *x, size_t n)
{
    lanes sum[4] = {{0}};
    size_t i = 0;
    for (; i + 4 * LANES <= n; i += 4 * LANES)
        for (size_t k = 0; k < 4; k++) {
            const lanes v = lanes_load(x + i + k * LANES);
            sum[k] += v * v;
        }
    for (; i + LANES <= n; i += LANES) {
        const lanes v = lanes_load(x + i);
        sum[0] += v * v;
    }
    const lanes v = lanes_load_some(x + i, n - i, 0);
    return lanes_sum((sum[0] + sum[1]) + (sum[2] + sum[3]) + v * v);
}

static void rms_norm(float *y, const float *x, const float *w, size_t n, float eps)
{
    const float scale = 1.0f / sqrtf(sum_of_squares(x, n) / (float)n + eps);
    size_t i = 0;
    for (; i + LANES <= n; i += LANES) {
        if (i < NEXT_ROW)
            __builtin_prefetch(x + n + i);
        const lanes v = lanes_load(x + i) * scale;
        lanes_store(y + i, w != NULL ? v * lanes_load(w + i) : v);
    }
    for (; i < n; i++)
        y[i] = w != NULL ? x[i] * scale * w[i] : x[i] * scale;
}

static float sum_of(const float *x, size_t n)
{
    lanes sum[4] = {{0}};
    size_t i = 0;
    for (; i + 4 * LANES <= n; i += 4 * LANES)
        for (size_t k = 0; k < 4; k++)
            sum[k] += lanes_load(x + i + k * LANES);
    for (; i + LANES <= n; i += LANES)
        sum[0] += lanes_load(x + i);
    return lanes_sum((sum[0] + sum[1]) + (sum[2] + sum[3]) + lanes_load_some(x + i, n - i, 0));
}

/* y = x - mean; returns the sum of the squares. */
static float centre(float *y, const float *x, size_t n, float mean)
{
    lanes sum[2] = {{0}};
    size_t i = 0;
    for (; i + 2 * LANES <= n; i += 2 * LANES)
        for (size_t k = 0; k < 2; k++) {
            if (i < NEXT_ROW)
                __builtin_prefetch(x + n + i + k * LANES);
            const lanes v = lanes_load(x + i + k * LANES) - mean;
            lanes_store(y + i + k * LANES, v);
            sum[k] += v * v;
        }
    float rest = 0;
    for (; i < n; i++) {
        y[i] = x[i] - mean;
        rest += y[i] * y[i];
    }
    return lanes_sum(sum[0] + sum[1]) + rest;
}

static void layer_norm(float *y, const float *x, const float *w, const float *b, size_t n,
                       float eps)
{
    const float mean = sum_of(x, n) / (float)n;
    const float scale = 1.0f / sqrtf(centre(y, x, n, mean) / (float)n + eps);
    size_t i = 0;
    for (; i + LANES <= n; i += LANES) {
        lanes v = lanes_load(y + i) * scale;
        v = w != NULL ? v * lanes_load(w + i) : v;
        lanes_store(y + i, b != NULL ? v + lanes_load(b + i) : v);
    }
    for (; i < n; i++) {
        const float v = w != NULL ? y[i] * scale * w[i] : y[i] * scale;
        y[i] = b != NULL ? v + b[i] : v;
    }
}

/* ---- softmax ---- */

static lanes scaled(const float *x, const float *mask, size_t i, float scale)
{
    const lanes v = lanes_load(x + i) * scale;
    return mask != NULL ? v + lanes_load(mask + i) : v;
}

static float scale_and_find_max(float *y, const float *x, const float *mask, size_t n, float scale)
{
    lanes max = lanes_all(-INFINITY);
    size_t i = 0;
    for (; i + LANES <= n; i += LANES) {
        const lanes v = scaled(x, mask, i, scale);
        lanes_store(y + i, v);
        max = lanes_max(v, max);
    }
    float highest = lanes_highest(max);
    for (; i < n; i++) {
        y[i] = x[i] * scale + (mask != NULL ? mask[i] : 0);
        highest = y[i] > highest ? y[i] : highest;
    }
    return highest;
}

static float weigh_before(const float *next, float *x, float max, size_t n)
{
    lanes sum = {0};
    size_t i = 0;
    for (; i + LANES <= n; i += LANES) {
        if (i < NEXT_ROW)
            __builtin_prefetch(next + i);
        const lanes v = lanes_exp(lanes_load(x + i) - max);
        lanes_store(x + i, v);
        sum += v;
    }
    const lanes v = lanes_exp(lanes_load_some(x + i, n - i, -INFINITY) - max);
    lanes_store_some(x + i, v, n - i);
    return lanes_sum(sum + v);
}

static float weigh(float *x, float max, size_t n)
{
    return weigh_before(x, x, max, n);
}

static bool has_nan(const float *x, size_t n)
{
    int found = 0;
    for (size_t i = 0; i < n; i++)
        found |= x[i] != x[i];
    return found != 0;
}

static void softmax(float *y, const float *x, const float *mask, size_t n, float scale)
{
    const float max = scale_and_find_max(y, x, mask, n, scale);
    if (max == -INFINITY && !has_nan(y, n)) {
        memset(y, 0, n * sizeof *y);
        return;
    }
    const float inverse = 1.0f / weigh_before(x + n, y, max, n);
    for (size_t i = 0; i < n; i++)
        y[i] *= inverse;
}

/* ---- gated activations ---- */

static lanes silu(lanes x)
{
    return x / (1.0f + lanes_exp(-x));
}

/* As gelu_tanh() in activation.c. */
static lanes gelu(lanes x)
{
    return x / (1.0f + lanes_exp(-1.59576912160573071176f * x * (1.0f + 0.044715f * x * x)));
}

/* `act` is a constant where this is called, so that it is no call. */
__attribute__((always_inline)) static inline void
gate_by(lanes (*act)(lanes), float *y, const float *gate, const float *up, size_t n)
{
    size_t i = 0;
    for (; i + LANES <= n; i += LANES) {
        __builtin_prefetch(gate + i + AHEAD);
        __builtin_prefetch(up + i + AHEAD);
        lanes_store(y + i, act(lanes_load(gate + i)) * lanes_load(up + i));
    }
    const size_t left = n - i;
    const lanes v = act(lanes_load_some(gate + i, left, 0)) * lanes_load_some(up + i, left, 0);
    lanes_store_some(y + i, v, left);
}

static void swiglu(float *y, const float *gate, const float *up, size_t n)
{
    gate_by(silu, y, gate, up, n);
}

static void geglu(float *y, const float *gate, const float *up, size_t n)
{
    gate_by(gelu, y, gate, up, n);
}

/* ---- RoPE ---- */

/* Pairs (2i, 2i+1) of one head, and (i, i + half). Both return how many pairs they turned. */
static size_t turn_neighbours(float *x, size_t half, const float *cosines, const float *sines)
{
    size_t i = 0;
    for (; i + LANES <= half; i += LANES) {
        const lanes low = lanes_load(x + 2 * i), high = lanes_load(x + 2 * i + LANES);
        const lanes a = __builtin_shufflevector(low, high, LANES_EVEN);
        const lanes b = __builtin_shufflevector(low, high, LANES_ODD);
        const lanes c = lanes_load(cosines + i), s = lanes_load(sines + i);
        const lanes a1 = a * c - b * s, b1 = a * s + b * c;
        lanes_store(x + 2 * i, __builtin_shufflevector(a1, b1, LANES_LOW));
        lanes_store(x + 2 * i + LANES, __builtin_shufflevector(a1, b1, LANES_HIGH));
    }
    return i;
}

static size_t turn_halves(float *x, size_t half, const float *cosines, const float *sines)
{
    size_t i = 0;
    for (; i + LANES <= half; i += LANES) {
        const lanes a = lanes_load(x + i), b = lanes_load(x + half + i);
        const lanes c = lanes_load(cosines + i), s = lanes_load(sines + i);
        lanes_store(x + i, a * c - b * s);
        lanes_store(x + half + i, a * s + b * c);
    }
    return i;
}

static void rope(const struct ref_rope *r, float *x, int n_heads, int head, const float *cosines,
                 const float *sines)
{
    const bool near = r->pairs == REF_ROPE_NORM;
    const size_t half = (size_t)r->n_rot / 2;
    for (int h = 0; h < n_heads; h++, x += head)
        for (size_t i = (near ? turn_neighbours : turn_halves)(x, half, cosines, sines); i < half;
             i++) {
            float *a = x + (near ? 2 * i : i), *b = a + (near ? 1 : half);
            const float a0 = *a, b0 = *b;
            *a = a0 * cosines[i] - b0 * sines[i];
            *b = a0 * sines[i] + b0 * cosines[i];
        }
}

/* ---- attention: four keys at a time share what is loaded of the query, or of the sum ---- */

static float dot(const float *x, const float *y, size_t n)
{
    lanes sum = {0};
    size_t i = 0;
    for (; i + LANES <= n; i += LANES)
        sum += lanes_load(x + i) * lanes_load(y + i);
    const size_t left = n - i;
    return lanes_sum(sum + lanes_load_some(x + i, left, 0) * lanes_load_some(y + i, left, 0));
}

static void four_dots(const float *q, const float *k, size_t stride, size_t n, float *ret)
{
    lanes sum[4] = {{0}};
    size_t i = 0;
    for (; i + LANES <= n; i += LANES) {
        const lanes v = lanes_load(q + i);
        for (size_t j = 0; j < 4; j++)
            sum[j] += v * lanes_load(k + j * stride + i);
    }
    const lanes v = lanes_load_some(q + i, n - i, 0);
    for (size_t j = 0; j < 4; j++)
        ret[j] = lanes_sum(sum[j] + v * lanes_load_some(k + j * stride + i, n - i, 0));
}

static void dots(const float *q, const float *k, size_t stride, size_t n, size_t n_keys, float *ret)
{
    size_t j = 0;
    for (; j + 4 <= n_keys; j += 4)
        four_dots(q, k + j * stride, stride, n, ret + j);
    for (; j < n_keys; j++)
        ret[j] = dot(q, k + j * stride, n);
}

static void mix(float *acc, float shrink, const float *weights, const float *v, size_t stride,
                size_t n, size_t n_keys)
{
    size_t i = 0;
    for (; i + LANES <= n; i += LANES) {
        lanes even = lanes_load(acc + i) * shrink, odd = {0};
        size_t j = 0;
        for (; j + 2 <= n_keys; j += 2) {
            even += weights[j] * lanes_load(v + j * stride + i);
            odd += weights[j + 1] * lanes_load(v + (j + 1) * stride + i);
        }
        if (j < n_keys)
            even += weights[j] * lanes_load(v + j * stride + i);
        lanes_store(acc + i, even + odd);
    }
    for (; i < n; i++) {
        acc[i] *= shrink;
        for (size_t j = 0; j < n_keys; j++)
            acc[i] += weights[j] * v[j * stride + i];
    }
}

const struct ref_row_kernels RUNG = {
    .isa = RUNG_ISA,
    .rms_norm = rms_norm,
    .layer_norm = layer_norm,
    .softmax = softmax,
    .swiglu = swiglu,
    .geglu = geglu,
    .rope = rope,
    .dots = dots,
    .mix = mix,
    .weigh = weigh,
};

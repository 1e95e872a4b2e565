#include "reference/tensor/norm.h"

#include <math.h>

void ref_rms_norm(float *y, const float *x, const float *w, size_t n, float eps)
{
    double sum = 0;
    for (size_t i = 0; i < n; i++)
        sum += (double)(x[i] * x[i]);
    const float mean = (float)(sum / (double)n);
    const float scale = 1.0f / sqrtf(mean + eps);
    for (size_t i = 0; i < n; i++)
        y[i] = w != NULL ? x[i] * scale * w[i] : x[i] * scale;
}

void ref_layer_norm(float *y, const float *x, const float *w, const float *b, size_t n, float eps)
{
    double sum = 0, squares = 0;
    for (size_t i = 0; i < n; i++)
        sum += (double)x[i];
    const float mean = (float)(sum / (double)n);
    for (size_t i = 0; i < n; i++) {
        const float v = x[i] - mean;
        y[i] = v;
        squares += (double)(v * v);
    }
    const float variance = (float)(squares / (double)n);
    const float scale = 1.0f / sqrtf(variance + eps);
    for (size_t i = 0; i < n; i++) {
        const float v = w != NULL ? y[i] * scale * w[i] : y[i] * scale;
        y[i] = b != NULL ? v + b[i] : v;
    }
}

static float scaled(const float *x, const float *mask, size_t i, float scale)
{
    const float v = x[i] * scale;
    return mask != NULL ? v + mask[i] : v;
}

void ref_softmax(float *y, const float *x, const float *mask, size_t n, float scale)
{
    float max = -INFINITY;
    for (size_t i = 0; i < n; i++) {
        y[i] = scaled(x, mask, i, scale);
        max = y[i] > max || isnan(y[i]) ? y[i] : max;
    }
    if (max == -INFINITY) {
        for (size_t i = 0; i < n; i++)
            y[i] = 0;
        return;
    }
    double sum = 0;
    for (size_t i = 0; i < n; i++) {
        y[i] = expf(y[i] - max);
        sum += (double)y[i];
    }
    const float inverse = (float)(1.0 / sum);
    for (size_t i = 0; i < n; i++)
        y[i] *= inverse;
}

double ref_log_sum_exp(const float *x, size_t n)
{
    double max = -INFINITY, sum = 0;
    for (size_t i = 0; i < n; i++)
        max = fmax(max, (double)x[i]);
    if (isinf(max))
        return max;
    for (size_t i = 0; i < n; i++)
        sum += exp((double)x[i] - max);
    return max + log(sum);
}

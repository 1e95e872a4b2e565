/* Small steps that several quantisers share. Private to this folder. */
#pragma once

#include <math.h>
#include <stddef.h>
#include <stdint.h>

static inline int ref_clamp(int v, int low, int high)
{
    return v < low ? low : v > high ? high : v;
}

/* The value of largest magnitude, with its sign; the first of equals. */
static inline float ref_first_largest(int n, const float *x)
{
    float largest = 0.0f;
    for (int i = 0; i < n; i++)
        if (fabsf(x[i]) > fabsf(largest))
            largest = x[i];
    return largest;
}

/* 1/d, and 0 where that is infinite: for d == 0 and for every |d| below 2^-128. There 0 * inf would
 * make a NaN of a zero weight and its cast to an integer would be undefined. */
static inline float ref_inverse(float d)
{
    const float inverse = 1.0f / d;
    return isinf(inverse) ? 0.0f : inverse;
}

/* Code j and code j + 16 share byte j: low and high nibble. */
static inline void ref_pack_nibbles(const uint8_t codes[32], uint8_t ret_qs[16])
{
    for (int j = 0; j < 16; j++)
        ret_qs[j] = (uint8_t)((codes[j] & 15) | (codes[j + 16] & 15) << 4);
}

/* Code l of the quarters 0 to 3 of each 128 shares byte l: bits 0-1, 2-3, 4-5, 6-7. */
static inline void ref_pack_pairs(const uint8_t codes[256], uint8_t ret_qs[64])
{
    for (int j = 0; j < 64; j++) {
        const uint8_t *quarter = codes + j / 32 * 128 + j % 32;
        ret_qs[j] = (uint8_t)((quarter[0] & 3) | (quarter[32] & 3) << 2 | (quarter[64] & 3) << 4 |
                              (quarter[96] & 3) << 6);
    }
}

static inline float ref_mean_square(size_t n, const float *x)
{
    float sum = 0.0f;
    for (size_t i = 0; i < n; i++)
        sum += x[i] * x[i];
    return sum / (float)n;
}

/* What an error counts: the root keeps small weights from not counting at all. */
static inline void ref_weigh(int n, const float *x, const float *importance, float sigma2,
                             float *ret_weight)
{
    for (int i = 0; i < n; i++)
        ret_weight[i] = importance[i] * sqrtf(sigma2 + x[i] * x[i]);
}

static inline float ref_sum(int n, const float *x)
{
    float sum = 0.0f;
    for (int i = 0; i < n; i++)
        sum += x[i];
    return sum;
}

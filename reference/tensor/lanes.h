/* Vectors of floats as wide as the including file is compiled for: one text of a kernel gives its
 * AVX2, AVX-512 and NEON rung. Vector extensions of GCC and Clang; products and sums are fused,
 * since files that include this are compiled with -ffp-contract=fast. */
#pragma once

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#if defined(__AVX512F__)
enum { LANES = 16 };
#elif defined(__AVX2__)
enum { LANES = 8 };
#else
enum { LANES = 4 };
#endif

typedef float lanes __attribute__((vector_size(LANES * sizeof(float))));
typedef int32_t int_lanes __attribute__((vector_size(LANES * sizeof(int32_t))));

static inline lanes lanes_load(const float *p)
{
    lanes v;
    memcpy(&v, p, sizeof v);
    return v;
}

static inline void lanes_store(float *p, lanes v)
{
    memcpy(p, &v, sizeof v);
}

/* The first n <= LANES of p, and `rest` in the other lanes. */
static inline lanes lanes_load_some(const float *p, size_t n, float rest)
{
    float v[LANES];
    for (size_t i = 0; i < LANES; i++)
        v[i] = i < n ? p[i] : rest;
    return lanes_load(v);
}

static inline void lanes_store_some(float *p, lanes v, size_t n)
{
    memcpy(p, &v, n * sizeof *p);
}

static inline lanes lanes_all(float x)
{
    return x - (lanes){0};
}

static inline lanes lanes_choose(int_lanes mask, lanes yes, lanes no)
{
    return (lanes)((mask & (int_lanes)yes) | (~mask & (int_lanes)no));
}

/* Where a is NaN, b. */
static inline lanes lanes_max(lanes a, lanes b)
{
    return lanes_choose(a > b, a, b);
}

/* The lower, or the upper, halves of a and b, lane by lane in turn. */
#if defined(__AVX512F__)
#define LANES_LOW  0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23
#define LANES_HIGH 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31
#elif defined(__AVX2__)
#define LANES_LOW  0, 8, 1, 9, 2, 10, 3, 11
#define LANES_HIGH 4, 12, 5, 13, 6, 14, 7, 15
#else
#define LANES_LOW  0, 4, 1, 5
#define LANES_HIGH 2, 6, 3, 7
#endif

/* Rows become columns: a shuffle of cards. Each round interleaves the first half of the vectors
 * with the second, which moves one bit of a lane's number into its vector's. */
static inline void lanes_transpose(lanes v[LANES])
{
    lanes w[LANES];
#pragma GCC unroll 4
    for (size_t round = 1; round < LANES; round *= 2) {
#pragma GCC unroll 16
        for (size_t i = 0; i < LANES / 2; i++) {
            w[2 * i] = __builtin_shufflevector(v[i], v[i + LANES / 2], LANES_LOW);
            w[2 * i + 1] = __builtin_shufflevector(v[i], v[i + LANES / 2], LANES_HIGH);
        }
#pragma GCC unroll 16
        for (size_t i = 0; i < LANES; i++)
            v[i] = w[i];
    }
}

/* Pairwise: lane 0 with lane LANES/2, and so on. */
static inline float lanes_sum(lanes v)
{
    float x[LANES];
    lanes_store(x, v);
    for (size_t half = LANES / 2; half > 0; half /= 2)
        for (size_t i = 0; i < half; i++)
            x[i] += x[i + half];
    return x[0];
}

static inline float lanes_highest(lanes v)
{
    float x[LANES];
    lanes_store(x, v);
    for (size_t i = 1; i < LANES; i++)
        x[0] = x[i] > x[0] ? x[i] : x[0];
    return x[0];
}

/* exp(x), within 2 units in the last place for x from -87.3 to 88; 0 below, exp(88) above. NaN
 * stays NaN. x = n ln 2 + r with |r| <= ln 2 / 2, Taylor's series of exp(r) to the seventh power
 * (its remainder is below 6e-9), and n into the exponent. ln 2 is split as in Cephes' expf, so that
 * n * LN2_HIGH is exact. */
static inline lanes lanes_exp(lanes x)
{
    const lanes lowest = lanes_all(-87.3f), highest = lanes_all(88.0f);
    const int_lanes under = x<lowest, over = x> highest;
    x = lanes_choose(over, highest, lanes_choose(under, lowest, x));
    const float to_whole = 12582912.0f; /* 1.5 * 2^23: adding it rounds to a whole number */
    const lanes n = (x * 1.44269504088896341f + to_whole) - to_whole;
    const lanes r = (x - n * 0.693359375f) - n * -2.12194440e-4f;
    lanes p = lanes_all(1.0f / 5040);
    p = p * r + 1.0f / 720;
    p = p * r + 1.0f / 120;
    p = p * r + 1.0f / 24;
    p = p * r + 1.0f / 6;
    p = p * r + 0.5f;
    p = p * r + 1.0f;
    p = p * r + 1.0f;
    const int_lanes exponent = (__builtin_convertvector(n, int_lanes) + 127) << 23;
    return lanes_choose(under, lanes_all(0),
                        lanes_choose(over, lanes_all(__builtin_inff()), p * (lanes)exponent));
}

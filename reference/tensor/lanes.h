/* Vectors of floats as wide as the including file is compiled for: one text of a kernel gives its
 * AVX2, AVX-512 and NEON rung. Vector extensions of GCC and Clang; products and sums are fused,
 * since files that include this are compiled with -ffp-contract=fast. */
#pragma once

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#if defined(__AVX2__)
#include <immintrin.h>
#elif defined(__aarch64__)
#include <arm_neon.h>
#endif

#if defined(__AVX512F__)
enum { LANES = 16 };
#elif defined(__AVX2__)
enum { LANES = 8 };
#else
enum { LANES = 4 };
#endif

/* Before a loop whose array of vectors shall be registers. */
#if defined(__clang__)
#define LANES_UNROLL _Pragma("unroll")
#else
#define LANES_UNROLL _Pragma("GCC unroll 16")
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

static inline lanes lanes_all(float x)
{
    return x - (lanes){0};
}

/* The first n <= LANES of p, and `rest` in the other lanes. */
static inline lanes lanes_load_some(const float *p, size_t n, float rest)
{
#if defined(__AVX512F__)
    return _mm512_mask_loadu_ps(lanes_all(rest), (__mmask16)((1u << n) - 1), p);
#else
    float v[LANES];
    for (size_t i = 0; i < LANES; i++)
        v[i] = i < n ? p[i] : rest;
    return lanes_load(v);
#endif
}

static inline void lanes_store_some(float *p, lanes v, size_t n)
{
#if defined(__AVX512F__)
    _mm512_mask_storeu_ps(p, (__mmask16)((1u << n) - 1), v);
#else
    memcpy(p, &v, n * sizeof *p);
#endif
}

static inline lanes lanes_choose(int_lanes mask, lanes yes, lanes no)
{
    return (lanes)((mask & (int_lanes)yes) | (~mask & (int_lanes)no));
}

/* Where either is NaN, b. */
static inline lanes lanes_max(lanes a, lanes b)
{
#if defined(__AVX512F__)
    return _mm512_max_ps(a, b);
#elif defined(__AVX2__)
    return _mm256_max_ps(a, b);
#else
    return lanes_choose(a > b, a, b);
#endif
}

static inline lanes lanes_min(lanes a, lanes b)
{
#if defined(__AVX512F__)
    return _mm512_min_ps(a, b);
#elif defined(__AVX2__)
    return _mm256_min_ps(a, b);
#else
    return lanes_choose(a < b, a, b);
#endif
}

/* For __builtin_shufflevector(a, b, ...): the lower, or the upper, halves of a and b, lane by lane
 * in turn; and what undoes that, the even, or the odd, lanes of a and then of b. */
#if defined(__AVX512F__)
#define LANES_LOW  0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23
#define LANES_HIGH 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31
#define LANES_EVEN 0, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22, 24, 26, 28, 30
#define LANES_ODD  1, 3, 5, 7, 9, 11, 13, 15, 17, 19, 21, 23, 25, 27, 29, 31
#elif defined(__AVX2__)
#define LANES_LOW  0, 8, 1, 9, 2, 10, 3, 11
#define LANES_HIGH 4, 12, 5, 13, 6, 14, 7, 15
#define LANES_EVEN 0, 2, 4, 6, 8, 10, 12, 14
#define LANES_ODD  1, 3, 5, 7, 9, 11, 13, 15
#else
#define LANES_LOW  0, 4, 1, 5
#define LANES_HIGH 2, 6, 3, 7
#define LANES_EVEN 0, 2, 4, 6
#define LANES_ODD  1, 3, 5, 7
#endif

/* Rows become columns: a shuffle of cards. Each round interleaves the first half of the vectors
 * with the second, which moves one bit of a lane's number into its vector's. */
static inline void lanes_transpose(lanes v[LANES])
{
    lanes w[LANES];
    LANES_UNROLL
    for (size_t round = 1; round < LANES; round *= 2) {
        LANES_UNROLL
        for (size_t i = 0; i < LANES / 2; i++) {
            w[2 * i] = __builtin_shufflevector(v[i], v[i + LANES / 2], LANES_LOW);
            w[2 * i + 1] = __builtin_shufflevector(v[i], v[i + LANES / 2], LANES_HIGH);
        }
        LANES_UNROLL
        for (size_t i = 0; i < LANES; i++)
            v[i] = w[i];
    }
}

/* Lane i becomes lane i + n, and the last n come first. */
#if defined(__AVX512F__)
#define LANES_FROM(n)                                                                              \
    (n) % 16, ((n) + 1) % 16, ((n) + 2) % 16, ((n) + 3) % 16, ((n) + 4) % 16, ((n) + 5) % 16,      \
        ((n) + 6) % 16, ((n) + 7) % 16, ((n) + 8) % 16, ((n) + 9) % 16, ((n) + 10) % 16,           \
        ((n) + 11) % 16, ((n) + 12) % 16, ((n) + 13) % 16, ((n) + 14) % 16, ((n) + 15) % 16
#elif defined(__AVX2__)
#define LANES_FROM(n)                                                                              \
    (n) % 8, ((n) + 1) % 8, ((n) + 2) % 8, ((n) + 3) % 8, ((n) + 4) % 8, ((n) + 5) % 8,            \
        ((n) + 6) % 8, ((n) + 7) % 8
#else
#define LANES_FROM(n) (n) % 4, ((n) + 1) % 4, ((n) + 2) % 4, ((n) + 3) % 4
#endif
#define LANES_TURN(v, n) __builtin_shufflevector(v, v, LANES_FROM(n))

/* Pairwise: lane 0 with lane LANES/2, and so on. */
static inline float lanes_sum(lanes v)
{
    v += LANES_TURN(v, LANES / 2);
    v += LANES_TURN(v, LANES / 4);
#if defined(__AVX2__)
    v += LANES_TURN(v, LANES / 8);
#endif
#if defined(__AVX512F__)
    v += LANES_TURN(v, 1);
#endif
    return v[0];
}

static inline float lanes_highest(lanes v)
{
    v = lanes_max(v, LANES_TURN(v, LANES / 2));
    v = lanes_max(v, LANES_TURN(v, LANES / 4));
#if defined(__AVX2__)
    v = lanes_max(v, LANES_TURN(v, LANES / 8));
#endif
#if defined(__AVX512F__)
    v = lanes_max(v, LANES_TURN(v, 1));
#endif
    return v[0];
}

/* x * 2^n for n from -252 to 254, in two halves, since 2^128 and 2^-150 are no floats. */
static inline lanes lanes_scale(lanes x, int_lanes n)
{
    const int_lanes half = n >> 1;
    return x * (lanes)((half + 127) << 23) * (lanes)((n - half + 127) << 23);
}

/* exp(x), within 2 units in the last place: subnormal below -87.3, 0 below -104, infinite above
 * 88.7. NaN stays NaN. x = n ln 2 + r with |r| <= ln 2 / 2, Taylor's series of exp(r) to the
 * seventh power (its remainder is below 6e-9), and n into the exponent. ln 2 is split as in Cephes'
 * expf, so that n * LN2_HIGH is exact. */
static inline lanes lanes_exp(lanes x)
{
    x = lanes_min(lanes_all(89.0f), lanes_max(lanes_all(-104.0f), x));
    const lanes to_whole = lanes_all(12582912.0f); /* 1.5 * 2^23: adding it leaves no fraction, */
    const lanes whole = x * 1.44269504088896341f + to_whole; /* and n in the last bits */
    const lanes n = whole - to_whole;
    const lanes r = (x - n * 0.693359375f) - n * -2.12194440e-4f;
    lanes p = lanes_all(1.0f / 5040);
    p = p * r + 1.0f / 720;
    p = p * r + 1.0f / 120;
    p = p * r + 1.0f / 24;
    p = p * r + 1.0f / 6;
    p = p * r + 0.5f;
    p = p * r + 1.0f;
    p = p * r + 1.0f;
#if defined(__AVX512F__)
    return _mm512_scalef_ps(p, n);
#else
    return lanes_scale(p, (int_lanes)whole - (int_lanes)to_whole);
#endif
}

/* tanh(x), within 3 units: below 0.625 the polynomial of Cephes' tanhf, which keeps the digits that
 * 1 - 2/(exp(2x) + 1) would lose. NaN stays NaN. */
static inline lanes lanes_tanh(lanes x)
{
    const lanes size = lanes_max(x, -x);
    const lanes far = 1.0f - 2.0f / (lanes_exp(size + size) + 1.0f);
    const lanes signed_far = lanes_choose(x < lanes_all(0), -far, far), z = x * x;
    lanes p = lanes_all(-5.70498872745e-3f);
    p = p * z + 2.06390887954e-2f;
    p = p * z - 5.37397155531e-2f;
    p = p * z + 1.33314422036e-1f;
    p = p * z - 3.33332819422e-1f;
    return lanes_choose(size < lanes_all(0.625f), x + x * z * p, signed_far);
}

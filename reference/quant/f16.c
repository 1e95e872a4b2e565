#include "reference/quant/f16.h"

#include <string.h>

enum {
    F32_INF = 0x7f800000,
    F32_OVERFLOWS_F16 = 0x477ff000, /* 65520, half way from 65504 to 2^16 */
    F32_NORMAL_F16 = 0x38800000,    /* 2^-14, the smallest normal half */
    F32_HALF_STEP_F16 = 0x33000000, /* 2^-25, half of the smallest half */
    BIAS_GAP = 127 - 15,
};

static uint32_t bits_of(float x)
{
    uint32_t bits;
    memcpy(&bits, &x, sizeof bits);
    return bits;
}

static float float_of(uint32_t bits)
{
    float x;
    memcpy(&x, &bits, sizeof x);
    return x;
}

/* v / 2^shift, to nearest even; 1 <= shift <= 24 and v below 2^31. */
static uint32_t shift_to_even(uint32_t v, unsigned shift)
{
    const uint32_t odd = v >> shift & 1;
    return (v + (1u << (shift - 1)) - 1 + odd) >> shift;
}

uint16_t ref_f16_from_f32(float x)
{
    const uint32_t bits = bits_of(x);
    const uint16_t sign = (uint16_t)(bits >> 16 & 0x8000);
    const uint32_t magnitude = bits & 0x7fffffff;

    if (magnitude > F32_INF)
        return sign | 0x7e00;
    if (magnitude >= F32_OVERFLOWS_F16)
        return sign | 0x7c00;
    if (magnitude >= F32_NORMAL_F16) /* a carry out of the fraction steps into the exponent */
        return (uint16_t)(sign | (shift_to_even(magnitude, 13) - (BIAS_GAP << 10)));
    if (magnitude <= F32_HALF_STEP_F16)
        return sign;
    /* Subnormal: count steps of 2^-24. A carry to 2^10 steps is the smallest normal half. */
    const uint32_t fraction = (magnitude & 0x7fffff) | 0x800000;
    return (uint16_t)(sign | shift_to_even(fraction, 126 - (magnitude >> 23)));
}

float ref_f16_to_f32(uint16_t half)
{
    const uint32_t sign = (uint32_t)(half & 0x8000) << 16;
    const uint32_t exponent = half >> 10 & 31;
    const uint32_t fraction = half & 0x3ff;

    if (exponent == 31)
        return float_of(sign | F32_INF | fraction << 13);
    if (exponent != 0)
        return float_of(sign | (exponent + BIAS_GAP) << 23 | fraction << 13);
    const float magnitude = (float)fraction * 0x1p-24f;
    return sign ? -magnitude : magnitude;
}

uint16_t ref_bf16_from_f32(float x)
{
    const uint32_t bits = bits_of(x);
    if ((bits & 0x7fffffff) > F32_INF)
        return (uint16_t)(bits >> 16 | 0x40); /* rounding could carry a NaN into infinity */
    return (uint16_t)((bits + 0x7fff + (bits >> 16 & 1)) >> 16);
}

float ref_bf16_to_f32(uint16_t bf16)
{
    return float_of((uint32_t)bf16 << 16);
}

/* Given to the learner as an object: what lab 3.1 asks for. */
#include <string.h>

#include "lab.h"

static uint32_t bits_of(float f)
{
    uint32_t bits;
    memcpy(&bits, &f, sizeof bits);
    return bits;
}

static float float_of(uint32_t bits)
{
    float f;
    memcpy(&f, &bits, sizeof f);
    return f;
}

/* v / 2^shift to nearest even. */
static uint32_t shift_to_even(uint32_t v, unsigned shift)
{
    return (v + (1u << (shift - 1)) - 1 + (v >> shift & 1)) >> shift;
}

uint16_t qb_f32_f16(float f)
{
    const uint32_t bits = bits_of(f), sign = bits >> 16 & 0x8000, magnitude = bits & 0x7fffffff;
    if (magnitude > 0x7f800000)
        return (uint16_t)(sign | 0x7e00);
    if (magnitude >= 0x477ff000) /* 65520 */
        return (uint16_t)(sign | 0x7c00);
    if (magnitude >= 0x38800000) /* 2^-14: normal, only the bias of the exponent changes */
        return (uint16_t)(sign | (shift_to_even(magnitude, 13) - (112u << 10)));
    if (magnitude <= 0x33000000) /* 2^-25 */
        return (uint16_t)sign;
    return (uint16_t)(sign |
                      shift_to_even((magnitude & 0x7fffff) | 0x800000, 126 - (magnitude >> 23)));
}

float qb_f16_f32(uint16_t h)
{
    const uint32_t sign = (uint32_t)(h & 0x8000) << 16, exponent = h >> 10 & 31,
                   fraction = h & 0x3ff;
    if (exponent == 31)
        return float_of(sign | 0x7f800000 | fraction << 13);
    if (exponent == 0)
        return float_of(sign | bits_of((float)fraction * 0x1p-24f));
    return float_of(sign | (exponent + 112) << 23 | fraction << 13);
}

uint16_t qb_f32_bf16(float f)
{
    const uint32_t bits = bits_of(f);
    if ((bits & 0x7fffffff) > 0x7f800000)
        return (uint16_t)(bits >> 16 | 0x40);
    return (uint16_t)((bits + 0x7fff + (bits >> 16 & 1)) >> 16);
}

float qb_bf16_f32(uint16_t h)
{
    return float_of((uint32_t)h << 16);
}

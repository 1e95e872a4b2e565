/* The integers of 32 weights as two vectors of 16 bytes, in the order of the weights: unpack.h for
 * AArch64. Included by neon.c. */
#pragma once

#include <arm_neon.h>
#include <stdint.h>
#include <string.h>

#include "reference/quant/codebook.h"
#include "reference/quant/k_quants.h"
#include "reference/quant/legacy.h"
#include "reference/quant/ternary.h"

typedef int8x16x2_t codes32;

static inline float half_to_float(uint16_t bits)
{
    return vgetq_lane_f32(vcvt_f32_f16(vreinterpret_f16_u16(vdup_n_u16(bits))), 0);
}

/* `width` bits of each of 32 bytes from bit `first` on, then moved up to bit `to`. */
static inline uint8x16x2_t bits_of(const uint8_t *bytes, int first, int width, int to)
{
    const uint8x16_t mask = vdupq_n_u8((uint8_t)((1 << width) - 1));
    const int8x16_t down = vdupq_n_s8((int8_t)-first), up = vdupq_n_s8((int8_t)to);
    uint8x16x2_t v = {{vld1q_u8(bytes), vld1q_u8(bytes + 16)}};
    for (int k = 0; k < 2; k++)
        v.val[k] = vshlq_u8(vandq_u8(vshlq_u8(v.val[k], down), mask), up);
    return v;
}

/* low | high, less an offset. */
static inline codes32 joined(uint8x16x2_t low, uint8x16x2_t high, int offset)
{
    codes32 ret;
    for (int k = 0; k < 2; k++)
        ret.val[k] = vsubq_s8(vreinterpretq_s8_u8(vorrq_u8(low.val[k], high.val[k])),
                              vdupq_n_s8((int8_t)offset));
    return ret;
}

static inline codes32 less(uint8x16x2_t v, int offset)
{
    return joined(v, v, offset);
}

/* ---- blocks of 32 ---- */

static inline uint8x16x2_t nibbles(const uint8_t qs[16])
{
    const uint8x16_t v = vld1q_u8(qs);
    return (uint8x16x2_t){{vandq_u8(v, vdupq_n_u8(15)), vshrq_n_u8(v, 4)}};
}

/* 16 in byte i where bit i is set. */
static inline uint8x16x2_t fifth_bits(const uint8_t qh[4])
{
    const uint8x16_t bit = vreinterpretq_u8_u64(vdupq_n_u64(0x8040201008040201));
    uint8x16x2_t ret;
    for (int k = 0; k < 2; k++) {
        const uint8x16_t own = vcombine_u8(vdup_n_u8(qh[2 * k]), vdup_n_u8(qh[2 * k + 1]));
        ret.val[k] = vandq_u8(vtstq_u8(own, bit), vdupq_n_u8(16));
    }
    return ret;
}

static inline codes32 look_up(const int8_t values[16], uint8x16x2_t indices)
{
    const int8x16_t table = vld1q_s8(values);
    return (codes32){{vqtbl1q_s8(table, indices.val[0]), vqtbl1q_s8(table, indices.val[1])}};
}

static inline codes32 load32(const int8_t *q)
{
    return (codes32){{vld1q_s8(q), vld1q_s8(q + 16)}};
}

static inline codes32 q4_0_codes(const struct ref_q4_0 *b)
{
    return less(nibbles(b->qs), 8);
}

static inline codes32 q4_1_codes(const struct ref_q4_1 *b)
{
    return less(nibbles(b->qs), 0);
}

static inline codes32 q5_0_codes(const struct ref_q5_0 *b)
{
    return joined(nibbles(b->qs), fifth_bits(b->qh), 16);
}

static inline codes32 q5_1_codes(const struct ref_q5_1 *b)
{
    return joined(nibbles(b->qs), fifth_bits(b->qh), 0);
}

static inline codes32 q8_0_codes(const struct ref_q8_0 *b)
{
    return load32(b->q);
}

static inline codes32 q8_1_codes(const struct ref_q8_1 *b)
{
    return load32(b->q);
}

static inline codes32 iq4_nl_codes(const struct ref_iq4_nl *b)
{
    return look_up(ref_iq4_values, nibbles(b->qs));
}

static inline codes32 mxfp4_codes(const struct ref_mxfp4 *b)
{
    return look_up(ref_mxfp4_values, nibbles(b->qs));
}

/* ---- super-blocks: group g = 0..7 of 32 ---- */

static inline codes32 q2_k_codes(const struct ref_q2_k *b, int g)
{
    return less(bits_of(b->qs + 32 * (g / 4), 2 * (g % 4), 2, 0), 0);
}

static inline codes32 q3_k_codes(const struct ref_q3_k *b, int g)
{
    return joined(bits_of(b->qs + 32 * (g / 4), 2 * (g % 4), 2, 0), bits_of(b->hmask, g, 1, 2), 4);
}

static inline codes32 q4_k_codes(const struct ref_q4_k *b, int g)
{
    return less(bits_of(b->qs + 32 * (g / 2), 4 * (g % 2), 4, 0), 0);
}

static inline codes32 q5_k_codes(const struct ref_q5_k *b, int g)
{
    return joined(bits_of(b->qs + 32 * (g / 2), 4 * (g % 2), 4, 0), bits_of(b->qh, g, 1, 4), 0);
}

static inline codes32 q6_k_codes(const struct ref_q6_k *b, int g)
{
    const int h = g / 4, k = g % 4;
    return joined(bits_of(b->ql + 64 * h + 32 * (k % 2), k / 2 * 4, 4, 0),
                  bits_of(b->qh + 32 * h, 2 * k, 2, 4), 32);
}

static inline codes32 iq4_xs_codes(const struct ref_iq4_xs *b, int g)
{
    return look_up(ref_iq4_values, nibbles(b->qs + 16 * g));
}

static inline codes32 tq2_0_codes(const struct ref_tq2_0 *b, int g)
{
    return less(bits_of(b->qs + 32 * (g / 4), 2 * (g % 4), 2, 0), 1);
}

/* The digit of a fraction of 256 less 1, once multiplying by a power of 3 has brought it in front:
 * 3 * fraction reaches 256 from 86 on, and 512 from 171 on. */
static inline int8x16_t trit(uint8x16_t bytes, uint8x16_t power)
{
    const uint8x16_t fraction = vmulq_u8(bytes, power);
    const int8x16_t one = vreinterpretq_s8_u8(vcgeq_u8(fraction, vdupq_n_u8(86)));
    const int8x16_t two = vreinterpretq_s8_u8(vcgeq_u8(fraction, vdupq_n_u8(171)));
    return vsubq_s8(vsubq_s8(vdupq_n_s8(-1), one), two); /* each is -1 where it holds */
}

static inline codes32 tq1_0_codes(const struct ref_tq1_0 *b, int g)
{
    static const uint8_t power[5] = {1, 3, 9, 27, 81};
    static const uint8_t powers[16] = {1, 1, 1, 1, 3, 3, 3, 3, 9, 9, 9, 9, 27, 27, 27, 27};
    codes32 ret;
    if (g < 5) {
        ret.val[0] = trit(vld1q_u8(b->qs), vdupq_n_u8(power[g]));
        ret.val[1] = trit(vld1q_u8(b->qs + 16), vdupq_n_u8(power[g]));
        return ret;
    }
    const uint8x16_t sixteen = vld1q_u8(b->qs + 32);
    ret.val[0] = trit(sixteen, vdupq_n_u8(power[2 * (g - 5)]));
    if (g < 7) {
        ret.val[1] = trit(sixteen, vdupq_n_u8(power[2 * (g - 5) + 1]));
    } else {
        uint32_t qh;
        memcpy(&qh, b->qh, sizeof qh);
        ret.val[1] = trit(vreinterpretq_u8_u32(vdupq_n_u32(qh)), vld1q_u8(powers));
    }
    return ret;
}

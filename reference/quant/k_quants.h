/* The K-quants: super-blocks of 256 weights whose groups have small integer scales of their own.
 *
 *            bytes
 *     Q2_K     84    0 scales[16]     16 qs[64]       80 d      82 dmin
 *     Q3_K    110    0 hmask[32]      32 qs[64]       96 scales[12]       108 d
 *     Q4_K    144    0 d    2 dmin   4 scales[12]   16 qs[128]
 *     Q5_K    176    0 d    2 dmin   4 scales[12]   16 qh[32]     48 qs[128]
 *     Q6_K    210    0 ql[128]     128 qh[64]      192 scales[16] (signed)   208 d
 *     Q8_K    292    0 d (binary32)  4 q[256] (signed)      260 sums[16] (signed, 16 bits)
 *
 * Q2_K: 16 groups of 16; x[i] ~= d * scale[g] * q[i] - dmin * min[g], scale and min of 4 bits: the
 * low and the high nibble of scales[g]. Each half of 128 weights has 32 bytes of qs: bits 2k and
 * 2k + 1 of byte l are weight 32k + l.
 *
 * Q3_K: 16 groups of 16; x[i] ~= d * scale[g] * (q[i] - 4), scale of -32..31. The low two bits of q
 * lie as in Q2_K, the third one of weight 32k + l (k = 0..7) is bit k of hmask[l]. scale[g] + 32
 * has its low four bits in nibble g / 8 of byte g % 8 and its upper two in bits 2(g / 4) and 2(g /
 * 4) + 1 of byte 8 + g % 4.
 *
 * Q4_K, Q5_K: 8 groups of 32; x[i] ~= d * scale[g] * q[i] - dmin * min[g], scale and min of 6 bits:
 *
 *     g < 4:   byte g      low 6 bits = scale[g]      byte g + 4   low 6 bits = min[g]
 *     g >= 4:  byte g + 4  low nibble = scale[g] & 15 and high nibble = min[g] & 15
 *              byte g - 4  bits 6-7   = scale[g] >> 4 byte g       bits 6-7   = min[g] >> 4
 *
 * Groups 2c and 2c + 1 share the 32 bytes qs[32c..]: low nibbles and high nibbles. Weight l of
 * group g of Q5_K has its fifth bit in bit g of qh[l].
 *
 * Q6_K: 16 groups of 16; x[i] ~= d * scale[i / 16] * (q[i] - 32). Each half of 128 weights has 64
 * bytes of ql (low nibbles: weights 0-63, high nibbles: 64-127) and 32 of qh: bits 2k and 2k + 1 of
 * qh[l] are the upper bits of weight 32k + l.
 *
 * Q8_K is for activations only, the partner of the K-quants, IQ4_XS and the ternary formats in a
 * dot product: x[i] ~= d * q[i], and sums[g] is the sum of the 16 q of group g, which is what the
 * minima are multiplied by. Its d is a float.
 *
 * Layout: block_q*_K in ggml's src/ggml-common.h. Values: quantize_row_q*_K_ref in ggml's
 * src/ggml-quants.c; our bytes are ggml's bytes (but for the sums of a Q8_K block of zeros, which
 * ggml leaves as they were). */
#pragma once

#include <assert.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

enum {
    REF_K_WEIGHTS = 256,     /* in a super-block */
    REF_K_SCALES_BYTES = 12, /* 8 scales and 8 minima of 6 bits */
};

/* Larger weights are refused: from 2^18 on the squared sums of Q6_K's search overflow. */
#define REF_K_MAX 0x1p16f

struct ref_q2_k {
    uint8_t scales[16];
    uint8_t qs[64];
    uint16_t d, dmin; /* the bits of halves */
};
struct ref_q3_k {
    uint8_t hmask[32];
    uint8_t qs[64];
    uint8_t scales[12];
    uint16_t d;
};
struct ref_q4_k {
    uint16_t d, dmin;
    uint8_t scales[REF_K_SCALES_BYTES];
    uint8_t qs[128];
};
struct ref_q5_k {
    uint16_t d, dmin;
    uint8_t scales[REF_K_SCALES_BYTES];
    uint8_t qh[32];
    uint8_t qs[128];
};
struct ref_q6_k {
    uint8_t ql[128];
    uint8_t qh[64];
    int8_t scales[16];
    uint16_t d;
};
struct ref_q8_k {
    float d;
    int8_t q[256];
    int16_t sums[16];
};
static_assert(sizeof(struct ref_q2_k) == 84, "a file format has no padding");
static_assert(sizeof(struct ref_q3_k) == 110, "a file format has no padding");
static_assert(sizeof(struct ref_q8_k) == 292, "a file format has no padding");
static_assert(offsetof(struct ref_q2_k, d) == 80, "d follows qs");
static_assert(offsetof(struct ref_q3_k, d) == 108, "d comes last");
static_assert(offsetof(struct ref_q8_k, sums) == 260, "sums follows q");
static_assert(sizeof(struct ref_q4_k) == 144, "a file format has no padding");
static_assert(sizeof(struct ref_q5_k) == 176, "a file format has no padding");
static_assert(sizeof(struct ref_q6_k) == 210, "a file format has no padding");
static_assert(offsetof(struct ref_q4_k, qs) == 16, "qs follows scales");
static_assert(offsetof(struct ref_q5_k, qs) == 48, "qs follows qh");
static_assert(offsetof(struct ref_q6_k, d) == 208, "d comes last");

/* Each quantises n weights to n/256 super-blocks.
 *   x           (n)      finite, |x| <= REF_K_MAX (Q8_K: any finite ones)
 *   ret_blocks  (n/256)  the caller's; written only when the result is OK
 * ERR_INVALID: n is no multiple of 256. ERR_RANGE: `why` (may be NULL) names the weight. */
MUST_CHECK enum err_code ref_q2_k_quantize(const float *x, size_t n, struct ref_q2_k *ret_blocks,
                                           struct err *why);
MUST_CHECK enum err_code ref_q3_k_quantize(const float *x, size_t n, struct ref_q3_k *ret_blocks,
                                           struct err *why);
MUST_CHECK enum err_code ref_q4_k_quantize(const float *x, size_t n, struct ref_q4_k *ret_blocks,
                                           struct err *why);
MUST_CHECK enum err_code ref_q5_k_quantize(const float *x, size_t n, struct ref_q5_k *ret_blocks,
                                           struct err *why);
MUST_CHECK enum err_code ref_q6_k_quantize(const float *x, size_t n, struct ref_q6_k *ret_blocks,
                                           struct err *why);
MUST_CHECK enum err_code ref_q8_k_quantize(const float *x, size_t n, struct ref_q8_k *ret_blocks,
                                           struct err *why);

/* Each restores n weights from n/256 super-blocks of any content.
 *   ret_x  (n)  the caller's; written only when the result is OK
 * ERR_INVALID: n is no multiple of 256. */
MUST_CHECK enum err_code ref_q2_k_dequantize(const struct ref_q2_k *blocks, size_t n, float *ret_x,
                                             struct err *why);
MUST_CHECK enum err_code ref_q3_k_dequantize(const struct ref_q3_k *blocks, size_t n, float *ret_x,
                                             struct err *why);
MUST_CHECK enum err_code ref_q4_k_dequantize(const struct ref_q4_k *blocks, size_t n, float *ret_x,
                                             struct err *why);
MUST_CHECK enum err_code ref_q5_k_dequantize(const struct ref_q5_k *blocks, size_t n, float *ret_x,
                                             struct err *why);
MUST_CHECK enum err_code ref_q6_k_dequantize(const struct ref_q6_k *blocks, size_t n, float *ret_x,
                                             struct err *why);
MUST_CHECK enum err_code ref_q8_k_dequantize(const struct ref_q8_k *blocks, size_t n, float *ret_x,
                                             struct err *why);

/* The 6-bit pairs of Q4_K and Q5_K. Packing takes the low six bits of each value. */
void ref_k_scales_pack(const uint8_t scale[8], const uint8_t min[8],
                       uint8_t ret_bytes[REF_K_SCALES_BYTES]);
void ref_k_scales_unpack(const uint8_t bytes[REF_K_SCALES_BYTES], uint8_t ret_scale[8],
                         uint8_t ret_min[8]);

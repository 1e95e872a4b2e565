/* The older formats of ggml: blocks of 32 weights with one scale, and a minimum in the _1 ones.
 * Q8_1 is for activations only, the partner of Q4_1 and Q5_1 in a dot product: there s, d times the
 * sum of q, is what their minimum is multiplied by.
 *
 *            bytes   0       2       4       6       8                     x[i] ~=
 *     Q4_0    18     d       qs[16]                                        d * (q - 8)
 *     Q4_1    20     d       m       qs[16]                                d * q + m
 *     Q5_0    22     d       qh[4] . . . . . qs[16]                        d * (q - 16)
 *     Q5_1    24     d       m       qh[4] . . . . . qs[16]                d * q + m
 *     Q8_0    34     d       q[32] (signed)                                d * q
 *     Q8_1    36     d       s       q[32] (signed)                        d * q
 *
 * d, m and s are IEEE binary16. Byte j of qs holds the low four bits of weight j in its low nibble
 * and of weight j + 16 in its high nibble; bit i of qh, read as a little-endian u32, is the fifth
 * bit of weight i. Layout: block_q* in ggml's src/ggml-common.h.
 *
 * Rounding: quantize_row_q*_ref in ggml's src/ggml-quants.c; our bytes are ggml's bytes. The codes
 * come from the unrounded scale, only the stored one is rounded to half. A scale above 65504 is
 * stored as infinity and one below 2^-25 as zero: such blocks do not come back, but their bytes are
 * as well defined as any. Where 1/d overflows (d below 2^-128) ggml's result is undefined; ours has
 * the codes of a zero block. */
#pragma once

#include <assert.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

enum { REF_LEGACY_WEIGHTS = 32 }; /* weights in a block of any of them */

/* Larger weights are refused: 2^100 leaves room for max - min and for x / d. */
#define REF_LEGACY_MAX 0x1p100f

struct ref_q4_0 {
    uint16_t d; /* scale, the bits of a half; of the sign of minus the largest weight */
    uint8_t qs[16];
};
struct ref_q4_1 {
    uint16_t d, m; /* step and minimum */
    uint8_t qs[16];
};
struct ref_q5_0 {
    uint16_t d;
    uint8_t qh[4]; /* bytes, since a u32 at offset 2 is not aligned */
    uint8_t qs[16];
};
struct ref_q5_1 {
    uint16_t d, m;
    uint8_t qh[4];
    uint8_t qs[16];
};
struct ref_q8_0 {
    uint16_t d;
    int8_t q[32]; /* -127..127; -128 never appears in what we write, and is read as it stands */
};
struct ref_q8_1 {
    uint16_t d, s; /* s: d times the sum of q, from the unrounded d */
    int8_t q[32];
};
static_assert(sizeof(struct ref_q4_0) == 18, "a file format has no padding");
static_assert(sizeof(struct ref_q4_1) == 20, "a file format has no padding");
static_assert(sizeof(struct ref_q5_0) == 22, "a file format has no padding");
static_assert(sizeof(struct ref_q5_1) == 24, "a file format has no padding");
static_assert(sizeof(struct ref_q8_0) == 34, "a file format has no padding");
static_assert(sizeof(struct ref_q8_1) == 36, "a file format has no padding");
static_assert(offsetof(struct ref_q5_0, qs) == 6, "qs follows qh");
static_assert(offsetof(struct ref_q5_1, qs) == 8, "qs follows qh");
static_assert(offsetof(struct ref_q8_0, q) == 2, "q follows d");

/* Each quantises n weights to n/32 blocks.
 *   x           (n)     finite, |x| <= REF_LEGACY_MAX
 *   ret_blocks  (n/32)  the caller's; written only when the result is OK
 * ERR_INVALID: n is no multiple of 32. ERR_RANGE: `why` (may be NULL) names the weight. */
MUST_CHECK enum err_code ref_q4_0_quantize(const float *x, size_t n, struct ref_q4_0 *ret_blocks,
                                           struct err *why);
MUST_CHECK enum err_code ref_q4_1_quantize(const float *x, size_t n, struct ref_q4_1 *ret_blocks,
                                           struct err *why);
MUST_CHECK enum err_code ref_q5_0_quantize(const float *x, size_t n, struct ref_q5_0 *ret_blocks,
                                           struct err *why);
MUST_CHECK enum err_code ref_q5_1_quantize(const float *x, size_t n, struct ref_q5_1 *ret_blocks,
                                           struct err *why);
MUST_CHECK enum err_code ref_q8_0_quantize(const float *x, size_t n, struct ref_q8_0 *ret_blocks,
                                           struct err *why);
MUST_CHECK enum err_code ref_q8_1_quantize(const float *x, size_t n, struct ref_q8_1 *ret_blocks,
                                           struct err *why);

/* Each restores n weights from n/32 blocks of any content; a block whose d or m is infinite or NaN
 * gives what arithmetic makes of it.
 *   ret_x  (n)  the caller's; written only when the result is OK
 * ERR_INVALID: n is no multiple of 32. */
MUST_CHECK enum err_code ref_q4_0_dequantize(const struct ref_q4_0 *blocks, size_t n, float *ret_x,
                                             struct err *why);
MUST_CHECK enum err_code ref_q4_1_dequantize(const struct ref_q4_1 *blocks, size_t n, float *ret_x,
                                             struct err *why);
MUST_CHECK enum err_code ref_q5_0_dequantize(const struct ref_q5_0 *blocks, size_t n, float *ret_x,
                                             struct err *why);
MUST_CHECK enum err_code ref_q5_1_dequantize(const struct ref_q5_1 *blocks, size_t n, float *ret_x,
                                             struct err *why);
MUST_CHECK enum err_code ref_q8_0_dequantize(const struct ref_q8_0 *blocks, size_t n, float *ret_x,
                                             struct err *why);
MUST_CHECK enum err_code ref_q8_1_dequantize(const struct ref_q8_1 *blocks, size_t n, float *ret_x,
                                             struct err *why);

/* The ternary formats, for models trained to weights of -1, 0 and 1 (BitNet b1.58, TriLM): blocks
 * of 256 with one scale.
 *
 *             bytes
 *     TQ1_0    54    0 qs[48]   48 qh[4]   52 d       x[i] ~= d * (q - 1), q in 0..2
 *     TQ2_0    66    0 qs[64]   64 d                  the same, q in 0..3
 *
 * TQ2_0: two bits a weight; in each half of 128 weights byte l holds the weights l, l + 32, l + 64,
 * l + 96 in bits 0-1, 2-3, 4-5, 6-7. No quantiser writes q = 3; it is read as 2 * d.
 *
 * TQ1_0: five base-3 digits a byte (3^5 = 243 <= 256), the first weight in the most significant
 * one. Bytes 0-31 of qs hold the weights l, l + 32, ..., l + 128; bytes 32-47 the weights 160 + l,
 * 160 + l + 16, ..., l = 0..15; qh, with four digits, the weights 240 + l, 240 + l + 4, ..., l =
 * 0..3. The stored byte is the number v = 0..242 as a fraction, ceil(v * 256 / 243): a digit is
 * read by multiplying by 3 and taking what reaches past 256, with no division.
 *
 * Layout: block_tq1_0, block_tq2_0 in ggml's src/ggml-common.h. Values: quantize_row_tq*_ref in
 * ggml's src/ggml-quants.c; our bytes are ggml's bytes. d is the largest magnitude; below 2^-128,
 * where 1/d overflows and ggml's result is undefined, the codes are those of a zero block. */
#pragma once

#include <assert.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

enum { REF_TERNARY_WEIGHTS = 256 }; /* in a block */

/* Larger weights are refused; those above 65504 are stored with an infinite d. */
#define REF_TERNARY_MAX 0x1p100f

struct ref_tq1_0 {
    uint8_t qs[48];
    uint8_t qh[4];
    uint16_t d; /* the bits of a half */
};
struct ref_tq2_0 {
    uint8_t qs[64];
    uint16_t d;
};
static_assert(sizeof(struct ref_tq1_0) == 54, "a file format has no padding");
static_assert(sizeof(struct ref_tq2_0) == 66, "a file format has no padding");
static_assert(offsetof(struct ref_tq1_0, d) == 52, "d comes last");
static_assert(offsetof(struct ref_tq2_0, d) == 64, "d comes last");

/* Each quantises n weights to n/256 blocks.
 *   x           (n)      finite, |x| <= REF_TERNARY_MAX
 *   ret_blocks  (n/256)  the caller's; written only when the result is OK
 * ERR_INVALID: n is no multiple of 256. ERR_RANGE: `why` (may be NULL) names the weight. */
MUST_CHECK enum err_code ref_tq1_0_quantize(const float *x, size_t n, struct ref_tq1_0 *ret_blocks,
                                            struct err *why);
MUST_CHECK enum err_code ref_tq2_0_quantize(const float *x, size_t n, struct ref_tq2_0 *ret_blocks,
                                            struct err *why);

/* Each restores n weights from n/256 blocks of any content.
 *   ret_x  (n)  the caller's; written only when the result is OK
 * ERR_INVALID: n is no multiple of 256. */
MUST_CHECK enum err_code ref_tq1_0_dequantize(const struct ref_tq1_0 *blocks, size_t n,
                                              float *ret_x, struct err *why);
MUST_CHECK enum err_code ref_tq2_0_dequantize(const struct ref_tq2_0 *blocks, size_t n,
                                              float *ret_x, struct err *why);

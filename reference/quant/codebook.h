/* Formats whose codes are indices of a table of 16 values, spaced as weights are: densely around
 * zero.
 *
 *             bytes
 *     IQ4_NL    18    0 d    2 qs[16]                                        32 weights
 *     IQ4_XS   136    0 d    2 scales_h   4 scales_l[4]   8 qs[128]         256 weights
 *     MXFP4     17    0 e    1 qs[16]                                        32 weights
 *
 *     IQ4_NL  x[i] ~= d * iq4[q]               d an IEEE binary16
 *     IQ4_XS  x[i] ~= d * scale[g] * iq4[q]    8 groups of 32 with scales of -32..31
 *     MXFP4   x[i] ~= 2^(e - 128) * mx[q]      e an E8M0 exponent, mx twice the E2M1 values
 *
 * In each 16 bytes of qs, byte j holds the index of weight j in its low nibble and of weight j + 16
 * in its high one. scale[g] + 32 has its low four bits in nibble g % 2 of scales_l[g / 2] and its
 * upper two in bits 2g and 2g + 1 of the little-endian u16 scales_h.
 *
 * Layout and tables: block_iq4_nl, block_iq4_xs, block_mxfp4, kvalues_* in ggml's
 * src/ggml-common.h; for MXFP4 also the OCP Microscaling Formats specification 1.0. Values:
 * quantize_row_*_ref in ggml's src/ggml-quants.c; our bytes are ggml's bytes but in two cases.
 * ref_iq4_nl_quantize gives a block below 1e-15 the codes 0; ggml left those of the block before
 * until it, too, wrote zeros. For an MXFP4 block below 2^-125 ggml casts a negative number to an
 * unsigned byte, which is undefined; ours is e = 0. */
#pragma once

#include <assert.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

extern const int8_t ref_iq4_values[16];
extern const int8_t ref_mxfp4_values[16];

/* Larger weights are refused: the squared sums of the search would overflow. */
#define REF_IQ4_MAX   0x1p16f
#define REF_MXFP4_MAX 0x1p100f

struct ref_iq4_nl {
    uint16_t d; /* the bits of a half */
    uint8_t qs[16];
};
struct ref_iq4_xs {
    uint16_t d;
    uint16_t scales_h;
    uint8_t scales_l[4];
    uint8_t qs[128];
};
struct ref_mxfp4 {
    uint8_t e;
    uint8_t qs[16];
};
static_assert(sizeof(struct ref_iq4_nl) == 18, "a file format has no padding");
static_assert(sizeof(struct ref_iq4_xs) == 136, "a file format has no padding");
static_assert(sizeof(struct ref_mxfp4) == 17, "a file format has no padding");
static_assert(offsetof(struct ref_iq4_xs, qs) == 8, "qs follows scales_l");

/* 2^(e - 128), half of what the exponent says, since the table holds doubled values. e = 255 is a
 * NaN in the specification and an ordinary exponent in ggml and here. */
float ref_mxfp4_scale(uint8_t e);

/* Each quantises n weights to blocks.
 *   x           (n)          finite, |x| <= REF_IQ4_MAX or REF_MXFP4_MAX
 *   ret_blocks  (n/weights)  the caller's; written only when the result is OK
 * IQ4_NL tries one scale, as quantize_row_iq4_nl_ref does; importance.h has the search that
 * llama-quantize uses. IQ4_XS always searches among 15 scales a group.
 * ERR_INVALID: n fills no whole blocks. ERR_RANGE: `why` (may be NULL) names the weight. */
MUST_CHECK enum err_code ref_iq4_nl_quantize(const float *x, size_t n,
                                             struct ref_iq4_nl *ret_blocks, struct err *why);
MUST_CHECK enum err_code ref_iq4_xs_quantize(const float *x, size_t n,
                                             struct ref_iq4_xs *ret_blocks, struct err *why);
MUST_CHECK enum err_code ref_mxfp4_quantize(const float *x, size_t n, struct ref_mxfp4 *ret_blocks,
                                            struct err *why);

/* Each restores n weights from blocks of any content.
 *   ret_x  (n)  the caller's; written only when the result is OK
 * ERR_INVALID: n fills no whole blocks. */
MUST_CHECK enum err_code ref_iq4_nl_dequantize(const struct ref_iq4_nl *blocks, size_t n,
                                               float *ret_x, struct err *why);
MUST_CHECK enum err_code ref_iq4_xs_dequantize(const struct ref_iq4_xs *blocks, size_t n,
                                               float *ret_x, struct err *why);
MUST_CHECK enum err_code ref_mxfp4_dequantize(const struct ref_mxfp4 *blocks, size_t n,
                                              float *ret_x, struct err *why);

/* llama-quantize tries 7 scales on each side of the plain one. */
enum { REF_IQ4_TRIES = 7 };

/* The searches, for importance.h. `importance` (n) or NULL for weights of x^2; `tries` scales on
 * each side of the plain one, or -1 for that alone. No checks. */
void ref_iq4_nl_search(const float x[32], const float *importance, int tries,
                       struct ref_iq4_nl *ret);
void ref_iq4_xs_search(const float x[256], const float *importance, int tries,
                       struct ref_iq4_xs *ret);

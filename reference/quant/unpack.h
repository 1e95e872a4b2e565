/* The signed integers inside a block, in the order of its weights: what is left of a format once
 * its scales are put aside. Restoring multiplies them by scales, a dot product multiplies them by
 * the activation's integers. Any bytes are a block. Private to this folder. */
#pragma once

#include <stdint.h>

#include "reference/quant/codebook.h"
#include "reference/quant/k_quants.h"
#include "reference/quant/legacy.h"
#include "reference/quant/ternary.h"

void ref_q4_0_unpack(const struct ref_q4_0 *block, int8_t ret_codes[32]); /*  -8..7  */
void ref_q4_1_unpack(const struct ref_q4_1 *block, int8_t ret_codes[32]); /*   0..15 */
void ref_q5_0_unpack(const struct ref_q5_0 *block, int8_t ret_codes[32]); /* -16..15 */
void ref_q5_1_unpack(const struct ref_q5_1 *block, int8_t ret_codes[32]); /*   0..31 */

void ref_q2_k_unpack(const struct ref_q2_k *block, int8_t ret_codes[256]); /*   0..3  */
void ref_q3_k_unpack(const struct ref_q3_k *block, int8_t ret_codes[256]); /*  -4..3  */
void ref_q4_k_unpack(const struct ref_q4_k *block, int8_t ret_codes[256]); /*   0..15 */
void ref_q5_k_unpack(const struct ref_q5_k *block, int8_t ret_codes[256]); /*   0..31 */
void ref_q6_k_unpack(const struct ref_q6_k *block, int8_t ret_codes[256]); /* -32..31 */

void ref_iq4_nl_unpack(const struct ref_iq4_nl *block, int8_t ret_values[32]);  /* of the table */
void ref_iq4_xs_unpack(const struct ref_iq4_xs *block, int8_t ret_values[256]); /* of the table */
void ref_mxfp4_unpack(const struct ref_mxfp4 *block, int8_t ret_values[32]);    /* halves */

void ref_tq1_0_unpack(const struct ref_tq1_0 *block, int8_t ret_codes[256]); /* -1..1 */
void ref_tq2_0_unpack(const struct ref_tq2_0 *block, int8_t ret_codes[256]); /* -1..2 */

/* The scales of the groups of 16 of Q3_K (-32..31) and of the groups of 32 of IQ4_XS (-32..31). */
void ref_q3_k_scales(const struct ref_q3_k *block, int8_t ret_scales[16]);
void ref_iq4_xs_scales(const struct ref_iq4_xs *block, int8_t ret_scales[8]);

#include "reference/quant/unpack.h"

#include <string.h>

#include "base/bytes.h"

/* ---- blocks of 32: weight j in the low nibble of byte j, weight j + 16 in the high one ---- */

static void nibbles(const uint8_t qs[16], int offset, int8_t ret_codes[32])
{
    for (int j = 0; j < 16; j++) {
        ret_codes[j] = (int8_t)((qs[j] & 15) - offset);
        ret_codes[j + 16] = (int8_t)((qs[j] >> 4) - offset);
    }
}

static void add_fifth_bits(const uint8_t qh[4], int8_t codes[32])
{
    const uint32_t bits = rd_u32le(qh);
    for (int i = 0; i < 32; i++)
        codes[i] = (int8_t)(codes[i] + (int)((bits >> i & 1) << 4));
}

static void look_up(const int8_t values[16], const uint8_t qs[16], int8_t ret_values[32])
{
    for (int j = 0; j < 16; j++) {
        ret_values[j] = values[qs[j] & 15];
        ret_values[j + 16] = values[qs[j] >> 4];
    }
}

void ref_q4_0_unpack(const struct ref_q4_0 *block, int8_t ret_codes[32])
{
    nibbles(block->qs, 8, ret_codes);
}

void ref_q4_1_unpack(const struct ref_q4_1 *block, int8_t ret_codes[32])
{
    nibbles(block->qs, 0, ret_codes);
}

void ref_q5_0_unpack(const struct ref_q5_0 *block, int8_t ret_codes[32])
{
    nibbles(block->qs, 16, ret_codes);
    add_fifth_bits(block->qh, ret_codes);
}

void ref_q5_1_unpack(const struct ref_q5_1 *block, int8_t ret_codes[32])
{
    nibbles(block->qs, 0, ret_codes);
    add_fifth_bits(block->qh, ret_codes);
}

void ref_iq4_nl_unpack(const struct ref_iq4_nl *block, int8_t ret_values[32])
{
    look_up(ref_iq4_values, block->qs, ret_values);
}

void ref_mxfp4_unpack(const struct ref_mxfp4 *block, int8_t ret_values[32])
{
    look_up(ref_mxfp4_values, block->qs, ret_values);
}

void ref_iq4_xs_unpack(const struct ref_iq4_xs *block, int8_t ret_values[256])
{
    for (int g = 0; g < 8; g++)
        look_up(ref_iq4_values, block->qs + 16 * g, ret_values + 32 * g);
}

void ref_iq4_xs_scales(const struct ref_iq4_xs *block, int8_t ret_scales[8])
{
    for (int g = 0; g < 8; g++) {
        const int low = block->scales_l[g / 2] >> (4 * (g % 2)) & 15;
        const int high = block->scales_h >> (2 * g) & 3;
        ret_scales[g] = (int8_t)((low | high << 4) - 32);
    }
}

/* ---- super-blocks of 256: loops over 32 weights whose bits lie alike, for compilers to widen ----
 */

/* `mask` bits from bit `first` on of each of 32 bytes, times `unit`, added to the codes. */
static void add_bits(const uint8_t bytes[32], int first, int mask, int unit, int8_t codes[32])
{
    for (int l = 0; l < 32; l++)
        codes[l] = (int8_t)(codes[l] + (bytes[l] >> first & mask) * unit);
}

/* Two bits of weight 128h + 32k + l: bits 2k and 2k + 1 of byte 32h + l. */
static void add_pairs(const uint8_t qs[64], int unit, int8_t codes[256])
{
    for (int h = 0; h < 2; h++)
        for (int k = 0; k < 4; k++)
            add_bits(qs + 32 * h, 2 * k, 3, unit, codes + 128 * h + 32 * k);
}

/* One bit of weight 32g + l: bit g of byte l. */
static void add_single_bits(const uint8_t bits[32], int unit, int8_t codes[256])
{
    for (int g = 0; g < 8; g++)
        add_bits(bits, g, 1, unit, codes + 32 * g);
}

/* Four bits of weight 64c + 32k + l: low (k = 0) or high nibble of byte 32c + l. */
static void add_nibbles(const uint8_t qs[128], int8_t codes[256])
{
    for (int c = 0; c < 4; c++)
        for (int k = 0; k < 2; k++)
            add_bits(qs + 32 * c, 4 * k, 15, 1, codes + 64 * c + 32 * k);
}

void ref_q2_k_unpack(const struct ref_q2_k *block, int8_t ret_codes[256])
{
    memset(ret_codes, 0, 256);
    add_pairs(block->qs, 1, ret_codes);
}

void ref_q3_k_unpack(const struct ref_q3_k *block, int8_t ret_codes[256])
{
    memset(ret_codes, -4, 256);
    add_pairs(block->qs, 1, ret_codes);
    add_single_bits(block->hmask, 4, ret_codes);
}

void ref_q3_k_scales(const struct ref_q3_k *block, int8_t ret_scales[16])
{
    for (int g = 0; g < 16; g++) {
        const int low = block->scales[g % 8] >> (g / 8 * 4) & 15;
        const int high = block->scales[8 + g % 4] >> (g / 4 * 2) & 3;
        ret_scales[g] = (int8_t)((low | high << 4) - 32);
    }
}

void ref_q4_k_unpack(const struct ref_q4_k *block, int8_t ret_codes[256])
{
    memset(ret_codes, 0, 256);
    add_nibbles(block->qs, ret_codes);
}

void ref_q5_k_unpack(const struct ref_q5_k *block, int8_t ret_codes[256])
{
    memset(ret_codes, 0, 256);
    add_nibbles(block->qs, ret_codes);
    add_single_bits(block->qh, 16, ret_codes);
}

/* The nibbles of half h: of the weights 0-63 the low ones of 64 bytes, of 64-127 the high ones. */
void ref_q6_k_unpack(const struct ref_q6_k *block, int8_t ret_codes[256])
{
    memset(ret_codes, -32, 256);
    for (int h = 0; h < 2; h++)
        for (int k = 0; k < 4; k++)
            add_bits(block->ql + 64 * h + 32 * (k % 2), k / 2 * 4, 15, 1,
                     ret_codes + 128 * h + 32 * k);
    add_pairs(block->qh, 16, ret_codes);
}

/* ---- ternary ---- */

/* Digit n of each byte, which holds five base-3 digits as a fraction of 256: after n
 * multiplications by 3 the next digit is what reaches past the point. */
static void trits(const uint8_t *bytes, int count, int n, int8_t *ret_codes)
{
    static const uint8_t power[5] = {1, 3, 9, 27, 81};
    for (int l = 0; l < count; l++) {
        const uint8_t fraction = (uint8_t)(bytes[l] * power[n]);
        ret_codes[l] = (int8_t)((fraction * 3 >> 8) - 1);
    }
}

void ref_tq1_0_unpack(const struct ref_tq1_0 *block, int8_t ret_codes[256])
{
    for (int n = 0; n < 5; n++)
        trits(block->qs, 32, n, ret_codes + 32 * n);
    for (int n = 0; n < 5; n++)
        trits(block->qs + 32, 16, n, ret_codes + 160 + 16 * n);
    for (int n = 0; n < 4; n++)
        trits(block->qh, 4, n, ret_codes + 240 + 4 * n);
}

void ref_tq2_0_unpack(const struct ref_tq2_0 *block, int8_t ret_codes[256])
{
    memset(ret_codes, -1, 256);
    add_pairs(block->qs, 1, ret_codes);
}

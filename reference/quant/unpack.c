#include "reference/quant/unpack.h"

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

/* ---- super-blocks of 256: half h of 128, quarter k of 32, l ---- */

/* Two bits of weight 128h + 32k + l: bits 2k and 2k + 1 of byte 32h + l. */
static int pair_of(const uint8_t qs[64], int i)
{
    const int h = i / 128, k = i / 32 % 4, l = i % 32;
    return qs[32 * h + l] >> (2 * k) & 3;
}

/* One bit of weight 32g + l: bit g of byte l. */
static int bit_of(const uint8_t bits[32], int i)
{
    return bits[i % 32] >> (i / 32) & 1;
}

/* Four bits of weight 64c + 32k + l: low (k = 0) or high nibble of byte 32c + l. */
static int nibble_of(const uint8_t qs[128], int i)
{
    const int c = i / 64, k = i / 32 % 2, l = i % 32;
    return qs[32 * c + l] >> (4 * k) & 15;
}

void ref_q2_k_unpack(const struct ref_q2_k *block, int8_t ret_codes[256])
{
    for (int i = 0; i < 256; i++)
        ret_codes[i] = (int8_t)pair_of(block->qs, i);
}

void ref_q3_k_unpack(const struct ref_q3_k *block, int8_t ret_codes[256])
{
    for (int i = 0; i < 256; i++)
        ret_codes[i] = (int8_t)(pair_of(block->qs, i) + 4 * bit_of(block->hmask, i) - 4);
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
    for (int i = 0; i < 256; i++)
        ret_codes[i] = (int8_t)nibble_of(block->qs, i);
}

void ref_q5_k_unpack(const struct ref_q5_k *block, int8_t ret_codes[256])
{
    for (int i = 0; i < 256; i++)
        ret_codes[i] = (int8_t)(nibble_of(block->qs, i) + 16 * bit_of(block->qh, i));
}

void ref_q6_k_unpack(const struct ref_q6_k *block, int8_t ret_codes[256])
{
    for (int i = 0; i < 256; i++) {
        const int h = i / 128, k = i / 32 % 4, l = i % 32;
        const int low = block->ql[64 * h + 32 * (k % 2) + l] >> (k / 2 * 4) & 15;
        ret_codes[i] = (int8_t)((low | pair_of(block->qh, i) << 4) - 32);
    }
}

/* ---- ternary ---- */

/* Digit n of a byte that holds five base-3 digits as a fraction of 256: after n shifts to the left
 * the next digit is what reaches past the point. */
static int8_t trit(uint8_t byte, int n)
{
    static const uint8_t power[5] = {1, 3, 9, 27, 81};
    const uint8_t fraction = (uint8_t)(byte * power[n]);
    return (int8_t)((fraction * 3 >> 8) - 1);
}

void ref_tq1_0_unpack(const struct ref_tq1_0 *block, int8_t ret_codes[256])
{
    for (int i = 0; i < 160; i++)
        ret_codes[i] = trit(block->qs[i % 32], i / 32);
    for (int i = 0; i < 80; i++)
        ret_codes[160 + i] = trit(block->qs[32 + i % 16], i / 16);
    for (int i = 0; i < 16; i++)
        ret_codes[240 + i] = trit(block->qh[i % 4], i / 4);
}

void ref_tq2_0_unpack(const struct ref_tq2_0 *block, int8_t ret_codes[256])
{
    for (int i = 0; i < 256; i++)
        ret_codes[i] = (int8_t)(pair_of(block->qs, i) - 1);
}

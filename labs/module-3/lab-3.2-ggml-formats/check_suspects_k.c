/* Known mistakes with the K-quants, computed again: see check_suspects.c. */
#include <string.h>

#include "base/bytes.h"
#include "check_formats.h"
#include "reference/quant/f16.h"

enum { W = 256 };

enum misreading {
    HIGH_BITS_FROM_OWN_BYTE,
    HIGH_BITS_FORGOTTEN,
    SCALES_NOT_MASKED,
    MINIMUM_ADDED,
    SCALES_EXCHANGED,
    NIBBLES_ADJACENT,
    NIBBLES_BY_16,
    FIFTH_BIT_FORGOTTEN,
    FIFTH_BIT_OF_CHUNK,
    D_FIRST,
    D_FIRST_REST_IN_PLACE,
    CODES_NOT_CENTRED,
    SCALES_UNSIGNED,
    SCALES_PER_32,
    MISREADINGS,
};

static const char *const hints[MISREADINGS] = {
    [HIGH_BITS_FROM_OWN_BYTE] =
        "from sub-block 4 on the upper bits of a scale live four bytes before its number: "
        "sub-block 5 has scale bits 4-5 in byte 1, bits 6-7",
    [HIGH_BITS_FORGOTTEN] = "scales and minima from sub-block 4 on have six bits, too: sub-block 5 "
                            "has scale bits 4-5 in byte 1, bits 6-7",
    [SCALES_NOT_MASKED] =
        "bytes 0-7 of scales hold six bits of their own; bits 6-7 belong to sub-block j + 4",
    [MINIMUM_ADDED] = "the minimum is subtracted: d * sc * q - dmin * m",
    [SCALES_EXCHANGED] = "d stands at byte 0 and dmin at byte 2; you took them the other way round",
    [NIBBLES_ADJACENT] =
        "low and high nibble of a byte belong to elements 32 apart, not to neighbours",
    [NIBBLES_BY_16] = "low and high nibble of a byte belong to elements 32 apart; 16 apart they "
                      "are in the 32-element formats",
    [FIFTH_BIT_FORGOTTEN] = "codes have five bits: the fifth comes from qh and is worth 16",
    [FIFTH_BIT_OF_CHUNK] = "chunk c of 64 takes bits 2c and 2c + 1 of qh[l], not bits c and c + 4",
    [D_FIRST] = "d stands at the end of the block, at byte 208; you took the first two bytes",
    [D_FIRST_REST_IN_PLACE] =
        "d stands at the end of the block, at byte 208; you took the first two bytes",
    [CODES_NOT_CENTRED] = "codes have six bits and no sign: subtract 32",
    [SCALES_UNSIGNED] = "the sixteen scales are signed bytes",
    [SCALES_PER_32] = "there is a scale for every 16 elements: scales[e / 16]",
};

/* ---- Q4_K, Q5_K ---- */

static int six_bits(const uint8_t *s, int g, bool min, enum misreading how)
{
    if (g < 4)
        return s[g + 4 * min] & (how == SCALES_NOT_MASKED ? 255 : 63);
    const int low = min ? s[g + 4] >> 4 : s[g + 4] & 15;
    const int own = how == HIGH_BITS_FROM_OWN_BYTE ? s[g] >> 6 : s[g - 4 + 4 * min] >> 6;
    return how == HIGH_BITS_FORGOTTEN ? low : low | own << 4;
}

static int code_of(uint32_t type, const uint8_t *block, int i, enum misreading how)
{
    const uint8_t *qs = block + (type == REF_Q5_K ? 48 : 16) + i / 64 * 32;
    const int l = i % 64;
    int code = l < 32 ? qs[l] & 15 : qs[l - 32] >> 4;
    if (how == NIBBLES_ADJACENT)
        code = l % 2 == 0 ? qs[l / 2] & 15 : qs[l / 2] >> 4;
    if (how == NIBBLES_BY_16)
        code = qs[l / 32 * 16 + l % 16] >> (l % 32 / 16 * 4) & 15;
    if (type != REF_Q5_K || how == FIFTH_BIT_FORGOTTEN)
        return code;
    const int bit = how == FIFTH_BIT_OF_CHUNK ? i / 64 + l / 32 * 4 : i / 32;
    return code | (block[16 + i % 32] >> bit & 1) << 4;
}

static float misread_affine(uint32_t type, const uint8_t *block, int i, enum misreading how)
{
    const bool exchanged = how == SCALES_EXCHANGED;
    const float d = ref_f16_to_f32(rd_u16le(block + 2 * exchanged));
    const float dmin = ref_f16_to_f32(rd_u16le(block + 2 * !exchanged));
    const float step = d * (float)six_bits(block + 4, i / 32, false, how);
    const float low = dmin * (float)six_bits(block + 4, i / 32, true, how);
    const float x = step * (float)code_of(type, block, i, how);
    return how == MINIMUM_ADDED ? x + low : x - low;
}

/* ---- Q6_K ---- */

static float misread_q6_k(const uint8_t *block, int i, enum misreading how)
{
    const bool first = how == D_FIRST || how == D_FIRST_REST_IN_PLACE;
    const uint8_t *rest = how == D_FIRST ? block + 2 : block;
    const float d = ref_f16_to_f32(rd_u16le(block + (first ? 0 : 208)));
    const int h = i / 128, quarter = i / 32 % 4, l = i % 32;
    const uint8_t scale = rest[192 + (how == SCALES_PER_32 ? i / 32 : i / 16)];
    const int low = rest[64 * h + 32 * (quarter % 2) + l] >> (quarter / 2 * 4) & 15;
    const int code = low | (rest[128 + 32 * h + l] >> (2 * quarter) & 3) << 4;
    return d * (float)(how == SCALES_UNSIGNED ? scale : (int8_t)scale) *
           (float)(how == CODES_NOT_CENTRED ? code : code - 32);
}

static bool restored_so(uint32_t type, const uint8_t *row, const float *actual, size_t n,
                        enum misreading how)
{
    const size_t bytes = ref_quant_find(type)->bytes;
    for (size_t i = 0; i < n; i++) {
        const uint8_t *block = row + i / W * bytes;
        const float x = type == REF_Q6_K ? misread_q6_k(block, (int)(i % W), how)
                                         : misread_affine(type, block, (int)(i % W), how);
        if (memcmp(&x, &actual[i], sizeof x) != 0 && !(x == 0.0f && actual[i] == 0.0f))
            return false;
    }
    return true;
}

void suspect_restore_k(struct check *k, uint32_t type, const uint8_t *row, const float *actual,
                       size_t n)
{
    for (int how = 0; how < MISREADINGS; how++)
        if (restored_so(type, row, actual, n, (enum misreading)how)) {
            check_hint(k, "%s: %s", type_name(type), hints[how]);
            return;
        }
}

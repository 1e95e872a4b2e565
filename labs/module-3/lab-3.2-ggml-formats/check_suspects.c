/* Known mistakes with the 32-weight formats, computed again so that a hint is only given to who
 * made that mistake: if the learner's output is what the mistake gives, it was the mistake. */
#include <math.h>
#include <string.h>

#include "base/bytes.h"
#include "check_formats.h"
#include "reference/quant/f16.h"

enum { W = 32 };

/* What the five formats differ in. */
struct shape {
    uint32_t type;
    bool has_min, has_fifth;
    size_t qh, qs; /* offsets */
    int half;      /* what is subtracted from a code; with has_min: the largest code */
};

static const struct shape *shape_of(uint32_t type)
{
    static const struct shape shapes[] = {
        {REF_Q4_0, false, false, 0, 2, 8}, {REF_Q4_1, true, false, 0, 4, 15},
        {REF_Q5_0, false, true, 2, 6, 16}, {REF_Q5_1, true, true, 4, 8, 31},
        {REF_Q8_0, false, false, 0, 2, 0},
    };
    for (size_t i = 0; i < sizeof shapes / sizeof shapes[0]; i++)
        if (shapes[i].type == type)
            return &shapes[i];
    return NULL;
}

/* ---- restoring ---- */

enum misreading {
    NIBBLES_INTERLEAVED,
    NIBBLES_SWAPPED,
    OFFSET_FORGOTTEN,
    OFFSET_OF_THE_OTHER,
    FIFTH_BIT_FROM_J_12,
    FIFTH_BIT_FORGOTTEN,
    FIFTH_BITS_BIG_ENDIAN,
    SCALE_BIG_ENDIAN,
    MINIMUM_SUBTRACTED,
    MINIMUM_FORGOTTEN,
    BYTES_UNSIGNED,
    MISREADINGS,
};

static const char *const misreading_hints[MISREADINGS] = {
    [NIBBLES_INTERLEAVED] = "element 16 is the high nibble of byte 0, you took the low nibble of "
                            "byte 8: elements j and j + 16 share a byte, neighbours do not",
    [NIBBLES_SWAPPED] = "element 0 is the low nibble of byte 0, you took the high one",
    [OFFSET_FORGOTTEN] =
        "codes have no sign: subtract half their range before scaling, 8 in Q4_0 and 16 in Q5_0",
    [OFFSET_OF_THE_OTHER] =
        "the codes of Q4_0 are centred on 8, those of Q5_0 on 16; you took the other one's",
    [FIFTH_BIT_FROM_J_12] =
        "element j + 16 has its fifth bit in bit j + 16 of qh; you took bit j + 12, which is right "
        "only for who masks with 16 and does not shift further",
    [FIFTH_BIT_FORGOTTEN] = "bit 4 of element j is bit j of qh; your codes end at 15",
    [FIFTH_BITS_BIG_ENDIAN] = "qh is a little-endian u32: bit 0 is in its first byte",
    [SCALE_BIG_ENDIAN] = "halves are little-endian: the low byte comes first",
    [MINIMUM_SUBTRACTED] = "Q4_1 and Q5_1 add m, which has a sign of its own",
    [MINIMUM_FORGOTTEN] = "Q4_1 and Q5_1 add m, the half at bytes 2-3",
    [BYTES_UNSIGNED] = "the codes of Q8_0 are signed: byte 0xff is -1",
};

static float half_at(const uint8_t *p, enum misreading how)
{
    const uint16_t h = rd_u16le(p);
    return ref_f16_to_f32(how == SCALE_BIG_ENDIAN ? (uint16_t)(h << 8 | h >> 8) : h);
}

static int nibble(const uint8_t *qs, int i, enum misreading how)
{
    const int byte = how == NIBBLES_INTERLEAVED ? i / 2 : i % 16;
    const bool high = how == NIBBLES_INTERLEAVED ? i % 2 : (i >= 16) != (how == NIBBLES_SWAPPED);
    return high ? qs[byte] >> 4 : qs[byte] & 15;
}

static int fifth_bit(const uint8_t *p, int i, enum misreading how)
{
    uint32_t qh = rd_u32le(p);
    if (how == FIFTH_BIT_FORGOTTEN)
        return 0;
    if (how == FIFTH_BITS_BIG_ENDIAN)
        qh = qh >> 24 | (qh >> 8 & 0xff00) | (qh << 8 & 0xff0000) | qh << 24;
    if (how == FIFTH_BIT_FROM_J_12 && i >= 16)
        i -= 4;
    return (int)(qh >> i & 1);
}

static int offset(const struct shape *s, enum misreading how)
{
    if (s->has_min || how == OFFSET_FORGOTTEN)
        return 0;
    return how == OFFSET_OF_THE_OTHER ? 24 - s->half : s->half;
}

static float misread(const struct shape *s, const uint8_t *block, int i, enum misreading how)
{
    const float d = half_at(block, how);
    if (s->type == REF_Q8_0)
        return d * (float)(how == BYTES_UNSIGNED ? block[2 + i] : (int8_t)block[2 + i]);
    int code = nibble(block + s->qs, i, how);
    if (s->has_fifth)
        code |= fifth_bit(block + s->qh, i, how) << 4;
    const float x = d * (float)(code - offset(s, how));
    if (!s->has_min || how == MINIMUM_FORGOTTEN)
        return x;
    const float m = half_at(block + 2, how);
    return how == MINIMUM_SUBTRACTED ? x - m : x + m;
}

static bool restored_so(const struct shape *s, const uint8_t *row, const float *actual, size_t n,
                        enum misreading how)
{
    const size_t bytes = ref_quant_find(s->type)->bytes;
    for (size_t i = 0; i < n; i++) {
        const float x = misread(s, row + i / W * bytes, (int)(i % W), how);
        if (memcmp(&x, &actual[i], sizeof x) != 0 && !(x == 0.0f && actual[i] == 0.0f))
            return false;
    }
    return true;
}

void suspect_restore(struct check *k, uint32_t type, const uint8_t *row, const float *actual,
                     size_t n)
{
    const struct shape *s = shape_of(type);
    for (int how = 0; s != NULL && how < MISREADINGS; how++)
        if (restored_so(s, row, actual, n, (enum misreading)how)) {
            check_hint(k, "%s: %s", type_name(type), misreading_hints[how]);
            return;
        }
}

/* ---- quantising ---- */

enum miswriting {
    LARGEST_WITHOUT_SIGN,
    LAST_OF_EQUALS,
    ROUNDED_SCALE,
    HALVES_TO_EVEN,
    DIVIDED,
    NO_UPPER_BOUND,
    NO_UPPER_BOUND_MASKED,
    ZERO_WITHOUT_SIGN,
    CODES_INTERLEAVED,
    CODES_TRUNCATED,
    STEPS_TO_SEVEN,
    MISWRITINGS,
};

static const char *const miswriting_hints[MISWRITINGS] = {
    [LARGEST_WITHOUT_SIGN] = "d takes the sign of the element of largest magnitude: divide the "
                             "element itself by -8 (-16 in Q5_0), not its absolute value",
    [LAST_OF_EQUALS] = "+max and -max tie: the first one decides the sign of d",
    [ROUNDED_SCALE] = "the codes come from the float d; only the file holds the half",
    [HALVES_TO_EVEN] = "halves go up here: add one half and truncate; you took ties to even",
    [DIVIDED] = "multiply by 1/d: x / d rounds to other codes",
    [NO_UPPER_BOUND] = "an element of -max gives one code too many, which spills into its "
                       "neighbour: min(15, code), and 31 in Q5_0",
    [NO_UPPER_BOUND_MASKED] = "an element of -max gives one code too many, and masking it gives 0: "
                              "min(15, code), and 31 in Q5_0",
    [ZERO_WITHOUT_SIGN] = "an all-zero block has d = 0 / -8, and that is -0: bytes 00 80",
    [CODES_INTERLEAVED] = "elements j and j + 16 share a byte, neighbours do not",
    [CODES_TRUNCATED] =
        "codes are rounded, not cut: add one half before you truncate (Q8_0: roundf)",
    [STEPS_TO_SEVEN] = "the element of largest magnitude becomes code 0, which is -8 steps (-16 in "
                       "Q5_0): divide by -8, not by 7",
};

struct coded {
    float d, m;
    int code[W];
};

static float largest_of(const float x[W], enum miswriting how)
{
    float largest = 0.0f;
    for (int i = 0; i < W; i++) {
        const bool equal = fabsf(x[i]) == fabsf(largest);
        if (fabsf(x[i]) > fabsf(largest) || (equal && how == LAST_OF_EQUALS && x[i] != 0.0f))
            largest = x[i];
    }
    return how == LARGEST_WITHOUT_SIGN ? fabsf(largest) : largest;
}

static void choose_scale(const struct shape *s, const float x[W], enum miswriting how,
                         struct coded *ret)
{
    float min = x[0], max = x[0];
    for (int i = 1; i < W; i++) {
        min = fminf(min, x[i]);
        max = fmaxf(max, x[i]);
    }
    ret->m = min;
    if (s->type == REF_Q8_0)
        ret->d = fabsf(largest_of(x, how)) / 127.0f;
    else if (s->has_min)
        ret->d = (max - min) / (float)s->half;
    else if (how == STEPS_TO_SEVEN)
        ret->d = fabsf(largest_of(x, how)) / (float)(s->half - 1);
    else
        ret->d = largest_of(x, how) / (float)-s->half;
    if (how == ZERO_WITHOUT_SIGN && ret->d == 0.0f)
        ret->d = 0.0f;
}

static float clamped(float v, float least, float most)
{
    return v < least ? least : v > most ? most : v;
}

static int code_of(const struct shape *s, float scaled, enum miswriting how)
{
    const bool to_even = how == HALVES_TO_EVEN;
    if (s->type == REF_Q8_0) {
        const float v = clamped(scaled, -128.0f, 127.0f); /* NaN is none of our suspects' */
        return (int)(to_even ? rintf(v) : how == CODES_TRUNCATED ? truncf(v) : roundf(v));
    }
    const float shift = s->has_min ? 0.0f : (float)s->half;
    const int most = s->has_min ? s->half : 2 * s->half - 1;
    const bool bound = how != NO_UPPER_BOUND && how != NO_UPPER_BOUND_MASKED;
    const float up = to_even ? rintf(scaled) + shift
                             : truncf(scaled + shift + (how == CODES_TRUNCATED ? 0.0f : 0.5f));
    return (int)clamped(up, 0.0f, (float)(bound ? most : most + 1));
}

static void choose_codes(const struct shape *s, const float x[W], enum miswriting how,
                         struct coded *ret)
{
    const float d = how == ROUNDED_SCALE ? ref_f16_to_f32(ref_f16_from_f32(ret->d)) : ret->d;
    const float m = how == ROUNDED_SCALE ? ref_f16_to_f32(ref_f16_from_f32(ret->m)) : ret->m;
    for (int i = 0; i < W; i++) {
        const float from = s->has_min ? x[i] - m : x[i];
        const float scaled = d == 0.0f ? 0.0f : how == DIVIDED ? from / d : from * (1.0f / d);
        ret->code[i] = isnan(scaled) ? 0 : code_of(s, scaled, how);
    }
}

static void pack(const struct shape *s, const struct coded *c, enum miswriting how,
                 uint8_t *ret_block)
{
    const unsigned mask = how == NO_UPPER_BOUND ? 0xff : 15;
    uint32_t qh = 0;
    wr_u16le(ret_block, ref_f16_from_f32(c->d));
    if (s->has_min)
        wr_u16le(ret_block + 2, ref_f16_from_f32(c->m));
    for (int j = 0; j < 16 && s->type != REF_Q8_0; j++) {
        const bool neighbours = how == CODES_INTERLEAVED;
        const unsigned low = (unsigned)c->code[neighbours ? 2 * j : j];
        const unsigned high = (unsigned)c->code[neighbours ? 2 * j + 1 : j + 16];
        ret_block[s->qs + (size_t)j] = (uint8_t)((low & mask) | (high & mask) << 4);
    }
    for (int i = 0; i < W; i++)
        qh |= (uint32_t)(c->code[i] >> 4 & 1) << i;
    if (s->has_fifth)
        wr_u32le(ret_block + s->qh, qh);
    for (int i = 0; i < W && s->type == REF_Q8_0; i++)
        ret_block[s->qs + (size_t)i] = (uint8_t)c->code[i];
}

static bool quantized_so(const struct shape *s, const float *x, const uint8_t *actual, size_t n,
                         enum miswriting how)
{
    const size_t bytes = ref_quant_find(s->type)->bytes;
    for (size_t b = 0; b < n / W; b++) {
        struct coded c;
        uint8_t block[W + 2];
        choose_scale(s, x + b * W, how, &c);
        choose_codes(s, x + b * W, how, &c);
        pack(s, &c, how, block);
        if (memcmp(block, actual + b * bytes, bytes) != 0)
            return false;
    }
    return true;
}

void suspect_quantize(struct check *k, uint32_t type, const float *x, const uint8_t *actual,
                      size_t n)
{
    const struct shape *s = shape_of(type);
    for (int how = 0; s != NULL && how < MISWRITINGS; how++)
        if (quantized_so(s, x, actual, n, (enum miswriting)how)) {
            const bool q8_0_ties = type == REF_Q8_0 && how == HALVES_TO_EVEN;
            check_hint(k, "%s: %s", type_name(type),
                       q8_0_ties ? "halves go away from zero (roundf); you took ties to even"
                                 : miswriting_hints[how]);
            return;
        }
}

/* group: dq-k */
/* The mistake: takes bits 4-5 of a scale from byte j, where those of the minimum are, not j - 4. */
#include "lab.h"

#include <math.h>
#include <stdbool.h>
#include <string.h>

enum { LEGACY = 32, SUPER = 256 }; /* weights in a block */

/* ---- bytes ---- */

static float half_at(const uint8_t *p)
{
    return qb_f16_f32((uint16_t)(p[0] | p[1] << 8));
}

/* Stores x as a half and returns what a reader will see. */
static float put_half(uint8_t *p, float x)
{
    const uint16_t h = qb_f32_f16(x);
    p[0] = (uint8_t)h;
    p[1] = (uint8_t)(h >> 8);
    return qb_f16_f32(h);
}

static uint32_t u32_at(const uint8_t *p)
{
    return p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

/* Byte j: the low four bits of code j, and above them those of code j + 16. */
static void put_nibbles(uint8_t *qs, const uint8_t *code)
{
    for (int j = 0; j < 16; j++)
        qs[j] = (uint8_t)((code[j] & 15) | (code[j + 16] & 15) << 4);
}

static void put_fifth_bits(uint8_t *qh, const uint8_t *code)
{
    memset(qh, 0, 4);
    for (int i = 0; i < LEGACY; i++)
        qh[i / 8] |= (uint8_t)((code[i] >> 4 & 1) << (i % 8));
}

/* ---- F32, F16 ---- */

static void f32_restore(const uint8_t *block, float *y)
{
    memcpy(y, block, sizeof *y);
}

static void f32_quantise(const float *x, uint8_t *block)
{
    memcpy(block, x, sizeof *x);
}

static void f16_restore(const uint8_t *block, float *y)
{
    *y = half_at(block);
}

static void f16_quantise(const float *x, uint8_t *block)
{
    put_half(block, *x);
}

/* ---- the legacy formats, restored ---- */

static void q4_0_restore(const uint8_t *block, float *y)
{
    const float d = half_at(block);
    const uint8_t *qs = block + 2;
    for (int j = 0; j < 16; j++) {
        y[j] = (float)((qs[j] & 15) - 8) * d;
        y[j + 16] = (float)((qs[j] >> 4) - 8) * d;
    }
}

static void q4_1_restore(const uint8_t *block, float *y)
{
    const float d = half_at(block), m = half_at(block + 2);
    const uint8_t *qs = block + 4;
    for (int j = 0; j < 16; j++) {
        y[j] = (float)(qs[j] & 15) * d + m;
        y[j + 16] = (float)(qs[j] >> 4) * d + m;
    }
}

/* Code j or j + 16 of a five-bit format. */
static int low_code(const uint8_t *qs, uint32_t qh, int j)
{
    return (qs[j] & 15) | (int)(qh >> j & 1) << 4;
}

static int high_code(const uint8_t *qs, uint32_t qh, int j)
{
    return qs[j] >> 4 | (int)(qh >> (j + 16) & 1) << 4;
}

static void q5_0_restore(const uint8_t *block, float *y)
{
    const float d = half_at(block);
    const uint32_t qh = u32_at(block + 2);
    const uint8_t *qs = block + 6;
    for (int j = 0; j < 16; j++) {
        y[j] = (float)(low_code(qs, qh, j) - 16) * d;
        y[j + 16] = (float)(high_code(qs, qh, j) - 16) * d;
    }
}

static void q5_1_restore(const uint8_t *block, float *y)
{
    const float d = half_at(block), m = half_at(block + 2);
    const uint32_t qh = u32_at(block + 4);
    const uint8_t *qs = block + 8;
    for (int j = 0; j < 16; j++) {
        y[j] = (float)low_code(qs, qh, j) * d + m;
        y[j + 16] = (float)high_code(qs, qh, j) * d + m;
    }
}

static void q8_0_restore(const uint8_t *block, float *y)
{
    const float d = half_at(block);
    for (int i = 0; i < LEGACY; i++)
        y[i] = (float)(int8_t)block[2 + i] * d;
}

/* ---- the legacy formats, quantised: codes come from the float d, the file gets its half ---- */

static float largest_of(const float *x, int n)
{
    float largest = 0.0f;
    for (int i = 0; i < n; i++)
        if (fabsf(x[i]) > fabsf(largest)) /* strictly: the first of equals decides the sign */
            largest = x[i];
    return largest;
}

static float inverse_of(float d)
{
    const float inverse = 1.0f / d;
    return isfinite(inverse) ? inverse : 0.0f; /* not for d = 0, nor for the smallest subnormals */
}

/* Truncation of something that is not negative: halves go up. */
static uint8_t code_of(float scaled, int most)
{
    const int code = (int)scaled;
    return (uint8_t)(code < most ? code : most);
}

static float symmetric_codes(const float *x, int half, uint8_t *code)
{
    const float d = largest_of(x, LEGACY) / (float)-half; /* -0 for a block of zeros */
    const float inverse = inverse_of(d);
    for (int i = 0; i < LEGACY; i++)
        code[i] = code_of(x[i] * inverse + ((float)half + 0.5f), 2 * half - 1);
    return d;
}

static void q4_0_quantise(const float *x, uint8_t *block)
{
    uint8_t code[LEGACY];
    put_half(block, symmetric_codes(x, 8, code));
    put_nibbles(block + 2, code);
}

static void q5_0_quantise(const float *x, uint8_t *block)
{
    uint8_t code[LEGACY];
    put_half(block, symmetric_codes(x, 16, code));
    put_fifth_bits(block + 2, code);
    put_nibbles(block + 6, code);
}

/* d goes to bytes 0-1, the minimum to bytes 2-3. */
static void affine_codes(const float *x, int most, uint8_t *block, uint8_t *code)
{
    float min = x[0], max = x[0];
    for (int i = 1; i < LEGACY; i++) {
        min = x[i] < min ? x[i] : min;
        max = x[i] > max ? x[i] : max;
    }
    const float d = (max - min) / (float)most;
    const float inverse = inverse_of(d);
    for (int i = 0; i < LEGACY; i++)
        code[i] = code_of((x[i] - min) * inverse + 0.5f, most);
    put_half(block, d);
    put_half(block + 2, min);
}

static void q4_1_quantise(const float *x, uint8_t *block)
{
    uint8_t code[LEGACY];
    affine_codes(x, 15, block, code);
    put_nibbles(block + 4, code);
}

static void q5_1_quantise(const float *x, uint8_t *block)
{
    uint8_t code[LEGACY];
    affine_codes(x, 31, block, code);
    put_fifth_bits(block + 4, code);
    put_nibbles(block + 8, code);
}

static void q8_0_quantise(const float *x, uint8_t *block)
{
    const float d = fabsf(largest_of(x, LEGACY)) / 127.0f;
    const float inverse = inverse_of(d);
    put_half(block, d);
    for (int i = 0; i < LEGACY; i++)
        block[2 + i] = (uint8_t)(int8_t)roundf(x[i] * inverse); /* halves away from zero */
}

/* ---- K-quants: the 6-bit scales and minima of eight groups, in twelve bytes ---- */

static void put_scales(uint8_t *s, const uint8_t *scale, const uint8_t *min)
{
    for (int g = 0; g < 4; g++) {
        s[g] = (uint8_t)(scale[g] | scale[g + 4] >> 4 << 6);
        s[g + 4] = (uint8_t)(min[g] | min[g + 4] >> 4 << 6);
        s[g + 8] = (uint8_t)((scale[g + 4] & 15) | min[g + 4] << 4);
    }
}

static int scale_at(const uint8_t *s, int g)
{
    return g < 4 ? s[g] & 63 : (s[g + 4] & 15) | s[g] >> 6 << 4;
}

static int min_at(const uint8_t *s, int g)
{
    return g < 4 ? s[g + 4] & 63 : s[g + 4] >> 4 | s[g] >> 6 << 4;
}

/* ---- K-quants, restored ---- */

static void q4_k_restore(const uint8_t *block, float *y)
{
    const float d = half_at(block), dmin = half_at(block + 2);
    const uint8_t *s = block + 4, *qs = block + 16;
    for (int g = 0; g < 8; g += 2, qs += 32, y += 64) {
        const float d0 = d * (float)scale_at(s, g), m0 = dmin * (float)min_at(s, g);
        const float d1 = d * (float)scale_at(s, g + 1), m1 = dmin * (float)min_at(s, g + 1);
        for (int l = 0; l < 32; l++) {
            y[l] = d0 * (float)(qs[l] & 15) - m0;
            y[l + 32] = d1 * (float)(qs[l] >> 4) - m1;
        }
    }
}

static void q5_k_restore(const uint8_t *block, float *y)
{
    const float d = half_at(block), dmin = half_at(block + 2);
    const uint8_t *s = block + 4, *qh = block + 16, *qs = block + 48;
    for (int g = 0; g < 8; g += 2, qs += 32, y += 64) {
        const float d0 = d * (float)scale_at(s, g), m0 = dmin * (float)min_at(s, g);
        const float d1 = d * (float)scale_at(s, g + 1), m1 = dmin * (float)min_at(s, g + 1);
        for (int l = 0; l < 32; l++) {
            y[l] = d0 * (float)((qs[l] & 15) | (qh[l] >> g & 1) << 4) - m0;
            y[l + 32] = d1 * (float)(qs[l] >> 4 | (qh[l] >> (g + 1) & 1) << 4) - m1;
        }
    }
}

static void q6_k_restore(const uint8_t *block, float *y)
{
    const uint8_t *ql = block, *qh = block + 128, *scale = block + 192;
    const float d = half_at(block + 208);
    float step[16];
    for (int g = 0; g < 16; g++)
        step[g] = d * (float)(int8_t)scale[g];
    for (int h = 0; h < 2; h++, ql += 64, qh += 32, y += 128) {
        const float *s = step + 8 * h;
        for (int l = 0; l < 32; l++) {
            y[l] = s[l / 16] * (float)(((ql[l] & 15) | (qh[l] & 3) << 4) - 32);
            y[l + 32] = s[2 + l / 16] * (float)(((ql[l + 32] & 15) | (qh[l] >> 2 & 3) << 4) - 32);
            y[l + 64] = s[4 + l / 16] * (float)((ql[l] >> 4 | (qh[l] >> 4 & 3) << 4) - 32);
            y[l + 96] = s[6 + l / 16] * (float)((ql[l + 32] >> 4 | qh[l] >> 6 << 4) - 32);
        }
    }
}

/* ---- K-quants, quantised: try about twenty scales per group, keep the best ---- */

static uint8_t clamped(float x, int least, int most)
{
    const int v = (int)rintf(x);
    return (uint8_t)((v < least ? least : v > most ? most : v) - least);
}

/* A line x ~= scale * code + min through n weighted points; min is at most 0. */
struct line {
    float scale, min;
};

/* Least squares. False where the codes do not determine a line. */
static bool fit_line(const float *x, const float *w, const uint8_t *code, int n, struct line *ret)
{
    float s_w = 0.0f, s_x = 0.0f, s_l = 0.0f, s_l2 = 0.0f, s_xl = 0.0f;
    for (int i = 0; i < n; i++) {
        const float l = (float)code[i];
        s_w += w[i];
        s_x += w[i] * x[i];
        s_l += w[i] * l;
        s_l2 += w[i] * l * l;
        s_xl += w[i] * l * x[i];
    }
    const float determinant = s_w * s_l2 - s_l * s_l;
    if (!(determinant > 0.0f))
        return false;
    ret->scale = (s_w * s_xl - s_x * s_l) / determinant;
    ret->min = (s_l2 * s_x - s_l * s_xl) / determinant;
    if (ret->min > 0.0f) {
        ret->min = 0.0f;
        ret->scale = s_xl / s_l2;
    }
    return true;
}

static float error_of(const float *x, const float *w, const uint8_t *code, int n, struct line line)
{
    float sum = 0.0f;
    for (int i = 0; i < n; i++) {
        const float miss = line.scale * (float)code[i] + line.min - x[i];
        sum += w[i] * (miss * miss);
    }
    return sum;
}

/* The best line for 32 weights and codes 0..15. Every trial spreads the codes a little wider or
 * narrower, then fits the line that suits those codes. */
static struct line search_line(const float *x, const float *w)
{
    float min = 0.0f, max = x[0];
    for (int i = 0; i < 32; i++) {
        min = x[i] < min ? x[i] : min;
        max = x[i] > max ? x[i] : max;
    }
    struct line best = {0.0f, min};
    if (max - min < 1e-30f) /* 1 / (max - min) has to stay finite */
        return best;
    best.scale = (max - min) / 15.0f;

    float best_error = INFINITY;
    for (int t = -1; t <= 20; t++) { /* -1: codes from min to max as they are, without a fit */
        uint8_t code[32];
        struct line line = best;
        const float inverse = (t < 0 ? 15.0f : 14.0f + 0.1f * (float)t) / (max - best.min);
        for (int i = 0; i < 32; i++)
            code[i] = clamped(inverse * (x[i] - best.min), 0, 15);
        if (t >= 0 && !fit_line(x, w, code, 32, &line))
            continue;
        const float error = error_of(x, w, code, 32, line);
        if (error < best_error) {
            best_error = error;
            best = line;
        }
    }
    return best;
}

/* Rounds eight numbers to 0..63 in units of the largest over 63. Returns the unit as stored. */
static float round_scales(const float *value, uint8_t *block, uint8_t *rounded)
{
    float largest = 0.0f;
    for (int g = 0; g < 8; g++)
        largest = fmaxf(largest, value[g]);
    const float inverse = inverse_of(largest / 63.0f);
    for (int g = 0; g < 8; g++)
        rounded[g] = clamped(inverse * value[g], 0, 63);
    return put_half(block, largest / 63.0f);
}

static void q4_k_quantise(const float *x, uint8_t *block)
{
    float scale[8], min[8];
    for (int g = 0; g < 8; g++) {
        const float *xg = x + 32 * g;
        float sum = 0.0f, w[32];
        for (int i = 0; i < 32; i++)
            sum += xg[i] * xg[i];
        for (int i = 0; i < 32; i++)
            w[i] = sqrtf(sum / 32.0f) + fabsf(xg[i]); /* large weights matter more */
        const struct line line = search_line(xg, w);
        scale[g] = line.scale;
        min[g] = -line.min;
    }
    uint8_t rounded_scale[8], rounded_min[8], code[SUPER];
    const float d = round_scales(scale, block, rounded_scale);
    const float dmin = round_scales(min, block + 2, rounded_min);
    put_scales(block + 4, rounded_scale, rounded_min);

    for (int i = 0; i < SUPER; i++) { /* the codes that suit the scales as rounded */
        const float step = d * (float)rounded_scale[i / 32];
        const float low = dmin * (float)rounded_min[i / 32];
        code[i] = step != 0.0f ? clamped((x[i] + low) / step, 0, 15) : 0;
    }
    for (int i = 0; i < SUPER / 2; i++) {
        const uint8_t *pair = code + i / 32 * 64 + i % 32;
        block[16 + i] = (uint8_t)(pair[0] | pair[32] << 4);
    }
}

/* The best scale for 16 weights and codes -32..31, each weight counting by its square. */
static float search_scale(const float *x)
{
    const float largest = largest_of(x, 16);
    float best = 0.0f, scale = 0.0f;
    for (int t = -9; fabsf(largest) > 1e-15f && t <= 9; t++) {
        const float inverse = -(32.0f + 0.1f * (float)t) / largest;
        float s_xl = 0.0f, s_l2 = 0.0f;
        for (int i = 0; i < 16; i++) {
            const float l = (float)(clamped(inverse * x[i], -32, 31) - 32);
            s_xl += x[i] * x[i] * x[i] * l;
            s_l2 += x[i] * x[i] * l * l;
        }
        if (s_l2 > 0.0f && s_xl * s_xl > best * s_l2) {
            scale = s_xl / s_l2;
            best = scale * s_xl;
        }
    }
    return scale;
}

static void q6_k_pack(const uint8_t *code, uint8_t *block)
{
    uint8_t *ql = block, *qh = block + 128;
    for (int h = 0; h < 2; h++, ql += 64, qh += 32, code += 128)
        for (int l = 0; l < 32; l++) {
            ql[l] = (uint8_t)((code[l] & 15) | code[l + 64] << 4);
            ql[l + 32] = (uint8_t)((code[l + 32] & 15) | code[l + 96] << 4);
            qh[l] = (uint8_t)(code[l] >> 4 | code[l + 32] >> 4 << 2 | code[l + 64] >> 4 << 4 |
                              code[l + 96] >> 4 << 6);
        }
}

static void q6_k_quantise(const float *x, uint8_t *block)
{
    float scale[16];
    uint8_t code[SUPER];
    for (int g = 0; g < 16; g++)
        scale[g] = search_scale(x + 16 * g);
    const float largest = largest_of(scale, 16);
    memset(block, 0, 210);
    if (fabsf(largest) < 1e-15f)
        return;
    const float d = put_half(block + 208, largest / -128.0f);
    for (int g = 0; g < 16; g++) {
        const int rounded = clamped(-128.0f / largest * scale[g], -128, 127) - 128;
        const float step = d * (float)rounded;
        block[192 + g] = (uint8_t)(int8_t)rounded;
        for (int i = 16 * g; i < 16 * g + 16; i++)
            code[i] = step != 0.0f ? clamped(x[i] / step, -32, 31) : 32;
    }
    q6_k_pack(code, block);
}

/* ---- rows ---- */

static const struct format {
    uint32_t type;
    void (*restore)(const uint8_t *block, float *y);
    void (*quantise)(const float *x, uint8_t *block); /* NULL: one way only */
} formats[QT_TYPES] = {
    {QT_F32, f32_restore, f32_quantise},    {QT_F16, f16_restore, f16_quantise},
    {QT_Q4_0, q4_0_restore, q4_0_quantise}, {QT_Q4_1, q4_1_restore, q4_1_quantise},
    {QT_Q5_0, q5_0_restore, q5_0_quantise}, {QT_Q5_1, q5_1_restore, q5_1_quantise},
    {QT_Q8_0, q8_0_restore, q8_0_quantise}, {QT_Q4_K, q4_k_restore, q4_k_quantise},
    {QT_Q5_K, q5_k_restore, NULL},          {QT_Q6_K, q6_k_restore, q6_k_quantise},
};

/* The place of a type in both tables; -1 if it is unknown or n weights do not fit it. */
static int place_of(uint32_t type, int64_t n)
{
    for (int i = 0; i < QT_TYPES; i++)
        if (qt_types[i].type == type && formats[i].type == type)
            return n >= 0 && n % qt_types[i].weights == 0 ? i : -1;
    return -1;
}

size_t qt_row_bytes(uint32_t type, int64_t n)
{
    const int p = place_of(type, n);
    return p < 0 ? 0 : (size_t)(n / qt_types[p].weights) * (size_t)qt_types[p].bytes;
}

int qt_dequantize(uint32_t type, const void *src, float *dst, int64_t n)
{
    const int p = place_of(type, n);
    const uint8_t *block = src;
    if (p < 0)
        return -1;
    for (int64_t i = 0; i < n; i += qt_types[p].weights, block += qt_types[p].bytes)
        formats[p].restore(block, dst + i);
    return 0;
}

int qt_quantize(uint32_t type, const float *src, void *dst, int64_t n)
{
    const int p = place_of(type, n);
    uint8_t *block = dst;
    if (p < 0 || formats[p].quantise == NULL)
        return -1;
    for (int64_t i = 0; i < n; i += qt_types[p].weights, block += qt_types[p].bytes)
        formats[p].quantise(src + i, block);
    return 0;
}

int qt_convert(uint32_t from, const void *src, uint32_t to, void *dst, int64_t n)
{
    float x[4 * SUPER]; /* whole blocks of every type; the stack is all the memory we need */
    const int64_t step = sizeof x / sizeof x[0];
    const int p = place_of(to, n);
    if (place_of(from, n) < 0 || p < 0 || formats[p].quantise == NULL)
        return -1;
    for (int64_t i = 0; i < n; i += step) {
        const int64_t m = n - i < step ? n - i : step;
        qt_dequantize(from, (const uint8_t *)src + qt_row_bytes(from, i), x, m);
        qt_quantize(to, x, (uint8_t *)dst + qt_row_bytes(to, i), m);
    }
    return 0;
}

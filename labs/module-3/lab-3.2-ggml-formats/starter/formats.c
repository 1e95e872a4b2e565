/* Lab 3.2, to begin with: F32, F16 and Q8_0 work, the other formats are yours. */
#include "lab.h"

#include <math.h>
#include <string.h>

/* A half at any address, little-endian. */
static float half_at(const uint8_t *p)
{
    return qb_f16_f32((uint16_t)(p[0] | p[1] << 8));
}

static void put_half(uint8_t *p, float x)
{
    const uint16_t h = qb_f32_f16(x);
    p[0] = (uint8_t)h;
    p[1] = (uint8_t)(h >> 8);
}

/* ---- Q8_0: bytes 0-1 d, bytes 2-33 q[32], signed ---- */

static void q8_0_restore(const uint8_t *block, float *y)
{
    const float d = half_at(block);
    for (int i = 0; i < 32; i++)
        y[i] = (float)(int8_t)block[2 + i] * d;
}

static void q8_0_quantise(const float *x, uint8_t *block)
{
    float amax = 0.0f;
    for (int i = 0; i < 32; i++)
        amax = fmaxf(amax, fabsf(x[i]));
    const float d = amax / 127.0f;
    const float inverse = d != 0.0f ? 1.0f / d : 0.0f;
    put_half(block, d);
    for (int i = 0; i < 32; i++)
        block[2 + i] = (uint8_t)(int8_t)roundf(x[i] * inverse);
}

/* ---- rows ---- */

static const qt_info *find(uint32_t type)
{
    for (int i = 0; i < QT_TYPES; i++)
        if (qt_types[i].type == type)
            return &qt_types[i];
    return NULL;
}

size_t qt_row_bytes(uint32_t type, int64_t n)
{
    const qt_info *info = find(type);
    if (info == NULL || n < 0 || n % info->weights != 0)
        return 0;
    return (size_t)(n / info->weights) * (size_t)info->bytes;
}

int qt_dequantize(uint32_t type, const void *src, float *dst, int64_t n)
{
    const uint8_t *row = src;
    const size_t bytes = qt_row_bytes(type, n);
    if (bytes == 0 && n != 0)
        return -1;
    switch (type) {
    case QT_F32:
        memcpy(dst, row, bytes);
        return 0;
    case QT_F16:
        for (int64_t i = 0; i < n; i++)
            dst[i] = half_at(row + 2 * i);
        return 0;
    case QT_Q8_0:
        for (int64_t b = 0; b < n / 32; b++)
            q8_0_restore(row + 34 * b, dst + 32 * b);
        return 0;
    }
    return -1; /* Q4_0 is a good next step: see the handout's walkthrough */
}

int qt_quantize(uint32_t type, const float *src, void *dst, int64_t n)
{
    uint8_t *row = dst;
    const size_t bytes = qt_row_bytes(type, n);
    if (bytes == 0 && n != 0)
        return -1;
    switch (type) {
    case QT_F32:
        memcpy(row, src, bytes);
        return 0;
    case QT_F16:
        for (int64_t i = 0; i < n; i++)
            put_half(row + 2 * i, src[i]);
        return 0;
    case QT_Q8_0:
        for (int64_t b = 0; b < n / 32; b++)
            q8_0_quantise(src + 32 * b, row + 34 * b);
        return 0;
    }
    return -1;
}

int qt_convert(uint32_t from, const void *src, uint32_t to, void *dst, int64_t n)
{
    float x[256]; /* a whole number of blocks of every type */
    if ((qt_row_bytes(from, n) == 0 || qt_row_bytes(to, n) == 0) && n != 0)
        return -1;
    for (int64_t i = 0; i < n; i += 256) {
        const int64_t m = n - i < 256 ? n - i : 256;
        if (qt_dequantize(from, (const uint8_t *)src + qt_row_bytes(from, i), x, m) != 0 ||
            qt_quantize(to, x, (uint8_t *)dst + qt_row_bytes(to, i), m) != 0)
            return -1;
    }
    return 0;
}

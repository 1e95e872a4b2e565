#include "grader/sdk/draw.h"

#include <assert.h>
#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* ---- one value ---- */

static uint64_t below_u64(lab_rng *r, uint64_t n)
{
    /* The last, incomplete run of n numbers would make some of them likelier. */
    const uint64_t limit = UINT64_MAX - UINT64_MAX % n;
    uint64_t x;
    do
        x = lab_rng_next(r);
    while (x >= limit);
    return x % n;
}

uint32_t draw_below(lab_rng *r, uint32_t n)
{
    assert(n >= 1);
    return (uint32_t)below_u64(r, n);
}

int64_t draw_between(lab_rng *r, int64_t low, int64_t high)
{
    assert(low <= high);
    const uint64_t width = (uint64_t)high - (uint64_t)low;
    const uint64_t step = width == UINT64_MAX ? lab_rng_next(r) : below_u64(r, width + 1);
    return (int64_t)((uint64_t)low + step);
}

bool draw_chance(lab_rng *r, double p)
{
    return lab_u53(r) < p;
}

double draw_uniform(lab_rng *r, double low, double high)
{
    return low + (high - low) * lab_u53(r);
}

/* Box and Muller's transform, one half of it. 1 - u is never 0. */
double draw_normal(lab_rng *r)
{
    const double radius = sqrt(-2.0 * log(1.0 - lab_u53(r)));
    return radius * cos(6.283185307179586 * lab_u53(r));
}

double draw_laplace(lab_rng *r)
{
    const double magnitude = -log(1.0 - lab_u53(r));
    return lab_u32(r) & 1 ? magnitude : -magnitude;
}

/* ---- floats ---- */

static float sign(lab_rng *r)
{
    return lab_u32(r) & 1 ? 1.0f : -1.0f;
}

static float subnormal(lab_rng *r)
{
    return sign(r) * 0x1p-149f * (float)draw_below(r, 1u << 23);
}

static float wide(lab_rng *r)
{
    const int exponent = (int)draw_between(r, FLT_MIN_EXP - 1, FLT_MAX_EXP - 1);
    return sign(r) * ldexpf(1.0f + (float)draw_below(r, 1u << 23) * 0x1p-23f, exponent);
}

static float special(lab_rng *r)
{
    static const float values[] = {
        0.0f, FLT_TRUE_MIN, 0x1p-126f - 0x1p-149f, FLT_MIN, 1.0f, FLT_MAX, INFINITY, NAN, 0x1p31f};
    return sign(r) * values[draw_below(r, sizeof values / sizeof values[0])];
}

static float outlier(lab_rng *r)
{
    const double x = draw_normal(r);
    return (float)(draw_below(r, 64) == 0 ? 32.0 * x : x);
}

static float one(lab_rng *r, enum draw_kind kind)
{
    switch (kind) {
    case DRAW_UNIFORM:
        return (float)(lab_u32(r) >> 8) * 0x1p-23f - 1.0f;
    case DRAW_LAPLACE:
        return (float)draw_laplace(r);
    case DRAW_OUTLIERS:
        return outlier(r);
    case DRAW_INTEGERS:
        return (float)draw_between(r, -100, 100);
    case DRAW_ZEROS:
        return 0.0f * sign(r);
    case DRAW_SUBNORMAL:
        return subnormal(r);
    case DRAW_WIDE:
        return wide(r);
    case DRAW_SPECIAL:
        return draw_below(r, 8) == 0 ? special(r) : (float)draw_normal(r);
    case DRAW_NORMAL:
    case DRAW_SORTED:
    case DRAW_REVERSED:
    case DRAW_CONSTANT:
    case DRAW_KINDS:
        break;
    }
    return (float)draw_normal(r);
}

const char *draw_name(enum draw_kind kind)
{
    static const char *const names[DRAW_KINDS] = {
        [DRAW_UNIFORM] = "uniform",           [DRAW_NORMAL] = "normal",
        [DRAW_LAPLACE] = "Laplace",           [DRAW_OUTLIERS] = "normal with outliers",
        [DRAW_INTEGERS] = "whole numbers",    [DRAW_SORTED] = "ascending",
        [DRAW_REVERSED] = "descending",       [DRAW_CONSTANT] = "all equal",
        [DRAW_ZEROS] = "zeros of both signs", [DRAW_SUBNORMAL] = "subnormal",
        [DRAW_WIDE] = "any exponent",         [DRAW_SPECIAL] = "with infinities and NaNs",
    };
    return names[kind];
}

static int ascending(const void *a, const void *b)
{
    const float x = *(const float *)a, y = *(const float *)b;
    return (x > y) - (x < y);
}

static void reverse(float *x, size_t n)
{
    for (size_t i = 0; i < n / 2; i++) {
        const float kept = x[i];
        x[i] = x[n - 1 - i];
        x[n - 1 - i] = kept;
    }
}

void draw_floats(lab_rng *r, enum draw_kind kind, float *ret, size_t n)
{
    for (size_t i = 0; i < n; i++)
        ret[i] = kind == DRAW_CONSTANT && i > 0 ? ret[0] : one(r, kind);
    if (n > 0 && (kind == DRAW_SORTED || kind == DRAW_REVERSED))
        qsort(ret, n, sizeof *ret, ascending);
    if (kind == DRAW_REVERSED)
        reverse(ret, n);
}

/* ---- order, bytes, text ---- */

void draw_bytes(lab_rng *r, void *ret, size_t n)
{
    uint8_t *bytes = ret;
    for (size_t i = 0; i < n; i++)
        bytes[i] = (uint8_t)lab_u32(r);
}

void draw_shuffle(lab_rng *r, void *elements, size_t n, size_t size)
{
    uint8_t *e = elements, kept[256];
    assert(size <= sizeof kept && n <= UINT32_MAX);
    for (size_t i = n; i > 1; i--) {
        const size_t k = draw_below(r, (uint32_t)i);
        memcpy(kept, e + k * size, size);
        memmove(e + k * size, e + (i - 1) * size, size);
        memcpy(e + (i - 1) * size, kept, size);
    }
}

void draw_permutation(lab_rng *r, uint32_t *ret, size_t n)
{
    for (size_t i = 0; i < n; i++)
        ret[i] = (uint32_t)i;
    draw_shuffle(r, ret, n, sizeof *ret);
}

/* A code point whose UTF-8 has `bytes` bytes. */
static uint32_t code_point(lab_rng *r, int bytes)
{
    static const struct {
        uint32_t low, high;
    } range[] = {{0x20, 0x7e}, {0xa0, 0x7ff}, {0x800, 0xffff}, {0x10000, 0x10ffff}};
    uint32_t c;
    do
        c = (uint32_t)draw_between(r, range[bytes - 1].low, range[bytes - 1].high);
    while (c >= 0xd800 && c <= 0xdfff);
    return c;
}

static size_t encode(uint32_t c, int bytes, char *ret)
{
    static const uint8_t lead[] = {0, 0, 0xc0, 0xe0, 0xf0};
    for (int i = bytes - 1; i > 0; i--, c >>= 6)
        ret[i] = (char)(0x80 | (c & 0x3f));
    ret[0] = (char)(lead[bytes] | c);
    return (size_t)bytes;
}

size_t draw_utf8(lab_rng *r, size_t characters, char *ret)
{
    size_t size = 0;
    for (size_t i = 0; i < characters; i++) {
        const int bytes = 1 + (int)draw_below(r, 4);
        size += encode(code_point(r, bytes), bytes, ret + size);
    }
    return size;
}

const char *draw_ill_formed_utf8(lab_rng *r, size_t *ret_size, const char **ret_fault)
{
    static const struct {
        const char *bytes, *fault;
    } table[] = {
        {"\x80", "a continuation byte alone"},
        {"\xbf", "a continuation byte alone"},
        {"\xc3", "two bytes cut after one"},
        {"\xe2\x82", "three bytes cut after two"},
        {"\xf0\x9f\x98", "four bytes cut after three"},
        {"\xc0\xaf", "overlong in two bytes"},
        {"\xc1\xbf", "overlong in two bytes"},
        {"\xe0\x9f\xbf", "overlong in three bytes"},
        {"\xf0\x8f\xbf\xbf", "overlong in four bytes"},
        {"\xed\xa0\x80", "a surrogate"},
        {"\xed\xbf\xbf", "a surrogate"},
        {"\xf4\x90\x80\x80", "beyond U+10FFFF"},
        {"\xf5", "a byte that UTF-8 never has"},
        {"\xff", "a byte that UTF-8 never has"},
    };
    const size_t i = draw_below(r, sizeof table / sizeof table[0]);
    *ret_size = strlen(table[i].bytes);
    *ret_fault = table[i].fault;
    return table[i].bytes;
}

/* ---- sizes ---- */

struct sizes {
    size_t *list, n, cap, max;
};

static void add_size(struct sizes *s, size_t size)
{
    const bool rises = s->n == 0 || size > s->list[s->n - 1];
    if (rises && size <= s->max && s->n < s->cap)
        s->list[s->n++] = size;
}

size_t draw_border_sizes(size_t block, size_t max, size_t *ret, size_t cap)
{
    struct sizes s = {.list = ret, .cap = cap, .max = max};
    assert(block >= 1);
    add_size(&s, 0);
    add_size(&s, 1);
    for (size_t m = block; m <= max; m *= 2) {
        add_size(&s, m - 1);
        add_size(&s, m);
        add_size(&s, m + 1);
        if (m > max / 2)
            break;
    }
    add_size(&s, max);
    return s.n;
}

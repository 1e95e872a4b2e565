#include "reference/vision/image.h"

#include <math.h>
#include <stdbool.h>
#include <string.h>

enum { BITS = 22, C = REF_IMAGE_CHANNELS };

static bool is_side(int32_t n)
{
    return n >= 1 && n <= REF_IMAGE_SIDE;
}

static enum err_code check(int32_t w, int32_t h, struct err *why)
{
    return is_side(w) && is_side(h) ? OK
                                    : err_set(why, ERR_INVALID, "%d x %d pixels: expected 1 to %d",
                                              w, h, REF_IMAGE_SIDE);
}

enum err_code ref_image_square(const struct ref_image *in, const uint8_t fill[3], uint8_t *ret,
                               struct err *why)
{
    const enum err_code rc = check(in->w, in->h, why);
    if (rc != OK)
        return rc;
    const size_t w = (size_t)in->w, h = (size_t)in->h, side = w > h ? w : h;
    const size_t left = (side - w) / 2, top = (side - h) / 2;
    for (size_t i = 0; i < side * side; i++)
        memcpy(ret + i * C, fill, C);
    for (size_t y = 0; y < h; y++)
        memcpy(ret + ((top + y) * side + left) * C, in->rgb + y * w * C, w * C);
    return OK;
}

/* ---- resize ---- */

static double cubic(double t)
{
    t = fabs(t);
    if (t < 1)
        return (1.5 * t - 2.5) * t * t + 1;
    return t < 2 ? (((t - 5) * t + 8) * t - 4) * -0.5 : 0;
}

static double stretch(size_t in, size_t out)
{
    const double scale = (double)in / (double)out;
    return scale > 1 ? scale : 1;
}

/* What one output pixel is made of. */
struct window {
    size_t first, n;
    double *w;  /* (most_taps) */
    int32_t *k; /* (most_taps) */
};

/* last - first is at most 4 s, and one more where both ends round outwards. */
static size_t most_taps(size_t in, size_t out)
{
    const size_t taps = (size_t)ceil(4 * stretch(in, out)) + 2;
    return taps + taps % 2; /* so that what lies behind stays aligned */
}

static void weigh(size_t in, size_t out, size_t x, struct window *ret)
{
    const double scale = (double)in / (double)out, s = stretch(in, out);
    const double c = ((double)x + 0.5) * scale, low = c - 2 * s + 0.5, high = c + 2 * s + 0.5;
    const size_t last = high < (double)in ? (size_t)high : in;
    double sum = 0;
    ret->first = low > 0 ? (size_t)low : 0;
    ret->n = last - ret->first;
    for (size_t i = 0; i < ret->n; i++) {
        ret->w[i] = cubic(((double)(i + ret->first) - c + 0.5) * (1 / s));
        sum += ret->w[i];
    }
    for (size_t i = 0; i < ret->n; i++) {
        const double w = ret->w[i] / sum * (1 << BITS);
        ret->k[i] = (int32_t)(w < 0 ? w - 0.5 : w + 0.5);
    }
}

/* v (n) values, `step` bytes apart. */
static uint8_t blend(const struct window *win, const uint8_t *v, size_t step)
{
    int64_t sum = 1 << (BITS - 1);
    for (size_t i = 0; i < win->n; i++)
        sum += (int64_t)win->k[i] * v[i * step];
    sum >>= BITS; /* rounds down, below zero too */
    return (uint8_t)(sum < 0 ? 0 : sum > 255 ? 255 : sum);
}

static void resize_rows(const uint8_t *in, size_t w, size_t h, size_t ow, struct window *win,
                        uint8_t *ret)
{
    for (size_t x = 0; x < ow; x++) {
        weigh(w, ow, x, win);
        for (size_t y = 0; y < h; y++)
            for (size_t c = 0; c < C; c++)
                ret[(y * ow + x) * C + c] = blend(win, in + (y * w + win->first) * C + c, C);
    }
}

static void resize_columns(const uint8_t *in, size_t w, size_t h, size_t oh, struct window *win,
                           uint8_t *ret)
{
    for (size_t y = 0; y < oh; y++) {
        weigh(h, oh, y, win);
        for (size_t i = 0; i < w * C; i++)
            ret[y * w * C + i] = blend(win, in + win->first * w * C + i, w * C);
    }
}

static size_t taps_of(int32_t w, int32_t h, int32_t ow, int32_t oh)
{
    const size_t across = most_taps((size_t)w, (size_t)ow), down = most_taps((size_t)h, (size_t)oh);
    return across > down ? across : down;
}

/* The weights of a pixel, then the picture between the passes. */
size_t ref_image_resize_scratch(int32_t w, int32_t h, int32_t ow, int32_t oh)
{
    if (!is_side(w) || !is_side(h) || !is_side(ow) || !is_side(oh))
        return 0;
    return taps_of(w, h, ow, oh) * (sizeof(double) + sizeof(int32_t)) + (size_t)ow * (size_t)h * C;
}

enum err_code ref_image_resize(const struct ref_image *in, int32_t ow, int32_t oh, void *scratch,
                               uint8_t *ret, struct err *why)
{
    enum err_code rc = check(in->w, in->h, why);
    if (rc != OK || (rc = check(ow, oh, why)) != OK)
        return rc;
    const size_t taps = taps_of(in->w, in->h, ow, oh), w = (size_t)in->w, h = (size_t)in->h;
    struct window win = {.w = scratch, .k = (int32_t *)((double *)scratch + taps)};
    uint8_t *between = (uint8_t *)(win.k + taps);
    const uint8_t *from = in->rgb;
    if (ow != in->w) {
        uint8_t *to = oh != in->h ? between : ret;
        resize_rows(from, w, h, (size_t)ow, &win, to);
        from = to;
    }
    if (oh != in->h)
        resize_columns(from, (size_t)ow, h, (size_t)oh, &win, ret);
    else if (ow == in->w)
        memcpy(ret, from, w * h * C);
    return OK;
}

/* ---- floats ---- */

enum err_code ref_image_normalize(const struct ref_image *in, const float mean[3],
                                  const float deviation[3], float *ret, struct err *why)
{
    const enum err_code rc = check(in->w, in->h, why);
    if (rc != OK)
        return rc;
    const size_t n = (size_t)in->w * (size_t)in->h;
    for (size_t c = 0; c < C; c++)
        for (size_t i = 0; i < n; i++)
            ret[c * n + i] = ((float)in->rgb[i * C + c] / 255.0f - mean[c]) / deviation[c];
    return OK;
}

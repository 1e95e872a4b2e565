/* Pictures on their way into a vision encoder: 8 bits, three channels, made square, brought to the
 * encoder's size, then to floats.
 *
 * The resize is Pillow's bicubic one to the byte, since that is what CLIP and LLaVA were trained
 * with: ImagingResample() in src/libImaging/Resample.c of python-pillow/Pillow. It is not the
 * bicubic of PyTorch or of ggml (a = -0.75, no antialiasing). */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

enum { REF_IMAGE_SIDE = 16384, REF_IMAGE_CHANNELS = 3 };

/* Rows from the top, 3 * w bytes each, channels of a pixel side by side. */
struct ref_image {
    int32_t w, h;       /* 1 to REF_IMAGE_SIDE */
    const uint8_t *rgb; /* the caller's */
};

/* The picture in the middle of a square of its longer side, (long - short) / 2 rounded down from
 * the edge, `fill` around it. LLaVA-1.5 fills with {122, 116, 104}, the mean of CLIP's training
 * data. ret (side * side * 3)  side = the larger of w and h ERR_INVALID: a side that is not 1 to
 * REF_IMAGE_SIDE. */
MUST_CHECK enum err_code ref_image_square(const struct ref_image *in, const uint8_t fill[3],
                                          uint8_t *ret, struct err *why);

/* Bytes of ref_image_resize()'s scratch; 0 where a side is not 1 to REF_IMAGE_SIDE. */
size_t ref_image_resize_scratch(int32_t w, int32_t h, int32_t ow, int32_t oh);

/* A horizontal pass, then a vertical one, each left out where its size stays, each rounded to 8
 * bits. A pass from `in` to `out` pixels, in double:
 *
 *     scale = in / out    s = max(scale, 1)       c = (x + 0.5) scale      for output x
 *     first = max(0, (int)(c - 2s + 0.5))         last = min(in, (int)(c + 2s + 0.5))
 *     w[i]  = f((i + first - c + 0.5) * (1/s)), divided by their sum
 *     f(t)  = (1.5 t - 2.5) t t + 1 for |t| < 1, (((t - 5) t + 8) t - 4) * -0.5 for |t| < 2, else 0
 *     k[i]  = w[i] * 2^22, rounded to the nearest, halves away from zero
 *     pixel = (2^21 + sum of k[i] v[first + i]) >> 22, within 0 to 255
 *
 *   scratch (ref_image_resize_scratch)  at an address divisible by 8
 *   ret     (oh, ow, 3)
 * ERR_INVALID: as above. */
MUST_CHECK enum err_code ref_image_resize(const struct ref_image *in, int32_t ow, int32_t oh,
                                          void *scratch, uint8_t *ret, struct err *why);

/* (v / 255 - mean) / deviation in float, channel by channel: ret (3, h, w). CLIP has mean
 * 0.48145466 0.4578275 0.40821073, deviation 0.26862954 0.26130258 0.27577711. ERR_INVALID: as
 * above. */
MUST_CHECK enum err_code ref_image_normalize(const struct ref_image *in, const float mean[3],
                                             const float deviation[3], float *ret, struct err *why);

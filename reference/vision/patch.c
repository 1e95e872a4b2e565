#include "reference/vision/patch.h"

#include <stdbool.h>
#include <string.h>

#include "base/checked.h"
#include "reference/tensor/activation.h"
#include "reference/tensor/conv.h"
#include "reference/tensor/matmul.h"
#include "reference/vision/image.h"

/* ---- patches ---- */

enum err_code ref_patch_count(int32_t side, int32_t p, size_t *ret, struct err *why)
{
    if (side < 1 || side > REF_IMAGE_SIDE || p < 1 || side % p != 0)
        return err_set(why, ERR_INVALID, "patches of %d for a side of %d: expected a divisor", p,
                       side);
    *ret = (size_t)(side / p) * (size_t)(side / p);
    return OK;
}

static void add(float *y, const float *x, size_t n)
{
    for (size_t i = 0; i < n; i++)
        y[i] += x[i];
}

enum err_code ref_patch_embed(const struct ref_patches *e, const float *chw, float *scratch,
                              float *ret, struct err *why)
{
    const struct ref_conv_axis axis = {e->side, e->p, e->p, 0, 1};
    const struct ref_conv conv = {REF_IMAGE_CHANNELS, axis, axis};
    size_t n = 0, rows = 0, columns = 0;
    enum err_code rc = ref_patch_count(e->side, e->p, &n, why);
    if (rc != OK || (rc = ref_conv_shape(&conv, &rows, &columns, why)) != OK)
        return rc;
    ref_im2col(&conv, chw, scratch);
    memcpy(ret, e->cls, e->d * sizeof *ret);
    for (size_t j = 0; j < rows; j++)
        for (size_t o = 0; o < e->d; o++)
            ret[(1 + j) * e->d + o] =
                (float)ref_dot_f32(e->w + o * columns, scratch + j * columns, columns);
    add(ret, e->positions, (1 + n) * e->d);
    return OK;
}

/* ---- projector ---- */

static void layer(const float *w, const float *b, const float *x, size_t in, size_t out, float *ret)
{
    for (size_t o = 0; o < out; o++)
        ret[o] = (float)(ref_dot_f32(w + o * in, x, in) + (double)b[o]);
}

void ref_project(const struct ref_projector *p, const float *x, size_t n, float *scratch,
                 float *ret)
{
    for (size_t j = 0; j < n; j++) {
        layer(p->w1, p->b1, x + (1 + j) * p->d, p->d, p->width, scratch);
        for (size_t o = 0; o < p->width; o++)
            scratch[o] = ref_activate(REF_GELU_ERF, scratch[o]);
        layer(p->w2, p->b2, scratch, p->width, p->width, ret + j * p->width);
    }
}

/* ---- splice ---- */

enum err_code ref_splice_rows(const struct ref_splice *s, size_t *ret, struct err *why)
{
    size_t rows = 0, places = 0;
    for (size_t i = 0; i < s->n; i++) {
        const int32_t id = s->ids[i];
        if (id == REF_PLACEHOLDER) {
            places++;
            continue;
        }
        if (id < 0 || (size_t)id >= s->vocab)
            return err_set(why, ERR_RANGE, "token %zu is %d: expected 0 to %zu or %d", i, id,
                           s->vocab - 1, REF_PLACEHOLDER);
        rows++;
    }
    if (places != s->n_pictures)
        return err_set(why, ERR_INVALID, "%zu placeholders for %zu pictures", places,
                       s->n_pictures);
    for (size_t i = 0; i < s->n_pictures; i++)
        if (ckd_add(&rows, rows, s->rows[i]))
            return err_set(why, ERR_TOO_LARGE, "picture %zu has %zu rows", i, s->rows[i]);
    *ret = rows;
    return OK;
}

enum err_code ref_splice(const struct ref_splice *s, size_t cap, float *ret, size_t *ret_rows,
                         struct err *why)
{
    size_t rows = 0, picture = 0;
    const enum err_code rc = ref_splice_rows(s, &rows, why);
    if (rc != OK)
        return rc;
    if (rows > cap)
        return err_set(why, ERR_TOO_LARGE, "%zu rows: there is room for %zu", rows, cap);
    for (size_t i = 0; i < s->n; i++) {
        const int32_t id = s->ids[i];
        const bool is_token = id != REF_PLACEHOLDER;
        const float *from = is_token ? s->embeddings + (size_t)id * s->width : s->pictures[picture];
        const size_t floats = (is_token ? 1 : s->rows[picture]) * s->width;
        if (floats > 0) /* a picture without rows may be NULL */
            memcpy(ret, from, floats * sizeof *ret);
        ret += floats;
        picture += !is_token;
    }
    *ret_rows = rows;
    return OK;
}

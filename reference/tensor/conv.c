#include "reference/tensor/conv.h"

#include "base/checked.h"

static enum err_code axis_out(const struct ref_conv_axis *a, const char *name, int64_t *ret,
                              struct err *why)
{
    if (a->in < 1 || a->kernel < 1 || a->stride < 1 || a->pad < 0 || a->dilation < 1)
        return err_set(why, ERR_INVALID,
                       "%s: in %d, kernel %d, stride %d, pad %d, dilation %d: expected positive "
                       "numbers, and a pad of 0 or more",
                       name, a->in, a->kernel, a->stride, a->pad, a->dilation);
    const int64_t room = a->in + 2 * (int64_t)a->pad - (int64_t)a->dilation * (a->kernel - 1) - 1;
    if (room < 0)
        return err_set(why, ERR_INVALID,
                       "%s: a kernel of %d, dilated by %d, is larger than %d + 2*%d", name,
                       a->kernel, a->dilation, a->in, a->pad);
    *ret = room / a->stride + 1;
    return OK;
}

enum err_code ref_conv_shape(const struct ref_conv *c, size_t *ret_rows, size_t *ret_columns,
                             struct err *why)
{
    int64_t h = 0, w = 0;
    size_t rows, columns, all;
    enum err_code rc = axis_out(&c->height, "height", &h, why);
    if (rc == OK)
        rc = axis_out(&c->width, "width", &w, why);
    if (rc != OK)
        return rc;
    if (c->channels < 1)
        return err_set(why, ERR_INVALID, "%d channels: expected 1 or more", c->channels);
    if (ckd_mul(&rows, h, w) || ckd_mul(&columns, (int64_t)c->height.kernel, c->width.kernel) ||
        ckd_mul(&columns, columns, c->channels) || ckd_mul(&all, rows, columns) ||
        ckd_mul(&all, all, sizeof(float)))
        return err_set(why, ERR_TOO_LARGE, "the receptive fields do not fit in memory");
    *ret_rows = rows;
    *ret_columns = columns;
    return OK;
}

static int64_t out_of(const struct ref_conv_axis *a)
{
    return (a->in + 2 * (int64_t)a->pad - (int64_t)a->dilation * (a->kernel - 1) - 1) / a->stride +
           1;
}

static float at(const struct ref_conv *c, const float *x, int64_t channel, int64_t y,
                int64_t column)
{
    if (y < 0 || y >= c->height.in || column < 0 || column >= c->width.in)
        return 0;
    return x[(channel * c->height.in + y) * c->width.in + column];
}

static float *gather(const struct ref_conv *c, const float *x, int64_t top, int64_t left,
                     float *ret)
{
    for (int64_t channel = 0; channel < c->channels; channel++)
        for (int64_t i = 0; i < c->height.kernel; i++)
            for (int64_t j = 0; j < c->width.kernel; j++)
                *ret++ =
                    at(c, x, channel, top + i * c->height.dilation, left + j * c->width.dilation);
    return ret;
}

void ref_im2col(const struct ref_conv *c, const float *x, float *ret)
{
    const int64_t out_h = out_of(&c->height), out_w = out_of(&c->width);
    for (int64_t i = 0; i < out_h; i++)
        for (int64_t j = 0; j < out_w; j++)
            ret = gather(c, x, i * c->height.stride - c->height.pad,
                         j * c->width.stride - c->width.pad, ret);
}

static float product(const float *w, const float *field, size_t n, const float *bias)
{
    double sum = bias != NULL ? (double)*bias : 0;
    for (size_t i = 0; i < n; i++)
        sum += (double)w[i] * (double)field[i];
    return (float)sum;
}

void ref_conv(const struct ref_conv *c, const float *x, const float *w, const float *b,
              size_t filters, float *scratch, float *y)
{
    const size_t rows = (size_t)(out_of(&c->height) * out_of(&c->width));
    const size_t columns = (size_t)c->channels * (size_t)c->height.kernel * (size_t)c->width.kernel;
    ref_im2col(c, x, scratch);
    for (size_t f = 0; f < filters; f++)
        for (size_t r = 0; r < rows; r++)
            y[f * rows + r] =
                product(w + f * columns, scratch + r * columns, columns, b != NULL ? b + f : NULL);
}

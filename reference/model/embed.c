#include "reference/model/embed.h"

#include <math.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "base/checked.h"
#include "reference/tensor/matmul.h"

/* ---- pooling ---- */

/* For each sequence: MEAN has the number of its tokens and their sum, CLS, LAST and RANK the token
 * that is taken, counted from 1. NONE has the number of tokens too, to know which are empty. */
size_t ref_pool_scratch(enum ref_pooling kind, size_t dim, size_t n_sequences)
{
    size_t each = sizeof(uint64_t), bytes;
    if (kind == REF_POOLING_MEAN &&
        (ckd_mul(&each, dim, sizeof(double)) || ckd_add(&each, each, sizeof(uint64_t))))
        return 0;
    return ckd_mul(&bytes, each, n_sequences) ? 0 : bytes;
}

static enum err_code check_sequences(const struct ref_embed_batch *b, struct err *why)
{
    for (size_t i = 0; i < b->n; i++)
        if (b->sequence[i] < 0 || (size_t)b->sequence[i] >= b->n_sequences)
            return err_set(why, ERR_RANGE, "token %zu is of sequence %d: expected less than %zu", i,
                           b->sequence[i], b->n_sequences);
    return OK;
}

static void mean(const struct ref_embed_batch *b, uint64_t *count, double *sum, float *ret)
{
    memset(sum, 0, b->n_sequences * b->dim * sizeof *sum);
    for (size_t i = 0; i < b->n; i++) {
        const size_t s = (size_t)b->sequence[i];
        count[s]++;
        for (size_t d = 0; d < b->dim; d++)
            sum[s * b->dim + d] += (double)b->rows[i * b->dim + d];
    }
    for (size_t s = 0; s < b->n_sequences; s++)
        for (size_t d = 0; d < b->dim; d++)
            ret[s * b->dim + d] =
                count[s] > 0 ? (float)(sum[s * b->dim + d] / (double)count[s]) : 0;
}

static void take_one(const struct ref_embed_batch *b, bool last, uint64_t *taken, float *ret)
{
    for (size_t i = 0; i < b->n; i++) {
        uint64_t *best = &taken[b->sequence[i]];
        const bool later = *best > 0 && b->position[i] >= b->position[*best - 1];
        if (*best == 0 || later == last)
            *best = i + 1;
    }
    for (size_t s = 0; s < b->n_sequences; s++)
        for (size_t d = 0; d < b->dim; d++)
            ret[s * b->dim + d] = taken[s] > 0 ? b->rows[(taken[s] - 1) * b->dim + d] : 0;
}

static void keep_all(const struct ref_embed_batch *b, uint64_t *count, float *ret)
{
    for (size_t i = 0; i < b->n; i++)
        count[b->sequence[i]]++;
    memmove(ret, b->rows, b->n * b->dim * sizeof *ret);
}

enum err_code ref_pool(enum ref_pooling kind, const struct ref_embed_batch *b, void *scratch,
                       float *ret, size_t *ret_empty, struct err *why)
{
    uint64_t *const of = scratch;
    const enum err_code rc = check_sequences(b, why);
    if (rc != OK)
        return rc;
    memset(of, 0, b->n_sequences * sizeof *of);
    switch (kind) {
    case REF_POOLING_NONE:
        keep_all(b, of, ret);
        break;
    case REF_POOLING_MEAN:
        mean(b, of, (double *)(of + b->n_sequences), ret);
        break;
    case REF_POOLING_CLS:
    case REF_POOLING_RANK:
        take_one(b, false, of, ret);
        break;
    case REF_POOLING_LAST:
        take_one(b, true, of, ret);
        break;
    }
    size_t empty = 0;
    for (size_t s = 0; s < b->n_sequences; s++)
        empty += of[s] == 0;
    *ret_empty = empty;
    return OK;
}

void ref_rank(const struct ref_rank_head *h, const float *x, float *scratch, float *ret)
{
    for (size_t o = 0; h->dense != NULL && o < h->dim; o++) {
        const double sum = ref_dot_f32(h->dense + o * h->dim, x, h->dim);
        scratch[o] = (float)tanh(sum + (h->dense_bias != NULL ? (double)h->dense_bias[o] : 0));
    }
    for (size_t l = 0; l < h->labels; l++) {
        const float *in = h->dense != NULL ? scratch : x;
        const double sum = ref_dot_f32(h->out + l * h->dim, in, h->dim);
        ret[l] = (float)(sum + (h->out_bias != NULL ? (double)h->out_bias[l] : 0));
    }
}

/* ---- length ---- */

static double largest(const float *x, size_t n)
{
    double most = 0;
    for (size_t i = 0; i < n; i++)
        most = fmax(most, fabs((double)x[i]));
    return most;
}

static double length(const float *x, size_t n, int32_t code)
{
    double sum = 0;
    if (code < 0)
        return 1;
    if (code == 0)
        return largest(x, n) / 32760;
    for (size_t i = 0; i < n; i++) {
        const double v = fabs((double)x[i]);
        sum += code == 1 ? v : code == 2 ? v * v : pow(v, code);
    }
    return code == 1 ? sum : code == 2 ? sqrt(sum) : pow(sum, 1.0 / code);
}

void ref_embed_normalize(const float *x, size_t n, int32_t code, float *ret)
{
    const double s = length(x, n, code);
    const float factor = s > 0 ? (float)(1 / s) : 0;
    for (size_t i = 0; i < n; i++)
        ret[i] = x[i] * factor;
}

enum err_code ref_embed_truncate(const float *x, size_t rows, size_t dim, size_t m, float *ret,
                                 struct err *why)
{
    if (m < 1 || m > dim)
        return err_set(why, ERR_INVALID, "a cut to %zu of %zu values", m, dim);
    for (size_t r = 0; r < rows; r++) /* rows move to the front only, so ret may be x */
        ref_embed_normalize(x + r * dim, m, 2, ret + r * m);
    return OK;
}

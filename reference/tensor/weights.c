#include "reference/tensor/weights.h"

#include <assert.h>
#include <math.h>
#include <stdbool.h>
#include <string.h>

#include "base/checked.h"
#include "reference/tensor/gemm.h"

enum {
    MANY = 8, /* rows of x from which it pays to restore the weights to floats */
    LINE = 64,
};

/* Whether weights and activations are restored to floats. Those of Q8_1 cannot be: their sum, which
 * the minima of Q4_1 and Q5_1 are multiplied by, is rounded to a half, and that rounding counts. */
static bool is_many(uint32_t partner, size_t n)
{
    return n >= MANY && partner != REF_Q8_1;
}

/* ---- scratch ---- */

/* Where its pieces begin. */
struct offsets {
    size_t codes;  /* rows of the partner: all n of few, one of many; none where it is F32 */
    size_t floats; /* (n, in) activations restored from them */
    size_t block;  /* (mr, REF_GEMM_K) weights restored */
    size_t gemm;
    size_t end;
};

/* Adds a piece to what is used, up to the next cache line; false: it cannot be counted. */
static bool add(size_t *used, size_t count, size_t bytes, size_t *ret_at)
{
    size_t size;
    *ret_at = *used;
    if (ckd_mul(&size, count, bytes) || ckd_add(&size, size, (size_t)LINE - 1))
        return false;
    return !ckd_add(used, *used, size / LINE * LINE);
}

static bool lay_out(uint32_t partner, size_t in, size_t code_bytes, size_t n, struct offsets *ret)
{
    const bool many = is_many(partner, n), exact = partner == REF_F32;
    size_t restored;
    ret->end = 0;
    return !ckd_mul(&restored, many && !exact ? n : 0, in) &&
           add(&ret->end,
               exact  ? 0
               : many ? 1
                      : n,
               code_bytes, &ret->codes) &&
           add(&ret->end, restored, sizeof(float), &ret->floats) &&
           add(&ret->end, many ? REF_GEMM_MR_MAX * REF_GEMM_K : 0, sizeof(float), &ret->block) &&
           add(&ret->end, many ? REF_GEMM_SCRATCH : 0, sizeof(float), &ret->gemm);
}

enum err_code ref_weights_scratch(const struct ref_weights *w, size_t n, size_t *ret_bytes,
                                  struct err *why)
{
    const struct ref_quant_type *t = ref_quant_find(w->type);
    size_t row, codes;
    struct offsets at;
    if (t == NULL || t->partner == REF_NONE)
        return err_set(why, ERR_UNSUPPORTED, "weights of type %u have no products", w->type);
    enum err_code rc = ref_quant_row_bytes(w->type, w->in, &row, why);
    if (rc == OK)
        rc = ref_quant_row_bytes(t->partner, w->in, &codes, why);
    if (rc != OK)
        return rc;
    if (w->row_bytes < row)
        return err_set(why, ERR_INVALID, "rows of %zu bytes are %zu apart", row, w->row_bytes);
    if (!lay_out(t->partner, w->in, codes, n, &at))
        return err_set(why, ERR_TOO_LARGE, "%zu rows of %zu activations", n, w->in);
    *ret_bytes = at.end;
    return OK;
}

/* ---- activations ---- */

static bool is_finite(const float *x, size_t n)
{
    float sum = 0;
    for (size_t i = 0; i < n; i++)
        sum += x[i] * 0; /* 0, or NaN from the first one that is not finite */
    return sum == 0;
}

/* Codes of a row; what is not finite becomes zeros, and its result is spoiled afterwards. */
static void encode(const struct ref_quant_kernels *k, uint32_t partner, const float *x, size_t in,
                   size_t bytes, uint8_t *ret)
{
    if (is_finite(x, in))
        k->quantize[partner](x, in, ret);
    else
        memset(ret, 0, bytes);
}

static void spoil(const struct ref_weights *w, const float *x, size_t n, float *y)
{
    for (size_t t = 0; t < n; t++)
        if (!is_finite(x + t * w->in, w->in))
            for (size_t o = 0; o < w->out; o++)
                y[t * w->out + o] = NAN;
}

/* ---- few rows: each row of weights in its own format ---- */

static void multiply_few(const struct ref_quant_kernels *k, const struct ref_weights *w,
                         const void *activations, size_t step, size_t n, float *y)
{
    ref_dot_fn *dot = k->dot[w->type];
    for (size_t o = 0; o < w->out; o++)
        for (size_t t = 0; t < n; t++)
            y[t * w->out + o] =
                dot(w->rows + o * w->row_bytes, (const uint8_t *)activations + t * step, w->in);
}

/* ---- many rows: floats, by blocks ---- */

struct restored {
    const struct ref_weights *w;
    ref_dequantize_fn *dequantize;
    size_t weights, bytes; /* of a block of the type */
    float *block;
};

static const float *restore(const void *context, size_t row, size_t rows, size_t p, size_t depth,
                            size_t *ret_ld)
{
    const struct restored *r = context;
    const uint8_t *from = r->w->rows + row * r->w->row_bytes + p / r->weights * r->bytes;
    *ret_ld = REF_GEMM_K;
    for (size_t i = 0; i < rows; i++)
        r->dequantize(from + i * r->w->row_bytes, depth, r->block + i * REF_GEMM_K);
    return r->block;
}

static void multiply_many(const struct ref_quant_kernels *k, const struct ref_weights *w,
                          const float *x, size_t n, float *block, float *gemm, float *y)
{
    const struct ref_quant_type *t = ref_quant_find(w->type);
    const struct restored r = {w, k->dequantize[t->id], t->weights, t->bytes, block};
    const struct ref_gemm_rows rows = {restore, &r};
    ref_gemm_loaded(ref_gemm_for(k->isa), w->out, n, w->in, &rows, x, w->in, y, w->out, gemm);
}

/* ---- both ---- */

void ref_weights_multiply(const struct ref_quant_kernels *k, const struct ref_weights *w,
                          const float *x, size_t n, void *scratch, float *ret_y)
{
    const struct ref_quant_type *p = ref_quant_find(ref_quant_find(w->type)->partner);
    const size_t step = w->in / p->weights * p->bytes;
    const bool exact = p->id == REF_F32, many = is_many(p->id, n);
    uint8_t *bytes = scratch;
    struct offsets at;
    const bool fits = lay_out(p->id, w->in, step, n, &at);
    assert(fits);
    (void)fits;
    float *floats = (float *)(void *)(bytes + at.floats);
    for (size_t i = 0; !exact && i < n; i++) {
        uint8_t *codes = bytes + at.codes + (many ? 0 : i * step);
        encode(k, p->id, x + i * w->in, w->in, step, codes);
        if (many)
            k->dequantize[p->id](codes, w->in, floats + i * w->in);
    }
    if (many)
        multiply_many(k, w, exact ? x : floats, n, (float *)(void *)(bytes + at.block),
                      (float *)(void *)(bytes + at.gemm), ret_y);
    else
        multiply_few(k, w, exact ? (const void *)x : bytes + at.codes, step, n, ret_y);
    spoil(w, x, n, ret_y);
}

#include "reference/model/lora.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/checked.h"
#include "reference/model/codes.h"

float ref_lora_scale(float alpha, size_t rank, float user_scale)
{
    return alpha != 0 ? user_scale * alpha / (float)rank : user_scale;
}

/* ---- the file ---- */

static bool says(const struct ref_gguf_file *file, const char *key, const char *text)
{
    const struct ref_gguf_kv *kv = ref_gguf_find(file, key);
    struct ref_gguf_span s;
    return kv != NULL && ref_gguf_str(file, kv, 0, &s) == REF_GGUF_OK && s.len == strlen(text) &&
           memcmp(file->buf + s.off, text, s.len) == 0;
}

static enum err_code read_alpha(const struct ref_gguf_file *file, float *ret, struct err *why)
{
    if (file->swapped)
        return err_set(why, ERR_UNSUPPORTED, "a big-endian adapter");
    if (!says(file, "general.type", "adapter") || !says(file, "adapter.type", "lora"))
        return err_set(why, ERR_UNSUPPORTED,
                       "general.type and adapter.type: expected adapter and lora");
    const struct ref_gguf_kv *kv = ref_gguf_find(file, "adapter.lora.alpha");
    double alpha = 0;
    if (kv != NULL && ref_gguf_f64(file, kv, &alpha) != REF_GGUF_OK)
        return err_set(why, ERR_INVALID, "adapter.lora.alpha is no number");
    *ret = (float)alpha;
    return isfinite(*ret)
               ? OK
               : err_set(why, ERR_INVALID, "adapter.lora.alpha is %g: expected a number", alpha);
}

static enum err_code as_matrix(const struct ref_gguf_file *file, const char *name, const char *half,
                               const struct ref_gguf_tensor *t, struct ref_matrix *ret,
                               struct err *why)
{
    const struct ref_quant_type *type = ref_quant_find(t->type);
    if (type == NULL || type->partner == REF_NONE)
        return err_set(why, ERR_UNSUPPORTED, "%s.%s is of type %u, which has no product", name,
                       half, t->type);
    if (t->n_dims > 2 || t->ne[0] < 1 || t->ne[0] > REF_MODEL_WIDTH || t->ne[1] < 1 ||
        t->ne[1] > REF_MODEL_VOCAB)
        return err_set(why, ERR_INVALID,
                       "%s.%s is %llu x %llu: expected a matrix of at most %d x %d", name, half,
                       (unsigned long long)t->ne[0], (unsigned long long)t->ne[1], REF_MODEL_WIDTH,
                       REF_MODEL_VOCAB);
    *ret = (struct ref_matrix){
        .type = t->type, .in = t->ne[0], .out = t->ne[1], .rows = ref_gguf_data(file, t)};
    if ((uintptr_t)ret->rows % 4 != 0)
        return err_set(why, ERR_INVALID, "%s.%s lies at an odd address: map the file at a page",
                       name, half);
    return ref_quant_row_bytes(t->type, t->ne[0], &ret->row_bytes, why);
}

/* How a pair has to look beside a matrix of `in` by `out`; both kinds agree on B. */
static enum err_code check_shapes(const char *name, enum ref_lora_kind kind,
                                  const struct ref_matrix *w, const struct ref_lora *l,
                                  struct err *why)
{
    const bool looked_up = kind == REF_LORA_EMBEDDING;
    const size_t rank = looked_up ? l->a.in : l->a.out, a = looked_up ? l->a.out : l->a.in;
    const size_t wants_a = looked_up ? w->out : w->in, wants_b = looked_up ? w->in : w->out;
    if (rank > REF_MODEL_WIDTH || l->b.in != rank || a != wants_a || l->b.out != wants_b)
        return err_set(why, ERR_INVALID,
                       "%s: pairs of %zu x %zu and %zu x %zu do not fit a matrix of %zu x %zu",
                       name, l->a.in, l->a.out, l->b.in, l->b.out, w->in, w->out);
    return OK;
}

enum err_code ref_lora_find(const struct ref_gguf_file *file, const char *name,
                            enum ref_lora_kind kind, const struct ref_matrix *w, float user_scale,
                            struct ref_lora *ret, struct err *why)
{
    char name_a[REF_GGUF_MAX_NAME + 1], name_b[REF_GGUF_MAX_NAME + 1];
    struct ref_lora l = {0};
    float alpha = 0;
    enum err_code rc = read_alpha(file, &alpha, why);
    if (rc != OK)
        return rc;
    if (snprintf(name_a, sizeof name_a, "%s.lora_a", name) >= (int)sizeof name_a ||
        snprintf(name_b, sizeof name_b, "%s.lora_b", name) >= (int)sizeof name_b)
        return err_set(why, ERR_NOT_FOUND, "%s is too long for the name of a pair", name);
    const struct ref_gguf_tensor *a = ref_gguf_find_tensor(file, name_a);
    const struct ref_gguf_tensor *b = ref_gguf_find_tensor(file, name_b);
    if (a == NULL && b == NULL)
        return err_set(why, ERR_NOT_FOUND, "the adapter has no pair for %s", name);
    if (a == NULL || b == NULL)
        return err_set(why, ERR_INVALID, "the adapter has half a pair for %s", name);
    if ((rc = as_matrix(file, name, "lora_a", a, &l.a, why)) != OK ||
        (rc = as_matrix(file, name, "lora_b", b, &l.b, why)) != OK ||
        (rc = check_shapes(name, kind, w, &l, why)) != OK)
        return rc;
    l.scale = ref_lora_scale(alpha, l.b.in, user_scale);
    if (!isfinite(l.scale))
        return err_set(why, ERR_INVALID, "the scale of %s is %g", name, (double)l.scale);
    *ret = l;
    return OK;
}

/* ---- applying ---- */

/* A row of activations is never larger than its floats: of all partners F32 is the widest. */
size_t ref_lora_scratch(const struct ref_lora *l)
{
    return (l->a.in > l->b.in ? l->a.in : l->b.in) + l->b.in;
}

/* y = the rows of w times x, or plus `scale` times that; NaN where x has no codes. */
static void multiply(const struct ref_quant_kernels *k, const struct ref_matrix *w, const float *x,
                     void *partner, float *y, const float *scale)
{
    const uint32_t type = ref_quant_find(w->type)->partner;
    const bool coded = ref_has_codes(type, x, w->in);
    if (coded)
        k->quantize[type](x, w->in, partner);
    for (size_t o = 0; o < w->out; o++) {
        const float sum = coded ? k->dot[w->type](w->rows + o * w->row_bytes, partner, w->in) : NAN;
        y[o] = scale != NULL ? y[o] + *scale * sum : sum;
    }
}

void ref_lora_apply(const struct ref_lora *l, const struct ref_quant_kernels *k, const float *x,
                    size_t n, float *scratch, float *y)
{
    float *low = scratch, *partner = scratch + l->b.in;
    for (size_t i = 0; i < n; i++) {
        multiply(k, &l->a, x + i * l->a.in, partner, low, NULL);
        multiply(k, &l->b, low, partner, y + i * l->b.out, &l->scale);
    }
}

enum err_code ref_lora_embed(const struct ref_lora *l, const struct ref_quant_kernels *k,
                             const int32_t *ids, size_t n, float *scratch, float *y,
                             struct err *why)
{
    for (size_t i = 0; i < n; i++)
        if (ids[i] < 0 || (size_t)ids[i] >= l->a.out)
            return err_set(why, ERR_RANGE, "token %zu is %d: expected 0 to %zu", i, ids[i],
                           l->a.out - 1);
    float *low = scratch, *partner = scratch + l->b.in;
    for (size_t i = 0; i < n; i++) {
        k->dequantize[l->a.type](l->a.rows + (size_t)ids[i] * l->a.row_bytes, l->a.in, low);
        multiply(k, &l->b, low, partner, y + i * l->b.out, &l->scale);
    }
    return OK;
}

/* ---- merging ---- */

/* A whole, one row of B, one row of W, one row of the change. */
size_t ref_lora_merge_scratch(const struct ref_lora *l)
{
    size_t count, bytes;
    if (ckd_add(&count, l->a.out, (size_t)2) || ckd_mul(&count, count, l->a.in) ||
        ckd_add(&count, count, l->b.in) || ckd_mul(&bytes, count, sizeof(float)))
        return 0;
    return bytes;
}

static void add_change(const struct ref_lora *l, const float *a, const float *b, float *change,
                       float *w)
{
    memset(change, 0, l->a.in * sizeof *change);
    for (size_t k = 0; k < l->b.in; k++)
        for (size_t i = 0; i < l->a.in; i++)
            change[i] += b[k] * a[k * l->a.in + i];
    for (size_t i = 0; i < l->a.in; i++)
        w[i] += l->scale * change[i];
}

enum err_code ref_lora_merge(const struct ref_lora *l, const struct ref_matrix *w, void *scratch,
                             uint8_t *ret_rows, struct err *why)
{
    if (w->in != l->a.in || w->out != l->b.out || l->a.out != l->b.in)
        return err_set(why, ERR_INVALID, "a pair of %zu x %zu for a matrix of %zu x %zu", l->a.in,
                       l->b.out, w->in, w->out);
    const size_t in = l->a.in, rank = l->b.in;
    float *a = scratch, *b = a + rank * in, *row = b + rank, *change = row + in;
    enum err_code rc = OK;
    for (size_t k = 0; k < rank && rc == OK; k++)
        rc = ref_quant_dequantize(l->a.type, l->a.rows + k * l->a.row_bytes, in, a + k * in, why);
    for (size_t o = 0; o < w->out && rc == OK; o++) {
        if ((rc = ref_quant_dequantize(l->b.type, l->b.rows + o * l->b.row_bytes, rank, b, why)) !=
                OK ||
            (rc = ref_quant_dequantize(w->type, w->rows + o * w->row_bytes, in, row, why)) != OK)
            break;
        add_change(l, a, b, change, row);
        if ((rc = ref_quant_quantize(w->type, row, in, ret_rows + o * w->row_bytes, why)) != OK)
            rc = err_wrap(why, rc, "row %zu", o);
    }
    return rc;
}

#include "reference/tensor/elementwise.h"

#include <string.h>

#include "reference/quant/f16.h"
#include "reference/quant/quant.h"

static enum err_code want_f32(const struct ref_view *t, const char *name, struct err *why)
{
    if (t->type == REF_F32)
        return OK;
    return err_set(why, ERR_UNSUPPORTED, "%s is of type %u: expected F32", name, t->type);
}

static enum err_code want_shape(const struct ref_view *dst, const struct ref_view *src,
                                struct err *why)
{
    for (int i = 0; i < REF_DIMS; i++)
        if (dst->ne[i] != src->ne[i])
            return err_set(why, ERR_INVALID,
                           "dimension %d is %lld in the result, %lld in its source", i,
                           (long long)dst->ne[i], (long long)src->ne[i]);
    return OK;
}

static enum err_code want_repeat(const struct ref_view *a, const struct ref_view *b,
                                 struct err *why)
{
    if (ref_view_elements(a) == 0)
        return OK;
    for (int i = 0; i < REF_DIMS; i++)
        if (b->ne[i] <= 0 || a->ne[i] % b->ne[i] != 0)
            return err_set(why, ERR_INVALID, "dimension %d of b, %lld, does not repeat into %lld",
                           i, (long long)b->ne[i], (long long)a->ne[i]);
    return OK;
}

static char *element(const struct ref_view *t, int64_t i0, int64_t i1, int64_t i2, int64_t i3)
{
    return (char *)ref_view_row(t, i1, i2, i3) + (size_t)i0 * t->nb[0];
}

static float apply(enum ref_binary op, float a, float b)
{
    switch (op) {
    case REF_ADD:
        return a + b;
    case REF_SUB:
        return a - b;
    case REF_MUL:
        return a * b;
    case REF_DIV:
        return a / b;
    }
    return 0;
}

static void binary_row(enum ref_binary op, const struct ref_view *dst, const struct ref_view *a,
                       const struct ref_view *b, int64_t i1, int64_t i2, int64_t i3)
{
    for (int64_t i0 = 0; i0 < a->ne[0]; i0++) {
        float x, y;
        memcpy(&x, element(a, i0, i1, i2, i3), sizeof x);
        memcpy(&y, element(b, i0 % b->ne[0], i1 % b->ne[1], i2 % b->ne[2], i3 % b->ne[3]),
               sizeof y);
        const float z = apply(op, x, y);
        memcpy(element(dst, i0, i1, i2, i3), &z, sizeof z);
    }
}

enum err_code ref_tensor_binary(enum ref_binary op, const struct ref_view *dst,
                                const struct ref_view *a, const struct ref_view *b, struct err *why)
{
    enum err_code rc;
    if ((rc = want_f32(dst, "the result", why)) != OK || (rc = want_f32(a, "a", why)) != OK ||
        (rc = want_f32(b, "b", why)) != OK || (rc = want_shape(dst, a, why)) != OK ||
        (rc = want_repeat(a, b, why)) != OK)
        return rc;
    for (int64_t i3 = 0; i3 < a->ne[3]; i3++)
        for (int64_t i2 = 0; i2 < a->ne[2]; i2++)
            for (int64_t i1 = 0; i1 < a->ne[1]; i1++)
                binary_row(op, dst, a, b, i1, i2, i3);
    return OK;
}

enum err_code ref_tensor_scale(const struct ref_view *dst, const struct ref_view *x, float scale,
                               float bias, struct err *why)
{
    enum err_code rc;
    if ((rc = want_f32(dst, "the result", why)) != OK || (rc = want_f32(x, "x", why)) != OK ||
        (rc = want_shape(dst, x, why)) != OK)
        return rc;
    for (int64_t i3 = 0; i3 < x->ne[3]; i3++)
        for (int64_t i2 = 0; i2 < x->ne[2]; i2++)
            for (int64_t i1 = 0; i1 < x->ne[1]; i1++)
                for (int64_t i0 = 0; i0 < x->ne[0]; i0++) {
                    float v;
                    memcpy(&v, element(x, i0, i1, i2, i3), sizeof v);
                    v = v * scale + bias;
                    memcpy(element(dst, i0, i1, i2, i3), &v, sizeof v);
                }
    return OK;
}

/* ---- copies ---- */

static float load(const struct ref_view *t, const char *at)
{
    uint16_t half;
    float x;
    if (t->type == REF_F32) {
        memcpy(&x, at, sizeof x);
        return x;
    }
    memcpy(&half, at, sizeof half);
    return t->type == REF_F16 ? ref_f16_to_f32(half) : ref_bf16_to_f32(half);
}

static void store(const struct ref_view *t, char *at, float x)
{
    if (t->type == REF_F32) {
        memcpy(at, &x, sizeof x);
        return;
    }
    const uint16_t half = t->type == REF_F16 ? ref_f16_from_f32(x) : ref_bf16_from_f32(x);
    memcpy(at, &half, sizeof half);
}

static enum err_code want_float(const struct ref_view *t, struct err *why)
{
    if (t->type == REF_F32 || t->type == REF_F16 || t->type == REF_BF16)
        return OK;
    return err_set(why, ERR_UNSUPPORTED, "type %u: expected F32, F16 or BF16", t->type);
}

static void copy_row(const struct ref_view *dst, const struct ref_view *src, int64_t i1, int64_t i2,
                     int64_t i3)
{
    const size_t size = dst->type == REF_F32 ? sizeof(float) : sizeof(uint16_t);
    for (int64_t i0 = 0; i0 < dst->ne[0]; i0++) {
        char *to = element(dst, i0, i1, i2, i3);
        const char *from = element(src, i0, i1, i2, i3);
        if (dst->type == src->type)
            memcpy(to, from, size); /* keeps a NaN's payload */
        else
            store(dst, to, load(src, from));
    }
}

enum err_code ref_tensor_copy(const struct ref_view *dst, const struct ref_view *src,
                              struct err *why)
{
    enum err_code rc;
    if ((rc = want_float(dst, why)) != OK || (rc = want_float(src, why)) != OK ||
        (rc = want_shape(dst, src, why)) != OK)
        return rc;
    for (int64_t i3 = 0; i3 < src->ne[3]; i3++)
        for (int64_t i2 = 0; i2 < src->ne[2]; i2++)
            for (int64_t i1 = 0; i1 < src->ne[1]; i1++)
                copy_row(dst, src, i1, i2, i3);
    return OK;
}

enum err_code ref_tensor_get_rows(const struct ref_view *dst, const struct ref_view *src,
                                  const int32_t *ids, size_t n, struct err *why)
{
    enum err_code rc = want_f32(dst, "the result", why);
    if (rc != OK)
        return rc;
    if (dst->ne[0] != src->ne[0] || dst->ne[1] != (int64_t)n || dst->ne[2] != 1 ||
        dst->ne[3] != 1 || src->ne[2] != 1 || src->ne[3] != 1 || dst->nb[0] != sizeof(float) ||
        src->nb[0] != ref_quant_find(src->type)->bytes)
        return err_set(why, ERR_INVALID, "%zu rows of %lld do not fit the result", n,
                       (long long)src->ne[0]);
    for (size_t i = 0; i < n; i++)
        if (ids[i] < 0 || ids[i] >= src->ne[1])
            return err_set(why, ERR_RANGE, "row %d: expected 0 to %lld", ids[i],
                           (long long)src->ne[1] - 1);
    for (size_t i = 0; i < n && rc == OK; i++)
        rc = ref_quant_dequantize(src->type, ref_view_row(src, ids[i], 0, 0), (size_t)src->ne[0],
                                  ref_view_row(dst, (int64_t)i, 0, 0), why);
    return rc;
}

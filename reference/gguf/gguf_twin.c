#include "reference/gguf/gguf_twin.h"

#include <string.h>

/* ---- the other byte order ---- */

static void reverse(uint8_t *p, uint64_t len)
{
    for (uint64_t i = 0; i < len / 2; i++) {
        const uint8_t swap = p[i];
        p[i] = p[len - 1 - i];
        p[len - 1 - i] = swap;
    }
}

static void reverse_value(const struct ref_gguf_file *f, const struct ref_gguf_value *v,
                          uint8_t *out)
{
    if (v->type == REF_GGUF_STRING) {
        reverse(out + v->val.off - 8, 8);
        return;
    }
    if (v->type != REF_GGUF_ARRAY) {
        reverse(out + v->val.off, v->val.len);
        return;
    }
    reverse(out + v->val.off - REF_GGUF_ARRAY_HEAD_BYTES, 4);
    reverse(out + v->val.off - 8, 8);
    struct ref_gguf_value e;
    struct ref_gguf_walk it = ref_gguf_walk(f, v);
    while (ref_gguf_walk_next(&it, &e))
        reverse_value(f, &e, out);
}

static void reverse_tensor(const struct ref_gguf_tensor *t, uint8_t *out)
{
    uint8_t *p = out + t->name.off + t->name.len;
    reverse(out + t->name.off - 8, 8);
    reverse(p, 4);
    p += 4;
    for (uint32_t d = 0; d < t->n_dims; d++, p += 8)
        reverse(p, 8);
    reverse(p, 4);
    reverse(p + 4, 8);
}

void ref_gguf_twin(const struct ref_gguf_file *f, uint8_t *out)
{
    memcpy(out, f->buf, f->size);
    reverse(out + 4, 4);
    reverse(out + 8, 8);
    reverse(out + 16, 8);
    for (uint64_t i = 0; i < f->n_kv; i++) {
        const struct ref_gguf_value v = ref_gguf_value(&f->kv[i]);
        reverse(out + f->kv[i].key.off - 8, 8);
        reverse(out + f->kv[i].key.off + f->kv[i].key.len, 4);
        reverse_value(f, &v, out);
    }
    for (uint64_t i = 0; i < f->n_tensors; i++)
        reverse_tensor(&f->tensor[i], out);
}

/* ---- the same ---- */

static bool same_span(struct ref_gguf_span a, struct ref_gguf_span b)
{
    return a.off == b.off && a.len == b.len;
}

static bool same_numbers(const struct ref_gguf_file *f, const struct ref_gguf_value *v,
                         const struct ref_gguf_file *g, const struct ref_gguf_value *w)
{
    uint64_t u[2] = {0, 0};
    int64_t i[2] = {0, 0};
    double d[2] = {0, 0};
    bool b[2] = {false, false};
    return ref_gguf_value_u64(f, v, &u[0]) == ref_gguf_value_u64(g, w, &u[1]) && u[0] == u[1] &&
           ref_gguf_value_i64(f, v, &i[0]) == ref_gguf_value_i64(g, w, &i[1]) && i[0] == i[1] &&
           ref_gguf_value_f64(f, v, &d[0]) == ref_gguf_value_f64(g, w, &d[1]) &&
           memcmp(&d[0], &d[1], sizeof d[0]) == 0 && /* NaN too */
           ref_gguf_value_bool(f, v, &b[0]) == ref_gguf_value_bool(g, w, &b[1]) && b[0] == b[1];
}

bool ref_gguf_same_value(const struct ref_gguf_file *f, const struct ref_gguf_value *v,
                         const struct ref_gguf_file *g, const struct ref_gguf_value *w)
{
    if (v->type != w->type || v->elem != w->elem || v->n != w->n || v->val.len != w->val.len)
        return false;
    if (v->type == REF_GGUF_STRING)
        return memcmp(f->buf + v->val.off, g->buf + w->val.off, v->val.len) == 0;
    if (v->type != REF_GGUF_ARRAY)
        return same_numbers(f, v, g, w);
    struct ref_gguf_walk left = ref_gguf_walk(f, v), right = ref_gguf_walk(g, w);
    struct ref_gguf_value a, b;
    while (ref_gguf_walk_next(&left, &a))
        if (!ref_gguf_walk_next(&right, &b) || !ref_gguf_same_value(f, &a, g, &b))
            return false;
    return !ref_gguf_walk_next(&right, &b);
}

bool ref_gguf_same_file(const struct ref_gguf_file *f, const struct ref_gguf_file *g)
{
    if (f->size != g->size || f->version != g->version || f->alignment != g->alignment ||
        f->n_kv != g->n_kv || f->n_tensors != g->n_tensors || f->data_off != g->data_off)
        return false;
    for (uint64_t i = 0; i < f->n_kv; i++) {
        const struct ref_gguf_value v = ref_gguf_value(&f->kv[i]), w = ref_gguf_value(&g->kv[i]);
        if (!same_span(f->kv[i].key, g->kv[i].key) || !same_span(v.val, w.val) ||
            !ref_gguf_same_value(f, &v, g, &w))
            return false;
    }
    for (uint64_t i = 0; i < f->n_tensors; i++) {
        const struct ref_gguf_tensor *s = &f->tensor[i], *t = &g->tensor[i];
        if (!same_span(s->name, t->name) || s->type != t->type || s->n_dims != t->n_dims ||
            s->offset != t->offset || s->nbytes != t->nbytes ||
            memcmp(s->ne, t->ne, sizeof s->ne) != 0)
            return false;
    }
    return true;
}

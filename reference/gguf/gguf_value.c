#include "reference/gguf/gguf_value.h"

#include <string.h>

#include "reference/gguf/gguf_reader.h"

/* No span of a file that was read can leave it; so nothing is tested here a second time. */

struct ref_gguf_value ref_gguf_value(const struct ref_gguf_kv *kv)
{
    return (struct ref_gguf_value){.type = kv->type, .elem = kv->elem, .n = kv->n, .val = kv->val};
}

/* ---- one value ---- */

/* Any integer or bool but a u64, by its sign. */
static bool is_signed(const struct ref_gguf_file *f, const struct ref_gguf_value *v, int64_t *ret)
{
    const uint8_t *p = f->buf + v->val.off;
    switch ((enum ref_gguf_value_type)v->type) {
    case REF_GGUF_U8:
    case REF_GGUF_BOOL:
        *ret = p[0];
        return true;
    case REF_GGUF_I8:
        *ret = p[0] < 0x80 ? p[0] : (int64_t)p[0] - 0x100;
        return true;
    case REF_GGUF_U16:
        *ret = ref_gguf_rd_u16(f->swapped, p);
        return true;
    case REF_GGUF_I16:
        *ret = (int16_t)ref_gguf_rd_u16(f->swapped, p);
        return true;
    case REF_GGUF_U32:
        *ret = ref_gguf_rd_u32(f->swapped, p);
        return true;
    case REF_GGUF_I32:
        *ret = (int32_t)ref_gguf_rd_u32(f->swapped, p);
        return true;
    case REF_GGUF_I64:
        *ret = (int64_t)ref_gguf_rd_u64(f->swapped, p);
        return true;
    case REF_GGUF_U64:
    case REF_GGUF_F32:
    case REF_GGUF_F64:
    case REF_GGUF_STRING:
    case REF_GGUF_ARRAY:
    case REF_GGUF_VALUE_TYPES:
        break;
    }
    return false;
}

enum ref_gguf_status ref_gguf_value_u64(const struct ref_gguf_file *f,
                                        const struct ref_gguf_value *v, uint64_t *ret)
{
    int64_t number;
    if (v->type == REF_GGUF_U64) {
        *ret = ref_gguf_rd_u64(f->swapped, f->buf + v->val.off);
        return REF_GGUF_OK;
    }
    if (!is_signed(f, v, &number))
        return REF_GGUF_E_TYPE;
    if (number < 0)
        return REF_GGUF_E_VALUE;
    *ret = (uint64_t)number;
    return REF_GGUF_OK;
}

enum ref_gguf_status ref_gguf_value_i64(const struct ref_gguf_file *f,
                                        const struct ref_gguf_value *v, int64_t *ret)
{
    if (v->type != REF_GGUF_U64)
        return is_signed(f, v, ret) ? REF_GGUF_OK : REF_GGUF_E_TYPE;
    const uint64_t number = ref_gguf_rd_u64(f->swapped, f->buf + v->val.off);
    if (number > INT64_MAX)
        return REF_GGUF_E_VALUE;
    *ret = (int64_t)number;
    return REF_GGUF_OK;
}

enum ref_gguf_status ref_gguf_value_f64(const struct ref_gguf_file *f,
                                        const struct ref_gguf_value *v, double *ret)
{
    if (v->type != REF_GGUF_F32 && v->type != REF_GGUF_F64)
        return REF_GGUF_E_TYPE;
    if (v->type == REF_GGUF_F64) {
        const uint64_t bits = ref_gguf_rd_u64(f->swapped, f->buf + v->val.off);
        memcpy(ret, &bits, sizeof *ret);
        return REF_GGUF_OK;
    }
    const uint32_t bits = ref_gguf_rd_u32(f->swapped, f->buf + v->val.off);
    float x;
    memcpy(&x, &bits, sizeof x);
    *ret = (double)x;
    return REF_GGUF_OK;
}

enum ref_gguf_status ref_gguf_value_bool(const struct ref_gguf_file *f,
                                         const struct ref_gguf_value *v, bool *ret)
{
    if (v->type != REF_GGUF_BOOL)
        return REF_GGUF_E_TYPE;
    *ret = f->buf[v->val.off] == 1;
    return REF_GGUF_OK;
}

enum ref_gguf_status ref_gguf_value_str(const struct ref_gguf_value *v, struct ref_gguf_span *ret)
{
    if (v->type != REF_GGUF_STRING)
        return REF_GGUF_E_TYPE;
    *ret = v->val;
    return REF_GGUF_OK;
}

/* ---- the elements of an array ---- */

struct ref_gguf_walk ref_gguf_walk(const struct ref_gguf_file *f,
                                   const struct ref_gguf_value *array)
{
    return (struct ref_gguf_walk){.buf = f->buf,
                                  .swapped = f->swapped,
                                  .type = array->elem,
                                  .at = array->val.off,
                                  .left = array->type == REF_GGUF_ARRAY ? array->n : 0};
}

/* The byte behind an array whose head has been read into *v and whose elements begin at `at`. */
static uint64_t end_of_array(const struct ref_gguf_walk *it, const struct ref_gguf_value *v,
                             uint64_t at)
{
    const uint32_t each = ref_gguf_value_bytes(v->elem);
    if (each > 0)
        return at + v->n * each;
    struct ref_gguf_walk inner = {it->buf, it->swapped, v->elem, at, v->n};
    struct ref_gguf_value skipped;
    while (ref_gguf_walk_next(&inner, &skipped))
        continue;
    return inner.at;
}

bool ref_gguf_walk_next(struct ref_gguf_walk *it, struct ref_gguf_value *ret)
{
    if (it->left == 0)
        return false;
    const uint8_t *p = it->buf + it->at;
    struct ref_gguf_value v = {.type = it->type, .elem = it->type, .n = 1};
    v.val = (struct ref_gguf_span){.off = it->at, .len = ref_gguf_value_bytes(it->type)};
    if (it->type == REF_GGUF_STRING) {
        v.val.off = it->at + 8;
        v.val.len = ref_gguf_rd_u64(it->swapped, p);
    } else if (it->type == REF_GGUF_ARRAY) {
        v.elem = ref_gguf_rd_u32(it->swapped, p);
        v.n = ref_gguf_rd_u64(it->swapped, p + 4);
        v.val.off = it->at + REF_GGUF_ARRAY_HEAD_BYTES;
        v.val.len = end_of_array(it, &v, v.val.off) - v.val.off;
    }
    it->at = v.val.off + v.val.len;
    it->left--;
    *ret = v;
    return true;
}

enum ref_gguf_status ref_gguf_array_at(const struct ref_gguf_file *f,
                                       const struct ref_gguf_value *array, uint64_t i,
                                       struct ref_gguf_value *ret)
{
    if (array->type != REF_GGUF_ARRAY)
        return REF_GGUF_E_TYPE;
    if (i >= array->n)
        return REF_GGUF_E_VALUE;
    struct ref_gguf_walk it = ref_gguf_walk(f, array);
    const uint32_t each = ref_gguf_value_bytes(array->elem);
    if (each > 0)
        it.at += i * each;
    else
        for (struct ref_gguf_value skipped; i > 0; i--)
            ref_gguf_walk_next(&it, &skipped);
    ref_gguf_walk_next(&it, ret);
    return REF_GGUF_OK;
}

enum ref_gguf_status ref_gguf_array_u64(const struct ref_gguf_file *f,
                                        const struct ref_gguf_value *array, uint64_t i,
                                        uint64_t *ret)
{
    struct ref_gguf_value v;
    const enum ref_gguf_status s = ref_gguf_array_at(f, array, i, &v);
    return s != REF_GGUF_OK ? s : ref_gguf_value_u64(f, &v, ret);
}

enum ref_gguf_status ref_gguf_array_i64(const struct ref_gguf_file *f,
                                        const struct ref_gguf_value *array, uint64_t i,
                                        int64_t *ret)
{
    struct ref_gguf_value v;
    const enum ref_gguf_status s = ref_gguf_array_at(f, array, i, &v);
    return s != REF_GGUF_OK ? s : ref_gguf_value_i64(f, &v, ret);
}

enum ref_gguf_status ref_gguf_array_f64(const struct ref_gguf_file *f,
                                        const struct ref_gguf_value *array, uint64_t i, double *ret)
{
    struct ref_gguf_value v;
    const enum ref_gguf_status s = ref_gguf_array_at(f, array, i, &v);
    return s != REF_GGUF_OK ? s : ref_gguf_value_f64(f, &v, ret);
}

enum ref_gguf_status ref_gguf_array_bool(const struct ref_gguf_file *f,
                                         const struct ref_gguf_value *array, uint64_t i, bool *ret)
{
    struct ref_gguf_value v;
    const enum ref_gguf_status s = ref_gguf_array_at(f, array, i, &v);
    return s != REF_GGUF_OK ? s : ref_gguf_value_bool(f, &v, ret);
}

enum ref_gguf_status ref_gguf_array_str(const struct ref_gguf_file *f,
                                        const struct ref_gguf_value *array, uint64_t i,
                                        struct ref_gguf_span *ret)
{
    struct ref_gguf_value v;
    const enum ref_gguf_status s = ref_gguf_array_at(f, array, i, &v);
    return s != REF_GGUF_OK ? s : ref_gguf_value_str(&v, ret);
}

/* ---- the accessors of gguf.h ---- */

enum ref_gguf_status ref_gguf_u64(const struct ref_gguf_file *f, const struct ref_gguf_kv *kv,
                                  uint64_t *ret)
{
    const struct ref_gguf_value v = ref_gguf_value(kv);
    return ref_gguf_value_u64(f, &v, ret);
}

enum ref_gguf_status ref_gguf_f64(const struct ref_gguf_file *f, const struct ref_gguf_kv *kv,
                                  double *ret)
{
    const struct ref_gguf_value v = ref_gguf_value(kv);
    return ref_gguf_value_f64(f, &v, ret);
}

struct ref_gguf_strings ref_gguf_strings(const struct ref_gguf_file *f,
                                         const struct ref_gguf_kv *kv)
{
    const bool strings = kv->type == REF_GGUF_ARRAY && kv->elem == REF_GGUF_STRING;
    return (struct ref_gguf_strings){f->buf, f->swapped, kv->val.off, strings ? kv->n : 0};
}

bool ref_gguf_strings_next(struct ref_gguf_strings *it, struct ref_gguf_span *ret)
{
    if (it->left == 0)
        return false;
    *ret = (struct ref_gguf_span){.off = it->at + 8,
                                  .len = ref_gguf_rd_u64(it->swapped, it->buf + it->at)};
    it->at = ret->off + ret->len;
    it->left--;
    return true;
}

enum ref_gguf_status ref_gguf_str(const struct ref_gguf_file *f, const struct ref_gguf_kv *kv,
                                  uint64_t i, struct ref_gguf_span *ret)
{
    if (kv->elem != REF_GGUF_STRING)
        return REF_GGUF_E_TYPE;
    if (i >= kv->n)
        return REF_GGUF_E_VALUE;
    const struct ref_gguf_value v = ref_gguf_value(kv);
    return v.type == REF_GGUF_STRING ? ref_gguf_value_str(&v, ret)
                                     : ref_gguf_array_str(f, &v, i, ret);
}

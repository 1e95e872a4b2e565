#include "reference/gguf/gguf.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/checked.h"
#include "reference/gguf/gguf_reader.h"

typedef unsigned long long llu; /* for printf */

const char *ref_gguf_status_text(enum ref_gguf_status status)
{
    switch (status) {
#define STATUS(name, value, text)                                                                  \
    case REF_GGUF_##name:                                                                          \
        return text;
#include "reference/gguf/gguf_status.def"
#undef STATUS
    }
    return "unknown status";
}

PRINTF_LIKE(3, 4)
static enum ref_gguf_status fault(struct err *why, enum ref_gguf_status status, const char *format,
                                  ...)
{
    char text[256];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    err_set(why, ERR_FORMAT, "%s: %s", text, ref_gguf_status_text(status));
    return status;
}

/* ---- reading fields ---- */

static enum ref_gguf_status need(struct ref_gguf_reader *r, uint64_t count, uint64_t bytes_each)
{
    const uint64_t left = r->size - r->pos;
    if (count <= left / bytes_each)
        return REF_GGUF_OK;
    return fault(r->why, REF_GGUF_E_TRUNC, "%llu x %llu bytes at byte %llu of %llu", (llu)count,
                 (llu)bytes_each, (llu)r->pos, (llu)r->size);
}

static enum ref_gguf_status take_u32(struct ref_gguf_reader *r, uint32_t *ret)
{
    const enum ref_gguf_status s = need(r, 1, 4);
    if (s != REF_GGUF_OK)
        return s;
    *ret = ref_gguf_rd_u32(r->swapped, r->buf + r->pos);
    r->pos += 4;
    return REF_GGUF_OK;
}

static enum ref_gguf_status take_u64(struct ref_gguf_reader *r, uint64_t *ret)
{
    const enum ref_gguf_status s = need(r, 1, 8);
    if (s != REF_GGUF_OK)
        return s;
    *ret = ref_gguf_rd_u64(r->swapped, r->buf + r->pos);
    r->pos += 8;
    return REF_GGUF_OK;
}

static enum ref_gguf_status take_span(struct ref_gguf_reader *r, uint64_t count,
                                      uint64_t bytes_each, struct ref_gguf_span *ret)
{
    const enum ref_gguf_status s = need(r, count, bytes_each);
    if (s != REF_GGUF_OK)
        return s;
    *ret = (struct ref_gguf_span){.off = r->pos, .len = count * bytes_each};
    r->pos += ret->len;
    return REF_GGUF_OK;
}

static enum ref_gguf_status take_string(struct ref_gguf_reader *r, struct ref_gguf_span *ret)
{
    uint64_t length;
    const enum ref_gguf_status s = take_u64(r, &length);
    return s != REF_GGUF_OK ? s : take_span(r, length, 1, ret);
}

static bool span_is(const uint8_t *buf, struct ref_gguf_span span, const void *bytes, uint64_t len)
{
    return span.len == len && memcmp(buf + span.off, bytes, len) == 0;
}

/* ---- names: a hash table in the entries ---- */

/* FNV-1a, 64 bits (Fowler, Noll, Vo). */
static uint64_t hash(const void *bytes, uint64_t len)
{
    const uint8_t *p = bytes;
    uint64_t h = 0xcbf29ce484222325u;
    for (uint64_t i = 0; i < len; i++)
        h = (h ^ p[i]) * 0x100000001b3u;
    return h;
}

static uint64_t find_kv(const struct ref_gguf_file *f, uint64_t bucket, const void *key,
                        uint64_t len)
{
    uint64_t i = f->kv[bucket].link.first;
    while (i != 0 && !span_is(f->buf, f->kv[i - 1].key, key, len))
        i = f->kv[i - 1].link.next;
    return i;
}

static uint64_t find_tensor(const struct ref_gguf_file *f, uint64_t bucket, const void *name,
                            uint64_t len)
{
    uint64_t i = f->tensor[bucket].link.first;
    while (i != 0 && !span_is(f->buf, f->tensor[i - 1].name, name, len))
        i = f->tensor[i - 1].link.next;
    return i;
}

static enum ref_gguf_status enter_kv(struct ref_gguf_reader *r, uint64_t index)
{
    struct ref_gguf_kv *kv = r->file->kv;
    const struct ref_gguf_span key = kv[index].key;
    const uint64_t bucket = hash(r->buf + key.off, key.len) % r->file->n_kv;
    const uint64_t twin = find_kv(r->file, bucket, r->buf + key.off, key.len);
    if (twin != 0)
        return fault(r->why, REF_GGUF_E_DUP, "KV %llu has the key of KV %llu", (llu)index,
                     (llu)twin - 1);
    kv[index].link.next = kv[bucket].link.first;
    kv[bucket].link.first = index + 1;
    return REF_GGUF_OK;
}

static enum ref_gguf_status enter_tensor(struct ref_gguf_reader *r, uint64_t index)
{
    struct ref_gguf_tensor *t = r->file->tensor;
    const struct ref_gguf_span name = t[index].name;
    const uint64_t bucket = hash(r->buf + name.off, name.len) % r->file->n_tensors;
    const uint64_t twin = find_tensor(r->file, bucket, r->buf + name.off, name.len);
    if (twin != 0)
        return fault(r->why, REF_GGUF_E_DUP, "tensor %llu has the name of tensor %llu", (llu)index,
                     (llu)twin - 1);
    t[index].link.next = t[bucket].link.first;
    t[bucket].link.first = index + 1;
    return REF_GGUF_OK;
}

/* ---- KVs ---- */

static enum ref_gguf_status take_key(struct ref_gguf_reader *r, uint64_t index)
{
    struct ref_gguf_kv *kv = &r->file->kv[index];
    const enum ref_gguf_status s = take_string(r, &kv->key);
    if (s != REF_GGUF_OK)
        return s;
    if (kv->key.len == 0 || kv->key.len > REF_GGUF_MAX_KEY)
        return fault(r->why, REF_GGUF_E_KEY, "key of KV %llu has %llu bytes", (llu)index,
                     (llu)kv->key.len);
    return r->alone ? REF_GGUF_OK : enter_kv(r, index);
}

static enum ref_gguf_status check_bools(struct ref_gguf_reader *r, struct ref_gguf_span bools)
{
    for (uint64_t i = 0; i < bools.len; i++)
        if (r->buf[bools.off + i] > 1)
            return fault(r->why, REF_GGUF_E_VALUE, "bool at byte %llu is %u",
                         (llu)bools.off + (llu)i, (unsigned)r->buf[bools.off + i]);
    return REF_GGUF_OK;
}

/* n strings in a row: each says its own length, so each must be looked at. */
static enum ref_gguf_status take_strings(struct ref_gguf_reader *r, uint64_t n,
                                         struct ref_gguf_span *ret)
{
    enum ref_gguf_status s = need(r, n, 8);
    const uint64_t begin = r->pos;
    struct ref_gguf_span string;
    for (uint64_t i = 0; i < n && s == REF_GGUF_OK; i++)
        s = take_string(r, &string);
    if (s == REF_GGUF_OK)
        *ret = (struct ref_gguf_span){.off = begin, .len = r->pos - begin};
    return s;
}

static enum ref_gguf_status take_elements(struct ref_gguf_reader *r, uint32_t elem, uint64_t n,
                                          int depth, struct ref_gguf_span *ret);

/* An array from its element type on; `depth` arrays are around it. */
static enum ref_gguf_status take_array(struct ref_gguf_reader *r, int depth, uint32_t *ret_elem,
                                       uint64_t *ret_n, struct ref_gguf_span *ret)
{
    enum ref_gguf_status s = take_u32(r, ret_elem);
    if (s != REF_GGUF_OK)
        return s;
    const bool nests = *ret_elem == REF_GGUF_ARRAY;
    if (*ret_elem >= REF_GGUF_VALUE_TYPES || (nests && r->mode == REF_GGUF_STRICT))
        return fault(r->why, REF_GGUF_E_TYPE, "elements of type %u", *ret_elem);
    if (nests && depth + 1 >= REF_GGUF_MAX_DEPTH)
        return fault(r->why, REF_GGUF_E_TYPE, "arrays nest over %d deep", REF_GGUF_MAX_DEPTH);
    s = take_u64(r, ret_n);
    return s != REF_GGUF_OK ? s : take_elements(r, *ret_elem, *ret_n, depth, ret);
}

/* n arrays in a row. */
static enum ref_gguf_status take_arrays(struct ref_gguf_reader *r, uint64_t n, int depth,
                                        struct ref_gguf_span *ret)
{
    enum ref_gguf_status s = need(r, n, REF_GGUF_ARRAY_HEAD_BYTES);
    const uint64_t begin = r->pos;
    uint32_t elem;
    uint64_t inner;
    struct ref_gguf_span span;
    for (uint64_t i = 0; i < n && s == REF_GGUF_OK; i++)
        s = take_array(r, depth + 1, &elem, &inner, &span);
    if (s == REF_GGUF_OK)
        *ret = (struct ref_gguf_span){.off = begin, .len = r->pos - begin};
    return s;
}

static enum ref_gguf_status take_elements(struct ref_gguf_reader *r, uint32_t elem, uint64_t n,
                                          int depth, struct ref_gguf_span *ret)
{
    if (elem == REF_GGUF_STRING)
        return take_strings(r, n, ret);
    if (elem == REF_GGUF_ARRAY)
        return take_arrays(r, n, depth, ret);
    const enum ref_gguf_status s = take_span(r, n, ref_gguf_value_bytes(elem), ret);
    if (s == REF_GGUF_OK && elem == REF_GGUF_BOOL)
        return check_bools(r, *ret);
    return s;
}

static enum ref_gguf_status take_value(struct ref_gguf_reader *r, struct ref_gguf_kv *kv)
{
    if (kv->type == REF_GGUF_ARRAY)
        return take_array(r, 0, &kv->elem, &kv->n, &kv->val);
    kv->elem = kv->type;
    kv->n = 1;
    return kv->type == REF_GGUF_STRING ? take_string(r, &kv->val)
                                       : take_elements(r, kv->elem, 1, 0, &kv->val);
}

static enum ref_gguf_status set_alignment(struct ref_gguf_reader *r, const struct ref_gguf_kv *kv)
{
    const uint32_t a = ref_gguf_rd_u32(r->swapped, r->buf + kv->val.off);
    const bool fits = r->mode == REF_GGUF_SPEC ? a % 8 == 0 : (a & (a - 1)) == 0;
    if (a < 8 || !fits)
        return fault(r->why, REF_GGUF_E_ALIGN, "general.alignment is %u", a);
    r->file->alignment = a;
    return REF_GGUF_OK;
}

enum ref_gguf_status ref_gguf_take_kv(struct ref_gguf_reader *r, uint64_t index)
{
    static const char alignment[] = "general.alignment";
    enum ref_gguf_status s = take_key(r, index);
    struct ref_gguf_kv *kv = &r->file->kv[index];
    if (s != REF_GGUF_OK || (s = take_u32(r, &kv->type)) != REF_GGUF_OK)
        return s;
    if (kv->type >= REF_GGUF_VALUE_TYPES)
        return fault(r->why, REF_GGUF_E_TYPE, "KV %llu is of type %u", (llu)index, kv->type);
    const bool aligns = span_is(r->buf, kv->key, alignment, sizeof alignment - 1);
    if (aligns && kv->type != REF_GGUF_U32)
        return fault(r->why, REF_GGUF_E_TYPE, "%s is of type %u", alignment, kv->type);
    s = take_value(r, kv);
    return s == REF_GGUF_OK && aligns ? set_alignment(r, kv) : s;
}

/* ---- tensors ---- */

static enum ref_gguf_status take_dims(struct ref_gguf_reader *r, uint64_t index,
                                      int64_t *ret_elements)
{
    struct ref_gguf_tensor *t = &r->file->tensor[index];
    enum ref_gguf_status s = take_u32(r, &t->n_dims);
    if (s != REF_GGUF_OK)
        return s;
    if (t->n_dims > REF_GGUF_MAX_DIMS)
        return fault(r->why, REF_GGUF_E_SHAPE, "tensor %llu has %u dimensions", (llu)index,
                     t->n_dims);
    for (int d = 0; d < REF_GGUF_MAX_DIMS; d++)
        t->ne[d] = 1;
    *ret_elements = 1;
    for (uint32_t d = 0; d < t->n_dims; d++) {
        if ((s = take_u64(r, &t->ne[d])) != REF_GGUF_OK)
            return s;
        /* Signed, so that a product from 2^63 on counts as one that does not fit. */
        if (t->ne[d] > INT64_MAX || ckd_mul(ret_elements, *ret_elements, t->ne[d]))
            return fault(r->why, REF_GGUF_E_SHAPE, "ne[%u] of tensor %llu is %llu", d, (llu)index,
                         (llu)t->ne[d]);
    }
    return REF_GGUF_OK;
}

static enum ref_gguf_status take_type(struct ref_gguf_reader *r, uint64_t index, int64_t elements)
{
    struct ref_gguf_tensor *t = &r->file->tensor[index];
    const enum ref_gguf_status s = take_u32(r, &t->type);
    if (s != REF_GGUF_OK)
        return s;
    const struct ref_gguf_tensor_type *type = ref_gguf_tensor_type(t->type);
    if (type == NULL)
        return fault(r->why, REF_GGUF_E_TYPE, "tensor %llu is of type %u", (llu)index, t->type);
    if (t->ne[0] % type->block != 0)
        return fault(r->why, REF_GGUF_E_SHAPE, "rows of tensor %llu: %llu elements, blocks of %u",
                     (llu)index, (llu)t->ne[0], type->block);
    int64_t bytes;
    if (ckd_mul(&bytes, elements / type->block, (int64_t)type->bytes))
        return fault(r->why, REF_GGUF_E_SHAPE, "tensor %llu has %lld elements of type %s",
                     (llu)index, (long long)elements, type->name);
    t->nbytes = (uint64_t)bytes;
    return REF_GGUF_OK;
}

static enum ref_gguf_status take_offset(struct ref_gguf_reader *r, uint64_t index)
{
    struct ref_gguf_tensor *t = &r->file->tensor[index];
    const enum ref_gguf_status s = take_u64(r, &t->offset);
    if (s != REF_GGUF_OK)
        return s;
    if (r->mode == REF_GGUF_SPEC)
        return t->offset % r->file->alignment == 0
                   ? REF_GGUF_OK
                   : fault(r->why, REF_GGUF_E_OFFSET,
                           "tensor %llu has offset %llu, alignment is %u", (llu)index,
                           (llu)t->offset, r->file->alignment);
    if (r->endless || t->offset != r->data_end)
        return fault(r->why, REF_GGUF_E_OFFSET, "tensor %llu has offset %llu, not %llu", (llu)index,
                     (llu)t->offset, (llu)r->data_end);
    r->endless = ckd_add(&r->data_end, r->data_end, ref_gguf_pad(t->nbytes, r->file->alignment));
    return REF_GGUF_OK;
}

enum ref_gguf_status ref_gguf_take_tensor(struct ref_gguf_reader *r, uint64_t index)
{
    struct ref_gguf_tensor *t = &r->file->tensor[index];
    int64_t elements = 0;
    enum ref_gguf_status s = take_string(r, &t->name);
    if (s != REF_GGUF_OK)
        return s;
    if (t->name.len > REF_GGUF_MAX_NAME + (r->mode == REF_GGUF_SPEC ? 1 : 0))
        return fault(r->why, REF_GGUF_E_NAME, "name of tensor %llu has %llu bytes", (llu)index,
                     (llu)t->name.len);
    if ((!r->alone && (s = enter_tensor(r, index)) != REF_GGUF_OK) ||
        (s = take_dims(r, index, &elements)) != REF_GGUF_OK ||
        (s = take_type(r, index, elements)) != REF_GGUF_OK)
        return s;
    return take_offset(r, index);
}

/* Whether the data is there: each tensor whole, the padding in front of the first one too. */
static enum ref_gguf_status check_data(struct ref_gguf_reader *r)
{
    struct ref_gguf_file *f = r->file;
    f->data_off = f->n_tensors > 0 ? ref_gguf_pad(r->pos, f->alignment) : r->pos;
    if (f->data_off > f->size)
        return fault(r->why, REF_GGUF_E_TRUNC, "padding up to byte %llu of %llu", (llu)f->data_off,
                     (llu)f->size);
    const uint64_t room = f->size - f->data_off;
    for (uint64_t i = 0; i < f->n_tensors; i++)
        if (f->tensor[i].offset > room || f->tensor[i].nbytes > room - f->tensor[i].offset)
            return fault(r->why, REF_GGUF_E_BOUNDS, "tensor %llu has %llu bytes from %llu of %llu",
                         (llu)i, (llu)f->tensor[i].nbytes, (llu)f->tensor[i].offset, (llu)room);
    return REF_GGUF_OK;
}

/* ---- the file ---- */

/* A version whose low half is zero was written in the other order. */
static enum ref_gguf_status take_version(struct ref_gguf_reader *r, uint32_t *ret)
{
    const enum ref_gguf_status s = take_u32(r, ret);
    if (s != REF_GGUF_OK)
        return s;
    if (r->mode == REF_GGUF_SPEC && (*ret & 0xffff) == 0) {
        r->swapped = true;
        *ret = __builtin_bswap32(*ret);
    }
    if (*ret != 2 && *ret != 3)
        return fault(r->why, REF_GGUF_E_VERSION, "version 0x%x", *ret);
    return REF_GGUF_OK;
}

enum ref_gguf_status ref_gguf_take_head(struct ref_gguf_reader *r, struct ref_gguf_head *head,
                                        bool counts)
{
    struct ref_gguf_span magic;
    enum ref_gguf_status s = take_span(r, 4, 1, &magic);
    if (s != REF_GGUF_OK)
        return s;
    if (!span_is(r->buf, magic, "GGUF", 4))
        return fault(r->why, REF_GGUF_E_MAGIC, "the file begins with 0x%08x", rd_u32le(r->buf));
    if ((s = take_version(r, &head->version)) != REF_GGUF_OK ||
        (s = take_u64(r, &head->n_tensors)) != REF_GGUF_OK ||
        (s = take_u64(r, &head->n_kv)) != REF_GGUF_OK)
        return s;
    head->swapped = r->swapped;
    if (!counts)
        return REF_GGUF_OK;
    s = need(r, head->n_tensors, REF_GGUF_MIN_TENSOR_BYTES);
    return s != REF_GGUF_OK ? s : need(r, head->n_kv, REF_GGUF_MIN_KV_BYTES);
}

enum ref_gguf_status ref_gguf_head(const uint8_t *buf, uint64_t size, struct ref_gguf_head *ret,
                                   struct err *why)
{
    return ref_gguf_head_mode(REF_GGUF_STRICT, buf, size, ret, why);
}

enum ref_gguf_status ref_gguf_head_mode(enum ref_gguf_mode mode, const uint8_t *buf, uint64_t size,
                                        struct ref_gguf_head *ret, struct err *why)
{
    struct ref_gguf_reader r = {.buf = buf, .size = size, .mode = mode, .why = why};
    struct ref_gguf_head head;
    const enum ref_gguf_status s = ref_gguf_take_head(&r, &head, true);
    if (s == REF_GGUF_OK)
        *ret = head;
    return s;
}

static enum ref_gguf_status walk(struct ref_gguf_reader *r)
{
    enum ref_gguf_status s = REF_GGUF_OK;
    for (uint64_t i = 0; i < r->file->n_kv && s == REF_GGUF_OK; i++)
        s = ref_gguf_take_kv(r, i);
    for (uint64_t i = 0; i < r->file->n_tensors && s == REF_GGUF_OK; i++)
        s = ref_gguf_take_tensor(r, i);
    return s == REF_GGUF_OK ? check_data(r) : s;
}

enum ref_gguf_status ref_gguf_read(const uint8_t *buf, uint64_t size, struct ref_gguf_kv *kv,
                                   uint64_t cap_kv, struct ref_gguf_tensor *tensor,
                                   uint64_t cap_tensor, struct ref_gguf_file *ret, struct err *why)
{
    return ref_gguf_read_mode(REF_GGUF_STRICT, buf, size, kv, cap_kv, tensor, cap_tensor, ret, why);
}

enum ref_gguf_status ref_gguf_read_mode(enum ref_gguf_mode mode, const uint8_t *buf, uint64_t size,
                                        struct ref_gguf_kv *kv, uint64_t cap_kv,
                                        struct ref_gguf_tensor *tensor, uint64_t cap_tensor,
                                        struct ref_gguf_file *ret, struct err *why)
{
    struct ref_gguf_file f = {.buf = buf, .size = size, .alignment = REF_GGUF_ALIGNMENT};
    struct ref_gguf_reader r = {.buf = buf, .size = size, .mode = mode, .file = &f, .why = why};
    struct ref_gguf_head head = {0};
    enum ref_gguf_status s = ref_gguf_take_head(&r, &head, true);
    if (s != REF_GGUF_OK)
        return s;
    if (head.n_kv > cap_kv || head.n_tensors > cap_tensor)
        return fault(why, REF_GGUF_E_CAP, "%llu KVs and %llu tensors", (llu)head.n_kv,
                     (llu)head.n_tensors);
    f.version = head.version;
    f.swapped = head.swapped;
    f.n_kv = head.n_kv;
    f.n_tensors = head.n_tensors;
    f.kv = kv;
    f.tensor = tensor;
    for (uint64_t i = 0; i < f.n_kv; i++)
        kv[i] = (struct ref_gguf_kv){.n = 0};
    for (uint64_t i = 0; i < f.n_tensors; i++)
        tensor[i] = (struct ref_gguf_tensor){.type = 0};
    s = walk(&r);
    if (s == REF_GGUF_OK)
        *ret = f;
    return s;
}

/* ---- what it says; no span of a file that was read can leave it ---- */

const struct ref_gguf_kv *ref_gguf_find(const struct ref_gguf_file *f, const char *key)
{
    const size_t len = strlen(key);
    const uint64_t i = f->n_kv > 0 ? find_kv(f, hash(key, len) % f->n_kv, key, len) : 0;
    return i > 0 ? &f->kv[i - 1] : NULL;
}

const struct ref_gguf_tensor *ref_gguf_find_tensor_named(const struct ref_gguf_file *f,
                                                         const void *name, uint64_t len)
{
    const uint64_t i =
        f->n_tensors > 0 ? find_tensor(f, hash(name, len) % f->n_tensors, name, len) : 0;
    return i > 0 ? &f->tensor[i - 1] : NULL;
}

const struct ref_gguf_tensor *ref_gguf_find_tensor(const struct ref_gguf_file *f, const char *name)
{
    return ref_gguf_find_tensor_named(f, name, strlen(name));
}

const uint8_t *ref_gguf_data(const struct ref_gguf_file *f, const struct ref_gguf_tensor *t)
{
    return f->buf + f->data_off + t->offset;
}

#include "reference/gguf/gguf_write.h"

#include <assert.h>
#include <string.h>

#include "base/bytes.h"
#include "base/checked.h"

/* Where the next byte goes. Without `out` it only counts, so that size and file cannot differ. */
struct writer {
    uint8_t *out;
    uint64_t pos;
};

static struct ref_gguf_span put(struct writer *w, const void *bytes, uint64_t len)
{
    const struct ref_gguf_span span = {.off = w->pos, .len = len};
    if (w->out != NULL && len > 0)
        memcpy(w->out + w->pos, bytes, len);
    w->pos += len;
    return span;
}

static void put_zeros(struct writer *w, uint64_t len)
{
    if (w->out != NULL)
        memset(w->out + w->pos, 0, len);
    w->pos += len;
}

static void put_u32(struct writer *w, uint32_t v)
{
    uint8_t bytes[4];
    wr_u32le(bytes, v);
    put(w, bytes, sizeof bytes);
}

static void put_u64(struct writer *w, uint64_t v)
{
    uint8_t bytes[8];
    wr_u64le(bytes, v);
    put(w, bytes, sizeof bytes);
}

static struct ref_gguf_span put_text(struct writer *w, struct ref_gguf_text text)
{
    put_u64(w, text.len);
    return put(w, text.bytes, text.len);
}

static uint64_t pad(uint64_t n, uint32_t alignment)
{
    return (n + alignment - 1) / alignment * alignment;
}

/* ---- KVs ---- */

static struct ref_gguf_span put_value(struct writer *w, const struct ref_gguf_kv_model *m);

static struct ref_gguf_span put_arrays(struct writer *w, uint64_t n,
                                       const struct ref_gguf_kv_model *array)
{
    const uint64_t begin = w->pos;
    for (uint64_t i = 0; i < n; i++)
        put_value(w, &array[i]);
    return (struct ref_gguf_span){.off = begin, .len = w->pos - begin};
}

static struct ref_gguf_span put_elements(struct writer *w, uint32_t type, uint64_t n,
                                         const void *data)
{
    if (type == REF_GGUF_ARRAY)
        return put_arrays(w, n, data);
    if (type != REF_GGUF_STRING)
        return put(w, data, n * ref_gguf_value_bytes(type));
    const struct ref_gguf_text *text = data;
    const uint64_t begin = w->pos;
    for (uint64_t i = 0; i < n; i++)
        put_text(w, text[i]);
    return (struct ref_gguf_span){.off = begin, .len = w->pos - begin};
}

static struct ref_gguf_span put_value(struct writer *w, const struct ref_gguf_kv_model *m)
{
    if (m->type == REF_GGUF_ARRAY) {
        put_u32(w, m->elem);
        put_u64(w, m->n);
        return put_elements(w, m->elem, m->n, m->data);
    }
    if (m->type == REF_GGUF_STRING)
        return put_text(w, *(const struct ref_gguf_text *)m->data);
    return put_elements(w, m->type, 1, m->data);
}

static struct ref_gguf_kv put_kv(struct writer *w, const struct ref_gguf_kv_model *m)
{
    const bool array = m->type == REF_GGUF_ARRAY;
    struct ref_gguf_kv kv = {
        .type = m->type, .elem = array ? m->elem : m->type, .n = array ? m->n : 1};
    kv.key = put_text(w, m->key);
    put_u32(w, m->type);
    kv.val = put_value(w, m);
    return kv;
}

/* ---- tensors ---- */

static struct ref_gguf_tensor describe(const struct ref_gguf_tensor_model *m)
{
    const struct ref_gguf_tensor_type *type = ref_gguf_tensor_type(m->type);
    struct ref_gguf_tensor t = {.n_dims = m->n_dims, .type = m->type, .nbytes = type->bytes};
    for (uint32_t d = 0; d < REF_GGUF_MAX_DIMS; d++) {
        t.ne[d] = d < m->n_dims ? m->ne[d] : 1;
        t.nbytes *= d == 0 ? t.ne[0] / type->block : t.ne[d];
    }
    return t;
}

static struct ref_gguf_tensor put_info(struct writer *w, const struct ref_gguf_tensor_model *m,
                                       uint64_t offset)
{
    struct ref_gguf_tensor t = describe(m);
    t.offset = offset;
    t.name = put_text(w, m->name);
    put_u32(w, m->n_dims);
    for (uint32_t d = 0; d < m->n_dims; d++)
        put_u64(w, m->ne[d]);
    put_u32(w, m->type);
    put_u64(w, offset);
    return t;
}

static void put_data(struct writer *w, const struct ref_gguf_model *m, uint32_t alignment)
{
    put_zeros(w, pad(w->pos, alignment) - w->pos);
    const uint64_t begin = w->pos;
    for (uint64_t i = 0; i < m->n_tensors; i++) {
        const uint64_t nbytes = describe(&m->tensor[i]).nbytes;
        if (m->tensor[i].data != NULL)
            put(w, m->tensor[i].data, nbytes);
        else
            put_zeros(w, nbytes);
        if (i + 1 < m->n_tensors || !m->unpadded_end)
            put_zeros(w, pad(w->pos - begin, alignment) - (w->pos - begin));
    }
}

/* ---- the file ---- */

/* Puts the whole of it; tells `file` (may be NULL) on the way. */
static void put_file(struct writer *w, const struct ref_gguf_model *m, struct ref_gguf_file *file)
{
    const uint32_t alignment = m->alignment > 0 ? m->alignment : REF_GGUF_ALIGNMENT;
    put(w, "GGUF", 4);
    put_u32(w, m->version);
    put_u64(w, m->n_tensors);
    put_u64(w, m->n_kv);
    for (uint64_t i = 0; i < m->n_kv; i++) {
        const struct ref_gguf_kv kv = put_kv(w, &m->kv[i]);
        if (file != NULL && file->kv != NULL)
            file->kv[i] = kv;
    }
    uint64_t offset = 0;
    for (uint64_t i = 0; i < m->n_tensors; i++) {
        const struct ref_gguf_tensor t = put_info(w, &m->tensor[i], offset);
        offset += pad(t.nbytes, alignment);
        if (file != NULL && file->tensor != NULL)
            file->tensor[i] = t;
    }
    if (file != NULL) {
        file->alignment = alignment;
        file->data_off = m->n_tensors > 0 ? pad(w->pos, alignment) : w->pos;
    }
    if (m->n_tensors > 0)
        put_data(w, m, alignment);
}

static bool has_layout(const struct ref_gguf_tensor_model *m)
{
    const struct ref_gguf_tensor_type *type = ref_gguf_tensor_type(m->type);
    if (type == NULL || m->n_dims > REF_GGUF_MAX_DIMS)
        return false;
    const uint64_t row = m->n_dims > 0 ? m->ne[0] : 1;
    uint64_t bytes;
    if (row % type->block != 0 || ckd_mul(&bytes, row / type->block, type->bytes))
        return false;
    for (uint32_t d = 1; d < m->n_dims; d++)
        if (ckd_mul(&bytes, bytes, m->ne[d]))
            return false;
    return bytes <= INT64_MAX;
}

static bool can_write_kv(const struct ref_gguf_kv_model *kv, int depth)
{
    if (kv->type != REF_GGUF_ARRAY)
        return kv->type == REF_GGUF_STRING || ref_gguf_value_bytes(kv->type) > 0;
    if (kv->elem != REF_GGUF_ARRAY)
        return kv->elem == REF_GGUF_STRING || ref_gguf_value_bytes(kv->elem) > 0;
    if (depth + 1 >= REF_GGUF_MAX_DEPTH)
        return false;
    const struct ref_gguf_kv_model *inner = kv->data;
    for (uint64_t i = 0; i < kv->n; i++)
        if (inner[i].type != REF_GGUF_ARRAY || !can_write_kv(&inner[i], depth + 1))
            return false;
    return true;
}

static enum ref_gguf_status can_write(const struct ref_gguf_model *m)
{
    for (uint64_t i = 0; i < m->n_kv; i++)
        if (!can_write_kv(&m->kv[i], 0))
            return REF_GGUF_E_TYPE;
    for (uint64_t i = 0; i < m->n_tensors; i++)
        if (!has_layout(&m->tensor[i]))
            return REF_GGUF_E_SHAPE;
    return REF_GGUF_OK;
}

uint64_t ref_gguf_size(const struct ref_gguf_model *m)
{
    struct writer counts = {.out = NULL};
    if (can_write(m) != REF_GGUF_OK)
        return 0;
    put_file(&counts, m, NULL);
    return counts.pos;
}

enum ref_gguf_status ref_gguf_write(const struct ref_gguf_model *m, uint8_t *out, uint64_t cap,
                                    struct ref_gguf_file *ret)
{
    const enum ref_gguf_status s = can_write(m);
    if (s != REF_GGUF_OK)
        return s;
    const uint64_t size = ref_gguf_size(m);
    if (size > cap)
        return REF_GGUF_E_CAP;
    struct writer w = {.out = out};
    put_file(&w, m, ret);
    assert(w.pos == size);
    ret->buf = out;
    ret->size = size;
    ret->version = m->version;
    ret->n_kv = m->n_kv;
    ret->n_tensors = m->n_tensors;
    return REF_GGUF_OK;
}

#include "check_model.h"

#include <assert.h>
#include <string.h>

#include "base/bytes.h"

uint32_t below(struct check *k, uint32_t n)
{
    return (uint32_t)((uint64_t)lab_u32(check_rng(k)) * n >> 32);
}

struct ref_gguf_text text_of(const char *text)
{
    return (struct ref_gguf_text){text, strlen(text)};
}

struct ref_gguf_text random_text(struct check *k, uint32_t min, uint32_t max)
{
    const uint32_t len = min + below(k, max - min + 1);
    char *text = check_alloc(k, len + 1);
    for (uint32_t i = 0; i < len; i++)
        text[i] = (char)('a' + below(k, 26));
    return (struct ref_gguf_text){text, len};
}

void *random_bytes(struct check *k, uint64_t size)
{
    uint8_t *bytes = check_alloc(k, size + 8);
    for (uint64_t i = 0; i < size; i += 8)
        wr_u64le(bytes + i, lab_rng_next(check_rng(k)));
    return bytes;
}

/* ---- the file ---- */

struct subject subject_new(struct check *k, uint64_t cap_kv, uint64_t cap_tensor)
{
    struct subject s = {.model = {.version = 3}, .cap_kv = cap_kv, .cap_tensor = cap_tensor};
    s.kv = check_alloc(k, (cap_kv + 1) * sizeof *s.kv);
    s.tensor = check_alloc(k, (cap_tensor + 1) * sizeof *s.tensor);
    return s;
}

void subject_write(struct check *k, struct subject *s)
{
    s->model.kv = s->kv;
    s->model.tensor = s->tensor;
    const uint64_t size = ref_gguf_size(&s->model);
    s->bytes = check_alloc(k, size + SUBJECT_SPARE);
    s->truth.kv = check_alloc(k, (s->model.n_kv + 1) * sizeof *s->truth.kv);
    s->truth.tensor = check_alloc(k, (s->model.n_tensors + 1) * sizeof *s->truth.tensor);
    const enum ref_gguf_status rc = ref_gguf_write(&s->model, s->bytes, size, &s->truth);
    assert(rc == REF_GGUF_OK);
    (void)rc;
    s->size = size;
}

/* ---- KVs ---- */

static struct ref_gguf_kv_model *next_kv(struct check *k, struct subject *s)
{
    assert(s->model.n_kv < s->cap_kv);
    struct ref_gguf_kv_model *kv = &s->kv[s->model.n_kv++];
    const struct ref_gguf_text word = random_text(k, 0, 20);
    kv->key = text_of(
        check_printf(k, "%.*s.%llu", (int)word.len, word.bytes, (unsigned long long)s->model.n_kv));
    return kv;
}

static const void *random_elements(struct check *k, uint32_t type, uint64_t n)
{
    if (type == REF_GGUF_STRING) {
        struct ref_gguf_text *texts = check_alloc(k, (n + 1) * sizeof *texts);
        for (uint64_t i = 0; i < n; i++)
            texts[i] = random_text(k, 0, 12);
        return texts;
    }
    uint8_t *bytes = random_bytes(k, n * ref_gguf_value_bytes(type));
    for (uint64_t i = 0; type == REF_GGUF_BOOL && i < n; i++)
        bytes[i] &= 1;
    return bytes;
}

struct ref_gguf_kv_model *add_kv(struct check *k, struct subject *s, uint32_t type)
{
    if (type == REF_GGUF_ARRAY)
        return add_array(k, s, REF_GGUF_I32, 1 + below(k, 9));
    struct ref_gguf_kv_model *kv = next_kv(k, s);
    kv->type = type;
    kv->data = random_elements(k, type, 1);
    return kv;
}

struct ref_gguf_kv_model *add_array(struct check *k, struct subject *s, uint32_t elem, uint64_t n)
{
    struct ref_gguf_kv_model *kv = next_kv(k, s);
    kv->type = REF_GGUF_ARRAY;
    kv->elem = elem;
    kv->n = n;
    kv->data = random_elements(k, elem, n);
    return kv;
}

struct ref_gguf_kv_model *add_string(struct check *k, struct subject *s, const char *key,
                                     struct ref_gguf_text value)
{
    struct ref_gguf_kv_model *kv = next_kv(k, s);
    struct ref_gguf_text *text = check_alloc(k, sizeof *text);
    *text = value;
    kv->key = text_of(key);
    kv->type = REF_GGUF_STRING;
    kv->data = text;
    return kv;
}

void add_any_kvs(struct check *k, struct subject *s, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++) {
        const uint32_t type = below(k, REF_GGUF_VALUE_TYPES);
        uint32_t elem = below(k, REF_GGUF_VALUE_TYPES - 1);
        elem += elem >= REF_GGUF_ARRAY; /* all but the array */
        if (type == REF_GGUF_ARRAY)
            add_array(k, s, elem, below(k, 20));
        else
            add_kv(k, s, type);
    }
}

void add_alignment(struct check *k, struct subject *s, uint32_t alignment)
{
    struct ref_gguf_kv_model *kv = next_kv(k, s);
    uint8_t *value = check_alloc(k, 4);
    wr_u32le(value, alignment);
    kv->key = text_of("general.alignment");
    kv->type = REF_GGUF_U32;
    kv->data = value;
    s->model.alignment = alignment;
}

/* ---- tensors ---- */

struct ref_gguf_tensor_model *add_tensor(struct check *k, struct subject *s, uint32_t type,
                                         uint32_t n_dims)
{
    static const uint32_t most[REF_GGUF_MAX_DIMS] = {3, 5, 3, 2};
    assert(s->model.n_tensors < s->cap_tensor);
    const struct ref_gguf_tensor_type *t = ref_gguf_tensor_type(type);
    struct ref_gguf_tensor_model *m = &s->tensor[s->model.n_tensors++];
    uint64_t blocks = 1;
    m->type = type;
    m->n_dims = n_dims;
    for (uint32_t d = 0; d < n_dims; d++) {
        m->ne[d] = 1 + below(k, most[d] * (t->block == 1 && d == 0 ? 20 : 1));
        blocks *= m->ne[d];
    }
    m->ne[0] *= t->block;
    m->data = random_bytes(k, blocks * t->bytes);
    const struct ref_gguf_text word = random_text(k, 1, 30);
    m->name = text_of(check_printf(k, "blk.%llu.%.*s", (unsigned long long)s->model.n_tensors,
                                   (int)word.len, word.bytes));
    return m;
}

void add_any_tensors(struct check *k, struct subject *s, uint32_t n)
{
    size_t types = 0;
    while (ref_gguf_tensor_type_at(types) != NULL)
        types++;
    for (uint32_t i = 0; i < n; i++) {
        const uint32_t type = ref_gguf_tensor_type_at(below(k, (uint32_t)types))->id;
        add_tensor(k, s, type, 1 + below(k, REF_GGUF_MAX_DIMS));
    }
}

/* ---- fewer of them ---- */

void drop_kvs(struct subject *s, uint64_t n)
{
    assert(n <= s->model.n_kv);
    s->model.n_kv -= n;
    memmove(s->kv, s->kv + n, s->model.n_kv * sizeof *s->kv);
}

void drop_tensors(struct subject *s, uint64_t n)
{
    assert(n <= s->model.n_tensors);
    s->model.n_tensors -= n;
    memmove(s->tensor, s->tensor + n, s->model.n_tensors * sizeof *s->tensor);
}

/* Any bytes: the reader neither leaves them nor says something that is not so. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "reference/gguf/gguf.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static void within(uint64_t off, uint64_t len, uint64_t size)
{
    assert(off <= size && len <= size - off);
}

static void try_kv(const struct ref_gguf_file *f, const struct ref_gguf_kv *kv)
{
    uint64_t number, strings = 0;
    double real;
    struct ref_gguf_span s;
    within(kv->key.off, kv->key.len, f->size);
    within(kv->val.off, kv->val.len, f->size);
    if (ref_gguf_u64(f, kv, &number) == REF_GGUF_OK)
        assert(kv->n == 1);
    if (ref_gguf_f64(f, kv, &real) == REF_GGUF_OK)
        assert(kv->n == 1);
    struct ref_gguf_strings it = ref_gguf_strings(f, kv);
    for (; ref_gguf_strings_next(&it, &s); strings++)
        within(s.off, s.len, f->size);
    if (strings > 0) {
        struct ref_gguf_span last;
        assert(ref_gguf_str(f, kv, strings - 1, &last) == REF_GGUF_OK);
        assert(last.off == s.off && last.len == s.len);
        assert(ref_gguf_str(f, kv, strings, &last) == REF_GGUF_E_VALUE);
    }
    if (memchr(f->buf + kv->key.off, 0, kv->key.len) == NULL) {
        char *key = strndup((const char *)f->buf + kv->key.off, kv->key.len);
        assert(key == NULL || ref_gguf_find(f, key) == kv);
        free(key);
    }
}

static void try_tensor(const struct ref_gguf_file *f, const struct ref_gguf_tensor *t)
{
    within(t->name.off, t->name.len, f->size);
    within(f->data_off + t->offset, t->nbytes, f->size);
    assert(t->offset % f->alignment == 0 && f->data_off % f->alignment == 0);
    assert(ref_gguf_tensor_type(t->type) != NULL);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    struct ref_gguf_head head;
    struct ref_gguf_file f;
    struct err why;
    if (ref_gguf_head(bytes, size, &head, &why) != REF_GGUF_OK)
        return 0;
    struct ref_gguf_kv *kv = malloc(head.n_kv * sizeof *kv + 1);
    struct ref_gguf_tensor *tensor = malloc(head.n_tensors * sizeof *tensor + 1);
    assert(kv != NULL && tensor != NULL);
    if (ref_gguf_read(bytes, size, kv, head.n_kv, tensor, head.n_tensors, &f, &why) ==
        REF_GGUF_OK) {
        for (uint64_t i = 0; i < f.n_kv; i++)
            try_kv(&f, &f.kv[i]);
        for (uint64_t i = 0; i < f.n_tensors; i++)
            try_tensor(&f, &f.tensor[i]);
    }
    free(kv);
    free(tensor);
    return 0;
}

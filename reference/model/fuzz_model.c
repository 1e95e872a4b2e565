/* Any bytes as a model, and more of them as an adapter for it: what opens can be run, a token after
 * a prompt as well as the prompt, and its vocabulary can tokenise. The first two bytes are the
 * length of the model's file, little-endian; the adapter's follows it. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "reference/model/adapter.h"
#include "reference/model/forward.h"
#include "reference/model/gguf_vocab.h"
#include "reference/token/tokenize.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

enum { CELLS = 4, TEXT = 48 };

static void *get(size_t bytes)
{
    void *p = aligned_alloc(64, (bytes + 64) / 64 * 64); /* never of no bytes */
    assert(p != NULL);
    return p;
}

/* At an aligned address, as a file map is. */
struct opened {
    uint8_t *bytes;
    struct ref_gguf_file file;
};

static bool open_file(const uint8_t *bytes, size_t size, struct opened *ret)
{
    struct ref_gguf_head head;
    if (ref_gguf_head_mode(REF_GGUF_SPEC, bytes, size, &head, NULL) != REF_GGUF_OK)
        return false;
    ret->bytes = get(size);
    memcpy(ret->bytes, bytes, size);
    struct ref_gguf_kv *kv = get(head.n_kv * sizeof *kv);
    struct ref_gguf_tensor *tensor = get(head.n_tensors * sizeof *tensor);
    if (ref_gguf_read_mode(REF_GGUF_SPEC, ret->bytes, size, kv, head.n_kv, tensor, head.n_tensors,
                           &ret->file, NULL) == REF_GGUF_OK)
        return true;
    free(ret->bytes);
    free(kv);
    free(tensor);
    return false;
}

static void close_file(struct opened *o)
{
    free(o->bytes);
    free(o->file.kv);
    free(o->file.tensor);
}

/* ---- the vocabulary ---- */

static void try_text(const struct ref_vocab *v, const uint8_t *text, size_t n)
{
    const size_t bytes = ref_tokenize_scratch(v, n);
    int32_t ids[4 * TEXT];
    size_t count;
    void *scratch = get(bytes);
    if (ref_tokenize(v, (const char *)text, n, 3, scratch, bytes, ids, 4 * TEXT, &count, NULL) ==
        OK)
        for (size_t i = 0; i < count && i < 4 * TEXT; i++)
            assert(ids[i] >= 0 && (uint32_t)ids[i] < v->def->n_pieces);
    free(scratch);
}

static void try_vocab(const struct ref_gguf_file *file)
{
    struct ref_vocab_def def;
    struct ref_vocab v;
    uint32_t n_pieces, n_merges;
    size_t bytes;
    if (ref_gguf_vocab_sizes(file, &n_pieces, &n_merges, NULL) != OK)
        return;
    struct ref_piece *pieces = get(n_pieces * sizeof *pieces);
    struct ref_merge *merges = get(n_merges * sizeof *merges);
    if (ref_gguf_vocab(file, pieces, merges, &def, NULL) == OK &&
        ref_vocab_bytes(&def, &bytes, NULL) == OK) {
        void *mem = get(bytes);
        if (ref_vocab_init(&v, &def, mem, bytes, NULL) == OK)
            try_text(&v, file->buf + file->size - (file->size < TEXT ? file->size : TEXT),
                     file->size < TEXT ? file->size : TEXT);
        free(mem);
    }
    free(pieces);
    free(merges);
}

/* ---- the model ---- */

static void run(const struct ref_model *m)
{
    static const struct ref_kv_token where[] = {{0, 1}, {1, 1}, {2, 1}};
    const int32_t ids[] = {0, (int32_t)(m->vocab - 1), (int32_t)(m->vocab / 2)};
    const size_t prompt = m->context < 2 ? 1 : 2;
    const bool blocks = m->head % 32 == 0;
    const uint32_t type_v = blocks ? REF_Q8_0 : REF_F32;
    struct ref_kv_cell cells[CELLS];
    struct ref_cache cache;
    size_t k_bytes, v_bytes;
    enum err_code rc = ref_cache_bytes(m, REF_F16, CELLS, &k_bytes, NULL);
    assert(rc == OK && ref_cache_bytes(m, type_v, CELLS, &v_bytes, NULL) == OK);
    void *k = get(k_bytes), *v = get(v_bytes);
    rc = ref_cache_init(&cache, m, REF_F16, type_v, cells, CELLS, k, v, NULL);
    assert(rc == OK);
    const size_t bytes = ref_forward_scratch(m, &cache, prompt);
    void *scratch = get(bytes);
    float *logits = get(m->vocab * sizeof *logits);
    const struct ref_quant_kernels *kernels = ref_quant_kernels_for(REF_ISA_SCALAR);
    const struct ref_batch first = {prompt, ids, where, NULL}, next = {1, ids + 2, where + 2, NULL};
    rc = ref_forward(m, kernels, &cache, &first, scratch, bytes, logits, NULL, NULL);
    assert(rc == OK);
    rc = ref_forward(m, kernels, &cache, &next, scratch, bytes, logits, NULL, NULL);
    assert(rc == (m->context > 2 ? OK : ERR_RANGE));
    free(logits);
    free(scratch);
    free(k);
    free(v);
}

static void try_adapter(const struct ref_gguf_file *file, struct ref_model m)
{
    struct ref_adapter_layer *layer = get((size_t)m.layers * sizeof *layer);
    struct ref_adapter adapter;
    if (ref_adapter_open(file, &m, 0.5f, layer, &adapter, NULL) == OK) {
        m.adapter = &adapter;
        m.n_adapters = 1;
        run(&m);
    }
    free(layer);
}

static void try_model(const struct ref_gguf_file *file, const uint8_t *rest, size_t n)
{
    struct ref_model m;
    struct opened adapter;
    int layers;
    if (ref_model_layers(file, &layers, NULL) != OK)
        return;
    struct ref_layer *layer = get((size_t)layers * sizeof *layer);
    if (ref_model_open(file, layer, &m, NULL) == OK) {
        run(&m);
        if (open_file(rest, n, &adapter)) {
            try_adapter(&adapter.file, m);
            close_file(&adapter);
        }
    }
    free(layer);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    struct opened model;
    if (size < 2)
        return 0;
    const size_t left = size - 2, asked = rd_u16le(bytes), first = asked < left ? asked : left;
    if (!open_file(bytes + 2, first, &model))
        return 0;
    try_vocab(&model.file);
    try_model(&model.file, bytes + 2 + first, left - first);
    close_file(&model);
    return 0;
}

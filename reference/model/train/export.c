#include "reference/model/train/export.h"

#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/file.h"
#include "reference/gguf/gguf_write.h"
#include "reference/quant/quant.h"

enum { ARENA_BYTES = 256 << 20, KV_MAX = 32, TENSORS_MAX = 2 + 9 * NET_LAYERS_MAX };

/* A file that is being put together; everything is the arena's. */
struct draft {
    struct arena *a;
    struct ref_gguf_kv_model kv[KV_MAX];
    struct ref_gguf_tensor_model tensor[TENSORS_MAX];
    size_t n_kv, n_tensors;
};

static struct ref_gguf_text text_of(const char *s)
{
    return (struct ref_gguf_text){s, strlen(s)};
}

static void *keep(struct draft *d, const void *bytes, size_t size)
{
    void *copy = arena_alloc(d->a, size);
    if (copy != NULL)
        memcpy(copy, bytes, size);
    return copy;
}

static void add(struct draft *d, const char *key, uint32_t type, const void *value, size_t size)
{
    d->kv[d->n_kv++] =
        (struct ref_gguf_kv_model){.key = text_of(key), .type = type, .data = keep(d, value, size)};
}

static void add_u32(struct draft *d, const char *key, uint32_t value)
{
    add(d, key, REF_GGUF_U32, &value, sizeof value);
}

static void add_f32(struct draft *d, const char *key, float value)
{
    add(d, key, REF_GGUF_F32, &value, sizeof value);
}

static void add_text(struct draft *d, const char *key, const char *value)
{
    const struct ref_gguf_text text = text_of(value);
    add(d, key, REF_GGUF_STRING, &text, sizeof text);
}

static void add_array(struct draft *d, const char *key, uint32_t elem, const void *data, uint64_t n)
{
    d->kv[d->n_kv++] = (struct ref_gguf_kv_model){
        .key = text_of(key), .type = REF_GGUF_ARRAY, .elem = elem, .n = n, .data = data};
}

/* ---- the tokenizer ---- */

/* Bytes that GPT-2 writes as themselves; the others follow from U+0100 on (bytes_to_unicode in
 * openai/gpt-2's src/encoder.py). */
static bool is_plain(unsigned byte)
{
    return (byte >= 0x21 && byte <= 0x7e) || (byte >= 0xa1 && byte <= 0xac) || byte >= 0xae;
}

static unsigned code_point_of(unsigned byte)
{
    unsigned others = 0;
    if (is_plain(byte))
        return byte;
    for (unsigned b = 0; b < byte; b++)
        others += !is_plain(b);
    return 0x100 + others;
}

static char *put_byte(char *at, unsigned byte)
{
    const unsigned c = code_point_of(byte);
    if (c < 0x80) {
        *at++ = (char)c;
    } else { /* below U+0800: two bytes */
        *at++ = (char)(0xc0 | c >> 6);
        *at++ = (char)(0x80 | (c & 0x3f));
    }
    return at;
}

static char *name_of(const struct bpe *b, uint32_t id, struct arena *a)
{
    char text[2 * BPE_WORD_MAX + 1], *end = text;
    if (id == BPE_END)
        return arena_strdup(a, "<|endoftext|>");
    const size_t length = id == BPE_BYTE ? 1 : strlen(b->text[id]);
    for (size_t i = 0; i < length; i++)
        end = put_byte(end, (unsigned char)b->text[id][i]);
    return arena_strndup(a, text, (size_t)(end - text));
}

static enum err_code add_tokenizer(struct draft *d, const struct bpe *b, struct err *why)
{
    enum { NORMAL = 1, CONTROL = 3 };
    const uint32_t n = BPE_MERGED + b->n_merges;
    struct ref_gguf_text *names = arena_array(d->a, n, sizeof *names);
    struct ref_gguf_text *merges = arena_array(d->a, b->n_merges, sizeof *merges);
    int32_t *types = arena_array(d->a, n, sizeof *types);
    if (names == NULL || merges == NULL || types == NULL)
        return err_set(why, ERR_NOMEM, "no memory for %u tokens", n);
    for (uint32_t i = 0; i < n; i++) {
        names[i] = text_of(name_of(b, i, d->a));
        types[i] = i == BPE_END ? CONTROL : NORMAL;
    }
    for (uint32_t i = 0; i < b->n_merges; i++)
        merges[i] = text_of(arena_printf(d->a, "%s %s", names[b->merges[i].left].bytes,
                                         names[b->merges[i].right].bytes));
    add_text(d, "tokenizer.ggml.model", "gpt2");
    add_text(d, "tokenizer.ggml.pre", "gpt-2");
    add_array(d, "tokenizer.ggml.tokens", REF_GGUF_STRING, names, n);
    add_array(d, "tokenizer.ggml.token_type", REF_GGUF_I32, types, n);
    add_array(d, "tokenizer.ggml.merges", REF_GGUF_STRING, merges, b->n_merges);
    add_u32(d, "tokenizer.ggml.bos_token_id", BPE_END);
    add_u32(d, "tokenizer.ggml.eos_token_id", BPE_END);
    add(d, "tokenizer.ggml.add_bos_token", REF_GGUF_BOOL, &(uint8_t){1}, 1);
    return OK;
}

/* ---- the model ---- */

/* llama.cpp's number for "mostly this type" (enum llama_ftype in its include/llama.h). */
static uint32_t file_type(uint32_t type)
{
    switch (type) {
    case REF_F32:
        return 0;
    case REF_F16:
        return 1;
    case REF_Q4_0:
        return 2;
    case REF_Q8_0:
        return 7;
    case REF_Q4_K:
        return 15; /* of the mixtures, the medium one */
    default:
        return 1024; /* "guessed" */
    }
}

static void add_shape(struct draft *d, const struct net *net, uint32_t type)
{
    const struct net_shape *s = &net->shape;
    add_text(d, "general.architecture", "llama");
    add_text(d, "general.name", "graded stories");
    add_text(d, "general.description", "short stories by a grammar, for lessons and tests");
    add_u32(d, "general.file_type", file_type(type));
    add_u32(d, "general.quantization_version", 2);
    add_u32(d, "llama.vocab_size", (uint32_t)s->vocab);
    add_u32(d, "llama.context_length", (uint32_t)s->context);
    add_u32(d, "llama.embedding_length", (uint32_t)s->dim);
    add_u32(d, "llama.block_count", (uint32_t)s->layers);
    add_u32(d, "llama.feed_forward_length", (uint32_t)s->ff);
    add_u32(d, "llama.attention.head_count", (uint32_t)s->heads);
    add_u32(d, "llama.attention.head_count_kv", (uint32_t)s->kv_heads);
    add_u32(d, "llama.rope.dimension_count", (uint32_t)(s->dim / s->heads));
    add_f32(d, "llama.rope.freq_base", s->rope_base);
    add_f32(d, "llama.attention.layer_norm_rms_epsilon", s->eps);
}

static enum err_code add_matrix(struct draft *d, const char *name, uint32_t type, const float *w,
                                int rows, int columns, struct err *why)
{
    size_t row_bytes;
    enum err_code rc = ref_quant_row_bytes(type, (uint64_t)columns, &row_bytes, why);
    if (rc != OK)
        return rc;
    void *data = arena_array(d->a, (size_t)rows, row_bytes);
    if (data == NULL)
        return err_set(why, ERR_NOMEM, "no memory for %s", name);
    d->tensor[d->n_tensors++] =
        (struct ref_gguf_tensor_model){.name = text_of(arena_strdup(d->a, name)),
                                       .n_dims = 2,
                                       .type = type,
                                       .ne = {(uint64_t)columns, (uint64_t)rows},
                                       .data = data};
    return ref_quant_quantize(type, w, (size_t)rows * (size_t)columns, data, why);
}

static void add_vector(struct draft *d, const char *name, const float *w, int n)
{
    d->tensor[d->n_tensors++] =
        (struct ref_gguf_tensor_model){.name = text_of(arena_strdup(d->a, name)),
                                       .n_dims = 1,
                                       .type = REF_F32,
                                       .ne = {(uint64_t)n},
                                       .data = w};
}

static enum err_code add_layer(struct draft *d, const struct net *net, const float *w, int l,
                               uint32_t type, struct err *why)
{
    const struct net_shape *s = &net->shape;
    const struct net_layer *y = &net->layer[l];
    const int kv = s->dim / s->heads * s->kv_heads;
    const struct {
        const char *name;
        size_t at;
        int rows, columns; /* rows 0: a vector */
    } parts[] = {
        {"attn_norm", y->norm1, 0, s->dim},     {"attn_q", y->wq, s->dim, s->dim},
        {"attn_k", y->wk, kv, s->dim},          {"attn_v", y->wv, kv, s->dim},
        {"attn_output", y->wo, s->dim, s->dim}, {"ffn_norm", y->norm2, 0, s->dim},
        {"ffn_gate", y->gate, s->ff, s->dim},   {"ffn_up", y->up, s->ff, s->dim},
        {"ffn_down", y->down, s->dim, s->ff},
    };
    enum err_code rc = OK;
    for (size_t i = 0; i < sizeof parts / sizeof parts[0] && rc == OK; i++) {
        const char *name = arena_printf(d->a, "blk.%d.%s.weight", l, parts[i].name);
        if (parts[i].rows == 0)
            add_vector(d, name, w + parts[i].at, parts[i].columns);
        else
            rc = add_matrix(d, name, type, w + parts[i].at, parts[i].rows, parts[i].columns, why);
    }
    return rc;
}

static enum err_code write_file(const struct draft *d, const char *path, struct err *why)
{
    const struct ref_gguf_model model = {
        .version = 3, .kv = d->kv, .n_kv = d->n_kv, .tensor = d->tensor, .n_tensors = d->n_tensors};
    struct ref_gguf_file file = {0};
    const uint64_t size = ref_gguf_size(&model);
    uint8_t *out = arena_alloc(d->a, size);
    if (size == 0 || out == NULL)
        return err_set(why, ERR_NOMEM, "no memory for a file of %llu bytes",
                       (unsigned long long)size);
    const enum ref_gguf_status status = ref_gguf_write(&model, out, size, &file);
    if (status != REF_GGUF_OK)
        return err_set(why, ERR_INTERNAL, "%s: %s", path, ref_gguf_status_text(status));
    return file_replace(AT_FDCWD, path, out, size, why);
}

enum err_code export_gguf(const struct net *net, const struct bpe *bpe, const float *w,
                          uint32_t type, const char *path, struct err *why)
{
    struct arena a;
    arena_init(&a, ARENA_BYTES);
    struct draft d = {.a = &a};
    add_shape(&d, net, type);
    enum err_code rc = add_tokenizer(&d, bpe, why);
    if (rc == OK)
        rc = add_matrix(&d, "token_embd.weight", type, w + net->embed, net->shape.vocab,
                        net->shape.dim, why);
    for (int l = 0; l < net->shape.layers && rc == OK; l++)
        rc = add_layer(&d, net, w, l, type, why);
    add_vector(&d, "output_norm.weight", w + net->norm, net->shape.dim);
    if (rc == OK)
        rc = write_file(&d, path, why);
    arena_done(&a);
    return rc;
}

#include "reference/model/made_model.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "reference/quant/quant.h"

enum { MEMORY = 64 << 20 };

/* ---- keys ---- */

static void *add_key(struct made *m, const char *key, uint32_t type, size_t bytes)
{
    void *value = arena_alloc(&m->a, bytes);
    assert(value != NULL && m->n_kv < MADE_KEYS);
    m->kv[m->n_kv++] =
        (struct ref_gguf_kv_model){.key = {key, strlen(key)}, .type = type, .data = value};
    return value;
}

void made_text(struct made *m, const char *key, const char *text)
{
    struct ref_gguf_text *t = add_key(m, key, REF_GGUF_STRING, sizeof *t);
    *t = (struct ref_gguf_text){text, strlen(text)};
}

void made_count(struct made *m, const char *key, uint32_t value)
{
    *(uint32_t *)add_key(m, key, REF_GGUF_U32, sizeof value) = value;
}

void made_number(struct made *m, const char *key, float value)
{
    *(float *)add_key(m, key, REF_GGUF_F32, sizeof value) = value;
}

void made_texts(struct made *m, const char *key, const char *const *texts, size_t n)
{
    struct ref_gguf_text *all = add_key(m, key, REF_GGUF_ARRAY, n * sizeof *all);
    for (size_t i = 0; i < n; i++)
        all[i] = (struct ref_gguf_text){texts[i], strlen(texts[i])};
    m->kv[m->n_kv - 1].elem = REF_GGUF_STRING;
    m->kv[m->n_kv - 1].n = n;
}

/* ---- tensors ---- */

void made_tensor(struct made *m, const char *name, uint32_t type, const float *w, size_t in,
                 size_t out, size_t depth)
{
    const size_t n = in * (out > 0 ? out : 1) * depth;
    size_t bytes;
    enum err_code rc = ref_quant_row_bytes(type, n, &bytes, NULL);
    assert(rc == OK && m->n_tensors < MADE_TENSORS);
    void *data = arena_alloc(&m->a, bytes);
    rc = ref_quant_quantize(type, w, n, data, NULL);
    assert(rc == OK);
    name = arena_strdup(&m->a, name);
    m->tensor[m->n_tensors++] =
        (struct ref_gguf_tensor_model){.name = {name, strlen(name)},
                                       .n_dims = depth > 1 ? 3 : (out > 0 ? 2 : 1),
                                       .type = type,
                                       .ne = {in, out, depth},
                                       .data = data};
}

/* All experts of one part of a layer behind each other. */
static void add_part(struct made *m, const char *name, uint32_t type, const float *w, size_t in,
                     size_t out, size_t experts, bool grows)
{
    const size_t n = in * out, depth = experts > 0 ? experts : 1;
    float *all = arena_array(&m->a, n * depth, sizeof *all);
    assert(all != NULL);
    for (size_t e = 0; e < depth; e++)
        for (size_t i = 0; i < n; i++)
            all[e * n + i] = w[i] * (grows ? (float)(1 + e) : 1);
    made_tensor(m, name, type, all, in, out, depth);
}

static void add_layer(struct made *m, const float *w, int l, uint32_t type, size_t experts)
{
    const struct net_shape *s = &m->net.shape;
    const struct net_layer *y = &m->net.layer[l];
    const size_t dim = (size_t)s->dim, ff = (size_t)s->ff, kv = dim / s->heads * s->kv_heads;
    const char *kind = experts > 0 ? "_exps" : "";
    char name[64];
#define NAME(...) (snprintf(name, sizeof name, "blk.%d." __VA_ARGS__), name)
    made_tensor(m, NAME("attn_norm.weight", l), REF_F32, w + y->norm1, dim, 0, 1);
    made_tensor(m, NAME("attn_q.weight", l), type, w + y->wq, dim, dim, 1);
    made_tensor(m, NAME("attn_k.weight", l), type, w + y->wk, dim, kv, 1);
    made_tensor(m, NAME("attn_v.weight", l), type, w + y->wv, dim, kv, 1);
    made_tensor(m, NAME("attn_output.weight", l), type, w + y->wo, dim, dim, 1);
    made_tensor(m, NAME("ffn_norm.weight", l), REF_F32, w + y->norm2, dim, 0, 1);
    add_part(m, NAME("ffn_gate%s.weight", l, kind), type, w + y->gate, dim, ff, experts, false);
    add_part(m, NAME("ffn_up%s.weight", l, kind), type, w + y->up, dim, ff, experts, false);
    add_part(m, NAME("ffn_down%s.weight", l, kind), type, w + y->down, ff, dim, experts, true);
#undef NAME
}

void made_net(struct made *m, const float *w, uint32_t type, size_t experts)
{
    const size_t dim = (size_t)m->net.shape.dim;
    made_tensor(m, "token_embd.weight", type, w + m->net.embed, dim, (size_t)m->net.shape.vocab, 1);
    for (int l = 0; l < m->net.shape.layers; l++)
        add_layer(m, w, l, type, experts);
    made_tensor(m, "output_norm.weight", REF_F32, w + m->net.norm, dim, 0, 1);
}

/* ---- files ---- */

void made_empty(struct made *m, const struct net *net)
{
    *m = (struct made){.net = *net};
    arena_init(&m->a, MEMORY);
}

void made_begin(struct made *m, const struct net *net, const char *arch)
{
    const struct net_shape *s = &net->shape;
    const struct {
        const char *name;
        int value;
    } counts[] = {{"block_count", s->layers},         {"context_length", s->context},
                  {"embedding_length", s->dim},       {"feed_forward_length", s->ff},
                  {"attention.head_count", s->heads}, {"attention.head_count_kv", s->kv_heads}};
    made_empty(m, net);
    made_text(m, "general.architecture", arch);
    for (size_t i = 0; i < sizeof counts / sizeof counts[0]; i++)
        made_count(m, arena_printf(&m->a, "%s.%s", arch, counts[i].name),
                   (uint32_t)counts[i].value);
    made_number(m, arena_printf(&m->a, "%s.rope.freq_base", arch), s->rope_base);
    made_number(m, arena_printf(&m->a, "%s.attention.layer_norm_rms_epsilon", arch), s->eps);
}

void made_done(struct made *m)
{
    arena_done(&m->a);
}

void made_file(struct made *m)
{
    const struct ref_gguf_model model = {
        .version = 3, .kv = m->kv, .n_kv = m->n_kv, .tensor = m->tensor, .n_tensors = m->n_tensors};
    struct ref_gguf_file written = {0};
    const uint64_t size = ref_gguf_size(&model);
    uint8_t *bytes = arena_alloc(&m->a, size + 64);
    bytes += -(uintptr_t)bytes % 64;
    enum ref_gguf_status s = ref_gguf_write(&model, bytes, size, &written);
    assert(s == REF_GGUF_OK);
    struct ref_gguf_kv *kv = arena_array(&m->a, m->n_kv, sizeof *kv);
    struct ref_gguf_tensor *tensor = arena_array(&m->a, m->n_tensors, sizeof *tensor);
    s = ref_gguf_read(bytes, size, kv, m->n_kv, tensor, m->n_tensors, &m->file, NULL);
    assert(s == REF_GGUF_OK);
}

enum err_code made_model(struct made *m, struct err *why)
{
    made_file(m);
    return ref_model_open(&m->file, m->layer, &m->model, why);
}

void made_llama(struct made *m, const struct net *net, const float *w, uint32_t type)
{
    made_begin(m, net, "llama");
    made_net(m, w, type, 0);
    const enum err_code rc = made_model(m, NULL);
    assert(rc == OK);
}

float *made_weights(struct arena *a, const struct net *net, uint64_t seed)
{
    float *w = arena_array(a, net->size, sizeof *w);
    assert(w != NULL);
    net_draw(net, seed, w);
    for (size_t i = 0; i < net->size; i++)
        w[i] *= 3;
    return w;
}

#include "reference/model/model.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "reference/quant/quant.h"

/* ---- keys ---- */

/* What all keys of an architecture begin with. */
struct source {
    const struct ref_gguf_file *file;
    char arch[32];
    struct err *why;
};

static const struct ref_gguf_kv *find(const struct source *s, const char *name)
{
    char key[96];
    snprintf(key, sizeof key, "%s.%s", s->arch, name);
    return ref_gguf_find(s->file, key);
}

static enum err_code read_count(const struct source *s, const char *name, uint64_t least,
                                uint64_t most, uint64_t *ret)
{
    const struct ref_gguf_kv *kv = find(s, name);
    uint64_t value;
    if (kv == NULL)
        return err_set(s->why, ERR_NOT_FOUND, "the file has no key %s.%s", s->arch, name);
    if (ref_gguf_u64(s->file, kv, &value) != REF_GGUF_OK)
        return err_set(s->why, ERR_INVALID, "%s.%s is no count", s->arch, name);
    if (value < least || value > most)
        return err_set(s->why, ERR_INVALID, "%s.%s is %llu: expected %llu to %llu", s->arch, name,
                       (unsigned long long)value, (unsigned long long)least,
                       (unsigned long long)most);
    *ret = value;
    return OK;
}

/* `fallback` where the file has no such key. */
static enum err_code read_count_or(const struct source *s, const char *name, uint64_t least,
                                   uint64_t most, uint64_t fallback, uint64_t *ret)
{
    *ret = fallback;
    return find(s, name) == NULL ? OK : read_count(s, name, least, most, ret);
}

static enum err_code read_number_or(const struct source *s, const char *name, double fallback,
                                    float *ret)
{
    const struct ref_gguf_kv *kv = find(s, name);
    double value = fallback;
    if (kv != NULL && ref_gguf_f64(s->file, kv, &value) != REF_GGUF_OK)
        return err_set(s->why, ERR_INVALID, "%s.%s is no number", s->arch, name);
    if (!(value >= 0) || isinf(value))
        return err_set(s->why, ERR_INVALID, "%s.%s is %g: expected 0 or more", s->arch, name,
                       value);
    *ret = (float)value;
    return OK;
}

static enum err_code read_arch(const struct ref_gguf_file *file, struct source *ret,
                               struct err *why)
{
    const struct ref_gguf_kv *kv = ref_gguf_find(file, "general.architecture");
    struct ref_gguf_span s;
    if (file->swapped)
        return err_set(why, ERR_UNSUPPORTED, "a big-endian model");
    if (kv == NULL || ref_gguf_str(file, kv, 0, &s) != REF_GGUF_OK)
        return err_set(why, ERR_NOT_FOUND, "the file has no key general.architecture");
    *ret = (struct source){.file = file, .why = why};
    if (s.len < sizeof ret->arch)
        memcpy(ret->arch, file->buf + s.off, s.len);
    if (strcmp(ret->arch, "llama") != 0 && strcmp(ret->arch, "qwen2") != 0)
        return err_set(why, ERR_UNSUPPORTED, "architecture '%.31s': expected llama or qwen2",
                       ret->arch);
    return OK;
}

enum err_code ref_model_layers(const struct ref_gguf_file *file, int *ret, struct err *why)
{
    struct source s;
    uint64_t layers = 0;
    enum err_code rc = read_arch(file, &s, why);
    if (rc == OK)
        rc = read_count(&s, "block_count", 1, REF_MODEL_LAYERS, &layers);
    if (rc == OK)
        *ret = (int)layers;
    return rc;
}

/* ---- shape ---- */

static enum err_code read_heads(const struct source *s, struct ref_model *m)
{
    uint64_t heads = 1, kv = 1, head = 0;
    enum err_code rc = read_count(s, "attention.head_count", 1, 4096, &heads);
    if (rc == OK)
        rc = read_count_or(s, "attention.head_count_kv", 1, heads, heads, &kv);
    if (rc == OK)
        rc = read_count_or(s, "attention.key_length", 1, 4096, m->dim / heads, &head);
    if (rc != OK)
        return rc;
    if (heads % kv != 0 || head == 0)
        return err_set(s->why, ERR_INVALID, "%llu key heads do not divide %llu heads",
                       (unsigned long long)kv, (unsigned long long)heads);
    m->heads = (int)heads;
    m->kv_heads = (int)kv;
    m->head = (int)head;
    return heads * head <= REF_MODEL_WIDTH
               ? OK
               : err_set(s->why, ERR_INVALID, "%llu heads of %llu: expected at most %d in all",
                         (unsigned long long)heads, (unsigned long long)head, REF_MODEL_WIDTH);
}

static enum err_code read_rope(const struct source *s, struct ref_model *m)
{
    uint64_t n_rot = 0;
    float factor = 1;
    const struct ref_gguf_kv *kind = find(s, "rope.scaling.type");
    struct ref_gguf_span span = {0};
    if (kind != NULL && ref_gguf_str(s->file, kind, 0, &span) == REF_GGUF_OK &&
        !(span.len == 6 && memcmp(s->file->buf + span.off, "linear", 6) == 0) &&
        !(span.len == 4 && memcmp(s->file->buf + span.off, "none", 4) == 0))
        return err_set(s->why, ERR_UNSUPPORTED, "rope.scaling.type: expected none or linear");
    enum err_code rc =
        read_count_or(s, "rope.dimension_count", 0, (uint64_t)m->head, (uint64_t)m->head, &n_rot);
    if (rc == OK)
        rc = read_number_or(s, "rope.freq_base", 10000, &m->rope.base);
    if (rc == OK)
        rc = read_number_or(s, "rope.scaling.factor", 1, &factor);
    if (rc != OK)
        return rc;
    m->rope.n_rot = (int)n_rot;
    m->rope.freq_scale = factor > 0 ? 1 / factor : 1;
    m->rope.pairs = strcmp(s->arch, "llama") == 0 ? REF_ROPE_NORM : REF_ROPE_NEOX;
    return ref_rope_check(&m->rope, m->head, s->why);
}

static enum err_code read_experts(const struct source *s, struct ref_model *m)
{
    uint64_t experts = 0, used = 0;
    enum err_code rc = read_count_or(s, "expert_count", 0, REF_MODEL_EXPERTS, 0, &experts);
    if (rc == OK && experts > 0)
        rc = read_count(s, "expert_used_count", 1, experts, &used);
    if (rc != OK)
        return rc;
    m->experts = (int)experts;
    m->experts_used = experts > 0 ? (int)used : 0;
    return OK;
}

static enum err_code read_shape(const struct source *s, struct ref_model *m)
{
    uint64_t dim = 0, ff = 0, context = 0;
    enum err_code rc = read_count(s, "embedding_length", 1, REF_MODEL_WIDTH, &dim);
    if (rc == OK)
        rc = read_count(s, "feed_forward_length", 1, REF_MODEL_WIDTH, &ff);
    if (rc == OK)
        rc = read_count(s, "context_length", 1, INT32_MAX, &context);
    if (rc != OK)
        return rc;
    m->dim = dim;
    m->ff = ff;
    m->context = context;
    if ((rc = read_number_or(s, "attention.layer_norm_rms_epsilon", 1e-5, &m->eps)) != OK ||
        (rc = read_heads(s, m)) != OK || (rc = read_rope(s, m)) != OK)
        return rc;
    return read_experts(s, m);
}

/* ---- tensors ---- */

static enum err_code misfit(const struct source *s, const char *name,
                            const struct ref_gguf_tensor *t, size_t in, size_t out, size_t depth)
{
    return err_set(s->why, ERR_INVALID, "%s is %llu x %llu x %llu: expected %zu x %zu x %zu", name,
                   (unsigned long long)t->ne[0], (unsigned long long)t->ne[1],
                   (unsigned long long)t->ne[2], in, out, depth);
}

/* `depth` matrices behind each other: experts. */
static enum err_code find_matrix(const struct source *s, const char *name, size_t in, size_t out,
                                 size_t depth, struct ref_matrix *ret)
{
    const struct ref_gguf_tensor *t = ref_gguf_find_tensor(s->file, name);
    if (t == NULL)
        return err_set(s->why, ERR_NOT_FOUND, "the file has no tensor %s", name);
    if (t->ne[0] != in || t->ne[1] != out || t->ne[2] != depth || t->ne[3] != 1)
        return misfit(s, name, t, in, out, depth);
    struct ref_matrix m = {.type = t->type, .in = in, .out = out * depth};
    const struct ref_quant_type *type = ref_quant_find(t->type);
    if (type == NULL || type->partner == REF_NONE)
        return err_set(s->why, ERR_UNSUPPORTED, "%s is of type %u, which has no product", name,
                       t->type);
    m.rows = ref_gguf_data(s->file, t);
    if ((uintptr_t)m.rows % 4 != 0)
        return err_set(s->why, ERR_INVALID, "%s lies at an odd address: map the file at a page",
                       name);
    const enum err_code rc = ref_quant_row_bytes(t->type, in, &m.row_bytes, s->why);
    if (rc == OK)
        *ret = m;
    return rc;
}

static enum err_code find_vector(const struct source *s, const char *name, size_t n,
                                 const float **ret)
{
    struct ref_matrix m = {0};
    const enum err_code rc = find_matrix(s, name, n, 1, 1, &m);
    if (rc != OK)
        return rc;
    if (m.type != REF_F32)
        return err_set(s->why, ERR_UNSUPPORTED, "%s is of type %u: expected F32", name, m.type);
    *ret = (const float *)(const void *)m.rows;
    return OK;
}

static bool has_tensor(const struct source *s, const char *name)
{
    return ref_gguf_find_tensor(s->file, name) != NULL;
}

struct part {
    const char *name;
    size_t in, out, depth; /* a vector has `in` elements */
    struct ref_matrix *matrix;
    const float **vector;
    bool optional;
};

static enum err_code find_part(const struct source *s, int layer, const struct part *p)
{
    char name[64];
    snprintf(name, sizeof name, "blk.%d.%s", layer, p->name);
    if (p->optional && !has_tensor(s, name))
        return OK;
    return p->vector != NULL ? find_vector(s, name, p->in, p->vector)
                             : find_matrix(s, name, p->in, p->out, p->depth, p->matrix);
}

static enum err_code find_layer(const struct source *s, const struct ref_model *m, int layer,
                                struct ref_layer *ret)
{
    const size_t dim = m->dim, q = ref_model_q_width(m), kv = ref_model_kv_width(m), ff = m->ff;
    const size_t experts = (size_t)m->experts, depth = experts > 0 ? experts : 1;
    *ret = (struct ref_layer){0};
    const struct part parts[] = {
        {.name = "attn_norm.weight", .in = dim, .vector = &ret->attn_norm},
        {.name = "ffn_norm.weight", .in = dim, .vector = &ret->ffn_norm},
        {.name = "attn_q.weight", .in = dim, .out = q, .depth = 1, .matrix = &ret->q},
        {.name = "attn_k.weight", .in = dim, .out = kv, .depth = 1, .matrix = &ret->k},
        {.name = "attn_v.weight", .in = dim, .out = kv, .depth = 1, .matrix = &ret->v},
        {.name = "attn_output.weight", .in = q, .out = dim, .depth = 1, .matrix = &ret->o},
        {.name = "attn_q.bias", .in = q, .vector = &ret->q_bias, .optional = true},
        {.name = "attn_k.bias", .in = kv, .vector = &ret->k_bias, .optional = true},
        {.name = "attn_v.bias", .in = kv, .vector = &ret->v_bias, .optional = true},
        {.name = experts > 0 ? "ffn_gate_exps.weight" : "ffn_gate.weight",
         .in = dim,
         .out = ff,
         .depth = depth,
         .matrix = &ret->gate},
        {.name = experts > 0 ? "ffn_up_exps.weight" : "ffn_up.weight",
         .in = dim,
         .out = ff,
         .depth = depth,
         .matrix = &ret->up},
        {.name = experts > 0 ? "ffn_down_exps.weight" : "ffn_down.weight",
         .in = ff,
         .out = dim,
         .depth = depth,
         .matrix = &ret->down},
        {.name = "ffn_gate_inp.weight",
         .in = dim,
         .out = experts,
         .depth = 1,
         .matrix = &ret->router,
         .optional = experts == 0},
    };
    enum err_code rc = OK;
    for (size_t i = 0; i < sizeof parts / sizeof parts[0] && rc == OK; i++)
        rc = find_part(s, layer, &parts[i]);
    return rc;
}

static enum err_code find_ends(const struct source *s, struct ref_model *m)
{
    const struct ref_gguf_tensor *t = ref_gguf_find_tensor(s->file, "token_embd.weight");
    if (t == NULL)
        return err_set(s->why, ERR_NOT_FOUND, "the file has no tensor token_embd.weight");
    if (t->ne[1] < 1 || t->ne[1] > REF_MODEL_VOCAB)
        return err_set(s->why, ERR_INVALID, "token_embd.weight has %llu rows: expected 1 to %d",
                       (unsigned long long)t->ne[1], REF_MODEL_VOCAB);
    m->vocab = t->ne[1];
    enum err_code rc = find_matrix(s, "token_embd.weight", m->dim, m->vocab, 1, &m->embed);
    if (rc == OK)
        rc = find_vector(s, "output_norm.weight", m->dim, &m->output_norm);
    m->output = m->embed;
    if (rc == OK && has_tensor(s, "output.weight"))
        rc = find_matrix(s, "output.weight", m->dim, m->vocab, 1, &m->output);
    if (rc == OK && has_tensor(s, "rope_freqs.weight"))
        rc = find_vector(s, "rope_freqs.weight", (size_t)m->rope.n_rot / 2, &m->rope.factors);
    return rc == OK ? ref_rope_check(&m->rope, m->head, s->why) : rc;
}

enum err_code ref_model_open(const struct ref_gguf_file *file, struct ref_layer *layer,
                             struct ref_model *ret, struct err *why)
{
    struct source s;
    struct ref_model m = {.layer = layer};
    enum err_code rc = ref_model_layers(file, &m.layers, why);
    if (rc == OK)
        rc = read_arch(file, &s, why);
    if (rc == OK)
        rc = read_shape(&s, &m);
    if (rc == OK)
        rc = find_ends(&s, &m);
    for (int i = 0; i < m.layers && rc == OK; i++)
        rc = find_layer(&s, &m, i, &layer[i]);
    if (rc == OK)
        *ret = m;
    return rc;
}

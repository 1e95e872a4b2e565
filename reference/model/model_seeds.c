/* model_seeds DIR: writes a few tiny models, one of them with an adapter behind it, for fuzz_model
 * to start from. */
#include <assert.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/bytes.h"
#include "base/file.h"
#include "reference/model/made_model.h"
#include "reference/quant/quant.h"

enum { VOCAB = 6, DIM = 4, FF = 4, WIDE = 32 };

static const struct net_shape small = {VOCAB, DIM, FF, 1, 2, 1, 8, 100, 1e-5f};
static const struct net_shape wide = {VOCAB, WIDE, WIDE, 1, 1, 1, 8, 100, 1e-5f};
static const char *const pieces[VOCAB] = {"<unk>", "<s>", "</s>", "a", "b", "ab"};
static const char *const merges[] = {"a b"};

/* ---- files ---- */

struct seed {
    const char *name, *arch, *vocab;
    const struct net_shape *shape;
    uint32_t type;
    size_t experts;
    bool adapter;
};

static const struct seed seeds[] = {
    {"llama", "llama", "llama", &small, REF_F32, 0, true},
    {"qwen2", "qwen2", "gpt2", &small, REF_F16, 0, false},
    {"experts", "llama", "bert", &small, REF_BF16, 2, false},
    {"quantised", "llama", "t5", &wide, REF_Q4_0, 0, false},
};

static void add_vocab(struct made *m, const char *kind)
{
    made_text(m, "tokenizer.ggml.model", kind);
    made_texts(m, "tokenizer.ggml.tokens", pieces, VOCAB);
    if (strcmp(kind, "gpt2") == 0) {
        made_text(m, "tokenizer.ggml.pre", "gpt-2");
        made_texts(m, "tokenizer.ggml.merges", merges, 1);
    }
    made_count(m, "tokenizer.ggml.unknown_token_id", 0);
}

static void make_model(struct made *m, const struct seed *s)
{
    static const float router[2 * DIM] = {1, 0, 1, 0, 0, 1, 0, 1};
    struct net net;
    net_init(&net, s->shape);
    made_begin(m, &net, s->arch);
    if (s->experts > 0) {
        made_count(m, "llama.expert_count", (uint32_t)s->experts);
        made_count(m, "llama.expert_used_count", 1);
        made_tensor(m, "blk.0.ffn_gate_inp.weight", REF_F32, router, DIM, s->experts, 1);
    }
    add_vocab(m, s->vocab);
    made_net(m, made_weights(&m->a, &net, 5), s->type, s->experts);
    made_file(m);
}

static void make_adapter(struct made *m)
{
    static const float one[DIM] = {1, 0.5f, -1, 2};
    struct net net;
    net_init(&net, &small);
    made_empty(m, &net);
    made_text(m, "general.type", "adapter");
    made_text(m, "adapter.type", "lora");
    made_tensor(m, "blk.0.attn_q.weight.lora_a", REF_F32, one, DIM, 1, 1);
    made_tensor(m, "blk.0.attn_q.weight.lora_b", REF_F32, one, 1, DIM, 1);
    made_file(m);
}

static enum err_code write_seed(int dir, const struct seed *s, struct err *why)
{
    static uint8_t bytes[1 << 16];
    struct made model, adapter;
    make_model(&model, s);
    make_adapter(&adapter);
    const size_t first = model.file.size, second = s->adapter ? adapter.file.size : 0;
    assert(2 + first + second <= sizeof bytes);
    wr_u16le(bytes, (uint16_t)first);
    memcpy(bytes + 2, model.file.buf, first);
    memcpy(bytes + 2 + first, adapter.file.buf, second);
    made_done(&model);
    made_done(&adapter);
    return file_replace(dir, s->name, bytes, 2 + first + second, why);
}

int main(int argc, char **argv)
{
    struct err why = {.code = OK};
    if (argc != 2) {
        fprintf(stderr, "usage: model_seeds DIR\n");
        return 2;
    }
    enum err_code rc = file_make_dirs(argv[1], &why);
    const int dir = open(argv[1], O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    for (size_t i = 0; i < sizeof seeds / sizeof seeds[0] && rc == OK; i++)
        rc = write_seed(dir, &seeds[i], &why);
    if (rc != OK)
        fprintf(stderr, "model_seeds: %s\n", why.text);
    close(dir);
    return rc == OK ? 0 : 3;
}

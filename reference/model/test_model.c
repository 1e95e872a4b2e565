#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "reference/model/forward.h"
#include "reference/model/gguf_vocab.h"
#include "reference/model/made_model.h"
#include "reference/model/train/rng.h"
#include "reference/quant/quant.h"

enum {
    VOCAB = 64,
    DIM = 32,
    FF = 64,
    LAYERS = 2,
    HEADS = 4,
    KV_HEADS = 2,
    CONTEXT = 24,
    CELLS = 64
};

static const struct net_shape shape = {VOCAB,    DIM,     FF,  LAYERS, HEADS,
                                       KV_HEADS, CONTEXT, 100, 1e-5f};

/* The same weights at each call, until the next one; free to be changed. */
static float *drawn(struct net *net)
{
    static struct arena a;
    net_init(net, &shape);
    arena_done(&a);
    arena_init(&a, 1 << 20);
    return made_weights(&a, net, 3);
}

/* ---- running it ---- */

struct run {
    struct ref_cache cache;
    struct ref_kv_cell cells[CELLS];
    _Alignas(64) uint8_t scratch[1 << 20];
    uint8_t k[LAYERS * CELLS * DIM * 4], v[LAYERS * CELLS * DIM * 4];
};
static struct run run;

static void open_cache(const struct made *m, uint32_t type)
{
    struct err why;
    if (ref_cache_init(&run.cache, &m->model, type, type, run.cells, CELLS, run.k, run.v, &why) !=
        OK)
        fail_msg("%s", why.text);
}

static void forward(const struct made *m, const struct ref_batch *b, float *logits)
{
    struct err why;
    if (ref_forward(&m->model, ref_quant_kernels_for(REF_ISA_SCALAR), &run.cache, b, run.scratch,
                    sizeof run.scratch, logits, NULL, &why) != OK)
        fail_msg("%s", why.text);
}

static const uint8_t ALL[CONTEXT] = {1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1,
                                     1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1};
static struct ref_kv_token in_order[CONTEXT];
static int32_t ids[CONTEXT + 1];

static void draw_tokens(void)
{
    struct rng rng = {4};
    for (int i = 0; i <= CONTEXT; i++)
        ids[i] = (int32_t)rng_below(&rng, VOCAB);
    for (int i = 0; i < CONTEXT; i++)
        in_order[i] = (struct ref_kv_token){i, 1};
}

static double loss_of(const float *logits, int32_t next)
{
    double max = -INFINITY, sum = 0;
    for (int i = 0; i < VOCAB; i++)
        max = fmax(max, (double)logits[i]);
    for (int i = 0; i < VOCAB; i++)
        sum += exp((double)logits[i] - max);
    return log(sum) + max - (double)logits[next];
}

static double mean_loss(const struct made *m, uint32_t cache_type)
{
    static float logits[CONTEXT * VOCAB];
    double loss = 0;
    open_cache(m, cache_type);
    forward(m, &(struct ref_batch){CONTEXT, ids, in_order, ALL}, logits);
    for (int i = 0; i < CONTEXT; i++)
        loss += loss_of(logits + i * VOCAB, ids[i + 1]);
    return loss / CONTEXT;
}

static double largest_difference(const float *a, const float *b, size_t n)
{
    double worst = 0;
    for (size_t i = 0; i < n; i++)
        worst = fmax(worst, fabs((double)a[i] - (double)b[i]));
    return worst;
}

/* ---- facts ---- */

/* Two implementations that share no code but the product and the rotation. */
static void the_loss_is_the_trainers(void **state)
{
    struct made m;
    struct net net;
    uint16_t tokens[CONTEXT + 1];
    (void)state;
    const float *w = drawn(&net);
    draw_tokens();
    made_llama(&m, &net, w, REF_F32);
    struct net_shard *shard = net_shard_new(&net, 1, &m.a);
    for (int i = 0; i <= CONTEXT; i++)
        tokens[i] = (uint16_t)ids[i];
    const double expected = net_loss(shard, w, tokens, NULL), got = mean_loss(&m, REF_F32);
    if (!(fabs(got - expected) < 1e-5))
        fail_msg("loss %.7f, the trainer's is %.7f", got, expected);
    made_done(&m);
}

static void one_token_at_a_time_gives_the_same_logits(void **state)
{
    struct made m;
    struct net net;
    float whole[VOCAB], last[VOCAB];
    (void)state;
    draw_tokens();
    made_llama(&m, &net, drawn(&net), REF_Q8_0);
    open_cache(&m, REF_F16);
    forward(&m, &(struct ref_batch){10, ids, in_order, NULL}, whole);
    open_cache(&m, REF_F16);
    for (size_t i = 0; i < 10; i++)
        forward(&m, &(struct ref_batch){1, ids + i, in_order + i, NULL}, last);
    assert_true(largest_difference(whole, last, VOCAB) < 1e-5);
    made_done(&m);
}

static void sequences_of_one_batch_do_not_see_each_other(void **state)
{
    struct made m;
    struct net net;
    float alone[VOCAB], both[2 * VOCAB];
    struct ref_kv_token where[12];
    int32_t mixed[12];
    uint8_t wanted[12] = {0};
    (void)state;
    draw_tokens();
    made_llama(&m, &net, drawn(&net), REF_F32);
    for (int i = 0; i < 12; i++) { /* one token of each in turn; the second one runs backwards */
        mixed[i] = i % 2 == 0 ? ids[i / 2] : ids[20 - i / 2];
        where[i] = (struct ref_kv_token){i / 2, i % 2 == 0 ? 1 : 4};
    }
    wanted[10] = wanted[11] = 1;
    open_cache(&m, REF_F32);
    forward(&m, &(struct ref_batch){12, mixed, where, wanted}, both);
    open_cache(&m, REF_F32);
    forward(&m, &(struct ref_batch){6, ids, in_order, NULL}, alone);
    assert_true(largest_difference(alone, both, VOCAB) < 1e-5);
    assert_true(largest_difference(alone, both + VOCAB, VOCAB) > 0.1);
    made_done(&m);
}

static void fewer_bits_cost_little(void **state)
{
    static const struct {
        uint32_t weights, cache;
        double bound;
    } rows[] = {{REF_F32, REF_F16, 1e-3},  {REF_F16, REF_F32, 2e-3},  {REF_BF16, REF_F32, 2e-2},
                {REF_Q8_0, REF_F32, 2e-2}, {REF_Q5_1, REF_F32, 2e-1}, {REF_Q4_0, REF_F16, 4e-1}};
    struct made m;
    struct net net;
    (void)state;
    const float *w = drawn(&net);
    draw_tokens();
    made_llama(&m, &net, w, REF_F32);
    const double truth = mean_loss(&m, REF_F32);
    made_done(&m);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        made_llama(&m, &net, w, rows[i].weights);
        const double loss = mean_loss(&m, rows[i].cache);
        if (!(fabs(loss - truth) < rows[i].bound))
            fail_msg("%s: loss %.5f, in F32 %.5f", ref_quant_find(rows[i].weights)->name, loss,
                     truth);
        made_done(&m);
    }
}

/* Without output.weight the embedding is the output matrix; with it that one is. */
static void an_output_matrix_of_its_own_is_used(void **state)
{
    struct made tied, untied;
    struct net net;
    struct err why;
    float a[VOCAB], b[VOCAB], twice[VOCAB * DIM];
    (void)state;
    const float *w = drawn(&net);
    draw_tokens();
    for (size_t i = 0; i < VOCAB * DIM; i++)
        twice[i] = 2 * w[net.embed + i];
    made_llama(&tied, &net, w, REF_F32);
    made_begin(&untied, &net, "llama");
    made_net(&untied, w, REF_F32, 0);
    made_tensor(&untied, "output.weight", REF_F32, twice, DIM, VOCAB, 1);
    assert_int_equal(made_model(&untied, &why), OK);
    const struct ref_batch batch = {9, ids, in_order, NULL};
    open_cache(&tied, REF_F32);
    forward(&tied, &batch, a);
    open_cache(&untied, REF_F32);
    forward(&untied, &batch, b);
    for (size_t i = 0; i < VOCAB; i++)
        assert_true(b[i] == 2 * a[i]);
    made_done(&tied);
    made_done(&untied);
}

/* Blocks of Q8_0 are 32 wide: one head of the whole width. */
static void a_cache_in_q8_0_costs_little(void **state)
{
    static const struct net_shape one_head = {VOCAB, DIM, FF, LAYERS, 1, 1, CONTEXT, 100, 1e-5f};
    struct made m;
    struct net net;
    struct arena a;
    (void)state;
    net_init(&net, &one_head);
    arena_init(&a, 1 << 20);
    draw_tokens();
    made_llama(&m, &net, made_weights(&a, &net, 3), REF_F32);
    const double truth = mean_loss(&m, REF_F32), loss = mean_loss(&m, REF_Q8_0);
    if (!(fabs(loss - truth) < 2e-2) || loss == truth)
        fail_msg("loss %.5f, with a cache in F32 %.5f", loss, truth);
    made_done(&m);
    arena_done(&a);
}

/* Expert e gives 1 + e times what the net's own part gives. A router that always prefers the same
 * one or two, by how much is known, must give their mean. */
static void experts_are_chosen_and_weighed_by_their_router(void **state)
{
    enum { EXPERTS = 3 };
    struct made moe, plain;
    struct net net;
    float router[EXPERTS * DIM] = {0}, from_moe[VOCAB], from_plain[VOCAB];
    struct err why;
    (void)state;
    float *w = drawn(&net);
    draw_tokens();
    made_begin(&moe, &net, "llama");
    made_count(&moe, "llama.expert_count", EXPERTS);
    made_count(&moe, "llama.expert_used_count", 2);
    made_net(&moe, w, REF_F32, EXPERTS);
    for (int l = 0; l < LAYERS; l++) /* all equal: the first two win, with a half each */
        made_tensor(&moe, l == 0 ? "blk.0.ffn_gate_inp.weight" : "blk.1.ffn_gate_inp.weight",
                    REF_F32, router, DIM, EXPERTS, 1);
    if (made_model(&moe, &why) != OK)
        fail_msg("%s", why.text);
    for (int l = 0; l < LAYERS; l++) /* (1 + 2) / 2 of the net's own part */
        for (int i = 0; i < DIM * FF; i++)
            w[net.layer[l].down + (size_t)i] *= 1.5f;
    made_llama(&plain, &net, w, REF_F32);
    open_cache(&moe, REF_F32);
    forward(&moe, &(struct ref_batch){8, ids, in_order, NULL}, from_moe);
    open_cache(&plain, REF_F32);
    forward(&plain, &(struct ref_batch){8, ids, in_order, NULL}, from_plain);
    assert_true(largest_difference(from_moe, from_plain, VOCAB) < 1e-4);
    made_done(&moe);
    made_done(&plain);
}

/* Qwen2's pairs are halves: with rows permuted as the converter does it for llama, and no biases,
 * both are the same model. A bias then makes a difference. */
static void qwen2_has_other_pairs_and_biases(void **state)
{
    struct made llama, qwen, biased;
    struct net net;
    float permuted[DIM * DIM], a[VOCAB], b[VOCAB], c[VOCAB], bias[DIM];
    struct err why;
    (void)state;
    float *w = drawn(&net);
    draw_tokens();
    for (int i = 0; i < DIM; i++)
        bias[i] = 0.5f;
    made_begin(&qwen, &net, "qwen2");
    made_net(&qwen, w, REF_F32, 0);
    assert_int_equal(made_model(&qwen, &why), OK);
    made_begin(&biased, &net, "qwen2");
    made_net(&biased, w, REF_F32, 0);
    made_tensor(&biased, "blk.1.attn_q.bias", REF_F32, bias, DIM, 0, 1);
    assert_int_equal(made_model(&biased, &why), OK);
    for (int l = 0; l < LAYERS; l++) {
        const size_t q = DIM * DIM * sizeof *w, k = q / HEADS * KV_HEADS;
        ref_rope_permute(permuted, w + net.layer[l].wq, HEADS, DIM / HEADS, DIM);
        memcpy(w + net.layer[l].wq, permuted, q);
        ref_rope_permute(permuted, w + net.layer[l].wk, KV_HEADS, DIM / HEADS, DIM);
        memcpy(w + net.layer[l].wk, permuted, k);
    }
    made_llama(&llama, &net, w, REF_F32);
    const struct ref_batch batch = {9, ids, in_order, NULL};
    open_cache(&qwen, REF_F32);
    forward(&qwen, &batch, a);
    open_cache(&llama, REF_F32);
    forward(&llama, &batch, b);
    open_cache(&biased, REF_F32);
    forward(&biased, &batch, c);
    assert_true(largest_difference(a, b, VOCAB) < 1e-5);
    assert_true(largest_difference(a, c, VOCAB) > 1e-3);
    made_done(&qwen);
    made_done(&llama);
    made_done(&biased);
}

static void every_rung_gives_nearly_the_same(void **state)
{
    struct made m;
    struct net net;
    struct err why;
    float truth[VOCAB], rung[VOCAB];
    (void)state;
    draw_tokens();
    made_llama(&m, &net, drawn(&net), REF_F32);
    const struct ref_batch batch = {9, ids, in_order, NULL};
    open_cache(&m, REF_F32);
    forward(&m, &batch, truth);
    for (int isa = 0; isa < REF_ISAS; isa++) {
        const struct ref_quant_kernels *k = ref_quant_kernels_for((enum ref_isa)isa);
        if (k == NULL)
            continue;
        open_cache(&m, REF_F32);
        assert_int_equal(ref_forward(&m.model, k, &run.cache, &batch, run.scratch,
                                     sizeof run.scratch, rung, NULL, &why),
                         OK);
        assert_true(largest_difference(truth, rung, VOCAB) < 1e-4);
    }
    made_done(&m);
}

static void a_batch_that_cannot_be_is_refused_and_changes_nothing(void **state)
{
    struct made m;
    struct net net;
    float logits[VOCAB];
    const struct ref_kv_token far = {CONTEXT, 1}, nobody = {0, 0};
    const int32_t wrong = VOCAB, negative = -1;
    const struct {
        struct ref_batch b;
        enum err_code rc;
    } rows[] = {
        {{1, &wrong, in_order, NULL}, ERR_RANGE},
        {{1, &negative, in_order, NULL}, ERR_RANGE},
        {{1, ids, &far, NULL}, ERR_RANGE},
        {{1, ids, &nobody, NULL}, ERR_RANGE},
    };
    (void)state;
    draw_tokens();
    made_llama(&m, &net, drawn(&net), REF_F32);
    open_cache(&m, REF_F32);
    const struct ref_quant_kernels *k = ref_quant_kernels_for(REF_ISA_SCALAR);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        assert_int_equal(ref_forward(&m.model, k, &run.cache, &rows[i].b, run.scratch,
                                     sizeof run.scratch, logits, NULL, NULL),
                         rows[i].rc);
    const struct ref_batch one = {1, ids, in_order, NULL};
    assert_int_equal(
        ref_forward(&m.model, k, &run.cache, &one, run.scratch, 64, logits, NULL, NULL),
        ERR_TOO_LARGE);
    assert_int_equal(run.cache.cells.used, 0);
    for (int i = 0; i < CELLS; i++)
        forward(&m, &one, logits);
    assert_int_equal(ref_forward(&m.model, k, &run.cache, &one, run.scratch, sizeof run.scratch,
                                 logits, NULL, NULL),
                     ERR_LIMIT);
    made_done(&m);
}

static void what_the_file_lacks_is_named(void **state)
{
    static const struct {
        const char *drop, *says; /* a tensor or a key */
    } rows[] = {
        {"blk.1.ffn_up.weight", "no tensor blk.1.ffn_up.weight"},
        {"token_embd.weight", "no tensor token_embd.weight"},
        {"output_norm.weight", "no tensor output_norm.weight"},
        {"llama.embedding_length", "no key llama.embedding_length"},
        {"llama.attention.head_count_kv", "blk.0.attn_k.weight is 32 x 16 x 1: expected 32 x 32"},
        {"general.architecture", "no key general.architecture"},
    };
    struct made m;
    struct net net;
    struct err why;
    (void)state;
    const float *w = drawn(&net);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        made_begin(&m, &net, "llama");
        made_net(&m, w, REF_F32, 0);
        for (size_t t = 0; t < m.n_tensors; t++)
            if (strcmp(m.tensor[t].name.bytes, rows[i].drop) == 0)
                m.tensor[t].name = REF_GGUF_TEXT("other");
        for (size_t t = 0; t < m.n_kv; t++)
            if (strcmp(m.kv[t].key.bytes, rows[i].drop) == 0)
                m.kv[t].key = REF_GGUF_TEXT("other");
        assert_int_not_equal(made_model(&m, &why), OK);
        if (strstr(why.text, rows[i].says) == NULL)
            fail_msg("expected '%s', the message is '%s'", rows[i].says, why.text);
        made_done(&m);
    }
}

static void counts_that_cannot_be_are_refused(void **state)
{
    static const struct {
        const char *key;
        uint32_t value;
    } rows[] = {
        {"llama.block_count", 0},
        {"llama.block_count", 1 << 20},
        {"llama.embedding_length", 1u << 31},
        {"llama.attention.head_count", 0},
        {"llama.attention.head_count_kv", 3},
        {"llama.feed_forward_length", 0},
        {"llama.embedding_length", 16},
    };
    struct made m;
    struct net net;
    struct err why;
    (void)state;
    const float *w = drawn(&net);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        made_begin(&m, &net, "llama");
        made_net(&m, w, REF_F32, 0);
        for (size_t t = 0; t < m.n_kv; t++)
            if (strcmp(m.kv[t].key.bytes, rows[i].key) == 0)
                m.kv[t].data = &rows[i].value;
        assert_int_equal(made_model(&m, &why), ERR_INVALID);
        made_done(&m);
    }
}

static void a_vocabulary_that_cannot_be_is_named(void **state)
{
    static const struct {
        const char *model, *pre, *merge, *says;
    } rows[] = {
        {"gpt2", "gpt-2", "a b", NULL},
        {"gpt2", "gpt-2", " b c", NULL}, /* the first byte may be a space */
        {"rwkv", "gpt-2", "a b", "tokenizer.ggml.model: expected"},
        {"gpt2", "falcon", "a b", "tokenizer.ggml.pre: expected"},
        {"gpt2", "gpt-2", "ab", "merge 0 has no space"},
        {NULL, "gpt-2", "a b", "no tokenizer.ggml.tokens"},
    };
    static const char *const tokens[] = {"a", "b", "ab"};
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct made m;
        struct net net;
        struct err why;
        struct ref_piece pieces[3];
        struct ref_merge merges[1];
        struct ref_vocab_def def;
        const float *w = drawn(&net);
        made_begin(&m, &net, "llama");
        if (rows[i].model != NULL) {
            made_text(&m, "tokenizer.ggml.model", rows[i].model);
            made_texts(&m, "tokenizer.ggml.tokens", tokens, 3);
        }
        made_text(&m, "tokenizer.ggml.pre", rows[i].pre);
        made_texts(&m, "tokenizer.ggml.merges", &rows[i].merge, 1);
        made_net(&m, w, REF_F32, 0);
        assert_int_equal(made_model(&m, &why), OK);
        const enum err_code rc = ref_gguf_vocab(&m.file, pieces, merges, &def, &why);
        if (rows[i].says == NULL)
            assert_int_equal(rc, OK);
        else if (rc == OK || strstr(why.text, rows[i].says) == NULL)
            fail_msg("expected '%s', the message is '%s'", rows[i].says, why.text);
        made_done(&m);
    }
}

/* What llama.cpp takes where the file does not say. */
static void what_a_vocabulary_leaves_out_depends_on_its_kind(void **state)
{
    enum { PIECES = 103 };
    static const struct {
        const char *model, *pre;
        int32_t bos, eos, unk;
        bool add_bos, add_eos, prefix;
    } rows[] = {
        {"llama", NULL, 1, 2, 0, true, false, true},
        {"gpt2", "gpt-2", 11, 11, -1, false, false, false},
        {"gpt2", "llama-bpe", 11, 11, -1, true, false, false},
        {"bert", NULL, 101, 102, 100, true, true, false},
        {"t5", NULL, -1, 1, 2, false, true, false},
    };
    static const char *tokens[PIECES];
    static char text[PIECES][4];
    (void)state;
    for (int i = 0; i < PIECES; i++) {
        snprintf(text[i], sizeof text[i], "%d", i);
        tokens[i] = text[i];
    }
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct made m;
        struct net net;
        struct ref_piece pieces[PIECES];
        struct ref_vocab_def def;
        net_init(&net, &shape);
        made_empty(&m, &net);
        made_text(&m, "tokenizer.ggml.model", rows[i].model);
        made_texts(&m, "tokenizer.ggml.tokens", tokens, PIECES);
        if (rows[i].pre != NULL)
            made_text(&m, "tokenizer.ggml.pre", rows[i].pre);
        made_file(&m);
        assert_int_equal(ref_gguf_vocab(&m.file, pieces, NULL, &def, NULL), OK);
        if (def.bos != rows[i].bos || def.eos != rows[i].eos || def.unk != rows[i].unk ||
            def.add_bos != rows[i].add_bos || def.add_eos != rows[i].add_eos ||
            def.add_space_prefix != rows[i].prefix)
            fail_msg("%s %s: %d %d %d, %d %d %d", rows[i].model, rows[i].pre, def.bos, def.eos,
                     def.unk, def.add_bos, def.add_eos, def.add_space_prefix);
        made_done(&m);
    }
}

static void a_character_map_comes_with_the_vocabulary(void **state)
{
    static const uint8_t map[] = {4, 0, 0, 0, 0, 0, 0, 0, 0};
    static const char *const tokens[] = {"a", "b", "c"};
    struct made m;
    struct net net;
    struct ref_piece pieces[3];
    struct ref_vocab_def def;
    (void)state;
    net_init(&net, &shape);
    made_empty(&m, &net);
    made_text(&m, "tokenizer.ggml.model", "t5");
    made_texts(&m, "tokenizer.ggml.tokens", tokens, 3);
    made_count(&m, "tokenizer.ggml.remove_extra_whitespaces", 1);
    m.kv[m.n_kv++] =
        (struct ref_gguf_kv_model){.key = REF_GGUF_TEXT("tokenizer.ggml.precompiled_charsmap"),
                                   .type = REF_GGUF_ARRAY,
                                   .elem = REF_GGUF_U8,
                                   .n = sizeof map,
                                   .data = map};
    made_file(&m);
    assert_int_equal(ref_gguf_vocab(&m.file, pieces, NULL, &def, NULL), OK);
    assert_int_equal(def.charsmap_bytes, sizeof map);
    assert_memory_equal(def.charsmap, map, sizeof map);
    assert_true(def.merge_spaces);
    made_done(&m);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_loss_is_the_trainers),
        cmocka_unit_test(one_token_at_a_time_gives_the_same_logits),
        cmocka_unit_test(sequences_of_one_batch_do_not_see_each_other),
        cmocka_unit_test(fewer_bits_cost_little),
        cmocka_unit_test(an_output_matrix_of_its_own_is_used),
        cmocka_unit_test(a_cache_in_q8_0_costs_little),
        cmocka_unit_test(experts_are_chosen_and_weighed_by_their_router),
        cmocka_unit_test(qwen2_has_other_pairs_and_biases),
        cmocka_unit_test(every_rung_gives_nearly_the_same),
        cmocka_unit_test(a_batch_that_cannot_be_is_refused_and_changes_nothing),
        cmocka_unit_test(what_the_file_lacks_is_named),
        cmocka_unit_test(counts_that_cannot_be_are_refused),
        cmocka_unit_test(a_vocabulary_that_cannot_be_is_named),
        cmocka_unit_test(what_a_vocabulary_leaves_out_depends_on_its_kind),
        cmocka_unit_test(a_character_map_comes_with_the_vocabulary),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

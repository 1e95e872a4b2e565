#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "reference/model/adapter.h"
#include "reference/model/forward.h"
#include "reference/model/made_model.h"
#include "reference/model/train/rng.h"
#include "reference/quant/quant.h"

enum { VOCAB = 48, DIM = 32, FF = 64, LAYERS = 2, HEADS = 4, KV_HEADS = 2, TOKENS = 9, RANK = 3 };

static const struct net_shape shape = {VOCAB, DIM, FF, LAYERS, HEADS, KV_HEADS, 16, 100, 1e-5f};

/* ---- a model and its adapters ---- */

struct setup {
    struct arena a;
    struct net net;
    struct made base, file[2];
    struct ref_adapter_layer layer[2][LAYERS];
    struct ref_adapter adapter[2];
};

static void add_half(struct made *m, const char *matrix, const char *half, size_t in, size_t out,
                     struct rng *rng)
{
    float *w = arena_array(&m->a, in * out, sizeof *w);
    assert_non_null(w);
    for (size_t i = 0; i < in * out; i++)
        w[i] = ((float)rng_below(rng, 2001) - 1000) / 5000;
    made_tensor(m, arena_printf(&m->a, "%s.weight.lora_%s", matrix, half), REF_F32, w, in, out, 1);
}

static void add_pair(struct made *m, const char *matrix, size_t in, size_t out, struct rng *rng)
{
    add_half(m, matrix, "a", in, RANK, rng);
    add_half(m, matrix, "b", RANK, out, rng);
}

static void begin_adapter(struct made *m, const struct net *net)
{
    made_empty(m, net);
    made_text(m, "general.type", "adapter");
    made_text(m, "adapter.type", "lora");
    made_number(m, "adapter.lora.alpha", 6);
}

/* Pairs for all that has one. */
static void make_adapter(struct made *m, const struct net *net, uint64_t seed)
{
    const size_t kv = DIM / HEADS * KV_HEADS;
    struct rng rng = {seed};
    begin_adapter(m, net);
    add_half(m, "token_embd", "a", RANK, VOCAB, &rng);
    add_half(m, "token_embd", "b", RANK, DIM, &rng);
    for (int l = 0; l < LAYERS; l++) {
        const struct {
            const char *name;
            size_t in, out;
        } parts[] = {{"attn_q", DIM, DIM},      {"attn_k", DIM, kv},   {"attn_v", DIM, kv},
                     {"attn_output", DIM, DIM}, {"ffn_gate", DIM, FF}, {"ffn_up", DIM, FF},
                     {"ffn_down", FF, DIM}};
        for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++)
            add_pair(m, arena_printf(&m->a, "blk.%d.%s", l, parts[i].name), parts[i].in,
                     parts[i].out, &rng);
    }
    made_file(m);
}

static void open_setup(struct setup *c)
{
    struct err why;
    net_init(&c->net, &shape);
    arena_init(&c->a, 16 << 20);
    made_llama(&c->base, &c->net, made_weights(&c->a, &c->net, 8), REF_F32);
    for (size_t i = 0; i < 2; i++) {
        make_adapter(&c->file[i], &c->net, 20 + i);
        if (ref_adapter_open(&c->file[i].file, &c->base.model, i == 0 ? 0.5f : -0.25f, c->layer[i],
                             &c->adapter[i], &why) != OK)
            fail_msg("%s", why.text);
    }
}

static void close_setup(struct setup *c)
{
    made_done(&c->base);
    made_done(&c->file[0]);
    made_done(&c->file[1]);
    arena_done(&c->a);
}

/* ---- the other way: weights that hold the change ---- */

static void merge_part(struct arena *a, struct ref_matrix *w, const struct ref_lora *l)
{
    struct err why;
    uint8_t *rows = arena_alloc(a, w->out * w->row_bytes);
    void *scratch = arena_alloc(a, ref_lora_merge_scratch(l));
    if (ref_lora_merge(l, w, scratch, rows, &why) != OK)
        fail_msg("%s", why.text);
    w->rows = rows;
}

/* The embedding is the output matrix too; only the rows that are looked up change. */
static void merge_embed(struct arena *a, struct ref_model *m, const struct ref_lora *l)
{
    int32_t ids[VOCAB];
    struct err why;
    float *rows = arena_alloc(a, VOCAB * m->embed.row_bytes);
    float *scratch = arena_array(a, ref_lora_scratch(l), sizeof *scratch);
    memcpy(rows, m->embed.rows, VOCAB * m->embed.row_bytes);
    for (int32_t i = 0; i < VOCAB; i++)
        ids[i] = i;
    assert_int_equal(
        ref_lora_embed(l, ref_quant_kernels_for(REF_ISA_SCALAR), ids, VOCAB, scratch, rows, &why),
        OK);
    m->embed.rows = (const uint8_t *)rows;
}

static void merge(struct setup *c, const struct ref_adapter *adapter, struct ref_model *m)
{
    struct ref_layer *layer = arena_array(&c->a, LAYERS, sizeof *layer);
    memcpy(layer, m->layer, LAYERS * sizeof *layer);
    m->layer = layer;
    for (int l = 0; l < LAYERS; l++) {
        struct ref_matrix *const parts[] = {
            [REF_ADAPTER_Q] = &layer[l].q,       [REF_ADAPTER_K] = &layer[l].k,
            [REF_ADAPTER_V] = &layer[l].v,       [REF_ADAPTER_O] = &layer[l].o,
            [REF_ADAPTER_GATE] = &layer[l].gate, [REF_ADAPTER_UP] = &layer[l].up,
            [REF_ADAPTER_DOWN] = &layer[l].down};
        for (int i = 0; i <= REF_ADAPTER_DOWN; i++)
            merge_part(&c->a, parts[i], &adapter->layer[l].part[i]);
    }
    merge_embed(&c->a, m, &adapter->embed);
}

static void logits_of(struct setup *c, const struct ref_model *m, float *ret)
{
    static struct ref_kv_cell cells[TOKENS];
    static uint8_t k[LAYERS * TOKENS * DIM * 4], v[sizeof k];
    struct ref_kv_token where[TOKENS];
    int32_t ids[TOKENS];
    struct ref_cache cache;
    struct err why;
    for (int i = 0; i < TOKENS; i++) {
        ids[i] = (7 * i + 3) % VOCAB;
        where[i] = (struct ref_kv_token){i, 1};
    }
    const struct ref_batch batch = {TOKENS, ids, where, NULL};
    assert_int_equal(ref_cache_init(&cache, m, REF_F32, REF_F32, cells, TOKENS, k, v, &why), OK);
    const size_t bytes = ref_forward_scratch(m, &cache, TOKENS);
    uint8_t *scratch = arena_alloc(&c->a, bytes + 64);
    scratch += -(uintptr_t)scratch % 64;
    if (ref_forward(m, ref_quant_kernels_for(REF_ISA_SCALAR), &cache, &batch, scratch, bytes, ret,
                    NULL, &why) != OK)
        fail_msg("%s", why.text);
}

static double distance(const float *a, const float *b)
{
    double worst = 0;
    for (size_t i = 0; i < VOCAB; i++)
        worst = fmax(worst, fabs((double)a[i] - (double)b[i]));
    return worst;
}

/* ---- facts ---- */

static void an_adapter_gives_the_logits_of_merged_weights(void **state)
{
    static struct setup c;
    float base[VOCAB], applied[VOCAB], merged[VOCAB];
    (void)state;
    open_setup(&c);
    logits_of(&c, &c.base.model, base);
    struct ref_model tuned = c.base.model, other = c.base.model;
    for (size_t n = 1; n <= 2; n++) {
        tuned.adapter = c.adapter;
        tuned.n_adapters = n;
        merge(&c, &c.adapter[n - 1], &other);
        logits_of(&c, &tuned, applied);
        logits_of(&c, &other, merged);
        if (!(distance(applied, merged) < 1e-4) || !(distance(applied, base) > 0.05))
            fail_msg("%zu adapters: %g from the merged model, %g from the base", n,
                     distance(applied, merged), distance(applied, base));
    }
    close_setup(&c);
}

static void a_base_serves_with_and_without_its_adapter(void **state)
{
    static struct setup c;
    float before[VOCAB], applied[VOCAB], after[VOCAB];
    (void)state;
    open_setup(&c);
    logits_of(&c, &c.base.model, before);
    struct ref_model tuned = c.base.model;
    tuned.adapter = c.adapter;
    tuned.n_adapters = 1;
    logits_of(&c, &tuned, applied);
    logits_of(&c, &c.base.model, after);
    assert_memory_equal(before, after, sizeof before);
    close_setup(&c);
}

static void an_output_matrix_of_its_own_has_a_pair(void **state)
{
    static struct setup c;
    struct made tuned_file;
    struct rng rng = {3};
    struct err why;
    struct ref_adapter_layer layer[LAYERS];
    struct ref_adapter adapter;
    float applied[VOCAB], merged[VOCAB];
    (void)state;
    open_setup(&c);
    struct ref_model tuned = c.base.model;
    merge_part(&c.a, &tuned.output,
               &(struct ref_lora){.a = c.adapter[0].layer[0].part[0].a,
                                  .b = {.in = RANK,
                                        .out = VOCAB,
                                        .type = REF_F32,
                                        .row_bytes = RANK * sizeof(float),
                                        .rows = c.adapter[0].embed.a.rows},
                                  .scale = 1});
    begin_adapter(&tuned_file, &c.net);
    add_pair(&tuned_file, "output", DIM, VOCAB, &rng);
    made_file(&tuned_file);
    assert_int_equal(ref_adapter_open(&tuned_file.file, &tuned, 1, layer, &adapter, &why), OK);
    struct ref_model other = tuned;
    merge_part(&c.a, &other.output, &adapter.output);
    tuned.adapter = &adapter;
    tuned.n_adapters = 1;
    logits_of(&c, &tuned, applied);
    logits_of(&c, &other, merged);
    assert_true(distance(applied, merged) < 1e-4);
    made_done(&tuned_file);
    close_setup(&c);
}

static void what_an_adapter_must_not_hold_is_named(void **state)
{
    static const struct {
        const char *matrix, *key;
        enum err_code code;
        const char *says;
    } rows[] = {
        {"blk.2.attn_q", NULL, ERR_UNSUPPORTED, "blk.2.attn_q.weight.lora_a is no half"},
        {"blk.00.attn_q", NULL, ERR_UNSUPPORTED, "blk.00.attn_q"},
        {"blk.0.attn_norm", NULL, ERR_UNSUPPORTED, "blk.0.attn_norm"},
        {"blk.0.ffn_gate_inp", NULL, ERR_UNSUPPORTED, "ffn_gate_inp"},
        {"output", NULL, ERR_UNSUPPORTED, "output.weight.lora_a"},
        {"blk.1.ffn_down", NULL, ERR_INVALID, "do not fit a matrix of 64 x 32"},
        {"blk.0.attn_q", "adapter.alora.invocation_tokens", ERR_UNSUPPORTED, "alora"},
        {NULL, NULL, ERR_NOT_FOUND, "no pairs"},
    };
    static struct setup c;
    (void)state;
    open_setup(&c);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct made m;
        struct rng rng = {1};
        struct err why = {.text = ""};
        struct ref_adapter_layer layer[LAYERS];
        struct ref_adapter adapter;
        begin_adapter(&m, &c.net);
        if (rows[i].key != NULL)
            made_count(&m, rows[i].key, 1);
        if (rows[i].matrix != NULL)
            add_pair(&m, rows[i].matrix, DIM, DIM, &rng);
        made_file(&m);
        const enum err_code rc = ref_adapter_open(&m.file, &c.base.model, 1, layer, &adapter, &why);
        if (rc != rows[i].code || strstr(why.text, rows[i].says) == NULL)
            fail_msg("row %zu: code %d, '%s'", i, rc, why.text);
        made_done(&m);
    }
    close_setup(&c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_adapter_gives_the_logits_of_merged_weights),
        cmocka_unit_test(a_base_serves_with_and_without_its_adapter),
        cmocka_unit_test(an_output_matrix_of_its_own_has_a_pair),
        cmocka_unit_test(what_an_adapter_must_not_hold_is_named),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

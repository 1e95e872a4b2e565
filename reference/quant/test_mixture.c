#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "reference/quant/mixture.h"
#include "reference/quant/quant.h"

enum { TENSORS_MAX = 800, NAME_MAX_BYTES = 40, TYPES = 40 };

/* The tensors of a model of the LLaMA architecture, in llama.cpp's order. */
struct tensors {
    char text[TENSORS_MAX][NAME_MAX_BYTES];
    const char *names[TENSORS_MAX];
    size_t n;
};

static void add(struct tensors *t, const char *name, int layer)
{
    if (layer >= 0)
        snprintf(t->text[t->n], NAME_MAX_BYTES, "blk.%d.%s", layer, name);
    else
        snprintf(t->text[t->n], NAME_MAX_BYTES, "%s", name);
    t->names[t->n] = t->text[t->n];
    t->n++;
}

static void list(struct tensors *t, int layers, bool tied, bool experts)
{
    static const char *const dense[] = {"ffn_down.weight", "ffn_gate.weight", "ffn_norm.weight",
                                        "ffn_up.weight"};
    static const char *const mixed[] = {"ffn_down_exps.weight", "ffn_gate_exps.weight",
                                        "ffn_gate_inp.weight", "ffn_norm.weight",
                                        "ffn_up_exps.weight"};
    static const char *const attention[] = {"attn_k.weight", "attn_norm.weight",
                                            "attn_output.weight", "attn_q.weight", "attn_v.weight"};
    t->n = 0;
    if (!tied)
        add(t, "output.weight", -1);
    add(t, "output_norm.weight", -1);
    add(t, "token_embd.weight", -1);
    for (int l = 0; l < layers; l++) {
        for (int i = 0; i < 5; i++)
            add(t, attention[i], l);
        for (int i = 0; i < (experts ? 5 : 4); i++)
            add(t, experts ? mixed[i] : dense[i], l);
    }
}

static uint32_t dims_of(const char *name)
{
    return strstr(name, "_norm") ? 1 : strstr(name, "_exps") ? 3 : 2;
}

static void walk(const struct tensors *t, uint32_t file_type, const struct ref_mixture_model *model,
                 uint64_t columns, uint32_t ret_types[TENSORS_MAX])
{
    struct ref_mixture m;
    struct err why;
    if (ref_mixture_init(&m, file_type, model, t->names, t->n, &why) != OK)
        fail_msg("%s", why.text);
    for (size_t i = 0; i < t->n; i++) {
        const struct ref_mixture_tensor tensor = {t->names[i], dims_of(t->names[i]), columns,
                                                  REF_F32};
        if (ref_mixture_next(&m, &tensor, &ret_types[i], &why) != OK)
            fail_msg("%s: %s", t->names[i], why.text);
    }
}

static uint32_t type_named(const struct tensors *t, const uint32_t *types, const char *name)
{
    for (size_t i = 0; i < t->n; i++)
        if (strcmp(t->names[i], name) == 0)
            return types[i];
    fail_msg("no tensor %s", name);
    return 0;
}

static const struct ref_mixture_model llama_7b = {.layers = 32, .heads = 32, .kv_heads = 32};

/* How many tensors of each type a 7B model of 32 layers has; for Q4_K_M, Q5_K_M, Q4_K_S and Q3_K_M
 * as the loader counts them in published files of Llama 2 7B. */
static void a_model_of_7b_has_the_known_numbers_of_each_type(void **state)
{
    static const struct {
        uint32_t file_type;
        struct {
            uint32_t type, n;
        } counts[4];
    } table[] = {
        {REF_FILE_F16, {{REF_F16, 226}}},
        {REF_FILE_Q8_0, {{REF_Q8_0, 226}}},
        {REF_FILE_Q4_0, {{REF_Q4_0, 225}, {REF_Q6_K, 1}}},
        {REF_FILE_Q4_K_M, {{REF_Q4_K, 193}, {REF_Q6_K, 33}}},
        {REF_FILE_Q5_K_M, {{REF_Q5_K, 193}, {REF_Q6_K, 33}}},
        {REF_FILE_Q4_K_S, {{REF_Q4_K, 217}, {REF_Q5_K, 8}, {REF_Q6_K, 1}}},
        {REF_FILE_Q5_K_S, {{REF_Q5_K, 225}, {REF_Q6_K, 1}}},
        {REF_FILE_Q3_K_S, {{REF_Q3_K, 225}, {REF_Q6_K, 1}}},
        {REF_FILE_Q3_K_M, {{REF_Q3_K, 129}, {REF_Q4_K, 92}, {REF_Q5_K, 4}, {REF_Q6_K, 1}}},
        {REF_FILE_Q3_K_L, {{REF_Q3_K, 129}, {REF_Q5_K, 96}, {REF_Q6_K, 1}}},
        {REF_FILE_Q2_K, {{REF_Q2_K, 129}, {REF_Q3_K, 96}, {REF_Q6_K, 1}}},
        {REF_FILE_Q2_K_S, {{REF_Q2_K, 221}, {REF_Q4_K, 4}, {REF_Q6_K, 1}}},
        {REF_FILE_Q6_K, {{REF_Q6_K, 226}}},
        {REF_FILE_IQ4_XS, {{REF_IQ4_XS, 221}, {REF_Q5_K, 4}, {REF_Q6_K, 1}}},
        {REF_FILE_TQ1_0, {{REF_TQ1_0, 224}, {REF_Q4_K, 1}, {REF_Q6_K, 1}}},
    };
    static struct tensors t;
    static uint32_t types[TENSORS_MAX];
    (void)state;
    list(&t, 32, false, false);
    for (size_t f = 0; f < sizeof table / sizeof table[0]; f++) {
        uint32_t counts[TYPES] = {0};
        walk(&t, table[f].file_type, &llama_7b, 4096, types);
        for (size_t i = 0; i < t.n; i++)
            counts[types[i]]++;
        assert_int_equal(counts[REF_F32], 65); /* the norms */
        for (int c = 0; c < 4 && table[f].counts[c].n > 0; c++)
            if (counts[table[f].counts[c].type] != table[f].counts[c].n)
                fail_msg("%s has %u tensors of %s, not %u", ref_file_type_name(table[f].file_type),
                         counts[table[f].counts[c].type],
                         ref_quant_find(table[f].counts[c].type)->name, table[f].counts[c].n);
    }
}

static void q4_k_m_gives_more_bits_to_the_ends_and_every_third_layer(void **state)
{
    static struct tensors t;
    static uint32_t types[TENSORS_MAX];
    (void)state;
    list(&t, 32, false, false);
    walk(&t, REF_FILE_Q4_K_M, &llama_7b, 4096, types);
    for (int l = 0; l < 32; l++) {
        const bool more = l < 4 || l >= 28 || (l % 3 == 0 && l >= 6);
        char name[NAME_MAX_BYTES];
        snprintf(name, sizeof name, "blk.%d.attn_v.weight", l);
        assert_int_equal(type_named(&t, types, name), more ? REF_Q6_K : REF_Q4_K);
        snprintf(name, sizeof name, "blk.%d.ffn_down.weight", l);
        assert_int_equal(type_named(&t, types, name), more ? REF_Q6_K : REF_Q4_K);
        snprintf(name, sizeof name, "blk.%d.ffn_up.weight", l);
        assert_int_equal(type_named(&t, types, name), REF_Q4_K);
    }
}

static void tied_embeddings_are_the_output(void **state)
{
    static struct tensors t;
    static uint32_t types[TENSORS_MAX];
    (void)state;
    list(&t, 2, true, false);
    walk(&t, REF_FILE_Q4_0, &llama_7b, 4096, types);
    assert_int_equal(type_named(&t, types, "token_embd.weight"), REF_Q6_K);
    list(&t, 2, false, false);
    walk(&t, REF_FILE_Q4_0, &llama_7b, 4096, types);
    assert_int_equal(type_named(&t, types, "token_embd.weight"), REF_Q4_0);
}

static void rows_that_do_not_fill_256_fall_back(void **state)
{
    static const struct {
        uint32_t file_type;
        uint64_t columns;
        uint32_t attn_q, output;
    } table[] = {
        {REF_FILE_Q4_K_S, 96, REF_Q5_0, REF_Q8_0},   {REF_FILE_Q5_K_S, 96, REF_Q5_1, REF_Q8_0},
        {REF_FILE_Q6_K, 96, REF_Q8_0, REF_Q8_0},     {REF_FILE_Q3_K_S, 96, REF_Q4_0, REF_Q8_0},
        {REF_FILE_IQ4_XS, 96, REF_IQ4_NL, REF_Q8_0}, {REF_FILE_Q4_K_S, 40, REF_F16, REF_F16},
        {REF_FILE_Q4_0, 96, REF_Q4_0, REF_Q8_0},     {REF_FILE_TQ2_0, 96, REF_Q4_0, REF_Q8_0},
    };
    static struct tensors t;
    static uint32_t types[TENSORS_MAX];
    (void)state;
    list(&t, 1, false, false);
    for (size_t f = 0; f < sizeof table / sizeof table[0]; f++) {
        walk(&t, table[f].file_type, &llama_7b, table[f].columns, types);
        assert_int_equal(type_named(&t, types, "blk.0.attn_q.weight"), table[f].attn_q);
        assert_int_equal(type_named(&t, types, "output.weight"), table[f].output);
    }
}

static void eight_experts_get_q8_0_for_keys_and_values(void **state)
{
    static const struct ref_mixture_model mixtral = {
        .layers = 32, .experts = 8, .heads = 32, .kv_heads = 8};
    static struct tensors t;
    static uint32_t types[TENSORS_MAX];
    (void)state;
    list(&t, 32, false, true);
    walk(&t, REF_FILE_Q4_K_M, &mixtral, 4096, types);
    assert_int_equal(type_named(&t, types, "blk.9.attn_v.weight"), REF_Q8_0);
    assert_int_equal(type_named(&t, types, "blk.9.attn_k.weight"), REF_Q8_0);
    assert_int_equal(type_named(&t, types, "blk.9.attn_output.weight"), REF_Q5_K);
    assert_int_equal(type_named(&t, types, "blk.9.ffn_down_exps.weight"), REF_Q6_K);
    assert_int_equal(type_named(&t, types, "blk.10.ffn_down_exps.weight"), REF_Q4_K);
    assert_int_equal(type_named(&t, types, "blk.9.ffn_gate_inp.weight"), REF_F32);
    walk(&t, REF_FILE_MXFP4_MOE, &mixtral, 4096, types);
    assert_int_equal(type_named(&t, types, "blk.9.ffn_up_exps.weight"), REF_MXFP4);
    assert_int_equal(type_named(&t, types, "blk.9.attn_q.weight"), REF_Q8_0);
    assert_int_equal(type_named(&t, types, "output.weight"), REF_Q8_0);
}

static void few_key_heads_and_the_70b_raise_attn_v(void **state)
{
    static const struct ref_mixture_model grouped = {.layers = 32, .heads = 32, .kv_heads = 8};
    static const struct ref_mixture_model big = {.layers = 80, .heads = 64, .kv_heads = 8};
    static struct tensors t;
    static uint32_t types[TENSORS_MAX];
    (void)state;
    list(&t, 32, false, false);
    walk(&t, REF_FILE_Q2_K, &grouped, 4096, types);
    assert_int_equal(type_named(&t, types, "blk.9.attn_v.weight"), REF_Q4_K);
    walk(&t, REF_FILE_IQ4_XS, &grouped, 4096, types);
    assert_int_equal(type_named(&t, types, "blk.9.attn_v.weight"), REF_Q5_K);
    list(&t, 80, false, false);
    walk(&t, REF_FILE_Q3_K_S, &big, 8192, types);
    assert_int_equal(type_named(&t, types, "blk.9.attn_v.weight"), REF_Q5_K);
    walk(&t, REF_FILE_Q4_K_M, &big, 8192, types);
    assert_int_equal(type_named(&t, types, "blk.11.attn_v.weight"), REF_Q5_K);
    assert_int_equal(type_named(&t, types, "blk.12.attn_v.weight"), REF_Q6_K);
}

static void importance_guards_the_first_ffn_down(void **state)
{
    struct ref_mixture_model model = llama_7b;
    static struct tensors t;
    static uint32_t types[TENSORS_MAX];
    (void)state;
    list(&t, 32, false, false);
    model.importance = true;
    walk(&t, REF_FILE_Q4_0, &model, 4096, types);
    assert_int_equal(type_named(&t, types, "blk.3.ffn_down.weight"), REF_Q4_1);
    assert_int_equal(type_named(&t, types, "blk.4.ffn_down.weight"), REF_Q4_0);
    walk(&t, REF_FILE_IQ4_NL, &model, 4096, types);
    assert_int_equal(type_named(&t, types, "blk.0.ffn_down.weight"), REF_IQ4_NL);
}

static void names_decide_what_is_left_alone(void **state)
{
    static const struct {
        const char *name;
        uint32_t dims;
        bool alone;
    } table[] = {
        {"blk.0.attn_q.weight", 2, false},
        {"blk.0.attn_q.weight", 1, true},
        {"blk.0.attn_q.bias", 2, true},
        {"blk.0.attn_q_norm.weight", 2, true},
        {"blk.0.ssm_conv1d.weight", 2, true},
        {"position_embd.weight", 2, true},
        {"x", 2, true},
        {"", 2, true},
        {"weight", 2, false},
        {"blk.0.ffn_gate_inp.weight", 2, true},
    };
    (void)state;
    struct ref_mixture m;
    assert_int_equal(ref_mixture_init(&m, REF_FILE_Q4_0, &llama_7b, NULL, 0, NULL), OK);
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        const struct ref_mixture_tensor tensor = {table[i].name, table[i].dims, 4096, 77};
        uint32_t type = 0;
        assert_int_equal(ref_mixture_next(&m, &tensor, &type, NULL), OK);
        if ((type == 77) != table[i].alone)
            fail_msg("%s of %u dimensions became type %u", table[i].name, table[i].dims, type);
    }
}

static void file_types_have_names(void **state)
{
    uint32_t value = 99;
    (void)state;
    assert_string_equal(ref_file_type_name(15), "Q4_K_M");
    assert_null(ref_file_type_name(4));
    assert_true(ref_file_type_named("IQ4_XS", &value) && value == 30);
    assert_false(ref_file_type_named("Q4_K", &value));
    assert_int_equal(value, 30);
}

static void what_is_no_model_is_refused(void **state)
{
    static const char *const bad[] = {"ffn_down_exps.weight", "blk.32.ffn_up_exps.weight",
                                      "blk.-1.ffn_up_exps.weight", "blk..ffn_gate_exps.weight",
                                      "blk.99999999999999999999.ffn_down.weight"};
    struct ref_mixture_model model = llama_7b;
    struct ref_mixture m;
    (void)state;
    assert_int_equal(ref_mixture_init(&m, 4, &model, NULL, 0, NULL), ERR_UNSUPPORTED);
    model.experts = 8;
    assert_int_equal(ref_mixture_init(&m, REF_FILE_Q4_K_M, &model, NULL, 0, NULL), OK);
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        const struct ref_mixture_tensor tensor = {bad[i], 3, 256, REF_F32};
        uint32_t type = 99;
        assert_int_equal(ref_mixture_next(&m, &tensor, &type, NULL), ERR_RANGE);
        assert_int_equal(type, 99);
    }
    model.layers = 0;
    assert_int_equal(ref_mixture_init(&m, REF_FILE_Q4_K_M, &model, NULL, 0, NULL), ERR_RANGE);
    model.layers = 1;
    model.kv_heads = 0;
    assert_int_equal(ref_mixture_init(&m, REF_FILE_Q4_K_M, &model, NULL, 0, NULL), ERR_RANGE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_model_of_7b_has_the_known_numbers_of_each_type),
        cmocka_unit_test(q4_k_m_gives_more_bits_to_the_ends_and_every_third_layer),
        cmocka_unit_test(tied_embeddings_are_the_output),
        cmocka_unit_test(rows_that_do_not_fill_256_fall_back),
        cmocka_unit_test(eight_experts_get_q8_0_for_keys_and_values),
        cmocka_unit_test(few_key_heads_and_the_70b_raise_attn_v),
        cmocka_unit_test(importance_guards_the_first_ffn_down),
        cmocka_unit_test(names_decide_what_is_left_alone),
        cmocka_unit_test(file_types_have_names),
        cmocka_unit_test(what_is_no_model_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

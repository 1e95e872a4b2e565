#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "reference/sample/chain.h"

enum { VOCAB = 50, HISTORY = 64, TOKENS = 2000 };

/* A toy model: logits that depend on the last token and its place. */
static void toy_logits(int32_t last, int at, float *ret)
{
    uint32_t x = (uint32_t)last * 2654435761u + (uint32_t)at * 40503u + 1;
    for (int i = 0; i < VOCAB; i++) {
        x ^= x << 13;
        x ^= x >> 17;
        x ^= x << 5;
        ret[i] = (float)(x % 1024) / 128;
    }
}

static void run(struct ref_chain *c, int32_t *ret, int n)
{
    float logits[VOCAB];
    struct ref_candidate data[VOCAB];
    int32_t scratch[REF_DRY_SCRATCH(HISTORY)], last = 0;
    assert_true(ref_chain_scratch(c) <= REF_DRY_SCRATCH(HISTORY));
    for (int i = 0; i < n; i++) {
        toy_logits(last, i, logits);
        last = ret[i] = ref_chain_sample(c, logits, VOCAB, data, scratch);
    }
}

static struct ref_chain open_chain(const struct ref_chain_params *p, int32_t *history)
{
    struct ref_chain c;
    struct err why;
    if (ref_chain_init(&c, p, 7, history, HISTORY, &why) != OK)
        fail_msg("%s", why.text);
    return c;
}

/* The steps one by one, with a history of all tokens. */
static void the_default_order_is_that_of_llama_cpp(void **state)
{
    (void)state;
    struct ref_chain_params p = ref_chain_defaults();
    int32_t history[2 * HISTORY], got[TOKENS], want[TOKENS + 1], scratch[REF_DRY_SCRATCH(HISTORY)];
    struct ref_random draw, xtc;
    p.penalty_last_n = 16;
    p.repeat = 1.1f;
    p.freq = 0.05f;
    p.present = 0.1f;
    p.dry.multiplier = 0.8f;
    p.dry_last_n = -1;
    p.top_n_sigma = 2;
    p.typical = 0.97f;
    p.xtc_probability = 0.3f;
    struct ref_chain c = open_chain(&p, history);
    run(&c, got, TOKENS);
    ref_random_init(&draw, REF_RANDOM_COURSE, 7);
    ref_random_init(&xtc, REF_RANDOM_COURSE, 7);
    for (int i = 0; i < TOKENS; i++) {
        float logits[VOCAB];
        struct ref_candidate data[VOCAB];
        toy_logits(i == 0 ? 0 : want[i - 1], i, logits);
        struct ref_candidates cand = ref_candidates_from(logits, VOCAB, data);
        const int n_pen = i < 16 ? i : 16, n_dry = i < HISTORY ? i : HISTORY;
        ref_sample_penalties(&cand, want + i - n_pen, (size_t)n_pen, 1.1f, 0.05f, 0.1f, scratch);
        ref_sample_dry(&cand, want + i - n_dry, (size_t)n_dry, &p.dry, scratch);
        ref_sample_top_n_sigma(&cand, 2);
        ref_sample_top_k(&cand, 40);
        ref_sample_typical(&cand, 0.97f, 0);
        ref_sample_top_p(&cand, 0.95f, 0);
        ref_sample_min_p(&cand, 0.05f, 0);
        ref_sample_xtc(&cand, 0.3f, 0.1f, 0, &xtc);
        ref_sample_temp(&cand, 0.8f);
        ref_sample_dist(&cand, &draw);
        want[i] = cand.data[cand.selected].id;
    }
    assert_memory_equal(got, want, sizeof got);
}

static void temperature_comes_after_truncation(void **state)
{
    (void)state;
    struct ref_chain_params p = ref_chain_defaults();
    int32_t history[2 * HISTORY], scratch[REF_DRY_SCRATCH(HISTORY)];
    struct ref_candidate data[3];
    p.top_p = 0.6f;
    p.min_p = 0;
    p.temp = 100;
    struct ref_chain c = open_chain(&p, history);
    const float logits[] = {logf(0.7f), logf(0.2f), logf(0.1f)};
    struct ref_candidates cand = ref_candidates_from(logits, 3, data);
    ref_chain_apply(&c, &cand, scratch);
    assert_int_equal(cand.size, 1); /* tempered first, two would be needed for .6 */
}

static void mirostat_skips_all_but_temperature(void **state)
{
    (void)state;
    struct ref_chain_params p = ref_chain_defaults();
    int32_t history[2 * HISTORY], got[300], want[300];
    for (int32_t version = 1; version <= 2; version++) {
        float mu = 10;
        struct ref_random r;
        p.mirostat = version;
        p.top_k = 1;
        p.repeat = 2;
        struct ref_chain c = open_chain(&p, history);
        run(&c, got, 300);
        ref_random_init(&r, REF_RANDOM_COURSE, 7);
        for (int i = 0; i < 300; i++) {
            float logits[VOCAB];
            struct ref_candidate data[VOCAB];
            toy_logits(i == 0 ? 0 : want[i - 1], i, logits);
            struct ref_candidates cand = ref_candidates_from(logits, VOCAB, data);
            ref_sample_temp(&cand, 0.8f);
            if (version == 1)
                ref_sample_mirostat(&cand, &r, 5, 0.1f, 100, VOCAB, &mu);
            else
                ref_sample_mirostat2(&cand, &r, 5, 0.1f, &mu);
            want[i] = cand.data[cand.selected].id;
        }
        assert_memory_equal(got, want, sizeof got);
        assert_true(c.mu == mu);
    }
}

static void reset_repeats_and_a_copy_goes_its_own_way(void **state)
{
    (void)state;
    struct ref_chain_params p = ref_chain_defaults();
    int32_t history[2 * HISTORY], other[2 * HISTORY], first[100], second[100];
    p.repeat = 1.3f;
    p.random = REF_RANDOM_LLAMA;
    struct ref_chain c = open_chain(&p, history);
    run(&c, first, 100);
    struct ref_chain clone = c;
    memcpy(other, history, sizeof other);
    clone.history = other;
    run(&c, first, 100);
    run(&clone, second, 100);
    assert_memory_equal(first, second, sizeof first);
    ref_chain_reset(&c);
    ref_chain_reset(&clone);
    run(&c, first, 100);
    run(&clone, second, 100);
    assert_memory_equal(first, second, sizeof first);
}

static void bad_parameters_are_refused(void **state)
{
    (void)state;
    int32_t history[2 * HISTORY];
    struct ref_chain c;
    struct ref_chain_params p = ref_chain_defaults();
    p.top_p = NAN;
    assert_int_equal(ref_chain_init(&c, &p, 1, history, HISTORY, NULL), ERR_RANGE);
    p = ref_chain_defaults();
    p.step[2] = (enum ref_chain_step)77;
    assert_int_equal(ref_chain_init(&c, &p, 1, history, HISTORY, NULL), ERR_RANGE);
    p = ref_chain_defaults();
    p.penalty_last_n = HISTORY + 1;
    assert_int_equal(ref_chain_init(&c, &p, 1, history, HISTORY, NULL), ERR_TOO_LARGE);
    p = ref_chain_defaults();
    p.mirostat = 3;
    assert_int_equal(ref_chain_init(&c, &p, 1, history, HISTORY, NULL), ERR_RANGE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_default_order_is_that_of_llama_cpp),
        cmocka_unit_test(temperature_comes_after_truncation),
        cmocka_unit_test(mirostat_skips_all_but_temperature),
        cmocka_unit_test(reset_repeats_and_a_copy_goes_its_own_way),
        cmocka_unit_test(bad_parameters_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

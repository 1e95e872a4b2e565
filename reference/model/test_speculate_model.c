/* Speculative decoding where both sides are models with caches of their own. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "reference/model/forward.h"
#include "reference/model/made_model.h"
#include "reference/model/speculate.h"
#include "reference/model/train/rng.h"
#include "reference/quant/quant.h"
#include "reference/tensor/norm.h"

enum { VOCAB = 6, DIM = 32, FF = 32, CONTEXT = 128, LAYERS = 2, BATCH = 8, K_MAX = 5 };

static const struct net_shape large = {VOCAB, DIM, FF, LAYERS, 2, 1, CONTEXT, 100, 1e-5f};
static const struct net_shape small = {VOCAB, DIM, FF, 1, 1, 1, CONTEXT, 100, 1e-5f};

/* ---- a model that is being asked ---- */

struct speaker {
    struct made m;
    struct ref_cache cache;
    struct ref_kv_cell cells[CONTEXT];
    float temperature; /* 0: rows are logits */
    uint8_t k[LAYERS * CONTEXT * DIM * 4], v[LAYERS * CONTEXT * DIM * 4];
    _Alignas(64) uint8_t scratch[1 << 18];
};

static void open_speaker(struct speaker *s, const struct net_shape *shape, uint64_t seed,
                         uint32_t type)
{
    static struct arena a;
    struct net net;
    net_init(&net, shape);
    arena_init(&a, 1 << 22);
    made_llama(&s->m, &net, made_weights(&a, &net, seed), type);
    arena_done(&a);
}

static void forget(struct speaker *s)
{
    struct err why;
    if (ref_cache_init(&s->cache, &s->m.model, REF_F32, REF_F32, s->cells, CONTEXT, s->k, s->v,
                       &why) != OK)
        fail_msg("%s", why.text);
}

/* As ref_speculate_fn has it; not more than BATCH tokens at a time. */
static enum err_code say(struct speaker *s, const int32_t *ids, size_t n, size_t pos, size_t rows,
                         float *ret, struct err *why)
{
    struct ref_kv_token where[BATCH];
    uint8_t wanted[BATCH];
    assert_true(n <= BATCH && rows <= n);
    for (size_t i = 0; i < n; i++) {
        where[i] = (struct ref_kv_token){(int32_t)(pos + i), 1};
        wanted[i] = i + rows >= n;
    }
    const struct ref_batch b = {n, ids, where, wanted};
    const enum err_code rc =
        ref_forward(&s->m.model, ref_quant_kernels_for(REF_ISA_SCALAR), &s->cache, &b, s->scratch,
                    sizeof s->scratch, ret, NULL, why);
    for (size_t i = 0; rc == OK && s->temperature > 0 && i < rows; i++)
        ref_softmax(ret + i * VOCAB, ret + i * VOCAB, NULL, VOCAB, 1 / s->temperature);
    return rc;
}

/* ---- two of them ---- */

struct pair {
    struct speaker target, draft;
    struct rng rng;
};

static enum err_code target(void *ctx, const int32_t *ids, size_t n, size_t pos, size_t rows,
                            float *ret, struct err *why)
{
    return say(&((struct pair *)ctx)->target, ids, n, pos, rows, ret, why);
}

static enum err_code draft(void *ctx, const int32_t *ids, size_t n, size_t pos, size_t rows,
                           float *ret, struct err *why)
{
    return say(&((struct pair *)ctx)->draft, ids, n, pos, rows, ret, why);
}

static void keep_target(void *ctx, size_t n)
{
    ref_kv_remove(&((struct pair *)ctx)->target.cache.cells, 0, (int32_t)n, -1);
}

static void keep_draft(void *ctx, size_t n)
{
    ref_kv_remove(&((struct pair *)ctx)->draft.cache.cells, 0, (int32_t)n, -1);
}

static float uniform(void *ctx)
{
    return (float)(rng_next(&((struct pair *)ctx)->rng) >> 40) * 0x1p-24f;
}

static void generate(struct pair *p, size_t k, bool greedy, int32_t *ids, size_t n_prompt,
                     size_t n_predict, struct ref_speculate_stats *stats)
{
    static float scratch[(2 * K_MAX + 1) * VOCAB];
    const struct ref_speculate s = {p,       target, draft, keep_target, keep_draft,
                                    uniform, VOCAB,  k,     -1,          greedy};
    struct err why;
    size_t n = 0;
    assert_true(ref_speculate_scratch(k, VOCAB) <= sizeof scratch / sizeof scratch[0]);
    forget(&p->target);
    forget(&p->draft);
    if (ref_speculate_generate(&s, ids, n_prompt, n_predict, scratch, &n, stats, &why) != OK)
        fail_msg("%s", why.text);
    assert_int_equal(n, n_predict);
}

/* ---- drafts: a copy in fewer bits, and a smaller model that knows nothing of the target ---- */

static const struct {
    const char *name;
    const struct net_shape *shape;
    uint64_t seed;
    uint32_t type;
} drafts[] = {
    {"the target itself", &large, 11, REF_F32},
    {"the target in Q8_0", &large, 11, REF_Q8_0},
    {"the target in Q4_0", &large, 11, REF_Q4_0},
    {"another, smaller model", &small, 5, REF_F32},
};
enum { DRAFTS = sizeof drafts / sizeof drafts[0] };

static void open_pair(struct pair *p, size_t which, float temperature)
{
    open_speaker(&p->target, &large, 11, REF_F32);
    open_speaker(&p->draft, drafts[which].shape, drafts[which].seed, drafts[which].type);
    p->target.temperature = p->draft.temperature = temperature;
    p->rng = (struct rng){77};
}

static void close_pair(struct pair *p)
{
    made_done(&p->target.m);
    made_done(&p->draft.m);
}

/* ---- facts ---- */

/* The target alone, a token at a time. */
static void decode(struct speaker *s, int32_t *ids, size_t n_prompt, size_t n_predict)
{
    float row[VOCAB];
    forget(s);
    for (size_t i = 0; i + 1 < n_prompt + n_predict; i++) {
        assert_int_equal(say(s, ids + i, 1, i, 1, row, NULL), OK);
        if (i + 1 < n_prompt)
            continue;
        int32_t best = 0;
        for (int32_t t = 1; t < VOCAB; t++)
            best = row[t] > row[best] ? t : best;
        ids[i + 1] = best;
    }
}

static void greedy_text_is_the_targets_token_for_token(void **state)
{
    static struct pair p;
    (void)state;
    for (size_t d = 0; d < DRAFTS; d++) {
        size_t kept = 0, drafted = 0;
        open_pair(&p, d, 0);
        for (int32_t first = 0; first < VOCAB; first += 2)
            for (size_t k = 1; k <= K_MAX; k += 2) {
                int32_t plain[3 + 100] = {first, 2, 4}, ids[3 + 100] = {first, 2, 4};
                struct ref_speculate_stats stats;
                decode(&p.target, plain, 3, 100);
                generate(&p, k, true, ids, 3, 100, &stats);
                for (size_t i = 0; i < 103; i++)
                    if (ids[i] != plain[i])
                        fail_msg("%s, k %zu: token %zu is %d, the target's %d", drafts[d].name, k,
                                 i, ids[i], plain[i]);
                kept += stats.kept;
                drafted += stats.drafted;
            }
        if (d == 0 && kept != drafted)
            fail_msg("%zu of %zu tokens of its own were kept", kept, drafted);
        if (d == DRAFTS - 1) /* else nothing would have been put right */
            assert_true(kept < drafted);
        close_pair(&p);
    }
}

/* What a model gives to two tokens after {1, 3}. */
static void pairs_of(struct speaker *s, double ret[VOCAB * VOCAB])
{
    float first[VOCAB], second[VOCAB];
    const int32_t prompt[] = {1, 3};
    for (int32_t t = 0; t < VOCAB; t++) {
        forget(s);
        assert_int_equal(say(s, prompt, 2, 0, 1, first, NULL), OK);
        assert_int_equal(say(s, &t, 1, 2, 1, second, NULL), OK);
        for (size_t u = 0; u < VOCAB; u++)
            ret[(size_t)t * VOCAB + u] = (double)first[t] * (double)second[u];
    }
}

static double chi_square(const double *seen, const double *probability, double runs)
{
    double sum = 0;
    for (size_t i = 0; i < VOCAB * VOCAB; i++) {
        const double expected = probability[i] * runs;
        assert_true(expected >= 5);
        sum += (seen[i] - expected) * (seen[i] - expected) / expected;
    }
    return sum;
}

/* 35 degrees of freedom: a right sampler is above 111 once in 10^9 seeds; this seed is fixed. */
static void sampled_text_has_the_targets_distribution(void **state)
{
    enum { RUNS = 2500 };
    static struct pair p;
    (void)state;
    for (size_t d = 2; d < DRAFTS; d++)
        for (size_t k = 1; k <= 2; k++) {
            double seen[VOCAB * VOCAB] = {0}, of_target[VOCAB * VOCAB], of_draft[VOCAB * VOCAB];
            struct ref_speculate_stats stats;
            open_pair(&p, d, 6);
            pairs_of(&p.target, of_target);
            pairs_of(&p.draft, of_draft);
            for (size_t i = 0; i < RUNS; i++) {
                int32_t ids[4] = {1, 3};
                generate(&p, k, false, ids, 2, 2, &stats);
                seen[ids[2] * VOCAB + ids[3]]++;
            }
            const double chi = chi_square(seen, of_target, RUNS);
            if (!(chi < 111))
                fail_msg("%s, k %zu: chi-square %.1f", drafts[d].name, k, chi);
            if (d == DRAFTS - 1) /* the runs suffice to tell the two apart */
                assert_true(chi_square(seen, of_draft, RUNS) > 200);
            close_pair(&p);
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(greedy_text_is_the_targets_token_for_token),
        cmocka_unit_test(sampled_text_has_the_targets_distribution),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

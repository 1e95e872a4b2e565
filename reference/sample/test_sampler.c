#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "reference/sample/sampler.h"

enum { MOST = 700 };

struct set {
    struct ref_candidate data[MOST];
    struct ref_candidates c;
};

static struct ref_candidates *with_logits(struct set *s, const float *logits, size_t n)
{
    s->c = ref_candidates_from(logits, n, s->data);
    return &s->c;
}

/* Candidates with these probabilities: ids in the order given. */
static struct ref_candidates *with_probabilities(struct set *s, const double *p, size_t n)
{
    float logits[MOST];
    for (size_t i = 0; i < n; i++)
        logits[i] = (float)log(p[i]);
    return with_logits(s, logits, n);
}

static void expect_ids(const char *name, const struct ref_candidates *c, const int *ids, size_t n)
{
    bool same = c->size == n;
    for (size_t i = 0; i < n && same; i++)
        same = c->data[i].id == ids[i];
    if (!same)
        fail_msg("%s: %zu candidates, the first is %d", name, c->size, c->data[0].id);
}

#define IDS(...) (const int[]){__VA_ARGS__}, sizeof((const int[]){__VA_ARGS__}) / sizeof(int)

static const double four[] = {0.15, 0.5, 0.1, 0.25};

/* ---- random numbers ---- */

static void the_course_draws_its_known_numbers(void **state)
{
    (void)state;
    static const uint32_t known[] = {0x56ce4ab7, 0xc841eb53, 0xca466be0, 0xf1acc733};
    struct ref_random r;
    ref_random_init(&r, REF_RANDOM_COURSE, 42);
    for (int i = 0; i < 4; i++)
        assert_int_equal(ref_random_u32(&r), known[i]);
    ref_random_init(&r, REF_RANDOM_COURSE, 0);
    assert_int_not_equal(ref_random_u32(&r), 0);
}

/* What std::mt19937(42) and its distributions give in libstdc++ 12; the 10000th number of seed 5489
 * is in the C++ standard. */
static void llama_draws_what_libstdcxx_draws(void **state)
{
    (void)state;
    static const double doubles[] = {0.79654298428784598, 0.18343478789336848, 0.77969099761266125};
    static const float floats[] = {0.37454012f, 0.796543002f, 0.95071429f};
    struct ref_random r;
    uint32_t last = 0;
    ref_random_init(&r, REF_RANDOM_LLAMA, 42);
    for (int i = 0; i < 3; i++)
        assert_true(ref_random_double(&r) == doubles[i]);
    ref_random_init(&r, REF_RANDOM_LLAMA, 42);
    for (int i = 0; i < 3; i++)
        assert_true(ref_random_float(&r) == floats[i]);
    ref_random_init(&r, REF_RANDOM_LLAMA, 5489);
    for (int i = 0; i < 10000; i++)
        last = ref_random_u32(&r);
    assert_int_equal(last, 4123659995u);
}

/* ---- order ---- */

struct numbers {
    uint64_t s;
};
static uint32_t below(struct numbers *n, uint32_t end)
{
    n->s ^= n->s >> 12;
    n->s ^= n->s << 25;
    n->s ^= n->s >> 27;
    return (uint32_t)((n->s * 0x2545f4914f6cdd1du >> 32) % end);
}

/* Few different values, so that ties are common; now and then what is no number. */
static size_t random_logits(struct numbers *r, float *ret, bool odd)
{
    const size_t n = 1 + below(r, r->s % 3 == 0 ? MOST : 20);
    const uint32_t kinds = 1 + below(r, 100);
    for (size_t i = 0; i < n; i++) {
        ret[i] = (float)below(r, kinds) / 8 - 3;
        if (odd && below(r, 10) == 0)
            ret[i] = (float[]){NAN, INFINITY, -INFINITY, -0.0f}[below(r, 4)];
    }
    return n;
}

static int by_order(const void *a, const void *b)
{
    return ref_candidate_before(a, b) ? -1 : 1;
}

static void selecting_is_sorting_and_cutting(void **state)
{
    (void)state;
    struct numbers r = {3};
    static struct set fast, slow;
    float logits[MOST];
    for (int round = 0; round < 4000; round++) {
        const size_t n = random_logits(&r, logits, true), k = below(&r, (uint32_t)n + 2);
        with_logits(&fast, logits, n);
        with_logits(&slow, logits, n);
        qsort(slow.data, n, sizeof slow.data[0], by_order);
        ref_candidates_select(&fast.c, k);
        for (size_t i = 0; i < k && i < n; i++)
            assert_int_equal(fast.data[i].id, slow.data[i].id);
        ref_candidates_sort(&fast.c);
        for (size_t i = 0; i < n; i++)
            assert_int_equal(fast.data[i].id, slow.data[i].id);
    }
}

static void equal_candidates_sort_too(void **state)
{
    (void)state;
    static struct set s;
    for (size_t i = 0; i < MOST; i++)
        s.data[i] = (struct ref_candidate){.id = 7, .logit = 1.0f};
    s.c = (struct ref_candidates){.data = s.data, .size = MOST};
    ref_candidates_sort(&s.c);
    assert_true(s.c.sorted);
}

/* ---- samplers on probabilities .15 .5 .1 .25, ids 0 to 3 ---- */

static void top_k_keeps_the_first(void **state)
{
    (void)state;
    struct set s;
    ref_sample_top_k(with_probabilities(&s, four, 4), 2);
    expect_ids("2", &s.c, IDS(1, 3));
    ref_sample_top_k(with_probabilities(&s, four, 4), 0);
    expect_ids("0 means all, as they were", &s.c, IDS(0, 1, 2, 3));
    ref_sample_top_k(with_probabilities(&s, four, 4), 9);
    expect_ids("more than there are", &s.c, IDS(1, 3, 0, 2));
    ref_sample_top_k(with_logits(&s, (float[]){1, 2, 2, 2, 0}, 5), 2);
    expect_ids("ties by id", &s.c, IDS(1, 2));
}

static void top_p_includes_the_token_that_crosses(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        float p;
        size_t min_keep, n;
    } cases[] = {
        {"0 keeps one", 0.0f, 0, 1},
        {"below the first", 0.4f, 0, 1},
        {"just over the first", 0.51f, 0, 2},
        {"in the third", 0.8f, 0, 3},
        {"min_keep", 0.1f, 3, 3},
        {"min_keep over all", 0.1f, 9, 4},
        {"nearly all", 0.95f, 0, 4},
    };
    struct set s;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        ref_sample_top_p(with_probabilities(&s, four, 4), cases[i].p, cases[i].min_keep);
        expect_ids(cases[i].name, &s.c, (const int[]){1, 3, 0, 2}, cases[i].n);
    }
    ref_sample_top_p(with_probabilities(&s, four, 4), 1.0f, 0);
    expect_ids("1 does nothing", &s.c, IDS(0, 1, 2, 3));
}

static void min_p_is_relative_to_the_greatest(void **state)
{
    (void)state;
    struct set s;
    ref_sample_min_p(with_probabilities(&s, four, 4), 0.28f, 0);
    expect_ids("order is kept", &s.c, IDS(0, 1, 3));
    ref_sample_min_p(with_probabilities(&s, four, 4), 0.9f, 2);
    expect_ids("too few: the first", &s.c, IDS(1, 3));
    ref_sample_min_p(with_probabilities(&s, four, 4), 2.0f, 0);
    expect_ids("over 1: one stays", &s.c, IDS(1));
    ref_sample_min_p(with_probabilities(&s, four, 4), 0.0f, 0);
    expect_ids("0 does nothing", &s.c, IDS(0, 1, 2, 3));
    ref_sample_min_p(with_logits(&s, (float[]){-INFINITY, 1, NAN}, 3), 0.1f, 0);
    expect_ids("-inf and NaN go", &s.c, IDS(1));
}

/* Entropy of .5 .25 .15 .1 is 1.208 nats; -ln p: .693 1.386 1.897 2.303, so .25 is nearest (.178),
 * then .5 (.515), .15 (.689), .1 (1.095). */
static void typical_goes_by_distance_to_the_entropy(void **state)
{
    (void)state;
    struct set s;
    ref_sample_typical(with_probabilities(&s, four, 4), 0.2f, 0);
    expect_ids(".2", &s.c, IDS(3));
    ref_sample_typical(with_probabilities(&s, four, 4), 0.5f, 0);
    expect_ids(".5", &s.c, IDS(3, 1));
    ref_sample_typical(with_probabilities(&s, four, 4), 0.2f, 3);
    expect_ids("min_keep", &s.c, IDS(3, 1, 0));
    ref_sample_typical(with_logits(&s, (float[]){0, -INFINITY}, 2), 0.9f, 0);
    expect_ids("a probability of 0", &s.c, IDS(0));
}

/* Logits 4 0 0 0: mean 1, sigma sqrt(3). */
static void top_n_sigma_masks_what_is_far_below(void **state)
{
    (void)state;
    struct set s;
    ref_sample_top_n_sigma(with_logits(&s, (float[]){0, 4, 0, -INFINITY, 0}, 5), 2.2f);
    expect_ids("order", &s.c, IDS(1, 0, 2, 3, 4));
    assert_true(isinf(s.data[1].logit) && s.data[0].logit == 4);
    ref_sample_top_n_sigma(with_logits(&s, (float[]){0, 4, 0, -INFINITY, 0}, 5), 2.4f);
    assert_true(s.data[1].logit == 0);
    assert_float_equal(s.data[0].p, exp(4) / (exp(4) + 3), 1e-6);
    ref_sample_top_n_sigma(with_logits(&s, (float[]){0, 4}, 2), 0.0f);
    expect_ids("0 does nothing", &s.c, IDS(0, 1));
}

static void xtc_removes_all_but_the_last_of_the_likely(void **state)
{
    (void)state;
    struct set s;
    struct ref_random r, untouched;
    ref_random_init(&r, REF_RANDOM_COURSE, 1);
    ref_sample_xtc(with_probabilities(&s, four, 4), 1.0f, 0.12f, 0, &r);
    expect_ids(".5 and .25 go, .15 is the last over .12", &s.c, IDS(0, 2));
    ref_sample_xtc(with_probabilities(&s, four, 4), 1.0f, 0.12f, 3, &r);
    expect_ids("min_keep forbids", &s.c, IDS(1, 3, 0, 2));
    ref_sample_xtc(with_probabilities(&s, four, 4), 1.0f, 0.4f, 0, &r);
    expect_ids("one likely token stays", &s.c, IDS(1, 3, 0, 2));
    untouched = r;
    ref_sample_xtc(with_probabilities(&s, four, 4), 0.0f, 0.1f, 0, &r);
    ref_sample_xtc(with_probabilities(&s, four, 4), 1.0f, 0.51f, 0, &r);
    ref_sample_xtc(with_probabilities(&s, four, 1), 1.0f, 0.1f, 0, &r);
    assert_true(r.s == untouched.s);
    ref_sample_xtc(with_probabilities(&s, four, 4), 1e-9f, 0.1f, 0, &r);
    expect_ids("not by chance", &s.c, IDS(0, 1, 2, 3));
    assert_true(r.s != untouched.s);
}

static void temperature_divides_and_zero_keeps_the_first_greatest(void **state)
{
    (void)state;
    struct set s;
    ref_sample_temp(with_logits(&s, (float[]){1, -3}, 2), 0.5f);
    assert_true(s.data[0].logit == 2 && s.data[1].logit == -6);
    ref_sample_temp(with_logits(&s, (float[]){1, 3, 3, NAN}, 4), 0.0f);
    assert_true(s.data[1].logit == 3 && s.c.size == 4);
    for (int i = 0; i < 4; i++)
        assert_true(i == 1 || isinf(s.data[i].logit));
}

/* Even logits have the greatest entropy, so the temperature is t + delta; one sure token has none.
 */
static void dynamic_temperature_follows_the_entropy(void **state)
{
    (void)state;
    struct set s;
    ref_sample_temp_dynamic(with_logits(&s, (float[]){3, 3}, 2), 1.0f, 0.5f, 1.0f);
    assert_float_equal(s.data[0].logit, 2, 1e-6);
    ref_sample_temp_dynamic(with_logits(&s, (float[]){-900, 900}, 2), 1.0f, 0.5f, 1.0f);
    assert_float_equal(s.data[0].logit, 1800, 1e-3);
    ref_sample_temp_dynamic(with_logits(&s, (float[]){1, 2}, 2), 2.0f, 0.0f, 1.0f);
    assert_true(s.data[0].logit == 0.5f);
    ref_sample_temp_dynamic(with_logits(&s, (float[]){5}, 1), 2.0f, 1.0f, 1.0f);
    assert_true(s.data[0].logit == 5);
}

static void penalties_push_every_seen_token_down(void **state)
{
    (void)state;
    static const int32_t last[] = {1, 0, 1, 9, -5};
    int32_t scratch[10];
    struct set s;
    ref_sample_penalties(with_logits(&s, (float[]){2, 3, -4, 0}, 4), last, 5, 2, 0, 0, scratch);
    assert_true(s.data[0].logit == 1 && s.data[1].logit == 1.5f && s.data[2].logit == -4);
    ref_sample_penalties(with_logits(&s, (float[]){-2, 3}, 2), last, 5, 2, 0, 0, scratch);
    assert_true(s.data[0].logit == -4);
    ref_sample_penalties(with_logits(&s, (float[]){2, 3, 1}, 3), last, 5, 1, 0.25f, 0.5f, scratch);
    assert_true(s.data[0].logit == 1.25f && s.data[1].logit == 2 && s.data[2].logit == 1);
    ref_sample_penalties(with_logits(&s, (float[]){2}, 1), NULL, 0, 2, 1, 1, scratch);
    assert_true(s.data[0].logit == 2);
}

static void a_bias_is_added_wherever_its_token_is(void **state)
{
    (void)state;
    static const struct ref_logit_bias bias[] = {{1, -INFINITY}, {2, 0.5f}, {99, 1}};
    struct set s;
    ref_sample_logit_bias(with_logits(&s, (float[]){1, 2, 3}, 3), bias, 3);
    assert_true(isinf(s.data[1].logit) && s.data[2].logit == 3.5f);
    ref_sample_top_k(with_logits(&s, (float[]){1, 2, 3}, 3), 2);
    ref_sample_logit_bias(&s.c, bias, 3);
    assert_true(s.data[0].logit == 3.5f && isinf(s.data[1].logit));
}

static void a_mask_leaves_what_it_allows(void **state)
{
    (void)state;
    struct set s;
    ref_sample_mask(with_logits(&s, (float[]){1, 2, 3}, 3), (const uint8_t[]){1, 0}, 2);
    assert_true(s.data[0].logit == 1 && isinf(s.data[1].logit) && isinf(s.data[2].logit));
}

/* ---- DRY ---- */

/* The definition: for each place that the text's end could have been copied from, the longest copy;
 * the token behind it pays. */
static void slow_dry(const int32_t *last, size_t n, const struct ref_dry *dry, size_t limit,
                     float *logits)
{
    int32_t longest[8];
    for (size_t i = 0; i < 8; i++)
        longest[i] = -1;
    for (size_t end = 1; end < n; end++) {
        size_t same = 0;
        while (same < end && last[end - 1 - same] == last[n - 1 - same])
            same++;
        const int32_t length = (int32_t)(same < limit ? same : limit);
        if (length >= dry->allowed_length && length > longest[last[end]])
            longest[last[end]] = length;
    }
    for (size_t i = 0; i < 8; i++)
        if (longest[i] >= 0 && !(dry->n_breakers > 0 && (int32_t)i == dry->breaker[0].token[0]))
            logits[i] -=
                dry->multiplier * powf(dry->base, (float)(longest[i] - dry->allowed_length));
}

static void dry_is_its_definition(void **state)
{
    (void)state;
    static const int32_t comma[] = {3};
    const struct ref_dry_breaker breaker = {comma, 1};
    struct numbers r = {5};
    int32_t last[40], scratch[REF_DRY_SCRATCH(40)];
    struct set s;
    for (int round = 0; round < 20000; round++) {
        const size_t n = below(&r, 41);
        float logits[8] = {0};
        const uint32_t kinds = 2 + below(&r, 3);
        for (size_t i = 0; i < n; i++)
            last[i] = (int32_t)below(&r, kinds);
        const struct ref_dry dry = {.multiplier = 0.5f,
                                    .base = 1.25f,
                                    .allowed_length = 1 + (int32_t)below(&r, 3),
                                    .breaker = &breaker,
                                    .n_breakers = below(&r, 2)};
        size_t limit = n;
        for (size_t i = n; i > 0 && dry.n_breakers > 0 && limit == n; i--)
            if (last[i - 1] == 3)
                limit = n - i;
        ref_sample_dry(with_logits(&s, logits, 8), last, n, &dry, scratch);
        if ((int64_t)n > dry.allowed_length && (int64_t)limit >= dry.allowed_length)
            slow_dry(last, n, &dry, limit, logits);
        for (size_t i = 0; i < 8; i++)
            assert_float_equal(s.data[i].logit, logits[i], 1e-3 * fabs((double)logits[i]) + 1e-6);
    }
}

/* The example of llama.cpp's comment: after "a b c c b c y a b c" a c goes on for 3 tokens, a y for
 * 2, a b for 1. */
static void dry_penalises_the_known_example(void **state)
{
    (void)state;
    enum { A, B, C, Y };
    static const int32_t last[] = {A, B, C, C, B, C, Y, A, B, C};
    const struct ref_dry dry = {.multiplier = 1, .base = 2, .allowed_length = 1};
    int32_t scratch[REF_DRY_SCRATCH(10)];
    struct set s;
    ref_sample_dry(with_logits(&s, (float[]){0, 0, 0, 0}, 4), last, 10, &dry, scratch);
    assert_true(s.data[A].logit == 0 && s.data[B].logit == -1);
    assert_true(s.data[C].logit == -4 && s.data[Y].logit == -2);
}

static void dry_knows_breakers_of_several_tokens(void **state)
{
    (void)state;
    static const int32_t last[] = {1, 2, 7, 8, 3, 1, 2, 7, 8, 3}, pair[] = {7, 8};
    const struct ref_dry_breaker breaker = {pair, 2};
    struct ref_dry dry = {.multiplier = 1, .base = 2, .allowed_length = 1};
    int32_t scratch[REF_DRY_SCRATCH(10)];
    struct set s;
    ref_sample_dry(with_logits(&s, (float[]){0, 0}, 2), last, 10, &dry, scratch);
    assert_true(s.data[1].logit == -16); /* 5 tokens again */
    dry.breaker = &breaker;
    dry.n_breakers = 1;
    ref_sample_dry(with_logits(&s, (float[]){0, 0}, 2), last, 10, &dry, scratch);
    assert_true(s.data[1].logit == -1); /* only the 3 after the breaker */
}

/* ---- selecting ---- */

static void greedy_takes_the_first_greatest(void **state)
{
    (void)state;
    struct set s;
    ref_sample_greedy(with_logits(&s, (float[]){1, 5, 5}, 3));
    assert_int_equal(s.c.selected, 1);
    ref_sample_greedy(with_logits(&s, (float[]){NAN, -INFINITY, NAN}, 3));
    assert_int_equal(s.c.selected, 1);
    ref_sample_greedy(with_logits(&s, NULL, 0));
    assert_int_equal(s.c.selected, -1);
}

static void dist_follows_the_running_sum(void **state)
{
    (void)state;
    struct ref_random r, same;
    struct set s;
    ref_random_init(&r, REF_RANDOM_COURSE, 9);
    for (int round = 0; round < 10000; round++) {
        same = r;
        const double u = ref_random_double(&same);
        const int want = u <= 0.15 ? 0 : u <= 0.65 ? 1 : u <= 0.75 ? 2 : 3;
        ref_sample_dist(with_probabilities(&s, four, 4), &r);
        if (s.c.selected != want && fabs(u - 0.15) > 1e-6 && fabs(u - 0.65) > 1e-6 &&
            fabs(u - 0.75) > 1e-6)
            fail_msg("u = %.9f gives %d, not %d", u, (int)s.c.selected, want);
        assert_true(r.s == same.s);
    }
    assert_float_equal(s.data[1].p, 0.5, 1e-6);
}

static void one_candidate_draws_as_its_kind_says(void **state)
{
    (void)state;
    struct ref_random r;
    struct set s;
    ref_random_init(&r, REF_RANDOM_COURSE, 9);
    const uint64_t before = r.s;
    ref_sample_dist(with_logits(&s, (float[]){-2}, 1), &r);
    assert_true(r.s != before && s.c.selected == 0 && s.data[0].p == 1.0f);
    ref_random_init(&r, REF_RANDOM_LLAMA, 9);
    ref_sample_dist(with_logits(&s, (float[]){-2}, 1), &r);
    assert_true(r.next == REF_MT19937_WORDS && s.c.selected == 0);
}

static void strange_logits_still_select_what_may_come(void **state)
{
    (void)state;
    static const float sets[][3] = {{-INFINITY, -INFINITY, 1},
                                    {INFINITY, 1, NAN},
                                    {NAN, NAN, -INFINITY},
                                    {NAN, NAN, NAN},
                                    {-INFINITY, -INFINITY, -INFINITY},
                                    {3e38f, -3e38f, 0}};
    static const uint8_t may[] = {4, 1, 4, 7, 7, 1};
    struct ref_random r;
    struct set s;
    float mu;
    ref_random_init(&r, REF_RANDOM_COURSE, 2);
    for (size_t i = 0; i < sizeof may; i++)
        for (int round = 0; round < 50; round++) {
            ref_sample_dist(with_logits(&s, sets[i], 3), &r);
            assert_true(may[i] >> s.data[s.c.selected].id & 1);
            mu = 10;
            ref_sample_mirostat(with_logits(&s, sets[i], 3), &r, 5, 0.1f, 100, 3, &mu);
            assert_true(may[i] >> s.data[s.c.selected].id & 1);
            mu = 10;
            ref_sample_mirostat2(with_logits(&s, sets[i], 3), &r, 5, 0.1f, &mu);
            assert_true(may[i] >> s.data[s.c.selected].id & 1);
        }
}

/* Mirostat 2 with mu 1.5: .5 has 1 bit and stays, .25 has 2 bits and goes. Surprise is then 0. */
static void mirostat_two_cuts_at_mu_bits(void **state)
{
    (void)state;
    struct ref_random r;
    struct set s;
    float mu = 1.5f;
    ref_random_init(&r, REF_RANDOM_COURSE, 4);
    ref_sample_mirostat2(with_probabilities(&s, four, 4), &r, 3, 0.1f, &mu);
    expect_ids("one", &s.c, IDS(1));
    assert_float_equal(mu, 1.5 + 0.1 * 3, 1e-6);
    mu = 2.5f;
    ref_sample_mirostat2(with_probabilities(&s, four, 4), &r, 3, 0.1f, &mu);
    assert_int_equal(s.c.size, 2);
    mu = -1;
    ref_sample_mirostat2(with_probabilities(&s, four, 4), &r, 3, 0.1f, &mu);
    assert_int_equal(s.c.size, 1);
}

/* p proportional to 1/rank^2 has the exponent 2, so k = sqrt(2^mu / (1 - 1/n)). */
static void mirostat_one_finds_the_exponent_of_zipf(void **state)
{
    (void)state;
    struct ref_random r;
    static struct set s;
    double p[200];
    float mu = 5;
    for (int i = 0; i < 200; i++)
        p[i] = 1.0 / ((i + 1.0) * (i + 1.0));
    ref_random_init(&r, REF_RANDOM_COURSE, 4);
    ref_sample_mirostat(with_probabilities(&s, p, 200), &r, 3, 0.1f, 100, 200, &mu);
    assert_int_equal(s.c.size, 5); /* sqrt(32 / .995) = 5.67 */
    assert_float_equal(mu, 5 - 0.1 * (-log2((double)s.data[s.c.selected].p) - 3), 1e-5);
}

static void nothing_is_done_to_no_candidates(void **state)
{
    (void)state;
    struct ref_random r;
    struct set s;
    float mu = 1;
    ref_random_init(&r, REF_RANDOM_COURSE, 4);
    struct ref_candidates *c = with_logits(&s, NULL, 0);
    ref_sample_temp(c, 0);
    ref_sample_temp_dynamic(c, 1, 1, 1);
    ref_sample_top_k(c, 3);
    ref_sample_top_p(c, 0.5f, 1);
    ref_sample_min_p(c, 0.5f, 1);
    ref_sample_typical(c, 0.5f, 1);
    ref_sample_top_n_sigma(c, 1);
    ref_sample_xtc(c, 1, 0.1f, 0, &r);
    ref_sample_dist(c, &r);
    ref_sample_mirostat(c, &r, 1, 1, 100, 1, &mu);
    ref_sample_mirostat2(c, &r, 1, 1, &mu);
    assert_int_equal(c->size, 0);
    assert_int_equal(c->selected, -1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_course_draws_its_known_numbers),
        cmocka_unit_test(llama_draws_what_libstdcxx_draws),
        cmocka_unit_test(selecting_is_sorting_and_cutting),
        cmocka_unit_test(equal_candidates_sort_too),
        cmocka_unit_test(top_k_keeps_the_first),
        cmocka_unit_test(top_p_includes_the_token_that_crosses),
        cmocka_unit_test(min_p_is_relative_to_the_greatest),
        cmocka_unit_test(typical_goes_by_distance_to_the_entropy),
        cmocka_unit_test(top_n_sigma_masks_what_is_far_below),
        cmocka_unit_test(xtc_removes_all_but_the_last_of_the_likely),
        cmocka_unit_test(temperature_divides_and_zero_keeps_the_first_greatest),
        cmocka_unit_test(dynamic_temperature_follows_the_entropy),
        cmocka_unit_test(penalties_push_every_seen_token_down),
        cmocka_unit_test(a_bias_is_added_wherever_its_token_is),
        cmocka_unit_test(a_mask_leaves_what_it_allows),
        cmocka_unit_test(dry_is_its_definition),
        cmocka_unit_test(dry_penalises_the_known_example),
        cmocka_unit_test(dry_knows_breakers_of_several_tokens),
        cmocka_unit_test(greedy_takes_the_first_greatest),
        cmocka_unit_test(dist_follows_the_running_sum),
        cmocka_unit_test(one_candidate_draws_as_its_kind_says),
        cmocka_unit_test(strange_logits_still_select_what_may_come),
        cmocka_unit_test(mirostat_two_cuts_at_mu_bits),
        cmocka_unit_test(mirostat_one_finds_the_exponent_of_zipf),
        cmocka_unit_test(nothing_is_done_to_no_candidates),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

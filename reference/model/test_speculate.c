#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "reference/model/speculate.h"
#include "reference/model/train/rng.h"

/* ---- two models: a row follows from the last two tokens; the draft's is the target's, disturbed
 * by `away` (0: the same, 1: another) ---- */

enum { VOCAB = 4, LONGEST = 400, ROWS = 8 };

struct mock {
    int32_t target[LONGEST], draft[LONGEST];
    size_t n_target, n_draft;
    double away;
    struct rng rng;
    size_t calls_until_failure; /* 0: none fails */
};

static void row_of(int32_t before, int32_t last, uint64_t salt, float *ret)
{
    struct rng rng = {salt * 1000 + (uint64_t)(before * VOCAB + last)};
    float sum = 0;
    for (int i = 0; i < VOCAB; i++)
        sum += ret[i] = 0.35f + (float)rng_unit(&rng);
    for (int i = 0; i < VOCAB; i++)
        ret[i] /= sum;
}

static void append(int32_t *cache, size_t *n, const int32_t *ids, size_t count, size_t pos)
{
    assert_true(pos == *n); /* the length of the cache */
    assert_true(count > 0 && *n + count <= LONGEST);
    memcpy(cache + *n, ids, count * sizeof *ids);
    *n += count;
}

static void write_rows(const int32_t *cache, size_t n, size_t rows, double away, float *ret)
{
    for (size_t r = 0; r < rows; r++) {
        const size_t at = n - rows + r;
        const int32_t before = at > 0 ? cache[at - 1] : 0;
        float other[VOCAB];
        row_of(before, cache[at], 1, ret + r * VOCAB);
        row_of(before, cache[at], 2, other);
        for (int i = 0; i < VOCAB; i++)
            ret[r * VOCAB + (size_t)i] =
                (float)((1 - away) * (double)ret[r * VOCAB + (size_t)i] + away * (double)other[i]);
    }
}

static enum err_code target(void *ctx, const int32_t *ids, size_t n, size_t pos, size_t rows,
                            float *ret, struct err *why)
{
    struct mock *m = ctx;
    if (m->calls_until_failure > 0 && --m->calls_until_failure == 0)
        return err_set(why, ERR_LIMIT, "the cache is full");
    append(m->target, &m->n_target, ids, n, pos);
    write_rows(m->target, m->n_target, rows, 0, ret);
    return OK;
}

static enum err_code draft(void *ctx, const int32_t *ids, size_t n, size_t pos, size_t rows,
                           float *ret, struct err *why)
{
    struct mock *m = ctx;
    (void)why;
    append(m->draft, &m->n_draft, ids, n, pos);
    write_rows(m->draft, m->n_draft, rows, m->away, ret);
    return OK;
}

static void keep_target(void *ctx, size_t n)
{
    struct mock *m = ctx;
    assert_true(n <= m->n_target);
    m->n_target = n;
}

static void keep_draft(void *ctx, size_t n)
{
    struct mock *m = ctx;
    assert_true(n <= m->n_draft);
    m->n_draft = n;
}

static float uniform(void *ctx)
{
    struct mock *m = ctx;
    return (float)(rng_next(&m->rng) >> 40) * 0x1p-24f;
}

static struct ref_speculate speculate(struct mock *m, size_t k, bool greedy)
{
    return (struct ref_speculate){m,       target, draft, keep_target, keep_draft,
                                  uniform, VOCAB,  k,     -1,          greedy};
}

static float scratch[(2 * ROWS + 1) * VOCAB];

static size_t generate(const struct ref_speculate *s, int32_t *ids, size_t n_prompt,
                       size_t n_predict, struct ref_speculate_stats *stats)
{
    struct mock *m = s->ctx;
    struct err why;
    size_t n = 0;
    m->n_target = m->n_draft = 0;
    assert_true(ref_speculate_scratch(s->k, VOCAB) * sizeof(float) <= sizeof scratch);
    if (ref_speculate_generate(s, ids, n_prompt, n_predict, scratch, &n, stats, &why) != OK)
        fail_msg("%s", why.text);
    return n;
}

static int32_t best_of(int32_t before, int32_t last)
{
    float row[VOCAB];
    int32_t best = 0;
    row_of(before, last, 1, row);
    for (int32_t i = 1; i < VOCAB; i++)
        best = row[i] > row[best] ? i : best;
    return best;
}

/* ---- facts about texts ---- */

static void greedy_text_is_the_targets_whatever_is_drafted(void **state)
{
    static const double away[] = {0, 0.3, 1};
    int32_t plain[3 + 100] = {1, 3, 2}, ids[3 + 100];
    struct ref_speculate_stats stats;
    (void)state;
    for (size_t i = 3; i < 103; i++)
        plain[i] = best_of(plain[i - 2], plain[i - 1]);
    for (size_t k = 0; k <= 6; k++)
        for (size_t a = 0; a < 3; a++) {
            struct mock m = {.away = away[a]};
            const struct ref_speculate s = speculate(&m, k, true);
            memcpy(ids, plain, 3 * sizeof *ids);
            assert_int_equal(generate(&s, ids, 3, 100, &stats), 100);
            assert_memory_equal(ids, plain, sizeof plain);
            if (away[a] == 0) {
                assert_int_equal(stats.kept, stats.drafted);
                assert_int_equal(stats.target_calls, 1 + (100 + k) / (k + 1));
            }
        }
}

/* What the target gives to three tokens after {1, 3}, and how often each came. */
static double chi_square(double away, size_t k, size_t runs, uint64_t salt)
{
    enum { CELLS = VOCAB * VOCAB * VOCAB };
    static double expected[CELLS], seen[CELLS];
    struct ref_speculate_stats stats;
    struct mock m = {.away = away, .rng = {9}};
    const struct ref_speculate s = speculate(&m, k, false);
    memset(seen, 0, sizeof seen);
    for (size_t i = 0; i < runs; i++) {
        int32_t ids[5] = {1, 3};
        assert_int_equal(generate(&s, ids, 2, 3, &stats), 3);
        seen[(ids[2] * VOCAB + ids[3]) * VOCAB + ids[4]]++;
    }
    double sum = 0;
    for (int32_t c = 0; c < CELLS; c++) {
        const int32_t ids[5] = {1, 3, c / (VOCAB * VOCAB), c / VOCAB % VOCAB, c % VOCAB};
        expected[c] = (double)runs;
        for (size_t i = 2; i < 5; i++) {
            float row[VOCAB];
            row_of(ids[i - 2], ids[i - 1], salt, row);
            expected[c] *= (double)row[ids[i]];
        }
        assert_true(expected[c] >= 25);
        sum += (seen[c] - expected[c]) * (seen[c] - expected[c]) / expected[c];
    }
    return sum;
}

/* 63 degrees of freedom: a right sampler is above 156 once in 10^9 seeds; this seed is fixed. */
static void rejection_keeps_the_targets_distribution(void **state)
{
    static const double away[] = {0, 0.5, 1};
    (void)state;
    for (size_t k = 0; k <= 3; k++)
        for (size_t a = 0; a < 3; a++) {
            const double chi = chi_square(away[a], k, 60000, 1);
            if (!(chi < 156))
                fail_msg("k %zu, draft %g away: chi-square %.1f", k, away[a], chi);
        }
    assert_true(chi_square(1, 2, 60000, 2) > 1000); /* and is not the draft's */
}

static void a_draft_that_is_the_target_is_always_kept(void **state)
{
    struct mock m = {.rng = {5}};
    const struct ref_speculate s = speculate(&m, 4, false);
    struct ref_speculate_stats stats;
    int32_t ids[2 + 300] = {0, 1};
    (void)state;
    assert_int_equal(generate(&s, ids, 2, 300, &stats), 300);
    assert_int_equal(stats.kept, stats.drafted);
    assert_int_equal(stats.kept, 240);
    assert_int_equal(stats.target_calls, 61);
    assert_int_equal(stats.target_tokens, 1 + 300);
}

static void a_text_ends_at_its_first_eos(void **state)
{
    (void)state;
    for (int32_t eos = 0; eos < VOCAB; eos++) {
        struct mock m = {.away = 0.2, .rng = {6}};
        struct ref_speculate s = speculate(&m, 5, false);
        struct ref_speculate_stats stats;
        int32_t ids[1 + 390] = {0};
        s.eos = eos;
        const size_t n = generate(&s, ids, 1, 390, &stats);
        assert_true(n > 0 && n < 390 && ids[n] == eos);
        for (size_t i = 1; i < n; i++)
            assert_true(ids[i] != eos);
    }
}

static void nothing_to_write_calls_nobody(void **state)
{
    struct mock m = {0};
    const struct ref_speculate s = speculate(&m, 2, false);
    struct ref_speculate_stats stats;
    struct err why;
    int32_t ids[1] = {0};
    size_t n;
    (void)state;
    assert_int_equal(generate(&s, ids, 1, 0, &stats), 0);
    assert_int_equal(stats.target_calls, 0);
    assert_int_equal(ref_speculate_generate(&s, ids, 0, 1, scratch, &n, &stats, &why), ERR_INVALID);
}

static void an_error_of_a_model_is_passed_on(void **state)
{
    struct mock m = {.calls_until_failure = 3};
    const struct ref_speculate s = speculate(&m, 2, false);
    struct ref_speculate_stats stats;
    struct err why;
    int32_t ids[2 + 50] = {0};
    size_t n;
    (void)state;
    assert_int_equal(ref_speculate_generate(&s, ids, 2, 50, scratch, &n, &stats, &why), ERR_LIMIT);
}

/* ---- facts about rounds ---- */

static void a_round_keeps_and_draws_by_the_rule(void **state)
{
    static const struct {
        const char *fact;
        float p[2][3], q[3];
        int32_t draft;
        float u[2];
        size_t n;
        int32_t ids[2];
    } rows[] = {
        {"u q below p keeps", {{.5f, .25f, .25f}, {0, 1, 0}}, {1, 0, 0}, 0, {.4375f, 0}, 2, {0, 1}},
        {"u q equal to p does not", {{.5f, .25f, .25f}}, {1, 0, 0}, 0, {.5f, 0}, 1, {1}},
        {"the rest is drawn from p - q", {{.5f, .25f, .25f}}, {1, 0, 0}, 0, {.75f, .5f}, 1, {2}},
        {"p above q always keeps",
         {{.5f, .5f, 0}, {0, 0, 1}},
         {.25f, .75f, 0},
         0,
         {.99f, .5f},
         2,
         {0, 2}},
        {"where p is q and it falls, p is drawn from",
         {{0, .5f, .5f}},
         {0, .5f, .5f},
         0,
         {0, .5f},
         1,
         {2}},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        int32_t got[2] = {-1, -1};
        size_t n = 0;
        struct err why;
        assert_int_equal(ref_speculate_verify(rows[i].p[0], rows[i].q, &rows[i].draft, 1, 3,
                                              rows[i].u, got, &n, &why),
                         OK);
        if (n != rows[i].n || memcmp(got, rows[i].ids, n * sizeof *got) != 0)
            fail_msg("%s: %zu tokens, %d %d", rows[i].fact, n, got[0], got[1]);
    }
}

static void a_round_refuses_what_has_no_meaning(void **state)
{
    const float p[6] = {NAN, NAN, NAN, 0, 0, 0}, q[3] = {0, 0, 0}, u[2] = {0, 0};
    const int32_t outside = 3, inside = 0;
    int32_t got[2];
    struct err why;
    size_t n;
    (void)state;
    assert_int_equal(ref_speculate_verify(p, q, &outside, 1, 3, u, got, &n, &why), ERR_RANGE);
    assert_int_equal(ref_speculate_verify(p, q, &inside, 1, 3, u, got, &n, &why), ERR_RANGE);
}

static void a_lookup_copies_what_followed_the_latest_match(void **state)
{
    static const struct {
        const char *fact;
        int32_t ids[8];
        size_t n, g_max, g_min, k, found;
        int32_t ret[4];
    } rows[] = {
        {"the longest match counts", {1, 2, 3, 9, 2, 4, 1, 2}, 8, 2, 1, 2, 2, {3, 9}},
        {"of equal ones the latest", {5, 1, 5, 2, 5}, 5, 1, 1, 2, 2, {2, 5}},
        {"it may overlap the end", {7, 7, 7}, 3, 1, 1, 4, 1, {7}},
        {"a shorter one is found too", {1, 2, 3, 8, 3}, 5, 3, 1, 1, 1, {8}},
        {"but not below g_min", {1, 2, 3, 8, 3}, 5, 3, 2, 1, 0, {0}},
        {"a short text matches nothing", {1}, 1, 3, 1, 4, 0, {0}},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        int32_t got[4] = {0};
        const size_t n = ref_speculate_lookup(rows[i].ids, rows[i].n, rows[i].g_max, rows[i].g_min,
                                              rows[i].k, got);
        if (n != rows[i].found || memcmp(got, rows[i].ret, n * sizeof *got) != 0)
            fail_msg("%s: %zu tokens, %d %d", rows[i].fact, n, got[0], got[1]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(greedy_text_is_the_targets_whatever_is_drafted),
        cmocka_unit_test(rejection_keeps_the_targets_distribution),
        cmocka_unit_test(a_draft_that_is_the_target_is_always_kept),
        cmocka_unit_test(a_text_ends_at_its_first_eos),
        cmocka_unit_test(nothing_to_write_calls_nobody),
        cmocka_unit_test(an_error_of_a_model_is_passed_on),
        cmocka_unit_test(a_round_keeps_and_draws_by_the_rule),
        cmocka_unit_test(a_round_refuses_what_has_no_meaning),
        cmocka_unit_test(a_lookup_copies_what_followed_the_latest_match),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

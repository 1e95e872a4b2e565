/* What pairs of timings say, with synthetic times whose truth is known: which pairs count, how
 * often the interval is right, when a race ends, and who gets which tier. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "grader/grade/pairs.h"
#include "grader/grade/stats.h"

/* How a host behaves: each call takes its time times a log-normal factor, and every so often one is
 * disturbed and takes three times as long. */
struct host {
    double noise, disturbed;
};
static const struct host calm = {0.01, 0}, lively = {0.03, 0.05}, busy = {0.05, 0.2};

static double normal(lab_rng *rng)
{
    const double radius = sqrt(-2 * log(1 - lab_u53(rng)));
    return radius * cos(6.283185307179586 * lab_u53(rng));
}

static double call_on(const struct host *h, double seconds, lab_rng *rng)
{
    const double factor = exp(h->noise * normal(rng));
    return seconds * factor * (lab_u53(rng) < h->disturbed ? 3 : 1);
}

/* The faster of two calls, as in timed.c. */
static double side_on(const struct host *h, double seconds, lab_rng *rng)
{
    const double first = call_on(h, seconds, rng);
    return fmin(first, call_on(h, seconds, rng));
}

static void add_pair(struct pairs *p, const struct host *h, double ratio, lab_rng *rng)
{
    p->par_s[p->n] = side_on(h, 1e-3, rng);
    p->learner_s[p->n++] = side_on(h, 1e-3 / ratio, rng);
}

static void a_spread_is_the_standard_deviation_and_no_outlier_moves_it(void **state)
{
    (void)state;
    double x[200];
    lab_rng rng = {.s = 5};
    for (int i = 0; i < 200; i++)
        x[i] = i % 10 == 0 ? 1e9 : 7 + 0.2 * normal(&rng);
    const double spread = stats_spread(x, 200, 7);
    if (spread < 0.18 || spread > 0.27)
        fail_msg("%g", spread);
}

static double coverage(size_t n, int draws)
{
    lab_rng rng = {.s = 2024};
    int right = 0;
    for (int d = 0; d < draws; d++) {
        double x[STATS_MAX], low, high;
        for (size_t i = 0; i < n; i++)
            x[i] = exp(0.1 * normal(&rng)); /* its median is 1 */
        stats_interval(x, n, &rng, &low, &high);
        right += low <= 1 && 1 <= high;
    }
    return (double)right / draws;
}

/* Few values know little of their own tails: 92 of 100 at 8 of them, 94 at 16, 95 from 60 on. */
static void the_interval_holds_the_truth_in_95_of_100_draws(void **state)
{
    (void)state;
    static const size_t sizes[] = {8, 21, 60, 200};
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        const double share = coverage(sizes[i], 600);
        if (share < 0.9 || share > 0.98)
            fail_msg("%zu values: the truth is inside in %.1f of 100", sizes[i], 100 * share);
    }
}

static void equal_draws_give_equal_intervals(void **state)
{
    (void)state;
    struct pairs p = {.n = 0};
    struct pairs_result a, b;
    lab_rng rng = {.s = 1};
    while (p.n < 20)
        add_pair(&p, &lively, 1, &rng);
    lab_rng first = {.s = 3}, second = {.s = 3};
    pairs_judge(&p, &first, &a);
    pairs_judge(&p, &second, &b);
    assert_true(a.low == b.low && a.high == b.high && a.ratio == b.ratio);
}

/* ---- discards ---- */

static struct pairs_result judge(const struct pairs *p)
{
    struct pairs_result r;
    lab_rng rng = {.s = 9};
    pairs_judge(p, &rng, &r);
    return r;
}

static struct pairs steady(size_t n)
{
    struct pairs p = {.n = n};
    for (size_t i = 0; i < n; i++) {
        p.par_s[i] = 1e-3 * (1 + 0.001 * (double)(i % 5));
        p.learner_s[i] = 2e-3;
    }
    return p;
}

static void a_pair_in_which_par_is_off_its_pace_does_not_count(void **state)
{
    (void)state;
    struct pairs p = steady(20);
    p.par_s[3] = 1.4e-3; /* slower by more than a quarter */
    p.par_s[4] = 0.7e-3; /* or faster */
    p.par_s[5] = 1.2e-3; /* within it */
    const struct pairs_result r = judge(&p);
    assert_int_equal(r.discarded, 2);
    assert_int_equal(r.kept, 18);
    assert_true(fabs(r.par_s - 1e-3) < 1e-5);
    assert_true(fabs(r.ratio - 0.5) < 0.01);
}

static void what_the_learner_took_discards_nothing(void **state)
{
    (void)state;
    struct pairs p = steady(20);
    for (size_t i = 0; i < 20; i += 3)
        p.learner_s[i] = 1;
    assert_int_equal(judge(&p).discarded, 0);
}

static void for_each_slow_moment_of_pars_one_of_the_learners_is_forgotten(void **state)
{
    (void)state;
    struct pairs p = steady(20);
    p.par_s[3] = p.par_s[9] = 5e-3;
    p.learner_s[1] = p.learner_s[2] = p.learner_s[4] = 9e-3;
    const struct pairs_result r = judge(&p);
    assert_int_equal(r.discarded, 4);
    p.learner_s[2] = p.learner_s[4] = 2.1e-3; /* its own pace: nothing to forget */
    assert_int_equal(judge(&p).discarded, 3);
}

/* Half of all calls take much longer. Forgetting par's bad moments alone gave 0.97. */
static void a_host_that_disturbs_both_sides_favours_neither(void **state)
{
    (void)state;
    const struct host crowded = {0.05, 0.5};
    lab_rng rng = {.s = 21};
    double sum = 0;
    for (int i = 0; i < 100; i++) {
        struct pairs p = {.n = 0};
        while (p.n < 100)
            add_pair(&p, &crowded, 1, &rng);
        sum += log(judge(&p).ratio);
    }
    if (fabs(sum / 100) > 0.01)
        fail_msg("equal programs have a ratio of %.3f on average", exp(sum / 100));
}

static void where_par_scatters_widely_only_what_is_far_outside_is_discarded(void **state)
{
    (void)state;
    const struct host wild = {0.3, 0};
    struct pairs p = {.n = 0};
    lab_rng rng = {.s = 8};
    while (p.n < 100)
        add_pair(&p, &wild, 1, &rng);
    p.par_s[50] = 1;
    const struct pairs_result r = judge(&p);
    assert_in_range(r.discarded, 1, 4);
}

static void few_pairs_have_no_pace_to_be_off(void **state)
{
    (void)state;
    struct pairs p = steady(5);
    p.par_s[0] = 1;
    assert_int_equal(judge(&p).discarded, 0);
}

/* ---- when a race ends ---- */

static const struct lab_timed_rule scored = {
    .name = "case",
    .tiers = {{"bronze", 0.5, 5}, {"silver", 0.8, 10}, {"gold", 0.95, 20}},
    .n_tiers = 3};
static const struct lab_timed_rule unscored = {.name = "case"};

static void a_race_ends_when_the_interval_is_narrower_than_the_way_to_a_border(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        const struct lab_timed_rule *rule;
        struct pairs_result r;
        bool settled;
    } table[] = {
        {"narrow", &scored, {.kept = 8, .ratio = 1, .low = 0.98, .high = 1.02}, true},
        {"too few", &scored, {.kept = 7, .ratio = 1, .low = 0.98, .high = 1.02}, false},
        {"as wide as the way", &scored, {.kept = 60, .ratio = 1, .low = 0.97, .high = 1.03}, false},
        {"on a border", &scored, {.kept = 60, .ratio = 0.95, .low = 0.949, .high = 0.951}, false},
        {"between borders", &scored, {.kept = 60, .ratio = 0.65, .low = 0.6, .high = 0.7}, true},
        {"far above", &scored, {.kept = 8, .ratio = 8, .low = 6, .high = 10}, true},
        {"no tiers", &unscored, {.kept = 8, .ratio = 2, .low = 1.96, .high = 2.05}, true},
        {"no tiers, wide", &unscored, {.kept = 8, .ratio = 2, .low = 1.9, .high = 2.05}, false},
    };
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++)
        if (pairs_settled(&table[i].r, table[i].rule) != table[i].settled)
            fail_msg("%s", table[i].name);
}

/* ---- tiers ---- */

static void in_doubt_the_better_tier_counts_but_doubt_is_worth_a_tenth(void **state)
{
    (void)state;
    static const struct {
        double ratio, low, high;
        const char *tier, *border; /* NULL: none */
        int doubt;
    } table[] = {
        {1.00, 0.98, 1.02, "gold", NULL, PAIRS_SURE},
        {0.94, 0.92, 0.96, "gold", "gold", PAIRS_BETTER},     /* the median is below it */
        {0.96, 0.94, 0.98, "gold", "gold", PAIRS_BETTER},     /* and here above */
        {0.95, 0.95, 0.95, "gold", NULL, PAIRS_SURE},         /* reached is enough */
        {0.94, 0.92, 0.949, "silver", NULL, PAIRS_SURE},      /* and below it not */
        {0.70, 0.40, 1.00, "bronze", "bronze", PAIRS_BETTER}, /* 0.77 is what doubt gives */
        {0.60, 0.55, 0.90, "bronze", "silver", PAIRS_VAGUE},
        {0.30, 0.20, 0.90, NULL, "bronze", PAIRS_VAGUE},
        {0.30, 0.29, 0.31, NULL, NULL, PAIRS_SURE},
        {0.75, 0.70, 1.20, "silver", "silver", PAIRS_BETTER}, /* the one that decided is told */
    };
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        const struct pairs_result r = {
            .kept = 60, .ratio = table[i].ratio, .low = table[i].low, .high = table[i].high};
        const struct pairs_award a = pairs_award(&r, &scored);
        const char *tier = a.tier != NULL ? a.tier->name : "none";
        const char *border = a.border != NULL ? a.border->name : "none";
        if (strcmp(tier, table[i].tier != NULL ? table[i].tier : "none") != 0 ||
            strcmp(border, table[i].border != NULL ? table[i].border : "none") != 0 ||
            (int)a.doubt != table[i].doubt)
            fail_msg("ratio %g: tier %s, border %s, doubt %d", table[i].ratio, tier, border,
                     (int)a.doubt);
    }
}

/* ---- whole races ---- */

static struct pairs_result race(const struct host *h, double ratio, lab_rng *rng)
{
    struct pairs p = {.n = 0};
    struct pairs_result r;
    do {
        add_pair(&p, h, ratio, rng);
        pairs_judge(&p, rng, &r);
    } while (p.n < PAIRS_MAX && !pairs_settled(&r, &scored));
    return r;
}

static int golds(const struct host *h, double ratio, int races, size_t *ret_pairs)
{
    lab_rng rng = {.s = 77};
    int gold = 0;
    *ret_pairs = 0;
    for (int i = 0; i < races; i++) {
        const struct pairs_result r = race(h, ratio, &rng);
        const struct lab_tier *tier = pairs_award(&r, &scored).tier;
        gold += tier != NULL && strcmp(tier->name, "gold") == 0;
        *ret_pairs += r.kept + r.discarded;
    }
    return gold;
}

static void equal_programs_get_the_best_tier_and_one_slower_by_a_tenth_does_not(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        const struct host *host;
    } hosts[] = {{"calm", &calm}, {"lively", &lively}, {"busy", &busy}};
    for (size_t i = 0; i < sizeof hosts / sizeof hosts[0]; i++) {
        size_t pairs;
        const int equal = golds(hosts[i].host, 1, 100, &pairs);
        const int slower = golds(hosts[i].host, 1 / 1.1, 100, &pairs);
        if (equal < 99 || slower > 5)
            fail_msg("%s: of 100 races %d golds for equal programs, %d for slower ones",
                     hosts[i].name, equal, slower);
    }
}

static void a_calm_host_needs_few_pairs_and_a_busy_one_more(void **state)
{
    (void)state;
    size_t few, many;
    golds(&calm, 1, 20, &few);
    golds(&busy, 1, 20, &many);
    assert_in_range(few, 20 * PAIRS_MIN, 20 * (PAIRS_MIN + 2));
    assert_true(many > 2 * few);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_spread_is_the_standard_deviation_and_no_outlier_moves_it),
        cmocka_unit_test(the_interval_holds_the_truth_in_95_of_100_draws),
        cmocka_unit_test(equal_draws_give_equal_intervals),
        cmocka_unit_test(a_pair_in_which_par_is_off_its_pace_does_not_count),
        cmocka_unit_test(what_the_learner_took_discards_nothing),
        cmocka_unit_test(for_each_slow_moment_of_pars_one_of_the_learners_is_forgotten),
        cmocka_unit_test(a_host_that_disturbs_both_sides_favours_neither),
        cmocka_unit_test(where_par_scatters_widely_only_what_is_far_outside_is_discarded),
        cmocka_unit_test(few_pairs_have_no_pace_to_be_off),
        cmocka_unit_test(a_race_ends_when_the_interval_is_narrower_than_the_way_to_a_border),
        cmocka_unit_test(in_doubt_the_better_tier_counts_but_doubt_is_worth_a_tenth),
        cmocka_unit_test(equal_programs_get_the_best_tier_and_one_slower_by_a_tenth_does_not),
        cmocka_unit_test(a_calm_host_needs_few_pairs_and_a_busy_one_more),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* What is drawn: ranges and moments with a fixed seed, forms of text, sizes around borders. */
#include <float.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "grader/sdk/draw.h"

enum { MANY = 200000 };
static float x[MANY];

static void the_generator_is_the_one_of_the_course(void **state)
{
    (void)state;
    lab_rng r = {.s = 42};
    assert_int_equal(lab_u32(&r), 0x56ce4ab7);
    assert_int_equal(lab_u32(&r), 0xc841eb53);
    assert_int_equal(lab_u32(&r), 0xca466be0);
    assert_int_equal(lab_u32(&r), 0xf1acc733);
}

/* With 200000 numbers a mean is off by about 0.002 deviations, a deviation by about as much for the
 * light tails and by 0.02 for the outliers, whose fourth moment is large. */
static void moments_are_those_of_the_distribution(void **state)
{
    (void)state;
    static const struct {
        enum draw_kind kind;
        double mean, deviation, slack;
    } table[] = {
        {DRAW_UNIFORM, 0.0, 0.57735, 0.01}, {DRAW_NORMAL, 0.0, 1.0, 0.01},
        {DRAW_LAPLACE, 0.0, 1.41421, 0.02}, {DRAW_OUTLIERS, 0.0, 4.12311, 0.15},
        {DRAW_INTEGERS, 0.0, 58.0230, 0.5}, {DRAW_SORTED, 0.0, 1.0, 0.01},
        {DRAW_REVERSED, 0.0, 1.0, 0.01},    {DRAW_ZEROS, 0.0, 0.0, 0.0},
    };
    for (size_t t = 0; t < sizeof table / sizeof table[0]; t++) {
        lab_rng r = {.s = 7 + t};
        double sum = 0, squares = 0;
        draw_floats(&r, table[t].kind, x, MANY);
        for (size_t i = 0; i < MANY; i++) {
            sum += (double)x[i];
            squares += (double)x[i] * (double)x[i];
        }
        const double mean = sum / MANY, deviation = sqrt(squares / MANY - mean * mean);
        if (fabs(mean - table[t].mean) > table[t].slack ||
            fabs(deviation - table[t].deviation) > table[t].slack)
            fail_msg("%s: mean %g, deviation %g", draw_name(table[t].kind), mean, deviation);
    }
}

static void kinds_keep_their_form(void **state)
{
    (void)state;
    lab_rng r = {.s = 3};
    draw_floats(&r, DRAW_UNIFORM, x, MANY);
    for (size_t i = 0; i < MANY; i++)
        assert_true(x[i] >= -1.0f && x[i] < 1.0f);
    draw_floats(&r, DRAW_SORTED, x, MANY);
    for (size_t i = 1; i < MANY; i++)
        assert_true(x[i - 1] <= x[i]);
    draw_floats(&r, DRAW_REVERSED, x, MANY);
    for (size_t i = 1; i < MANY; i++)
        assert_true(x[i - 1] >= x[i]);
    draw_floats(&r, DRAW_CONSTANT, x, 100);
    for (size_t i = 1; i < 100; i++)
        assert_true(x[i] == x[0]);
    draw_floats(&r, DRAW_INTEGERS, x, MANY);
    for (size_t i = 0; i < MANY; i++)
        assert_true(x[i] == floorf(x[i]) && fabsf(x[i]) <= 100.0f);
}

/* Every finite kind is finite, and the others have what they are named for. */
static void special_numbers_are_where_they_should_be(void **state)
{
    (void)state;
    for (int kind = 0; kind < DRAW_KINDS; kind++) {
        lab_rng r = {.s = 11};
        int wild = 0, subnormal = 0, minus = 0;
        draw_floats(&r, (enum draw_kind)kind, x, MANY);
        for (size_t i = 0; i < MANY; i++) {
            wild += !isfinite(x[i]);
            subnormal += fpclassify(x[i]) == FP_SUBNORMAL;
            minus += signbit(x[i]) != 0;
        }
        const char *name = draw_name((enum draw_kind)kind);
        if ((kind == DRAW_SPECIAL) != (wild > MANY / 100))
            fail_msg("%s: %d of %d are infinite or NaN", name, wild, MANY);
        if (kind == DRAW_SUBNORMAL && subnormal < MANY / 100 * 99)
            fail_msg("%s: %d of %d are", name, subnormal, MANY);
        if (kind != DRAW_CONSTANT && (minus < MANY / 3 || minus > MANY / 3 * 2))
            fail_msg("%s: %d of %d have a minus", name, minus, MANY);
    }
}

static void any_exponent_means_all_of_them(void **state)
{
    (void)state;
    lab_rng r = {.s = 5};
    int seen[256] = {0};
    draw_floats(&r, DRAW_WIDE, x, MANY);
    for (size_t i = 0; i < MANY; i++)
        seen[ilogbf(x[i]) + 126]++;
    for (int e = 0; e < 254; e++)
        assert_in_range(seen[e], MANY / 254 / 2, MANY / 254 * 2);
}

static void the_same_seed_draws_the_same(void **state)
{
    (void)state;
    static float again[1000];
    for (int kind = 0; kind < DRAW_KINDS; kind++) {
        lab_rng a = {.s = 99}, b = {.s = 99};
        draw_floats(&a, (enum draw_kind)kind, x, 1000);
        draw_floats(&b, (enum draw_kind)kind, again, 1000);
        assert_memory_equal(x, again, sizeof again);
    }
}

static void whole_numbers_reach_both_ends_evenly(void **state)
{
    (void)state;
    lab_rng r = {.s = 1};
    int seen[7] = {0};
    for (int i = 0; i < 70000; i++)
        seen[draw_below(&r, 7)]++;
    for (int i = 0; i < 7; i++)
        assert_in_range(seen[i], 9500, 10500);
    assert_int_equal(draw_below(&r, 1), 0);
    assert_int_equal(draw_between(&r, -3, -3), -3);
    int64_t low = 0, high = 0;
    for (int i = 0; i < 1000; i++) {
        const int64_t v = draw_between(&r, INT64_MIN, INT64_MAX), w = draw_between(&r, -2, 2);
        low += v < 0;
        high += w == 2;
        assert_in_range(w + 2, 0, 4);
    }
    assert_in_range(low, 400, 600);
    assert_in_range(high, 140, 260);
}

static void a_permutation_has_each_number_once(void **state)
{
    (void)state;
    enum { N = 300 };
    uint32_t p[N], at_home = 0;
    uint8_t seen[N] = {0};
    lab_rng r = {.s = 4};
    draw_permutation(&r, p, N);
    for (uint32_t i = 0; i < N; i++) {
        assert_in_range(p[i], 0, N - 1);
        assert_int_equal(seen[p[i]]++, 0);
        at_home += p[i] == i;
    }
    assert_in_range(at_home, 0, 8);
    draw_permutation(&r, p, 0);
}

/* Unicode 15, table 3-7, as a machine of its own. Returns the first bad offset, or n. */
static size_t well_formed(const uint8_t *s, size_t n)
{
    for (size_t i = 0; i < n;) {
        const uint8_t c = s[i];
        const size_t more = c < 0x80                ? 0
                            : c >= 0xc2 && c < 0xe0 ? 1
                            : c >= 0xe0 && c < 0xf0 ? 2
                            : c >= 0xf0 && c < 0xf5 ? 3
                                                    : 9;
        if (more == 9 || i + more >= n + (more == 0))
            return i;
        const uint8_t low = c == 0xe0 ? 0xa0 : c == 0xf0 ? 0x90 : 0x80;
        const uint8_t high = c == 0xed ? 0x9f : c == 0xf4 ? 0x8f : 0xbf;
        for (size_t k = 1; k <= more; k++)
            if (s[i + k] < (k == 1 ? low : 0x80) || s[i + k] > (k == 1 ? high : 0xbf))
                return i;
        i += 1 + more;
    }
    return n;
}

static void text_is_well_formed_and_of_every_length(void **state)
{
    (void)state;
    enum { CHARACTERS = 4000 };
    static char text[4 * CHARACTERS];
    lab_rng r = {.s = 8};
    const size_t size = draw_utf8(&r, CHARACTERS, text);
    assert_in_range(size, CHARACTERS * 24 / 10, CHARACTERS * 26 / 10);
    assert_int_equal(well_formed((const uint8_t *)text, size), size);
}

static void ill_formed_text_is_so_in_every_way(void **state)
{
    (void)state;
    lab_rng r = {.s = 9};
    const char *faults[16];
    size_t n = 0;
    for (int i = 0; i < 1000; i++) {
        size_t size, k = 0;
        const char *fault, *bytes = draw_ill_formed_utf8(&r, &size, &fault);
        assert_in_range(size, 1, 4);
        if (well_formed((const uint8_t *)bytes, size) != 0)
            fail_msg("%s is well-formed", fault);
        while (k < n && strcmp(faults[k], fault) != 0)
            k++;
        if (k == n)
            faults[n++] = fault;
    }
    assert_int_equal(n, 10);
}

static void sizes_stand_around_the_borders(void **state)
{
    (void)state;
    size_t sizes[200];
    static const size_t want[] = {0, 1, 7, 8, 9, 15, 16, 17, 31, 32, 33, 40};
    assert_int_equal(draw_border_sizes(8, 40, sizes, 200), 12);
    assert_memory_equal(sizes, want, sizeof want);
    static const size_t ones[] = {0, 1, 2, 3, 4, 5};
    assert_int_equal(draw_border_sizes(1, 5, sizes, 200), 6);
    assert_memory_equal(sizes, ones, sizeof ones);
    assert_int_equal(draw_border_sizes(256, 0, sizes, 200), 1);
    assert_int_equal(draw_border_sizes(8, 40, sizes, 5), 5);
    const size_t n = draw_border_sizes(1, SIZE_MAX, sizes, 200);
    assert_true(n < 200 && sizes[n - 1] == SIZE_MAX);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_generator_is_the_one_of_the_course),
        cmocka_unit_test(moments_are_those_of_the_distribution),
        cmocka_unit_test(kinds_keep_their_form),
        cmocka_unit_test(special_numbers_are_where_they_should_be),
        cmocka_unit_test(any_exponent_means_all_of_them),
        cmocka_unit_test(the_same_seed_draws_the_same),
        cmocka_unit_test(whole_numbers_reach_both_ends_evenly),
        cmocka_unit_test(a_permutation_has_each_number_once),
        cmocka_unit_test(text_is_well_formed_and_of_every_length),
        cmocka_unit_test(ill_formed_text_is_so_in_every_way),
        cmocka_unit_test(sizes_stand_around_the_borders),
    };
    return cmocka_run_group_tests_name("draw", tests, NULL, NULL);
}

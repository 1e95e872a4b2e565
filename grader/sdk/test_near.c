/* Distances between arrays and margins of decisions, as tables. */
#include <float.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "grader/sdk/near.h"

typedef struct near (*measure)(const float *expected, const float *actual, size_t n);

static void distances_are_what_the_definitions_say(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        measure of;
        float expected[3], actual[3];
        double distance;
        size_t worst;
    } table[] = {
        {"nerr of equals", near_nerr, {1, 2, 3}, {1, 2, 3}, 0, 0},
        {"nerr by the largest expected", near_nerr, {1, -4, 2}, {1, -4, 3}, 0.25, 2},
        {"nerr where all is zero", near_nerr, {0, 0, 0}, {0, 0x1p-100f, 0}, 0x1p-100 / 1e-30, 1},
        {"nerr takes zeros as equal", near_nerr, {0.0f, 1, 1}, {-0.0f, 1, 1}, 0, 0},
        {"nerr of an infinity that is none", near_nerr, {1, 2, 3}, {1, INFINITY, 3}, INFINITY, 1},
        {"nerr of one that should be", near_nerr, {1, INFINITY, 4}, {1, INFINITY, 3}, 0.25, 2},
        {"nmse", near_nmse, {3, 4, 0}, {3, 3, 0}, 1.0 / 25, 1},
        {"nmse of equals", near_nmse, {3, 4, 0}, {3, 4, 0}, 0, 0},
        {"nmse where all is zero", near_nmse, {0, 0, 0}, {0, 0, 1e-15f}, 1e30, 2},
        {"ulp of neighbours", near_ulp, {1, 1, 1}, {1, 1 + 0x1p-23f, 1}, 1, 1},
        {"ulp below a power of two", near_ulp, {1, 1, 1}, {1, 1, 1 - 0x1p-24f}, 1, 2},
        {"ulp across zero", near_ulp, {FLT_TRUE_MIN, 0, 0}, {-FLT_TRUE_MIN, -0.0f, 0}, 2, 0},
        {"ulp of the largest to infinity",
         near_ulp,
         {FLT_MAX, 0, 0},
         {INFINITY, 0, 0},
         INFINITY,
         0},
        {"ulp of infinities", near_ulp, {-INFINITY, 0, 0}, {-INFINITY, 0, 0}, 0, 0},
        {"the first of equally bad ones", near_nerr, {1, 1, 1}, {1, 2, 2}, 1, 1},
    };
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        const struct near n = table[i].of(table[i].expected, table[i].actual, 3);
        const double d = table[i].distance;
        const int same = isinf(d) ? n.distance == d : fabs(n.distance - d) <= 1e-6 * d;
        if (!same || n.worst != table[i].worst)
            fail_msg("%s: %g at %zu", table[i].name, n.distance, n.worst);
    }
}

static void a_nan_is_near_to_nothing(void **state)
{
    (void)state;
    static const measure all[] = {near_nerr, near_nmse, near_ulp};
    const float expected[] = {1, 2, NAN}, one[] = {1, NAN, 1e30f}, same[] = {1, 2, NAN};
    for (int i = 0; i < 3; i++) {
        struct near n = all[i](expected, one, 2);
        assert_true(isnan(n.distance));
        assert_int_equal(n.worst, 1);
        n = all[i](expected, one, 3); /* what comes behind does not cover it */
        assert_int_equal(n.worst, 1);
        assert_true(isnan(all[i](expected, same, 3).distance));
        assert_true(all[i](expected, one, 0).distance == 0.0);
    }
}

static void margins_say_how_clear_a_decision_is(void **state)
{
    (void)state;
    const double x[] = {0.5, 3.0, -1.0, 2.75}, twice[] = {7.0, 7.0};
    assert_true(margin_of_largest(x, 4) == 0.25);
    assert_true(margin_of_largest(twice, 2) == 0.0);
    assert_true(isinf(margin_of_largest(x, 1)));
    assert_true(margin_at(x, 4, 2.5) == 0.25);
    assert_true(margin_at(x, 4, -1.0) == 0.0);
    assert_true(isinf(margin_at(x, 0, 1.0)));
    assert_true(margin_of_rounding(2.0) == 0.5);
    assert_true(margin_of_rounding(2.5) == 0.0);
    assert_true(margin_of_rounding(-2.25) == 0.25);
    assert_true(isnan(margin_of_rounding(NAN)));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(distances_are_what_the_definitions_say),
        cmocka_unit_test(a_nan_is_near_to_nothing),
        cmocka_unit_test(margins_say_how_clear_a_decision_is),
    };
    return cmocka_run_group_tests_name("near", tests, NULL, NULL);
}

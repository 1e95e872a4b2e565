#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "reference/vision/patch.h"

static uint32_t state_of_draw = 1;

static float *drawn(size_t n)
{
    float *x = malloc(n * sizeof *x);
    assert_non_null(x);
    for (size_t i = 0; i < n; i++) {
        state_of_draw = state_of_draw * 1664525u + 1013904223u;
        x[i] = (float)((double)state_of_draw * 0x1p-31 - 1);
    }
    return x;
}

static void compare(const float *got, const double *expected, size_t n, double bound)
{
    for (size_t i = 0; i < n; i++)
        if (!(fabs((double)got[i] - expected[i]) <= bound))
            fail_msg("value %zu: %.8g, expected %.8g", i, (double)got[i], expected[i]);
}

/* ---- patches ---- */

/* The convolution as it is defined: for each place of the grid, output, channel, row, column. */
static double convolve(const float *chw, const float *w, size_t side, size_t p, size_t gy,
                       size_t gx)
{
    double sum = 0;
    for (size_t c = 0; c < 3; c++)
        for (size_t y = 0; y < p; y++)
            for (size_t x = 0; x < p; x++)
                sum += (double)w[(c * p + y) * p + x] *
                       (double)chw[(c * side + gy * p + y) * side + gx * p + x];
    return sum;
}

static void embed_and_compare(size_t side, size_t p, size_t d)
{
    const size_t grid = side / p, n = grid * grid;
    float *chw = drawn(3 * side * side), *w = drawn(d * 3 * p * p), *cls = drawn(d);
    float *positions = drawn((1 + n) * d), *scratch = drawn(3 * side * side);
    float *got = drawn((1 + n) * d);
    double *expected = malloc((1 + n) * d * sizeof *expected);
    struct err why;
    const struct ref_patches e = {(int32_t)side, (int32_t)p, d, w, cls, positions};
    assert_non_null(expected);
    assert_int_equal(ref_patch_embed(&e, chw, scratch, got, &why), OK);
    for (size_t o = 0; o < d; o++)
        expected[o] = (double)cls[o] + (double)positions[o];
    for (size_t j = 0; j < n; j++)
        for (size_t o = 0; o < d; o++)
            expected[(1 + j) * d + o] =
                convolve(chw, w + o * 3 * p * p, side, p, j / grid, j % grid) +
                (double)positions[(1 + j) * d + o];
    compare(got, expected, (1 + n) * d, 1e-5);
    float *all[] = {chw, w, cls, positions, scratch, got};
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++)
        free(all[i]);
    free(expected);
}

static void patches_are_convolved_in_the_order_of_the_grid(void **state)
{
    static const size_t shapes[][3] = {{28, 14, 5}, {42, 14, 7}, {48, 16, 3}, {4, 1, 2}, {6, 6, 1}};
    (void)state;
    for (size_t i = 0; i < sizeof shapes / sizeof shapes[0]; i++)
        embed_and_compare(shapes[i][0], shapes[i][1], shapes[i][2]);
}

static void a_patch_that_does_not_divide_the_side_is_refused(void **state)
{
    static const int32_t bad[][2] = {{28, 13}, {28, 0}, {0, 1}, {28, -14}, {16385, 1}, {14, 28}};
    struct err why;
    size_t n;
    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        assert_int_equal(ref_patch_count(bad[i][0], bad[i][1], &n, &why), ERR_INVALID);
    assert_int_equal(ref_patch_count(336, 14, &n, &why), OK);
    assert_int_equal(n, 576);
}

/* ---- projector ---- */

enum { D = 6, WIDTH = 9, N = 4 };

static void rows_but_the_first_are_projected(void **state)
{
    float *x = drawn((1 + N) * D), *w1 = drawn(WIDTH * D), *b1 = drawn(WIDTH);
    float *w2 = drawn(WIDTH * WIDTH), *b2 = drawn(WIDTH), got[N * WIDTH], scratch[WIDTH];
    const struct ref_projector p = {D, WIDTH, w1, b1, w2, b2};
    double expected[N * WIDTH];
    (void)state;
    for (size_t j = 0; j < N; j++) {
        double hidden[WIDTH];
        for (size_t o = 0; o < WIDTH; o++) {
            double sum = (double)b1[o];
            for (size_t i = 0; i < D; i++)
                sum += (double)w1[o * D + i] * (double)x[(1 + j) * D + i];
            hidden[o] = sum / 2 * (1 + erf(sum / sqrt(2)));
        }
        for (size_t o = 0; o < WIDTH; o++) {
            expected[j * WIDTH + o] = (double)b2[o];
            for (size_t i = 0; i < WIDTH; i++)
                expected[j * WIDTH + o] += (double)w2[o * WIDTH + i] * hidden[i];
        }
    }
    ref_project(&p, x, N, scratch, got);
    compare(got, expected, (size_t)N * WIDTH, 2e-6);
    x[2 * D] = NAN;
    ref_project(&p, x, N, scratch, got);
    for (size_t i = 0; i < (size_t)N * WIDTH; i++)
        assert_int_equal(isnan(got[i]), i / WIDTH == 1);
    float *all[] = {x, w1, b1, w2, b2};
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++)
        free(all[i]);
}

/* ---- splice ---- */

static const float embeddings[3] = {10, 11, 12}, first[2] = {100, 101}, second[1] = {200};
static const float *const pictures[2] = {first, second};

static void pictures_take_the_places_of_their_placeholders(void **state)
{
    static const struct {
        const char *fact;
        int32_t ids[4];
        size_t n, n_pictures, rows[2], n_ret;
        float ret[6];
    } rows[] = {
        {"at the front", {-200, 1, 2}, 3, 1, {2}, 4, {100, 101, 11, 12}},
        {"at the end", {0, -200}, 2, 1, {2}, 3, {10, 100, 101}},
        {"side by side", {0, -200, -200, 2}, 4, 2, {2, 1}, 5, {10, 100, 101, 200, 12}},
        {"none", {2, 2}, 2, 0, {0}, 2, {12, 12}},
        {"without rows", {1, -200, 1}, 3, 1, {0}, 2, {11, 11}},
        {"no text", {0}, 0, 0, {0}, 0, {0}},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const struct ref_splice s = {rows[i].ids, rows[i].n, embeddings,   3,
                                     1,           pictures,  rows[i].rows, rows[i].n_pictures};
        float got[6] = {0};
        size_t n = 99;
        struct err why;
        if (ref_splice(&s, rows[i].n_ret, got, &n, &why) != OK)
            fail_msg("%s: %s", rows[i].fact, why.text);
        if (n != rows[i].n_ret || memcmp(got, rows[i].ret, sizeof got) != 0)
            fail_msg("%s: %zu rows", rows[i].fact, n);
    }
}

static void texts_that_do_not_fit_are_refused(void **state)
{
    static const struct {
        const char *fact;
        int32_t ids[2];
        size_t n_pictures, rows[2], cap;
        enum err_code code;
    } rows[] = {
        {"an id below 0", {0, -1}, 0, {0}, 9, ERR_RANGE},
        {"an id behind the vocabulary", {0, 3}, 0, {0}, 9, ERR_RANGE},
        {"a placeholder too many", {0, -200}, 0, {0}, 9, ERR_INVALID},
        {"a picture too many", {0, -200}, 2, {1, 1}, 9, ERR_INVALID},
        {"too little room", {0, -200}, 1, {2}, 2, ERR_TOO_LARGE},
        {"rows that overflow", {-200, -200}, 2, {SIZE_MAX, 1}, 9, ERR_TOO_LARGE},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const struct ref_splice s = {rows[i].ids, 2,        embeddings,   3,
                                     1,           pictures, rows[i].rows, rows[i].n_pictures};
        float got[9] = {77};
        size_t n;
        struct err why;
        if (ref_splice(&s, rows[i].cap, got, &n, &why) != rows[i].code || got[0] != 77)
            fail_msg("%s: %s", rows[i].fact, why.text);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(patches_are_convolved_in_the_order_of_the_grid),
        cmocka_unit_test(a_patch_that_does_not_divide_the_side_is_refused),
        cmocka_unit_test(rows_but_the_first_are_projected),
        cmocka_unit_test(pictures_take_the_places_of_their_placeholders),
        cmocka_unit_test(texts_that_do_not_fit_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

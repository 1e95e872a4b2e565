#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "reference/quant/quant.h"
#include "reference/tensor/matmul.h"

static struct ref_view tensor(float *data, int64_t n0, int64_t n1, int64_t n2, int64_t n3)
{
    struct ref_view t;
    struct err why;
    const int64_t ne[REF_DIMS] = {n0, n1, n2, n3};
    if (ref_view_of(REF_F32, ne, data, 1 << 20, &t, &why) != OK)
        fail_msg("%s", why.text);
    return t;
}

static void fill(float *x, size_t n)
{
    for (size_t i = 0; i < n; i++)
        x[i] = (float)((int)(i * 7 % 13) - 6); /* small whole numbers: every sum is exact */
}

static void batches_of_a_are_shared_by_division(void **state)
{
    enum { K = 3, M = 2, N = 4, A2 = 2, B2 = 4, A3 = 1, B3 = 3 };
    float a[K * M * A2 * A3], b[K * N * B2 * B3], y[M * N * B2 * B3];
    (void)state;
    fill(a, sizeof a / sizeof a[0]);
    fill(b, sizeof b / sizeof b[0]);
    const struct ref_view ta = tensor(a, K, M, A2, A3), tb = tensor(b, K, N, B2, B3);
    const struct ref_view ty = tensor(y, M, N, B2, B3);
    assert_int_equal(ref_matmul(&ty, &ta, &tb, NULL), OK);
    for (int i3 = 0; i3 < B3; i3++)
        for (int i2 = 0; i2 < B2; i2++)
            for (int n = 0; n < N; n++)
                for (int m = 0; m < M; m++) {
                    float sum = 0;
                    for (int k = 0; k < K; k++)
                        sum += a[(i2 / 2 * M + m) * K + k] * b[((i3 * B2 + i2) * N + n) * K + k];
                    assert_float_equal(y[((i3 * B2 + i2) * N + n) * M + m], sum, 0);
                }
}

static void rows_may_lie_anywhere(void **state)
{
    float a[24], b[6] = {1, 2, 3, 4, 5, 6}, y[4], dense[4];
    struct ref_view picked;
    (void)state;
    fill(a, 24);
    const struct ref_view whole = tensor(a, 3, 8, 1, 1), tb = tensor(b, 3, 2, 1, 1);
    const struct ref_view ty = tensor(y, 2, 2, 1, 1), td = tensor(dense, 2, 2, 1, 1);
    assert_int_equal(ref_view_slice(&whole, 1, 0, 2, &picked, NULL), OK);
    assert_int_equal(ref_matmul(&td, &picked, &tb, NULL), OK);
    memmove(a + 12, a + 3, 3 * sizeof *a); /* the second row moves, four rows on */
    picked.nb[1] = 4 * whole.nb[1];
    assert_int_equal(ref_matmul(&ty, &picked, &tb, NULL), OK);
    assert_memory_equal(y, dense, sizeof y);
}

static void a_large_sum_keeps_its_small_part(void **state)
{
    float a[3] = {1e8f, 1, -1e8f}, b[3] = {1, 1, 1}, y;
    (void)state;
    const struct ref_view ta = tensor(a, 3, 1, 1, 1), tb = tensor(b, 3, 1, 1, 1);
    const struct ref_view ty = tensor(&y, 1, 1, 1, 1);
    assert_int_equal(ref_matmul(&ty, &ta, &tb, NULL), OK);
    assert_float_equal(y, 1, 0);
}

static void misfits_are_named_and_nothing_is_written(void **state)
{
    static const struct {
        int64_t a[REF_DIMS], b[REF_DIMS], y[REF_DIMS];
        const char *says;
    } rows[] = {
        {{3, 2, 1, 1}, {4, 2, 1, 1}, {2, 2, 1, 1}, "rows of a have 3"},
        {{3, 2, 1, 1}, {3, 2, 1, 1}, {2, 3, 1, 1}, "expected 2 x 2"},
        {{3, 2, 2, 1}, {3, 2, 3, 1}, {2, 2, 3, 1}, "2 of a do not divide 3"},
        {{3, 2, 1, 2}, {3, 2, 1, 2}, {2, 2, 1, 1}, "1 in the result, 2 in b"},
        {{3, 2, 0, 1}, {3, 2, 1, 1}, {2, 2, 1, 1}, "0 of a do not divide 1"},
    };
    float a[64] = {0}, b[64] = {0}, y[64];
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct err why;
        memset(y, 0xAA, sizeof y);
        const struct ref_view ta =
            tensor(a, rows[i].a[0], rows[i].a[1], rows[i].a[2], rows[i].a[3]);
        const struct ref_view tb =
            tensor(b, rows[i].b[0], rows[i].b[1], rows[i].b[2], rows[i].b[3]);
        const struct ref_view ty =
            tensor(y, rows[i].y[0], rows[i].y[1], rows[i].y[2], rows[i].y[3]);
        assert_int_equal(ref_matmul(&ty, &ta, &tb, &why), ERR_INVALID);
        if (strstr(why.text, rows[i].says) == NULL)
            fail_msg("expected '%s', the message is '%s'", rows[i].says, why.text);
        assert_int_equal(((unsigned char *)y)[0], 0xAA);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(batches_of_a_are_shared_by_division),
        cmocka_unit_test(rows_may_lie_anywhere),
        cmocka_unit_test(a_large_sum_keeps_its_small_part),
        cmocka_unit_test(misfits_are_named_and_nothing_is_written),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

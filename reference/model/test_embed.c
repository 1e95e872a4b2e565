#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "reference/model/embed.h"

enum { N = 7, DIM = 2, SEQUENCES = 4 };

/* Sequences 0, 1 and 3 interleaved, positions shuffled; 2 is empty. Token i has the row {i, 10 i}.
 */
static const float rows[N * DIM] = {0, 0, 1, 10, 2, 20, 3, 30, 4, 40, 5, 50, 6, 60};
static const int32_t sequence[N] = {1, 0, 1, 0, 1, 3, 1};
static const int32_t position[N] = {5, 9, 2, 8, 2, 0, 5};
static const struct ref_embed_batch batch = {N, DIM, rows, sequence, position, SEQUENCES};
static _Alignas(8) uint8_t scratch[SEQUENCES * (1 + DIM) * 8];

static void each_pooling_takes_its_row(void **state)
{
    static const struct {
        const char *fact;
        enum ref_pooling kind;
        float first[SEQUENCES];
    } table[] = {
        {"the mean is of the sequence's own tokens", REF_POOLING_MEAN, {2, 3, 0, 5}},
        {"CLS is the smallest position, the first of equal ones", REF_POOLING_CLS, {3, 2, 0, 5}},
        {"LAST is the largest position, the last of equal ones", REF_POOLING_LAST, {1, 6, 0, 5}},
        {"RANK takes the row of CLS", REF_POOLING_RANK, {3, 2, 0, 5}},
    };
    float got[SEQUENCES * DIM];
    struct err why;
    size_t empty;
    (void)state;
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        assert_true(ref_pool_scratch(table[i].kind, DIM, SEQUENCES) <= sizeof scratch);
        assert_int_equal(ref_pool(table[i].kind, &batch, scratch, got, &empty, &why), OK);
        assert_int_equal(empty, 1);
        for (size_t s = 0; s < SEQUENCES; s++)
            if (got[s * DIM] != table[i].first[s] || got[s * DIM + 1] != 10 * table[i].first[s])
                fail_msg("%s: sequence %zu is {%g, %g}", table[i].fact, s, (double)got[s * DIM],
                         (double)got[s * DIM + 1]);
    }
}

static void without_pooling_each_token_keeps_its_row(void **state)
{
    float got[N * DIM];
    struct err why;
    size_t empty;
    (void)state;
    assert_int_equal(ref_pool(REF_POOLING_NONE, &batch, scratch, got, &empty, &why), OK);
    assert_memory_equal(got, rows, sizeof rows);
    assert_int_equal(empty, 1);
}

static void a_sequence_that_does_not_exist_is_refused(void **state)
{
    const int32_t bad[] = {-1, SEQUENCES};
    float got[SEQUENCES * DIM] = {77};
    struct err why;
    size_t empty;
    (void)state;
    for (size_t i = 0; i < 2; i++) {
        struct ref_embed_batch b = batch;
        b.n = 1;
        b.sequence = &bad[i];
        assert_int_equal(ref_pool(REF_POOLING_MEAN, &b, scratch, got, &empty, &why), ERR_RANGE);
        assert_true(got[0] == 77);
    }
}

static void a_size_that_overflows_has_no_scratch(void **state)
{
    (void)state;
    assert_int_equal(ref_pool_scratch(REF_POOLING_MEAN, SIZE_MAX / 4, 1), 0);
    assert_int_equal(ref_pool_scratch(REF_POOLING_CLS, 1, SIZE_MAX / 4), 0);
}

static void each_code_normalises_as_llama_cpp_does(void **state)
{
    static const struct {
        const char *fact;
        int32_t code;
        float in[2], out[2];
    } table[] = {
        {"-1 changes nothing", -1, {3, -4}, {3, -4}},
        {"0 brings the largest to 32760", 0, {3, -4}, {24570, -32760}},
        {"1 is taxicab", 1, {3, -5}, {0.375f, -0.625f}},
        {"2 is Euclid", 2, {3, -4}, {0.6f, -0.8f}},
        {"others are their own root", 3, {1, 0}, {1, 0}},
        {"zeros stay zeros", 2, {0, 0}, {0, 0}},
        {"a square beyond a float is no infinity", 2, {3e30f, 4e30f}, {0.6f, 0.8f}},
        {"nor does a small one vanish", 2, {3e-30f, 4e-30f}, {0.6f, 0.8f}},
    };
    float got[2];
    (void)state;
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        ref_embed_normalize(table[i].in, 2, table[i].code, got);
        for (size_t j = 0; j < 2; j++)
            if (!(fabsf(got[j] - table[i].out[j]) <= 2.4e-7f * fabsf(table[i].out[j])))
                fail_msg("%s: {%.8g, %.8g}", table[i].fact, (double)got[0], (double)got[1]);
    }
}

static void a_cut_row_has_length_one_again(void **state)
{
    float x[6] = {3, 4, 100, 0, 2, 100};
    struct err why;
    (void)state;
    assert_int_equal(ref_embed_truncate(x, 2, 3, 2, x, &why), OK);
    assert_true(fabsf(x[0] - 0.6f) < 1e-6f && fabsf(x[1] - 0.8f) < 1e-6f);
    assert_true(x[2] == 0 && x[3] == 1);
    assert_int_equal(ref_embed_truncate(x, 1, 3, 4, x, &why), ERR_INVALID);
    assert_int_equal(ref_embed_truncate(x, 1, 3, 0, x, &why), ERR_INVALID);
}

static void the_head_of_a_reranker_scores_a_row(void **state)
{
    const float dense[4] = {0, 1, 1, 0}, dense_bias[2] = {0.5f, 0}, out[2] = {2, -1}, bias[1] = {3};
    const struct ref_rank_head deep = {2, 1, dense, dense_bias, out, bias};
    const struct ref_rank_head flat = {.dim = 2, .labels = 1, .out = out};
    const float x[2] = {0.25f, -1};
    float got, hidden[2];
    (void)state;
    ref_rank(&deep, x, hidden, &got);
    assert_true(fabs((double)got - (2 * tanh(-0.5) - tanh(0.25) + 3)) < 1e-6);
    ref_rank(&flat, x, hidden, &got);
    assert_true(got == 1.5f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_pooling_takes_its_row),
        cmocka_unit_test(without_pooling_each_token_keeps_its_row),
        cmocka_unit_test(a_sequence_that_does_not_exist_is_refused),
        cmocka_unit_test(a_size_that_overflows_has_no_scratch),
        cmocka_unit_test(each_code_normalises_as_llama_cpp_does),
        cmocka_unit_test(a_cut_row_has_length_one_again),
        cmocka_unit_test(the_head_of_a_reranker_scores_a_row),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "reference/tensor/gemm.h"
#include "reference/tensor/matmul.h"

enum { M_MAX = 401, N_MAX = 97, K_MAX = 600, LDA = K_MAX + 3, LDB = K_MAX + 1, LDC = M_MAX + 5 };

static float a[M_MAX * LDA], b[N_MAX * LDB], c[N_MAX * LDC];
static _Alignas(64) float scratch[REF_GEMM_SCRATCH];

static void fill(float *x, size_t n, float phase)
{
    for (size_t i = 0; i < n; i++)
        x[i] = sinf((float)(i % 8191) * 0.61f + phase);
}

static void equals_the_truth(const struct ref_gemm *g, size_t m, size_t n, size_t k)
{
    memset(c, 0x55, sizeof c);
    ref_gemm(g, m, n, k, a, LDA, b, LDB, c, LDC, scratch);
    for (size_t j = 0; j < n; j++)
        for (size_t i = 0; i < m; i++) {
            const double truth = ref_dot_f32(a + i * LDA, b + j * LDB, k);
            const double bound = 0x1p-24 * (double)(k + REF_GEMM_K) * (double)k;
            if (!(fabs((double)c[j * LDC + i] - truth) <= bound))
                fail_msg("%s, %zu x %zu x %zu at (%zu, %zu): %.9g, expected %.9g",
                         ref_isa_name(g->isa), m, n, k, i, j, (double)c[j * LDC + i], truth);
        }
    for (size_t j = 0; j < n; j++) /* nothing beside the result is touched */
        for (size_t i = m; i < LDC; i++)
            assert_memory_equal(&c[j * LDC + i], "\x55\x55\x55\x55", 4);
}

static void every_rung_equals_the_truth_at_every_edge(void **state)
{
    static const size_t sizes[][3] = {
        {1, 1, 1},     {4, 4, 4},  {32, 12, 256}, {33, 13, 257}, {31, 11, 255},
        {15, 5, 17},   {16, 6, 1}, {97, 89, 83},  {401, 25, 40}, {3, 97, 600},
        {385, 1, 513}, {0, 3, 5},  {3, 0, 5},
    };
    (void)state;
    fill(a, sizeof a / sizeof *a, 0);
    fill(b, sizeof b / sizeof *b, 1);
    for (int isa = 0; isa < REF_ISAS; isa++) {
        const struct ref_gemm *g = ref_gemm_for((enum ref_isa)isa);
        for (size_t i = 0; g != NULL && i < sizeof sizes / sizeof sizes[0]; i++)
            equals_the_truth(g, sizes[i][0], sizes[i][1], sizes[i][2]);
    }
}

static void a_sum_of_nothing_is_zero(void **state)
{
    (void)state;
    memset(c, 0x55, sizeof c);
    ref_gemm(ref_gemm_for(REF_ISA_SCALAR), 2, 2, 0, a, LDA, b, LDB, c, LDC, scratch);
    assert_float_equal(c[0], 0, 0);
    assert_float_equal(c[LDC + 1], 0, 0);
}

static void the_scalar_rung_is_always_there(void **state)
{
    (void)state;
    assert_non_null(ref_gemm_for(REF_ISA_SCALAR));
    assert_non_null(ref_gemm_for(ref_isa_best()));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_rung_equals_the_truth_at_every_edge),
        cmocka_unit_test(a_sum_of_nothing_is_zero),
        cmocka_unit_test(the_scalar_rung_is_always_there),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

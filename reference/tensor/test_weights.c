#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "reference/quant/dot.h"
#include "reference/tensor/weights.h"

enum { OUT = 37, IN = 512, GAP = 64, TOKENS = 23 };

static const uint32_t types[] = {REF_F32,  REF_F16,   REF_BF16,  REF_Q4_0,   REF_Q4_1,   REF_Q5_0,
                                 REF_Q5_1, REF_Q8_0,  REF_Q2_K,  REF_Q3_K,   REF_Q4_K,   REF_Q5_K,
                                 REF_Q6_K, REF_TQ1_0, REF_TQ2_0, REF_IQ4_NL, REF_IQ4_XS, REF_MXFP4};
enum { TYPES = sizeof types / sizeof types[0] };

static _Alignas(64) uint8_t rows[OUT * (IN * 4 + GAP)], scratch[4 << 20], codes[IN * 4];
static float x[TOKENS * IN], w[IN], y[TOKENS * OUT + 1], decoded[IN];

static void fill(void)
{
    for (int i = 0; i < TOKENS * IN; i++)
        x[i] = sinf((float)(i % 8191) * 0.37f);
}

/* OUT rows of a type, with a gap behind each. */
static struct ref_weights made(uint32_t type)
{
    struct ref_weights m = {.type = type, .out = OUT, .in = IN, .rows = rows};
    assert_int_equal(ref_quant_row_bytes(type, IN, &m.row_bytes, NULL), OK);
    m.row_bytes += GAP;
    memset(rows, 0xFF, sizeof rows);
    for (size_t o = 0; o < OUT; o++) {
        for (int i = 0; i < IN; i++)
            w[i] = cosf((float)i * 0.61f + (float)o);
        assert_int_equal(ref_quant_quantize(type, w, IN, rows + o * m.row_bytes, NULL), OK);
    }
    return m;
}

static void multiply(const struct ref_quant_kernels *k, const struct ref_weights *m, size_t n)
{
    size_t bytes;
    assert_int_equal(ref_weights_scratch(m, n, &bytes, NULL), OK);
    assert_true(bytes <= sizeof scratch);
    memset(y, 0x55, sizeof y);
    memset(scratch, 0xFF, sizeof scratch);
    memset(scratch + bytes, 0xAA, sizeof scratch - bytes);
    ref_weights_multiply(k, m, x, n, scratch, y);
    assert_memory_equal(&y[n * OUT], "\x55\x55\x55\x55", 4);
    for (size_t i = bytes; i < bytes + 256; i++)
        assert_int_equal(scratch[i], 0xAA);
}

/* The scalar dot product of a row of weights and the codes of a row of x, and the bound on any way
 * to sum it. */
static double truth_of(const struct ref_weights *m, size_t o, size_t t, double *ret_bound)
{
    const uint32_t partner = ref_quant_find(m->type)->partner;
    const uint8_t *row = m->rows + o * m->row_bytes;
    float sum;
    assert_int_equal(ref_quant_quantize(partner, x + t * IN, IN, codes, NULL), OK);
    assert_int_equal(ref_quant_dot(m->type, row, codes, IN, &sum, NULL), OK);
    assert_int_equal(ref_quant_dequantize(m->type, row, IN, w, NULL), OK);
    assert_int_equal(ref_quant_dequantize(partner, codes, IN, decoded, NULL), OK);
    double terms = 0;
    for (int i = 0; i < IN; i++)
        terms += fabs((double)w[i] * (double)decoded[i]);
    *ret_bound = 0x1p-20 * terms;
    return (double)sum;
}

static void every_type_equals_its_dot_product_for_few_and_many_rows(void **state)
{
    static const size_t counts[] = {1, 3, 7, 8, TOKENS};
    (void)state;
    fill();
    for (size_t i = 0; i < TYPES; i++) {
        const struct ref_weights m = made(types[i]);
        for (int isa = 0; isa < REF_ISAS; isa++) {
            const struct ref_quant_kernels *k = ref_quant_kernels_for((enum ref_isa)isa);
            for (size_t c = 0; k != NULL && c < sizeof counts / sizeof counts[0]; c++) {
                multiply(k, &m, counts[c]);
                for (size_t at = 0; at < counts[c] * OUT; at += 5) {
                    double bound, truth = truth_of(&m, at % OUT, at / OUT, &bound);
                    if (!(fabs((double)y[at] - truth) <= bound))
                        fail_msg("%s, %s, %zu rows, at %zu: %.9g, expected %.9g within %.2g",
                                 ref_quant_find(types[i])->name, ref_isa_name(k->isa), counts[c],
                                 at, (double)y[at], truth, bound);
                }
            }
        }
    }
}

static void what_is_not_finite_spoils_its_row_alone(void **state)
{
    static const size_t counts[] = {3, TOKENS};
    static const float bad[] = {NAN, INFINITY, -INFINITY};
    (void)state;
    fill();
    for (size_t i = 0; i < 3; i++)
        for (size_t c = 0; c < 2; c++) {
            const struct ref_weights m = made(types[i * 5]);
            x[IN + 17] = bad[i];
            multiply(ref_quant_kernels_for(ref_isa_best()), &m, counts[c]);
            for (size_t at = 0; at < counts[c] * OUT; at++)
                assert_true(isnan(y[at]) == (at / OUT == 1));
        }
}

static void weights_that_cannot_be_are_refused(void **state)
{
    static const struct {
        struct ref_weights w;
        size_t n;
        enum err_code expected;
    } bad[] = {
        {{REF_Q8_K, 1, 256, 4096, NULL}, 1, ERR_UNSUPPORTED},
        {{999, 1, 256, 4096, NULL}, 1, ERR_UNSUPPORTED},
        {{REF_Q4_0, 1, 33, 4096, NULL}, 1, ERR_INVALID},
        {{REF_Q4_0, 1, 64, 35, NULL}, 1, ERR_INVALID},
        {{REF_F16, 1, 1 << 20, 1 << 21, NULL}, SIZE_MAX / 4096, ERR_TOO_LARGE},
    };
    size_t bytes = 7;
    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        assert_int_equal(ref_weights_scratch(&bad[i].w, bad[i].n, &bytes, NULL), bad[i].expected);
    assert_int_equal(bytes, 7);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_type_equals_its_dot_product_for_few_and_many_rows),
        cmocka_unit_test(what_is_not_finite_spoils_its_row_alone),
        cmocka_unit_test(weights_that_cannot_be_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

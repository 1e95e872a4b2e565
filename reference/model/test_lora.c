#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "reference/gguf/gguf_write.h"
#include "reference/model/lora.h"
#include "reference/model/train/rng.h"
#include "reference/quant/dot.h"
#include "reference/quant/quant.h"

enum { IN = 64, OUT = 24, RANK = 3, ROWS = 5, VOCAB = 12 };

static struct rng rng;

static void draw(float *x, size_t n)
{
    for (size_t i = 0; i < n; i++)
        x[i] = (float)rng_below(&rng, 2001) / 1000 - 1;
}

static struct ref_matrix matrix(uint32_t type, size_t in, size_t out, const void *rows)
{
    struct ref_matrix m = {.type = type, .in = in, .out = out, .rows = rows};
    struct err why;
    assert_int_equal(ref_quant_row_bytes(type, in, &m.row_bytes, &why), OK);
    return m;
}

static void multiply(const struct ref_matrix *w, const float *x, float *y)
{
    struct err why;
    for (size_t o = 0; o < w->out; o++)
        assert_int_equal(ref_quant_dot(w->type, w->rows + o * w->row_bytes, x, w->in, &y[o], &why),
                         OK);
}

static float a[RANK * IN], b[OUT * RANK], w[OUT * IN], merged[OUT * IN], x[ROWS * IN];
static float scratch[(RANK + 2) * IN + RANK];

static void fill(void)
{
    rng = (struct rng){7};
    draw(a, RANK * IN);
    draw(b, OUT * RANK);
    draw(w, OUT * IN);
    draw(x, ROWS * IN);
}

static const struct ref_quant_kernels *scalar(void)
{
    return ref_quant_kernels_for(REF_ISA_SCALAR);
}

static void the_scale_is_alpha_by_rank_unless_alpha_is_zero(void **state)
{
    (void)state;
    assert_true(ref_lora_scale(16, 8, 0.5f) == 1.0f);
    assert_true(ref_lora_scale(0, 8, 0.5f) == 0.5f);
}

static void an_adapter_applied_equals_merged_weights(void **state)
{
    float got[ROWS * OUT], expected[OUT];
    struct err why;
    (void)state;
    fill();
    const struct ref_matrix base = matrix(REF_F32, IN, OUT, w);
    const struct ref_lora l = {matrix(REF_F32, IN, RANK, a), matrix(REF_F32, RANK, OUT, b), 0.75f};
    assert_true(ref_lora_merge_scratch(&l) <= sizeof scratch);
    assert_int_equal(ref_lora_merge(&l, &base, scratch, (uint8_t *)merged, &why), OK);
    const struct ref_matrix both = matrix(REF_F32, IN, OUT, merged);
    for (size_t i = 0; i < ROWS; i++)
        multiply(&base, x + i * IN, got + i * OUT);
    ref_lora_apply(&l, scalar(), x, ROWS, scratch, got);
    for (size_t i = 0; i < ROWS; i++) {
        multiply(&both, x + i * IN, expected);
        for (size_t o = 0; o < OUT; o++)
            if (!(fabsf(got[i * OUT + o] - expected[o]) <= 2e-5f))
                fail_msg("row %zu, %zu: %.7g, merged %.7g", i, o, (double)got[i * OUT + o],
                         (double)expected[o]);
    }
}

static void merging_in_place_gives_the_same_bytes(void **state)
{
    struct err why;
    (void)state;
    fill();
    const struct ref_matrix base = matrix(REF_F32, IN, OUT, w);
    const struct ref_lora l = {matrix(REF_F32, IN, RANK, a), matrix(REF_F32, RANK, OUT, b), 2};
    assert_int_equal(ref_lora_merge(&l, &base, scratch, (uint8_t *)merged, &why), OK);
    assert_int_equal(ref_lora_merge(&l, &base, scratch, (uint8_t *)w, &why), OK);
    assert_memory_equal(w, merged, sizeof w);
}

/* 1/127 is a step of Q8_0 here: a change of a tenth of it rounds away, one of three steps stays. */
static void a_quantised_base_loses_a_change_below_half_a_step(void **state)
{
    static const struct {
        float scale;
        int code;
    } rows[] = {{0.1f / 127, 64}, {3.0f / 127, 67}};
    uint8_t q[34], out[34];
    float one[32], unit = 1;
    struct err why;
    (void)state;
    for (size_t i = 0; i < 32; i++)
        one[i] = i == 0 ? 1.0f : 64.0f / 127;
    assert_int_equal(ref_quant_quantize(REF_Q8_0, one, 32, q, &why), OK);
    float direction[32] = {0, 1, 1, 1};
    for (size_t i = 0; i < 2; i++) {
        const struct ref_matrix base = matrix(REF_Q8_0, 32, 1, q);
        const struct ref_lora l = {matrix(REF_F32, 32, 1, direction), matrix(REF_F32, 1, 1, &unit),
                                   rows[i].scale};
        assert_int_equal(ref_lora_merge(&l, &base, scratch, out, &why), OK);
        if ((int8_t)out[2 + 1] != rows[i].code)
            fail_msg("scale %g: code %d", (double)rows[i].scale, (int8_t)out[2 + 1]);
    }
}

static void a_token_looks_up_its_row_of_a(void **state)
{
    float table[VOCAB * RANK], y[2 * OUT] = {0};
    const int32_t ids[2] = {11, 4}, outside[2] = {0, VOCAB};
    struct err why;
    (void)state;
    fill();
    draw(table, VOCAB * RANK);
    const struct ref_lora l = {matrix(REF_F32, RANK, VOCAB, table), matrix(REF_F32, RANK, OUT, b),
                               0.5f};
    assert_int_equal(ref_lora_embed(&l, scalar(), ids, 2, scratch, y, &why), OK);
    for (size_t i = 0; i < 2; i++)
        for (size_t o = 0; o < OUT; o++) {
            double sum = 0;
            for (size_t k = 0; k < RANK; k++)
                sum += (double)b[o * RANK + k] * (double)table[(size_t)ids[i] * RANK + k];
            assert_true(fabs(0.5 * sum - (double)y[i * OUT + o]) < 1e-6);
        }
    assert_int_equal(ref_lora_embed(&l, scalar(), outside, 2, scratch, y, &why), ERR_RANGE);
}

static void what_is_not_finite_stays_in_its_row(void **state)
{
    float y[2 * OUT] = {0};
    (void)state;
    fill();
    x[3] = INFINITY;
    const struct ref_lora l = {matrix(REF_F32, IN, RANK, a), matrix(REF_F32, RANK, OUT, b), 1};
    ref_lora_apply(&l, scalar(), x, 2, scratch, y);
    for (size_t o = 0; o < OUT; o++)
        assert_true(isnan(y[o]) && isfinite(y[OUT + o]));
}

/* ---- files ---- */

struct adapter {
    const char *type;
    float alpha;
    size_t rank_b;
    bool with_b;
};

static enum err_code find_in(const struct adapter *want, const char *name, struct ref_lora *ret,
                             struct err *why)
{
    static _Alignas(64) uint8_t bytes[1 << 16];
    static struct ref_gguf_kv kv[4];
    static struct ref_gguf_tensor tensor[4];
    static struct ref_gguf_file written, file;
    const struct ref_gguf_text adapter = {"adapter", 7}, type = {want->type, strlen(want->type)};
    const struct ref_gguf_kv_model keys[] = {
        {.key = {"general.type", 12}, .type = REF_GGUF_STRING, .data = &adapter},
        {.key = {"adapter.type", 12}, .type = REF_GGUF_STRING, .data = &type},
        {.key = {"adapter.lora.alpha", 18}, .type = REF_GGUF_F32, .data = &want->alpha}};
    const struct ref_gguf_tensor_model tensors[] = {
        {.name = {"w.lora_a", 8}, .n_dims = 2, .type = REF_F32, .ne = {IN, RANK}, .data = a},
        {.name = {"w.lora_b", 8},
         .n_dims = 2,
         .type = REF_F32,
         .ne = {want->rank_b, OUT},
         .data = b}};
    const struct ref_gguf_model model = {
        .version = 3, .kv = keys, .n_kv = 3, .tensor = tensors, .n_tensors = want->with_b ? 2 : 1};
    const uint64_t size = ref_gguf_size(&model);
    assert_true(size <= sizeof bytes);
    assert_int_equal(ref_gguf_write(&model, bytes, size, &written), REF_GGUF_OK);
    if (ref_gguf_read(bytes, size, kv, 4, tensor, 4, &file, why) != REF_GGUF_OK)
        fail_msg("%s", why->text);
    const struct ref_matrix base = matrix(REF_F32, IN, OUT, w);
    return ref_lora_find(&file, name, REF_LORA_PRODUCT, &base, 0.5f, ret, why);
}

static void a_pair_is_found_in_a_file_with_its_scale(void **state)
{
    struct ref_lora l;
    struct err why;
    (void)state;
    fill();
    if (find_in(&(struct adapter){"lora", 12, RANK, true}, "w", &l, &why) != OK)
        fail_msg("%s", why.text);
    assert_true(l.scale == 2.0f && l.a.out == RANK && l.b.out == OUT);
    assert_memory_equal(l.b.rows, b, sizeof b);
}

static void files_that_do_not_fit_are_refused(void **state)
{
    static const struct {
        const char *fact, *name;
        struct adapter file;
        enum err_code code;
    } rows[] = {
        {"another name", "v", {"lora", 1, RANK, true}, ERR_NOT_FOUND},
        {"half a pair", "w", {"lora", 1, RANK, false}, ERR_INVALID},
        {"another kind", "w", {"ia3", 1, RANK, true}, ERR_UNSUPPORTED},
        {"ranks that differ", "w", {"lora", 1, RANK - 1, true}, ERR_INVALID},
        {"an infinite alpha", "w", {"lora", INFINITY, RANK, true}, ERR_INVALID},
        {"an alpha that is NaN", "w", {"lora", NAN, RANK, true}, ERR_INVALID},
    };
    struct ref_lora l;
    struct err why;
    (void)state;
    fill();
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        if (find_in(&rows[i].file, rows[i].name, &l, &why) != rows[i].code)
            fail_msg("%s: %s", rows[i].fact, why.text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_scale_is_alpha_by_rank_unless_alpha_is_zero),
        cmocka_unit_test(an_adapter_applied_equals_merged_weights),
        cmocka_unit_test(merging_in_place_gives_the_same_bytes),
        cmocka_unit_test(a_quantised_base_loses_a_change_below_half_a_step),
        cmocka_unit_test(a_token_looks_up_its_row_of_a),
        cmocka_unit_test(what_is_not_finite_stays_in_its_row),
        cmocka_unit_test(a_pair_is_found_in_a_file_with_its_scale),
        cmocka_unit_test(files_that_do_not_fit_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* Our bytes are ggml's bytes: hashes of what ggml's quantize_row_*_ref and dequantize_row_* gave,
 * compiled with gcc 12 -O2 -ffp-contract=off and run (ggml-org/ggml d99724f2; the types from Q8_1
 * on as in release 0.12.9 of llama.rn, which carries the files of ggml). ggml restores no Q8_1: its
 * codes and scales are those of Q8_0. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "reference/quant/quant.h"

enum { N = 1024 };

static uint64_t fnv1a(const void *bytes, size_t size)
{
    uint64_t hash = 0xcbf29ce484222325u;
    for (size_t i = 0; i < size; i++)
        hash = (hash ^ ((const uint8_t *)bytes)[i]) * 0x100000001b3u;
    return hash;
}

static void ramp(float x[N])
{
    for (int i = 0; i < N; i++)
        x[i] = (float)((i * 37) % 101 - 50) / 16.0f;
}

static void the_golden_rows_come_out(void **state)
{
    static const struct {
        uint32_t id;
        uint64_t quantized, restored;
        uint8_t first[6];
        size_t n_first;
    } table[] = {
        {REF_Q4_0, 0x8ecf1aa788a169a1, 0x348e97915069daec, {0x40, 0x36, 0xe0, 0x46, 0xac, 0xf2}, 6},
        {REF_Q4_1, 0x3ca5a3edc63e29dc, 0xaa64c7d825b3bac0, {0xab, 0x36, 0x40, 0xc2, 0xd0, 0x36}, 6},
        {REF_Q5_0, 0xb046a075a5f3583a, 0x9797efdbb3d3b04d, {0x40, 0x32, 0xa4, 0xa5, 0x2d, 0x6d}, 6},
        {REF_Q5_1, 0x1cb7a1d9607b8e15, 0x615e05975dbe17ee, {0x74, 0x32, 0x40, 0xc2, 0xa4, 0xa5}, 6},
        {REF_Q8_0, 0x0e6952533022131c, 0x45546806dbe45329, {0x4d, 0x26, 0x81, 0xdf, 0x3d, 0x9a}, 6},
        {REF_Q4_K, 0xe0d04d8341ab04f4, 0x2772dc3b97e8958a, {0xde, 0x1e, 0x2c, 0x2a, 0xfe, 0xff}, 6},
        {REF_Q5_K, 0x8f60e7f042a5b7d9, 0x3e181cb0e7d59230, {0x8e, 0x1a, 0x53, 0x2a, 0xff, 0xfd}, 6},
        {REF_Q6_K, 0xf1713106ee71ec55, 0xa76dde0b322c5fe2, {0xd1, 0x58, 0xbf, 0x37, 0xbe, 0x25}, 6},
        {REF_Q8_1, 0xd07b3f82ff8d6919, 0x45546806dbe45329, {0x4d, 0x26, 0x16, 0xbb, 0x81, 0xdf}, 6},
        {REF_Q2_K, 0xc93bde745775f369, 0x8031835daf132935, {0xde, 0xde, 0xcd, 0xdf, 0xfe, 0xde}, 6},
        {REF_Q3_K, 0xa1e75f46793c6716, 0xf6f74a33751303cf, {0x86, 0xdc, 0x2b, 0xc6, 0xfd, 0x23}, 6},
        {REF_Q8_K, 0xdcb4bd515693d96c, 0x245429a69bf5d6e7, {0x26, 0x93, 0xc9, 0x3c, 0x81, 0xdf}, 6},
        {REF_IQ4_NL,
         0xcef3351d3a761503,
         0xfcc440ab6de9cd7b,
         {0x55, 0x26, 0xe0, 0x35, 0xac, 0xf1},
         6},
        {REF_IQ4_XS,
         0x1d5cc453157b96dc,
         0x28d6adb250b3e078,
         {0xab, 0x92, 0x0c, 0xcf, 0xe0, 0x21},
         6},
        {REF_TQ1_0,
         0xbe3277fad3162982,
         0x56410f9531fecbdd,
         {0x29, 0x6d, 0x7a, 0x48, 0x6d, 0xd2},
         6},
        {REF_TQ2_0,
         0x56190a9ca3f5cfdd,
         0x56410f9531fecbdd,
         {0x14, 0x61, 0x85, 0x58, 0x61, 0x16},
         6},
        {REF_MXFP4,
         0xdd0dbf9b1707e839,
         0x4a0b093e7e51d102,
         {0x7e, 0x6f, 0xdb, 0x25, 0x7e, 0xc9},
         6},
    };
    (void)state;
    float x[N];
    ramp(x);
    for (size_t t = 0; t < sizeof table / sizeof table[0]; t++) {
        const char *name = ref_quant_find(table[t].id)->name;
        uint32_t row[N]; /* aligned for any type; the largest row is Q8_K's with 1168 bytes */
        float back[N];
        size_t bytes = 0;
        assert_int_equal(ref_quant_row_bytes(table[t].id, N, &bytes, NULL), OK);
        assert_in_range(bytes, 1, sizeof row);
        assert_int_equal(ref_quant_quantize(table[t].id, x, N, row, NULL), OK);
        if (memcmp(row, table[t].first, table[t].n_first) != 0)
            fail_msg("%s: the first bytes differ", name);
        if (fnv1a(row, bytes) != table[t].quantized)
            fail_msg("%s: quantised to %016llx", name, (unsigned long long)fnv1a(row, bytes));
        assert_int_equal(ref_quant_dequantize(table[t].id, row, N, back, NULL), OK);
        if (fnv1a(back, sizeof back) != table[t].restored)
            fail_msg("%s: restored to %016llx", name, (unsigned long long)fnv1a(back, sizeof back));
    }
}

static void a_row_has_whole_blocks(void **state)
{
    static const struct {
        const char *what;
        uint32_t id;
        uint64_t n;
        enum err_code rc;
        size_t bytes;
    } table[] = {
        {"one float", REF_F32, 1, OK, 4},
        {"three halves", REF_F16, 3, OK, 6},
        {"no weight at all", REF_Q4_0, 0, OK, 0},
        {"two blocks", REF_Q4_0, 64, OK, 36},
        {"a short block", REF_Q4_0, 63, ERR_INVALID, 0},
        {"Q5_1", REF_Q5_1, 32, OK, 24},
        {"a super-block", REF_Q4_K, 256, OK, 144},
        {"a super-block's eighth", REF_Q6_K, 32, ERR_INVALID, 0},
        {"Q8_1, for activations", REF_Q8_1, 32, OK, 36},
        {"IQ2_XXS, which is left to others", 16, 256, ERR_UNSUPPORTED, 0},
        {"a removed id", 4, 32, ERR_UNSUPPORTED, 0},
        {"no id", UINT32_MAX, 32, ERR_UNSUPPORTED, 0},
        {"most that fits", REF_F32, SIZE_MAX / 4, OK, SIZE_MAX / 4 * 4},
        {"one more", REF_F32, SIZE_MAX / 4 + 1, ERR_TOO_LARGE, 0},
        {"Q8_0 is larger than its count", REF_Q8_0, UINT64_MAX - 31, ERR_TOO_LARGE, 0},
    };
    (void)state;
    for (size_t t = 0; t < sizeof table / sizeof table[0]; t++) {
        size_t bytes = 0;
        const enum err_code rc = ref_quant_row_bytes(table[t].id, table[t].n, &bytes, NULL);
        if (rc != table[t].rc || bytes != table[t].bytes)
            fail_msg("%s: %s, %zu bytes", table[t].what, err_code_text(rc), bytes);
    }
}

static void an_error_names_the_weight_and_writes_nothing(void **state)
{
    static const uint32_t ids[] = {
#define TYPE(NAME, format, id, weights, bytes, partner) REF_##NAME,
#include "reference/quant/quant_type.def"
#undef TYPE
    };
    (void)state;
    for (size_t t = 0; t < sizeof ids / sizeof ids[0]; t++) {
        float x[256] = {0};
        uint32_t row[256] = {0xabcd};
        struct err why;
        x[77] = (float)__builtin_nan("");
        assert_int_equal(ref_quant_quantize(ids[t], x, 256, row, &why), ERR_RANGE);
        assert_non_null(strstr(why.text, "weight 77"));
        x[77] = (float)__builtin_inf();
        assert_int_equal(ref_quant_quantize(ids[t], x, 256, row, NULL), ERR_RANGE);
        assert_int_equal(row[0], 0xabcd);
    }
}

static void unknown_types_and_short_blocks_are_refused_both_ways(void **state)
{
    (void)state;
    float x[256] = {0};
    uint32_t row[256] = {0};
    assert_int_equal(ref_quant_quantize(16, x, 256, row, NULL), ERR_UNSUPPORTED);
    assert_int_equal(ref_quant_dequantize(16, row, 256, x, NULL), ERR_UNSUPPORTED);
    assert_int_equal(ref_quant_quantize(REF_Q4_K, x, 128, row, NULL), ERR_INVALID);
    assert_int_equal(ref_quant_dequantize(REF_Q4_K, row, 128, x, NULL), ERR_INVALID);
    assert_null(ref_quant_find(16));
}

static void a_float_row_is_the_floats(void **state)
{
    (void)state;
    const float x[3] = {1.5f, -0.0f, 0x1p-149f};
    float row[3] = {0}, back[3] = {0};
    assert_int_equal(ref_quant_quantize(REF_F32, x, 3, row, NULL), OK);
    assert_int_equal(ref_quant_dequantize(REF_F32, row, 3, back, NULL), OK);
    assert_memory_equal(x, back, sizeof x);
}

static void a_half_row_overflows_to_infinity(void **state)
{
    (void)state;
    const float x[4] = {1.0f, -2.0f, 65520.0f, 0x1p-25f};
    const uint16_t want[4] = {0x3c00, 0xc000, 0x7c00, 0};
    uint16_t row[4];
    float back[4];
    assert_int_equal(ref_quant_quantize(REF_F16, x, 4, row, NULL), OK);
    assert_memory_equal(row, want, sizeof want);
    assert_int_equal(ref_quant_dequantize(REF_F16, row, 4, back, NULL), OK);
    assert_true(back[0] == 1.0f && back[1] == -2.0f && back[2] == (float)__builtin_inf());
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_golden_rows_come_out),
        cmocka_unit_test(a_row_has_whole_blocks),
        cmocka_unit_test(an_error_names_the_weight_and_writes_nothing),
        cmocka_unit_test(unknown_types_and_short_blocks_are_refused_both_ways),
        cmocka_unit_test(a_float_row_is_the_floats),
        cmocka_unit_test(a_half_row_overflows_to_infinity),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

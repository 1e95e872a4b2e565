#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "reference/gguf/gguf_write.h"

static uint8_t out[8192];
static struct ref_gguf_kv wrote_kv[8], read_kv[8];
static struct ref_gguf_tensor wrote_tensor[8], read_tensor[8];

static const struct ref_gguf_text vocabulary[] = {{"", 0}, {"a", 1}, {"\xe2\x96\x81the", 6}};
static const struct ref_gguf_text architecture = {"llama", 5};
static const struct ref_gguf_kv_model kvs[] = {
    {.key = {"general.architecture", 20}, .type = REF_GGUF_STRING, .data = &architecture},
    {.key = {"general.alignment", 17}, .type = REF_GGUF_U32, .data = "\x40\0\0\0"},
    {.key = {"flag", 4}, .type = REF_GGUF_BOOL, .data = "\1"},
    {.key = {"none", 4}, .type = REF_GGUF_ARRAY, .elem = REF_GGUF_F64, .n = 0},
    {.key = {"tokens", 6},
     .type = REF_GGUF_ARRAY,
     .elem = REF_GGUF_STRING,
     .n = 3,
     .data = vocabulary},
};
static const struct ref_gguf_tensor_model tensors[] = {
    {.name = {"token_embd.weight", 17}, .n_dims = 2, .type = 12, .ne = {256, 3}},
    {.name = {"scale", 5}, .n_dims = 0, .type = 0, .data = "\0\0\x80\x3f"},
    {.name = {"nothing", 7}, .n_dims = 1, .type = 1, .ne = {0}},
    {.name = {"last", 4}, .n_dims = 1, .type = 1, .ne = {3}, .data = "abcdef"},
};

static const struct ref_gguf_model whole = {
    .version = 3, .alignment = 64, .kv = kvs, .n_kv = 5, .tensor = tensors, .n_tensors = 4};

static void what_was_written_is_what_is_read(void **state)
{
    (void)state;
    for (int unpadded = 0; unpadded < 2; unpadded++) {
        struct ref_gguf_model m = whole;
        m.unpadded_end = unpadded == 1;
        struct ref_gguf_file w = {.kv = wrote_kv, .tensor = wrote_tensor}, f;
        assert_int_equal(ref_gguf_write(&m, out, sizeof out, &w), REF_GGUF_OK);
        assert_int_equal(w.size, ref_gguf_size(&m));
        struct err why = {.text = ""};
        if (ref_gguf_read(out, w.size, read_kv, 8, read_tensor, 8, &f, &why) != REF_GGUF_OK)
            fail_msg("%s", why.text);
        assert_int_equal(f.data_off, w.data_off);
        assert_int_equal(f.alignment, w.alignment);
        for (uint64_t i = 0; i < f.n_kv; i++)
            assert_memory_equal(&f.kv[i], &w.kv[i], offsetof(struct ref_gguf_kv, link));
        for (uint64_t i = 0; i < f.n_tensors; i++)
            assert_memory_equal(&f.tensor[i], &w.tensor[i], offsetof(struct ref_gguf_tensor, link));
        assert_memory_equal(ref_gguf_data(&f, &f.tensor[3]), "abcdef", 6);
        const uint64_t last = f.data_off + f.tensor[3].offset + 6;
        assert_int_equal(f.size, unpadded ? last : (last + 63) / 64 * 64);
    }
}

static void a_small_file_has_these_bytes(void **state)
{
    (void)state;
    static const struct ref_gguf_kv_model kv = {
        .key = {"k", 1}, .type = REF_GGUF_I16, .data = "\xfe\xff"};
    const struct ref_gguf_model m = {.version = 2, .kv = &kv, .n_kv = 1};
    static const uint8_t want[] = "GGUF\2\0\0\0"
                                  "\0\0\0\0\0\0\0\0"
                                  "\1\0\0\0\0\0\0\0"
                                  "\1\0\0\0\0\0\0\0k"
                                  "\3\0\0\0\xfe\xff";
    struct ref_gguf_file w = {.kv = NULL};
    assert_int_equal(ref_gguf_write(&m, out, sizeof out, &w), REF_GGUF_OK);
    assert_int_equal(w.size, sizeof want - 1);
    assert_int_equal(w.data_off, sizeof want - 1);
    assert_memory_equal(out, want, sizeof want - 1);
}

static void a_full_buffer_is_left_alone(void **state)
{
    (void)state;
    const uint64_t size = ref_gguf_size(&whole);
    struct ref_gguf_file w = {.version = 77};
    memset(out, 0xAA, sizeof out);
    assert_int_equal(ref_gguf_write(&whole, out, size - 1, &w), REF_GGUF_E_CAP);
    assert_int_equal(out[0], 0xAA);
    assert_int_equal(w.version, 77);
    assert_int_equal(ref_gguf_write(&whole, out, size, &w), REF_GGUF_OK);
    assert_int_equal(out[size], 0xAA);
}

static void what_has_no_layout_is_refused(void **state)
{
    (void)state;
    struct ref_gguf_file w;
    struct ref_gguf_kv_model kv = {.key = {"k", 1}, .type = 13, .data = ""};
    struct ref_gguf_tensor_model t = {.name = {"t", 1}, .n_dims = 1, .type = 2, .ne = {48}};
    const struct ref_gguf_model with_kv = {.version = 3, .kv = &kv, .n_kv = 1};
    const struct ref_gguf_model with_tensor = {.version = 3, .tensor = &t, .n_tensors = 1};
    assert_int_equal(ref_gguf_write(&with_kv, out, sizeof out, &w), REF_GGUF_E_TYPE);
    const struct ref_gguf_kv_model no_array = {.type = REF_GGUF_U8, .data = ""};
    kv = (struct ref_gguf_kv_model){
        .key = {"k", 1}, .type = REF_GGUF_ARRAY, .elem = REF_GGUF_ARRAY, .n = 1, .data = &no_array};
    assert_int_equal(ref_gguf_write(&with_kv, out, sizeof out, &w), REF_GGUF_E_TYPE);
    assert_int_equal(ref_gguf_write(&with_tensor, out, sizeof out, &w), REF_GGUF_E_SHAPE);
    t = (struct ref_gguf_tensor_model){.n_dims = 2, .type = 0, .ne = {1u << 31, 1u << 31}};
    assert_int_equal(ref_gguf_size(&with_tensor), 0);
    t = (struct ref_gguf_tensor_model){.n_dims = 1, .type = 4, .ne = {32}};
    assert_int_equal(ref_gguf_size(&with_tensor), 0);
}

static void faults_are_written_as_told(void **state)
{
    (void)state;
    static const struct ref_gguf_kv_model bad[] = {
        {.key = {"a", 1}, .type = REF_GGUF_BOOL, .data = "\2"},
        {.key = {"a", 1}, .type = REF_GGUF_BOOL, .data = "\0"},
    };
    struct ref_gguf_model m = {.version = 3, .kv = bad, .n_kv = 1};
    struct ref_gguf_file w = {.kv = NULL}, f;
    assert_int_equal(ref_gguf_write(&m, out, sizeof out, &w), REF_GGUF_OK);
    assert_int_equal(ref_gguf_read(out, w.size, read_kv, 8, read_tensor, 8, &f, NULL),
                     REF_GGUF_E_VALUE);
    m.n_kv = 2;
    m.version = 9;
    assert_int_equal(ref_gguf_write(&m, out, sizeof out, &w), REF_GGUF_OK);
    assert_int_equal(ref_gguf_read(out, w.size, read_kv, 8, read_tensor, 8, &f, NULL),
                     REF_GGUF_E_VERSION);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_was_written_is_what_is_read),
        cmocka_unit_test(a_small_file_has_these_bytes),
        cmocka_unit_test(a_full_buffer_is_left_alone),
        cmocka_unit_test(what_has_no_layout_is_refused),
        cmocka_unit_test(faults_are_written_as_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/bytes.h"
#include "reference/gguf/gguf_stream.h"
#include "reference/gguf/gguf_twin.h"
#include "reference/gguf/gguf_write.h"

static const struct ref_gguf_text words[] = {{"", 0}, {"abc", 3}};
static const struct ref_gguf_kv_model inner[] = {
    {.type = REF_GGUF_ARRAY, .elem = REF_GGUF_STRING, .n = 2, .data = words},
    {.type = REF_GGUF_ARRAY, .elem = REF_GGUF_I16, .n = 2, .data = "\xfe\xff\1\0"}};
static const struct ref_gguf_kv_model kvs[] = {
    {.key = {"general.alignment", 17}, .type = REF_GGUF_U32, .data = "\100\0\0\0"},
    {.key = {"s", 1}, .type = REF_GGUF_STRING, .data = &words[1]},
    {.key = {"none", 4}, .type = REF_GGUF_ARRAY, .elem = REF_GGUF_STRING, .data = words},
    {.key = {"tree", 4}, .type = REF_GGUF_ARRAY, .elem = REF_GGUF_ARRAY, .n = 2, .data = inner},
};
static const struct ref_gguf_tensor_model tensors[] = {
    {.name = {"w", 1}, .n_dims = 2, .type = 2, .ne = {32, 2}},
    {.name = {"s", 1}, .n_dims = 0, .type = 0},
};
static const struct ref_gguf_model whole = {
    .version = 3, .alignment = 64, .kv = kvs, .n_kv = 4, .tensor = tensors, .n_tensors = 2};

static uint8_t little[1024], big[1024];
static struct ref_gguf_kv kv[4];
static struct ref_gguf_tensor tensor[2];

static void check_event(const struct ref_gguf_stream *s, const struct ref_gguf_file *f,
                        enum ref_gguf_event event)
{
    if (event == REF_GGUF_KV) {
        const struct ref_gguf_kv *want = &f->kv[s->n_told_kv - 1];
        const struct ref_gguf_value v = ref_gguf_value(&s->kv), w = ref_gguf_value(want);
        assert_int_equal(s->offset + s->kv.val.off, want->val.off);
        assert_true(ref_gguf_same_value(&s->file, &v, f, &w));
    }
    if (event == REF_GGUF_TENSOR) {
        const struct ref_gguf_tensor *want = &f->tensor[s->n_told_tensors - 1];
        assert_int_equal(s->offset + s->tensor.name.off, want->name.off);
        assert_true(s->tensor.offset == want->offset && s->tensor.nbytes == want->nbytes);
    }
}

static void feed_in_pieces(const uint8_t *file, const struct ref_gguf_file *f, uint64_t piece)
{
    uint8_t buf[128];
    struct ref_gguf_stream s;
    enum ref_gguf_event event = REF_GGUF_MORE;
    unsigned seen[5] = {0};
    ref_gguf_stream_init(&s, REF_GGUF_SPEC, buf, sizeof buf);
    for (uint64_t at = 0; at < f->size && event != REF_GGUF_DATA; at += piece) {
        const uint8_t *p = file + at;
        uint64_t len = piece < f->size - at ? piece : f->size - at;
        do {
            struct err why = {.text = ""};
            if (ref_gguf_stream_next(&s, &p, &len, &event, &why) != REF_GGUF_OK)
                fail_msg("pieces of %d: %s", (int)piece, why.text);
            seen[event]++;
            check_event(&s, f, event);
        } while (event != REF_GGUF_MORE && event != REF_GGUF_DATA);
    }
    assert_int_equal(event, REF_GGUF_DATA);
    assert_int_equal(s.file.data_off, f->data_off);
    assert_true(seen[REF_GGUF_HEAD] == 1 && seen[REF_GGUF_KV] == 4 && seen[REF_GGUF_TENSOR] == 2);
}

static void pieces_of_any_size_in_both_orders_say_what_the_file_says(void **state)
{
    (void)state;
    struct ref_gguf_file w = {.kv = kv, .tensor = tensor};
    assert_int_equal(ref_gguf_write(&whole, little, sizeof little, &w), REF_GGUF_OK);
    ref_gguf_twin(&w, big);
    for (uint64_t piece = 1; piece <= w.size; piece++) {
        feed_in_pieces(little, &w, piece);
        feed_in_pieces(big, &w, piece);
    }
}

static enum ref_gguf_status feed_all(const uint8_t *file, uint64_t size, enum ref_gguf_mode mode,
                                     uint64_t cap)
{
    uint8_t buf[256];
    struct ref_gguf_stream s;
    enum ref_gguf_event event;
    enum ref_gguf_status status;
    ref_gguf_stream_init(&s, mode, buf, cap);
    do
        status = ref_gguf_stream_next(&s, &file, &size, &event, NULL);
    while (status == REF_GGUF_OK && event != REF_GGUF_MORE && event != REF_GGUF_DATA);
    return status;
}

static void faults_have_the_readers_status(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        uint64_t at, len;
        const char *bytes;
        enum ref_gguf_mode mode;
        uint64_t cap;
        enum ref_gguf_status status;
    } table[] = {
        {"nothing", 0, 0, "", REF_GGUF_SPEC, 256, REF_GGUF_OK},
        {"an array of arrays in strict mode", 0, 0, "", REF_GGUF_STRICT, 256, REF_GGUF_E_TYPE},
        {"too small a buffer", 0, 0, "", REF_GGUF_SPEC, 64, REF_GGUF_E_CAP},
        {"another magic", 3, 1, "X", REF_GGUF_SPEC, 256, REF_GGUF_E_MAGIC},
        {"version 4", 4, 1, "\4", REF_GGUF_SPEC, 256, REF_GGUF_E_VERSION},
        {"an alignment of 4", 53, 1, "\4", REF_GGUF_SPEC, 256, REF_GGUF_E_ALIGN},
        {"an empty key", 57, 1, "\0", REF_GGUF_SPEC, 256, REF_GGUF_E_KEY},
        {"a key of 2^64 - 1 bytes", 57, 8, "\xff\xff\xff\xff\xff\xff\xff\xff", REF_GGUF_SPEC, 256,
         REF_GGUF_E_CAP},
        {"a value of type 13", 66, 1, "\15", REF_GGUF_SPEC, 256, REF_GGUF_E_TYPE},
    };
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        struct ref_gguf_file w = {.kv = NULL};
        assert_int_equal(ref_gguf_write(&whole, little, sizeof little, &w), REF_GGUF_OK);
        memcpy(little + table[i].at, table[i].bytes, table[i].len);
        const enum ref_gguf_status s = feed_all(little, w.size, table[i].mode, table[i].cap);
        if (s != table[i].status)
            fail_msg("%s: %d", table[i].name, (int)s);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pieces_of_any_size_in_both_orders_say_what_the_file_says),
        cmocka_unit_test(faults_have_the_readers_status),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/bytes.h"
#include "reference/gguf/gguf.h"

/* A file written by hand, byte by byte from docs/gguf.md. Positions are in front. */
/* clang-format off */
static const uint8_t golden[252] =
    /*   0 */ "GGUF"
              "\3\0\0\0"             /* version */
              "\2\0\0\0\0\0\0\0"     /* tensors */
    /*  16 */ "\3\0\0\0\0\0\0\0"     /* KVs */
    /*  24 */ "\x11\0\0\0\0\0\0\0" "general.alignment"
    /*  49 */ "\4\0\0\0" "\10\0\0\0" /* u32 8 */
    /*  57 */ "\1\0\0\0\0\0\0\0" "s"
    /*  66 */ "\10\0\0\0"            /* string */
              "\2\0\0\0\0\0\0\0" "hi"
    /*  80 */ "\1\0\0\0\0\0\0\0" "a"
    /*  89 */ "\11\0\0\0"            /* array */
    /*  93 */ "\10\0\0\0"            /* of strings */
    /*  97 */ "\2\0\0\0\0\0\0\0"
    /* 105 */ "\0\0\0\0\0\0\0\0"
    /* 113 */ "\3\0\0\0\0\0\0\0" "abc"
    /* 124 */ "\1\0\0\0\0\0\0\0" "x"
    /* 133 */ "\2\0\0\0"             /* dimensions */
    /* 137 */ "\x20\0\0\0\0\0\0\0" "\2\0\0\0\0\0\0\0"
    /* 153 */ "\2\0\0\0"             /* Q4_0 */
    /* 157 */ "\0\0\0\0\0\0\0\0"
    /* 165 */ "\1\0\0\0\0\0\0\0" "y"
    /* 174 */ "\1\0\0\0"
    /* 178 */ "\3\0\0\0\0\0\0\0"
    /* 186 */ "\0\0\0\0"             /* F32 */
    /* 190 */ "\x28\0\0\0\0\0\0\0"   /* 36 bytes padded to 40 */
    /* 198 */ "\0\0"                 /* padding */
    /* 200 */ "x's data";
/* clang-format on */

static struct ref_gguf_kv kv[8];
static struct ref_gguf_tensor tensor[8];

static enum ref_gguf_status read_file(const uint8_t *buf, uint64_t size, struct ref_gguf_file *f,
                                      struct err *why)
{
    return ref_gguf_read(buf, size, kv, 8, tensor, 8, f, why);
}

static void a_file_written_by_hand_is_read_to_the_byte(void **state)
{
    (void)state;
    struct ref_gguf_file f;
    struct err why = {0};
    if (read_file(golden, sizeof golden, &f, &why) != REF_GGUF_OK)
        fail_msg("%s", why.text);
    assert_int_equal(f.version, 3);
    assert_int_equal(f.alignment, 8);
    assert_int_equal(f.data_off, 200);
    const struct ref_gguf_kv want_kv[] = {
        {{32, 17}, 4, 4, 1, {53, 4}, {0, 0}},
        {{65, 1}, 8, 8, 1, {78, 2}, {0, 0}},
        {{88, 1}, 9, 8, 2, {105, 19}, {0, 0}},
    };
    for (int i = 0; i < 3; i++) /* up to the links, which are the reader's own */
        assert_memory_equal(&f.kv[i], &want_kv[i], offsetof(struct ref_gguf_kv, link));
    const struct ref_gguf_tensor want_tensor[] = {
        {{132, 1}, 2, 2, {32, 2, 1, 1}, 0, 36, {0, 0}},
        {{173, 1}, 1, 0, {3, 1, 1, 1}, 40, 12, {0, 0}},
    };
    for (int i = 0; i < 2; i++)
        assert_memory_equal(&f.tensor[i], &want_tensor[i], offsetof(struct ref_gguf_tensor, link));
    assert_memory_equal(ref_gguf_data(&f, &f.tensor[0]), "x's data", 8);
}

/* One change of the golden file each. */
static const struct {
    const char *name;
    uint64_t at, len;
    const char *bytes;
    enum ref_gguf_status status;
} faults[] = {
    {"another magic", 0, 4, "GGUE", REF_GGUF_E_MAGIC},
    {"version 1", 4, 1, "\1", REF_GGUF_E_VERSION},
    {"version 3, byte-swapped", 4, 4, "\0\0\0\3", REF_GGUF_E_VERSION},
    {"more tensors than bytes", 15, 1, "\x20", REF_GGUF_E_TRUNC},
    {"2^63-1 KVs", 16, 8, "\xff\xff\xff\xff\xff\xff\xff\x7f", REF_GGUF_E_TRUNC},
    {"a key of 2^64-1 bytes", 57, 8, "\xff\xff\xff\xff\xff\xff\xff\xff", REF_GGUF_E_TRUNC},
    {"an empty key", 57, 1, "\0", REF_GGUF_E_KEY},
    {"the same key twice", 88, 1, "s", REF_GGUF_E_DUP},
    {"value type 13", 66, 1, "\xd", REF_GGUF_E_TYPE},
    {"an array of arrays", 93, 1, "\11", REF_GGUF_E_TYPE},
    {"an array of type 13", 93, 1, "\xd", REF_GGUF_E_TYPE},
    {"2^61 strings", 104, 1, "\x20", REF_GGUF_E_TRUNC},
    {"2^61 numbers of 8 bytes", 93, 12, "\12\0\0\0\0\0\0\0\0\0\0\x20", REF_GGUF_E_TRUNC},
    {"a string of 2^64-1 bytes", 113, 8, "\xff\xff\xff\xff\xff\xff\xff\xff", REF_GGUF_E_TRUNC},
    {"alignment of type i32", 49, 1, "\5", REF_GGUF_E_TYPE},
    {"alignment 4", 53, 1, "\4", REF_GGUF_E_ALIGN},
    {"alignment 0", 53, 1, "\0", REF_GGUF_E_ALIGN},
    {"alignment 48", 53, 1, "\x30", REF_GGUF_E_ALIGN},
    {"the same tensor twice", 173, 1, "x", REF_GGUF_E_DUP},
    {"five dimensions", 174, 1, "\5", REF_GGUF_E_SHAPE},
    {"ne[0] of 2^63", 185, 1, "\x80", REF_GGUF_E_SHAPE},
    {"2^61 floats", 178, 8, "\0\0\0\0\0\0\0\x20", REF_GGUF_E_SHAPE},
    {"2^40 x 2^40", 137, 16, "\0\0\0\0\0\1\0\0\0\0\0\0\0\1\0\0", REF_GGUF_E_SHAPE},
    {"0 x 2^63", 137, 16, "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\x80", REF_GGUF_E_SHAPE},
    {"a row of 48 in blocks of 32", 137, 1, "\x30", REF_GGUF_E_SHAPE},
    {"a removed tensor type", 186, 1, "\4", REF_GGUF_E_TYPE},
    {"an unknown tensor type", 186, 1, "\xff", REF_GGUF_E_TYPE},
    {"a first offset of 16", 157, 1, "\x10", REF_GGUF_E_OFFSET},
    {"an unpadded offset", 190, 1, "\x24", REF_GGUF_E_OFFSET},
    {"a tensor one row too long", 178, 1, "\4", REF_GGUF_E_BOUNDS},
    {"nothing wrong", 200, 1, "X", REF_GGUF_OK},
};

static void each_fault_has_its_status_and_leaves_the_result_alone(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof faults / sizeof faults[0]; i++) {
        uint8_t bytes[sizeof golden];
        memcpy(bytes, golden, sizeof bytes);
        memcpy(bytes + faults[i].at, faults[i].bytes, faults[i].len);
        struct ref_gguf_file f = {.version = 77};
        struct err why = {.text = "no story"};
        const enum ref_gguf_status s = read_file(bytes, sizeof bytes, &f, &why);
        if (s != faults[i].status || (s != REF_GGUF_OK) != (f.version == 77))
            fail_msg("%s: %d, %s", faults[i].name, (int)s, why.text);
    }
}

static void every_prefix_is_truncated_or_out_of_bounds(void **state)
{
    (void)state;
    for (uint64_t size = 0; size < sizeof golden; size++) {
        struct ref_gguf_file f;
        const enum ref_gguf_status s = read_file(golden, size, &f, NULL);
        if (s != (size < 200 ? REF_GGUF_E_TRUNC : REF_GGUF_E_BOUNDS))
            fail_msg("the first %d bytes: %d", (int)size, (int)s);
    }
}

static void offsets_whose_sum_wraps_are_refused(void **state)
{
    (void)state;
    /* Five tensors of 2^62 bytes: the fifth would have to begin at 2^64, and says 0. */
    uint8_t bytes[24 + 5 * 33] = "GGUF\3\0\0\0\5";
    for (unsigned i = 0; i < 5; i++) {
        uint8_t *p = bytes + 24 + i * 33;
        wr_u64le(p, 1);
        p[8] = (uint8_t)('a' + i);
        wr_u32le(p + 9, 1);
        wr_u64le(p + 13, (uint64_t)1 << 62);
        wr_u32le(p + 21, 24); /* I8 */
        wr_u64le(p + 25, (uint64_t)i << 62);
    }
    struct ref_gguf_file f;
    assert_int_equal(read_file(bytes, sizeof bytes, &f, NULL), REF_GGUF_E_OFFSET);
}

static void too_little_memory_is_told_before_it_is_used(void **state)
{
    (void)state;
    struct ref_gguf_head head;
    assert_int_equal(ref_gguf_head(golden, sizeof golden, &head, NULL), REF_GGUF_OK);
    assert_int_equal(head.n_kv, 3);
    assert_int_equal(head.n_tensors, 2);
    struct ref_gguf_file f;
    struct err why;
    assert_int_equal(ref_gguf_read(golden, sizeof golden, NULL, 2, tensor, 2, &f, &why),
                     REF_GGUF_E_CAP);
    assert_int_equal(why.code, ERR_FORMAT);
    assert_string_equal(why.text, "3 KVs and 2 tensors: the caller's memory is too small");
}

static void entries_are_found_by_name(void **state)
{
    (void)state;
    struct ref_gguf_file f;
    assert_int_equal(read_file(golden, sizeof golden, &f, NULL), REF_GGUF_OK);
    assert_ptr_equal(ref_gguf_find(&f, "s"), &f.kv[1]);
    assert_ptr_equal(ref_gguf_find(&f, "general.alignment"), &f.kv[0]);
    assert_null(ref_gguf_find(&f, "general.alignmen"));
    assert_null(ref_gguf_find(&f, ""));
    assert_ptr_equal(ref_gguf_find_tensor(&f, "y"), &f.tensor[1]);
    assert_null(ref_gguf_find_tensor(&f, "z"));
    static const uint8_t empty[] = "GGUF\2\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0";
    assert_int_equal(read_file(empty, sizeof empty, &f, NULL), REF_GGUF_OK);
    assert_null(ref_gguf_find(&f, "s"));
    assert_null(ref_gguf_find_tensor(&f, "y"));
}

static void strings_are_walked_or_asked_for(void **state)
{
    (void)state;
    struct ref_gguf_file f;
    struct ref_gguf_span s;
    assert_int_equal(read_file(golden, sizeof golden, &f, NULL), REF_GGUF_OK);
    struct ref_gguf_strings it = ref_gguf_strings(&f, &f.kv[2]);
    assert_true(ref_gguf_strings_next(&it, &s) && s.off == 113 && s.len == 0);
    assert_true(ref_gguf_strings_next(&it, &s) && s.off == 121 && s.len == 3);
    assert_false(ref_gguf_strings_next(&it, &s));
    assert_int_equal(ref_gguf_str(&f, &f.kv[2], 1, &s), REF_GGUF_OK);
    assert_true(s.off == 121 && s.len == 3);
    assert_int_equal(ref_gguf_str(&f, &f.kv[2], 2, &s), REF_GGUF_E_VALUE);
    assert_int_equal(ref_gguf_str(&f, &f.kv[1], 0, &s), REF_GGUF_OK);
    assert_true(s.off == 78 && s.len == 2);
    assert_int_equal(ref_gguf_str(&f, &f.kv[1], 1, &s), REF_GGUF_E_VALUE);
    assert_int_equal(ref_gguf_str(&f, &f.kv[0], 0, &s), REF_GGUF_E_TYPE);
    it = ref_gguf_strings(&f, &f.kv[0]);
    assert_false(ref_gguf_strings_next(&it, &s));
}

static void numbers_are_widened_and_signs_refused(void **state)
{
    (void)state;
    static const struct {
        uint32_t type;
        const char *bytes;
        enum ref_gguf_status status;
        uint64_t value;
    } table[] = {
        {REF_GGUF_U8, "\xff", REF_GGUF_OK, 255},
        {REF_GGUF_I8, "\x7f", REF_GGUF_OK, 127},
        {REF_GGUF_I8, "\xff", REF_GGUF_E_VALUE, 0},
        {REF_GGUF_U16, "\xff\xff", REF_GGUF_OK, 65535},
        {REF_GGUF_I16, "\xfe\xff", REF_GGUF_E_VALUE, 0},
        {REF_GGUF_U32, "\xff\xff\xff\xff", REF_GGUF_OK, UINT32_MAX},
        {REF_GGUF_I32, "\xff\xff\xff\xff", REF_GGUF_E_VALUE, 0},
        {REF_GGUF_U64, "\xff\xff\xff\xff\xff\xff\xff\xff", REF_GGUF_OK, UINT64_MAX},
        {REF_GGUF_I64, "\0\0\0\0\0\0\0\x80", REF_GGUF_E_VALUE, 0},
        {REF_GGUF_I64, "\0\0\0\0\0\0\0\x40", REF_GGUF_OK, (uint64_t)1 << 62},
        {REF_GGUF_BOOL, "\1", REF_GGUF_OK, 1},
        {REF_GGUF_F32, "\0\0\x80\x3f", REF_GGUF_E_TYPE, 0},
        {REF_GGUF_STRING, "1", REF_GGUF_E_TYPE, 0},
        {REF_GGUF_ARRAY, "\1", REF_GGUF_E_TYPE, 0},
    };
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        const struct ref_gguf_file f = {.buf = (const uint8_t *)table[i].bytes};
        const struct ref_gguf_kv entry = {.type = table[i].type};
        uint64_t value = 0;
        const enum ref_gguf_status s = ref_gguf_u64(&f, &entry, &value);
        if (s != table[i].status || value != table[i].value)
            fail_msg("row %d: %d, %llu", (int)i, (int)s, (unsigned long long)value);
    }
}

static void floats_of_both_widths_are_doubles(void **state)
{
    (void)state;
    uint8_t bytes[8];
    const struct ref_gguf_file f = {.buf = bytes};
    struct ref_gguf_kv entry = {.type = REF_GGUF_F32};
    double value;
    wr_f32le(bytes, 0.1f);
    assert_int_equal(ref_gguf_f64(&f, &entry, &value), REF_GGUF_OK);
    assert_true(value == (double)0.1f);
    entry.type = REF_GGUF_F64;
    wr_f64le(bytes, 0.1);
    assert_int_equal(ref_gguf_f64(&f, &entry, &value), REF_GGUF_OK);
    assert_true(value == 0.1);
    entry.type = REF_GGUF_U64;
    assert_int_equal(ref_gguf_f64(&f, &entry, &value), REF_GGUF_E_TYPE);
}

static void the_tables_know_what_was_removed(void **state)
{
    (void)state;
    static const uint32_t removed[] = {4, 5, 31, 32, 33, 36, 37, 38, 43, UINT32_MAX};
    for (size_t i = 0; i < sizeof removed / sizeof removed[0]; i++)
        assert_null(ref_gguf_tensor_type(removed[i]));
    assert_int_equal(ref_gguf_tensor_type(12)->bytes, 144);
    assert_string_equal(ref_gguf_tensor_type(30)->name, "BF16");
    uint32_t last = 0;
    for (size_t i = 1; ref_gguf_tensor_type_at(i) != NULL; i++) {
        assert_true(ref_gguf_tensor_type_at(i)->id > last);
        last = ref_gguf_tensor_type_at(i)->id;
    }
    assert_int_equal(ref_gguf_value_bytes(REF_GGUF_F64), 8);
    assert_int_equal(ref_gguf_value_bytes(REF_GGUF_STRING), 0);
    assert_int_equal(ref_gguf_value_bytes(13), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_file_written_by_hand_is_read_to_the_byte),
        cmocka_unit_test(each_fault_has_its_status_and_leaves_the_result_alone),
        cmocka_unit_test(every_prefix_is_truncated_or_out_of_bounds),
        cmocka_unit_test(offsets_whose_sum_wraps_are_refused),
        cmocka_unit_test(too_little_memory_is_told_before_it_is_used),
        cmocka_unit_test(entries_are_found_by_name),
        cmocka_unit_test(strings_are_walked_or_asked_for),
        cmocka_unit_test(numbers_are_widened_and_signs_refused),
        cmocka_unit_test(floats_of_both_widths_are_doubles),
        cmocka_unit_test(the_tables_know_what_was_removed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

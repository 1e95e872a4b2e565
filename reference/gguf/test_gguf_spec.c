#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/bytes.h"
#include "reference/gguf/gguf_twin.h"
#include "reference/gguf/gguf_write.h"

static uint8_t little[4096], big[4096];
static struct ref_gguf_kv kv[2][32];
static struct ref_gguf_tensor tensor[2][8];

#define ARRAY(e, count, bytes)                                                                     \
    {                                                                                              \
        .type = REF_GGUF_ARRAY, .elem = REF_GGUF_##e, .n = (count), .data = (bytes)                \
    }
#define KV(name, t, bytes)                                                                         \
    {                                                                                              \
        .key = {name, sizeof(name) - 1}, .type = REF_GGUF_##t, .data = (bytes)                     \
    }
#define KVS(name, e, count, bytes)                                                                 \
    {                                                                                              \
        .key = {name, sizeof(name) - 1}, .type = REF_GGUF_ARRAY, .elem = REF_GGUF_##e,             \
        .n = (count), .data = (bytes)                                                              \
    }

static const struct ref_gguf_text words[] = {{"", 0}, {"ab", 2}, {"\n", 1}};
static const struct ref_gguf_kv_model leaves[] = {ARRAY(U16, 2, "\1\2\3\4"),
                                                  ARRAY(STRING, 3, words), ARRAY(F64, 0, "")};
static const struct ref_gguf_kv_model branches[] = {
    ARRAY(ARRAY, 3, leaves), ARRAY(ARRAY, 0, leaves), ARRAY(BOOL, 2, "\1\0")};

/* Each type as a value and as an array, and arrays in arrays. */
static const struct ref_gguf_kv_model every_type[] = {
    KV("u8", U8, "\xff"),
    KV("i8", I8, "\xfe"),
    KV("u16", U16, "\1\2"),
    KV("i16", I16, "\xfe\xff"),
    KV("u32", U32, "\1\2\3\4"),
    KV("i32", I32, "\1\2\3\x84"),
    KV("f32", F32, "\xcd\xcc\xcc\x3d"),
    KV("bool", BOOL, "\1"),
    KV("string", STRING, &words[1]),
    KV("u64", U64, "\1\2\3\4\5\6\7\x88"),
    KV("i64", I64, "\1\2\3\4\5\6\7\x88"),
    KV("f64", F64, "\x9a\x99\x99\x99\x99\x99\xb9\x3f"),
    KVS("u8s", U8, 3, "\0\1\xff"),
    KVS("i8s", I8, 3, "\0\1\xff"),
    KVS("u16s", U16, 2, "\1\2\3\4"),
    KVS("i16s", I16, 2, "\1\2\3\x84"),
    KVS("u32s", U32, 2, "\1\2\3\4\5\6\7\x88"),
    KVS("i32s", I32, 2, "\1\2\3\4\5\6\7\x88"),
    KVS("f32s", F32, 2, "\0\0\x80\x3f\xcd\xcc\xcc\xbd"),
    KVS("bools", BOOL, 3, "\0\1\1"),
    KVS("strings", STRING, 3, words),
    KVS("u64s", U64, 1, "\1\2\3\4\5\6\7\x88"),
    KVS("i64s", I64, 1, "\1\2\3\4\5\6\7\x88"),
    KVS("f64s", F64, 1, "\x9a\x99\x99\x99\x99\x99\xb9\x3f"),
    KVS("tree", ARRAY, 3, branches),
};
enum { FLAT = 24, ALL = 25 };

static const struct ref_gguf_tensor_model tensors[] = {
    {.name = {"t", 1}, .n_dims = 2, .type = 2, .ne = {32, 2}},
    {.name = {"u", 1}, .n_dims = 0, .type = 0, .data = "\1\2\3\4"},
    {.name = {"v", 1}, .n_dims = 4, .type = 30, .ne = {3, 1, 2, 1}},
};

static const struct ref_gguf_model whole = {
    .version = 3, .kv = every_type, .n_kv = ALL, .tensor = tensors, .n_tensors = 3};

static uint64_t write_little(const struct ref_gguf_model *m)
{
    struct ref_gguf_file w = {.kv = NULL};
    assert_int_equal(ref_gguf_write(m, little, sizeof little, &w), REF_GGUF_OK);
    return w.size;
}

static enum ref_gguf_status read_spec(const uint8_t *bytes, uint64_t size, int i,
                                      struct ref_gguf_file *ret)
{
    return ref_gguf_read_mode(REF_GGUF_SPEC, bytes, size, kv[i], 32, tensor[i], 8, ret, NULL);
}

static void a_big_endian_twin_says_the_same_and_strict_refuses_it(void **state)
{
    (void)state;
    for (uint32_t version = 2; version <= 3; version++) {
        struct ref_gguf_model m = whole;
        struct ref_gguf_file f, g;
        m.version = version;
        const uint64_t size = write_little(&m);
        assert_int_equal(read_spec(little, size, 0, &f), REF_GGUF_OK);
        ref_gguf_twin(&f, big);
        assert_memory_equal(big, version == 2 ? "GGUF\0\0\0\2" : "GGUF\0\0\0\3", 8);
        assert_int_equal(read_spec(big, size, 1, &g), REF_GGUF_OK);
        assert_true(!f.swapped && g.swapped && ref_gguf_same_file(&f, &g));
        assert_ptr_equal(ref_gguf_find(&g, "tree"), &g.kv[ALL - 1]);
        assert_memory_equal(ref_gguf_data(&g, &g.tensor[1]), "\1\2\3\4", 4);
        struct ref_gguf_head head;
        assert_int_equal(ref_gguf_head(big, size, &head, NULL), REF_GGUF_E_VERSION);
        assert_int_equal(ref_gguf_head_mode(REF_GGUF_SPEC, big, size, &head, NULL), REF_GGUF_OK);
        assert_true(head.swapped && head.n_kv == ALL && head.n_tensors == 3);
    }
}

static void a_big_endian_file_written_by_hand_is_read(void **state)
{
    (void)state;
    static const uint8_t hand[] = "GGUF\0\0\0\3"
                                  "\0\0\0\0\0\0\0\0"
                                  "\0\0\0\0\0\0\0\2"
                                  "\0\0\0\0\0\0\0\1k"
                                  "\0\0\0\3\xff\xfe"                   /* i16 -2 */
                                  "\0\0\0\0\0\0\0\1s"                  /* */
                                  "\0\0\0\11\0\0\0\10\0\0\0\0\0\0\0\1" /* 1 string */
                                  "\0\0\0\0\0\0\0\2hi";
    struct ref_gguf_file f;
    struct ref_gguf_span s;
    int64_t number;
    assert_int_equal(read_spec(hand, sizeof hand - 1, 0, &f), REF_GGUF_OK);
    const struct ref_gguf_value v = ref_gguf_value(&f.kv[0]);
    assert_int_equal(ref_gguf_value_i64(&f, &v, &number), REF_GGUF_OK);
    assert_int_equal(number, -2);
    assert_int_equal(ref_gguf_str(&f, &f.kv[1], 0, &s), REF_GGUF_OK);
    assert_true(s.len == 2 && memcmp(f.buf + s.off, "hi", 2) == 0);
    struct ref_gguf_strings it = ref_gguf_strings(&f, &f.kv[1]);
    assert_true(ref_gguf_strings_next(&it, &s) && s.len == 2);
}

static void both_modes_agree_where_the_format_is_the_same(void **state)
{
    (void)state;
    struct ref_gguf_model m = whole;
    struct ref_gguf_file f, g;
    m.n_kv = FLAT;
    const uint64_t size = write_little(&m);
    assert_int_equal(read_spec(little, size, 0, &f), REF_GGUF_OK);
    assert_int_equal(ref_gguf_read(little, size, kv[1], 32, tensor[1], 8, &g, NULL), REF_GGUF_OK);
    assert_true(ref_gguf_same_file(&f, &g));
}

static void every_prefix_is_refused_in_both_orders(void **state)
{
    (void)state;
    struct ref_gguf_model m = whole;
    struct ref_gguf_file f, g;
    m.unpadded_end = true;
    const uint64_t size = write_little(&m);
    assert_int_equal(read_spec(little, size, 0, &f), REF_GGUF_OK);
    ref_gguf_twin(&f, big);
    for (uint64_t n = 0; n < size; n++) {
        const enum ref_gguf_status want = n < f.data_off ? REF_GGUF_E_TRUNC : REF_GGUF_E_BOUNDS;
        const enum ref_gguf_status s = read_spec(little, n, 1, &g), t = read_spec(big, n, 1, &g);
        if (s != want || t != want)
            fail_msg("the first %d of %d bytes: %d and %d", (int)n, (int)size, (int)s, (int)t);
    }
}

static void nested_arrays_are_walked_and_asked(void **state)
{
    (void)state;
    struct ref_gguf_file f;
    struct ref_gguf_value branch, leaf;
    struct ref_gguf_span s;
    uint64_t number;
    bool flag;
    assert_int_equal(read_spec(little, write_little(&whole), 0, &f), REF_GGUF_OK);
    const struct ref_gguf_value tree = ref_gguf_value(ref_gguf_find(&f, "tree"));
    assert_int_equal(ref_gguf_array_at(&f, &tree, 0, &branch), REF_GGUF_OK);
    assert_int_equal(ref_gguf_array_at(&f, &branch, 1, &leaf), REF_GGUF_OK);
    assert_int_equal(ref_gguf_array_str(&f, &leaf, 1, &s), REF_GGUF_OK);
    assert_true(s.len == 2 && memcmp(f.buf + s.off, "ab", 2) == 0);
    assert_int_equal(ref_gguf_array_at(&f, &branch, 0, &leaf), REF_GGUF_OK);
    assert_int_equal(ref_gguf_array_u64(&f, &leaf, 1, &number), REF_GGUF_OK);
    assert_int_equal(number, 0x0403);
    assert_int_equal(ref_gguf_array_at(&f, &tree, 1, &branch), REF_GGUF_OK);
    assert_int_equal(branch.n, 0);
    assert_int_equal(ref_gguf_array_at(&f, &branch, 0, &leaf), REF_GGUF_E_VALUE);
    assert_int_equal(ref_gguf_array_at(&f, &tree, 2, &branch), REF_GGUF_OK);
    assert_int_equal(ref_gguf_array_bool(&f, &branch, 0, &flag), REF_GGUF_OK);
    assert_true(flag);
    assert_int_equal(ref_gguf_array_at(&f, &tree, 3, &branch), REF_GGUF_E_VALUE);
}

static void array_accessors_take_their_types_only(void **state)
{
    (void)state;
    static const struct {
        const char *key;
        uint64_t i;
        enum ref_gguf_status u64, i64, f64, boolean, str;
        int64_t value;
        double real;
    } table[] = {
#define NO  REF_GGUF_E_TYPE
#define OUT REF_GGUF_E_VALUE
        {"u8s", 2, 0, 0, NO, NO, NO, 255, 0},
        {"i8s", 2, OUT, 0, NO, NO, NO, -1, 0},
        {"u16s", 1, 0, 0, NO, NO, NO, 0x0403, 0},
        {"i16s", 1, OUT, 0, NO, NO, NO, -0x7bfd, 0},
        {"u32s", 1, 0, 0, NO, NO, NO, 0x88070605, 0},
        {"i32s", 0, 0, 0, NO, NO, NO, 0x04030201, 0},
        {"u64s", 0, 0, OUT, NO, NO, NO, 0, 0},
        {"i64s", 0, OUT, 0, NO, NO, NO, -0x77f8f9fafbfcfdff, 0},
        {"bools", 1, 0, 0, NO, 0, NO, 1, 0},
        {"f32s", 0, NO, NO, 0, NO, NO, 0, 1.0},
        {"f64s", 0, NO, NO, 0, NO, NO, 0, 0.1},
        {"strings", 2, NO, NO, NO, NO, 0, 0, 0},
        {"strings", 3, OUT, OUT, OUT, OUT, OUT, 0, 0},
        {"u32", 0, NO, NO, NO, NO, NO, 0, 0}, /* no array */
#undef NO
#undef OUT
    };
    struct ref_gguf_file f;
    assert_int_equal(read_spec(little, write_little(&whole), 0, &f), REF_GGUF_OK);
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        const struct ref_gguf_value v = ref_gguf_value(ref_gguf_find(&f, table[i].key));
        uint64_t u = 0;
        int64_t n = 0;
        double d = 0;
        bool b = false;
        struct ref_gguf_span s;
        if (ref_gguf_array_u64(&f, &v, table[i].i, &u) != table[i].u64 ||
            ref_gguf_array_i64(&f, &v, table[i].i, &n) != table[i].i64 ||
            ref_gguf_array_f64(&f, &v, table[i].i, &d) != table[i].f64 ||
            ref_gguf_array_bool(&f, &v, table[i].i, &b) != table[i].boolean ||
            ref_gguf_array_str(&f, &v, table[i].i, &s) != table[i].str || n != table[i].value ||
            d != table[i].real)
            fail_msg("%s: %lld, %g", table[i].key, (long long)n, d);
    }
}

/* A KV of `depth` arrays, one in the other. */
static uint64_t write_deep(int depth)
{
    static const uint8_t front[37] =
        "GGUF\3\0\0\0\0\0\0\0\0\0\0\0\1\0\0\0\0\0\0\0\1\0\0\0\0\0\0\0k\11\0\0";
    memcpy(little, front, sizeof front);
    uint8_t *p = little + 37;
    for (int i = 0; i < depth; i++, p += 12) {
        wr_u32le(p, i + 1 < depth ? REF_GGUF_ARRAY : REF_GGUF_U8);
        wr_u64le(p + 4, 1);
    }
    *p = 7;
    return (uint64_t)(p + 1 - little);
}

static void arrays_nest_eight_deep_and_no_deeper(void **state)
{
    (void)state;
    struct ref_gguf_file f;
    assert_int_equal(read_spec(little, write_deep(REF_GGUF_MAX_DEPTH), 0, &f), REF_GGUF_OK);
    assert_int_equal(read_spec(little, write_deep(REF_GGUF_MAX_DEPTH + 1), 0, &f), REF_GGUF_E_TYPE);
    assert_int_equal(read_spec(little, write_deep(300), 0, &f), REF_GGUF_E_TYPE);
    assert_int_equal(ref_gguf_read(little, write_deep(2), kv[0], 32, tensor[0], 8, &f, NULL),
                     REF_GGUF_E_TYPE);
}

static void counts_that_cannot_be_are_refused_at_once(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        size_t at;
        enum ref_gguf_status status;
    } table[] = {
        {"tensors", 8, REF_GGUF_E_TRUNC},         {"KVs", 16, REF_GGUF_E_TRUNC},
        {"bytes of a key", 24, REF_GGUF_E_TRUNC}, {"arrays", 41, REF_GGUF_E_TRUNC},
        {"arrays in it", 53, REF_GGUF_E_TRUNC},   {"elements", 65, REF_GGUF_E_TRUNC},
    };
    static const uint64_t counts[] = {
        3, 1u << 30, (uint64_t)1 << 61, UINT64_MAX / 12 + 1, (uint64_t)1 << 63, UINT64_MAX};
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++)
        for (size_t c = i == 5 ? 1 : 0; c < sizeof counts / sizeof counts[0]; c++) {
            struct ref_gguf_file f;
            const uint64_t size = write_deep(3);
            wr_u64le(little + table[i].at, counts[c]);
            const enum ref_gguf_status s = read_spec(little, size, 0, &f);
            const bool key = i == 2 && c == 0; /* a longer key shifts what follows */
            if (key ? s == REF_GGUF_OK : s != table[i].status)
                fail_msg("%llu %s: %d", (unsigned long long)counts[c], table[i].name, (int)s);
        }
}

static void tensors_lie_where_the_text_allows(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        uint32_t alignment;
        uint64_t first, second; /* offsets */
        enum ref_gguf_status spec, strict;
    } table[] = {
        {"one behind the other", 8, 0, 8, REF_GGUF_OK, REF_GGUF_OK},
        {"with a gap", 8, 0, 16, REF_GGUF_OK, REF_GGUF_E_OFFSET},
        {"the second first", 8, 8, 0, REF_GGUF_OK, REF_GGUF_E_OFFSET},
        {"between alignments", 8, 0, 12, REF_GGUF_E_OFFSET, REF_GGUF_E_OFFSET},
        {"behind the file", 8, 0, (uint64_t)1 << 63, REF_GGUF_E_BOUNDS, REF_GGUF_E_OFFSET},
        {"by 24", 24, 0, 24, REF_GGUF_OK, REF_GGUF_E_ALIGN},
        {"by 12", 12, 0, 12, REF_GGUF_E_ALIGN, REF_GGUF_E_ALIGN},
        {"by 0", 0, 0, 0, REF_GGUF_E_ALIGN, REF_GGUF_E_ALIGN},
    };
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        uint8_t number[4];
        struct ref_gguf_file f;
        wr_u32le(number, table[i].alignment);
        const struct ref_gguf_kv_model key = KV("general.alignment", U32, number);
        const struct ref_gguf_model m = {
            .version = 3,
            .alignment = table[i].alignment,
            .kv = &key,
            .n_kv = 1,
            .tensor =
                (const struct ref_gguf_tensor_model[]){{.name = {"a", 1}}, {.name = {"b", 1}}},
            .n_tensors = 2};
        const uint64_t size = write_little(&m);
        wr_u64le(little + 57 + 17, table[i].first);
        wr_u64le(little + 57 + 25 + 17, table[i].second);
        memset(little + size, 0, 64);
        const enum ref_gguf_status s = read_spec(little, size + 64, 0, &f);
        const enum ref_gguf_status t =
            ref_gguf_read(little, size + 64, kv[0], 32, tensor[0], 8, &f, NULL);
        if (s != table[i].spec || t != table[i].strict)
            fail_msg("%s: %d and %d", table[i].name, (int)s, (int)t);
    }
}

static void a_name_of_64_bytes_is_the_texts_not_ggmls(void **state)
{
    (void)state;
    char name[66];
    struct ref_gguf_file f;
    memset(name, 'n', sizeof name);
    for (uint64_t len = 63; len <= 65; len++) {
        const struct ref_gguf_tensor_model t = {.name = {name, len}};
        const struct ref_gguf_model m = {.version = 3, .tensor = &t, .n_tensors = 1};
        const uint64_t size = write_little(&m);
        assert_int_equal(read_spec(little, size, 0, &f), len < 65 ? REF_GGUF_OK : REF_GGUF_E_NAME);
        assert_int_equal(ref_gguf_read(little, size, kv[0], 32, tensor[0], 8, &f, NULL),
                         len < 64 ? REF_GGUF_OK : REF_GGUF_E_NAME);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_big_endian_twin_says_the_same_and_strict_refuses_it),
        cmocka_unit_test(a_big_endian_file_written_by_hand_is_read),
        cmocka_unit_test(both_modes_agree_where_the_format_is_the_same),
        cmocka_unit_test(every_prefix_is_refused_in_both_orders),
        cmocka_unit_test(nested_arrays_are_walked_and_asked),
        cmocka_unit_test(array_accessors_take_their_types_only),
        cmocka_unit_test(arrays_nest_eight_deep_and_no_deeper),
        cmocka_unit_test(counts_that_cannot_be_are_refused_at_once),
        cmocka_unit_test(tensors_lie_where_the_text_allows),
        cmocka_unit_test(a_name_of_64_bytes_is_the_texts_not_ggmls),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

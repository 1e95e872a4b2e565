/* Groups accessors and scale: gg_find, gg_u64, gg_f64, gg_str. */
#include <string.h>

#include "base/bytes.h"
#include "check_model.h"
#include "ops.h"

/* One question about one KV among others, and its answer. */
struct question {
    const char *about;
    uint32_t type, elem; /* of the KV; an array's elements */
    uint64_t n;          /* of an array */
    const char *bytes;   /* the value; NULL: random */
    enum query_what what;
    uint64_t i; /* for gg_str */
    int code;
    uint64_t a; /* gg_u64's value; for the others the truth is computed */
};

#define FF8 "\xff\xff\xff\xff\xff\xff\xff\xff"

static const struct question questions[] = {
    {"gg_u64 of a u8", GG_U8, 0, 0, "\xc8", QUERY_U64, 0, GG_OK, 200},
    {"gg_u64 of an i8", GG_I8, 0, 0, "\x64", QUERY_U64, 0, GG_OK, 100},
    {"gg_u64 of a negative i8", GG_I8, 0, 0, "\xff", QUERY_U64, 0, GG_E_VALUE, 0},
    {"gg_u64 of a u16", GG_U16, 0, 0, "\xfe\xff", QUERY_U64, 0, GG_OK, 65534},
    {"gg_u64 of an i16", GG_I16, 0, 0, "\x34\x12", QUERY_U64, 0, GG_OK, 0x1234},
    {"gg_u64 of a negative i16", GG_I16, 0, 0, "\xfe\xff", QUERY_U64, 0, GG_E_VALUE, 0},
    {"gg_u64 of a u32", GG_U32, 0, 0, "\xfd\xff\xff\xff", QUERY_U64, 0, GG_OK, 4294967293u},
    {"gg_u64 of an i32", GG_I32, 0, 0, "\xfd\xff\xff\x7f", QUERY_U64, 0, GG_OK, 2147483645},
    {"gg_u64 of a negative i32", GG_I32, 0, 0, "\xfd\xff\xff\xff", QUERY_U64, 0, GG_E_VALUE, 0},
    {"gg_u64 of a u64", GG_U64, 0, 0, FF8, QUERY_U64, 0, GG_OK, UINT64_MAX},
    {"gg_u64 of an i64", GG_I64, 0, 0, "\1\2\3\4\5\6\7\x40", QUERY_U64, 0, GG_OK,
     0x4007060504030201},
    {"gg_u64 of a negative i64", GG_I64, 0, 0, "\0\0\0\0\0\0\0\x80", QUERY_U64, 0, GG_E_VALUE, 0},
    {"gg_u64 of a bool", GG_BOOL, 0, 0, "\1", QUERY_U64, 0, GG_OK, 1},
    {"gg_u64 of a float", GG_F32, 0, 0, NULL, QUERY_U64, 0, GG_E_TYPE, 0},
    {"gg_u64 of a string", GG_STRING, 0, 0, NULL, QUERY_U64, 0, GG_E_TYPE, 0},
    {"gg_u64 of an array", GG_ARRAY, GG_U32, 3, NULL, QUERY_U64, 0, GG_E_TYPE, 0},
    {"gg_f64 of an f32", GG_F32, 0, 0, "\xcd\xcc\xcc\x3d", QUERY_F64, 0, GG_OK, 0},
    {"gg_f64 of an f64", GG_F64, 0, 0, "\x9a\x99\x99\x99\x99\x99\xb9\x3f", QUERY_F64, 0, GG_OK, 0},
    {"gg_f64 of an integer", GG_U32, 0, 0, NULL, QUERY_F64, 0, GG_E_TYPE, 0},
    {"gg_f64 of an array of floats", GG_ARRAY, GG_F64, 2, NULL, QUERY_F64, 0, GG_E_TYPE, 0},
    {"gg_str of a string", GG_STRING, 0, 0, NULL, QUERY_STR, 0, GG_OK, 0},
    {"gg_str of a string, i = 1", GG_STRING, 0, 0, NULL, QUERY_STR, 1, GG_E_VALUE, 0},
    {"gg_str of an array, first", GG_ARRAY, GG_STRING, 40, NULL, QUERY_STR, 0, GG_OK, 0},
    {"gg_str of an array, last", GG_ARRAY, GG_STRING, 40, NULL, QUERY_STR, 39, GG_OK, 0},
    {"gg_str of an array, i = n", GG_ARRAY, GG_STRING, 40, NULL, QUERY_STR, 40, GG_E_VALUE, 0},
    {"gg_str of an array, huge i", GG_ARRAY, GG_STRING, 3, NULL, QUERY_STR, UINT64_MAX, GG_E_VALUE,
     0},
    {"gg_str of an empty array", GG_ARRAY, GG_STRING, 0, NULL, QUERY_STR, 0, GG_E_VALUE, 0},
    {"gg_str of a number", GG_U32, 0, 0, NULL, QUERY_STR, 0, GG_E_TYPE, 0},
    {"gg_str of an array of bytes", GG_ARRAY, GG_U8, 9, NULL, QUERY_STR, 0, GG_E_TYPE, 0},
};

static uint64_t bits_of(double x)
{
    uint64_t bits;
    memcpy(&bits, &x, sizeof bits);
    return bits;
}

static struct answer truth_of(const struct question *q, const struct subject *s, uint64_t index)
{
    const struct ref_gguf_kv *kv = &s->truth.kv[index];
    struct answer a = {.found = (int64_t)index, .code = q->code, .a = q->a};
    struct ref_gguf_span span = {0, 0};
    double real = 0;
    if (q->what == QUERY_F64 && ref_gguf_f64(&s->truth, kv, &real) == REF_GGUF_OK)
        a.a = bits_of(real);
    if (q->what == QUERY_STR && ref_gguf_str(&s->truth, kv, q->i, &span) == REF_GGUF_OK) {
        a.a = span.off;
        a.b = span.len;
    }
    return a;
}

static void hint_answer(struct check *k, const struct question *q, const struct answer *w,
                        const struct answer *a)
{
    if (q->code == GG_E_VALUE && a->code == GG_OK && q->what == QUERY_U64)
        check_hint(k, "a negative number was given as a huge positive one");
    else if (q->code == GG_E_VALUE && a->code == GG_OK)
        check_hint(k, "a string was given for an index that the KV does not have");
    else if (q->what == QUERY_STR && q->code == GG_OK && a->a + 8 == w->a)
        check_hint(k, "the span begins at the string's length, not at its bytes");
    else if (q->code == GG_E_TYPE && a->code == GG_OK)
        check_hint(k, "an accessor answered for a type that it is not for");
    else if (q->what == QUERY_U64 && w->a <= UINT32_MAX && a->a >> 32 == UINT32_MAX)
        check_hint(k, "an unsigned number was widened with a sign");
}

/* Shrinks to fewer KVs in front of the one that is asked for, and behind it. */
static void ask(struct check *k, const struct check_shape *shape)
{
    const struct question *q = &questions[shape->fixed[0]];
    check_case(k, "%s", q->about);
    struct subject s = subject_new(k, 12, 0);
    add_any_kvs(k, &s, below(k, 1 + (uint32_t)shape->size[0]));
    const uint64_t index = s.model.n_kv;
    struct ref_gguf_kv_model *kv =
        q->type == GG_ARRAY ? add_array(k, &s, q->elem, q->n) : add_kv(k, &s, q->type);
    if (q->bytes != NULL)
        kv->data = q->bytes;
    add_any_kvs(k, &s, below(k, 1 + (uint32_t)shape->size[1]));
    subject_write(k, &s);
    const struct query query = {.what = q->what, .i = q->i};
    struct call *c = check_call(k, OP_QUERY);
    call_in(c, s.bytes, s.size);
    call_in(c, &query, sizeof query);
    call_in(c, kv->key.bytes, kv->key.len + 1); /* with its NUL */
    call_show(c, CALL_SHOW_TEXT);
    call_out(c, sizeof(struct answer));
    if (!call_run(c) || !check_code(k, GG_OK, call_result(c, 0)))
        return;
    const struct answer want = truth_of(q, &s, index), *got = call_bytes(c, 3);
    if (check_i64(k, "index of what gg_find found", want.found, got->found) &&
        check_code(k, want.code, got->code) &&
        (q->code != GG_OK || (check_i64(k, "value", (int64_t)want.a, (int64_t)got->a) &&
                              check_i64(k, "length", (int64_t)want.b, (int64_t)got->b))))
        return;
    if (got->found == want.found)
        hint_answer(k, q, &want, got);
}

/* Keys that are there, and keys that almost are. */
static void find(struct check *k)
{
    static const struct {
        const char *key;
        int64_t index;
        const char *hint;
    } table[] = {
        {"a.b", 0, NULL},
        {"a.bc", 1, "gg_find took a key for another one that begins with it"},
        {"a", 2, "gg_find took a key for another one that begins with it"},
        {"tokenizer.ggml.tokens", 3, NULL},
        {"a.bcd", -1, "gg_find took a key for the longer one that was asked for"},
        {"a.", -1, "gg_find took a key for another one that begins with it"},
        {"", -1, "no key is empty: gg_find of \"\" is NULL"},
        {"A.B", -1, "keys differ in upper and lower case"},
    };
    enum { N = sizeof table / sizeof table[0] };
    char *keys = check_alloc(k, 256);
    struct query *query = check_alloc(k, N * sizeof *query);
    struct subject s = subject_new(k, 4, 0);
    uint32_t at = 0;
    for (int i = 0; i < N; i++) {
        if (table[i].index >= 0)
            add_string(k, &s, table[i].key, random_text(k, 0, 9));
        query[i] = (struct query){.what = QUERY_FIND, .key = at};
        const size_t size = strlen(table[i].key) + 1;
        memcpy(keys + at, table[i].key, size);
        at += (uint32_t)size;
    }
    subject_write(k, &s);
    struct call *c = check_call(k, OP_QUERY);
    call_in(c, s.bytes, s.size);
    call_in(c, query, N * sizeof *query);
    call_in(c, keys, at);
    call_out(c, N * sizeof(struct answer));
    if (!call_run(c) || !check_code(k, GG_OK, call_result(c, 0)))
        return;
    const struct answer *got = call_bytes(c, 3);
    for (int i = 0; i < N; i++) {
        if (check_i64(k, table[i].key, table[i].index, got[i].found))
            continue;
        if (got[i].found != -1 && table[i].hint != NULL)
            check_hint(k, "%s", table[i].hint);
        return;
    }
}

void group_accessors(struct check *k)
{
    check_part(k, "find", 2);
    for (int i = 0; i < 2; i++) {
        check_case(k, "gg_find of keys that are there and keys that almost are");
        find(k);
    }
    check_part(k, "values", 8);
    for (size_t i = 0; i < sizeof questions / sizeof questions[0]; i++)
        check_shrinkable(k, ask, &(struct check_shape){.fixed = {(int64_t)i}, .size = {5, 5}});
}

/* ---- scale ---- */

static struct subject big_file(struct check *k, uint32_t strings, uint32_t tensors)
{
    struct subject s = subject_new(k, 4, tensors);
    add_string(k, &s, "general.architecture", text_of("llama"));
    add_array(k, &s, REF_GGUF_STRING, strings)->key = text_of("tokenizer.ggml.tokens");
    add_array(k, &s, REF_GGUF_F32, strings)->key = text_of("tokenizer.ggml.scores");
    for (uint32_t i = 0; i < tensors; i++) {
        struct ref_gguf_tensor_model *t = add_tensor(k, &s, 24, 1);
        t->name = text_of(check_printf(k, "blk.%u.attn_q.weight", i));
        t->ne[0] = 8;
    }
    subject_write(k, &s);
    return s;
}

static void check_strings(struct check *k, const struct subject *s, const gg_span *actual)
{
    struct ref_gguf_strings it = ref_gguf_strings(&s->truth, &s->truth.kv[1]);
    struct ref_gguf_span want;
    for (uint64_t i = 0; ref_gguf_strings_next(&it, &want); i++)
        if (actual[i].off != want.off || actual[i].len != want.len) {
            check_i64(k, check_printf(k, "offset of string %llu", (unsigned long long)i),
                      (int64_t)want.off, (int64_t)actual[i].off);
            return;
        }
}

static void scale(struct check *k, const struct check_shape *shape)
{
    const uint32_t strings = (uint32_t)shape->size[0], tensors = (uint32_t)shape->size[1];
    enum { LIMIT_MS = 300 };
    check_case(k, "%u strings, %u tensors", strings, tensors);
    const struct subject s = big_file(k, strings, tensors);
    struct call *c = check_call(k, OP_STRINGS);
    call_in(c, s.bytes, s.size);
    call_in(c, "tokenizer.ggml.tokens", sizeof "tokenizer.ggml.tokens");
    call_out(c, strings * sizeof(gg_span));
    call_out(c, tensors * sizeof(gg_tensor));
    if (!check_sanitizing(k))
        call_limit_ms(c, LIMIT_MS);
    if (!call_run(c)) {
        if (call_cpu_us(c) >= (LIMIT_MS - 10) * 1000)
            check_hint(k,
                       "a gg_str that walks from the first string each time takes n * n / 2 steps "
                       "for all: remember where the strings are");
        return;
    }
    if (check_code(k, GG_OK, call_result(c, STRINGS_CODE)) &&
        check_i64(k, "index of what gg_find found", 1, call_result(c, STRINGS_FOUND)) &&
        check_i64(k, "strings refused", 0, call_result(c, STRINGS_REFUSED)) &&
        check_i64(k, "n_tensors", tensors, call_result(c, STRINGS_TENSORS)) &&
        check_tensors(k, &s, call_bytes(c, 3)))
        check_strings(k, &s, call_bytes(c, 2));
}

void group_scale(struct check *k)
{
    const bool few = check_sanitizing(k);
    check_shrinkable(
        k, scale,
        &(struct check_shape){.size = {few ? 4000 : 128256, few ? 500 : 4096}, .least = {1, 1}});
}

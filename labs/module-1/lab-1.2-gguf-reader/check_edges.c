/* Groups legal-edges and truncation: where a good file begins and ends. */
#include <assert.h>
#include <string.h>

#include "check_model.h"
#include "ops.h"

/* ---- legal-edges ---- */

static void nothing_in_it(struct check *k, struct subject *s)
{
    (void)k;
    (void)s;
}

static void version_2(struct check *k, struct subject *s)
{
    s->model.version = 2;
    add_any_kvs(k, s, 5);
    add_any_tensors(k, s, 3);
}

static void empty_values(struct check *k, struct subject *s)
{
    add_string(k, s, "general.name", text_of(""));
    add_array(k, s, REF_GGUF_U32, 0);
    add_array(k, s, REF_GGUF_STRING, 0);
    add_array(k, s, REF_GGUF_BOOL, 0);
    struct ref_gguf_kv_model *kv = add_array(k, s, REF_GGUF_STRING, 2);
    kv->data = check_alloc(k, 2 * sizeof(struct ref_gguf_text)); /* two empty ones */
}

static void scalars_as_tensors(struct check *k, struct subject *s)
{
    add_tensor(k, s, 0, 0);
    add_tensor(k, s, 24, 0);
    add_tensor(k, s, 1, 2);
}

static void no_elements(struct check *k, struct subject *s)
{
    add_tensor(k, s, 0, 1);
    add_tensor(k, s, 2, 2)->ne[1] = 0;
    add_tensor(k, s, 12, 3)->ne[0] = 0;
    add_tensor(k, s, 30, 4);
}

static void kvs_without_tensors(struct check *k, struct subject *s)
{
    add_any_kvs(k, s, 3);
    add_string(k, s, "odd", text_of("three"));
    add_alignment(k, s, 64);
}

static void unpadded_end(struct check *k, struct subject *s)
{
    s->model.unpadded_end = true;
    add_tensor(k, s, 8, 2);
    add_tensor(k, s, 24, 1)->ne[0] = 5;
}

static void longest_key(struct check *k, struct subject *s)
{
    add_kv(k, s, REF_GGUF_U8)->key = random_text(k, REF_GGUF_MAX_KEY, REF_GGUF_MAX_KEY);
    add_kv(k, s, REF_GGUF_U16);
}

static void longest_name(struct check *k, struct subject *s)
{
    add_tensor(k, s, 0, 1)->name = random_text(k, REF_GGUF_MAX_NAME, REF_GGUF_MAX_NAME);
    add_tensor(k, s, 0, 1);
}

static void names_that_begin_alike(struct check *k, struct subject *s)
{
    add_kv(k, s, REF_GGUF_I8)->key = text_of("general.alignment2");
    add_kv(k, s, REF_GGUF_I8)->key = text_of("general.align");
    add_kv(k, s, REF_GGUF_I8)->key = text_of("General.alignment");
    add_tensor(k, s, 0, 1)->name = text_of("blk.1");
    add_tensor(k, s, 0, 1)->name = text_of("blk.10");
}

static void a_key_as_name(struct check *k, struct subject *s)
{
    add_kv(k, s, REF_GGUF_F64)->key = text_of("same");
    add_tensor(k, s, 0, 1)->name = text_of("same");
}

static void smallest_alignment(struct check *k, struct subject *s)
{
    add_alignment(k, s, 8);
    add_any_tensors(k, s, 4);
}

static void late_alignment(struct check *k, struct subject *s)
{
    add_any_kvs(k, s, 6);
    add_alignment(k, s, 128);
    add_any_tensors(k, s, 4);
}

static void bytes_behind_the_end(struct check *k, struct subject *s)
{
    add_any_kvs(k, s, 2);
    add_any_tensors(k, s, 2);
}

static void anything(struct check *k, struct subject *s)
{
    add_any_kvs(k, s, 9);
    add_any_tensors(k, s, 5);
}

static const struct edge {
    const char *about;
    void (*describe)(struct check *k, struct subject *s);
    uint64_t behind; /* bytes behind the file's end */
    bool odd;        /* at an odd address */
} edges[] = {
    {"nothing in it", nothing_in_it, 0, false},
    {"version 2", version_2, 0, false},
    {"empty strings and arrays", empty_values, 0, false},
    {"tensors of no dimensions", scalars_as_tensors, 0, false},
    {"tensors of no elements", no_elements, 0, false},
    {"KVs and no tensors", kvs_without_tensors, 0, false},
    {"no padding behind the last tensor", unpadded_end, 0, false},
    {"a key of 65535 bytes", longest_key, 0, false},
    {"a name of 63 bytes", longest_name, 0, false},
    {"names that begin alike", names_that_begin_alike, 0, false},
    {"a tensor with the name of a key", a_key_as_name, 0, false},
    {"the smallest alignment", smallest_alignment, 0, false},
    {"the alignment behind other KVs", late_alignment, 0, false},
    {"bytes behind the end", bytes_behind_the_end, 200, false},
    {"at an odd address", anything, 0, true},
    {"at an odd address, no padding at the end", unpadded_end, 0, true},
};

void group_edges(struct check *k)
{
    for (size_t i = 0; i < sizeof edges / sizeof edges[0]; i++) {
        const struct edge *e = &edges[i];
        check_case(k, "%s", e->about);
        struct subject s = subject_new(k, 16, 8);
        e->describe(k, &s);
        subject_write(k, &s);
        s.size += e->behind;
        /* Pages begin at even addresses and the file ends `skew` bytes in front of one. */
        check_open(k, &s, e->odd ? 1 + s.size % 2 : s.size % 2);
    }
}

/* ---- truncation ---- */

enum {
    FILE_BYTES = 700,
    DATA_OFF = 512,
    DATA_END = 690,  /* of the last tensor; then some of its padding */
    INFOS_END = 501, /* so that the padding in front of the data is cut too */
};

/* KVs, three tensors, and as much text as makes the numbers above true. */
static void write_whole(struct check *k, uint8_t file[FILE_BYTES])
{
    struct subject s = subject_new(k, 8, 3);
    add_string(k, &s, "general.architecture", text_of("llama"));
    add_kv(k, &s, REF_GGUF_BOOL)->key = text_of("flag");
    add_array(k, &s, REF_GGUF_I16, 7)->key = text_of("numbers");
    struct ref_gguf_text *words = check_alloc(k, 3 * sizeof *words);
    for (int i = 0; i < 3; i++)
        words[i] = random_text(k, 4, 4);
    struct ref_gguf_kv_model *array = add_array(k, &s, REF_GGUF_STRING, 3);
    array->key = text_of("words");
    array->data = words;
    add_tensor(k, &s, 0, 1)->ne[0] = 8;
    add_tensor(k, &s, 8, 2)->ne[1] = 2;
    add_tensor(k, &s, 24, 1)->ne[0] = 50;
    s.tensor[1].ne[0] = 32;
    for (int i = 0; i < 3; i++) {
        s.tensor[i].name = random_text(k, 10, 10);
        s.tensor[i].data = random_bytes(k, 128);
    }
    struct ref_gguf_kv_model *text = add_string(k, &s, "text", text_of(""));
    subject_write(k, &s);
    const struct ref_gguf_tensor *last = &s.truth.tensor[2];
    const uint64_t infos_end = last->name.off + last->name.len + 4 + 8 + 4 + 8;
    assert(infos_end < INFOS_END);
    *(struct ref_gguf_text *)text->data =
        random_text(k, INFOS_END - (uint32_t)infos_end, INFOS_END - (uint32_t)infos_end);
    subject_write(k, &s);
    assert(s.truth.data_off == DATA_OFF && s.truth.tensor[2].offset + 50 + DATA_OFF == DATA_END);
    memcpy(file, s.bytes, FILE_BYTES);
}

static int truth_of_prefix(uint64_t size)
{
    return size < DATA_OFF ? GG_E_TRUNC : size < DATA_END ? GG_E_BOUNDS : GG_OK;
}

static void hint_prefix(struct check *k, uint64_t size, int64_t code)
{
    if (size < INFOS_END && code == GG_OK)
        check_hint(k, "a file that ends inside of its KVs or infos was accepted");
    else if (size >= INFOS_END && size < DATA_OFF && (code == GG_OK || code == GG_E_BOUNDS))
        check_hint(k, "a file that ends inside of the padding in front of the data is GG_E_TRUNC");
    else if (size >= DATA_OFF && size < DATA_END && code == GG_OK)
        check_hint(k, "a tensor's data ends behind the file: compare the end of every tensor with "
                      "size, counted from data_off");
    else if (size >= DATA_END && code == GG_E_BOUNDS)
        check_hint(k, "the padding behind the last tensor may be missing");
}

static void prefixes(struct check *k, const uint8_t file[FILE_BYTES], uint64_t from, uint64_t to)
{
    const uint64_t step = check_sanitizing(k) ? 7 : 1;
    for (uint64_t size = from; size < to; size += step) {
        check_case(k, "the first %llu of %d bytes", (unsigned long long)size, FILE_BYTES);
        struct call *c = check_call(k, OP_PROBE);
        call_in(c, file, size);
        if (call_run(c) && !check_code(k, truth_of_prefix(size), call_result(c, PROBE_CODE)))
            hint_prefix(k, size, call_result(c, PROBE_CODE));
    }
}

/* Behind the strings comes nothing whose absence would give a cut one away. */
static void cut_words(struct check *k, uint32_t missing)
{
    check_case(k, "no tensors, an array of strings at the end, %u bytes missing", missing);
    struct subject s = subject_new(k, 1, 0);
    struct ref_gguf_text *words = check_alloc(k, 2 * sizeof *words);
    for (int i = 0; i < 2; i++)
        words[i] = random_text(k, 4, 4);
    add_array(k, &s, REF_GGUF_STRING, 2)->data = words;
    subject_write(k, &s);
    struct call *c = check_call(k, OP_PROBE);
    call_in(c, s.bytes, s.size - missing);
    if (call_run(c) && !check_code(k, missing > 0 ? GG_E_TRUNC : GG_OK, call_result(c, PROBE_CODE)))
        check_hint(k, missing > 0 ? "a file that ends inside of an array of strings was accepted"
                                  : "a file may end with its last KV");
}

void group_truncation(struct check *k)
{
    uint8_t file[FILE_BYTES];
    check_part(k, "in front of the data", 5);
    check_case(k, "the first 0 of %d bytes", FILE_BYTES);
    write_whole(k, file);
    struct call *c = check_call(k, OP_PROBE);
    call_in(c, file, 0);
    if (call_run(c))
        check_code(k, GG_E_TRUNC, call_result(c, PROBE_CODE));
    prefixes(k, file, 1, DATA_OFF);
    for (uint32_t missing = 0; missing <= 2 * (8 + 4); missing++)
        cut_words(k, missing);
    check_part(k, "inside of the data and behind it", 5);
    prefixes(k, file, DATA_OFF, FILE_BYTES + 1);
}

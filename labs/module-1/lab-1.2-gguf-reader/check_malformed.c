/* Groups malformed and hygiene: one good file, and 42 ways to break it in one place. */
#include <assert.h>
#include <string.h>

#include "base/bytes.h"
#include "check_model.h"
#include "ops.h"

/* The good file. */
enum { ARCH, ALIGN, SMALL, FLAG, TEXT, FLAGS, WORDS, ONES, N_KV };
enum { MATRIX, QUANTS, LAST, N_TENSORS };

static struct subject describe(struct check *k)
{
    struct subject s = subject_new(k, N_KV, N_TENSORS);
    add_string(k, &s, "general.architecture", random_text(k, 5, 9));
    add_alignment(k, &s, 32);
    add_kv(k, &s, REF_GGUF_U8);
    add_kv(k, &s, REF_GGUF_BOOL);
    /* Zeros and ones, so that a reader whose sum wraps goes on reading instead of stumbling over a
     * length that happens to be too long, which would give the right code for the wrong reason. */
    add_string(k, &s, "text", (struct ref_gguf_text){check_alloc(k, 16), 16});
    add_array(k, &s, REF_GGUF_BOOL, 3 + below(k, 5));
    struct ref_gguf_text *words = check_alloc(k, 3 * sizeof *words);
    for (int i = 0; i < 3; i++)
        words[i] = random_text(k, 4, 4);
    add_array(k, &s, REF_GGUF_STRING, 3)->data = words;
    uint8_t *ones = check_alloc(k, 6 * 8);
    for (int i = 0; i < 6; i++)
        wr_u64le(ones + 8 * i, 1);
    add_array(k, &s, REF_GGUF_U64, 6)->data = ones;

    add_tensor(k, &s, 0, 2);
    add_tensor(k, &s, 2, 2);
    add_tensor(k, &s, 0, 2);
    for (int i = 0; i < N_TENSORS; i++)
        s.tensor[i].data = NULL;
    memcpy(s.tensor[MATRIX].ne, (uint64_t[]){8, 3}, 16);
    memcpy(s.tensor[QUANTS].ne, (uint64_t[]){64, 2}, 16);
    memcpy(s.tensor[LAST].ne, (uint64_t[]){5, 2}, 16);
    s.model.unpadded_end = true;
    return s;
}

/* ---- changes of the description, before the file is written ---- */

static void empty_key(struct check *k, struct subject *s)
{
    (void)k;
    s->kv[SMALL].key.len = 0;
}

static void long_key(struct check *k, struct subject *s)
{
    s->kv[SMALL].key = random_text(k, REF_GGUF_MAX_KEY + 1, REF_GGUF_MAX_KEY + 1);
}

static void twin_neighbours(struct check *k, struct subject *s)
{
    (void)k;
    s->kv[FLAG].key = s->kv[SMALL].key;
}

static void distant_twins(struct check *k, struct subject *s)
{
    (void)k;
    s->kv[ONES].key = s->kv[ARCH].key;
}

static void wide_alignment(struct check *k, struct subject *s)
{
    (void)k;
    s->kv[ALIGN].type = REF_GGUF_U64;
    s->kv[ALIGN].data = "\x20\0\0\0\0\0\0\0";
}

static void long_name(struct check *k, struct subject *s)
{
    s->tensor[QUANTS].name = random_text(k, REF_GGUF_MAX_NAME + 1, REF_GGUF_MAX_NAME + 1);
}

static void twin_tensors(struct check *k, struct subject *s)
{
    (void)k;
    s->tensor[LAST].name = s->tensor[MATRIX].name;
}

/* ---- changes of the bytes, after it was written ---- */

static uint8_t *number_at(const struct subject *s, const struct ref_gguf_span *behind, int before)
{
    return s->bytes + behind->off - before;
}

static uint8_t *type_of(const struct subject *s, int kv)
{
    return s->bytes + s->truth.kv[kv].key.off + s->truth.kv[kv].key.len;
}

static uint8_t *dims_of(const struct subject *s, int tensor)
{
    return s->bytes + s->truth.tensor[tensor].name.off + s->truth.tensor[tensor].name.len;
}

static void set_ne(struct subject *s, int tensor, uint64_t ne0, uint64_t ne1)
{
    wr_u64le(dims_of(s, tensor) + 4, ne0);
    wr_u64le(dims_of(s, tensor) + 12, ne1);
}

static void set_tensor_type(struct subject *s, int tensor, uint32_t type)
{
    wr_u32le(dims_of(s, tensor) + 20, type);
}

static void set_offset(struct subject *s, int tensor, uint64_t offset)
{
    wr_u64le(dims_of(s, tensor) + 24, offset);
}

static void no_bytes(struct subject *s)
{
    s->size = 0;
}

/* In its last byte: who compares only the first ones does not see it. */
static void other_magic(struct subject *s)
{
    s->bytes[3] = 'f';
}

static void version_1(struct subject *s)
{
    wr_u32le(s->bytes + 4, 1);
}

static void swapped_version(struct subject *s)
{
    wr_u32le(s->bytes + 4, 0x03000000);
}

static void kvs_2_63(struct subject *s)
{
    wr_u64le(s->bytes + 16, INT64_MAX);
}

static void kvs_2_61(struct subject *s)
{
    wr_u64le(s->bytes + 16, (uint64_t)1 << 61);
}

static void kvs_one_too_many(struct subject *s)
{
    wr_u64le(s->bytes + 16, (s->size - REF_GGUF_HEAD_BYTES) / REF_GGUF_MIN_KV_BYTES + 1);
}

static void tensors_2_61(struct subject *s)
{
    wr_u64le(s->bytes + 8, (uint64_t)1 << 61);
}

static void endless_key(struct subject *s)
{
    wr_u64le(number_at(s, &s->truth.kv[TEXT].key, 8), UINT64_MAX);
}

static void type_13(struct subject *s)
{
    wr_u32le(type_of(s, SMALL), REF_GGUF_VALUE_TYPES);
}

static void array_of_arrays(struct subject *s)
{
    wr_u32le(type_of(s, ONES) + 4, REF_GGUF_ARRAY);
}

static void bool_2(struct subject *s)
{
    s->bytes[s->truth.kv[FLAG].val.off] = 2;
}

static void bool_255_in_array(struct subject *s)
{
    s->bytes[s->truth.kv[FLAGS].val.off + s->truth.kv[FLAGS].n - 1] = 255;
}

static void endless_string(struct subject *s)
{
    wr_u64le(number_at(s, &s->truth.kv[TEXT].val, 8), UINT64_MAX);
}

/* Whose length leads a wrapping sum back to the KV's own beginning. */
static void string_backwards(struct subject *s)
{
    const struct ref_gguf_kv *kv = &s->truth.kv[TEXT];
    wr_u64le(number_at(s, &kv->val, 8), kv->key.off - 8 - kv->val.off);
}

static void numbers_2_61(struct subject *s)
{
    wr_u64le(number_at(s, &s->truth.kv[ONES].val, 8), (uint64_t)1 << 61);
}

static void numbers_2_62(struct subject *s)
{
    wr_u32le(type_of(s, ONES) + 4, REF_GGUF_U32);
    wr_u64le(number_at(s, &s->truth.kv[ONES].val, 8), (uint64_t)1 << 62);
}

static void strings_2_61(struct subject *s)
{
    wr_u64le(number_at(s, &s->truth.kv[WORDS].val, 8), (uint64_t)1 << 61);
}

static void endless_last_string(struct subject *s)
{
    const struct ref_gguf_span *val = &s->truth.kv[WORDS].val;
    wr_u64le(s->bytes + val->off + val->len - 12, UINT64_MAX);
}

static void alignment_0(struct subject *s)
{
    wr_u32le(s->bytes + s->truth.kv[ALIGN].val.off, 0);
}

static void alignment_4(struct subject *s)
{
    wr_u32le(s->bytes + s->truth.kv[ALIGN].val.off, 4);
}

static void alignment_48(struct subject *s)
{
    wr_u32le(s->bytes + s->truth.kv[ALIGN].val.off, 48);
}

static void endless_name(struct subject *s)
{
    wr_u64le(number_at(s, &s->truth.tensor[LAST].name, 8), UINT64_MAX);
}

static void five_dims(struct subject *s)
{
    wr_u32le(dims_of(s, LAST), 5);
}

static void shape_2_80(struct subject *s)
{
    set_ne(s, LAST, (uint64_t)1 << 40, (uint64_t)1 << 40);
}

static void shape_2_63(struct subject *s)
{
    set_ne(s, LAST, (uint64_t)1 << 32, (uint64_t)1 << 31);
}

static void bytes_2_63(struct subject *s)
{
    set_ne(s, LAST, (uint64_t)1 << 61, 1);
}

static void bytes_2_64(struct subject *s)
{
    set_ne(s, LAST, (uint64_t)1 << 61, 2);
}

static void row_of_48(struct subject *s)
{
    set_ne(s, QUANTS, 48, 2);
}

static void removed_type(struct subject *s)
{
    set_tensor_type(s, LAST, 4);
}

static void unknown_type(struct subject *s)
{
    set_tensor_type(s, LAST, 1000);
}

static void first_offset_16(struct subject *s)
{
    set_offset(s, MATRIX, 16);
}

static void gap(struct subject *s)
{
    set_offset(s, LAST, s->truth.tensor[LAST].offset + 32);
    s->size += 64;
}

static void swapped_tensors(struct subject *s)
{
    set_offset(s, MATRIX, s->truth.tensor[QUANTS].offset);
    set_offset(s, QUANTS, s->truth.tensor[MATRIX].offset);
}

static void one_byte_missing(struct subject *s)
{
    s->size--;
}

/* ---- the table ---- */

/* Mistakes that show in the code that comes out. */
#define SUM_WRAPS   "the sum of offset and length wrapped; compare length with size - offset"
#define COUNT_WRAPS "count * size wrapped; compare count with (size - offset) / size of an element"
#define NO_MEMORY                                                                                  \
    "you asked for memory for entries before checking that so many could fit in the file"
#define SHAPE_WRAPS                                                                                \
    "the product of the dimensions, or of blocks and bytes, wrapped; compare one factor with the " \
    "bound divided by the other"
#define TOO_LARGE                                                                                  \
    "2^63 is the bound for each dimension, their product and the bytes, before anything is "       \
    "compared with the file"
#define DISORDER                                                                                   \
    "tensors stand in the order of their infos and without gaps: each offset is the sum of the "   \
    "padded sizes before it"

static const struct fault {
    const char *about;
    int code;
    void (*redescribe)(struct check *k, struct subject *s);
    void (*damage)(struct subject *s);
    const char *accepted; /* hint: the file was accepted */
    const char *other;    /* hint: it gave any other code */
} faults[] = {
    {"empty file", GG_E_TRUNC, NULL, no_bytes, "a file of no bytes was accepted", NULL},
    {"magic", GG_E_MAGIC, NULL, other_magic, "the magic is \"GGUF\" to the letter", NULL},
    {"version 1", GG_E_VERSION, NULL, version_1, "only versions 2 and 3 exist here", NULL},
    {"version 3, byte-swapped", GG_E_VERSION, NULL, swapped_version,
     "a byte-swapped version means a big-endian file: refuse it", NULL},
    {"n_kv 2^63-1", GG_E_TRUNC, NULL, kvs_2_63, COUNT_WRAPS, COUNT_WRAPS},
    {"n_kv 2^61", GG_E_TRUNC, NULL, kvs_2_61, COUNT_WRAPS, COUNT_WRAPS},
    {"n_kv one too many", GG_E_TRUNC, NULL, kvs_one_too_many, NULL,
     "test both counts as soon as the header has been read"},
    {"n_tensors 2^61", GG_E_TRUNC, NULL, tensors_2_61, COUNT_WRAPS, COUNT_WRAPS},
    {"empty key", GG_E_KEY, empty_key, NULL, "a key of no bytes was accepted", NULL},
    {"key of 65536 bytes", GG_E_KEY, long_key, NULL, "an overlong key was accepted", NULL},
    {"key of 2^64-1 bytes", GG_E_TRUNC, NULL, endless_key, SUM_WRAPS, SUM_WRAPS},
    {"the same key, neighbours", GG_E_DUP, twin_neighbours, NULL, "a key came twice", NULL},
    {"the same key, first and last", GG_E_DUP, distant_twins, NULL,
     "a key came twice, with others between", NULL},
    {"value type 13", GG_E_TYPE, NULL, type_13, "an unknown value type was accepted", NULL},
    {"array of arrays", GG_E_TYPE, NULL, array_of_arrays, "an array of arrays was accepted", NULL},
    {"bool 2", GG_E_VALUE, NULL, bool_2, "a bool is 0 or 1; another byte was accepted", NULL},
    {"bool 255 in an array", GG_E_VALUE, NULL, bool_255_in_array,
     "bools in an array are 0 or 1 too; another byte was accepted", NULL},
    {"string of 2^64-1 bytes", GG_E_TRUNC, NULL, endless_string, SUM_WRAPS, SUM_WRAPS},
    {"string that ends before it begins", GG_E_TRUNC, NULL, string_backwards, SUM_WRAPS, SUM_WRAPS},
    {"2^61 numbers of 8 bytes", GG_E_TRUNC, NULL, numbers_2_61, COUNT_WRAPS, COUNT_WRAPS},
    {"2^62 numbers of 4 bytes", GG_E_TRUNC, NULL, numbers_2_62, COUNT_WRAPS, COUNT_WRAPS},
    {"2^61 strings", GG_E_TRUNC, NULL, strings_2_61, COUNT_WRAPS, COUNT_WRAPS},
    {"last string of 2^64-1 bytes", GG_E_TRUNC, NULL, endless_last_string, SUM_WRAPS, SUM_WRAPS},
    {"alignment of type u64", GG_E_TYPE, wide_alignment, NULL,
     "general.alignment of another type than u32 was accepted", NULL},
    {"alignment 0", GG_E_ALIGN, NULL, alignment_0, "a useless alignment was accepted", NULL},
    {"alignment 4", GG_E_ALIGN, NULL, alignment_4, "an alignment below 8 was accepted",
     "an alignment below 8 was accepted"},
    {"alignment 48", GG_E_ALIGN, NULL, alignment_48,
     "an alignment that is no power of two was accepted",
     "an alignment that is no power of two was accepted"},
    {"name of 64 bytes", GG_E_NAME, long_name, NULL, "an overlong name was accepted", NULL},
    {"name of 2^64-1 bytes", GG_E_TRUNC, NULL, endless_name, SUM_WRAPS, SUM_WRAPS},
    {"the same name", GG_E_DUP, twin_tensors, NULL, "a tensor's name came twice", NULL},
    {"five dimensions", GG_E_SHAPE, NULL, five_dims, "more than 4 dimensions were accepted", NULL},
    {"ne {2^40, 2^40}", GG_E_SHAPE, NULL, shape_2_80, SHAPE_WRAPS, NULL},
    {"ne {2^32, 2^31}", GG_E_SHAPE, NULL, shape_2_63, SHAPE_WRAPS, TOO_LARGE},
    {"2^63 bytes", GG_E_SHAPE, NULL, bytes_2_63, SHAPE_WRAPS, TOO_LARGE},
    {"2^64 bytes", GG_E_SHAPE, NULL, bytes_2_64, SHAPE_WRAPS, NULL},
    {"row of 48 in blocks of 32", GG_E_SHAPE, NULL, row_of_48,
     "a row that is not a whole number of blocks was accepted",
     "a row that is not a whole number of blocks was accepted"},
    {"removed tensor type", GG_E_TYPE, NULL, removed_type,
     "a tensor type that was removed was accepted", NULL},
    {"unknown tensor type", GG_E_TYPE, NULL, unknown_type, "an unknown tensor type was accepted",
     NULL},
    {"first offset 16", GG_E_OFFSET, NULL, first_offset_16, DISORDER, NULL},
    {"gap", GG_E_OFFSET, NULL, gap, DISORDER, NULL},
    {"swapped order", GG_E_OFFSET, NULL, swapped_tensors, DISORDER, NULL},
    {"last byte missing", GG_E_BOUNDS, NULL, one_byte_missing,
     "a tensor that ends behind the file was accepted", NULL},
};
enum { N_FAULTS = sizeof faults / sizeof faults[0] };
static_assert(N_FAULTS == 42, "as the handout says");

/* The reference states the rules a second time; where the two differ, one of ours is wrong. */
static int reference_code(struct check *k, const struct subject *s)
{
    struct ref_gguf_head head;
    struct ref_gguf_file file;
    const enum ref_gguf_status rc = ref_gguf_head(s->bytes, s->size, &head, NULL);
    if (rc != REF_GGUF_OK)
        return rc;
    struct ref_gguf_kv *kv = check_alloc(k, (head.n_kv + 1) * sizeof *kv);
    struct ref_gguf_tensor *tensor = check_alloc(k, (head.n_tensors + 1) * sizeof *tensor);
    return ref_gguf_read(s->bytes, s->size, kv, head.n_kv, tensor, head.n_tensors, &file, NULL);
}

static struct subject broken(struct check *k, const struct fault *f)
{
    struct subject s = describe(k);
    if (f->redescribe != NULL)
        f->redescribe(k, &s);
    subject_write(k, &s);
    if (f->damage != NULL)
        f->damage(&s);
    assert(reference_code(k, &s) == f->code);
    return s;
}

static void hint_fault(struct check *k, const struct fault *f, int64_t code)
{
    const char *hint = code == GG_OK ? f->accepted : f->other;
    if (code == GG_E_NOMEM)
        hint = NO_MEMORY;
    if (hint != NULL)
        check_hint(k, "%s", hint);
}

void group_malformed(struct check *k)
{
    for (size_t i = 0; i < N_FAULTS; i++) {
        check_case(k, "%s", faults[i].about);
        const struct subject s = broken(k, &faults[i]);
        struct call *c = check_call(k, OP_PROBE);
        call_in(c, s.bytes, s.size);
        if (call_run(c) && !check_code(k, faults[i].code, call_result(c, PROBE_CODE)))
            hint_fault(k, &faults[i], call_result(c, PROBE_CODE));
    }
}

/* ---- hygiene ---- */

static bool probe(struct check *k, const struct subject *s, int64_t *ret_live, int64_t *ret_peak)
{
    struct call *c = check_call(k, OP_PROBE);
    call_in(c, s->bytes, s->size);
    if (!call_run(c))
        return false;
    *ret_live = call_result(c, PROBE_LIVE);
    *ret_peak = call_result(c, PROBE_PEAK);
    return true;
}

static void nothing_stays(struct check *k, const struct subject *s, const char *hint)
{
    int64_t live, peak;
    if (probe(k, s, &live, &peak) && !check_i64(k, "bytes still allocated", 0, live))
        check_hint(k, "%s", hint);
}

/* Counts of which memory for all could be had, but not for a file of this size. */
static void bomb(struct check *k, const char *about, void (*damage)(struct subject *s))
{
    enum { PEAK = 64 << 20 };
    int64_t live, peak;
    check_case(k, "%s", about);
    struct subject s = describe(k);
    subject_write(k, &s);
    damage(&s);
    if (probe(k, &s, &live, &peak) && peak > PEAK) {
        check_fail(k, "at most 64 MiB", check_printf(k, "%lld bytes", (long long)peak));
        check_hint(k, NO_MEMORY);
    }
}

static void kv_bomb(struct subject *s)
{
    wr_u64le(s->bytes + 16, 1600000); /* 73 MiB of gg_kv */
}

static void tensor_bomb(struct subject *s)
{
    wr_u64le(s->bytes + 8, 1100000); /* 76 MiB of gg_tensor */
}

static void string_bomb(struct subject *s)
{
    wr_u64le(number_at(s, &s->truth.kv[WORDS].val, 8), 9000000); /* 69 MiB of u64 */
}

void group_hygiene(struct check *k)
{
    check_case(k, "opened and closed");
    struct subject good = describe(k);
    subject_write(k, &good);
    nothing_stays(k, &good, "gg_close must release all that gg_open took");
    for (size_t i = 0; i < N_FAULTS; i++) {
        check_case(k, "refused: %s", faults[i].about);
        const struct subject s = broken(k, &faults[i]);
        nothing_stays(k, &s, "a refused file must leave nothing allocated: gg_close is not called");
    }
    bomb(k, "impossible number of KVs", kv_bomb);
    bomb(k, "impossible number of tensors", tensor_bomb);
    bomb(k, "impossible number of strings", string_bomb);
}

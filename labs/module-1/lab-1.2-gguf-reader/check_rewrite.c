/* Group rewrite: gg_set_str. The truth is the same change made to the description of the file,
 * which is then written anew. */
#include <string.h>

#include "base/bytes.h"
#include "check_model.h"
#include "ops.h"

/* What is to be set, in a file that has a string "the.text" of `old_len` bytes. */
struct rewrite {
    const char *about;
    uint32_t kvs, tensors; /* others besides */
    uint32_t alignment;    /* 0: no general.alignment */
    uint32_t old_len, new_len;
    bool appends; /* sets "new.text" instead */
    bool unpadded_end;
    uint32_t name_len; /* of the first tensor; 0: any */
};

static const struct rewrite rewrites[] = {
    {"shorter", 4, 3, 0, 40, 9, false, false, 0},
    {"longer", 4, 3, 0, 9, 40, false, false, 0},
    {"much longer", 4, 3, 0, 9, 700, false, false, 0},
    {"of the same length", 4, 3, 0, 12, 12, false, false, 0},
    {"emptied", 2, 2, 0, 30, 0, false, false, 0},
    {"from nothing", 2, 2, 0, 0, 3, false, false, 0},
    {"longer by an alignment", 3, 2, 64, 10, 74, false, false, 0},
    {"shorter by less than the padding", 3, 2, 4096, 20, 19, false, false, 0},
    {"longer, alignment 8", 3, 5, 8, 5, 10, false, false, 0},
    {"longer, alignment 64", 3, 5, 64, 5, 90, false, false, 0},
    {"longer, alignment 4096", 3, 5, 4096, 5, 6000, false, false, 0},
    {"without tensors", 5, 0, 0, 17, 4, false, false, 0},
    {"without padding at the end", 3, 2, 0, 17, 44, false, true, 0},
    {"appended", 4, 3, 0, 8, 20, true, false, 0},
    {"appended, empty", 4, 3, 0, 8, 0, true, false, 0},
    {"appended, alignment 64", 4, 3, 64, 8, 50, true, false, 0},
    {"appended without tensors", 4, 0, 0, 8, 20, true, false, 0},
    {"appended without padding at the end", 0, 1, 0, 0, 20, true, true, 0},
};

/* Made eight times, each a byte longer, so that the infos end at every distance to the data. */
static const struct rewrite steps = {
    "step by step through the padding", 0, 1, 8, 3, 9, false, false, 5};
enum { REWRITES = sizeof rewrites / sizeof rewrites[0] };

static struct ref_gguf_kv_model *describe(struct check *k, struct subject *s,
                                          const struct rewrite *r)
{
    const uint32_t before = below(k, r->kvs + 1);
    add_any_kvs(k, s, before);
    if (r->alignment > 0)
        add_alignment(k, s, r->alignment);
    struct ref_gguf_kv_model *text =
        add_string(k, s, "the.text", random_text(k, r->old_len, r->old_len));
    add_any_kvs(k, s, r->kvs - before);
    add_any_tensors(k, s, r->tensors);
    if (r->name_len > 0)
        s->tensor[0].name = random_text(k, r->name_len, r->name_len);
    s->model.unpadded_end = r->unpadded_end;
    subject_write(k, s);
    return text;
}

/* The size that comes out when the padding of the old file is kept. */
static int64_t size_without_padding(const struct rewrite *r, const struct subject *s)
{
    const int64_t grown = (int64_t)r->new_len - (r->appends ? 0 : (int64_t)r->old_len);
    return (int64_t)s->size + grown + (r->appends ? 8 + (int64_t)sizeof "new.text" - 1 + 4 + 8 : 0);
}

static bool check_size(struct check *k, const struct rewrite *r, const struct subject *before,
                       int64_t expected, int64_t actual)
{
    if (expected == actual)
        return true;
    check_fail(k, check_printf(k, "a new file of %lld bytes", (long long)expected),
               actual < 0 ? code_name(actual) : check_printf(k, "%lld bytes", (long long)actual));
    const int64_t unpadded = size_without_padding(r, before);
    if (actual == unpadded || (actual == GG_E_CAP && unpadded > expected))
        check_hint(k,
                   "the data section must begin at a multiple of the alignment again: the padding "
                   "in front of it changes with the length of the KVs");
    return false;
}

static void hint_bytes(struct check *k, const struct rewrite *r, const struct subject *want,
                       const uint8_t *actual)
{
    if (r->appends && rd_u64le(actual + 16) != want->truth.n_kv)
        check_hint(k, "the header's number of KVs must count the new one");
    else if (memcmp(actual + want->truth.data_off, want->bytes + want->truth.data_off,
                    want->size - want->truth.data_off) != 0)
        check_hint(k, "the data section changed; its bytes must stay as they are");
}

/* Shrinks to fewer other KVs and fewer tensors. Behind the table come the steps. */
static void rewrite(struct check *k, const struct check_shape *shape)
{
    const int64_t row = shape->fixed[0];
    struct rewrite changed = row < REWRITES ? rewrites[row] : steps;
    if (row >= REWRITES)
        changed.new_len += (uint32_t)(row - REWRITES);
    changed.kvs = (uint32_t)shape->size[0];
    changed.tensors = (uint32_t)shape->size[1];
    const struct rewrite *r = &changed;
    check_case(k, "%s: %u to %u bytes", r->about, r->old_len, r->new_len);
    struct subject s = subject_new(k, 12, 8);
    struct ref_gguf_kv_model *text = describe(k, &s, r);
    const struct subject before = s;
    const struct ref_gguf_text value = random_text(k, r->new_len, r->new_len);
    if (r->appends)
        add_string(k, &s, "new.text", value);
    else
        *(struct ref_gguf_text *)text->data = value;
    subject_write(k, &s);

    struct call *c = check_call(k, OP_SET_STR);
    const char *key = r->appends ? "new.text" : "the.text";
    call_in(c, before.bytes, before.size);
    call_in(c, key, strlen(key) + 1);
    call_show(c, CALL_SHOW_TEXT);
    call_in(c, value.bytes, value.len + 1); /* with its NUL */
    call_show(c, CALL_SHOW_TEXT);
    call_out(c, s.size);
    if (!call_run(c))
        return;
    if (check_size(k, r, &before, (int64_t)s.size, call_result(c, 0)) &&
        !check_bytes(k, "the new file", s.bytes, call_bytes(c, 3), s.size))
        hint_bytes(k, r, &s, call_bytes(c, 3));
}

/* What must be refused: a call on a file with a string, a number, an array of strings. */
static const struct {
    const char *about, *key;
    int64_t missing; /* bytes that `out` has too few */
    uint64_t keep;   /* bytes of the file; 0: all */
    int code;
    const char *hint; /* when it was not refused */
} refusals[] = {
    {"one byte too few to replace", "the.text", 1, 0, GG_E_CAP,
     "more was written, or promised, than `out` has room for"},
    {"one byte too few to append", "new.text", 1, 0, GG_E_CAP,
     "more was written, or promised, than `out` has room for"},
    {"a number", "the.number", 0, 0, GG_E_TYPE, "a KV that is no string was replaced"},
    {"an array of strings", "the.array", 0, 0, GG_E_TYPE, "a KV that is no string was replaced"},
    {"the alignment", "general.alignment", 0, 0, GG_E_KEY,
     "general.alignment is no string and moves the data: it may not be set"},
    {"an empty key", "", 0, 0, GG_E_KEY, "an empty key was written"},
    {"a file that is cut", "the.text", 0, 40, GG_E_TRUNC, "a broken file was rewritten"},
};

static void refuse(struct check *k, size_t i)
{
    struct subject s = subject_new(k, 8, 3);
    add_any_kvs(k, &s, 2);
    add_kv(k, &s, REF_GGUF_U32)->key = text_of("the.number");
    add_array(k, &s, REF_GGUF_STRING, 3)->key = text_of("the.array");
    add_string(k, &s, "the.text", random_text(k, 8, 8));
    add_any_tensors(k, &s, 2);
    subject_write(k, &s);
    const uint64_t size = s.size;
    const bool appends = strcmp(refusals[i].key, "new.text") == 0;
    const struct ref_gguf_text value = random_text(k, 8, 8);
    if (appends)
        add_string(k, &s, "new.text", value);
    const struct subject before = s;
    subject_write(k, &s);

    struct call *c = check_call(k, OP_SET_STR);
    call_in(c, before.bytes, refusals[i].keep > 0 ? refusals[i].keep : size);
    call_in(c, refusals[i].key, strlen(refusals[i].key) + 1);
    call_in(c, value.bytes, value.len + 1);
    call_out(c, s.size - (uint64_t)refusals[i].missing);
    if (call_run(c) && !check_code(k, refusals[i].code, call_result(c, 0)) &&
        call_result(c, 0) >= 0)
        check_hint(k, "%s", refusals[i].hint);
}

void group_rewrite(struct check *k)
{
    check_part(k, "new files", 8);
    for (size_t i = 0; i < REWRITES; i++)
        check_shrinkable(k, rewrite,
                         &(struct check_shape){.fixed = {(int64_t)i},
                                               .size = {rewrites[i].kvs, rewrites[i].tensors},
                                               .least = {0, rewrites[i].tensors > 0}});
    for (uint32_t i = 0; i < steps.alignment; i++)
        check_shrinkable(k, rewrite,
                         &(struct check_shape){.fixed = {REWRITES + (int64_t)i},
                                               .size = {steps.kvs, steps.tensors},
                                               .least = {steps.kvs, steps.tensors}});
    check_part(k, "refusals", 2);
    for (size_t i = 0; i < sizeof refusals / sizeof refusals[0]; i++) {
        check_case(k, "%s", refusals[i].about);
        refuse(k, i);
    }
}

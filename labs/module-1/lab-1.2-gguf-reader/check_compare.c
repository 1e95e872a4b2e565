/* Compares what the learner's gg_open says with the truth, field by field, and names the mistake
 * where what came out is what a known mistake would produce. */

#include <assert.h>

#include "base/str.h"
#include "check_model.h"
#include "ops.h"

static_assert(sizeof(gg_kv) == 48 && sizeof(gg_tensor) == 72, "the records have no padding");

typedef unsigned long long llu;

const char *code_name(int64_t code)
{
    static const char *const names[] = {
        "GG_OK",       "GG_E_TRUNC",  "GG_E_MAGIC", "GG_E_VERSION", "GG_E_KEY",
        "GG_E_TYPE",   "GG_E_VALUE",  "GG_E_DUP",   "GG_E_ALIGN",   "GG_E_SHAPE",
        "GG_E_OFFSET", "GG_E_BOUNDS", "GG_E_NOMEM", "GG_E_CAP",     "GG_E_NAME",
    };
    static const int64_t count = sizeof names / sizeof names[0];
    return code <= 0 && code > -count ? names[-code] : "no GG_ code";
}

bool check_code(struct check *k, int64_t expected, int64_t actual)
{
    if (expected == actual)
        return true;
    check_fail(k, code_name(expected),
               check_printf(k, "%s (%lld)", code_name(actual), (long long)actual));
    return false;
}

enum { LINE_BYTES = 8, SHOWN_BYTES = 128 };

/* "  24  02 00 00 00 00 00 00 00  ........": where, the bytes, and what of them is text. */
static void show_line(struct str *text, const uint8_t *bytes, uint64_t at, uint64_t n)
{
    str_printf(text, "\n%3llu ", (llu)at);
    for (uint64_t i = 0; i < n; i++)
        str_printf(text, " %02x", bytes[at + i]);
    str_printf(text, "%*s", (int)(2 + 3 * (LINE_BYTES - n)), "");
    for (uint64_t i = 0; i < n; i++) {
        const uint8_t c = bytes[at + i];
        str_add_char(text, c > ' ' && c < 0x7f ? (char)c : '.');
    }
}

/* What was expected, and every byte of the file where it is small and the learner may see it. */
static const char *with_file(struct check *k, const struct subject *s, const char *expected)
{
    if (!s->visible || s->size > SHOWN_BYTES)
        return expected;
    struct str text;
    str_init(&text, 2000);
    str_printf(&text, "%s\nwith the file", expected);
    for (uint64_t at = 0; at < s->size; at += LINE_BYTES)
        show_line(&text, s->bytes, at, s->size - at < LINE_BYTES ? s->size - at : LINE_BYTES);
    const char *copy = check_printf(k, "%s", text.text);
    str_done(&text);
    return copy;
}

static bool same(struct check *k, const struct subject *s, const char *what, uint64_t expected,
                 uint64_t actual)
{
    if (expected == actual)
        return true;
    check_fail(k, with_file(k, s, check_printf(k, "%s = %lld", what, (long long)expected)),
               check_printf(k, "%s = %lld", what, (long long)actual));
    return false;
}

static bool field(struct check *k, const struct subject *s, const char *entry, uint64_t i,
                  const char *name, uint64_t expected, uint64_t actual)
{
    return expected == actual ||
           same(k, s, check_printf(k, "%s[%llu].%s", entry, (llu)i, name), expected, actual);
}

static uint64_t pad(uint64_t n, uint64_t alignment)
{
    return (n + alignment - 1) / alignment * alignment;
}

/* ---- KVs ---- */

static void hint_kv(struct check *k, const struct ref_gguf_kv *w, const gg_kv *a)
{
    const bool array = w->type == REF_GGUF_ARRAY;
    if (a->key.off + 8 == w->key.off)
        check_hint(k, "key is the key's bytes; its length stands in front of them and is no part");
    else if (array && a->type == w->elem)
        check_hint(k, "the type of an array is GG_ARRAY; the type of its elements goes to elem");
    else if (!array && a->elem != w->elem)
        check_hint(k, "elem of what is no array is its type");
    else if (!array && a->n != w->n)
        check_hint(k, "n of what is no array is 1, of a string too");
    else if (array && a->val.off + 12 == w->val.off)
        check_hint(k, "val of an array is its elements: element type and count are no part of it");
    else if (!array && a->val.off + 8 == w->val.off)
        check_hint(k, "val of a string is its bytes, without the length in front of them");
    else if (a->val.off == w->val.off && array && w->elem == REF_GGUF_STRING)
        check_hint(k, "val of an array of strings ends behind its last string, lengths included");
}

static bool check_kvs(struct check *k, const struct subject *s, const gg_kv *actual)
{
    for (uint64_t i = 0; i < s->truth.n_kv; i++) {
        const struct ref_gguf_kv *w = &s->truth.kv[i];
        const gg_kv *a = &actual[i];
        if (field(k, s, "kv", i, "key.off", w->key.off, a->key.off) &&
            field(k, s, "kv", i, "key.len", w->key.len, a->key.len) &&
            field(k, s, "kv", i, "type", w->type, a->type) &&
            field(k, s, "kv", i, "elem", w->elem, a->elem) &&
            field(k, s, "kv", i, "n", w->n, a->n) &&
            field(k, s, "kv", i, "val.off", w->val.off, a->val.off) &&
            field(k, s, "kv", i, "val.len", w->val.len, a->val.len))
            continue;
        hint_kv(k, w, a);
        return false;
    }
    return true;
}

/* ---- tensors ---- */

static bool ne_is_reversed(const struct ref_gguf_tensor *w, const gg_tensor *a)
{
    for (uint32_t d = 0; d < w->n_dims; d++)
        if (a->ne[d] != w->ne[w->n_dims - 1 - d])
            return false;
    return w->n_dims > 1;
}

static void hint_tensor(struct check *k, const struct subject *s, const struct ref_gguf_tensor *w,
                        const gg_tensor *a)
{
    const uint64_t elements = w->ne[0] * w->ne[1] * w->ne[2] * w->ne[3];
    const uint32_t bytes = ref_gguf_tensor_type(w->type)->bytes;
    if (a->offset == w->offset + s->truth.data_off)
        check_hint(k, "offset is as in the file, from the beginning of the data section; you gave "
                      "the position in the file");
    else if (ne_is_reversed(w, a) && a->ne[0] != w->ne[0])
        check_hint(k, "ne has the order of the file: ne[0] is the fastest dimension");
    else if (w->n_dims < REF_GGUF_MAX_DIMS && a->ne[w->n_dims] == 0)
        check_hint(k, "dimensions that a tensor does not have are 1, not 0");
    else if (a->nbytes != w->nbytes && a->nbytes == pad(w->nbytes, s->truth.alignment))
        check_hint(k, "nbytes is the tensor's data without its padding");
    else if (a->nbytes != w->nbytes && a->nbytes == elements * bytes)
        check_hint(k, "`bytes` in lab_types is for a whole block: elements / block * bytes");
}

static bool check_ne(struct check *k, const struct subject *s, uint64_t i,
                     const struct ref_gguf_tensor *w, const gg_tensor *a)
{
    static const char *const names[] = {"ne[0]", "ne[1]", "ne[2]", "ne[3]"};
    for (int d = 0; d < REF_GGUF_MAX_DIMS; d++)
        if (!field(k, s, "t", i, names[d], w->ne[d], a->ne[d]))
            return false;
    return true;
}

bool check_tensors(struct check *k, const struct subject *s, const gg_tensor *actual)
{
    for (uint64_t i = 0; i < s->truth.n_tensors; i++) {
        const struct ref_gguf_tensor *w = &s->truth.tensor[i];
        const gg_tensor *a = &actual[i];
        if (field(k, s, "t", i, "name.off", w->name.off, a->name.off) &&
            field(k, s, "t", i, "name.len", w->name.len, a->name.len) &&
            field(k, s, "t", i, "n_dims", w->n_dims, a->n_dims) &&
            field(k, s, "t", i, "type", w->type, a->type) && check_ne(k, s, i, w, a) &&
            field(k, s, "t", i, "offset", w->offset, a->offset) &&
            field(k, s, "t", i, "nbytes", w->nbytes, a->nbytes))
            continue;
        hint_tensor(k, s, w, a);
        return false;
    }
    return true;
}

/* ---- the file ---- */

/* Where the infos end, or the KVs when there are none. */
static uint64_t end_of_infos(const struct ref_gguf_file *f)
{
    if (f->n_tensors > 0) {
        const struct ref_gguf_tensor *last = &f->tensor[f->n_tensors - 1];
        return last->name.off + last->name.len + 4 + 8 * (uint64_t)last->n_dims + 12;
    }
    return f->n_kv > 0 ? f->kv[f->n_kv - 1].val.off + f->kv[f->n_kv - 1].val.len
                       : REF_GGUF_HEAD_BYTES;
}

/* Would someone who always aligns to 32 find another offset than the file's? */
static bool offsets_differ_at_32(const struct ref_gguf_file *f)
{
    uint64_t end = 0;
    for (uint64_t i = 0; i < f->n_tensors; i++) {
        if (f->tensor[i].offset != end)
            return true;
        end += pad(f->tensor[i].nbytes, REF_GGUF_ALIGNMENT);
    }
    return false;
}

static void hint_alignment(struct check *k, const struct subject *s)
{
    if (s->visible)
        check_hint(k,
                   "data starts at the next multiple of general.alignment, here %u, and so does "
                   "each tensor",
                   s->truth.alignment);
    else
        check_hint(
            k, "data starts at the next multiple of general.alignment, and so does each tensor");
}

static void hint_refused(struct check *k, const struct subject *s, int64_t code)
{
    if (code == GG_E_OFFSET && offsets_differ_at_32(&s->truth))
        hint_alignment(k, s);
    else if (code == GG_E_OFFSET)
        check_hint(k, "offsets count from the beginning of the data section, not of the file: the "
                      "first tensor's is 0");
    else if (code == GG_E_BOUNDS && s->truth.alignment < REF_GGUF_ALIGNMENT)
        hint_alignment(k, s);
    else if (code == GG_E_BOUNDS && s->model.unpadded_end)
        check_hint(k, "the padding behind the last tensor may be missing");
    else if (code == GG_E_TRUNC)
        check_hint(
            k, "this file is whole, so something was read at a wrong place: KVs and infos follow "
               "each other without padding, and strings have no NUL behind them");
}

static void hint_data_off(struct check *k, const struct subject *s, uint64_t actual)
{
    const uint64_t end = end_of_infos(&s->truth);
    if (s->truth.n_tensors > 0 && actual == end)
        check_hint(k,
                   "data starts at the next multiple of the alignment, not right behind the infos");
    else if (s->truth.n_tensors > 0 && actual == pad(end, REF_GGUF_ALIGNMENT))
        hint_alignment(k, s);
    else if (actual == pad(end, s->truth.alignment))
        check_hint(k, "without tensors there is no data section and nothing is padded: data_off is "
                      "the position behind the KVs");
    else if (actual == pad(end, 8) || actual == pad(end, 4))
        check_hint(k, "KVs follow each other without padding; only the tensors' data is aligned");
}

static bool check_head(struct check *k, const struct subject *s, struct call *c)
{
    const int64_t flags = call_result(c, OPEN_FLAGS);
    const int64_t kvs = call_result(c, OPEN_KVS), tensors = call_result(c, OPEN_TENSORS);
    const int64_t want_kvs = (int64_t)s->truth.n_kv, want_tensors = (int64_t)s->truth.n_tensors;
    if (kvs != tensors && kvs == want_tensors && tensors == want_kvs)
        check_hint(k, "the header has the number of tensors first, then the number of KVs");
    if (!same(k, s, "version", s->truth.version, (uint64_t)call_result(c, OPEN_VERSION)) ||
        !same(k, s, "n_kv", s->truth.n_kv, (uint64_t)kvs) ||
        !same(k, s, "n_tensors", s->truth.n_tensors, (uint64_t)tensors) ||
        !same(k, s, "alignment", s->truth.alignment, (uint64_t)call_result(c, OPEN_ALIGNMENT)))
        return false;
    const uint64_t data_off = (uint64_t)call_result(c, OPEN_DATA_OFF);
    if (!same(k, s, "data_off", s->truth.data_off, data_off)) {
        hint_data_off(k, s, data_off);
        return false;
    }
    return check_i64(k, "f->buf is the buffer", 1, (flags & FLAG_BUF) != 0) &&
           check_i64(k, "f->size is its size", 1, (flags & FLAG_SIZE) != 0) &&
           check_i64(k, "f->kv is set", 1, (flags & FLAG_KV) != 0) &&
           check_i64(k, "f->t is set", 1, (flags & FLAG_TENSOR) != 0);
}

void check_open(struct check *k, const struct subject *s, size_t skew)
{
    struct call *c = check_call(k, OP_OPEN);
    call_in_skewed(c, s->bytes, s->size, skew);
    call_out(c, (s->truth.n_kv + 1) * sizeof(gg_kv));
    call_out(c, (s->truth.n_tensors + 1) * sizeof(gg_tensor));
    if (!call_run(c))
        return;
    const int64_t code = call_result(c, OPEN_CODE);
    if (code != GG_OK) {
        check_fail(k, with_file(k, s, "GG_OK"),
                   check_printf(k, "%s (%lld)", code_name(code), (long long)code));
        hint_refused(k, s, code);
        return;
    }
    if (check_head(k, s, c) && check_kvs(k, s, call_bytes(c, 1)))
        check_tensors(k, s, call_bytes(c, 2));
}

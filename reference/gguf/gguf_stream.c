#include "reference/gguf/gguf_stream.h"

#include <assert.h>
#include <string.h>

#include "base/checked.h"

typedef unsigned long long llu; /* for printf */

/* The entry is looked at in steps, each of a known number of bytes; what is in them is judged by
 * gguf.c once the entry is whole. A step that meets what cannot be ends the entry there, for the
 * reader stops at the same place. */
enum step { HEAD, NAME_LENGTH, NAME, TYPE, ELEMENTS, STRING, DIMS, INFO, END };

void ref_gguf_stream_init(struct ref_gguf_stream *s, enum ref_gguf_mode mode, uint8_t *buf,
                          uint64_t cap)
{
    *s = (struct ref_gguf_stream){.buf = buf, .cap = cap, .mode = mode, .step = HEAD};
    s->file = (struct ref_gguf_file){.buf = buf, .alignment = REF_GGUF_ALIGNMENT};
}

static uint64_t element_bytes(const struct ref_gguf_stream *s)
{
    const uint32_t type = s->level[s->depth - 1].type;
    const uint64_t left = s->level[s->depth - 1].left;
    if (left == 0)
        return 0;
    if (type == REF_GGUF_STRING)
        return 8;
    if (type == REF_GGUF_ARRAY)
        return REF_GGUF_ARRAY_HEAD_BYTES;
    uint64_t bytes;
    return ckd_mul(&bytes, left, ref_gguf_value_bytes(type)) ? UINT64_MAX : bytes;
}

static uint64_t step_bytes(const struct ref_gguf_stream *s)
{
    switch ((enum step)s->step) {
    case HEAD:
        return REF_GGUF_HEAD_BYTES;
    case NAME_LENGTH:
        return 8;
    case NAME:
        return s->name;
    case TYPE:
    case DIMS:
        return 4;
    case ELEMENTS:
        return element_bytes(s);
    case STRING:
        return s->run;
    case INFO: /* dimensions, type, offset */
        return (uint64_t)ref_gguf_rd_u32(s->file.swapped, s->buf + s->at - 4) * 8 + 12;
    case END:
        break;
    }
    return 0;
}

static bool nests_well(const struct ref_gguf_stream *s, uint32_t elem)
{
    if (elem != REF_GGUF_ARRAY)
        return elem < REF_GGUF_VALUE_TYPES;
    return s->mode == REF_GGUF_SPEC && s->depth < REF_GGUF_MAX_DEPTH;
}

/* Elements, or the head of one, lie in front of `at`. */
static enum step step_over_elements(struct ref_gguf_stream *s)
{
    const uint8_t *p = s->buf + s->at;
    const uint32_t type = s->level[s->depth - 1].type;
    if (s->level[s->depth - 1].left == 0) {
        s->depth--;
        return s->depth > 0 ? ELEMENTS : END;
    }
    if (type == REF_GGUF_STRING) {
        s->level[s->depth - 1].left--;
        s->run = ref_gguf_rd_u64(s->file.swapped, p - 8);
        return STRING;
    }
    if (type != REF_GGUF_ARRAY) {
        s->level[s->depth - 1].left = 0;
        return ELEMENTS;
    }
    s->level[s->depth - 1].left--;
    const uint32_t elem = ref_gguf_rd_u32(s->file.swapped, p - REF_GGUF_ARRAY_HEAD_BYTES);
    if (!nests_well(s, elem))
        return END;
    s->level[s->depth].type = elem;
    s->level[s->depth++].left = ref_gguf_rd_u64(s->file.swapped, p - 8);
    return ELEMENTS;
}

static enum step next_step(struct ref_gguf_stream *s)
{
    const uint8_t *p = s->buf + s->at;
    switch ((enum step)s->step) {
    case NAME_LENGTH:
        s->name = ref_gguf_rd_u64(s->file.swapped, p - 8);
        return NAME;
    case NAME:
        return s->n_told_kv < s->file.n_kv ? TYPE : DIMS;
    case TYPE:
        s->depth = 1;
        s->level[0].type = ref_gguf_rd_u32(s->file.swapped, p - 4);
        s->level[0].left = 1;
        return s->level[0].type < REF_GGUF_VALUE_TYPES ? ELEMENTS : END;
    case ELEMENTS:
        return step_over_elements(s);
    case STRING:
        return ELEMENTS;
    case DIMS:
        return ref_gguf_rd_u32(s->file.swapped, p - 4) <= REF_GGUF_MAX_DIMS ? INFO : END;
    case HEAD:
    case INFO:
    case END:
        break;
    }
    return END;
}

/* ---- whole entries ---- */

static enum ref_gguf_status tell_head(struct ref_gguf_stream *s, struct ref_gguf_reader *r)
{
    struct ref_gguf_head head;
    const enum ref_gguf_status status = ref_gguf_take_head(r, &head, false);
    if (status != REF_GGUF_OK)
        return status;
    s->file.version = head.version;
    s->file.swapped = head.swapped;
    s->file.n_kv = head.n_kv;
    s->file.n_tensors = head.n_tensors;
    return REF_GGUF_OK;
}

static enum ref_gguf_status tell_entry(struct ref_gguf_stream *s, struct ref_gguf_reader *r,
                                       enum ref_gguf_event *ret)
{
    enum ref_gguf_status status;
    if (s->file.version == 0) {
        *ret = REF_GGUF_HEAD;
        return tell_head(s, r);
    }
    if (s->n_told_kv < s->file.n_kv) {
        *ret = REF_GGUF_KV;
        s->kv = (struct ref_gguf_kv){.n = 0};
        status = ref_gguf_take_kv(r, 0);
        s->n_told_kv++;
        return status;
    }
    *ret = REF_GGUF_TENSOR;
    s->tensor = (struct ref_gguf_tensor){.type = 0};
    status = ref_gguf_take_tensor(r, 0);
    s->n_told_tensors++;
    return status;
}

static enum ref_gguf_status tell(struct ref_gguf_stream *s, enum ref_gguf_event *ret,
                                 struct err *why)
{
    struct ref_gguf_reader r = {.buf = s->buf,
                                .size = s->len,
                                .mode = s->mode,
                                .swapped = s->file.swapped,
                                .alone = true,
                                .endless = s->endless,
                                .file = &s->file,
                                .data_end = s->data_end,
                                .why = why};
    s->file.size = s->len;
    s->file.kv = &s->kv;
    s->file.tensor = &s->tensor;
    const enum ref_gguf_status status = tell_entry(s, &r, ret);
    if (status != REF_GGUF_OK) {
        (void)err_wrap(why, ERR_FORMAT, "entry at byte %llu", (llu)s->offset);
        return status;
    }
    assert(r.pos == s->len); /* both walks end an entry at the same byte */
    s->data_end = r.data_end;
    s->endless = r.endless;
    s->whole = true;
    return REF_GGUF_OK;
}

static void drop_entry(struct ref_gguf_stream *s)
{
    s->offset += s->len;
    s->len = s->at = 0;
    s->whole = false;
    const bool more = s->n_told_kv < s->file.n_kv || s->n_told_tensors < s->file.n_tensors;
    s->step = more ? NAME_LENGTH : END;
    s->file.data_off =
        s->file.n_tensors > 0 ? ref_gguf_pad(s->offset, s->file.alignment) : s->offset;
}

enum ref_gguf_status ref_gguf_stream_next(struct ref_gguf_stream *s, const uint8_t **bytes,
                                          uint64_t *len, enum ref_gguf_event *ret, struct err *why)
{
    if (s->whole)
        drop_entry(s);
    if (s->step == END) {
        *ret = REF_GGUF_DATA;
        return REF_GGUF_OK;
    }
    while (s->step != END) {
        const uint64_t want = step_bytes(s);
        if (want > s->cap - s->at) {
            err_set(why, ERR_FORMAT, "entry at byte %llu: over %llu bytes", (llu)s->offset,
                    (llu)s->cap);
            return REF_GGUF_E_CAP;
        }
        const uint64_t missing = s->at + want - s->len, take = missing < *len ? missing : *len;
        if (take > 0)
            memcpy(s->buf + s->len, *bytes, take);
        s->len += take;
        *bytes += take;
        *len -= take;
        if (take < missing) {
            *ret = REF_GGUF_MORE;
            return REF_GGUF_OK;
        }
        s->at += want;
        s->step = next_step(s);
    }
    return tell(s, ret, why);
}

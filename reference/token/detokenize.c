#include "reference/token/detokenize.h"

#include <string.h>

static size_t copy(const struct ref_piece *p, uint8_t *ret)
{
    if (p->len > 0)
        memcpy(ret, p->text, p->len);
    return p->len;
}

static size_t with_spaces(const struct ref_piece *p, uint8_t *ret)
{
    size_t n = 0;
    for (uint32_t at = 0; at < p->len; n++) {
        const bool space = p->len - at >= 3 && memcmp(p->text + at, "\xe2\x96\x81", 3) == 0;
        ret[n] = space ? ' ' : (uint8_t)p->text[at];
        at += space ? 3 : 1;
    }
    return n;
}

static int hex(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* "<0x0A>" */
static size_t named_byte(const struct ref_piece *p, uint8_t *ret)
{
    if (p->len != 6 || memcmp(p->text, "<0x", 3) != 0 || p->text[5] != '>' || hex(p->text[3]) < 0 ||
        hex(p->text[4]) < 0)
        return 0;
    ret[0] = (uint8_t)(hex(p->text[3]) * 16 + hex(p->text[4]));
    return 1;
}

static size_t normal(const struct ref_vocab *v, int32_t id, uint8_t *ret)
{
    const struct ref_piece *p = &v->def->piece[id];
    if (v->def->kind != REF_VOCAB_BPE)
        return with_spaces(p, ret);
    const struct ref_span32 plain = v->plain[id];
    if (plain.len == UINT32_MAX)
        return copy(p, ret);
    memcpy(ret, v->pool + plain.off, plain.len);
    return plain.len;
}

enum err_code ref_piece_bytes(const struct ref_vocab *v, int32_t id, bool special,
                              uint8_t ret[REF_PIECE_MAX], size_t *ret_n, struct err *why)
{
    if (id < 0 || (uint32_t)id >= v->def->n_pieces)
        return err_set(why, ERR_RANGE, "token %d, of %u pieces", id, v->def->n_pieces);
    const struct ref_piece *p = &v->def->piece[id];
    *ret_n = 0;
    switch ((enum ref_piece_type)p->type) {
    case REF_PIECE_NORMAL:
        *ret_n = normal(v, id, ret);
        break;
    case REF_PIECE_UNKNOWN:
    case REF_PIECE_CONTROL:
        *ret_n = special ? copy(p, ret) : 0;
        break;
    case REF_PIECE_USER_DEFINED:
        *ret_n = copy(p, ret);
        break;
    case REF_PIECE_UNUSED:
        break;
    case REF_PIECE_BYTE:
        *ret_n = named_byte(p, ret);
        break;
    }
    return OK;
}

enum err_code ref_detokenize(const struct ref_vocab *v, const int32_t *ids, size_t n, bool special,
                             uint8_t *ret, size_t cap, size_t *ret_n, struct err *why)
{
    uint8_t piece[REF_PIECE_MAX];
    size_t sum = 0;
    for (size_t i = 0; i < n; i++) {
        size_t length = 0;
        const enum err_code rc = ref_piece_bytes(v, ids[i], special, piece, &length, why);
        if (rc != OK)
            return rc;
        const size_t skip = i == 0 && v->def->add_space_prefix && length > 0 && piece[0] == ' ';
        for (size_t at = skip; at < length; at++, sum++)
            if (sum < cap)
                ret[sum] = piece[at];
    }
    *ret_n = sum;
    return OK;
}

/* ---- streams ---- */

static const uint8_t REPLACEMENT[3] = {0xef, 0xbf, 0xbd};

size_t ref_stream_end(struct ref_stream *st, uint8_t ret[3])
{
    const bool half = st->n > 0;
    *st = (struct ref_stream){.n = 0};
    if (half)
        memcpy(ret, REPLACEMENT, sizeof REPLACEMENT);
    return half ? sizeof REPLACEMENT : 0;
}

static size_t push_byte(struct ref_stream *st, uint8_t byte, uint8_t *ret)
{
    const bool half = st->n > 0;
    switch (ref_utf8_push(&st->utf8, byte)) {
    case REF_UTF8_MORE:
        st->held[st->n++] = byte;
        return 0;
    case REF_UTF8_DONE: {
        const size_t n = ref_utf8_put(st->utf8.value, ret);
        st->n = 0;
        return n;
    }
    case REF_UTF8_WRONG:
        break;
    }
    memcpy(ret, REPLACEMENT, sizeof REPLACEMENT);
    st->n = 0;
    return sizeof REPLACEMENT + (half ? push_byte(st, byte, ret + sizeof REPLACEMENT) : 0);
}

size_t ref_stream_push(struct ref_stream *st, const uint8_t *bytes, size_t n, uint8_t *ret)
{
    size_t written = 0;
    for (size_t i = 0; i < n; i++)
        written += push_byte(st, bytes[i], ret + written);
    return written;
}

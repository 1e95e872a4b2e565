#include <string.h>

#include "reference/token/encode.h"
#include "reference/token/merge.h"
#include "reference/token/utf8.h"

enum { SPACE_BYTES = 3, GROWTH = 3 }; /* U+2581 for a space, U+FFFD for a bad byte */

static enum err_code put_bytes(const struct ref_vocab *v, const uint8_t *text, size_t n,
                               struct token_out *out, struct err *why)
{
    enum err_code rc = OK;
    for (size_t i = 0; i < n && rc == OK; i++) {
        if (v->byte_piece[text[i]] >= 0)
            token_put(out, v->byte_piece[text[i]]);
        else if (v->def->kind == REF_VOCAB_SPM)
            rc = token_put_unknown(v, out, why);
    }
    return rc;
}

static enum err_code put_symbols(const struct merger *m, struct token_out *out, struct err *why)
{
    enum err_code rc = OK;
    for (int32_t i = m->n > 0 ? 0 : -1; i >= 0 && rc == OK; i = m->symbol[i].next) {
        const uint8_t *text = m->text + m->symbol[i].off;
        const int32_t id = ref_vocab_find(m->v, text, m->symbol[i].n);
        if (id >= 0)
            token_put(out, id);
        else
            rc = put_bytes(m->v, text, m->symbol[i].n, out, why);
    }
    return rc;
}

/* ---- SPM ---- */

size_t spm_scratch(size_t n)
{
    return (n + 1) * (MERGE_BYTES_PER_SYMBOL + GROWTH);
}

static size_t spell_spaces(struct fragment f, uint8_t *ret)
{
    size_t n = 0;
    for (size_t i = f.prefix ? 0 : 1; i < f.n + 1; i++) {
        const uint8_t byte = i == 0 ? ' ' : f.text[i - 1];
        if (byte == ' ')
            memcpy(ret + n, "\xe2\x96\x81", SPACE_BYTES);
        else
            ret[n] = byte;
        n += byte == ' ' ? SPACE_BYTES : 1;
    }
    return n;
}

enum err_code spm_encode(const struct ref_vocab *v, struct fragment f, void *scratch,
                         struct token_out *out, struct err *why)
{
    uint8_t *text = (uint8_t *)scratch + (f.n + 1) * MERGE_BYTES_PER_SYMBOL;
    struct merger m = merger_on(v, text, scratch, f.n + 1);
    const size_t n = spell_spaces(f, text);
    for (size_t at = 0; at < n;) {
        size_t length = ref_utf8_length(text[at]);
        if (length > n - at)
            length = n - at;
        merger_add(&m, (uint32_t)at, (uint32_t)length);
        at += length;
    }
    merger_run(&m);
    return put_symbols(&m, out, why);
}

/* ---- BPE ---- */

size_t bpe_scratch(size_t n)
{
    return GROWTH * n * (MERGE_BYTES_PER_SYMBOL + 1);
}

static enum err_code encode_word(const struct ref_vocab *v, const uint8_t *word, size_t n,
                                 void *scratch, struct token_out *out, struct err *why)
{
    const int32_t whole = v->def->ignore_merges || n == 1 ? ref_vocab_find(v, word, n) : -1;
    if (whole >= 0) {
        token_put(out, whole);
        return OK;
    }
    struct merger m = merger_on(v, word, scratch, n);
    for (size_t i = 0; i < n; i++)
        merger_add(&m, (uint32_t)i, 1);
    merger_run(&m);
    return put_symbols(&m, out, why);
}

/* llama.cpp decodes and encodes again: bad bytes become U+FFFD, overlong forms short ones. */
static size_t repair(struct fragment f, uint8_t *ret)
{
    size_t n = 0;
    for (size_t at = 0; at < f.n;) {
        uint32_t cp;
        at += ref_utf8_lenient(f.text + at, f.n - at, &cp);
        n += ref_utf8_put(cp, ret + n);
    }
    return n;
}

enum err_code bpe_encode(const struct ref_vocab *v, struct fragment f, void *scratch,
                         struct token_out *out, struct err *why)
{
    enum err_code rc = OK;
    if (!v->def->keep_invalid) {
        uint8_t *text = (uint8_t *)scratch + GROWTH * f.n * MERGE_BYTES_PER_SYMBOL;
        f.n = repair(f, text);
        f.text = text;
    }
    for (size_t at = 0, end; at < f.n && rc == OK; at = end) {
        end = ref_pretok_next(v->def->pretok, f.text, f.n, at);
        rc = encode_word(v, f.text + at, end - at, scratch, out, why);
    }
    return rc;
}

#include "reference/token/tokenize.h"

#include <string.h>

#include "reference/token/encode.h"

enum err_code token_put_unknown(const struct ref_vocab *v, struct token_out *out, struct err *why)
{
    if (v->def->unk < 0)
        return err_set(why, ERR_NOT_FOUND, "a character that no piece spells, after %zu tokens",
                       out->n);
    token_put(out, v->def->unk);
    return OK;
}

/* ---- special pieces ---- */

/* Which byte of the text belongs to a special piece. */
enum { FREE, FIRST, INSIDE };
struct cut {
    const struct ref_vocab *v;
    const uint8_t *text;
    size_t n;
    bool control;        /* control and unknown pieces count too */
    uint32_t *candidate; /* (n) index + 1 of the longest special that may begin here, 0: none */
    uint8_t *state;      /* (n) */
};

static const struct ref_piece *special(const struct cut *c, uint32_t candidate)
{
    return &c->v->def->piece[c->v->special[candidate - 1]];
}

/* The longest special at or below this one that counts. */
static uint32_t wanted(const struct cut *c, uint32_t candidate)
{
    while (candidate != 0 && !c->control && special(c, candidate)->type != REF_PIECE_USER_DEFINED)
        candidate = c->v->shorter[candidate - 1] + 1; /* UINT32_MAX + 1 is 0: none */
    return candidate;
}

static uint32_t longest_at(const struct cut *c, size_t at)
{
    struct ref_vocab_walk w = ref_vocab_walk_special(c->v);
    uint32_t longest = UINT32_MAX;
    for (size_t i = at; i < c->n && ref_vocab_walk_on(c->v, &w, c->text[i]); i++)
        if (ref_vocab_walk_end(c->v, &w) != UINT32_MAX)
            longest = ref_vocab_walk_end(c->v, &w);
    return wanted(c, longest + 1);
}

static bool is_free(const struct cut *c, size_t at, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (c->state[at + i] != FREE)
            return false;
    return true;
}

/* Cuts out the specials of one length from the left, and sends the others to a shorter one. Returns
 * the greatest length that is still waiting. */
static uint32_t cut_length(struct cut *c, uint32_t length)
{
    uint32_t longest = 0;
    for (size_t at = 0; at < c->n; at++) {
        if (c->candidate[at] == 0 || c->state[at] != FREE)
            continue;
        if (special(c, c->candidate[at])->len == length) {
            if (is_free(c, at, length)) {
                memset(c->state + at, INSIDE, length);
                c->state[at] = FIRST;
                continue;
            }
            c->candidate[at] = wanted(c, c->v->shorter[c->candidate[at] - 1] + 1);
        }
        if (c->candidate[at] != 0 && special(c, c->candidate[at])->len > longest)
            longest = special(c, c->candidate[at])->len;
    }
    return longest;
}

static void cut_specials(struct cut *c)
{
    uint32_t longest = 0;
    memset(c->state, FREE, c->n);
    for (size_t at = 0; at < c->n; at++) {
        c->candidate[at] = longest_at(c, at);
        if (c->candidate[at] != 0 && special(c, c->candidate[at])->len > longest)
            longest = special(c, c->candidate[at])->len;
    }
    while (longest > 0)
        longest = cut_length(c, longest);
}

/* ---- a whole text ---- */

enum { ALIGNMENT = 8 };

static size_t round_up(size_t n)
{
    return (n + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
}

static size_t cut_bytes(size_t n)
{
    return round_up(n * sizeof(uint32_t) + n);
}

size_t ref_tokenize_scratch(const struct ref_vocab *v, size_t n)
{
    const size_t own = ALIGNMENT + cut_bytes(n);
    switch (v->def->kind) {
    case REF_VOCAB_SPM:
        return own + spm_scratch(n);
    case REF_VOCAB_BPE:
        return own + bpe_scratch(n);
    case REF_VOCAB_WPM:
        return own + wpm_scratch(n);
    case REF_VOCAB_UGM:
        return own + ugm_scratch(v, n);
    }
    return own;
}

static enum err_code encode(const struct ref_vocab *v, struct fragment f, void *scratch,
                            struct token_out *out, struct err *why)
{
    switch (v->def->kind) {
    case REF_VOCAB_SPM:
        return spm_encode(v, f, scratch, out, why);
    case REF_VOCAB_BPE:
        return bpe_encode(v, f, scratch, out, why);
    case REF_VOCAB_WPM:
        return wpm_encode(v, f, scratch, out, why);
    case REF_VOCAB_UGM:
        return ugm_encode(v, f, scratch, out, why);
    }
    return err_set(why, ERR_RANGE, "vocabulary of kind %d", (int)v->def->kind);
}

/* The fragments and special pieces of the text in turn. */
static enum err_code encode_all(struct cut *c, void *scratch, struct token_out *out,
                                struct err *why)
{
    enum err_code rc = OK;
    bool after_special = true;
    for (size_t at = 0, end; at < c->n && rc == OK; at = end) {
        if (c->state[at] == FIRST) {
            token_put(out, (int32_t)c->v->special[c->candidate[at] - 1]);
            end = at + special(c, c->candidate[at])->len;
            after_special = true;
            continue;
        }
        for (end = at; end < c->n && c->state[end] == FREE;)
            end++;
        const struct fragment f = {.text = c->text + at,
                                   .n = end - at,
                                   .prefix = c->v->def->add_space_prefix && after_special};
        rc = encode(c->v, f, scratch, out, why);
        after_special = false;
    }
    return rc;
}

enum err_code ref_tokenize(const struct ref_vocab *v, const char *text, size_t n, unsigned flags,
                           void *scratch, size_t scratch_bytes, int32_t *ret, size_t cap,
                           size_t *ret_n, struct err *why)
{
    if (n > REF_TOKENIZE_MAX)
        return err_set(why, ERR_TOO_LARGE, "text of %zu bytes, at most %d are allowed", n,
                       (int)REF_TOKENIZE_MAX);
    if (scratch_bytes < ref_tokenize_scratch(v, n))
        return err_set(why, ERR_TOO_LARGE, "%zu bytes of scratch for a text that takes %zu",
                       scratch_bytes, ref_tokenize_scratch(v, n));
    uint8_t *mem = (uint8_t *)scratch + (ALIGNMENT - (uintptr_t)scratch % ALIGNMENT) % ALIGNMENT;
    struct token_out out = {.ret = ret, .cap = cap};
    struct cut c = {.v = v, .text = (const uint8_t *)text, .n = n};
    c.control = (flags & REF_TOKENIZE_PARSE_SPECIAL) != 0;
    c.candidate = (uint32_t *)(void *)mem;
    c.state = mem + n * sizeof(uint32_t);
    const bool add = (flags & REF_TOKENIZE_ADD_SPECIAL) != 0;
    if (add && v->def->add_bos)
        token_put(&out, v->def->bos);
    cut_specials(&c);
    const enum err_code rc = encode_all(&c, mem + cut_bytes(n), &out, why);
    if (rc != OK)
        return rc;
    if (add && v->def->add_eos)
        token_put(&out, v->def->eos);
    *ret_n = out.n;
    return OK;
}

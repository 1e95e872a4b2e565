/* The tokenizers' own: one fragment of text in, tokens out. */
#pragma once

#include "reference/token/vocab.h"

/* Where tokens go; those beyond cap are counted only. */
struct token_out {
    int32_t *ret;
    size_t cap, n;
};

static inline void token_put(struct token_out *out, int32_t id)
{
    if (out->n < out->cap)
        out->ret[out->n] = id;
    out->n++;
}

struct fragment {
    const uint8_t *text;
    size_t n;
    bool prefix; /* a space goes in front */
};

/* Each takes scratch of the size that its _scratch names, aligned to 8. */
size_t spm_scratch(size_t n);
enum err_code spm_encode(const struct ref_vocab *v, struct fragment f, void *scratch,
                         struct token_out *out, struct err *why);
size_t bpe_scratch(size_t n);
enum err_code bpe_encode(const struct ref_vocab *v, struct fragment f, void *scratch,
                         struct token_out *out, struct err *why);
size_t wpm_scratch(size_t n);
enum err_code wpm_encode(const struct ref_vocab *v, struct fragment f, void *scratch,
                         struct token_out *out, struct err *why);
size_t ugm_scratch(const struct ref_vocab *v, size_t n);
enum err_code ugm_encode(const struct ref_vocab *v, struct fragment f, void *scratch,
                         struct token_out *out, struct err *why);

/* One unknown token, or ERR_NOT_FOUND. */
enum err_code token_put_unknown(const struct ref_vocab *v, struct token_out *out, struct err *why);

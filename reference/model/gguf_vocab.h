/* A file's vocabulary, as token/vocab.h wants it.
 *
 *     rc = ref_gguf_vocab_sizes(&file, &n_pieces, &n_merges, why);
 *     ... memory for that many ...
 *     rc = ref_gguf_vocab(&file, pieces, merges, &def, why);
 *     ref_vocab_bytes(&def, ...), ref_vocab_init(...)
 *
 * Keys: tokenizer.ggml.* in ggml's docs/gguf.md; what a file leaves out is as in llama.cpp's
 * llama_vocab::impl::load(), by the kind of tokenizer. A special token without a piece is none, and
 * is not put around texts. The texts stay in the file. */
#pragma once

#include "reference/gguf/gguf.h"
#include "reference/token/vocab.h"

/* ERR_UNSUPPORTED: a big-endian file. ERR_NOT_FOUND: no tokens. ERR_TOO_LARGE: more than
 * REF_VOCAB_MAX. */
MUST_CHECK enum err_code ref_gguf_vocab_sizes(const struct ref_gguf_file *file,
                                              uint32_t *ret_pieces, uint32_t *ret_merges,
                                              struct err *why);

/* ERR_UNSUPPORTED: a kind of tokenizer or of pre-tokeniser that is not here. ERR_INVALID: arrays
 * that do not fit each other, or a merge without a space.
 *   pieces (n_pieces), merges (n_merges)  the caller's, stay with *ret */
MUST_CHECK enum err_code ref_gguf_vocab(const struct ref_gguf_file *file, struct ref_piece *pieces,
                                        struct ref_merge *merges, struct ref_vocab_def *ret,
                                        struct err *why);

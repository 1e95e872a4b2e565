/* Tokens to text, at once or as a stream that never sends half a character.
 *
 * The bytes of a piece: a normal one of SPM, WPM and UGM has each U+2581 replaced by a space, one
 * of BPE its characters by the bytes that they spell (a piece with other characters stays as it
 * is); a user-defined one is its text, a control or unknown one nothing, or its text if `special`;
 * a byte piece the byte that it names (nothing if it names none); an unused one nothing. The
 * replacement is per piece: byte tokens E2, 96, 81 give the character U+2581. Source:
 * llama_vocab::impl::token_to_piece and detokenize in src/llama-vocab.cpp of llama.cpp, but for its
 * clean-up of spaces around punctuation in WPM. */
#pragma once

#include "reference/token/utf8.h"
#include "reference/token/vocab.h"

/* The bytes of a piece, at most REF_PIECE_MAX. ERR_RANGE: no such piece. */
MUST_CHECK enum err_code ref_piece_bytes(const struct ref_vocab *v, int32_t id, bool special,
                                         uint8_t ret[REF_PIECE_MAX], size_t *ret_n,
                                         struct err *why);

/* The bytes of ids[0..n): the first cap of them go to ret, *ret_n counts them all. With
 * add_space_prefix a space that begins the first piece is left out. ERR_RANGE: no such piece. */
MUST_CHECK enum err_code ref_detokenize(const struct ref_vocab *v, const int32_t *ids, size_t n,
                                        bool special, uint8_t *ret, size_t cap, size_t *ret_n,
                                        struct err *why);

/* Bytes in, whole characters out: what is no UTF-8 becomes U+FFFD, one for each maximal subpart
 * (Unicode 15.0, section 3.9, table 3-7). Zeroed is a fresh stream. */
struct ref_stream {
    uint8_t held[3]; /* bytes of a character that is not complete */
    uint8_t n;
    struct ref_utf8 utf8;
};

/* What a push of n bytes can write at most. */
#define REF_STREAM_BYTES(n) (3 * (n) + 6)

/* Returns the bytes written to ret (REF_STREAM_BYTES(n)). */
size_t ref_stream_push(struct ref_stream *st, const uint8_t *bytes, size_t n, uint8_t *ret);
/* The stream is over: what is held becomes one U+FFFD. */
size_t ref_stream_end(struct ref_stream *st, uint8_t ret[3]);

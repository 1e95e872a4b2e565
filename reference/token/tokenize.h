/* Text to tokens.
 *
 *     1. special pieces are cut out: user-defined ones always, control and unknown ones when asked;
 *        the longest text first over the whole text, then from the left
 *     2. each fragment between them is tokenised alone by the vocabulary's kind
 *     3. BOS goes in front and EOS behind, when asked and the vocabulary says so; a text that
 * spells BOS itself then has two
 *
 * SPM: a fragment gets a space in front if add_space_prefix and it is the first thing or follows a
 *   special piece; spaces become U+2581; characters (by their first byte, valid or not) are
 *   symbols. While a pair of neighbours makes up a piece, the pair with the highest score merges,
 *   the leftmost of equal ones. A symbol that is no piece becomes the pieces of its bytes.
 * BPE: ref_pretok_next cuts words; the bytes of a word are symbols; of the pairs that are merges
 *   the one of the lowest rank merges, the leftmost of equal ones. A symbol that is no piece
 *   becomes the pieces of its bytes; those that have none are dropped.
 * WPM: text is split at white space and around punctuation and CJK characters, control characters
 *   are dropped, each character is decomposed (its first code point stays) and lowered. A word with
 *   U+2581 in front is covered by longest matches from the left, or becomes one unknown token.
 * UGM: the segmentation with the greatest sum of scores, in double; of equal ones the one whose
 * last piece begins first. A character that is no piece counts as unknown, runs of them give one
 * token. The vocabulary's character map, where it has one, is applied first, the longest match at
 * each place; its replacements may grow a text, and the scratch with it.
 *
 * Source: src/llama-vocab.cpp of llama.cpp (llm_tokenizer_*_session, tokenizer_st_partition), where
 * the order among special texts of one length is not defined. */
#pragma once

#include "reference/token/vocab.h"

enum { REF_TOKENIZE_MAX = 1 << 28 }; /* bytes of text */

enum ref_tokenize_flags {
    REF_TOKENIZE_ADD_SPECIAL = 1, /* BOS and EOS, as the vocabulary says */
    REF_TOKENIZE_PARSE_SPECIAL =
        2, /* control pieces spelled in the text count: never for users' text */
};

/* The scratch that a text of n bytes takes, n <= REF_TOKENIZE_MAX: for UGM 51 bytes a byte, and
 * over 600 with the map of NFKC. */
size_t ref_tokenize_scratch(const struct ref_vocab *v, size_t n);

/* Tokenises text[0..n), which may hold any bytes.
 *   scratch  (scratch_bytes)  the caller's, at any address
 *   ret      (cap)            the first cap tokens; may be NULL if cap is 0
 *   *ret_n                    the number of tokens, also if it is over cap
 * Takes O(n log n) for SPM and BPE, O(n * longest piece) for WPM and UGM. ERR_TOO_LARGE: the text,
 * what a character map may make of it (4 GiB), or scratch is too small. ERR_NOT_FOUND: a character
 * that has neither pieces nor an unknown piece.
 */
MUST_CHECK enum err_code ref_tokenize(const struct ref_vocab *v, const char *text, size_t n,
                                      unsigned flags, void *scratch, size_t scratch_bytes,
                                      int32_t *ret, size_t cap, size_t *ret_n, struct err *why);

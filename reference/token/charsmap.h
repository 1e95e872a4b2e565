/* SentencePiece's normaliser as a file carries it (tokenizer.ggml.precompiled_charsmap of a UGM
 * vocabulary): which characters become which, compiled from NFKC and the like.
 *
 *     u32                    bytes of the table
 *     u32 unit [..]          a trie as a double array: darts-clone's units, all little-endian
 *     char text [..]         replacements, each with a NUL; a leaf's value is an offset in here
 *
 *     unit    bits 0-7 label   8 has a leaf   10-30 offset, 8 bits further left where bit 9 is set
 *     value   bits 0-30; it lies at the node's index XOR its offset
 *
 * A walk begins at the offset of unit 0; a byte c leads from a node to the unit at index XOR c,
 * whose label has to be c and bit 31 clear, and then to that index XOR its own offset. Sources:
 * src/normalizer.cc of SentencePiece, llm_tokenizer_ugm_session in src/llama-vocab.cpp of
 * llama.cpp. Held once against SentencePiece 0.1.97, whose nmt_nfkc made the same bytes of 3000
 * random texts. A stranger's table may lead anywhere: a step that leaves it ends the walk. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

enum {
    REF_CHARSMAP_MAX = 1 << 26,    /* bytes */
    REF_CHARSMAP_LONGEST = 255,    /* bytes of a replacement; NFKC's longest is U+FDFA's, 33 */
    REF_CHARSMAP_LEAST_GROWTH = 3, /* a space becomes U+2581 */
};

struct ref_charsmap {
    const uint8_t *unit; /* borrowed, 4 bytes each, at any address */
    uint32_t n_units;
    const char *text;
    uint32_t n_text;
    uint32_t growth; /* bytes that one byte of text becomes at most, spaces as U+2581 */
};

/* A blob of no bytes is a map that changes nothing. ERR_INVALID: lengths that do not fit, a last
 * replacement without a NUL. ERR_TOO_LARGE: above the maxima. */
MUST_CHECK enum err_code ref_charsmap_open(const uint8_t *blob, size_t n, struct ref_charsmap *ret,
                                           struct err *why);

/* The longest beginning of text[0..n) that has a replacement: its bytes, and *ret, which ends in
 * NUL. 0: none has. */
size_t ref_charsmap_match(const struct ref_charsmap *m, const uint8_t *text, size_t n,
                          const char **ret);

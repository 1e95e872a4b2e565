/* Trains a byte-level BPE vocabulary as GPT-2 has it, and encodes with it. Text is split into words
 * first ("[contraction]", " ?letters", " ?digits", " ?others", white space; here of ASCII only, as
 * the stories are), and merges never cross a word. (Sennrich, Haddow, Birch: Neural Machine
 * Translation of Rare Words with Subword Units, 2016; Radford and others, 2019.)
 *
 * Ids: 0 is the end of a text, 1 to 256 the bytes, then the merges in the order they were found. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"

enum {
    BPE_END = 0,
    BPE_BYTE = 1,     /* id of byte 0 */
    BPE_MERGED = 257, /* id of the first merge */
    BPE_WORD_MAX = 64,
};

struct bpe_merge {
    uint16_t left, right;
};

struct bpe {
    struct bpe_merge *merges; /* the arena's */
    uint32_t n_merges;
    char **text; /* (BPE_MERGED + n_merges) bytes of each token; NUL-ended, so byte 0 has none */
};

/* Finds vocab - BPE_MERGED merges: each time the pair that stands most often in `text`, of equals
 * the one that was met first. Fewer where no pair stands twice. */
void bpe_train(const char *text, size_t size, uint32_t vocab, struct arena *a, struct bpe *ret);

/* Writes the ids of `text`, at most `cap`; tells how many there are. */
size_t bpe_ids_of(const struct bpe *b, const char *text, size_t size, uint16_t *ret_ids,
                  size_t cap);

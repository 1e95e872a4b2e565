/* A tokenizer's vocabulary: pieces, scores, types and merges as a model file lists them, and tables
 * over them in the caller's memory.
 *
 *     kind   merges text by                       GGUF tokenizer.ggml.model, llama.cpp's name
 *     SPM    the highest score of a merged pair   "llama"   LLAMA_VOCAB_TYPE_SPM
 *     BPE    the lowest rank of a merge           "gpt2"    LLAMA_VOCAB_TYPE_BPE
 *     WPM    the longest match in each word       "bert"    LLAMA_VOCAB_TYPE_WPM
 *     UGM    the best sum of scores               "t5"      LLAMA_VOCAB_TYPE_UGM
 *
 * Pieces of SPM, WPM and UGM spell a space as U+2581. Those of BPE spell each byte as one
 * character: 21..7E, A1..AC and AE..FF as themselves, the other 68 bytes in their order as U+0100
 * and on, so a space is U+0120 and a newline U+010A. Types are GGUF's tokenizer.ggml.token_type.
 *
 * Loading takes two calls, because the caller owns the memory:
 *
 *     rc = ref_vocab_bytes(&def, &bytes, why);
 *     ... memory of that size ...
 *     rc = ref_vocab_init(&vocab, &def, mem, bytes, why);
 *
 * Rules and names: src/llama-vocab.cpp of llama.cpp. The definition may come from a stranger: what
 * is too large, out of range or given twice is an error that names the piece. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "reference/token/charsmap.h"
#include "reference/token/pretok.h"

enum ref_piece_type {
    REF_PIECE_NORMAL = 1,
    REF_PIECE_UNKNOWN = 2,
    REF_PIECE_CONTROL = 3,
    REF_PIECE_USER_DEFINED = 4,
    REF_PIECE_UNUSED = 5,
    REF_PIECE_BYTE = 6, /* its text is "<0x0A>": two upper-case digits */
};

enum {
    REF_PIECE_MAX = 1024,        /* bytes of text; the longest in use have about 250 */
    REF_VOCAB_MAX = 1 << 24,     /* pieces, and merges */
    REF_VOCAB_MAX_PROBES = 1024, /* steps to a place in a table; honest texts need about 60 */
};

struct ref_piece {
    const char *text; /* need not end in NUL; may be empty, then nothing becomes this piece */
    uint32_t len;     /* bytes */
    float score;      /* SPM, UGM; finite */
    uint8_t type;     /* enum ref_piece_type */
};

/* left and right become one symbol; the index is the rank. */
struct ref_merge {
    const char *left, *right;
    uint32_t left_len, right_len;
};

enum ref_vocab_kind { REF_VOCAB_SPM, REF_VOCAB_BPE, REF_VOCAB_WPM, REF_VOCAB_UGM };

struct ref_vocab_def {
    enum ref_vocab_kind kind;
    const struct ref_piece *piece;
    uint32_t n_pieces;
    const struct ref_merge *merge; /* BPE */
    uint32_t n_merges;
    int32_t bos, eos, unk; /* -1: none. WPM: [CLS], [SEP], [UNK] */
    bool add_bos,
        add_eos; /* when the caller of ref_tokenize wants special tokens around the text */
    bool add_space_prefix;   /* SPM, UGM: a space before the text and after each special token */
    bool merge_spaces;       /* UGM: runs of spaces count as one, none at the ends */
    enum ref_pretok pretok;  /* BPE */
    bool ignore_merges;      /* BPE: a word that is a piece is taken whole (Llama 3) */
    const uint8_t *charsmap; /* UGM: charsmap.h; charsmap_bytes 0: none */
    size_t charsmap_bytes;
    bool keep_invalid; /* BPE: bytes that are no UTF-8 stay; else each becomes U+FFFD, as in
                          llama.cpp */
};

/* The library's own. The definition is borrowed, and so is the memory. */
struct ref_span32 {
    uint32_t off, len;
};
struct ref_merge_key {
    uint32_t off; /* of left, right follows */
    uint16_t left, right;
};
struct ref_vocab {
    const struct ref_vocab_def *def;
    uint8_t *pool;             /* BPE: pieces and merges as the bytes they stand for */
    struct ref_span32 *plain;  /* (n_pieces) BPE: the bytes of a piece in the pool */
    struct ref_merge_key *key; /* (n_merges) BPE */
    uint32_t *place, *rank;    /* hash tables of pieces and of merges: index + 1, 0 is free */
    uint32_t place_mask, rank_mask;
    uint32_t *sorted, n_sorted; /* WPM, UGM: pieces that text may become, by their bytes */
    uint32_t *special;          /* pieces that are cut out of the text first, by their bytes */
    uint32_t *shorter;          /* index in special of the longest other one that begins this one */
    uint32_t n_special;
    uint32_t longest;             /* bytes of the longest piece or merge */
    int32_t byte_piece[256];      /* -1: none */
    float unk_score;              /* UGM */
    struct ref_charsmap charsmap; /* UGM */
};

/* Sets *ret to the bytes that init needs. ERR_TOO_LARGE, ERR_RANGE: as for init. */
MUST_CHECK enum err_code ref_vocab_bytes(const struct ref_vocab_def *def, size_t *ret,
                                         struct err *why);

/* Builds the tables.
 *   mem  (bytes)  at any address; the caller's, borrowed until *ret is used no more
 * ERR_RANGE: an index, a type, a score. ERR_TOO_LARGE: a count or a length over the maxima, or mem
 * is too small. ERR_CONFLICT: two pieces with one text. ERR_LIMIT: texts made to crowd one place.
 * ERR_INVALID, ERR_TOO_LARGE: the character map, as charsmap.h has it. */
MUST_CHECK enum err_code ref_vocab_init(struct ref_vocab *ret, const struct ref_vocab_def *def,
                                        void *mem, size_t bytes, struct err *why);

/* The piece with this text, -1 if there is none. BPE: text is plain bytes, not their spelling. */
int32_t ref_vocab_find(const struct ref_vocab *v, const uint8_t *text, size_t n);

/* BPE: the rank of merging left[0..n_left) with what follows it, UINT32_MAX if there is none. */
uint32_t ref_vocab_rank(const struct ref_vocab *v, const uint8_t *left, size_t n_left,
                        size_t n_right);

/* A walk over sorted pieces, a byte at a time: those that begin with the bytes so far are
 * list[first..last). */
struct ref_vocab_walk {
    const uint32_t *list;
    uint32_t first, last, depth;
};
struct ref_vocab_walk ref_vocab_walk_pieces(const struct ref_vocab *v);
struct ref_vocab_walk ref_vocab_walk_special(const struct ref_vocab *v);
/* False when no piece goes on so; the walk is then over. */
bool ref_vocab_walk_on(const struct ref_vocab *v, struct ref_vocab_walk *w, uint8_t byte);
/* The index in the list of the piece that ends here, UINT32_MAX if there is none. */
uint32_t ref_vocab_walk_end(const struct ref_vocab *v, const struct ref_vocab_walk *w);

/* How BPE spells a byte: U+0021 to U+0143. */
uint32_t ref_bpe_char_of_byte(uint8_t byte);
/* The byte that a character spells, -1 if it spells none. */
int ref_bpe_byte_of_char(uint32_t cp);

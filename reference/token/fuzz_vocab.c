/* Any bytes as a vocabulary: it is refused, or its tables find every piece and tokenise a text. A
 * header of four bytes, then pieces and merges as type (7: a merge), score, length and text. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "reference/token/detokenize.h"
#include "reference/token/tokenize.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

enum { MOST = 64, HEADER = 4, IS_MERGE = 7 };

struct input {
    struct ref_piece piece[MOST];
    struct ref_merge merge[MOST];
    struct ref_vocab_def def;
};

static void read_input(const uint8_t *p, size_t size, struct input *in)
{
    in->def = (struct ref_vocab_def){.kind = (enum ref_vocab_kind)(p[0] & 3),
                                     .piece = in->piece,
                                     .merge = in->merge,
                                     .bos = (int8_t)p[1],
                                     .eos = (int8_t)p[2],
                                     .unk = (int8_t)p[3],
                                     .add_bos = (p[0] & 4) != 0,
                                     .add_space_prefix = (p[0] & 8) != 0,
                                     .ignore_merges = (p[0] & 16) != 0,
                                     .keep_invalid = (p[0] & 32) != 0,
                                     .pretok = (enum ref_pretok)((p[0] >> 6) % 3)};
    for (size_t at = HEADER; at + 3 <= size;) {
        const uint8_t type = p[at], score = p[at + 1];
        const size_t left = size - at - 3, n = p[at + 2] < left ? p[at + 2] : left;
        const char *text = (const char *)p + at + 3;
        if (type == IS_MERGE && in->def.n_merges < MOST)
            in->merge[in->def.n_merges++] =
                (struct ref_merge){text, text + score % (n + 1), (uint32_t)(score % (n + 1)),
                                   (uint32_t)(n - score % (n + 1))};
        else if (in->def.n_pieces < MOST)
            in->piece[in->def.n_pieces++] =
                (struct ref_piece){text, (uint32_t)n, (float)score / -4, type};
        at += 3 + n;
    }
}

static void try_text(const struct ref_vocab *v, const uint8_t *text, size_t n)
{
    const size_t bytes = ref_tokenize_scratch(v, n);
    int32_t ids[256];
    uint8_t piece[REF_PIECE_MAX];
    size_t count, length;
    void *scratch = malloc(bytes);
    assert(scratch != NULL);
    if (ref_tokenize(v, (const char *)text, n, 3, scratch, bytes, ids, 256, &count, NULL) == OK)
        for (size_t i = 0; i < count && i < 256; i++)
            assert(ref_piece_bytes(v, ids[i], true, piece, &length, NULL) == OK);
    free(scratch);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    struct input in;
    struct ref_vocab v;
    struct err why;
    size_t need;
    if (size < HEADER)
        return 0;
    read_input(bytes, size, &in);
    if (ref_vocab_bytes(&in.def, &need, &why) != OK)
        return 0;
    void *mem = malloc(need);
    assert(mem != NULL);
    if (ref_vocab_init(&v, &in.def, mem, need, &why) == OK) {
        for (uint32_t i = 0; i < in.def.n_pieces && in.def.kind != REF_VOCAB_BPE; i++)
            if (in.piece[i].len > 0)
                assert(ref_vocab_find(&v, (const uint8_t *)in.piece[i].text, in.piece[i].len) ==
                       (int32_t)i);
        try_text(&v, bytes, size);
    }
    free(mem);
    return 0;
}

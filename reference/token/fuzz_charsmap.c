/* Any bytes as a character map, and some of them as a text under it: a match is within the text and
 * its replacement within the map, and the scratch that is asked for always suffices. The first byte
 * is the length of the text. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "reference/token/tokenize.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

#define PIECE(text, score, type)                                                                   \
    {                                                                                              \
        text, sizeof(text) - 1, score, REF_PIECE_##type                                            \
    }
static const struct ref_piece pieces[] = {
    PIECE("<unk>", 0, UNKNOWN), PIECE("\xe2\x96\x81", -2, NORMAL), PIECE("a", -1, NORMAL),
    PIECE("ab", -1.5f, NORMAL), PIECE("\xe2\x96", -3, NORMAL),     PIECE("\x81", -1, NORMAL),
};
enum { PIECES = sizeof pieces / sizeof pieces[0] };

static void try_matches(const struct ref_charsmap *m, const uint8_t *text, size_t n)
{
    for (size_t at = 0; at < n; at++) {
        const char *becomes = NULL;
        const size_t used = ref_charsmap_match(m, text + at, n - at, &becomes);
        assert(used <= n - at);
        if (used > 0) {
            assert(becomes >= m->text && becomes < m->text + m->n_text);
            assert(becomes + strlen(becomes) < m->text + m->n_text);
        }
    }
}

static void try_text(const struct ref_vocab *v, const uint8_t *text, size_t n)
{
    const size_t bytes = ref_tokenize_scratch(v, n);
    void *scratch = malloc(bytes);
    size_t count;
    assert(scratch != NULL);
    const enum err_code rc =
        ref_tokenize(v, (const char *)text, n, 0, scratch, bytes, NULL, 0, &count, NULL);
    assert(rc == OK && count <= 2 + (size_t)v->charsmap.growth * n);
    free(scratch);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    struct ref_vocab_def def = {.kind = REF_VOCAB_UGM,
                                .piece = pieces,
                                .n_pieces = PIECES,
                                .bos = -1,
                                .eos = -1,
                                .unk = 0,
                                .add_space_prefix = true};
    struct ref_vocab v;
    size_t need;
    if (size == 0)
        return 0;
    const size_t left = size - 1, n = bytes[0] < left ? bytes[0] : left;
    def.charsmap = bytes + 1 + n;
    def.charsmap_bytes = left - n;
    assert(ref_vocab_bytes(&def, &need, NULL) == OK);
    void *mem = malloc(need);
    assert(mem != NULL);
    for (int merges = 0; merges < 2; merges++) {
        def.merge_spaces = merges == 1;
        if (ref_vocab_init(&v, &def, mem, need, NULL) != OK)
            break;
        try_matches(&v.charsmap, bytes + 1, n);
        try_text(&v, bytes + 1, n);
    }
    free(mem);
    return 0;
}

/* Any bytes as a grammar, a text and pieces: bounds hold, masks say what accepting says, and what
 * is refused changes nothing. The grammar ends at the first NUL, the text follows. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "reference/sample/mask.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

enum { ELEMENTS = 4000, CAP = 256, PIECES = 32 };

/* Pieces of 1 to 3 bytes of the text. */
static void try_mask(struct ref_gbnf_state *s, const uint8_t *text, size_t n, void *spare,
                     size_t spare_bytes)
{
    static struct ref_gbnf_mark path[REF_MASK_LONGEST + 1];
    struct ref_mask_piece piece[PIECES];
    uint32_t order[PIECES], n_pieces = 0;
    uint8_t allow[PIECES];
    for (size_t i = 0; i < n && n_pieces < PIECES; i++) {
        const size_t length = 1 + i % 3;
        piece[n_pieces++] =
            (struct ref_mask_piece){text + i, (uint32_t)(length < n - i ? length : n - i)};
    }
    ref_mask_sort(piece, n_pieces, order);
    if (ref_gbnf_mask(s, piece, n_pieces, order, NULL, 0, path, allow) != REF_GBNF_OK)
        return;
    for (uint32_t i = 0; i < n_pieces; i++) {
        struct ref_gbnf_state copy;
        bool ok;
        assert(ref_gbnf_clone(&copy, s, spare, spare_bytes) == REF_GBNF_OK);
        if (piece[i].bytes[0] != 0 &&
            ref_gbnf_accept(&copy, piece[i].bytes, piece[i].len, &ok) == REF_GBNF_OK)
            assert(ok == allow[i]);
    }
}

static void try_text(const struct ref_gbnf *g, const uint8_t *text, size_t n)
{
    const size_t state_bytes = ref_gbnf_state_bytes(g, CAP);
    uint8_t *mem = malloc(state_bytes), *spare = malloc(state_bytes);
    struct ref_gbnf_state s;
    assert(mem != NULL && spare != NULL);
    if (ref_gbnf_open(&s, g, CAP, mem, state_bytes) == REF_GBNF_OK) {
        bool ok = true;
        for (size_t i = 0; i < n && ok; i++) {
            const struct ref_gbnf_mark before = s.at;
            if (i % 8 == 0)
                try_mask(&s, text + i, n - i, spare, state_bytes);
            if (ref_gbnf_accept(&s, text + i, 1, &ok) != REF_GBNF_OK)
                break;
            assert(ok || s.at.last - s.at.first == before.last - before.first);
            assert(!ref_gbnf_can_end(&s) || s.at.utf8.left == 0);
        }
    }
    free(mem);
    free(spare);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    const size_t mem_bytes = ref_gbnf_bytes(ELEMENTS);
    const uint8_t *end = size == 0 ? NULL : memchr(bytes, 0, size);
    const size_t n = end == NULL ? size : (size_t)(end - bytes);
    struct ref_gbnf g;
    struct err why;
    size_t offset = 0;
    void *mem = malloc(mem_bytes);
    assert(mem != NULL);
    const enum ref_gbnf_status s =
        ref_gbnf_parse(&g, (const char *)bytes, n, "root", mem, mem_bytes, &offset, &why);
    assert(s == REF_GBNF_OK || offset <= n);
    if (s == REF_GBNF_OK && end != NULL)
        try_text(&g, end + 1, size - n - 1);
    free(mem);
    return 0;
}

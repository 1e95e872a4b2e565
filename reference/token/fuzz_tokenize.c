/* Any bytes as a text, for vocabularies of every kind: what comes out are pieces, their number does
 * not depend on the memory for them, and byte-level BPE loses nothing. The first byte picks the
 * vocabulary and the flags. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "reference/token/detokenize.h"
#include "reference/token/tokenize.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

#define PIECE(text, score, type)                                                                   \
    {                                                                                              \
        text, sizeof(text) - 1, score, REF_PIECE_##type                                            \
    }
#define SP "\xe2\x96\x81"
enum { PLAIN = 28, PIECES = PLAIN + 256 };

static const struct ref_piece plain[PLAIN] = {
    PIECE("<unk>", 0, UNKNOWN),
    PIECE("<s>", 0, CONTROL),
    PIECE("</s>", 0, CONTROL),
    PIECE("<s>a", 0, USER_DEFINED),
    PIECE("  ", 0, USER_DEFINED),
    PIECE(SP, -3, NORMAL),
    PIECE("th", -4, NORMAL),
    PIECE("the", -3.5f, NORMAL),
    PIECE(SP "the", -1, NORMAL),
    PIECE("he", -5, NORMAL),
    PIECE("aa", -6, NORMAL),
    PIECE("aaaa", -6, NORMAL),
    PIECE("\xc3\xa9\xc3\xa9", -7, NORMAL),
    PIECE("ing", -2, NORMAL),
    PIECE("in", -2, NORMAL),
    PIECE("ng", -9, NORMAL),
    PIECE(SP SP, -4, NORMAL),
    PIECE(SP "a", -2, NORMAL),
    PIECE("12", -3, NORMAL),
    PIECE("123", -3, NORMAL),
    PIECE(SP ",", -3, NORMAL),
    PIECE("\xf0\x9f", -8, NORMAL),
    PIECE("\x98\x80", -8, NORMAL),
    PIECE("", 0, NORMAL),
    PIECE("unused", 0, UNUSED),
    PIECE("abab", -4, NORMAL),
    PIECE("ab", -4, NORMAL),
    PIECE("ba", -4, NORMAL),
};
#define MERGE(left, right)                                                                         \
    {                                                                                              \
        left, right, sizeof(left) - 1, sizeof(right) - 1                                           \
    }
static const struct ref_merge merges[] = {
    MERGE("t", "h"), MERGE("th", "e"), MERGE("a", "a"),   MERGE("i", "n"), MERGE("in", "g"),
    MERGE("1", "2"), MERGE("12", "3"), MERGE("aa", "aa"), MERGE("a", "b"), MERGE("ab", "ab"),
};

struct vocab {
    struct ref_piece piece[PIECES];
    char text[256][8];
    struct ref_vocab_def def;
    struct ref_vocab v;
};

/* SPM names bytes, BPE spells them, the others have ASCII letters only. */
static void fill(struct vocab *t, enum ref_vocab_kind kind, bool odd)
{
    static const char digits[] = "0123456789ABCDEF";
    memcpy(t->piece, plain, sizeof plain);
    for (int i = 0; i < 256; i++) {
        struct ref_piece *p = &t->piece[PLAIN + i];
        const char name[8] = {'<', '0', 'x', digits[i >> 4], digits[i & 15], '>'};
        *p = (struct ref_piece){t->text[i], 6, -20, REF_PIECE_BYTE};
        memcpy(t->text[i], name, sizeof name);
        if (kind == REF_VOCAB_BPE)
            *p = (struct ref_piece){
                t->text[i],
                (uint32_t)ref_utf8_put(ref_bpe_char_of_byte((uint8_t)i), (uint8_t *)t->text[i]), 0,
                REF_PIECE_NORMAL};
    }
    t->def = (struct ref_vocab_def){.kind = kind,
                                    .piece = t->piece,
                                    .n_pieces = PIECES,
                                    .merge = merges,
                                    .n_merges = sizeof merges / sizeof merges[0],
                                    .bos = 1,
                                    .eos = 2,
                                    .unk = 0,
                                    .add_bos = true,
                                    .add_eos = true,
                                    .add_space_prefix = odd,
                                    .merge_spaces = odd,
                                    .ignore_merges = odd,
                                    .keep_invalid = true,
                                    .pretok = odd ? REF_PRETOK_LLAMA3 : REF_PRETOK_GPT2};
}

static void *load(struct vocab *t, enum ref_vocab_kind kind, bool odd)
{
    size_t bytes;
    fill(t, kind, odd);
    assert(ref_vocab_bytes(&t->def, &bytes, NULL) == OK);
    void *mem = malloc(bytes);
    assert(mem != NULL && ref_vocab_init(&t->v, &t->def, mem, bytes, NULL) == OK);
    return mem;
}

static void try_stream(const uint8_t *text, size_t n)
{
    struct ref_stream st = {.n = 0};
    uint8_t *out = malloc(REF_STREAM_BYTES(n) + 3);
    assert(out != NULL);
    size_t written = ref_stream_push(&st, text, n, out);
    assert(written <= REF_STREAM_BYTES(n));
    written += ref_stream_end(&st, out + written);
    struct ref_utf8 utf8 = {0};
    for (size_t i = 0; i < written; i++)
        assert(ref_utf8_push(&utf8, out[i]) != REF_UTF8_WRONG);
    assert(utf8.left == 0);
    free(out);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    static struct vocab t;
    if (size == 0)
        return 0;
    const unsigned pick = bytes[0];
    const char *text = (const char *)bytes + 1;
    const size_t n = size - 1;
    void *mem = load(&t, (enum ref_vocab_kind)(pick & 3), (pick & 4) != 0);
    const size_t scratch_bytes = ref_tokenize_scratch(&t.v, n);
    void *scratch = malloc(scratch_bytes);
    size_t count, again, back;
    const enum err_code rc =
        ref_tokenize(&t.v, text, n, pick >> 3 & 3, scratch, scratch_bytes, NULL, 0, &count, NULL);
    assert(rc == OK && count <= 3 * n + 4);
    int32_t *ids = malloc(count * sizeof *ids + 1);
    uint8_t *plain_text = malloc(n + 1);
    assert(ids != NULL && plain_text != NULL);
    assert(ref_tokenize(&t.v, text, n, pick >> 3 & 3, scratch, scratch_bytes, ids, count, &again,
                        NULL) == OK);
    assert(again == count);
    assert(ref_detokenize(&t.v, ids, count, true, plain_text, n, &back, NULL) == OK);
    if (t.def.kind == REF_VOCAB_BPE && (pick & 8) == 0 && (pick & 4) == 0)
        assert(back == n && memcmp(plain_text, text, n) == 0);
    try_stream((const uint8_t *)text, n);
    free(ids);
    free(plain_text);
    free(scratch);
    free(mem);
    return 0;
}

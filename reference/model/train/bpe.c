#include "reference/model/train/bpe.h"

#include <assert.h>
#include <ctype.h>
#include <string.h>

/* ---- words ---- */

static size_t run_of(const char *text, size_t size, size_t from, int (*is)(int))
{
    size_t at = from;
    while (at < size && is((unsigned char)text[at]))
        at++;
    return at;
}

static int is_other(int c)
{
    return !isalnum(c) && !isspace(c);
}

static size_t contraction(const char *text, size_t size)
{
    static const char *const ends[] = {"'s", "'t", "'re", "'ve", "'m", "'ll", "'d"};
    for (size_t i = 0; i < sizeof ends / sizeof ends[0]; i++)
        if (size >= strlen(ends[i]) && memcmp(text, ends[i], strlen(ends[i])) == 0)
            return strlen(ends[i]);
    return 0;
}

/* Bytes of the word that begins `text`. White space leaves its last space to the next word. */
static size_t word_length(const char *text, size_t size)
{
    const size_t short_end = contraction(text, size), skip = text[0] == ' ' && size > 1;
    if (short_end > 0)
        return short_end;
    const int c = (unsigned char)text[skip];
    if (isalpha(c))
        return run_of(text, size, skip, isalpha);
    if (isdigit(c))
        return run_of(text, size, skip, isdigit);
    if (!isspace(c))
        return run_of(text, size, skip, is_other);
    const size_t blank = run_of(text, size, 0, isspace);
    return blank < size && blank > 1 ? blank - 1 : blank;
}

/* A word that stands in the text, in pieces. */
struct word {
    const char *text;
    size_t length;
    uint64_t count;
    uint16_t ids[BPE_WORD_MAX];
    uint32_t n;
};

struct words {
    struct word *word;
    size_t n, cap;
};

static struct word *word_named(struct words *w, const char *text, size_t length)
{
    for (size_t i = 0; i < w->n; i++)
        if (w->word[i].length == length && memcmp(w->word[i].text, text, length) == 0)
            return &w->word[i];
    return NULL;
}

static void add_word(struct words *w, const char *text, size_t length)
{
    struct word *known = word_named(w, text, length);
    if (known != NULL) {
        known->count++;
        return;
    }
    assert(w->n < w->cap);
    struct word *fresh = &w->word[w->n++];
    *fresh = (struct word){.text = text, .length = length, .count = 1, .n = (uint32_t)length};
    for (size_t i = 0; i < length; i++)
        fresh->ids[i] = (uint16_t)(BPE_BYTE + (unsigned char)text[i]);
}

static size_t bounded_word(const char *text, size_t size)
{
    const size_t length = word_length(text, size);
    return length < BPE_WORD_MAX ? length : BPE_WORD_MAX;
}

/* ---- training ---- */

static void merge_in(uint16_t *ids, uint32_t *n, struct bpe_merge m, uint16_t id)
{
    uint32_t to = 0;
    for (uint32_t i = 0; i < *n; i++)
        if (i + 1 < *n && ids[i] == m.left && ids[i + 1] == m.right) {
            ids[to++] = id;
            i++;
        } else {
            ids[to++] = ids[i];
        }
    *n = to;
}

/* counts (vocab, vocab) */
static uint64_t best_pair(const struct words *w, uint32_t vocab, uint64_t *counts,
                          struct bpe_merge *ret)
{
    uint64_t best = 1;
    memset(counts, 0, (size_t)vocab * vocab * sizeof *counts);
    for (size_t k = 0; k < w->n; k++)
        for (uint32_t i = 0; i + 1 < w->word[k].n; i++)
            counts[w->word[k].ids[i] * vocab + w->word[k].ids[i + 1]] += w->word[k].count;
    for (size_t k = 0; k < w->n; k++)
        for (uint32_t i = 0; i + 1 < w->word[k].n; i++) {
            const struct bpe_merge m = {w->word[k].ids[i], w->word[k].ids[i + 1]};
            if (counts[m.left * vocab + m.right] > best) {
                best = counts[m.left * vocab + m.right];
                *ret = m;
            }
        }
    return best;
}

static void start(struct bpe *b, uint32_t vocab, struct arena *a)
{
    *b = (struct bpe){.merges = arena_array(a, vocab, sizeof *b->merges),
                      .text = arena_array(a, vocab, sizeof *b->text)};
    assert(b->merges != NULL && b->text != NULL);
    b->text[BPE_END] = arena_strdup(a, "");
    for (uint32_t i = 0; i < 256; i++)
        b->text[BPE_BYTE + i] = arena_strndup(a, &(char){(char)i}, 1);
}

static void add_merge(struct bpe *b, struct bpe_merge m, struct arena *a)
{
    b->text[BPE_MERGED + b->n_merges] = arena_printf(a, "%s%s", b->text[m.left], b->text[m.right]);
    b->merges[b->n_merges++] = m;
}

void bpe_train(const char *text, size_t size, uint32_t vocab, struct arena *a, struct bpe *ret)
{
    enum { WORDS = 8192 };
    struct words w = {.word = arena_array(a, WORDS, sizeof *w.word), .cap = WORDS};
    uint64_t *counts = arena_array(a, (size_t)vocab * vocab, sizeof *counts);
    assert(vocab > BPE_MERGED && w.word != NULL && counts != NULL);
    start(ret, vocab, a);
    for (size_t at = 0, length; at < size; at += length) {
        length = bounded_word(text + at, size - at);
        add_word(&w, text + at, length);
    }
    struct bpe_merge m = {0};
    while (BPE_MERGED + ret->n_merges < vocab && best_pair(&w, vocab, counts, &m) > 1) {
        for (size_t k = 0; k < w.n; k++)
            merge_in(w.word[k].ids, &w.word[k].n, m, (uint16_t)(BPE_MERGED + ret->n_merges));
        add_merge(ret, m, a);
    }
}

/* ---- encoding ---- */

size_t bpe_ids_of(const struct bpe *b, const char *text, size_t size, uint16_t *ret_ids, size_t cap)
{
    size_t total = 0;
    for (size_t at = 0, length; at < size; at += length) {
        uint16_t ids[BPE_WORD_MAX];
        length = bounded_word(text + at, size - at);
        uint32_t n = (uint32_t)length;
        for (size_t i = 0; i < length; i++)
            ids[i] = (uint16_t)(BPE_BYTE + (unsigned char)text[at + i]);
        for (uint32_t i = 0; i < b->n_merges && n > 1; i++)
            merge_in(ids, &n, b->merges[i], (uint16_t)(BPE_MERGED + i));
        for (uint32_t i = 0; i < n; i++, total++)
            if (total < cap)
                ret_ids[total] = ids[i];
    }
    return total;
}

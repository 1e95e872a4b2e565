#include <float.h>
#include <string.h>

#include "reference/token/encode.h"
#include "reference/token/unicode.h"
#include "reference/token/utf8.h"

static const uint8_t LOWER_BLOCK[3] = {0xe2, 0x96, 0x81}; /* U+2581, a space in pieces */

/* ---- WPM ---- */

struct word {
    uint8_t *text; /* begins with U+2581 */
    size_t n;
};

/* The lower case of a character of two bytes may take three: U+023A and U+2C65. */
size_t wpm_scratch(size_t n)
{
    return sizeof LOWER_BLOCK + 2 * n;
}

static enum err_code put_word(const struct ref_vocab *v, struct word *w, struct token_out *out,
                              struct err *why)
{
    const size_t before = out->n, n = w->n;
    w->n = sizeof LOWER_BLOCK;
    if (n == w->n)
        return OK;
    for (size_t at = 0; at < n;) {
        struct ref_vocab_walk walk = ref_vocab_walk_pieces(v);
        size_t end = at;
        int32_t id = -1;
        for (size_t i = at; i < n && ref_vocab_walk_on(v, &walk, w->text[i]); i++)
            if (ref_vocab_walk_end(v, &walk) != UINT32_MAX) {
                id = (int32_t)walk.list[ref_vocab_walk_end(v, &walk)];
                end = i + 1;
            }
        if (id < 0) {
            out->n = before; /* what the word has given so far is forgotten */
            return token_put_unknown(v, out, why);
        }
        token_put(out, id);
        at = end;
    }
    return OK;
}

static bool is_chinese(uint32_t cp)
{
    return (cp >= 0x4e00 && cp <= 0x9fff) || (cp >= 0x3400 && cp <= 0x4dbf) ||
           (cp >= 0x20000 && cp <= 0x2a6df) || (cp >= 0x2a700 && cp <= 0x2b73f) ||
           (cp >= 0x2b740 && cp <= 0x2b81f) ||
           (cp >= 0x2b920 && cp <= 0x2ceaf) || /* from 2B820 in the paper, from 2B920 in use */
           (cp >= 0xf900 && cp <= 0xfaff) || (cp >= 0x2f800 && cp <= 0x2fa1f);
}

static bool stands_alone(uint32_t cp)
{
    const enum ref_unicode_class class = ref_unicode_class(cp);
    return class == REF_UNICODE_PUNCTUATION || (cp < 0x7f && class == REF_UNICODE_SYMBOL) ||
           is_chinese(cp);
}

static enum err_code take_char(const struct ref_vocab *v, struct word *w, uint32_t cp,
                               struct token_out *out, struct err *why)
{
    const bool alone = stands_alone(cp);
    enum err_code rc = OK;
    if (ref_unicode_is_space(cp))
        return put_word(v, w, out, why);
    if (cp == 0 || cp == REF_UTF8_REPLACEMENT || ref_unicode_class(cp) == REF_UNICODE_CONTROL)
        return OK;
    if (alone)
        rc = put_word(v, w, out, why);
    w->n += ref_utf8_put(ref_unicode_lower(cp), w->text + w->n);
    if (alone && rc == OK)
        rc = put_word(v, w, out, why);
    return rc;
}

enum err_code wpm_encode(const struct ref_vocab *v, struct fragment f, void *scratch,
                         struct token_out *out, struct err *why)
{
    struct word w = {.text = scratch, .n = sizeof LOWER_BLOCK};
    enum err_code rc = OK;
    memcpy(w.text, LOWER_BLOCK, sizeof LOWER_BLOCK);
    for (size_t at = 0; at < f.n && rc == OK;) {
        uint32_t cp;
        at += ref_utf8_lenient(f.text + at, f.n - at, &cp);
        rc = take_char(v, &w, ref_unicode_nfd_first(cp), out, why);
    }
    return rc == OK ? put_word(v, &w, out, why) : rc;
}

/* ---- UGM ---- */

struct best {
    double sum;    /* of the scores up to here */
    int32_t id;    /* the piece that ends here */
    uint32_t from; /* and begins there */
};

static size_t normal_bytes(const struct ref_vocab *v, size_t n)
{
    return 2 * sizeof LOWER_BLOCK + v->charsmap.growth * n;
}

size_t ugm_scratch(const struct ref_vocab *v, size_t n)
{
    return (normal_bytes(v, n) + 1) * sizeof(struct best) + normal_bytes(v, n);
}

/* What stands for the beginning of the text, and how much of it that is. */
struct step {
    const char *bytes;
    size_t n, used;
};

/* A replacement of the map, or a character as it is, or U+FFFD for a byte that is none. */
static struct step next_step(const struct ref_vocab *v, const uint8_t *text, size_t n)
{
    struct step s = {.bytes = (const char *)text};
    uint32_t cp;
    s.used = ref_charsmap_match(&v->charsmap, text, n, &s.bytes);
    if (s.used > 0) {
        s.n = strlen(s.bytes);
        return s;
    }
    s.n = s.used = ref_utf8_lenient(text, n, &cp);
    if (cp == REF_UTF8_REPLACEMENT && s.used == 1)
        s = (struct step){.bytes = "\xef\xbf\xbd", .n = 3, .used = 1};
    return s;
}

/* Spaces become U+2581. With merge_spaces a run of them becomes one in front of the word behind it
 * and vanishes at the end. */
static size_t normalize(const struct ref_vocab *v, struct fragment f, uint8_t *ret)
{
    const bool merge = v->def->merge_spaces;
    bool in_word = false, prefixed = !v->def->add_space_prefix;
    size_t n = 0;
    for (size_t at = 0; at < f.n;) {
        const struct step s = next_step(v, f.text + at, f.n - at);
        at += s.used;
        for (size_t i = 0; i < s.n; i++) {
            const bool space = s.bytes[i] == ' ';
            if (space ? !merge : !in_word && (merge || !prefixed)) {
                memcpy(ret + n, LOWER_BLOCK, sizeof LOWER_BLOCK);
                n += sizeof LOWER_BLOCK;
                prefixed = prefixed || !space;
            }
            in_word = !space;
            if (!space)
                ret[n++] = (uint8_t)s.bytes[i];
        }
    }
    return n;
}

static void challenge(struct best *champion, double sum, int32_t id, size_t from)
{
    if (sum > champion->sum)
        *champion = (struct best){.sum = sum, .id = id, .from = (uint32_t)from};
}

/* All pieces that begin at `at`, or the unknown one if none is the whole character. */
static void extend(const struct ref_vocab *v, const uint8_t *text, size_t n, size_t at,
                   size_t length, struct best *best)
{
    struct ref_vocab_walk w = ref_vocab_walk_pieces(v);
    bool whole = false;
    for (size_t i = at; i < n && ref_vocab_walk_on(v, &w, text[i]); i++) {
        const uint32_t found = ref_vocab_walk_end(v, &w);
        if (found == UINT32_MAX)
            continue;
        const struct ref_piece *p = &v->def->piece[w.list[found]];
        const double score = p->type == REF_PIECE_USER_DEFINED ? 0.0 : (double)p->score;
        challenge(&best[i + 1], best[at].sum + score, (int32_t)w.list[found], at);
        whole = whole || i + 1 == at + length;
    }
    if (!whole)
        challenge(&best[at + length], best[at].sum + (double)v->unk_score, v->def->unk, at);
}

/* The pieces of the way back from n, runs of unknown ones as one. Without `out` they are counted;
 * with it the last of `count` is put first. */
static size_t trace(const struct ref_vocab *v, const struct best *best, size_t n,
                    struct token_out *out, size_t count)
{
    size_t seen = 0;
    bool was_unknown = false;
    for (size_t at = n; at > 0; at = best[at].from) {
        const bool unknown = best[at].id == v->def->unk;
        if (!(unknown && was_unknown)) {
            seen++;
            if (out != NULL && out->n + count - seen < out->cap)
                out->ret[out->n + count - seen] = best[at].id;
        }
        was_unknown = unknown;
    }
    return seen;
}

static enum err_code put_trace(const struct ref_vocab *v, const struct best *best, size_t n,
                               struct token_out *out, struct err *why)
{
    for (size_t at = n; at > 0; at = best[at].from)
        if (best[at].id < 0)
            return token_put_unknown(v, out, why);
    const size_t count = trace(v, best, n, NULL, 0);
    trace(v, best, n, out, count);
    out->n += count;
    return OK;
}

enum err_code ugm_encode(const struct ref_vocab *v, struct fragment f, void *scratch,
                         struct token_out *out, struct err *why)
{
    if (normal_bytes(v, f.n) > UINT32_MAX)
        return err_set(why, ERR_TOO_LARGE, "the character map may make over 4 GiB of %zu bytes",
                       f.n);
    struct best *best = scratch;
    uint8_t *text = (uint8_t *)(best + normal_bytes(v, f.n) + 1);
    const size_t n = normalize(v, f, text);
    best[0] = (struct best){.id = v->def->unk};
    for (size_t i = 1; i <= n; i++)
        best[i] = (struct best){.sum = -DBL_MAX, .id = v->def->unk};
    for (size_t at = 0; at < n;) {
        const size_t whole = ref_utf8_length(text[at]); /* a map may cut a character short */
        const size_t length = whole < n - at ? whole : n - at;
        extend(v, text, n, at, length, best);
        at += length;
    }
    return put_trace(v, best, n, out, why);
}

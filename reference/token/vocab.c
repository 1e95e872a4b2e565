#include "reference/token/vocab.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "reference/token/utf8.h"

/* ---- bytes and the characters that spell them ---- */

uint32_t ref_bpe_char_of_byte(uint8_t byte)
{
    if ((byte >= 0x21 && byte <= 0x7e) || (byte >= 0xa1 && byte != 0xad))
        return byte;
    if (byte <= 0x20)
        return 0x100u + byte;
    return byte == 0xad ? 0x143 : 0x100u + 33 + (byte - 0x7fu);
}

int ref_bpe_byte_of_char(uint32_t cp)
{
    if (cp < 0x100)
        return ref_bpe_char_of_byte((uint8_t)cp) == cp ? (int)cp : -1;
    if (cp < 0x100 + 33)
        return (int)(cp - 0x100);
    if (cp < 0x143)
        return (int)(cp - 0x100 - 33 + 0x7f);
    return cp == 0x143 ? 0xad : -1;
}

/* Returns the bytes that n bytes of spelling stand for, SIZE_MAX if they spell none. */
static size_t unspell(const char *text, size_t n, uint8_t *ret)
{
    size_t at = 0, out = 0;
    while (at < n) {
        uint32_t cp;
        at += ref_utf8_lenient((const uint8_t *)text + at, n - at, &cp);
        const int byte = ref_bpe_byte_of_char(cp);
        if (byte < 0)
            return SIZE_MAX;
        ret[out++] = (uint8_t)byte;
    }
    return out;
}

/* ---- the text of a piece, as the tables hold it ---- */

/* The length of a piece that no text of BPE can become: it spells no bytes. */
#define NO_TEXT UINT32_MAX

static const uint8_t *text_of(const struct ref_vocab *v, uint32_t id, uint32_t *ret_len)
{
    if (v->def->kind == REF_VOCAB_BPE) {
        *ret_len = v->plain[id].len == NO_TEXT ? 0 : v->plain[id].len;
        return v->pool + v->plain[id].off;
    }
    *ret_len = v->def->piece[id].len;
    return (const uint8_t *)v->def->piece[id].text;
}

/* ---- hash tables: open addressing, a power of two of places, at most half of them taken ---- */

/* FNV-1a, 64 bits (Fowler, Noll, Vo), folded. */
static uint32_t hash(uint64_t h, const uint8_t *p, size_t n)
{
    for (size_t i = 0; i < n; i++)
        h = (h ^ p[i]) * 0x100000001b3u;
    return (uint32_t)(h ^ h >> 32);
}

static uint32_t hash_piece(const uint8_t *text, size_t n)
{
    return hash(0xcbf29ce484222325u, text, n);
}

/* ab + c and a + bc are different merges: the length of the left part goes in. */
static uint32_t hash_merge(const uint8_t *text, size_t left, size_t right)
{
    return hash(0xcbf29ce484222325u + left, text, left + right);
}

static size_t table_places(uint32_t n)
{
    size_t places = 16;
    while (places < 2 * (size_t)n)
        places *= 2;
    return places;
}

int32_t ref_vocab_find(const struct ref_vocab *v, const uint8_t *text, size_t n)
{
    if (n > v->longest)
        return -1;
    uint32_t at = hash_piece(text, n);
    for (int i = 0; i < REF_VOCAB_MAX_PROBES; i++, at++) {
        const uint32_t entry = v->place[at & v->place_mask];
        uint32_t len;
        if (entry == 0)
            return -1;
        const uint8_t *other = text_of(v, entry - 1, &len);
        if (len == n && memcmp(other, text, n) == 0)
            return (int32_t)(entry - 1);
    }
    return -1;
}

static bool is_merge(const struct ref_vocab *v, uint32_t rank, const uint8_t *left, size_t n_left,
                     size_t n_right)
{
    const struct ref_merge_key *k = &v->key[rank];
    return k->left == n_left && k->right == n_right &&
           memcmp(v->pool + k->off, left, n_left + n_right) == 0;
}

uint32_t ref_vocab_rank(const struct ref_vocab *v, const uint8_t *left, size_t n_left,
                        size_t n_right)
{
    if (n_left + n_right > v->longest)
        return UINT32_MAX;
    uint32_t at = hash_merge(left, n_left, n_right);
    for (int i = 0; i < REF_VOCAB_MAX_PROBES; i++, at++) {
        const uint32_t entry = v->rank[at & v->rank_mask];
        if (entry == 0)
            return UINT32_MAX;
        if (is_merge(v, entry - 1, left, n_left, n_right))
            return entry - 1;
    }
    return UINT32_MAX;
}

/* The place for a new entry, NULL when the way to it is too long. */
static uint32_t *free_place(uint32_t *table, uint32_t mask, uint32_t at)
{
    for (int i = 0; i < REF_VOCAB_MAX_PROBES; i++, at++)
        if (table[at & mask] == 0)
            return &table[at & mask];
    return NULL;
}

static enum err_code enter_piece(struct ref_vocab *v, uint32_t id, struct err *why)
{
    uint32_t len;
    const uint8_t *text = text_of(v, id, &len);
    if (len == 0)
        return OK;
    const int32_t twin = ref_vocab_find(v, text, len);
    if (twin >= 0)
        return err_set(why, ERR_CONFLICT, "piece %u has the text of piece %d", id, twin);
    uint32_t *place = free_place(v->place, v->place_mask, hash_piece(text, len));
    if (place == NULL)
        return err_set(why, ERR_LIMIT, "piece %u: its place in the table is crowded", id);
    *place = id + 1;
    return OK;
}

/* Of two equal merges the first one counts. */
static enum err_code enter_merge(struct ref_vocab *v, uint32_t rank, struct err *why)
{
    const struct ref_merge_key *k = &v->key[rank];
    const uint8_t *text = v->pool + k->off;
    if (k->left == 0 || k->right == 0 || ref_vocab_rank(v, text, k->left, k->right) != UINT32_MAX)
        return OK;
    uint32_t *place = free_place(v->rank, v->rank_mask, hash_merge(text, k->left, k->right));
    if (place == NULL)
        return err_set(why, ERR_LIMIT, "merge %u: its place in the table is crowded", rank);
    *place = rank + 1;
    return OK;
}

/* ---- what a stranger's definition may say ---- */

static enum err_code check_id(const struct ref_vocab_def *def, const char *name, int32_t id,
                              struct err *why)
{
    if (id >= -1 && (id < 0 || (uint32_t)id < def->n_pieces))
        return OK;
    return err_set(why, ERR_RANGE, "%s is %d, of %u pieces", name, id, def->n_pieces);
}

static enum err_code check_piece(const struct ref_piece *p, uint32_t id, struct err *why)
{
    if (p->len > REF_PIECE_MAX)
        return err_set(why, ERR_TOO_LARGE, "piece %u has %u bytes, at most %d are allowed", id,
                       p->len, (int)REF_PIECE_MAX);
    if (p->type < REF_PIECE_NORMAL || p->type > REF_PIECE_BYTE)
        return err_set(why, ERR_RANGE, "piece %u has type %u, not 1 to 6", id, (unsigned)p->type);
    if (!isfinite(p->score))
        return err_set(why, ERR_RANGE, "piece %u has a score that is no finite number", id);
    return OK;
}

static enum err_code check_merge(const struct ref_merge *m, uint32_t rank, struct err *why)
{
    if (m->left_len <= REF_PIECE_MAX && m->right_len <= REF_PIECE_MAX)
        return OK;
    return err_set(why, ERR_TOO_LARGE, "merge %u has a part of over %d bytes", rank,
                   (int)REF_PIECE_MAX);
}

static enum err_code check_ids(const struct ref_vocab_def *def, struct err *why)
{
    enum err_code rc = check_id(def, "bos", def->bos, why);
    if (rc == OK)
        rc = check_id(def, "eos", def->eos, why);
    if (rc == OK)
        rc = check_id(def, "unk", def->unk, why);
    if (rc == OK && ((def->add_bos && def->bos < 0) || (def->add_eos && def->eos < 0)))
        rc = err_set(why, ERR_RANGE, "a token is to be added and there is none: bos %d, eos %d",
                     def->bos, def->eos);
    return rc;
}

static enum err_code check_def(const struct ref_vocab_def *def, struct err *why)
{
    if (def->n_pieces == 0 || def->n_pieces > REF_VOCAB_MAX || def->n_merges > REF_VOCAB_MAX)
        return err_set(why, ERR_TOO_LARGE, "%u pieces and %u merges, 1 to %d pieces are allowed",
                       def->n_pieces, def->n_merges, (int)REF_VOCAB_MAX);
    enum err_code rc = check_ids(def, why);
    for (uint32_t i = 0; i < def->n_pieces && rc == OK; i++)
        rc = check_piece(&def->piece[i], i, why);
    for (uint32_t i = 0; i < def->n_merges && rc == OK; i++)
        rc = check_merge(&def->merge[i], i, why);
    return rc;
}

/* ---- the caller's memory ---- */

struct region {
    uint8_t *at;
    size_t used; /* counts also without memory: that is how it is measured */
};

static void *take(struct region *r, size_t n, size_t each)
{
    void *p = r->at == NULL ? NULL : r->at + r->used;
    r->used += (n * each + 7) / 8 * 8;
    return p;
}

static bool is_special(uint8_t type)
{
    return type == REF_PIECE_UNKNOWN || type == REF_PIECE_CONTROL || type == REF_PIECE_USER_DEFINED;
}

static size_t pool_bytes(const struct ref_vocab_def *def)
{
    size_t sum = 0;
    for (uint32_t i = 0; i < def->n_pieces; i++)
        sum += def->piece[i].len;
    for (uint32_t i = 0; i < def->n_merges; i++)
        sum += (size_t)def->merge[i].left_len + def->merge[i].right_len;
    return sum;
}

/* Lays the tables out; their contents are still to come. */
static void lay_out(struct ref_vocab *v, struct region *r)
{
    const struct ref_vocab_def *def = v->def;
    const size_t places = table_places(def->n_pieces), ranks = table_places(def->n_merges);
    const bool bpe = def->kind == REF_VOCAB_BPE;
    const bool walks = def->kind == REF_VOCAB_WPM || def->kind == REF_VOCAB_UGM;
    for (uint32_t i = 0; i < def->n_pieces; i++)
        v->n_special += is_special(def->piece[i].type) && def->piece[i].len > 0;
    v->place_mask = (uint32_t)(places - 1);
    v->rank_mask = (uint32_t)(ranks - 1);
    v->place = take(r, places, sizeof *v->place);
    v->rank = take(r, bpe ? ranks : 0, sizeof *v->rank);
    v->plain = take(r, bpe ? def->n_pieces : 0, sizeof *v->plain);
    v->key = take(r, bpe ? def->n_merges : 0, sizeof *v->key);
    v->sorted = take(r, walks ? def->n_pieces : 0, sizeof *v->sorted);
    v->special = take(r, v->n_special, sizeof *v->special);
    v->shorter = take(r, v->n_special, sizeof *v->shorter);
    v->pool = take(r, bpe ? pool_bytes(def) : 0, 1);
}

enum { ALIGNMENT = 8 };

enum err_code ref_vocab_bytes(const struct ref_vocab_def *def, size_t *ret, struct err *why)
{
    struct ref_vocab v = {.def = def};
    struct region r = {.at = NULL};
    const enum err_code rc = check_def(def, why);
    if (rc != OK)
        return rc;
    if (pool_bytes(def) > UINT32_MAX)
        return err_set(why, ERR_TOO_LARGE, "the texts have over 4 GiB");
    lay_out(&v, &r);
    *ret = r.used + ALIGNMENT;
    return OK;
}

/* ---- order, for walks ---- */

static const struct ref_piece *piece(const struct ref_vocab *v, uint32_t id)
{
    return &v->def->piece[id];
}

static int compare(const struct ref_piece *a, const struct ref_piece *b)
{
    const int order = memcmp(a->text, b->text, a->len < b->len ? a->len : b->len);
    return order != 0 ? order : (a->len > b->len) - (a->len < b->len);
}

static void sift(const struct ref_vocab *v, uint32_t *list, uint32_t root, uint32_t n)
{
    const uint32_t id = list[root];
    for (uint32_t child; (child = 2 * root + 1) < n; root = child) {
        if (child + 1 < n && compare(piece(v, list[child]), piece(v, list[child + 1])) < 0)
            child++;
        if (compare(piece(v, id), piece(v, list[child])) >= 0)
            break;
        list[root] = list[child];
    }
    list[root] = id;
}

/* Heapsort: no memory, and no order of a stranger's makes it slow. */
static void sort(const struct ref_vocab *v, uint32_t *list, uint32_t n)
{
    for (uint32_t i = n / 2; i > 0; i--)
        sift(v, list, i - 1, n);
    for (uint32_t end = n; end > 1; end--) {
        const uint32_t largest = list[0];
        list[0] = list[end - 1];
        list[end - 1] = largest;
        sift(v, list, 0, end - 1);
    }
}

struct ref_vocab_walk ref_vocab_walk_pieces(const struct ref_vocab *v)
{
    return (struct ref_vocab_walk){.list = v->sorted, .last = v->n_sorted};
}

struct ref_vocab_walk ref_vocab_walk_special(const struct ref_vocab *v)
{
    return (struct ref_vocab_walk){.list = v->special, .last = v->n_special};
}

/* The byte of a piece at this depth; -1 behind its end, so that it comes first. */
static int byte_at(const struct ref_vocab *v, const struct ref_vocab_walk *w, uint32_t i)
{
    const struct ref_piece *p = piece(v, w->list[i]);
    return w->depth < p->len ? (uint8_t)p->text[w->depth] : -1;
}

/* The first piece in the walk whose byte is at least `byte`. */
static uint32_t first_from(const struct ref_vocab *v, const struct ref_vocab_walk *w, int byte)
{
    uint32_t low = w->first, high = w->last;
    while (low < high) {
        const uint32_t mid = low + (high - low) / 2;
        if (byte_at(v, w, mid) < byte)
            low = mid + 1;
        else
            high = mid;
    }
    return low;
}

bool ref_vocab_walk_on(const struct ref_vocab *v, struct ref_vocab_walk *w, uint8_t byte)
{
    const uint32_t first = first_from(v, w, byte), last = first_from(v, w, byte + 1);
    w->first = first;
    w->last = last;
    w->depth++;
    return first < last;
}

uint32_t ref_vocab_walk_end(const struct ref_vocab *v, const struct ref_vocab_walk *w)
{
    if (w->first < w->last && piece(v, w->list[w->first])->len == w->depth)
        return w->first;
    return UINT32_MAX;
}

/* ---- building ---- */

static uint8_t *unspell_piece(struct ref_vocab *v, uint32_t id, uint8_t *to)
{
    const struct ref_piece *p = piece(v, id);
    const size_t n = unspell(p->text, p->len, to);
    v->plain[id].off = (uint32_t)(to - v->pool);
    v->plain[id].len = n == SIZE_MAX ? NO_TEXT : (uint32_t)n;
    return n == SIZE_MAX ? to : to + n;
}

/* A merge with a part that spells no bytes never happens: its key stays empty. */
static uint8_t *unspell_merge(struct ref_vocab *v, uint32_t rank, uint8_t *to)
{
    const struct ref_merge *m = &v->def->merge[rank];
    v->key[rank] = (struct ref_merge_key){.off = (uint32_t)(to - v->pool)};
    const size_t left = unspell(m->left, m->left_len, to);
    if (left == SIZE_MAX)
        return to;
    const size_t right = unspell(m->right, m->right_len, to + left);
    if (right == SIZE_MAX)
        return to;
    v->key[rank].left = (uint16_t)left;
    v->key[rank].right = (uint16_t)right;
    if (left + right > v->longest)
        v->longest = (uint32_t)(left + right);
    return to + left + right;
}

static enum err_code fill_tables(struct ref_vocab *v, struct err *why)
{
    enum err_code rc = OK;
    uint8_t *to = v->pool;
    for (uint32_t i = 0; i < v->def->n_pieces; i++) {
        if (v->def->kind == REF_VOCAB_BPE)
            to = unspell_piece(v, i, to);
        if (piece(v, i)->len > v->longest)
            v->longest = piece(v, i)->len;
    }
    memset(v->place, 0, ((size_t)v->place_mask + 1) * sizeof *v->place);
    for (uint32_t i = 0; i < v->def->n_pieces && rc == OK; i++)
        rc = enter_piece(v, i, why);
    if (v->def->kind != REF_VOCAB_BPE)
        return rc;
    memset(v->rank, 0, ((size_t)v->rank_mask + 1) * sizeof *v->rank);
    for (uint32_t i = 0; i < v->def->n_merges; i++)
        to = unspell_merge(v, i, to);
    for (uint32_t i = 0; i < v->def->n_merges && rc == OK; i++)
        rc = enter_merge(v, i, why);
    return rc;
}

/* The index in v->special of the longest one that begins special i, i itself apart. */
static uint32_t find_shorter(const struct ref_vocab *v, uint32_t i)
{
    const struct ref_piece *p = piece(v, v->special[i]);
    struct ref_vocab_walk w = ref_vocab_walk_special(v);
    uint32_t longest = UINT32_MAX;
    for (uint32_t at = 0; at + 1 < p->len && ref_vocab_walk_on(v, &w, (uint8_t)p->text[at]); at++)
        if (ref_vocab_walk_end(v, &w) != UINT32_MAX)
            longest = ref_vocab_walk_end(v, &w);
    return longest;
}

static void fill_special(struct ref_vocab *v)
{
    uint32_t n = 0;
    for (uint32_t i = 0; i < v->def->n_pieces; i++)
        if (is_special(piece(v, i)->type) && piece(v, i)->len > 0)
            v->special[n++] = i;
    sort(v, v->special, n);
    for (uint32_t i = 0; i < n; i++)
        v->shorter[i] = find_shorter(v, i);
}

/* UGM matches normal, user-defined and unused pieces, WPM all of them. */
static void fill_sorted(struct ref_vocab *v)
{
    for (uint32_t i = 0; i < v->def->n_pieces; i++) {
        const uint8_t type = piece(v, i)->type;
        if (piece(v, i)->len > 0 && (v->def->kind == REF_VOCAB_WPM || type == REF_PIECE_NORMAL ||
                                     type == REF_PIECE_USER_DEFINED || type == REF_PIECE_UNUSED))
            v->sorted[v->n_sorted++] = i;
    }
    sort(v, v->sorted, v->n_sorted);
}

/* SPM names a byte "<0x0A>"; a piece of that one byte will do where this one is missing. */
static void fill_bytes(struct ref_vocab *v)
{
    for (unsigned i = 0; i < 256; i++) {
        char name[8];
        const uint8_t byte = (uint8_t)i;
        const int n = snprintf(name, sizeof name, "<0x%02X>", i);
        v->byte_piece[i] = -1;
        if (v->def->kind != REF_VOCAB_BPE)
            v->byte_piece[i] = ref_vocab_find(v, (const uint8_t *)name, (size_t)n);
        if (v->byte_piece[i] < 0)
            v->byte_piece[i] = ref_vocab_find(v, &byte, 1);
    }
}

/* What an unknown character costs: 10 below the worst normal piece (as SentencePiece has it). */
static void fill_unk_score(struct ref_vocab *v)
{
    float worst = INFINITY;
    for (uint32_t i = 0; i < v->def->n_pieces; i++)
        if (piece(v, i)->type == REF_PIECE_NORMAL && piece(v, i)->score < worst)
            worst = piece(v, i)->score;
    v->unk_score = (isinf(worst) ? 0.0f : worst) - 10.0f;
}

enum err_code ref_vocab_init(struct ref_vocab *ret, const struct ref_vocab_def *def, void *mem,
                             size_t bytes, struct err *why)
{
    struct ref_vocab v = {.def = def};
    size_t need = 0;
    enum err_code rc = ref_vocab_bytes(def, &need, why);
    if (rc != OK)
        return rc;
    if (bytes < need)
        return err_set(why, ERR_TOO_LARGE, "the tables take %zu bytes, there are %zu", need, bytes);
    rc = ref_charsmap_open(def->charsmap, def->charsmap_bytes, &v.charsmap, why);
    if (rc != OK)
        return rc;
    struct region r = {.at = (uint8_t *)mem + (ALIGNMENT - (uintptr_t)mem % ALIGNMENT) % ALIGNMENT};
    lay_out(&v, &r);
    rc = fill_tables(&v, why);
    if (rc != OK)
        return rc;
    fill_special(&v);
    if (v.sorted != NULL && (def->kind == REF_VOCAB_WPM || def->kind == REF_VOCAB_UGM))
        fill_sorted(&v);
    fill_bytes(&v);
    fill_unk_score(&v);
    *ret = v;
    return OK;
}

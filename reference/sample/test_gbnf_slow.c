/* Random grammars against their definition: all readings of a text are kept, each with a stack of
 * its own. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "reference/sample/test_gbnf.h"

/* ---- a slow acceptor: explicit stacks, one for each way to read the text ---- */

enum { RULES = 3, ALTS = 3, ITEMS = 3, UNBOUNDED = -1, LETTERS = 4 };
static const uint32_t alphabet[LETTERS] = {'a', 'b', 0xe9, 0x1f600};
static const char *const spelled[LETTERS] = {"a", "b", "\xc3\xa9", "\xf0\x9f\x98\x80"};

struct part {
    int rule;         /* -1: a class */
    unsigned letters; /* of the alphabet */
    bool others;      /* and all other code points */
    int least, most;
};
struct random_grammar {
    struct part part[RULES][ALTS][ITEMS];
    int n_parts[RULES][ALTS], n_alts[RULES];
};

struct frame {
    int rule, alt, part, count;
};
enum { DEPTH = 48, STACKS = 400 };
struct stack {
    struct frame f[DEPTH];
    int n;
};
struct reading {
    struct stack s[STACKS];
    int n;
    int work; /* frames looked at */
    bool can_end, gave_up;
};

static void put(struct reading *r, const struct stack *s)
{
    for (int i = 0; i < r->n; i++)
        if (r->s[i].n == s->n && memcmp(r->s[i].f, s->f, (size_t)s->n * sizeof s->f[0]) == 0)
            return;
    if (r->n == STACKS)
        r->gave_up = true;
    else
        r->s[r->n++] = *s;
}

static void expand(const struct random_grammar *g, struct stack s, struct reading *r)
{
    if (r->work++ > 3000)
        r->gave_up = true;
    if (r->gave_up)
        return;
    if (s.n == 0) {
        r->can_end = true;
        return;
    }
    struct frame *f = &s.f[s.n - 1];
    if (f->part == g->n_parts[f->rule][f->alt]) {
        s.n--;
        if (s.n > 0)
            s.f[s.n - 1].count++;
        expand(g, s, r);
        return;
    }
    const struct part *p = &g->part[f->rule][f->alt][f->part];
    if (p->most == UNBOUNDED && f->count > p->least)
        f->count = p->least;
    if (f->count >= p->least) {
        struct stack on = s;
        on.f[on.n - 1].part++;
        on.f[on.n - 1].count = 0;
        expand(g, on, r);
    }
    if (p->most != UNBOUNDED && f->count >= p->most)
        return;
    if (p->rule < 0) {
        put(r, &s);
        return;
    }
    for (int alt = 0; alt < g->n_alts[p->rule]; alt++) {
        struct stack in = s;
        if (in.n == DEPTH) {
            r->gave_up = true;
            return;
        }
        in.f[in.n++] = (struct frame){.rule = p->rule, .alt = alt};
        expand(g, in, r);
    }
}

static void slow_start(const struct random_grammar *g, struct reading *r)
{
    r->n = r->work = 0;
    r->can_end = r->gave_up = false;
    for (int alt = 0; alt < g->n_alts[0]; alt++) {
        const struct stack s = {.f = {{.rule = 0, .alt = alt}}, .n = 1};
        expand(g, s, r);
    }
}

static bool slow_takes(const struct part *p, uint32_t cp)
{
    for (int i = 0; i < LETTERS; i++)
        if (alphabet[i] == cp)
            return p->letters >> i & 1;
    return p->others;
}

static const struct part *top_part(const struct random_grammar *g, const struct stack *s)
{
    const struct frame *f = &s->f[s->n - 1];
    return &g->part[f->rule][f->alt][f->part];
}

static void slow_advance(const struct random_grammar *g, const struct reading *from, uint32_t cp,
                         struct reading *to)
{
    to->n = to->work = 0;
    to->can_end = false;
    to->gave_up = from->gave_up;
    for (int i = 0; i < from->n; i++)
        if (slow_takes(top_part(g, &from->s[i]), cp)) {
            struct stack s = from->s[i];
            s.f[s.n - 1].count++;
            expand(g, s, to);
        }
}

/* Whether a code point outside the alphabet begins with these bytes: by trying all of them, once.
 */
static bool others_begin(const uint8_t *bytes, size_t n)
{
    static struct {
        uint8_t bytes[4];
        size_t n;
        bool yes;
    } known[256];
    static size_t n_known;
    uint8_t spelling[4];
    for (size_t i = 0; i < n_known; i++)
        if (known[i].n == n && memcmp(known[i].bytes, bytes, n) == 0)
            return known[i].yes;
    bool yes = false;
    for (uint32_t cp = 0x80; cp <= 0x10ffff && !yes; cp++)
        if ((cp < 0xd800 || cp > 0xdfff) && cp != alphabet[2] && cp != alphabet[3])
            yes = ref_utf8_put(cp, spelling) > n && memcmp(spelling, bytes, n) == 0;
    assert_true(n_known < 256);
    memcpy(known[n_known].bytes, bytes, n);
    known[n_known].n = n;
    known[n_known++].yes = yes;
    return yes;
}

static bool slow_may_begin(const struct random_grammar *g, const struct reading *r,
                           const uint8_t *bytes, size_t n)
{
    const bool others = n < 4 && others_begin(bytes, n);
    for (int i = 0; i < r->n; i++) {
        const struct part *p = top_part(g, &r->s[i]);
        if (others && p->others)
            return true;
        for (int k = 0; k < LETTERS; k++)
            if (strlen(spelled[k]) > n && memcmp(spelled[k], bytes, n) == 0 &&
                (p->letters >> k & 1))
                return true;
    }
    return false;
}

/* A text from the beginning of a character on. */
static bool slow_accept(const struct random_grammar *g, const struct reading *from,
                        const uint8_t *bytes, size_t n, struct reading *to)
{
    static struct reading next;
    *to = *from;
    while (n > 0) {
        uint32_t cp;
        uint8_t again[4];
        const size_t length = ref_utf8_lenient(bytes, n, &cp);
        const bool whole = ref_utf8_put(cp, again) == length && memcmp(again, bytes, length) == 0 &&
                           (cp < 0xd800 || cp > 0xdfff);
        if (!whole)
            return slow_may_begin(g, to, bytes, n);
        slow_advance(g, to, cp, &next);
        *to = next;
        if (to->n == 0 && !to->can_end)
            return false;
        bytes += length;
        n -= length;
    }
    return true;
}

/* ---- random grammars, as parts and as text ---- */

struct numbers {
    uint64_t s;
};
static int below(struct numbers *r, int n)
{
    r->s ^= r->s >> 12;
    r->s ^= r->s << 25;
    r->s ^= r->s >> 27;
    return (int)((r->s * 0x2545f4914f6cdd1du >> 32) % (uint32_t)n);
}

static void random_part(struct numbers *r, struct part *p)
{
    static const int counts[][2] = {{1, 1},         {1, 1}, {1, 1}, {0, 1},        {0, UNBOUNDED},
                                    {1, UNBOUNDED}, {2, 3}, {0, 2}, {2, UNBOUNDED}};
    const int *c = counts[below(r, 9)];
    *p =
        (struct part){.rule = below(r, 3) == 0 ? below(r, RULES) : -1, .least = c[0], .most = c[1]};
    if (p->rule < 0) {
        p->others = below(r, 4) == 0;
        p->letters = 1u + (unsigned)below(r, 15);
    }
}

static void make_grammar(struct numbers *r, struct random_grammar *g)
{
    for (int rule = 0; rule < RULES; rule++) {
        g->n_alts[rule] = 1 + below(r, ALTS);
        for (int alt = 0; alt < g->n_alts[rule]; alt++) {
            g->n_parts[rule][alt] = below(r, ITEMS + 1);
            for (int i = 0; i < g->n_parts[rule][alt]; i++)
                random_part(r, &g->part[rule][alt][i]);
        }
    }
}

static size_t print_part(char *to, size_t size, const struct part *p)
{
    static const char *const names[RULES] = {"root", "r1", "r2"};
    size_t n = 0;
    if (p->rule >= 0)
        n += (size_t)snprintf(to, size, " %s", names[p->rule]);
    else {
        n += (size_t)snprintf(to, size, p->others ? " [^" : " [");
        for (int i = 0; i < LETTERS; i++)
            if ((p->letters >> i & 1) != p->others)
                n += (size_t)snprintf(to + n, size - n, "%s", spelled[i]);
        if (p->others && p->letters == 15)
            n = (size_t)snprintf(to, size, " .");
        else
            n += (size_t)snprintf(to + n, size - n, "]");
    }
    if (p->most == UNBOUNDED && p->least < 2)
        n += (size_t)snprintf(to + n, size - n, p->least == 0 ? "*" : "+");
    else if (p->most == UNBOUNDED)
        n += (size_t)snprintf(to + n, size - n, "{%d,}", p->least);
    else if (p->least == 0 && p->most == 1)
        n += (size_t)snprintf(to + n, size - n, "?");
    else if (p->most != 1)
        n += (size_t)snprintf(to + n, size - n, "{%d,%d}", p->least, p->most);
    return n;
}

static void print_grammar(const struct random_grammar *g, char *to, size_t size)
{
    size_t n = 0;
    for (int rule = 0; rule < RULES; rule++)
        for (int alt = 0; alt < g->n_alts[rule]; alt++) {
            if (alt == 0)
                n += (size_t)snprintf(to + n, size - n,
                                      "%s ::=", (const char *[]){"root", "r1", "r2"}[rule]);
            if (g->n_parts[rule][alt] == 0) /* an empty line would go on in the next */
                n += (size_t)snprintf(to + n, size - n, " \"\"");
            for (int i = 0; i < g->n_parts[rule][alt]; i++)
                n += print_part(to + n, size - n, &g->part[rule][alt][i]);
            n += (size_t)snprintf(to + n, size - n, alt + 1 == g->n_alts[rule] ? "\n" : " |");
        }
}

/* By the definition: a rule that is reached from itself through what may be empty. */
static bool is_left_recursive(const struct random_grammar *g)
{
    bool empty[RULES] = {false}, begins[RULES][RULES] = {{false}};
    for (int round = 0; round <= RULES; round++)
        for (int rule = 0; rule < RULES; rule++)
            for (int alt = 0; alt < g->n_alts[rule]; alt++) {
                bool all = true;
                for (int i = 0; i < g->n_parts[rule][alt]; i++) {
                    const struct part *p = &g->part[rule][alt][i];
                    const bool nothing = p->rule >= 0 && empty[p->rule];
                    if (nothing && p->most == UNBOUNDED)
                        return true;
                    if (all && p->rule >= 0)
                        begins[rule][p->rule] = true;
                    all = all && (p->least == 0 || nothing);
                }
                empty[rule] = empty[rule] || all;
            }
    for (int k = 0; k < RULES; k++)
        for (int i = 0; i < RULES; i++)
            for (int j = 0; j < RULES; j++)
                begins[i][j] = begins[i][j] || (begins[i][k] && begins[k][j]);
    for (int i = 0; i < RULES; i++)
        if (begins[i][i])
            return true;
    return false;
}

static const char *const piece_texts[] = {
    "a",
    "b",
    "ab",
    "ba",
    "aab",
    "\xc3",
    "\xa9",
    "\xa9"
    "a",
    "\xc3\xa9",
    "\xc3\xa9"
    "b",
    "a\xc3",
    "\xf0",
    "\xf0\x9f",
    "\x9f\x98",
    "\x98\x80",
    "\xf0\x9f\x98\x80",
    "\x80",
    "\xe0",
    "\xed\xa0",
    "\xe2\x82",
    "\xff",
    "\xc0\x80",
    "x",
    "",
    "bb\xf0\x9f\x98",
    "\xf4\x90",
    "\xf4\x8f",
    "aaaa",
};
enum { PIECES = sizeof piece_texts / sizeof piece_texts[0] };

/* held: bytes of a character that the text has begun and not ended. */
static void compare_mask(const struct random_grammar *g, struct ref_gbnf_state *s,
                         const struct reading *r, const char *held, const char *text)
{
    static struct reading after;
    struct ref_mask_piece piece[PIECES];
    struct ref_gbnf_mark path[REF_MASK_LONGEST + 1];
    uint32_t order[PIECES];
    uint8_t allow[PIECES];
    const int32_t eog = 23; /* the empty piece */
    for (uint32_t i = 0; i < PIECES; i++)
        piece[i] = (struct ref_mask_piece){(const uint8_t *)piece_texts[i],
                                           (uint32_t)strlen(piece_texts[i])};
    ref_mask_sort(piece, PIECES, order);
    assert_int_equal(ref_gbnf_mask(s, piece, PIECES, order, &eog, 1, path, allow), REF_GBNF_OK);
    assert_int_equal(allow[eog], r->can_end && held[0] == '\0');
    for (uint32_t i = 0; i < PIECES; i++) {
        char bytes[16];
        const size_t n = (size_t)snprintf(bytes, sizeof bytes, "%s%s", held, piece_texts[i]);
        if (piece[i].len == 0)
            continue;
        const bool want = slow_accept(g, r, (uint8_t *)bytes, n, &after);
        if (!after.gave_up && allow[i] != want)
            fail_msg("%s: piece %u is %s, which is wrong", text, i, want ? "refused" : "allowed");
    }
}

static void compare_texts(struct numbers *r, const struct random_grammar *g, const char *text,
                          struct grammar *t)
{
    static struct reading slow, next;
    slow_start(g, &slow);
    for (int i = 0; i < 6 && !slow.gave_up; i++) {
        const int letter = below(r, LETTERS);
        const char *c = spelled[letter];
        assert_int_equal(ref_gbnf_can_end(&t->s), slow.can_end);
        compare_mask(g, &t->s, &slow, "", text);
        slow_advance(g, &slow, alphabet[letter], &next);
        const bool want = next.n > 0 || next.can_end;
        if (!next.gave_up && want && strlen(c) > 1) { /* the character comes in two parts */
            char first[2] = {c[0], '\0'};
            assert_true(accept(&t->s, first, 1));
            compare_mask(g, &t->s, &slow, first, text);
            c++;
        }
        if (next.gave_up)
            return;
        if (accept(&t->s, c, strlen(c)) != want)
            fail_msg("%s: letter %d is %s, which is wrong", text, i, want ? "refused" : "taken");
        if (want)
            slow = next;
    }
}

static void texts_and_masks_are_those_of_the_slow_acceptor(void **state)
{
    (void)state;
    struct numbers r = {1};
    int compared = 0, left = 0;
    for (int round = 0; round < 1000; round++) {
        struct random_grammar g;
        struct grammar t;
        struct err why = {.text = ""};
        char text[2048];
        size_t offset;
        make_grammar(&r, &g);
        print_grammar(&g, text, sizeof text);
        const enum ref_gbnf_status s = parse(&t, text, strlen(text), &offset, &why);
        if (s != (is_left_recursive(&g) ? REF_GBNF_LEFTREC : REF_GBNF_OK))
            fail_msg("%s\nstatus %d: %s", text, s, why.text);
        for (int i = 0; i < 3 && s == REF_GBNF_OK; i++) {
            open_state(&t, CAP);
            compare_texts(&r, &g, text, &t);
            free(t.state_mem);
        }
        compared += s == REF_GBNF_OK;
        left += s == REF_GBNF_LEFTREC;
        free(t.mem);
    }
    assert_true(compared > 150 && left > 150);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(texts_and_masks_are_those_of_the_slow_acceptor),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

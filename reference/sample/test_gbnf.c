#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "reference/sample/mask.h"

enum { ELEMENTS = 60000, CAP = 2048 };

struct grammar {
    struct ref_gbnf g;
    struct ref_gbnf_state s;
    void *mem, *state_mem;
    size_t state_bytes;
};

static enum ref_gbnf_status parse(struct grammar *t, const char *text, size_t n, size_t *offset,
                                  struct err *why)
{
    const size_t bytes = ref_gbnf_bytes(ELEMENTS);
    *t = (struct grammar){.mem = malloc(bytes)};
    assert_non_null(t->mem);
    return ref_gbnf_parse(&t->g, text, n, "root", t->mem, bytes, offset, why);
}

static void open_state(struct grammar *t, uint32_t cap)
{
    t->state_bytes = ref_gbnf_state_bytes(&t->g, cap);
    t->state_mem = malloc(t->state_bytes);
    assert_non_null(t->state_mem);
    assert_int_equal(ref_gbnf_open(&t->s, &t->g, cap, t->state_mem, t->state_bytes), REF_GBNF_OK);
}

/* In place: the state points at the grammar. */
static void load(struct grammar *t, const char *text)
{
    struct err why = {.text = ""};
    size_t offset;
    if (parse(t, text, strlen(text), &offset, &why) != REF_GBNF_OK)
        fail_msg("%s\n%s", text, why.text);
    open_state(t, CAP);
}

static void unload(struct grammar *t)
{
    free(t->mem);
    free(t->state_mem);
}

static bool accept(struct ref_gbnf_state *s, const char *text, size_t n)
{
    bool ok = false;
    assert_int_equal(ref_gbnf_accept(s, (const uint8_t *)text, n, &ok), REF_GBNF_OK);
    return ok;
}

/* ---- known grammars ---- */

#define JSON                                                                                       \
    "root ::= object\n"                                                                            \
    "value ::= object | array | string | number | (\"true\" | \"false\" | \"null\") ws\n"          \
    "object ::= \"{\" ws (string \":\" ws value (\",\" ws string \":\" ws value)*)? \"}\" ws\n"    \
    "array ::= \"[\" ws (value (\",\" ws value)*)? \"]\" ws\n"                                     \
    "string ::= \"\\\"\" ([^\"\\\\\\x7F\\x00-\\x1F] | \"\\\\\" ([\"\\\\bfnrt/] | \"u\" "           \
    "[0-9a-fA-F]{4}))* \"\\\"\" ws\n"                                                              \
    "number ::= \"-\"? (\"0\" | [1-9] [0-9]*) (\".\" [0-9]+)? ([eE] [-+]? [0-9]+)? ws\n"           \
    "ws ::= | \" \" | \"\\n\" [ \\t]{0,20}\n"

static void known_grammars_take_known_texts(void **state)
{
    (void)state;
    static const struct {
        const char *grammar, *good[8], *bad[8];
    } cases[] = {
        {"root ::= \"ab\" | [x-z]", {"ab", "x", "z"}, {"a", "b", "w", "abx", ""}},
        {"root ::= \"a\" \"b\"?\n", {"a", "ab"}, {"b", "abb"}},
        {"root ::= \"ab\"*", {"", "ab", "abab"}, {"a", "aba"}},
        {"root ::= \"a\"{2,3}", {"aa", "aaa"}, {"a", "aaaa"}},
        {"root ::= \"a\"{2}", {"aa"}, {"a", "aaa"}},
        {"root ::= \"a\"{2,}", {"aa", "aaaaaa"}, {"a"}},
        {"root ::= \"a\"{0}", {""}, {"a"}},
        {"root ::= (\"a\"\n | \"b\" )+", {"a", "abba"}, {"", "c"}},
        {"root ::= \"a\" |\n \"b\"", {"a", "b"}, {"ab"}},
        {"root ::= a b # comment\na ::= \"x\" # c\nb::=\"y\"", {"xy"}, {"x", "y"}},
        {"root ::= [^a-c\\n]", {"d", "\xc3\xa9", " "}, {"a", "b", "\n", "dd"}},
        {"root ::= [a-]  [-a] [\\-x]", {"-a-", "a-x"}, {"---x", "b-x"}},
        {"root ::= [\\[\\]\\\\\\\"]", {"[", "]", "\\", "\""}, {"a"}},
        {"root ::= \"\\x41\\u00e9\\U0001F600\\t\"", {"A\xc3\xa9\xf0\x9f\x98\x80\t"}, {"A"}},
        {"root ::= .",
         {"a", "\n", "\xf4\x8f\xbf\xbf"},
         {"\xed\xa0\x80", "\xf4\x90\x80\x80", "\xff"}},
        {"root ::= [^\\u00e9]", {"a", "\xc3\xa8"}, {"\xc3\xa9"}},
        {"root ::= [z-a] | \"q\"", {"q"}, {"z", "m"}},
        {"root ::= \"a\" root \"b\" | ", {"", "ab", "aaabbb"}, {"a", "abb", "ba"}},
        {"root ::= x\nx ::= \"a\"\nx ::= \"b\"", {"b"}, {"a"}},
        {"root ::= \"\" \"a\"", {"a"}, {"b"}},
        {"\r\n# c\r\nroot ::= \"a\"\r\n", {"a"}, {"b"}},
        {"root ::= (\"a\" (\"b\" (\"c\")?)?)?", {"", "a", "ab", "abc"}, {"ac", "b"}},
        {JSON,
         {"{}", "{\"a\":[1,-2.5e10,true]}", "{\"\\u00e9\":\"\xc3\xa9\"} "},
         {"{\"a\"}", "{\"a\":01}", "{\"a\":1,}", "[1]"}},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        for (int k = 0; k < 16; k++) {
            const char *text = k < 8 ? cases[i].good[k] : cases[i].bad[k - 8];
            if (text == NULL)
                continue;
            struct grammar t;
            load(&t, cases[i].grammar);
            const bool ok = accept(&t.s, text, strlen(text)) && ref_gbnf_can_end(&t.s);
            if (ok != (k < 8))
                fail_msg("%s\n%s \"%s\"", cases[i].grammar, ok ? "takes" : "refuses", text);
            unload(&t);
        }
    }
}

static void faults_are_found_where_they_are(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        enum ref_gbnf_status status;
        int offset;
    } cases[] = {
        {"root", REF_GBNF_SYNTAX, 4},
        {"root :: a", REF_GBNF_SYNTAX, 7},
        {"root = a", REF_GBNF_SYNTAX, 5},
        {"_x ::= a", REF_GBNF_SYNTAX, 0},
        {"root ::= \"a", REF_GBNF_SYNTAX, 11},
        {"root ::= \"\\q\"", REF_GBNF_SYNTAX, 11},
        {"root ::= \"\\x4g\"", REF_GBNF_SYNTAX, 13},
        {"root ::= \"\\", REF_GBNF_SYNTAX, 11},
        {"root ::= [a", REF_GBNF_SYNTAX, 11},
        {"root ::= []", REF_GBNF_SYNTAX, 10},
        {"root ::= [^]", REF_GBNF_SYNTAX, 11},
        {"root ::= (\"a\"", REF_GBNF_SYNTAX, 13},
        {"root ::= \"a\")", REF_GBNF_SYNTAX, 12},
        {"root ::= *", REF_GBNF_SYNTAX, 9},
        {"root ::= \"\"*", REF_GBNF_SYNTAX, 11},
        {"root ::= \"a\" | +", REF_GBNF_SYNTAX, 15},
        {"root ::= \"a\"{", REF_GBNF_SYNTAX, 13},
        {"root ::= \"a\"{,3}", REF_GBNF_SYNTAX, 13},
        {"root ::= \"a\"{1;3}", REF_GBNF_SYNTAX, 14},
        {"root ::= \"a\"{1,3", REF_GBNF_SYNTAX, 16},
        {"root ::= \"\xff\"", REF_GBNF_SYNTAX, 10},
        {"root ::= \"\xc3\"", REF_GBNF_SYNTAX, 11},
        {"root ::= \"a\" & \"b\"", REF_GBNF_SYNTAX, 13},
        {"root ::= \"a\"{2001}", REF_GBNF_LIMIT, 13},
        {"root ::= \"a\"{99999999999999999999}", REF_GBNF_LIMIT, 13},
        {"root ::= \"a\"{3,2}", REF_GBNF_LIMIT, 13},
        {"root ::= nowhere", REF_GBNF_UNDEFINED, 9},
        {"", REF_GBNF_NOROOT, 0},
        {"a ::= \"a\"", REF_GBNF_NOROOT, 9},
        {"root ::= root \"a\" | \"b\"", REF_GBNF_LEFTREC, -1},
        {"root ::= a\na ::= \"x\"? b\nb ::= root", REF_GBNF_LEFTREC, -1},
        {"root ::= (\"a\"?)*", REF_GBNF_LEFTREC, -1},
        {"root ::= \"x\" y\ny ::= z y \nz ::= \"\"", REF_GBNF_LEFTREC, -1},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct grammar t;
        struct err why = {.text = ""};
        size_t offset = 999;
        const enum ref_gbnf_status s =
            parse(&t, cases[i].text, strlen(cases[i].text), &offset, &why);
        if (s != cases[i].status || (cases[i].offset >= 0 && offset != (size_t)cases[i].offset))
            fail_msg("%s: status %d at %zu (%s)", cases[i].text, s, offset, why.text);
        free(t.mem);
    }
}

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

/* ---- bounds ---- */

static void what_is_refused_changes_nothing(void **state)
{
    (void)state;
    struct grammar t;
    load(&t, JSON);
    assert_true(accept(&t.s, "{\"a\":[1,", 8));
    assert_false(accept(&t.s, "2,3,]", 5));
    assert_false(accept(&t.s, "\"\xc3", 2) && accept(&t.s, "\xc3", 1));
    assert_true(accept(&t.s, "\xa9\"]", 3));
    assert_true(accept(&t.s, "}", 1) && ref_gbnf_can_end(&t.s));
    unload(&t);
}

static void no_sentence_ends_within_a_character(void **state)
{
    (void)state;
    struct grammar t;
    load(&t, "root ::= .*");
    assert_true(ref_gbnf_can_end(&t.s));
    assert_true(accept(&t.s, "\xc3", 1));
    assert_false(ref_gbnf_can_end(&t.s));
    unload(&t);
}

/* Separate stacks would be 2^40 here. */
static void an_ambiguous_grammar_stays_small(void **state)
{
    (void)state;
    struct grammar t;
    load(&t, "root ::= \"x\" root \"y\" | \"x\" root \"z\" | \"x\" root [yz] | \"x\"");
    for (int i = 0; i < 40; i++)
        assert_true(accept(&t.s, "x", 1));
    for (int i = 0; i < 39; i++)
        assert_true(accept(&t.s, i % 2 == 0 ? "y" : "z", 1));
    assert_true(ref_gbnf_can_end(&t.s));
    assert_false(accept(&t.s, "y", 1));
    unload(&t);
}

static void a_long_text_needs_no_more_memory(void **state)
{
    (void)state;
    struct grammar t;
    load(&t, JSON);
    struct grammar small = {.g = t.g};
    open_state(&small, 256);
    assert_true(accept(&small.s, "{\"k\":[", 6));
    for (int i = 0; i < 20000; i++)
        assert_true(accept(&small.s, "{\"a\":[1, \"b\\n\"]},", 17));
    assert_true(accept(&small.s, "0]}", 3) && ref_gbnf_can_end(&small.s));
    free(small.state_mem);
    unload(&t);
}

static void depth_ends_at_the_memory_given(void **state)
{
    (void)state;
    struct grammar t;
    load(&t, JSON);
    struct grammar small = {.g = t.g};
    open_state(&small, 256);
    enum ref_gbnf_status s = REF_GBNF_OK;
    int depth = 0;
    bool ok = true;
    assert_true(accept(&small.s, "{\"k\":", 5));
    for (; s == REF_GBNF_OK && depth < 100000; depth++) {
        s = ref_gbnf_accept(&small.s, (const uint8_t *)"[", 1, &ok);
        assert_true(s == REF_GBNF_LIMIT || ok);
    }
    assert_int_equal(s, REF_GBNF_LIMIT);
    assert_true(depth > 30);
    assert_true(accept(&small.s, "1", 1)); /* as it was before */
    free(small.state_mem);
    unload(&t);
}

/* Eight thousand million ways to read nothing: opened in the memory given, or refused. */
static void repetitions_of_repetitions_are_bounded(void **state)
{
    (void)state;
    static const char text[] = "root ::= ((\"ab\"{0,2000}){1,2000}){1,2000}";
    static const char small[] = "root ::= ((\"ab\"{0,8}){1,8}){1,8}";
    struct grammar t;
    assert_int_equal(parse(&t, text, strlen(text), NULL, NULL), REF_GBNF_OK);
    t.state_bytes = ref_gbnf_state_bytes(&t.g, 1 << 16);
    t.state_mem = malloc(t.state_bytes);
    assert_non_null(t.state_mem);
    assert_int_equal(ref_gbnf_open(&t.s, &t.g, 1 << 16, t.state_mem, t.state_bytes),
                     REF_GBNF_LIMIT);
    unload(&t);
    assert_int_equal(parse(&t, small, strlen(small), NULL, NULL), REF_GBNF_OK);
    open_state(&t, 1 << 16);
    for (int i = 0; i < 30; i++)
        assert_true(accept(&t.s, "ab", 2) && ref_gbnf_can_end(&t.s));
    unload(&t);
}

static void groups_may_be_deep_but_not_endless(void **state)
{
    (void)state;
    enum { DEEP = 600 };
    char text[2 * DEEP + 64], open[DEEP + 1], close[DEEP + 1];
    for (size_t depth = 200; depth <= DEEP; depth += 200) {
        struct grammar t;
        memset(open, '(', depth);
        memset(close, ')', depth);
        open[depth] = close[depth] = '\0';
        snprintf(text, sizeof text, "root ::= %s\"a\"%s", open, close);
        assert_int_equal(parse(&t, text, strlen(text), NULL, NULL),
                         depth <= REF_GBNF_MAX_GROUPS ? REF_GBNF_OK : REF_GBNF_LIMIT);
        free(t.mem);
    }
}

static void a_small_memory_is_refused_not_overrun(void **state)
{
    (void)state;
    for (uint32_t elements = 0; elements < 300; elements++) {
        struct ref_gbnf g;
        const size_t bytes = ref_gbnf_bytes(elements);
        void *mem = malloc(bytes);
        assert_non_null(mem);
        const enum ref_gbnf_status status =
            ref_gbnf_parse(&g, JSON, strlen(JSON), "root", mem, bytes, NULL, NULL);
        assert_true(status == REF_GBNF_LIMIT || elements > 100);
        free(mem);
    }
}

static void a_clone_goes_its_own_way(void **state)
{
    (void)state;
    struct grammar t;
    load(&t, JSON);
    struct ref_gbnf_state clone;
    assert_true(accept(&t.s, "{\"a\":[\"\xc3", 8));
    void *mem = malloc(t.state_bytes);
    assert_non_null(mem);
    assert_int_equal(ref_gbnf_clone(&clone, &t.s, mem, t.state_bytes), REF_GBNF_OK);
    assert_true(accept(&t.s, "\xa9\"]}", 4));
    assert_true(accept(&clone, "\x80\",1,", 5));
    assert_true(ref_gbnf_can_end(&t.s) && !ref_gbnf_can_end(&clone));
    assert_true(accept(&clone, "2]}", 3) && ref_gbnf_can_end(&clone));
    free(mem);
    unload(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(known_grammars_take_known_texts),
        cmocka_unit_test(faults_are_found_where_they_are),
        cmocka_unit_test(texts_and_masks_are_those_of_the_slow_acceptor),
        cmocka_unit_test(what_is_refused_changes_nothing),
        cmocka_unit_test(no_sentence_ends_within_a_character),
        cmocka_unit_test(an_ambiguous_grammar_stays_small),
        cmocka_unit_test(a_long_text_needs_no_more_memory),
        cmocka_unit_test(depth_ends_at_the_memory_given),
        cmocka_unit_test(repetitions_of_repetitions_are_bounded),
        cmocka_unit_test(groups_may_be_deep_but_not_endless),
        cmocka_unit_test(a_small_memory_is_refused_not_overrun),
        cmocka_unit_test(a_clone_goes_its_own_way),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

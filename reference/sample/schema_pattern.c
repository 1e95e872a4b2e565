#include "reference/sample/schema_pattern.h"

#include <stdio.h>
#include <string.h>

#include "reference/sample/schema_range.h"

enum { MAX_RANGES = 64, MAX_CODE_POINT = 0x10ffff };

struct pattern {
    struct schema_out *o;
    struct json_chars c; /* what is still to come */
    int depth;
};

/* ---- characters of the pattern ---- */

static uint32_t peek(const struct pattern *p)
{
    struct json_chars c = p->c;
    uint32_t cp;
    return p->o->rc == OK && json_next_char(&c, &cp) ? cp : UINT32_MAX;
}

static uint32_t next(struct pattern *p)
{
    uint32_t cp;
    return p->o->rc == OK && json_next_char(&p->c, &cp) ? cp : UINT32_MAX;
}

static bool take(struct pattern *p, uint32_t cp)
{
    if (peek(p) != cp)
        return false;
    (void)next(p);
    return true;
}

static void refuse(struct pattern *p, const char *what)
{
    schema_fail(p->o, ERR_UNSUPPORTED, "pattern: %s", what);
}

static bool is_one_of(uint32_t cp, const char *signs)
{
    return cp > 0 && cp < 0x80 && strchr(signs, (int)cp) != NULL;
}

static uint32_t take_hex(struct pattern *p, int digits)
{
    uint32_t value = 0;
    for (int i = 0; i < digits; i++) {
        const uint32_t c = next(p), letter = c | 0x20;
        if (c >= '0' && c <= '9')
            value = value * 16 + (c - '0');
        else if (letter >= 'a' && letter <= 'f')
            value = value * 16 + (letter - 'a' + 10);
        else
            refuse(p, "an escape without its digits");
    }
    return value;
}

/* The character behind a backslash that stands for one, which has been looked at. */
static uint32_t take_escape(struct pattern *p)
{
    static const char names[] = "tnvfr", values[] = "\t\n\v\f\r";
    const uint32_t c = next(p);
    if (is_one_of(c, names))
        return (uint32_t)values[strchr(names, (int)c) - names];
    if (c == 'x' || c == 'u') {
        const uint32_t value = take_hex(p, c == 'x' ? 2 : 4);
        if (value >= 0xd800 && value <= 0xdfff)
            refuse(p, "a surrogate");
        return value;
    }
    if (!is_one_of(c, "^$\\.*+?()[]{}|/-\"'#,:;<=>@!%&`~_ "))
        refuse(p, "an escape of this kind");
    return c;
}

/* ---- sets of characters ---- */

struct range {
    uint32_t first, last;
};
struct set {
    struct range range[MAX_RANGES];
    uint32_t n;
    bool negated;
};

static void add_range(struct pattern *p, struct set *s, uint32_t first, uint32_t last)
{
    if (s->n == MAX_RANGES)
        schema_fail(p->o, ERR_LIMIT, "pattern: a class of over %d ranges", (int)MAX_RANGES);
    else if (first > last)
        schema_fail(p->o, ERR_FORMAT, "pattern: a range that ends before it begins");
    else
        s->range[s->n++] = (struct range){first, last};
}

/* \d, \w, \s by their letter. False: the letter is none of them. */
static bool add_shorthand(struct pattern *p, struct set *s, uint32_t letter)
{
    static const struct range digits[] = {{'0', '9'}};
    static const struct range words[] = {{'0', '9'}, {'A', 'Z'}, {'_', '_'}, {'a', 'z'}};
    static const struct range spaces[] = {{'\t', '\r'},     {' ', ' '},       {0xa0, 0xa0},
                                          {0x1680, 0x1680}, {0x2000, 0x200a}, {0x2028, 0x2029},
                                          {0x202f, 0x202f}, {0x205f, 0x205f}, {0x3000, 0x3000},
                                          {0xfeff, 0xfeff}}; /* ECMA-262, CharacterClassEscape */
    const struct range *ranges = letter == 'd'   ? digits
                                 : letter == 'w' ? words
                                 : letter == 's' ? spaces
                                                 : NULL;
    const size_t n = letter == 'd' ? 1 : letter == 'w' ? 4 : sizeof spaces / sizeof spaces[0];
    for (size_t i = 0; ranges != NULL && i < n; i++)
        add_range(p, s, ranges[i].first, ranges[i].last);
    return ranges != NULL;
}

static bool holds(const struct set *s, uint32_t cp)
{
    for (uint32_t i = 0; i < s->n; i++)
        if (cp >= s->range[i].first && cp <= s->range[i].last)
            return !s->negated;
    return s->negated;
}

static void put_class_char(struct schema_out *o, uint32_t cp)
{
    char text[16];
    const bool plain = (cp >= '0' && cp <= '9') || (cp >= 'A' && cp <= 'Z') || cp == '_' ||
                       (cp >= 'a' && cp <= 'z');
    snprintf(text, sizeof text, plain ? "%c" : cp < 0x100 ? "\\x%02X" : "\\U%08X", cp);
    schema_put(o, text);
}

static void put_class_range(struct schema_out *o, uint32_t first, uint32_t last)
{
    put_class_char(o, first);
    if (first == last)
        return;
    schema_put(o, "-");
    put_class_char(o, last);
}

/* What may stand in a JSON string as it is. */
static const struct range plain[] = {{' ', '!'}, {'#', '['}, {']', '~'}, {0x80, MAX_CODE_POINT}};
enum { PLAIN = sizeof plain / sizeof plain[0] };

/* The part of the set that needs no escapes. Returns whether there is any. */
static bool put_plain(struct schema_out *o, const struct set *s)
{
    bool any = s->negated;
    if (s->negated)
        schema_put(o, "[^\\x22\\x5C\\x7F\\x00-\\x1F");
    for (uint32_t i = 0; i < s->n; i++)
        for (size_t k = 0; k < PLAIN; k++) {
            const uint32_t a = s->range[i].first, b = s->range[i].last;
            const uint32_t first = a > plain[k].first ? a : plain[k].first;
            const uint32_t last = b < plain[k].last ? b : plain[k].last;
            if (first > last)
                continue;
            schema_put(o, any ? "" : "[");
            put_class_range(o, first, last);
            any = true;
        }
    schema_put(o, any ? "]" : "");
    return any;
}

static void put_escaped(struct schema_out *o, uint32_t cp, bool *any)
{
    schema_put(o, *any ? " | \"" : "\"");
    schema_put_char(o, cp);
    schema_put(o, "\"");
    *any = true;
}

/* Of a negated set only the characters that have a short escape: the others never come. */
static void put_set(struct schema_out *o, const struct set *s)
{
    schema_put(o, "(");
    bool any = put_plain(o, s);
    for (uint32_t cp = 0; cp < 0x20; cp++)
        if (holds(s, cp) && (!s->negated || is_one_of(cp, "\b\t\n\f\r")))
            put_escaped(o, cp, &any);
    if (holds(s, '"'))
        put_escaped(o, '"', &any);
    if (holds(s, '\\'))
        put_escaped(o, '\\', &any);
    schema_put(o, ")");
    if (!any)
        schema_fail(o, ERR_UNSUPPORTED, "pattern: a class of no characters");
}

/* One end of a range. False: it was a shorthand, which has been added. */
static bool take_member(struct pattern *p, struct set *s, uint32_t *ret)
{
    *ret = next(p);
    if (*ret == UINT32_MAX)
        schema_fail(p->o, ERR_FORMAT, "pattern: [ without ]");
    if (*ret != '\\')
        return true;
    if (add_shorthand(p, s, peek(p))) {
        (void)next(p);
        return false;
    }
    *ret = take_escape(p);
    return true;
}

static void take_class(struct pattern *p)
{
    struct set s = {.negated = take(p, '^')};
    while (p->o->rc == OK && !take(p, ']')) {
        uint32_t first, last;
        if (!take_member(p, &s, &first))
            continue;
        last = first;
        struct pattern ahead = *p;
        if (take(&ahead, '-') && peek(&ahead) != ']') {
            *p = ahead;
            if (!take_member(p, &s, &last))
                refuse(p, "a range to \\d, \\w or \\s");
        }
        add_range(p, &s, first, last);
    }
    put_set(p->o, &s);
}

/* ---- atoms ---- */

static const char quantifiers[] = "*+?{";

/* A character that stands for itself. */
static bool take_literal(struct pattern *p, uint32_t *ret)
{
    struct pattern ahead = *p;
    const uint32_t c = next(&ahead);
    if (c == UINT32_MAX || is_one_of(c, "^$.*+?()[]{}|"))
        return false;
    if (c == '\\' && is_one_of(peek(&ahead), "dwsDWS"))
        return false;
    *p = ahead;
    *ret = c == '\\' ? take_escape(p) : c;
    return true;
}

/* As many as there are; but what is repeated stands alone. */
static void take_literals(struct pattern *p)
{
    uint32_t cp;
    schema_put(p->o, "\"");
    for (bool first = true;; first = false) {
        struct pattern ahead = *p;
        if (!take_literal(&ahead, &cp) || (!first && is_one_of(peek(&ahead), quantifiers)))
            break;
        *p = ahead;
        schema_put_char(p->o, cp);
        if (is_one_of(peek(p), quantifiers))
            break;
    }
    schema_put(p->o, "\"");
}

static void take_alternatives(struct pattern *p);

static void take_group(struct pattern *p)
{
    if (take(p, '?') && !take(p, ':'))
        refuse(p, "a group of the kind (?");
    if (p->depth == JSON_MAX_DEPTH)
        schema_fail(p->o, ERR_LIMIT, "pattern: groups over %d deep", (int)JSON_MAX_DEPTH);
    if (p->o->rc != OK)
        return;
    p->depth++;
    schema_put(p->o, "(");
    take_alternatives(p);
    schema_put(p->o, ")");
    p->depth--;
    if (!take(p, ')'))
        schema_fail(p->o, ERR_FORMAT, "pattern: ( without )");
}

/* \d and its like; c is the letter. */
static void put_shorthand(struct pattern *p, uint32_t c)
{
    struct set s = {.negated = c < 'a'};
    add_shorthand(p, &s, c | 0x20);
    put_set(p->o, &s);
}

static void take_atom(struct pattern *p)
{
    static const struct set dot = {
        .range = {{'\n', '\n'}, {'\r', '\r'}, {0x2028, 0x2029}}, .n = 3, .negated = true};
    struct pattern ahead = *p;
    uint32_t cp;
    if (take_literal(&ahead, &cp)) {
        take_literals(p);
        return;
    }
    switch (next(p)) {
    case '.':
        put_set(p->o, &dot);
        break;
    case '[':
        take_class(p);
        break;
    case '(':
        take_group(p);
        break;
    case '\\':
        put_shorthand(p, next(p));
        break;
    case '^':
    case '$':
        refuse(p, "^ and $ stand at its ends only");
        break;
    default:
        schema_fail(p->o, ERR_FORMAT, "pattern: a sign where a character is wanted");
        break;
    }
}

/* ---- repetition ---- */

static uint32_t take_number(struct pattern *p)
{
    uint32_t value = 0;
    if (!is_one_of(peek(p), "0123456789"))
        schema_fail(p->o, ERR_FORMAT, "pattern: { without a number");
    while (is_one_of(peek(p), "0123456789")) {
        value = value * 10 + (next(p) - '0');
        if (value > SCHEMA_MAX_COUNT)
            schema_fail(p->o, ERR_RANGE, "pattern: a repetition over %d", (int)SCHEMA_MAX_COUNT);
    }
    return value;
}

static void take_counts(struct pattern *p)
{
    struct schema_counts n = {.least = take_number(p)};
    n.most = n.least;
    if (take(p, ','))
        n.most = peek(p) == '}' ? SCHEMA_NO_MOST : take_number(p);
    if (!take(p, '}') || n.most < n.least)
        schema_fail(p->o, ERR_FORMAT, "pattern: counts that are none");
    schema_put_counts(p->o, n);
}

static void take_quantifier(struct pattern *p)
{
    const uint32_t c = peek(p);
    const char text[] = {(char)c, '\0'};
    if (!is_one_of(c, quantifiers))
        return;
    (void)next(p);
    if (c == '{')
        take_counts(p);
    else
        schema_put(p->o, text);
    (void)take(p, '?'); /* lazy: other matches first, the same strings */
    if (is_one_of(peek(p), quantifiers))
        schema_fail(p->o, ERR_FORMAT, "pattern: a repetition of a repetition");
}

/* ---- the whole ---- */

static void take_alternatives(struct pattern *p)
{
    while (p->o->rc == OK && peek(p) != UINT32_MAX && peek(p) != ')') {
        if (take(p, '|')) {
            schema_put(p->o, " | ");
            continue;
        }
        take_atom(p);
        take_quantifier(p);
        schema_put(p->o, " ");
    }
}

/* Whether the last $ is one, and no escaped sign. */
static bool is_anchored(const char *text, size_t n)
{
    size_t slashes = 0; /* of the JSON text, where each of the pattern is two */
    if (n < 2 || text[0] != '^' || text[n - 1] != '$')
        return false;
    while (slashes + 2 < n && text[n - 2 - slashes] == '\\')
        slashes++;
    return slashes / 2 % 2 == 0;
}

void schema_put_pattern(struct schema_out *o, uint32_t node)
{
    const struct json_node *n = &o->j.node[node];
    const char *text = o->j.text + n->off;
    struct pattern p = {.o = o};
    if (n->type != JSON_STRING)
        schema_fail(o, ERR_FORMAT, "pattern is no string");
    else if (!is_anchored(text, n->len))
        refuse(&p, "it must begin with ^ and end with $");
    if (o->rc != OK)
        return;
    p.c = (struct json_chars){.at = text + 1, .end = text + n->len - 1};
    schema_put(o, "(");
    take_alternatives(&p);
    schema_put(o, ")");
    if (o->rc == OK && peek(&p) != UINT32_MAX)
        schema_fail(o, ERR_FORMAT, "pattern: ) without (");
}

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "reference/sample/gbnf_check.h"
#include "reference/token/unicode.h"

#define NO_RULE UINT32_MAX

typedef enum ref_gbnf_status status;

struct parser {
    const uint8_t *text;
    size_t n, pos;
    struct ref_gbnf *g;
    size_t offset; /* of the fault */
    int groups;
    struct err *why;
};

const char *ref_gbnf_status_text(enum ref_gbnf_status s)
{
    switch (s) {
#define STATUS(name, value, text)                                                                  \
    case REF_GBNF_##name:                                                                          \
        return text;
#include "reference/sample/gbnf_status.def"
#undef STATUS
    }
    return "unknown status";
}

PRINTF_LIKE(4, 5)
static status fault(struct parser *p, status s, size_t offset, const char *format, ...)
{
    char text[256];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    p->offset = offset;
    err_set(p->why, s == REF_GBNF_LIMIT ? ERR_LIMIT : ERR_FORMAT, "byte %zu: %s: %s", offset, text,
            ref_gbnf_status_text(s));
    return s;
}

static status syntax(struct parser *p, const char *expected)
{
    return fault(p, REF_GBNF_SYNTAX, p->pos, "expected %s", expected);
}

/* ---- building ---- */

static status add_element(struct parser *p, enum ref_gbnf_kind kind, uint32_t value, uint32_t n,
                          uint32_t *ret)
{
    struct ref_gbnf *g = p->g;
    if (g->n_elements == g->cap_elements)
        return fault(p, REF_GBNF_LIMIT, p->pos, "over %u elements", g->cap_elements);
    *ret = g->n_elements++;
    g->element[*ret] = (struct ref_gbnf_element){.kind = kind, .value = value, .n = n};
    return REF_GBNF_OK;
}

static status add_range(struct parser *p, uint32_t first, uint32_t last)
{
    struct ref_gbnf *g = p->g;
    if (g->n_ranges == g->cap_ranges)
        return fault(p, REF_GBNF_LIMIT, p->pos, "over %u ranges", g->cap_ranges);
    g->range[g->n_ranges++] = (struct ref_gbnf_range){.first = first, .last = last};
    return REF_GBNF_OK;
}

static status add_rule(struct parser *p, uint32_t name, uint32_t len, uint32_t *ret)
{
    struct ref_gbnf *g = p->g;
    if (g->n_rules == g->cap_rules)
        return fault(p, REF_GBNF_LIMIT, p->pos, "over %u rules", g->cap_rules);
    *ret = g->n_rules++;
    struct ref_gbnf_rule *r = &g->rule[*ret];
    const uint32_t bucket = r->bucket;
    *r = (struct ref_gbnf_rule){.name = name, .len = len, .bucket = bucket};
    return REF_GBNF_OK;
}

/* FNV-1a, 32 bits. */
static uint32_t hash(const uint8_t *p, size_t n)
{
    uint32_t h = 2166136261u;
    for (size_t i = 0; i < n; i++)
        h = (h ^ p[i]) * 16777619u;
    return h;
}

/* The rule of this name: index + 1, 0 if there is none. Buckets lie in the array of rules. */
static uint32_t find_rule(const struct parser *p, const uint8_t *name, size_t len)
{
    const struct ref_gbnf *g = p->g;
    uint32_t i = g->rule[hash(name, len) % g->cap_rules].bucket;
    while (i != 0 &&
           (g->rule[i - 1].len != len || memcmp(p->text + g->rule[i - 1].name, name, len) != 0))
        i = g->rule[i - 1].link;
    return i;
}

static status named_rule(struct parser *p, size_t from, size_t len, uint32_t *ret)
{
    struct ref_gbnf *g = p->g;
    const uint32_t known = find_rule(p, p->text + from, len);
    *ret = known - 1;
    if (known != 0)
        return REF_GBNF_OK;
    const status s = add_rule(p, (uint32_t)from, (uint32_t)len, ret);
    if (s != REF_GBNF_OK)
        return s;
    const uint32_t bucket = hash(p->text + from, len) % g->cap_rules;
    g->rule[*ret].link = g->rule[bucket].bucket;
    g->rule[bucket].bucket = *ret + 1;
    return REF_GBNF_OK;
}

/* ---- classes of characters ---- */

static void sort_ranges(struct ref_gbnf_range *r, uint32_t n)
{
    for (uint32_t gap = n / 2; gap > 0; gap /= 2)
        for (uint32_t i = gap; i < n; i++) {
            const struct ref_gbnf_range x = r[i];
            uint32_t at = i;
            for (; at >= gap && r[at - gap].first > x.first; at -= gap)
                r[at] = r[at - gap];
            r[at] = x;
        }
}

/* The ranges from `from` on become those of all code points that they leave out. */
static status complement(struct parser *p, uint32_t from)
{
    struct ref_gbnf *g = p->g;
    const uint32_t n = g->n_ranges - from, end = g->n_ranges;
    uint32_t next = 0, out = from;
    status s = REF_GBNF_OK;
    sort_ranges(g->range + from, n);
    for (uint32_t i = 0; i < n && s == REF_GBNF_OK; i++) {
        const struct ref_gbnf_range r = g->range[from + i];
        if (r.first > next)
            s = add_range(p, next, r.first - 1);
        if (r.last >= next && r.first <= r.last)
            next = r.last + 1;
    }
    if (s == REF_GBNF_OK && next <= REF_UNICODE_LAST)
        s = add_range(p, next, REF_UNICODE_LAST);
    for (uint32_t i = end; i < g->n_ranges; i++)
        g->range[out++] = g->range[i];
    g->n_ranges = out;
    return s;
}

/* In order and apart, without surrogates, which no text holds. */
static status normalize(struct parser *p, uint32_t from, bool negated)
{
    status s = negated ? REF_GBNF_OK : complement(p, from);
    if (s == REF_GBNF_OK)
        s = add_range(p, 0xd800, 0xdfff);
    return s == REF_GBNF_OK ? complement(p, from) : s;
}

/* ---- the text ---- */

static int peek(const struct parser *p)
{
    return p->pos < p->n ? p->text[p->pos] : -1;
}

static bool is_newline(int c)
{
    return c == '\r' || c == '\n';
}

static void skip_space(struct parser *p, bool newlines)
{
    for (int c = peek(p); c == ' ' || c == '\t' || c == '#' || (newlines && is_newline(c));
         c = peek(p)) {
        p->pos++;
        while (c == '#' && peek(p) >= 0 && !is_newline(peek(p)))
            p->pos++;
    }
}

static bool is_digit(int c)
{
    return c >= '0' && c <= '9';
}

static bool is_name(int c)
{
    return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-';
}

static status take_name(struct parser *p, uint32_t *ret)
{
    const size_t from = p->pos;
    while (is_name(peek(p)))
        p->pos++;
    return p->pos == from ? syntax(p, "a name") : named_rule(p, from, p->pos - from, ret);
}

static int hex(int c)
{
    if (is_digit(c))
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

static status take_hex(struct parser *p, int digits, uint32_t *ret)
{
    uint32_t value = 0;
    for (; digits > 0; digits--, p->pos++) {
        if (hex(peek(p)) < 0)
            return syntax(p, "a hexadecimal digit");
        value = value << 4 | (uint32_t)hex(peek(p));
    }
    *ret = value;
    return REF_GBNF_OK;
}

static status take_escape(struct parser *p, uint32_t *ret)
{
    static const char names[] = "trn\\\"[]-", values[] = "\t\r\n\\\"[]-";
    const int c = peek(p);
    const char *at = c > 0 ? strchr(names, c) : NULL;
    if (c == 'x' || c == 'u' || c == 'U') {
        p->pos++;
        return take_hex(p, c == 'x' ? 2 : c == 'u' ? 4 : 8, ret);
    }
    if (at == NULL)
        return syntax(p, "an escape");
    *ret = (uint8_t)values[at - names];
    p->pos++;
    return REF_GBNF_OK;
}

static status take_char(struct parser *p, uint32_t *ret)
{
    struct ref_utf8 utf8 = {0};
    if (peek(p) == '\\') {
        p->pos++;
        return take_escape(p, ret);
    }
    for (; peek(p) >= 0; p->pos++)
        switch (ref_utf8_push(&utf8, (uint8_t)peek(p))) {
        case REF_UTF8_MORE:
            break;
        case REF_UTF8_DONE:
            *ret = utf8.value;
            p->pos++;
            return REF_GBNF_OK;
        case REF_UTF8_WRONG:
            return syntax(p, "UTF-8");
        }
    return syntax(p, "a character");
}

/* ---- sequences ---- */

/* The alternative that is being read: its last element, and where the last symbol begins. A symbol
 * is what a repetition repeats: a whole literal, a class, a rule, a group. */
struct sequence {
    uint32_t alt, last; /* last 0: empty so far */
    uint32_t before;    /* the element before the last symbol, 0: none */
    bool symbol;        /* there is a symbol to repeat */
};

static uint32_t *link_after(struct parser *p, const struct sequence *q, uint32_t element)
{
    struct ref_gbnf_element *e = p->g->element;
    return element == 0 ? &e[q->alt].value : &e[element].next;
}

static status append(struct parser *p, struct sequence *q, enum ref_gbnf_kind kind, uint32_t value,
                     uint32_t n)
{
    uint32_t at = 0;
    const status s = add_element(p, kind, value, n, &at);
    if (s != REF_GBNF_OK)
        return s;
    *link_after(p, q, q->last) = at;
    q->last = at;
    return REF_GBNF_OK;
}

static void begin_symbol(struct sequence *q)
{
    q->before = q->last;
    q->symbol = true;
}

static status append_char(struct parser *p, struct sequence *q, uint32_t cp)
{
    const uint32_t from = p->g->n_ranges;
    const bool valid = cp <= REF_UNICODE_LAST && (cp < 0xd800 || cp > 0xdfff);
    const status s = valid ? add_range(p, cp, cp) : REF_GBNF_OK;
    return s == REF_GBNF_OK ? append(p, q, REF_GBNF_CHARS, from, p->g->n_ranges - from) : s;
}

/* Behind the opening quote. */
static status take_literal(struct parser *p, struct sequence *q)
{
    status s = REF_GBNF_OK;
    begin_symbol(q);
    while (peek(p) != '"' && s == REF_GBNF_OK) {
        uint32_t cp = 0;
        s = take_char(p, &cp);
        if (s == REF_GBNF_OK)
            s = append_char(p, q, cp);
    }
    if (s == REF_GBNF_OK)
        p->pos++;
    q->symbol = q->last != q->before; /* an empty literal is nothing to repeat */
    return s;
}

static status take_range(struct parser *p)
{
    uint32_t first = 0, last;
    status s = take_char(p, &first);
    if (s != REF_GBNF_OK)
        return s;
    last = first;
    if (peek(p) == '-' && !(p->pos + 1 < p->n && p->text[p->pos + 1] == ']')) {
        p->pos++;
        s = take_char(p, &last);
    }
    if (s != REF_GBNF_OK || first > last || first > REF_UNICODE_LAST)
        return s;
    return add_range(p, first, last > REF_UNICODE_LAST ? REF_UNICODE_LAST : last);
}

/* Behind the opening bracket. */
static status take_class(struct parser *p, struct sequence *q)
{
    const uint32_t from = p->g->n_ranges;
    const bool negated = peek(p) == '^';
    status s = REF_GBNF_OK;
    begin_symbol(q);
    p->pos += negated;
    if (peek(p) == ']')
        return syntax(p, "a character of the class");
    while (peek(p) != ']' && s == REF_GBNF_OK)
        s = take_range(p);
    if (s == REF_GBNF_OK)
        s = normalize(p, from, negated);
    if (s != REF_GBNF_OK)
        return s;
    p->pos++;
    return append(p, q, REF_GBNF_CHARS, from, p->g->n_ranges - from);
}

static status take_any(struct parser *p, struct sequence *q)
{
    const uint32_t from = p->g->n_ranges;
    begin_symbol(q);
    const status s = normalize(p, from, true);
    return s == REF_GBNF_OK ? append(p, q, REF_GBNF_CHARS, from, p->g->n_ranges - from) : s;
}

/* ---- repetitions ---- */

enum { NO_MOST = -1 };

/* A rule with one more alternative, which is empty so far. */
static status add_alt(struct parser *p, uint32_t rule, uint32_t *last_alt, struct sequence *q)
{
    uint32_t alt = 0;
    const status s = add_element(p, REF_GBNF_ALT, 0, 0, &alt);
    if (s != REF_GBNF_OK)
        return s;
    if (*last_alt == 0)
        p->g->rule[rule].alt = alt;
    else
        p->g->element[*last_alt].next = alt;
    *last_alt = alt;
    *q = (struct sequence){.alt = alt};
    return REF_GBNF_OK;
}

/* rest ::= symbol then | ; `then` may be the rest itself, or NO_RULE. */
static status add_rest(struct parser *p, struct ref_gbnf_element symbol, uint32_t rest,
                       uint32_t then)
{
    struct sequence q;
    uint32_t last_alt = 0;
    status s = add_alt(p, rest, &last_alt, &q);
    if (s == REF_GBNF_OK)
        s = append(p, &q, symbol.kind, symbol.value, symbol.n);
    if (s == REF_GBNF_OK && then != NO_RULE)
        s = append(p, &q, REF_GBNF_RULE, then, 0);
    return s == REF_GBNF_OK ? add_alt(p, rest, &last_alt, &q) : s;
}

/* What may come `most` - `least` times, or any number of times, as one rule. */
static status add_optional(struct parser *p, struct sequence *q, struct ref_gbnf_element symbol,
                           int times)
{
    uint32_t rest = NO_RULE;
    status s = REF_GBNF_OK;
    for (int i = 0; (times == NO_MOST ? i < 1 : i < times) && s == REF_GBNF_OK; i++) {
        const uint32_t then = rest;
        s = add_rule(p, 0, 0, &rest);
        if (s == REF_GBNF_OK)
            s = add_rest(p, symbol, rest, times == NO_MOST ? rest : then);
    }
    return s == REF_GBNF_OK && rest != NO_RULE ? append(p, q, REF_GBNF_RULE, rest, 0) : s;
}

/* The last symbol as one element, taken off the sequence; a literal of several characters becomes a
 * rule. */
static status take_off_symbol(struct parser *p, struct sequence *q, struct ref_gbnf_element *ret)
{
    struct ref_gbnf *g = p->g;
    uint32_t *link = link_after(p, q, q->before), first = *link, rule = 0, last_alt = 0;
    struct sequence sub;
    status s = REF_GBNF_OK;
    *link = 0;
    q->last = q->before;
    *ret = g->element[first];
    if (ret->next == 0)
        return REF_GBNF_OK;
    s = add_rule(p, 0, 0, &rule);
    if (s == REF_GBNF_OK)
        s = add_alt(p, rule, &last_alt, &sub);
    if (s != REF_GBNF_OK)
        return s;
    g->element[sub.alt].value = first;
    *ret = (struct ref_gbnf_element){.kind = REF_GBNF_RULE, .value = rule};
    return REF_GBNF_OK;
}

/* S{m,n} is S m times, then S1 ::= S S2 | , S2 ::= S S3 | , ... ; S{m,} is S m times, then
 * S1 ::= S S1 | . What has been repeated is a symbol again: a** is (a*)*. */
static status repeat(struct parser *p, struct sequence *q, size_t offset, int least, int most)
{
    struct ref_gbnf_element symbol;
    if (!q->symbol)
        return fault(p, REF_GBNF_SYNTAX, offset, "nothing to repeat");
    status s = take_off_symbol(p, q, &symbol);
    for (int i = 0; i < least && s == REF_GBNF_OK; i++)
        s = append(p, q, symbol.kind, symbol.value, symbol.n);
    if (s == REF_GBNF_OK)
        s = add_optional(p, q, symbol, most == NO_MOST ? NO_MOST : most - least);
    q->symbol = q->last != q->before;
    return s;
}

static status take_number(struct parser *p, int *ret)
{
    int value = 0;
    const size_t from = p->pos;
    if (!is_digit(peek(p)))
        return syntax(p, "a number");
    for (; is_digit(peek(p)); p->pos++) {
        value = value * 10 + (peek(p) - '0');
        if (value > REF_GBNF_MAX_REPEAT)
            return fault(p, REF_GBNF_LIMIT, from, "a repetition of over %d",
                         (int)REF_GBNF_MAX_REPEAT);
    }
    *ret = value;
    return REF_GBNF_OK;
}

/* Behind the opening brace, to behind the closing one. */
static status take_counts(struct parser *p, bool nested, int *least, int *most)
{
    skip_space(p, nested);
    const size_t from = p->pos;
    status s = take_number(p, least);
    *most = *least;
    skip_space(p, nested);
    if (s == REF_GBNF_OK && peek(p) == ',') {
        p->pos++;
        skip_space(p, nested);
        *most = NO_MOST;
        if (is_digit(peek(p)))
            s = take_number(p, most);
        skip_space(p, nested);
    }
    if (s != REF_GBNF_OK)
        return s;
    if (peek(p) != '}')
        return syntax(p, "}");
    if (*most != NO_MOST && *most < *least)
        return fault(p, REF_GBNF_LIMIT, from, "{%d,%d}", *least, *most);
    p->pos++;
    return REF_GBNF_OK;
}

static status take_repetition(struct parser *p, struct sequence *q, bool nested)
{
    const size_t offset = p->pos;
    const int c = peek(p);
    int least = c == '+', most = c == '?' ? 1 : NO_MOST;
    if (!q->symbol)
        return fault(p, REF_GBNF_SYNTAX, offset, "nothing to repeat");
    p->pos++;
    if (c == '{') {
        const status s = take_counts(p, nested, &least, &most);
        if (s != REF_GBNF_OK)
            return s;
    }
    return repeat(p, q, offset, least, most);
}

/* ---- rules ---- */

static status take_alternatives(struct parser *p, uint32_t rule, bool nested);

/* Behind the opening parenthesis. */
static status take_group(struct parser *p, struct sequence *q)
{
    uint32_t rule = 0;
    if (p->groups == REF_GBNF_MAX_GROUPS)
        return fault(p, REF_GBNF_LIMIT, p->pos, "over %d groups inside one another",
                     (int)REF_GBNF_MAX_GROUPS);
    p->groups++;
    skip_space(p, true);
    status s = add_rule(p, 0, 0, &rule);
    if (s == REF_GBNF_OK)
        s = take_alternatives(p, rule, true);
    if (s == REF_GBNF_OK && peek(p) != ')')
        s = syntax(p, ")");
    if (s != REF_GBNF_OK)
        return s;
    p->pos++;
    p->groups--;
    begin_symbol(q);
    return append(p, q, REF_GBNF_RULE, rule, 0);
}

static status take_reference(struct parser *p, struct sequence *q)
{
    uint32_t rule = 0;
    const status s = take_name(p, &rule);
    begin_symbol(q);
    return s == REF_GBNF_OK ? append(p, q, REF_GBNF_RULE, rule, 0) : s;
}

/* One symbol or repetition; *ret_more is false at what is neither. */
static status take_symbol(struct parser *p, struct sequence *q, bool nested, bool *ret_more)
{
    const int c = peek(p);
    *ret_more = true;
    if (c == '*' || c == '+' || c == '?' || c == '{')
        return take_repetition(p, q, nested);
    if (is_name(c))
        return take_reference(p, q);
    *ret_more = c == '"' || c == '[' || c == '(' || c == '.';
    p->pos += *ret_more;
    if (c == '"')
        return take_literal(p, q);
    if (c == '[')
        return take_class(p, q);
    if (c == '(')
        return take_group(p, q);
    return c == '.' ? take_any(p, q) : REF_GBNF_OK;
}

static status take_alternatives(struct parser *p, uint32_t rule, bool nested)
{
    uint32_t last_alt = 0;
    for (;;) {
        struct sequence q;
        bool more = true;
        status s = add_alt(p, rule, &last_alt, &q);
        while (more && s == REF_GBNF_OK) {
            s = take_symbol(p, &q, nested, &more);
            if (more && s == REF_GBNF_OK)
                skip_space(p, nested);
        }
        if (s != REF_GBNF_OK || peek(p) != '|')
            return s;
        p->pos++;
        skip_space(p, true);
    }
}

static status take_rule(struct parser *p)
{
    uint32_t rule = 0;
    status s = take_name(p, &rule);
    if (s != REF_GBNF_OK)
        return s;
    skip_space(p, false);
    for (const char *c = "::="; *c != '\0'; c++, p->pos++)
        if (peek(p) != *c)
            return syntax(p, "::=");
    skip_space(p, true);
    s = take_alternatives(p, rule, false);
    if (s == REF_GBNF_OK && peek(p) >= 0 && !is_newline(peek(p)))
        s = syntax(p, "a newline");
    skip_space(p, true);
    return s;
}

/* ---- memory ---- */

enum { ALIGNMENT = 8, FEWEST = 16 };

static size_t lay_out(struct ref_gbnf *g, uint32_t elements, uint8_t *mem)
{
    g->cap_elements = elements;
    g->cap_rules = elements / 2;
    g->cap_ranges = elements;
    const size_t ranges = elements * sizeof *g->element;
    const size_t rules = ranges + g->cap_ranges * sizeof *g->range;
    if (mem != NULL) {
        g->element = (struct ref_gbnf_element *)(void *)mem;
        g->range = (struct ref_gbnf_range *)(void *)(mem + ranges);
        g->rule = (struct ref_gbnf_rule *)(void *)(mem + rules);
    }
    return rules + g->cap_rules * sizeof *g->rule;
}

size_t ref_gbnf_bytes(uint32_t elements)
{
    struct ref_gbnf g;
    elements = elements < FEWEST ? FEWEST : elements;
    elements = elements > REF_GBNF_MAX_ELEMENTS ? REF_GBNF_MAX_ELEMENTS : elements;
    return ALIGNMENT + lay_out(&g, elements / 2 * 2, NULL);
}

/* As many elements as the memory holds. */
static uint32_t elements_in(size_t bytes)
{
    uint32_t low = 0, high = REF_GBNF_MAX_ELEMENTS / 2 + 1;
    while (high - low > 1) {
        const uint32_t mid = low + (high - low) / 2;
        struct ref_gbnf g;
        if (ALIGNMENT + lay_out(&g, 2 * mid, NULL) <= bytes)
            low = mid;
        else
            high = mid;
    }
    return 2 * low;
}

/* For messages. A rule that a group or a repetition has made has no name. */
static int name_length(const struct parser *p, uint32_t rule)
{
    return p->g->rule[rule].len < 64 ? (int)p->g->rule[rule].len : 64;
}

static status parse(struct parser *p, const char *root)
{
    status s = REF_GBNF_OK;
    skip_space(p, true);
    while (s == REF_GBNF_OK && p->pos < p->n)
        s = take_rule(p);
    if (s != REF_GBNF_OK)
        return s;
    const uint32_t r = find_rule(p, (const uint8_t *)root, strlen(root));
    p->g->root = r - 1;
    uint32_t culprit;
    s = gbnf_check(p->g, &culprit);
    if (s != REF_GBNF_OK)
        return fault(p, s, p->g->rule[culprit].name, "rule \"%.*s\"", name_length(p, culprit),
                     (const char *)p->text + p->g->rule[culprit].name);
    return r == 0 ? fault(p, REF_GBNF_NOROOT, p->n, "%.64s", root) : REF_GBNF_OK;
}

enum ref_gbnf_status ref_gbnf_parse(struct ref_gbnf *ret, const char *text, size_t n,
                                    const char *root, void *mem, size_t bytes, size_t *ret_offset,
                                    struct err *why)
{
    struct ref_gbnf g = {.n_elements = 1};
    struct parser p = {.text = (const uint8_t *)text, .n = n, .g = &g, .why = why};
    const uint32_t elements = elements_in(bytes);
    status s;
    if (n > REF_GBNF_MAX_TEXT || elements < FEWEST) {
        s = fault(&p, REF_GBNF_LIMIT, 0, "%zu bytes of grammar, %u elements", n, elements);
    } else {
        assert(mem != NULL);
        lay_out(&g, elements,
                (uint8_t *)mem + (ALIGNMENT - (uintptr_t)mem % ALIGNMENT) % ALIGNMENT);
        memset(g.element, 0, sizeof *g.element);
        memset(g.rule, 0, g.cap_rules * sizeof *g.rule);
        s = parse(&p, root);
    }
    if (s == REF_GBNF_OK)
        *ret = g;
    else if (ret_offset != NULL)
        *ret_offset = p.offset;
    return s;
}

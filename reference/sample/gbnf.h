/* GBNF grammars: parsing them, and following a text through them byte by byte.
 *
 *     root  ::= item ("," item)*      alternatives |, groups ( ), repetition * + ? {m} {m,} {m,n}
 *     item  ::= "a" | [0-9a-f]{2} | [^\n] | .            # names are letters, digits and -
 *
 * A newline ends a rule, except inside ( ) and after | and ::=. Escapes are \xHH \uHHHH \UHHHHHHHH
 * \t \r \n \\ \" \[ \] \-. Of two definitions of a rule the last one counts. `.` is any code point.
 *
 * The texts are UTF-8 (RFC 3629), and what follows them is exact: a byte string is accepted if and
 * only if some completion of it begins a sentence. A character that is not complete counts by the
 * code points that it can still become; llama.cpp refuses C3 under [^\u00e9], this does not.
 *
 * A state is a graph-structured stack (M. Tomita, 1985): frames that would be pushed on several
 * stacks at one place in the text are one node with several parents. So an ambiguous grammar takes
 * space in proportion to its rules where separate stacks double with every character. A call at the
 * end of a rule leaves no frame, so lists do not grow. What is still too much is an error.
 *
 * Syntax: src/llama-grammar.cpp and grammars/README.md of llama.cpp. It differs in this: a class
 * without characters, and bytes that are no UTF-8, are errors; a number over 2000 in { } or m > n
 * is one; tokens in < > are not known. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "reference/token/utf8.h"

enum ref_gbnf_status {
#define STATUS(name, value, text) REF_GBNF_##name = (value),
#include "reference/sample/gbnf_status.def"
#undef STATUS
};

enum {
    REF_GBNF_MAX_TEXT = 1 << 20, /* bytes of a grammar */
    REF_GBNF_MAX_ELEMENTS = 1 << 22,
    REF_GBNF_MAX_REPEAT = 2000, /* the numbers in { } */
    REF_GBNF_MAX_GROUPS = 512,  /* ( inside ( */
};

const char *ref_gbnf_status_text(enum ref_gbnf_status status);

/* ---- grammars ---- */

enum ref_gbnf_kind { REF_GBNF_END, REF_GBNF_ALT, REF_GBNF_CHARS, REF_GBNF_RULE };

/* Elements are linked, not in a row. Index 0 is the end of every sequence. */
struct ref_gbnf_element {
    uint32_t kind;
    uint32_t value; /* ALT: its first element. CHARS: its first range. RULE: the rule */
    uint32_t n;     /* CHARS: ranges. Else the library's own */
    uint32_t next;  /* ALT: the next alternative. Else the next element of the sequence */
    uint32_t owner; /* the library's own: the alternative that it is in */
};
struct ref_gbnf_range {
    uint32_t first, last; /* code points; the ranges of an element are in order and apart */
};
struct ref_gbnf_rule {
    uint32_t alt;          /* its first alternative; 0: not defined */
    uint32_t name, len;    /* in the text; len 0: made by a group or a repetition */
    uint32_t bucket, link; /* the library's own, as all that follows */
    uint32_t uses, parent, at_alt, at;
    uint8_t nullable, color;
};
struct ref_gbnf {
    struct ref_gbnf_element *element;
    struct ref_gbnf_range *range;
    struct ref_gbnf_rule *rule;
    uint32_t n_elements, n_ranges, n_rules;
    uint32_t cap_elements, cap_ranges, cap_rules;
    uint32_t root; /* a rule */
};

/* The memory of a grammar of this many elements; a character, a class, an alternative, a use of a
 * rule are one each, {m,n} takes up to 4 n. 20,000 suffice for most, 100,000 for large schemas. */
size_t ref_gbnf_bytes(uint32_t elements);

/* Parses text[0..n).
 *   mem  (bytes)  at any address; the caller's, borrowed until *ret is used no more
 * Any status but OK: *ret_offset (may be NULL) is the place in the text: for SYNTAX the first byte
 * that cannot go on, n at an unexpected end; else where the trouble is, as near as can be told. */
MUST_CHECK enum ref_gbnf_status ref_gbnf_parse(struct ref_gbnf *ret, const char *text, size_t n,
                                               const char *root, void *mem, size_t bytes,
                                               size_t *ret_offset, struct err *why);

/* ---- states ---- */

struct ref_gbnf_node {
    uint32_t back;  /* the element to go on with when this frame is done */
    uint32_t edges; /* to its parents; 0: none */
    uint32_t mark;
};
struct ref_gbnf_edge {
    uint32_t parent, next, moved;
};
struct ref_gbnf_item {
    uint32_t element, node;
};
struct ref_gbnf_frame {
    uint32_t node, round;
};
struct ref_gbnf_seen {
    struct ref_gbnf_item item;
    uint32_t round;
};

/* Where a text stands; what may come is item[first..last). */
struct ref_gbnf_mark {
    uint32_t first, last, n_nodes, n_edges;
    struct ref_utf8 utf8;
    bool can_end;
};
struct ref_gbnf_state {
    const struct ref_gbnf *g;
    struct ref_gbnf_mark at;
    struct ref_gbnf_node *node;
    struct ref_gbnf_edge *edge;
    struct ref_gbnf_item *item, *queue;
    struct ref_gbnf_seen *seen;   /* a hash table of what this round has queued */
    struct ref_gbnf_frame *frame; /* (elements) this round's frame that goes back here */
    uint32_t cap, seen_mask, round, n_queue, top;
    bool full; /* something did not fit in this round */
};

/* The memory of a state; cap bounds the frames, the edges and what may come at once. 4096 suffice
 * for JSON some hundred levels deep. */
size_t ref_gbnf_state_bytes(const struct ref_gbnf *g, uint32_t cap);

/* At the beginning of a text. LIMIT: cap or bytes are too small. */
MUST_CHECK enum ref_gbnf_status ref_gbnf_open(struct ref_gbnf_state *ret, const struct ref_gbnf *g,
                                              uint32_t cap, void *mem, size_t bytes);
/* Copies a state into memory of its own, of the same size. */
MUST_CHECK enum ref_gbnf_status
ref_gbnf_clone(struct ref_gbnf_state *ret, const struct ref_gbnf_state *s, void *mem, size_t bytes);

/* Goes on by n bytes, which may end inside a character. *ret_ok: they may come. If not, and on
 * LIMIT (the state's memory is too small), nothing has changed. */
MUST_CHECK enum ref_gbnf_status ref_gbnf_accept(struct ref_gbnf_state *s, const uint8_t *bytes,
                                                size_t n, bool *ret_ok);
/* The text so far is a sentence. */
bool ref_gbnf_can_end(const struct ref_gbnf_state *s);

/* ---- for masks ---- */

/* Goes on from *at by one byte. Returns false if it may not come, or if memory was short: then
 * s->full is set. What stands behind at->last is overwritten. */
bool ref_gbnf_step(struct ref_gbnf_state *s, struct ref_gbnf_mark *at, uint8_t byte);
/* A text may stop here: between characters, or within one that something may still become. */
bool ref_gbnf_may_pause(const struct ref_gbnf_state *s, const struct ref_gbnf_mark *at);

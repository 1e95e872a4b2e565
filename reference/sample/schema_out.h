/* The schema converter's own: rules and their text in the caller's memory. */
#pragma once

#include "reference/sample/json.h"

enum { SCHEMA_MAX_RULES = 4096 };

/* A piece of the pool. */
struct schema_str {
    uint32_t off, len;
};
struct schema_rule {
    struct schema_str name, body;
    uint32_t target; /* of a $ref: its node, so that it is made once; else 0 */
};

/* Bodies are written to `work`, where that of a rule lies above those of the rules that are waiting
 * for it; a finished one moves to the pool. */
struct schema_out {
    struct json j;
    uint32_t *kv, *list; /* (nodes) the rule of a member; members that are put in order */
    struct schema_rule *rule;
    uint32_t n_rules, cap_rules;
    char *pool, *work;
    uint32_t n_pool, cap_pool, n_work, cap_work;
    int depth;
    enum err_code rc; /* the first error; after it nothing is written */
    struct err *why;
};

/* Appends to the body that is being written. */
void schema_put(struct schema_out *o, const char *text);
void schema_put_n(struct schema_out *o, const char *text, size_t n);
void schema_put_name(struct schema_out *o, struct schema_str name);
void schema_put_number(struct schema_out *o, uint64_t number);
/* A JSON value as a literal of a grammar: what a text must spell, without white space. */
void schema_put_value(struct schema_out *o, uint32_t node);
/* A key of the JSON text likewise. */
void schema_put_key(struct schema_out *o, uint32_t off, uint32_t len);
/* A character of a JSON string, inside a literal: JSON's escapes first, then the grammar's. */
void schema_put_char(struct schema_out *o, uint32_t cp);
/* [a-b], or [a] */
void schema_put_digits(struct schema_out *o, char first, char last);

/* "parent-text", with what names cannot hold replaced by -; without a parent "text". */
struct schema_str schema_name(struct schema_out *o, struct schema_str parent, const char *text,
                              size_t n);

/* Ends the body that began at work[from] and gives it to a rule of this name, or, if another rule
 * has it, of this name and a number. Returns the rule's name. */
struct schema_str schema_add_rule(struct schema_out *o, struct schema_str name, uint32_t from);
/* A rule whose body is still to come. */
uint32_t schema_open_rule(struct schema_out *o, struct schema_str name, uint32_t target);
void schema_close_rule(struct schema_out *o, uint32_t rule, uint32_t from);
/* One of the rules that every grammar has: "string", "value", "date-string" ..., and what it uses.
 */
struct schema_str schema_builtin(struct schema_out *o, const char *name);
/* Whether a rule of the schema must not have this name. */
bool schema_is_builtin(const struct schema_out *o, struct schema_str name);

void schema_fail(struct schema_out *o, enum err_code code, const char *format, ...)
    PRINTF_LIKE(3, 4);

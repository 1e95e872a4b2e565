/* Names in scopes: what was declared last in the innermost open brace is found first. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum symbol_kind {
    SYMBOL_OP, /* keywords of three kinds share the table of names, in spaces of their own */
    SYMBOL_MOD,
    SYMBOL_TYPE,
    SYMBOL_SREG,
    SYMBOL_REG,   /* one register, or `count` of them from `index`: %r<21> is "%r" */
    SYMBOL_VAR,   /* of the module */
    SYMBOL_LOCAL, /* of the function: variables and parameters */
    SYMBOL_FUNC,
    SYMBOL_LABEL,
    SYMBOL_TABLE,
};

struct symbol {
    const char *name;
    size_t length;
    uint64_t hash;
    uint32_t index, count; /* count 0: no range */
    uint32_t next;         /* in its bucket; 0: none */
    uint16_t depth;        /* of the scope */
    uint8_t kind;
};

struct symbols {
    struct symbol *all; /* all[0] is not used */
    size_t n, capacity;
    uint32_t *buckets;
    size_t n_buckets; /* a power of two */
    uint16_t depth;
};

/* False: no memory. Works on a zeroed struct; symbols_done() takes one, too. */
bool symbols_init(struct symbols *s);
void symbols_done(struct symbols *s);

/* The name is borrowed. False: no memory. */
bool symbols_add(struct symbols *s, const char *name, size_t length, enum symbol_kind kind,
                 uint32_t index, uint32_t count);
void symbols_enter(struct symbols *s);
/* Forgets what was declared since. */
void symbols_leave(struct symbols *s);

/* NULL: not there. Registers of a range are found by symbols_find_reg() only. */
const struct symbol *symbols_find(const struct symbols *s, const char *name, size_t length);
const struct symbol *symbols_find_kind(const struct symbols *s, const char *name, size_t length,
                                       enum symbol_kind kind);
/* A register by name or by stem and number. False: there is none. */
bool symbols_find_reg(const struct symbols *s, const char *name, size_t length, uint32_t *ret);

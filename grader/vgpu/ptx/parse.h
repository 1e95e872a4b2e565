/* The parser's own state, shared by its files: parse.c (module and functions), declare.c (variables
 * and their first values), body.c (instructions). Each function returns false once something
 * failed; the story of the first one stays. */
#pragma once

#include "grader/vgpu/ptx/lex.h"
#include "grader/vgpu/ptx/pile.h"
#include "grader/vgpu/ptx/ptx.h"
#include "grader/vgpu/ptx/symbols.h"

struct fixup { /* a label that was named before it stood anywhere */
    const char *name;
    size_t length;
    uint32_t line;
    bool table;    /* of a table's targets; else an operand */
    uint32_t item; /* in `targets` or `operands` */
};

enum { PARSE_LOC_BUCKETS = 4096 };
struct parser {
    struct lexer lex;
    struct arena *arena;
    struct err *why;
    enum err_code rc;
    struct symbols names;
    struct ptx_module module;
    struct pile vars, funcs, files, locs, relocations;
    uint32_t loc;                           /* the one that holds now */
    uint32_t loc_newest[PARSE_LOC_BUCKETS]; /* by place; 0: none */
    struct pile loc_older;                  /* of each loc, the next in its bucket */

    /* The function that is being read. */
    struct pile body_vars, regs, instrs, operands, elements, tables, targets, fixups;
    int nesting;
    struct ptx_operand now[PTX_INSTR_OPERANDS]; /* of the instruction that is being read */
};

/* Says "PTX line N: ..." and returns false. */
bool parse_fail(struct parser *p, enum err_code code, const char *format, ...) PRINTF_LIKE(3, 4);
bool parse_no_memory(struct parser *p);
/* The next item of a pile; NULL after telling that there are too many of `what`, or no memory. */
void *parse_add(struct parser *p, struct pile *pile, const char *what);
bool parse_declare(struct parser *p, const struct lex_token *name, enum symbol_kind kind,
                   uint32_t index, uint32_t count);

/* Tokens: takes what is expected, or fails naming what stands there. */
bool parse_sign(struct parser *p, char sign);
bool parse_take_sign(struct parser *p, char sign); /* only if it is there */
bool parse_take_dot(struct parser *p, const char *text);
bool parse_word(struct parser *p, struct lex_token *ret);
bool parse_int(struct parser *p, uint64_t max, const char *what, uint64_t *ret);
bool parse_signed(struct parser *p, int64_t *ret); /* [-]N, where N fits 64 bits */
/* +8, -8, +-8 behind a name; nothing: 0. */
bool parse_offset(struct parser *p, int64_t *ret);
bool parse_unexpected(struct parser *p, const char *wanted);

/* .align 4 .b8 name[16]..., behind the space; `pile` gets it. */
bool parse_variable(struct parser *p, enum ptx_space space, struct pile *pile, bool module_level,
                    bool external);
/* .reg .b32 %r<21>, a;  behind ".reg" */
bool parse_registers(struct parser *p);
/* (.param .u64 a, ...): adds to body_vars and names them. */
bool parse_params(struct parser *p, struct pile *pile, size_t *ret_count, bool named);
bool parse_type(struct parser *p, enum ptx_type *ret, unsigned *ret_elements);

/* A body from behind its '{' to its '}'. */
bool parse_body(struct parser *p);
bool parse_instruction(struct parser *p, const struct lex_token *opcode,
                       const struct ptx_operand *guard);
bool parse_call_operands(struct parser *p, struct ptx_instr *instr);
bool parse_operand(struct parser *p, struct ptx_instr *instr, uint32_t place);
bool parse_loc(struct parser *p);
/* "a", "b"; behind .pragma: hints to ptxas, which change nothing here. */
bool parse_pragma(struct parser *p);

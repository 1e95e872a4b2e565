/* A PTX module as its text says it: declarations, functions, and one record per instruction, names
 * resolved to numbers. It is the learner's (nvcc's, but nobody can know), so everything in it was
 * checked against bounds, and nothing in it says that the instruction makes sense: the executor's
 * decoder decides that, opcode by opcode.
 *
 * Source: PTX ISA 9.0. Section numbers in comments are its. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/err.h"

/* The bounds of one module. nvcc's largest objects of ggml have 60 k instructions in a function. */
enum {
    PTX_TEXT_MAX = 64 << 20,
    PTX_FUNCS = 1 << 14,
    PTX_VARS = 1 << 16,
    PTX_REGS = 1 << 18,   /* of one function */
    PTX_INSTRS = 1 << 20, /* of one function */
    PTX_NESTING = 16,     /* braces in a body */
};

enum ptx_op {
#define OP(name, text) name,
#include "grader/vgpu/ptx/opcode.def"
#undef OP
    PTX_OPS
};

/* What stands behind an opcode's dots and is no type: "sync", "m16n8k16", "L1::no_allocate". */
enum ptx_mod {
#define MOD(name, text) name,
#include "grader/vgpu/ptx/modifier.def"
#undef MOD
    PTX_MODS
};

enum ptx_type {
#define TYPE(name, text, bits) name,
#include "grader/vgpu/ptx/type.def"
#undef TYPE
    PTX_TYPES
};

enum ptx_space {
    PTX_GENERIC, /* an address without a space */
    PTX_CONST,
    PTX_GLOBAL,
    PTX_LOCAL,
    PTX_PARAM, /* of the kernel, of a device function, or of a call that is being set up */
    PTX_SHARED,
};

/* Special registers (section 10), with the component where they have one. */
enum ptx_sreg {
#define SREG(name, text) name,
#include "grader/vgpu/ptx/sreg.def"
#undef SREG
    PTX_SREGS
};

enum ptx_operand_kind {
    OPERAND_NONE,
    OPERAND_SINK,   /* _ */
    OPERAND_REG,    /* `index`: of the function's registers; `negated`: a predicate behind '!' */
    OPERAND_SREG,   /* `index`: enum ptx_sreg */
    OPERAND_INT,    /* `bits`: two's complement, 64 bits */
    OPERAND_F32,    /* `bits`: an 0f literal */
    OPERAND_F64,    /* `bits`: an 0d literal or a decimal one */
    OPERAND_VAR,    /* the address of a variable: `index`, `offset`; `local`: of the function's */
    OPERAND_FUNC,   /* `index`: of the module's functions */
    OPERAND_LABEL,  /* `index`: the instruction it stands before; may be n_instrs */
    OPERAND_TABLE,  /* `index`: of the function's branch or call tables and prototypes */
    OPERAND_MEMORY, /* [base + offset]: `base` is OPERAND_REG, _VAR, or _INT (offset alone) */
    OPERAND_VECTOR, /* {a, b, ...}: `index`: first of `count` in the function's `elements` */
    OPERAND_PAIR,   /* a|b: as OPERAND_VECTOR with two */
};

struct ptx_operand {
    uint8_t kind;   /* enum ptx_operand_kind */
    uint8_t base;   /* of OPERAND_MEMORY */
    bool negated;   /* !p, or -r */
    bool local;     /* OPERAND_VAR: of the function's vars, not the module's */
    uint16_t count; /* OPERAND_VECTOR, OPERAND_PAIR; OPERAND_REG: 1 + the enum ptx_mod of a selector
                       such as .b0 or .h1, 0 without one */
    uint32_t index;
    union {
        int64_t offset; /* bytes */
        uint64_t bits;
    };
};

enum { PTX_INSTR_MODS = 10, PTX_INSTR_TYPES = 6, PTX_INSTR_OPERANDS = 8 };
struct ptx_instr {
    uint16_t op; /* enum ptx_op */
    uint8_t n_mods, n_types, n_operands;
    uint8_t mods[PTX_INSTR_MODS];       /* enum ptx_mod, in the order of the text */
    uint8_t types[PTX_INSTR_TYPES];     /* enum ptx_type, in the order of the text */
    bool guarded, guard_negated;        /* @p, @!p */
    uint32_t guard;                     /* a register */
    uint32_t line;                      /* in the PTX text, from 1 */
    uint32_t loc;                       /* 0: none; else an index into the module's locs */
    const struct ptx_operand *operands; /* n_operands of them, at most PTX_INSTR_OPERANDS */
};
/* call (ret...), f, (params...), table: operands are always four: a vector of the results, the
 * function or register, a vector of the arguments, the prototype or table; OPERAND_NONE where one
 * is missing. */

struct ptx_reg {
    const char *name; /* "%r12"; with a number range only the stem, "%r": the rest is `number` */
    int32_t number;   /* -1: none */
    uint8_t type;     /* enum ptx_type */
};

struct ptx_init { /* bytes of an initialiser that are an address: symbol + addend, `bytes` of it */
    uint64_t at;
    uint32_t symbol; /* of the module's vars or funcs */
    bool func;
    bool generic; /* generic(symbol) */
    uint8_t bytes, shift;
    int64_t addend;
};

struct ptx_var {
    const char *name;
    uint8_t space, type; /* enum ptx_space, enum ptx_type */
    bool external;       /* .extern: bytes are elsewhere; of shared memory: sized at launch */
    bool managed;        /* .attribute(.managed) */
    uint32_t align;      /* a power of two, 1 to 128 at least */
    uint64_t bytes;      /* 0 for an array without a size */
    const uint8_t *init; /* `bytes` of them, or NULL: zeros */
    const struct ptx_init *relocations;
    size_t n_relocations;
    uint32_t line;
};

struct ptx_table { /* .branchtargets, .calltargets: `targets`; .callprototype: none */
    const char *name;
    uint32_t *targets; /* instructions or functions */
    size_t n_targets;
    const struct ptx_var *results, *params; /* of a prototype */
    size_t n_results, n_params;
    bool prototype;
};

struct ptx_func {
    const char *name;
    bool entry, external, noreturn; /* external: declared, not defined; vprintf is such a one */
    const struct ptx_var *results,
        *params; /* space PTX_PARAM, in order; a kernel's offsets follow */
    size_t n_results, n_params;
    const struct ptx_var *vars; /* shared, local and param variables of the body; params first */
    size_t n_vars;
    const struct ptx_reg *regs;
    size_t n_regs;
    const struct ptx_instr *instrs;
    size_t n_instrs;
    const struct ptx_operand *elements;
    size_t n_elements;
    const struct ptx_table *tables;
    size_t n_tables;
    uint32_t max_threads[3], exact_threads[3]; /* .maxntid, .reqntid; zeros: not said */
    uint32_t min_blocks, max_regs;             /* .minnctapersm, .maxnreg; 0: not said */
    uint32_t line;
};
/* A variable of the body that is a parameter of the function itself: vars[i] for i < n_results +
 * n_params are results, then params, so that one index names them all. */

struct ptx_loc { /* .loc: where an instruction comes from */
    uint32_t file, line, column;
    uint32_t inlined_at; /* 0: nowhere; else the loc of the call, always a smaller index */
};

struct ptx_module {
    unsigned version, target; /* 90 for 9.0, 80 for sm_80 */
    const struct ptx_var *vars;
    size_t n_vars;
    const struct ptx_func *funcs;
    size_t n_funcs;
    const struct ptx_loc *locs; /* locs[0] is not used */
    size_t n_locs;
    const char *const *files; /* by the numbers of .file; NULL where a number is not used */
    size_t n_files;
};

/* Reads `bytes` of text (no NUL needed; NULs at its end are ignored). All memory is the arena's,
 * some 100 bytes per instruction.
 * ERR_FORMAT: not PTX; ERR_UNSUPPORTED: an opcode, modifier, type, register or directive of the
 * ISA that we do not know, by name; ERR_RANGE: beyond the bounds above; ERR_NOMEM: the arena is
 * full. The story begins "PTX line 12: ". */
MUST_CHECK enum err_code ptx_parse(const char *text, size_t bytes, struct arena *arena,
                                   struct ptx_module *ret, struct err *why);

const char *ptx_op_text(enum ptx_op op);
const char *ptx_mod_text(enum ptx_mod mod);
const char *ptx_type_text(enum ptx_type type);
const char *ptx_sreg_text(enum ptx_sreg sreg);
unsigned ptx_type_bits(enum ptx_type type); /* 1 for a predicate */

bool ptx_has(const struct ptx_instr *i, enum ptx_mod mod);
/* The address space that the modifiers name; PTX_GENERIC: none. */
enum ptx_space ptx_instr_space(const struct ptx_instr *i);
/* "shfl.sync.bfly.b32": opcode, modifiers, types, for people; cut to `size`. */
void ptx_instr_name(const struct ptx_instr *i, char *ret, size_t size);

/* The place in the learner's own source: the outermost call where code was inlined from a header.
 * False: the PTX does not say. */
bool ptx_source(const struct ptx_module *m, const struct ptx_instr *i, const char **ret_file,
                uint32_t *ret_line);

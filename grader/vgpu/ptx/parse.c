/* Modules: their directives, their functions, and the tokens that all parts of the parser take. */
#include "grader/vgpu/ptx/parse.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- failing ---- */

bool parse_fail(struct parser *p, enum err_code code, const char *format, ...)
{
    if (p->rc != OK)
        return false;
    char story[ERR_TEXT_MAX];
    va_list more;
    va_start(more, format);
    vsnprintf(story, sizeof(story), format, more);
    va_end(more);
    p->rc = err_set(p->why, code, "PTX line %u: %s", p->lex.token.line, story);
    return false;
}

bool parse_no_memory(struct parser *p)
{
    return parse_fail(p, ERR_NOMEM, "no memory left for this module (%zu bytes are used)",
                      p->arena->used);
}

bool parse_unexpected(struct parser *p, const char *wanted)
{
    const struct lex_token *t = &p->lex.token;
    if (t->kind == LEX_END)
        return parse_fail(p, ERR_FORMAT, "the text ends where %s was expected", wanted);
    return parse_fail(p, ERR_FORMAT, "expected %s, found '%s%.*s'", wanted,
                      t->kind == LEX_DOT ? "." : "", (int)(t->length < 60 ? t->length : 60),
                      t->text);
}

void *parse_add(struct parser *p, struct pile *pile, const char *what)
{
    void *item = pile_add(pile);
    if (!item && pile->n == pile->max)
        parse_fail(p, ERR_RANGE, "more than %zu %s", pile->max, what);
    else if (!item)
        parse_no_memory(p);
    return item;
}

bool parse_declare(struct parser *p, const struct lex_token *name, enum symbol_kind kind,
                   uint32_t index, uint32_t count)
{
    return symbols_add(&p->names, name->text, name->length, kind, index, count) ||
           parse_no_memory(p);
}

/* ---- tokens ---- */

bool parse_take_sign(struct parser *p, char sign)
{
    if (p->lex.token.kind != LEX_SIGN || p->lex.token.sign != sign)
        return false;
    lex_next(&p->lex);
    return true;
}

bool parse_sign(struct parser *p, char sign)
{
    const char wanted[] = {'\'', sign, '\'', 0};
    return parse_take_sign(p, sign) || parse_unexpected(p, wanted);
}

bool parse_take_dot(struct parser *p, const char *text)
{
    if (!lex_is(&p->lex.token, LEX_DOT, text))
        return false;
    lex_next(&p->lex);
    return true;
}

bool parse_word(struct parser *p, struct lex_token *ret)
{
    if (p->lex.token.kind != LEX_WORD)
        return parse_unexpected(p, "a name");
    *ret = p->lex.token;
    lex_next(&p->lex);
    return true;
}

bool parse_int(struct parser *p, uint64_t max, const char *what, uint64_t *ret)
{
    if (p->lex.token.kind != LEX_INT)
        return parse_unexpected(p, what);
    if (p->lex.token.bits > max)
        return parse_fail(p, ERR_RANGE, "%llu is too large for %s: at most %llu",
                          (unsigned long long)p->lex.token.bits, what, (unsigned long long)max);
    *ret = p->lex.token.bits;
    lex_next(&p->lex);
    return true;
}

bool parse_signed(struct parser *p, int64_t *ret)
{
    const bool minus = parse_take_sign(p, '-');
    uint64_t bits = 0;
    if (!parse_int(p, UINT64_MAX, "an offset", &bits))
        return false;
    *ret = (int64_t)(minus ? 0 - bits : bits);
    return true;
}

bool parse_offset(struct parser *p, int64_t *ret)
{
    *ret = 0;
    const bool plus = parse_take_sign(p, '+');
    const bool minus = p->lex.token.kind == LEX_SIGN && p->lex.token.sign == '-';
    return plus || minus ? parse_signed(p, ret) : true;
}

/* ---- functions ---- */

static bool parse_three(struct parser *p, uint32_t ret[3])
{
    ret[0] = ret[1] = ret[2] = 1;
    for (int i = 0; i < 3; i++) {
        uint64_t n = 0;
        if (!parse_int(p, UINT32_MAX, "a number of threads", &n))
            return false;
        ret[i] = (uint32_t)n;
        if (!parse_take_sign(p, ','))
            return true;
    }
    return true;
}

static bool parse_one(struct parser *p, uint32_t *ret)
{
    uint64_t n = 0;
    if (!parse_int(p, UINT32_MAX, "a number", &n))
        return false;
    *ret = (uint32_t)n;
    return true;
}

bool parse_pragma(struct parser *p)
{
    do {
        if (p->lex.token.kind != LEX_STRING)
            return parse_unexpected(p, "a string");
        lex_next(&p->lex);
    } while (parse_take_sign(p, ','));
    return parse_sign(p, ';');
}

/* What stands between the parameters and the body. */
static bool parse_promises(struct parser *p, struct ptx_func *f)
{
    while (p->lex.token.kind == LEX_DOT) {
        bool good;
        if (parse_take_dot(p, "maxntid"))
            good = parse_three(p, f->max_threads);
        else if (parse_take_dot(p, "reqntid"))
            good = parse_three(p, f->exact_threads);
        else if (parse_take_dot(p, "minnctapersm"))
            good = parse_one(p, &f->min_blocks);
        else if (parse_take_dot(p, "maxnreg"))
            good = parse_one(p, &f->max_regs);
        else if (parse_take_dot(p, "noreturn"))
            good = f->noreturn = true;
        else if (parse_take_dot(p, "pragma"))
            good = parse_pragma(p);
        else
            return parse_fail(p, ERR_UNSUPPORTED, "directive .%.*s of a function is not supported",
                              (int)p->lex.token.length, p->lex.token.text);
        if (!good)
            return false;
    }
    return true;
}

static void *take(struct parser *p, struct pile *pile, size_t *ret_n)
{
    *ret_n = pile->n;
    void *all = pile_take(pile, 0, p->arena);
    if (*ret_n && !all)
        parse_no_memory(p);
    return all;
}

/* Tables held counts; their targets lie one behind the other. */
static void place_targets(struct parser *p, const struct ptx_func *f)
{
    size_t n = 0;
    uint32_t *all = take(p, &p->targets, &n);
    struct ptx_table *tables = (struct ptx_table *)f->tables;
    for (size_t i = 0; i < f->n_tables && all; i++) {
        tables[i].targets = tables[i].n_targets ? all : NULL;
        all += tables[i].n_targets;
    }
}

/* So do the instructions' operands. */
static void place_operands(struct parser *p)
{
    size_t n = 0;
    const struct ptx_operand *all = take(p, &p->operands, &n);
    struct ptx_instr *instrs = p->instrs.items;
    for (size_t i = 0; i < p->instrs.n && all; i++) {
        instrs[i].operands = all;
        all += instrs[i].n_operands;
    }
}

static bool finish_function(struct parser *p, struct ptx_func *f)
{
    f->vars = take(p, &p->body_vars, &f->n_vars);
    f->results = f->vars;
    f->params = f->vars ? f->vars + f->n_results : NULL;
    f->regs = take(p, &p->regs, &f->n_regs);
    place_operands(p);
    f->instrs = take(p, &p->instrs, &f->n_instrs);
    f->elements = take(p, &p->elements, &f->n_elements);
    f->tables = take(p, &p->tables, &f->n_tables);
    place_targets(p, f);
    return p->rc == OK;
}

/* A function that was declared before keeps its number. */
static bool place_function(struct parser *p, const struct lex_token *name, uint32_t *ret)
{
    const struct symbol *y = symbols_find_kind(&p->names, name->text, name->length, SYMBOL_FUNC);
    if (y) {
        *ret = y->index;
        const struct ptx_func *old = (const struct ptx_func *)p->funcs.items + *ret;
        return old->external || parse_fail(p, ERR_FORMAT, "function '%.*s' stands twice",
                                           (int)name->length, name->text);
    }
    *ret = (uint32_t)p->funcs.n;
    struct ptx_func *f = parse_add(p, &p->funcs, "functions");
    if (!f)
        return false;
    f->external = true;
    return parse_declare(p, name, SYMBOL_FUNC, *ret, 0);
}

/* Parameters are the body's own names, so its outer scope begins before them. The name is declared
 * outside, before the body: a function may call itself. */
static bool parse_function_inside(struct parser *p, struct ptx_func *f, struct lex_token *name,
                                  uint32_t *index)
{
    if (!f->entry && !parse_params(p, &p->body_vars, &f->n_results, true))
        return false;
    f->line = p->lex.token.line;
    if (!parse_word(p, name))
        return false;
    f->name = arena_strndup(p->arena, name->text, name->length);
    if (!f->name)
        return parse_no_memory(p);
    p->names.depth--; /* names of functions are the module's */
    const bool placed = place_function(p, name, index);
    p->names.depth++;
    if (!placed || !parse_params(p, &p->body_vars, &f->n_params, true) || !parse_promises(p, f))
        return false;
    f->external = parse_take_sign(p, ';');
    if (f->external)
        return true;
    return parse_sign(p, '{') && parse_body(p);
}

static bool parse_function(struct parser *p, bool entry)
{
    struct ptx_func f = {.entry = entry};
    struct lex_token name = {0};
    uint32_t index = 0;
    symbols_enter(&p->names);
    if (!parse_function_inside(p, &f, &name, &index) || !finish_function(p, &f))
        return false;
    symbols_leave(&p->names);
    ((struct ptx_func *)p->funcs.items)[index] = f;
    return true;
}

/* ---- modules ---- */

static bool parse_version(struct parser *p)
{
    /* 9.0 reads as a decimal number; its text has the digits. */
    const struct lex_token t = p->lex.token;
    const char *dot = t.kind == LEX_F64 ? memchr(t.text, '.', t.length) : NULL;
    if (!dot || dot != t.text + 1 || t.length != 3)
        return parse_unexpected(p, "a version such as 9.0");
    p->module.version = (unsigned)(t.text[0] - '0') * 10 + (unsigned)(t.text[2] - '0');
    lex_next(&p->lex);
    return true;
}

static bool parse_target(struct parser *p)
{
    struct lex_token name = {0};
    if (!parse_word(p, &name))
        return false;
    unsigned target = 0;
    size_t i = 3;
    for (; i < name.length && i < 7 && name.text[i] >= '0' && name.text[i] <= '9'; i++)
        target = target * 10 + (unsigned)(name.text[i] - '0');
    if (name.length < 5 || memcmp(name.text, "sm_", 3) != 0 || target == 0)
        return parse_fail(p, ERR_FORMAT, "target '%.*s' is no sm_NN", (int)name.length, name.text);
    p->module.target = target;
    while (parse_take_sign(p, ',')) /* debug, texmode_independent */
        if (!parse_word(p, &name))
            return false;
    return true;
}

static bool parse_address_size(struct parser *p)
{
    uint64_t bits = 0;
    if (!parse_int(p, 64, "the address size", &bits))
        return false;
    return bits == 64 || parse_fail(p, ERR_UNSUPPORTED, "%llu-bit addresses are not supported",
                                    (unsigned long long)bits);
}

enum { FILES = 1 << 16 };
static bool parse_file(struct parser *p)
{
    uint64_t number = 0, ignored;
    if (!parse_int(p, FILES - 1, "the number of a file", &number))
        return false;
    const struct lex_token name = p->lex.token;
    if (name.kind != LEX_STRING)
        return parse_unexpected(p, "the name of a file");
    lex_next(&p->lex);
    while (parse_take_sign(p, ',')) /* time and size */
        if (!parse_int(p, UINT64_MAX, "time or size of a file", &ignored))
            return false;
    while (p->files.n <= number)
        if (!parse_add(p, &p->files, "files"))
            return false;
    const char **slot = (const char **)p->files.items + number;
    *slot = arena_strndup(p->arena, name.text, name.length);
    return *slot || parse_no_memory(p);
}

/* .section .debug_str { ... }: for debuggers. */
static bool skip_section(struct parser *p)
{
    if (p->lex.token.kind != LEX_DOT)
        return parse_unexpected(p, "the name of a section");
    lex_next(&p->lex);
    if (!parse_sign(p, '{'))
        return false;
    while (!parse_take_sign(p, '}')) {
        if (p->lex.token.kind == LEX_END)
            return parse_unexpected(p, "'}'");
        lex_next(&p->lex);
    }
    return true;
}

static bool parse_definition(struct parser *p, bool external)
{
    if (parse_take_dot(p, "entry"))
        return parse_function(p, true);
    if (parse_take_dot(p, "func"))
        return parse_function(p, false);
    if (parse_take_dot(p, "global"))
        return parse_variable(p, PTX_GLOBAL, &p->vars, true, external);
    if (parse_take_dot(p, "const"))
        return parse_variable(p, PTX_CONST, &p->vars, true, external);
    if (parse_take_dot(p, "shared"))
        return parse_variable(p, PTX_SHARED, &p->vars, true, external);
    return parse_fail(p, ERR_UNSUPPORTED, "directive .%.*s is not supported",
                      (int)p->lex.token.length, p->lex.token.text);
}

static bool parse_linkage(struct parser *p)
{
    bool external = false;
    for (;;) {
        if (parse_take_dot(p, "extern"))
            external = true;
        else if (!parse_take_dot(p, "visible") && !parse_take_dot(p, "weak") &&
                 !parse_take_dot(p, "common"))
            return parse_definition(p, external);
    }
}

static bool parse_top(struct parser *p)
{
    if (p->lex.token.kind != LEX_DOT)
        return parse_unexpected(p, "a directive");
    if (parse_take_dot(p, "version"))
        return parse_version(p);
    if (parse_take_dot(p, "target"))
        return parse_target(p);
    if (parse_take_dot(p, "address_size"))
        return parse_address_size(p);
    if (parse_take_dot(p, "file"))
        return parse_file(p);
    if (parse_take_dot(p, "loc"))
        return parse_loc(p);
    if (parse_take_dot(p, "section"))
        return skip_section(p);
    if (parse_take_dot(p, "pragma"))
        return parse_pragma(p);
    return parse_linkage(p);
}

static bool parse_module(struct parser *p)
{
    if (!lex_is(&p->lex.token, LEX_DOT, "version"))
        return parse_unexpected(p, ".version, with which PTX begins,");
    while (p->lex.token.kind != LEX_END)
        if (!parse_top(p))
            return false;
    if (p->module.version == 0 || p->module.target == 0)
        return parse_fail(p, ERR_FORMAT, "no .version or no .target");
    p->module.vars = take(p, &p->vars, &p->module.n_vars);
    p->module.funcs = take(p, &p->funcs, &p->module.n_funcs);
    p->module.locs = take(p, &p->locs, &p->module.n_locs);
    p->module.files = take(p, &p->files, &p->module.n_files);
    return p->rc == OK;
}

/* ---- keywords, begin and end ---- */

struct keyword {
    const char *text;
    uint32_t index;
};

static bool add_keywords(struct parser *p, const struct keyword *words, size_t n,
                         enum symbol_kind kind)
{
    for (size_t i = 0; i < n; i++)
        if (!symbols_add(&p->names, words[i].text, strlen(words[i].text), kind, words[i].index, 0))
            return parse_no_memory(p);
    return true;
}

static bool add_all_keywords(struct parser *p)
{
    static const struct keyword ops[] = {
#define OP(name, text) {text, name},
#include "grader/vgpu/ptx/opcode.def"
#undef OP
    };
    static const struct keyword mods[] = {
#define MOD(name, text) {text, name},
#include "grader/vgpu/ptx/modifier.def"
#undef MOD
    };
    static const struct keyword types[] = {
#define TYPE(name, text, bits) {text, name},
#include "grader/vgpu/ptx/type.def"
#undef TYPE
    };
    static const struct keyword sregs[] = {
#define SREG(name, text) {text, name},
#include "grader/vgpu/ptx/sreg.def"
#undef SREG
    };
    return add_keywords(p, ops, sizeof(ops) / sizeof(*ops), SYMBOL_OP) &&
           add_keywords(p, mods, sizeof(mods) / sizeof(*mods), SYMBOL_MOD) &&
           add_keywords(p, types, sizeof(types) / sizeof(*types), SYMBOL_TYPE) &&
           add_keywords(p, sregs, sizeof(sregs) / sizeof(*sregs), SYMBOL_SREG);
}

static bool parser_init(struct parser *p)
{
    pile_init(&p->vars, sizeof(struct ptx_var), PTX_VARS);
    pile_init(&p->funcs, sizeof(struct ptx_func), PTX_FUNCS);
    pile_init(&p->files, sizeof(const char *), FILES);
    pile_init(&p->locs, sizeof(struct ptx_loc), PTX_INSTRS);
    pile_init(&p->loc_older, sizeof(uint32_t), PTX_INSTRS);
    pile_init(&p->relocations, sizeof(struct ptx_init), PTX_VARS);
    pile_init(&p->body_vars, sizeof(struct ptx_var), PTX_VARS);
    pile_init(&p->regs, sizeof(struct ptx_reg), PTX_REGS);
    pile_init(&p->instrs, sizeof(struct ptx_instr), PTX_INSTRS);
    pile_init(&p->operands, sizeof(struct ptx_operand), 4 * PTX_INSTRS);
    pile_init(&p->elements, sizeof(struct ptx_operand), PTX_INSTRS);
    pile_init(&p->tables, sizeof(struct ptx_table), PTX_FUNCS);
    pile_init(&p->targets, sizeof(uint32_t), PTX_INSTRS);
    pile_init(&p->fixups, sizeof(struct fixup), PTX_INSTRS);
    if (!symbols_init(&p->names))
        return parse_no_memory(p);
    /* Place 0 means none. */
    return add_all_keywords(p) && parse_add(p, &p->locs, "places") &&
           parse_add(p, &p->loc_older, "places");
}

static void parser_done(struct parser *p)
{
    struct pile *all[] = {&p->vars,        &p->funcs,     &p->files,  &p->locs,    &p->loc_older,
                          &p->relocations, &p->body_vars, &p->regs,   &p->instrs,  &p->elements,
                          &p->tables,      &p->targets,   &p->fixups, &p->operands};
    for (size_t i = 0; i < sizeof(all) / sizeof(struct pile *); i++)
        pile_done(all[i]);
    symbols_done(&p->names);
}

enum err_code ptx_parse(const char *text, size_t bytes, struct arena *arena, struct ptx_module *ret,
                        struct err *why)
{
    if (bytes > PTX_TEXT_MAX)
        return err_set(why, ERR_RANGE, "PTX of %zu bytes; at most %d may be", bytes, PTX_TEXT_MAX);
    struct parser *p = calloc(1, sizeof(*p));
    if (!p)
        return err_set(why, ERR_NOMEM, "no memory for a PTX parser");
    p->arena = arena;
    p->why = why;
    lex_open(&p->lex, text, bytes);
    if (parser_init(p) && parse_module(p))
        *ret = p->module;
    const enum err_code rc = p->rc;
    parser_done(p);
    free(p);
    return rc;
}

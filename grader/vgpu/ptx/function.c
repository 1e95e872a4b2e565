/* Bodies of functions: scopes, labels, tables; and what is said in front of them (chapter 7). */
#include <string.h>

#include "grader/vgpu/ptx/parse.h"

/* ---- labels ---- */

static void patch(struct parser *p, const struct fixup *f, uint32_t target)
{
    if (f->table)
        ((uint32_t *)p->targets.items)[f->item] = target;
    else
        ((struct ptx_operand *)p->operands.items)[f->item].index = target;
}

/* At the end of a scope: what names a label of it is settled, the rest is the outer scope's. */
static void settle(struct parser *p, size_t first)
{
    struct fixup *all = p->fixups.items;
    size_t kept = first;
    for (size_t i = first; i < p->fixups.n; i++) {
        const struct symbol *y =
            symbols_find_kind(&p->names, all[i].name, all[i].length, SYMBOL_LABEL);
        if (y && y->depth == p->names.depth)
            patch(p, &all[i], y->index);
        else
            all[kept++] = all[i];
    }
    p->fixups.n = kept;
}

/* ---- tables (9.7.12) ---- */

static bool parse_branch_targets(struct parser *p, struct ptx_table *t)
{
    do {
        struct lex_token name = {0};
        if (!parse_word(p, &name))
            return false;
        const uint32_t item = (uint32_t)p->targets.n;
        struct fixup *f = parse_add(p, &p->fixups, "branches");
        if (!f || !parse_add(p, &p->targets, "targets"))
            return false;
        *f = (struct fixup){.name = name.text,
                            .length = name.length,
                            .line = name.line,
                            .table = true,
                            .item = item};
        t->n_targets++;
    } while (parse_take_sign(p, ','));
    return true;
}

static bool parse_call_targets(struct parser *p, struct ptx_table *t)
{
    do {
        struct lex_token name = {0};
        if (!parse_word(p, &name))
            return false;
        const struct symbol *y = symbols_find_kind(&p->names, name.text, name.length, SYMBOL_FUNC);
        if (!y)
            return parse_fail(p, ERR_FORMAT, "no function '%.*s'", (int)name.length, name.text);
        uint32_t *target = parse_add(p, &p->targets, "targets");
        if (!target)
            return false;
        *target = y->index;
        t->n_targets++;
    } while (parse_take_sign(p, ','));
    return true;
}

static bool parse_prototype(struct parser *p, struct ptx_table *t)
{
    struct pile params;
    pile_init(&params, sizeof(struct ptx_var), PTX_VARS);
    bool good = parse_params(p, &params, &t->n_results, false);
    struct lex_token name = {0};
    good = good && parse_word(p, &name) && parse_params(p, &params, &t->n_params, false);
    if (good && parse_take_dot(p, "noreturn"))
        good = true;
    const struct ptx_var *all = good ? pile_take(&params, 0, p->arena) : NULL;
    if (good && t->n_results + t->n_params > 0 && !all)
        good = parse_no_memory(p);
    t->prototype = true;
    t->results = all;
    t->params = all ? all + t->n_results : NULL;
    pile_done(&params);
    return good;
}

/* name: .branchtargets a, b;   The targets' place is kept as a number until the body ends. */
static bool parse_table(struct parser *p, const struct lex_token *name)
{
    const uint32_t index = (uint32_t)p->tables.n;
    struct ptx_table t = {.name = arena_strndup(p->arena, name->text, name->length)};
    if (!t.name)
        return parse_no_memory(p);
    bool good;
    if (parse_take_dot(p, "branchtargets"))
        good = parse_branch_targets(p, &t);
    else if (parse_take_dot(p, "calltargets"))
        good = parse_call_targets(p, &t);
    else if (parse_take_dot(p, "callprototype"))
        good = parse_prototype(p, &t);
    else
        return parse_unexpected(p, "an instruction");
    struct ptx_table *added = good ? parse_add(p, &p->tables, "tables") : NULL;
    if (!added)
        return false;
    *added = t;
    return parse_declare(p, name, SYMBOL_TABLE, index, 0) && parse_sign(p, ';');
}

/* ---- statements ---- */

static bool parse_guarded(struct parser *p)
{
    struct ptx_operand guard = {.kind = OPERAND_REG};
    guard.negated = parse_take_sign(p, '!');
    struct lex_token name = {0};
    if (!parse_word(p, &name))
        return false;
    if (!symbols_find_reg(&p->names, name.text, name.length, &guard.index))
        return parse_fail(p, ERR_FORMAT, "predicate '%.*s' is not declared", (int)name.length,
                          name.text);
    struct lex_token opcode = {0};
    return parse_word(p, &opcode) && parse_instruction(p, &opcode, &guard);
}

static bool parse_label_or_instruction(struct parser *p)
{
    struct lex_token word = {0};
    if (!parse_word(p, &word))
        return false;
    if (!parse_take_sign(p, ':'))
        return parse_instruction(p, &word, NULL);
    if (p->lex.token.kind == LEX_DOT && (lex_is(&p->lex.token, LEX_DOT, "branchtargets") ||
                                         lex_is(&p->lex.token, LEX_DOT, "calltargets") ||
                                         lex_is(&p->lex.token, LEX_DOT, "callprototype")))
        return parse_table(p, &word);
    const struct symbol *same = symbols_find_kind(&p->names, word.text, word.length, SYMBOL_LABEL);
    if (same && same->depth == p->names.depth)
        return parse_fail(p, ERR_FORMAT, "label '%.*s' stands twice", (int)word.length, word.text);
    return parse_declare(p, &word, SYMBOL_LABEL, (uint32_t)p->instrs.n, 0);
}

static bool parse_directive(struct parser *p)
{
    if (parse_take_dot(p, "reg"))
        return parse_registers(p);
    if (parse_take_dot(p, "loc"))
        return parse_loc(p);
    if (parse_take_dot(p, "pragma"))
        return parse_pragma(p);
    if (parse_take_dot(p, "shared"))
        return parse_variable(p, PTX_SHARED, &p->body_vars, false, false);
    if (parse_take_dot(p, "local"))
        return parse_variable(p, PTX_LOCAL, &p->body_vars, false, false);
    if (parse_take_dot(p, "param"))
        return parse_variable(p, PTX_PARAM, &p->body_vars, false, false);
    return parse_fail(p, ERR_UNSUPPORTED, "directive .%.*s in a function is not supported",
                      (int)p->lex.token.length, p->lex.token.text);
}

static bool parse_statement(struct parser *p)
{
    if (parse_take_sign(p, '@'))
        return parse_guarded(p);
    if (p->lex.token.kind == LEX_DOT)
        return parse_directive(p);
    if (p->lex.token.kind == LEX_WORD)
        return parse_label_or_instruction(p);
    if (parse_take_sign(p, ';'))
        return true;
    return parse_unexpected(p, "an instruction");
}

static bool parse_scope(struct parser *p)
{
    if (++p->nesting > PTX_NESTING)
        return parse_fail(p, ERR_RANGE, "more than %d braces in each other", PTX_NESTING);
    symbols_enter(&p->names);
    const size_t first = p->fixups.n;
    while (!parse_take_sign(p, '}'))
        if (parse_take_sign(p, '{') ? !parse_scope(p) : !parse_statement(p))
            return false;
    settle(p, first);
    symbols_leave(&p->names);
    p->nesting--;
    return true;
}

bool parse_body(struct parser *p)
{
    p->nesting = 0;
    p->loc = 0;
    if (!parse_scope(p))
        return false;
    if (p->fixups.n == 0)
        return true;
    const struct fixup *f = p->fixups.items;
    p->lex.token.line = f->line;
    return parse_fail(p, ERR_FORMAT, "label '%.*s' stands nowhere", (int)f->length, f->name);
}

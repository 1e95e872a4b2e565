/* Instructions and the places they come from (chapters 4.3, 8 and 9). */
#include <string.h>

#include "grader/vgpu/ptx/parse.h"

/* ---- .loc ---- */

static uint32_t *loc_bucket(struct parser *p, uint32_t file, uint32_t line, uint32_t column)
{
    const uint32_t hash = (file * 31 + line) * UINT32_C(2654435761) + column * 97;
    return &p->loc_newest[hash % PARSE_LOC_BUCKETS];
}

static uint32_t find_loc(struct parser *p, uint32_t file, uint32_t line, uint32_t column)
{
    const struct ptx_loc *locs = p->locs.items;
    const uint32_t *older = p->loc_older.items;
    for (uint32_t i = *loc_bucket(p, file, line, column); i; i = older[i])
        if (locs[i].file == file && locs[i].line == line && locs[i].column == column)
            return i;
    return 0;
}

static bool add_loc(struct parser *p, uint32_t file, uint32_t line, uint32_t column,
                    uint32_t inlined_at, uint32_t *ret)
{
    const uint32_t same = find_loc(p, file, line, column);
    if (same && ((struct ptx_loc *)p->locs.items)[same].inlined_at == inlined_at) {
        *ret = same;
        return true;
    }
    *ret = (uint32_t)p->locs.n;
    struct ptx_loc *loc = parse_add(p, &p->locs, "places");
    uint32_t *older = loc ? parse_add(p, &p->loc_older, "places") : NULL;
    if (!older)
        return false;
    *loc = (struct ptx_loc){file, line, column, inlined_at};
    uint32_t *bucket = loc_bucket(p, file, line, column);
    *older = *bucket;
    *bucket = *ret;
    return true;
}

static bool parse_place(struct parser *p, uint32_t place[3])
{
    for (int i = 0; i < 3; i++) {
        uint64_t n = 0;
        if (!parse_int(p, UINT32_MAX, "a file, line or column", &n))
            return false;
        place[i] = (uint32_t)n;
    }
    return true;
}

/* inlined_at names the place of the call, which was itself a .loc before. */
static bool parse_inlined(struct parser *p, uint32_t *ret)
{
    uint32_t place[3] = {0};
    if (!parse_place(p, place))
        return false;
    *ret = find_loc(p, place[0], place[1], place[2]);
    return *ret || add_loc(p, place[0], place[1], place[2], 0, ret);
}

bool parse_loc(struct parser *p)
{
    uint32_t place[3] = {0}, inlined_at = 0;
    if (!parse_place(p, place))
        return false;
    while (parse_take_sign(p, ',')) {
        struct lex_token word = {0}, label;
        if (!parse_word(p, &word))
            return false;
        uint64_t offset = 0;
        if (lex_is(&word, LEX_WORD, "function_name")) {
            if (!parse_word(p, &label) ||
                (parse_take_sign(p, '+') && !parse_int(p, UINT32_MAX, "an offset", &offset)))
                return false;
        } else if (!lex_is(&word, LEX_WORD, "inlined_at")) {
            return parse_fail(p, ERR_UNSUPPORTED, "'%.*s' in a .loc", (int)word.length, word.text);
        }
        /* Both spellings of the manual: "inlined_at 1 6 2" and ", inlined_at 1 6 2". */
        if (lex_is(&word, LEX_WORD, "inlined_at") ||
            lex_is(&p->lex.token, LEX_WORD, "inlined_at")) {
            if (!lex_is(&word, LEX_WORD, "inlined_at"))
                lex_next(&p->lex);
            if (!parse_inlined(p, &inlined_at))
                return false;
        }
    }
    return add_loc(p, place[0], place[1], place[2], inlined_at, &p->loc);
}

/* ---- operands ---- */

static bool name_label(struct parser *p, const struct lex_token *name, uint32_t place,
                       struct ptx_operand *ret)
{
    ret->kind = OPERAND_LABEL;
    struct fixup *f = parse_add(p, &p->fixups, "branches");
    if (f)
        *f = (struct fixup){.name = name->text,
                            .length = name->length,
                            .line = name->line,
                            .item = (uint32_t)p->operands.n + place};
    return f != NULL;
}

static bool is_branch(const struct ptx_instr *i)
{
    return i->op == PTX_BRA;
}

/* %tid.x: word and component make one name. */
static bool find_sreg(struct parser *p, const struct lex_token *word, uint32_t *ret)
{
    char name[40];
    size_t n = word->length;
    if (n >= sizeof(name) / 2)
        return false;
    memcpy(name, word->text, n);
    const struct lex_token *dot = &p->lex.token;
    const bool component = dot->kind == LEX_DOT && dot->length == 1;
    if (component) {
        name[n++] = '.';
        name[n++] = dot->text[0];
    }
    const struct symbol *y = symbols_find_kind(&p->names, name, n, SYMBOL_SREG);
    if (!y)
        return false;
    if (component)
        lex_next(&p->lex);
    *ret = y->index;
    return true;
}

/* a.b0, a.h1: a part of a register, for video instructions. */
static bool parse_selector(struct parser *p, struct ptx_operand *ret)
{
    if (p->lex.token.kind != LEX_DOT)
        return true;
    const struct symbol *y =
        symbols_find_kind(&p->names, p->lex.token.text, p->lex.token.length, SYMBOL_MOD);
    const bool known = y && (y->index == MOD_B0 || y->index == MOD_B1 || y->index == MOD_B2 ||
                             y->index == MOD_B3 || y->index == MOD_H0 || y->index == MOD_H1);
    if (!known)
        return parse_fail(p, ERR_UNSUPPORTED, "part .%.*s of a register", (int)p->lex.token.length,
                          p->lex.token.text);
    ret->count = (uint16_t)(y->index + 1);
    lex_next(&p->lex);
    return true;
}

static bool resolve(struct parser *p, const struct lex_token *name, const struct ptx_instr *instr,
                    uint32_t place, struct ptx_operand *ret)
{
    if (name->length == 1 && name->text[0] == '_') {
        ret->kind = OPERAND_SINK;
        return true;
    }
    if (symbols_find_reg(&p->names, name->text, name->length, &ret->index)) {
        ret->kind = OPERAND_REG;
        return parse_selector(p, ret);
    }
    if (find_sreg(p, name, &ret->index)) {
        ret->kind = OPERAND_SREG;
        return true;
    }
    const struct symbol *y = symbols_find(&p->names, name->text, name->length);
    if (is_branch(instr) && (!y || y->kind == SYMBOL_LABEL))
        return name_label(p, name, place, ret);
    if (!y || y->kind == SYMBOL_LABEL)
        return parse_fail(p, ERR_FORMAT, "'%.*s' is not declared", (int)name->length, name->text);
    ret->index = y->index;
    switch (y->kind) {
    case SYMBOL_VAR:
    case SYMBOL_LOCAL:
        ret->kind = OPERAND_VAR;
        ret->local = y->kind == SYMBOL_LOCAL;
        return true;
    case SYMBOL_FUNC:
        ret->kind = OPERAND_FUNC;
        return true;
    case SYMBOL_TABLE:
        ret->kind = OPERAND_TABLE;
        return true;
    default:
        return parse_fail(p, ERR_FORMAT, "'%.*s' cannot be an operand", (int)name->length,
                          name->text);
    }
}

static bool parse_literal(struct parser *p, struct ptx_operand *ret)
{
    const bool minus = parse_take_sign(p, '-');
    const struct lex_token t = p->lex.token;
    if (t.kind != LEX_INT && t.kind != LEX_F32 && t.kind != LEX_F64)
        return parse_unexpected(p, "an operand");
    lex_next(&p->lex);
    ret->kind = t.kind == LEX_INT ? OPERAND_INT : t.kind == LEX_F32 ? OPERAND_F32 : OPERAND_F64;
    ret->bits = t.bits;
    if (minus && t.kind == LEX_INT)
        ret->bits = 0 - t.bits;
    else if (minus)
        ret->bits ^= UINT64_C(1) << (t.kind == LEX_F32 ? 31 : 63);
    return true;
}

static bool parse_memory(struct parser *p, struct ptx_instr *instr, uint32_t place,
                         struct ptx_operand *ret)
{
    struct ptx_operand base = {0};
    struct lex_token name = p->lex.token;
    if (name.kind == LEX_WORD) {
        lex_next(&p->lex);
        if (!resolve(p, &name, instr, place, &base) || !parse_offset(p, &base.offset))
            return false;
    } else if (!parse_literal(p, &base)) {
        return false;
    }
    if (base.kind != OPERAND_REG && base.kind != OPERAND_VAR && base.kind != OPERAND_INT)
        return parse_fail(p, ERR_FORMAT, "an address is a register, a variable or a number");
    *ret = base;
    ret->base = base.kind;
    ret->kind = OPERAND_MEMORY;
    if (p->lex.token.kind == LEX_SIGN && p->lex.token.sign == ',')
        return parse_fail(p, ERR_UNSUPPORTED, "%s with coordinates is not supported",
                          ptx_op_text((enum ptx_op)instr->op));
    return parse_sign(p, ']');
}

/* One operand that is no vector: -1, !%p, %r1, name+8, %tid.x */
static bool parse_plain(struct parser *p, struct ptx_instr *instr, uint32_t place,
                        struct ptx_operand *ret)
{
    const bool negated = parse_take_sign(p, '!');
    const struct lex_token name = p->lex.token;
    if (name.kind != LEX_WORD)
        return negated ? parse_unexpected(p, "a predicate") : parse_literal(p, ret);
    lex_next(&p->lex);
    if (!resolve(p, &name, instr, place, ret))
        return false;
    ret->negated = negated;
    if (negated && ret->kind != OPERAND_REG)
        return parse_fail(p, ERR_FORMAT, "'!' stands before '%.*s', which is no predicate",
                          (int)name.length, name.text);
    return ret->kind == OPERAND_VAR ? parse_offset(p, &ret->offset) : true;
}

enum { VECTOR_MAX = 256 }; /* wmma and mma take 8; calls take as many as they have parameters */

/* Moves the collected elements behind those of the function: vectors do not nest. */
static bool parse_elements(struct parser *p, struct ptx_instr *instr, char end,
                           struct ptx_operand *ret)
{
    *ret = (struct ptx_operand){.kind = OPERAND_VECTOR, .index = (uint32_t)p->elements.n};
    if (parse_take_sign(p, end))
        return true;
    do {
        if (ret->count == VECTOR_MAX)
            return parse_fail(p, ERR_RANGE, "a list of more than %d operands", VECTOR_MAX);
        struct ptx_operand element = {0};
        if (!parse_plain(p, instr, 0, &element))
            return false;
        if (element.kind == OPERAND_LABEL)
            return parse_fail(p, ERR_FORMAT, "a label within a list");
        struct ptx_operand *e = parse_add(p, &p->elements, "operands");
        if (!e)
            return false;
        *e = element;
        ret->count++;
    } while (parse_take_sign(p, ','));
    return parse_sign(p, end);
}

static bool parse_pair(struct parser *p, struct ptx_instr *instr, struct ptx_operand *ret)
{
    struct ptx_operand second = {0};
    if (!parse_plain(p, instr, 0, &second))
        return false;
    const struct ptx_operand pair = {
        .kind = OPERAND_PAIR, .count = 2, .index = (uint32_t)p->elements.n};
    struct ptx_operand *e = parse_add(p, &p->elements, "operands");
    if (!e)
        return false;
    *e = *ret;
    if (!(e = parse_add(p, &p->elements, "operands")))
        return false;
    *e = second;
    *ret = pair;
    return true;
}

bool parse_operand(struct parser *p, struct ptx_instr *instr, uint32_t place)
{
    struct ptx_operand *ret = &p->now[place];
    *ret = (struct ptx_operand){0};
    if (parse_take_sign(p, '['))
        return parse_memory(p, instr, place, ret);
    if (parse_take_sign(p, '{'))
        return parse_elements(p, instr, '}', ret);
    if (!parse_plain(p, instr, place, ret))
        return false;
    return parse_take_sign(p, '|') ? parse_pair(p, instr, ret) : true;
}

/* call (results), function, (arguments), table: each but the function may be missing. */
bool parse_call_operands(struct parser *p, struct ptx_instr *instr)
{
    struct ptx_operand *all = p->now;
    memset(all, 0, 4 * sizeof(*all));
    instr->n_operands = 4;
    if (parse_take_sign(p, '(') && !(parse_elements(p, instr, ')', &all[0]) && parse_sign(p, ',')))
        return false;
    if (!parse_plain(p, instr, 0, &all[1]))
        return false;
    if (!parse_take_sign(p, ','))
        return true;
    if (parse_take_sign(p, '(')) {
        if (!parse_elements(p, instr, ')', &all[2]))
            return false;
        if (!parse_take_sign(p, ','))
            return true;
    }
    return parse_plain(p, instr, 0, &all[3]);
}

static bool parse_operands(struct parser *p, struct ptx_instr *i)
{
    if (p->lex.token.kind == LEX_SIGN && p->lex.token.sign == ';')
        return true;
    do {
        if (i->n_operands == PTX_INSTR_OPERANDS)
            return parse_fail(p, ERR_FORMAT, "%s has more than %d operands",
                              ptx_op_text((enum ptx_op)i->op), PTX_INSTR_OPERANDS);
        if (!parse_operand(p, i, i->n_operands))
            return false;
        i->n_operands++;
    } while (parse_take_sign(p, ','));
    return true;
}

/* ---- instructions ---- */

static bool add_part(struct parser *p, struct ptx_instr *i)
{
    const struct lex_token *t = &p->lex.token;
    const struct symbol *y = symbols_find_kind(&p->names, t->text, t->length, SYMBOL_TYPE);
    if (y && i->n_types < PTX_INSTR_TYPES) {
        i->types[i->n_types++] = (uint8_t)y->index;
        return true;
    }
    y = y ? NULL : symbols_find_kind(&p->names, t->text, t->length, SYMBOL_MOD);
    if (y && i->n_mods < PTX_INSTR_MODS) {
        i->mods[i->n_mods++] = (uint8_t)y->index;
        return true;
    }
    char name[96];
    ptx_instr_name(i, name, sizeof(name));
    return parse_fail(p, ERR_UNSUPPORTED, "%s.%.*s is not supported", name, (int)t->length,
                      t->text);
}

static bool parse_name(struct parser *p, const struct lex_token *opcode, struct ptx_instr *i)
{
    const struct symbol *y = symbols_find_kind(&p->names, opcode->text, opcode->length, SYMBOL_OP);
    if (!y)
        return parse_fail(p, ERR_UNSUPPORTED, "'%.*s' is no instruction that we know",
                          (int)opcode->length, opcode->text);
    i->op = (uint16_t)y->index;
    for (; p->lex.token.kind == LEX_DOT; lex_next(&p->lex))
        if (!add_part(p, i))
            return false;
    return true;
}

bool parse_instruction(struct parser *p, const struct lex_token *opcode,
                       const struct ptx_operand *guard)
{
    struct ptx_instr i = {.line = opcode->line, .loc = p->loc};
    if (guard) {
        i.guarded = true;
        i.guard = guard->index;
        i.guard_negated = guard->negated;
    }
    if (!parse_name(p, opcode, &i))
        return false;
    if (i.op == PTX_CALL ? !parse_call_operands(p, &i) : !parse_operands(p, &i))
        return false;
    if (!parse_sign(p, ';'))
        return false;
    for (unsigned o = 0; o < i.n_operands; o++) {
        struct ptx_operand *operand = parse_add(p, &p->operands, "operands");
        if (!operand)
            return false;
        *operand = p->now[o];
    }
    struct ptx_instr *added = parse_add(p, &p->instrs, "instructions");
    if (added)
        *added = i;
    return added != NULL;
}

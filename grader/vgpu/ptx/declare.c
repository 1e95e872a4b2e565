/* Declarations: registers, variables, parameters, and first values (chapters 5 and 7.1). */
#include <stdio.h>
#include <string.h>

#include "base/checked.h"
#include "grader/vgpu/ptx/parse.h"

enum { DIMENSIONS = 8 };
static const uint64_t VARIABLE_BYTES = UINT64_C(1) << 36;

bool parse_type(struct parser *p, enum ptx_type *ret, unsigned *ret_elements)
{
    *ret_elements = 1;
    if (parse_take_dot(p, "v2"))
        *ret_elements = 2;
    else if (parse_take_dot(p, "v4"))
        *ret_elements = 4;
    if (p->lex.token.kind != LEX_DOT)
        return parse_unexpected(p, "a type");
    const struct symbol *y =
        symbols_find_kind(&p->names, p->lex.token.text, p->lex.token.length, SYMBOL_TYPE);
    if (!y)
        return parse_fail(p, ERR_UNSUPPORTED, "type .%.*s is not supported",
                          (int)p->lex.token.length, p->lex.token.text);
    *ret = (enum ptx_type)y->index;
    lex_next(&p->lex);
    return true;
}

static bool add_registers(struct parser *p, enum ptx_type type, const struct lex_token *name,
                          uint64_t count)
{
    const uint32_t first = (uint32_t)p->regs.n;
    if (count > PTX_REGS - p->regs.n)
        return parse_fail(p, ERR_RANGE, "%.*s<%llu>: a function may have %d registers",
                          (int)name->length, name->text, (unsigned long long)count, PTX_REGS);
    const char *text = arena_strndup(p->arena, name->text, name->length);
    if (!text)
        return parse_no_memory(p);
    for (uint64_t i = 0; i < (count ? count : 1); i++) {
        struct ptx_reg *reg = parse_add(p, &p->regs, "registers");
        if (!reg)
            return false;
        *reg = (struct ptx_reg){
            .name = text, .number = count ? (int32_t)i : -1, .type = (uint8_t)type};
    }
    return parse_declare(p, name, SYMBOL_REG, first, (uint32_t)count);
}

bool parse_registers(struct parser *p)
{
    enum ptx_type type = PTX_B8;
    unsigned elements = 1;
    if (!parse_type(p, &type, &elements))
        return false;
    if (elements != 1)
        return parse_fail(p, ERR_UNSUPPORTED, "vector registers are not supported");
    do {
        struct lex_token name = {0};
        uint64_t count = 0;
        if (!parse_word(p, &name))
            return false;
        if (parse_take_sign(p, '<') &&
            !(parse_int(p, PTX_REGS, "the number of registers", &count) && parse_sign(p, '>')))
            return false;
        if (!add_registers(p, type, &name, count))
            return false;
    } while (parse_take_sign(p, ','));
    return parse_sign(p, ';');
}

/* ---- first values ---- */

struct filling { /* of one variable */
    uint8_t *bytes;
    unsigned element; /* bytes of one value */
    bool is_float;
    const uint64_t *strides; /* bytes of one item at each depth of braces; the last is an element */
    size_t depths;
    size_t first_relocation;
};

/* [generic(]name[)] [+ addend] */
static bool relocate(struct parser *p, struct filling *f, uint64_t at, uint64_t mask)
{
    struct lex_token name = {0};
    int64_t addend = 0;
    if (!parse_word(p, &name))
        return false;
    const bool generic = lex_is(&name, LEX_WORD, "generic") && parse_take_sign(p, '(');
    if (generic && !(parse_word(p, &name) && parse_sign(p, ')')))
        return false;
    const struct symbol *y = symbols_find(&p->names, name.text, name.length);
    if (!y || (y->kind != SYMBOL_VAR && y->kind != SYMBOL_FUNC))
        return parse_fail(p, ERR_FORMAT, "no variable or function '%.*s' for a first value",
                          (int)name.length, name.text);
    if (!parse_offset(p, &addend))
        return false;
    unsigned shift = 0;
    for (; mask && (mask & 0xff) == 0; mask >>= 8)
        shift += 8;
    if (mask && (mask != 0xff || f->element != 1))
        return parse_fail(p, ERR_UNSUPPORTED, "an address is masked to other than one byte");
    struct ptx_init *r = parse_add(p, &p->relocations, "addresses in first values");
    if (!r)
        return false;
    *r = (struct ptx_init){.at = at,
                           .symbol = y->index,
                           .func = y->kind == SYMBOL_FUNC,
                           .generic = generic,
                           .bytes = (uint8_t)f->element,
                           .shift = (uint8_t)shift,
                           .addend = addend};
    return true;
}

static bool fill_number(struct parser *p, struct filling *f, uint64_t at)
{
    const bool minus = parse_take_sign(p, '-');
    struct lex_token t = p->lex.token;
    if (t.kind != LEX_INT && t.kind != LEX_F32 && t.kind != LEX_F64)
        return parse_unexpected(p, "a first value");
    lex_next(&p->lex);
    if (t.kind == LEX_INT && parse_take_sign(p, '(')) /* 0xff00(generic(name)) */
        return relocate(p, f, at, t.bits) && parse_sign(p, ')');
    uint64_t bits = t.bits;
    if (minus && t.kind == LEX_INT)
        bits = 0 - bits;
    else if (minus)
        bits ^= UINT64_C(1) << (t.kind == LEX_F32 ? 31 : 63);
    if (t.kind == LEX_F64 && f->is_float && f->element == 4) {
        double wide;
        memcpy(&wide, &bits, sizeof(wide));
        const float narrow = (float)wide;
        uint32_t word;
        memcpy(&word, &narrow, sizeof(word));
        bits = word;
    }
    for (unsigned b = 0; b < f->element; b++)
        f->bytes[at + b] = b < 8 ? (uint8_t)(bits >> (8 * b)) : 0;
    return true;
}

static bool fill_value(struct parser *p, struct filling *f, uint64_t at)
{
    return p->lex.token.kind == LEX_WORD ? relocate(p, f, at, 0) : fill_number(p, f, at);
}

/* The values of one pair of braces: items of strides[depth] bytes within [at, end). A flat list
 * may fill an array of several dimensions. */
static bool fill_list(struct parser *p, struct filling *f, size_t depth, uint64_t at, uint64_t end)
{
    if (parse_take_sign(p, '}'))
        return true;
    do {
        const bool nested = parse_take_sign(p, '{');
        if (nested && depth + 1 >= f->depths)
            return parse_fail(p, ERR_FORMAT, "too many braces in a first value");
        const uint64_t bytes = nested ? f->strides[depth] : f->element;
        if (bytes > end - at)
            return parse_fail(p, ERR_RANGE, "more first values than the variable has room for");
        if (nested ? !fill_list(p, f, depth + 1, at, at + bytes) : !fill_value(p, f, at))
            return false;
        at += bytes;
    } while (parse_take_sign(p, ','));
    return parse_sign(p, '}');
}

enum { INIT_BYTES = 64 << 20 };

static bool parse_first_values(struct parser *p, struct ptx_var *var, unsigned element,
                               const uint64_t *strides, size_t depths)
{
    if (var->bytes > INIT_BYTES)
        return parse_fail(p, ERR_RANGE, "%s has first values and %llu bytes; at most %d may",
                          var->name, (unsigned long long)var->bytes, INIT_BYTES);
    struct filling f = {.element = element,
                        .is_float = var->type == PTX_F32 || var->type == PTX_F64,
                        .strides = strides,
                        .depths = depths,
                        .first_relocation = p->relocations.n,
                        .bytes = arena_alloc(p->arena, var->bytes ? var->bytes : 1)};
    if (!f.bytes)
        return parse_no_memory(p);
    if (element > var->bytes)
        return parse_fail(p, ERR_FORMAT, "%s has no room for a first value", var->name);
    if (parse_take_sign(p, '{') ? !fill_list(p, &f, 0, 0, var->bytes) : !fill_value(p, &f, 0))
        return false;
    var->init = f.bytes;
    var->n_relocations = p->relocations.n - f.first_relocation;
    var->relocations = pile_take(&p->relocations, f.first_relocation, p->arena);
    if (var->n_relocations && !var->relocations)
        return parse_no_memory(p);
    return true;
}

/* ---- variables ---- */

/* [4][8]: the product in *bytes; strides of the depths of braces. [] leaves 0 bytes. */
static bool parse_dimensions(struct parser *p, uint64_t element, uint64_t *bytes,
                             uint64_t strides[DIMENSIONS + 1], size_t *depths)
{
    uint64_t counts[DIMENSIONS];
    size_t n = 0;
    *bytes = element;
    while (parse_take_sign(p, '[')) {
        if (n == DIMENSIONS)
            return parse_fail(p, ERR_RANGE, "more than %d dimensions", DIMENSIONS);
        counts[n] = 0;
        if (!parse_take_sign(p, ']') &&
            !(parse_int(p, VARIABLE_BYTES, "a dimension", &counts[n]) && parse_sign(p, ']')))
            return false;
        if (ckd_mul(bytes, *bytes, counts[n]) || *bytes > VARIABLE_BYTES)
            return parse_fail(p, ERR_RANGE, "a variable of more than 2^36 bytes");
        n++;
    }
    *depths = n ? n : 1;
    uint64_t stride = element;
    strides[*depths - 1] = element;
    for (size_t i = n; i-- > 1;)
        strides[i - 1] = stride *= counts[i];
    return true;
}

static bool parse_alignment(struct parser *p, uint32_t *ret)
{
    uint64_t align = 0;
    if (!parse_int(p, 1 << 16, "an alignment", &align))
        return false;
    if (align == 0 || (align & (align - 1)))
        return parse_fail(p, ERR_FORMAT, "alignment %llu is no power of two",
                          (unsigned long long)align);
    *ret = (uint32_t)align;
    return true;
}

static bool parse_attributes(struct parser *p, struct ptx_var *var)
{
    for (;;) {
        if (parse_take_dot(p, "align")) {
            if (!parse_alignment(p, &var->align))
                return false;
        } else if (parse_take_dot(p, "attribute")) {
            if (!parse_sign(p, '('))
                return false;
            if (!parse_take_dot(p, "managed"))
                return parse_fail(p, ERR_UNSUPPORTED, "attribute .%.*s is not supported",
                                  (int)p->lex.token.length, p->lex.token.text);
            var->managed = true;
            if (!parse_sign(p, ')'))
                return false;
        } else {
            return true;
        }
    }
}

/* name[dimensions] */
static bool parse_name(struct parser *p, struct ptx_var *var, unsigned elements,
                       uint64_t strides[DIMENSIONS + 1], size_t *depths, struct lex_token *name)
{
    var->line = p->lex.token.line;
    if (!parse_word(p, name))
        return false;
    var->name = arena_strndup(p->arena, name->text, name->length);
    if (!var->name)
        return parse_no_memory(p);
    const uint64_t element = (ptx_type_bits((enum ptx_type)var->type) + 7) / 8;
    if (!parse_dimensions(p, element * elements, &var->bytes, strides, depths))
        return false;
    if (var->align == 0)
        var->align = (uint32_t)(element * elements);
    if (var->align < element * elements && elements > 1)
        var->align = (uint32_t)(element * elements);
    return true;
}

static struct ptx_var *add_variable(struct parser *p, struct pile *pile, const struct ptx_var *var)
{
    struct ptx_var *v = parse_add(p, pile, "variables");
    if (v)
        *v = *var;
    return v;
}

bool parse_variable(struct parser *p, enum ptx_space space, struct pile *pile, bool module_level,
                    bool external)
{
    struct ptx_var var = {.space = (uint8_t)space, .external = external};
    enum ptx_type type = PTX_B8;
    unsigned elements = 1;
    if (!parse_attributes(p, &var) || !parse_type(p, &type, &elements) ||
        !parse_attributes(p, &var)) /* .align may stand on either side */
        return false;
    var.type = (uint8_t)type;
    const uint32_t align = var.align;
    do {
        struct lex_token name = {0};
        uint64_t strides[DIMENSIONS + 1];
        size_t depths;
        var.align = align;
        var.init = NULL;
        var.relocations = NULL;
        var.n_relocations = 0;
        if (!parse_name(p, &var, elements, strides, &depths, &name))
            return false;
        const uint32_t index = (uint32_t)pile->n;
        const unsigned element = (ptx_type_bits(type) + 7) / 8;
        if (!parse_declare(p, &name, module_level ? SYMBOL_VAR : SYMBOL_LOCAL, index, 0))
            return false;
        if (parse_take_sign(p, '=') && !parse_first_values(p, &var, element, strides, depths))
            return false;
        if (!add_variable(p, pile, &var))
            return false;
    } while (parse_take_sign(p, ','));
    return parse_sign(p, ';');
}

/* .ptr .global .align 8: what the compiler knows of a pointer; nothing depends on it. */
static bool skip_pointer(struct parser *p)
{
    if (!parse_take_dot(p, "ptr"))
        return true;
    while (p->lex.token.kind == LEX_DOT) {
        uint32_t align;
        if (parse_take_dot(p, "align")) {
            if (!parse_alignment(p, &align))
                return false;
        } else if (!parse_take_dot(p, "const") && !parse_take_dot(p, "global") &&
                   !parse_take_dot(p, "local") && !parse_take_dot(p, "shared")) {
            return parse_unexpected(p, "the space of a pointer");
        }
    }
    return true;
}

static bool parse_param(struct parser *p, struct pile *pile, bool named)
{
    struct ptx_var var = {.space = PTX_PARAM};
    struct lex_token name = {0};
    enum ptx_type type = PTX_B8;
    unsigned elements = 1;
    uint64_t strides[DIMENSIONS + 1];
    size_t depths;
    if (parse_take_dot(p, "reg"))
        return parse_fail(p, ERR_UNSUPPORTED,
                          "parameters in registers are not supported; use .param");
    if (!parse_take_dot(p, "param"))
        return parse_unexpected(p, ".param");
    if (!parse_attributes(p, &var) || !parse_type(p, &type, &elements))
        return false;
    var.type = (uint8_t)type;
    if (!skip_pointer(p) || !parse_attributes(p, &var) ||
        !parse_name(p, &var, elements, strides, &depths, &name))
        return false;
    if (named && !parse_declare(p, &name, SYMBOL_LOCAL, (uint32_t)pile->n, 0))
        return false;
    return add_variable(p, pile, &var) != NULL;
}

bool parse_params(struct parser *p, struct pile *pile, size_t *ret_count, bool named)
{
    *ret_count = 0;
    if (!parse_take_sign(p, '('))
        return true;
    if (parse_take_sign(p, ')'))
        return true;
    do {
        if (!parse_param(p, pile, named))
            return false;
        ++*ret_count;
    } while (parse_take_sign(p, ','));
    return parse_sign(p, ')');
}

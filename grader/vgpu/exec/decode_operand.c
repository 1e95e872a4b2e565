#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "grader/vgpu/exec/decode.h"

uint32_t vg_lane_width(enum ptx_type type)
{
    const unsigned bits = ptx_type_bits(type);
    return type == PTX_PRED ? 0 : bits <= 16 ? 2 : bits / 8;
}

/* ---- constants ---- */

static uint32_t slot_of(const struct vg_constants *c, uint64_t bits, uint32_t width)
{
    uint32_t k = (uint32_t)((bits * UINT64_C(0x9e3779b97f4a7c15) + width) >> 40) & (c->slots - 1);
    while (c->table[k].width && (c->table[k].bits != bits || c->table[k].width != width))
        k = (k + 1) & (c->slots - 1);
    return k;
}

static bool grow_table(struct vg_constants *c)
{
    if (c->slots && c->n < c->slots / 2)
        return true;
    struct vg_constants old = *c;
    c->slots = old.slots ? 2 * old.slots : 64;
    c->table = calloc(c->slots, sizeof *c->table);
    if (!c->table) {
        *c = old;
        return false;
    }
    for (uint32_t k = 0; k < old.slots; k++)
        if (old.table[k].width)
            c->table[slot_of(c, old.table[k].bits, old.table[k].width)] = old.table[k];
    free(old.table);
    return true;
}

static bool grow_bytes(struct vg_constants *c, uint32_t bytes)
{
    if (c->room - c->used >= bytes)
        return true;
    const uint32_t room = c->room ? 2 * c->room : 4096;
    unsigned char *grown = realloc(c->bytes, room);
    if (!grown)
        return false;
    c->bytes = grown;
    c->room = room;
    return true;
}

static void splat(unsigned char *at, uint64_t bits, uint32_t width)
{
    if (width == 1) { /* a predicate: one word */
        const uint32_t all = bits ? VG_ALL : 0;
        memcpy(at, &all, sizeof all);
        return;
    }
    for (uint32_t l = 0; l < VG_WARP; l++)
        memcpy(at + (size_t)l * width, &bits, width);
}

bool vg_decode_constant(struct vg_decoder *d, uint64_t bits, uint32_t width, struct vg_operand *ret)
{
    struct vg_constants *c = &d->constants;
    const uint32_t bytes = width == 1 ? 64 : VG_WARP * width; /* lane arrays stay aligned */
    if (width < 8 && width > 1)
        bits &= (UINT64_C(1) << 8 * width) - 1;
    if (!grow_table(c) || !grow_bytes(c, bytes))
        return false;
    const uint32_t k = slot_of(c, bits, width);
    if (!c->table[k].width) {
        c->table[k] = (struct vg_constant){.bits = bits, .at = c->used, .width = (uint8_t)width};
        memset(c->bytes + c->used, 0, bytes);
        splat(c->bytes + c->used, bits, width);
        c->used += bytes;
        c->n++;
    }
    *ret = (struct vg_operand){
        .at = c->table[k].at,
        .bank = VG_CONSTANTS,
        .type = (uint8_t)(width == 1   ? PTX_PRED
                          : width == 2 ? PTX_B16
                          : width == 4 ? PTX_B32
                                       : PTX_B64),
    };
    return true;
}

/* ---- special registers ---- */

uint32_t vg_decode_special(struct vg_decoder *d, enum ptx_sreg sreg, uint32_t bytes)
{
    struct vg_code *code = d->code;
    for (uint32_t k = 0; k < code->n_specials; k++)
        if (code->specials[k].sreg == sreg && code->specials[k].bytes == bytes)
            return code->specials[k].at;
    const uint32_t at = code->frame_bytes;
    code->frame_bytes += VG_WARP * bytes;
    code->specials[code->n_specials++] =
        (struct vg_special){.sreg = (uint8_t)sreg, .bytes = (uint8_t)bytes, .at = at};
    return at;
}

/* ---- places ---- */

bool vg_decode_place(const struct vg_decoder *d, const struct ptx_operand *o, struct vg_place *ret)
{
    const uint32_t n = o->index;
    if (o->local) {
        if (n >= d->func->n_vars)
            return false;
        *ret = d->code->vars[n];
    } else {
        if (n >= d->module->n_vars)
            return false;
        *ret = d->module->vars[n].space == PTX_SHARED ? d->kernel->shared[n]
                                                      : d->kernel->program->vars[n];
    }
    return true;
}

const struct ptx_table *vg_decode_table(const struct vg_decoder *d)
{
    for (uint32_t k = 0; k < d->instr->n_operands; k++) {
        const struct ptx_operand *o = &d->instr->operands[k];
        if (o->kind == OPERAND_TABLE && o->index < d->func->n_tables)
            return &d->func->tables[o->index];
    }
    return NULL;
}

/* ---- operands ---- */

static uint32_t letter_width(const struct vg_decoder *d, char letter)
{
    switch (letter) {
    case 'p':
        return 1;
    case 'h':
    case 'e':
        return 2;
    case 'd':
    case 'F':
        return 8;
    case 'x':
        return d->literal_width;
    default:
        return 4;
    }
}

static enum err_code no_memory(struct vg_decoder *d)
{
    return err_set(d->why, ERR_NOMEM, "no memory for the literals of %s", d->func->name);
}

static enum err_code literal(struct vg_decoder *d, const struct ptx_operand *o, char letter,
                             struct vg_operand *ret)
{
    uint64_t bits = o->bits;
    if (letter == 'f' && o->kind == OPERAND_F64) { /* a decimal in an f32 instruction */
        double wide;
        memcpy(&wide, &bits, sizeof wide);
        const float narrow = (float)wide;
        bits = 0;
        memcpy(&bits, &narrow, sizeof narrow);
    }
    if (letter == 'F' && o->kind == OPERAND_F32) {
        float narrow;
        memcpy(&narrow, &bits, sizeof narrow);
        const double wide = (double)narrow;
        memcpy(&bits, &wide, sizeof wide);
    }
    return vg_decode_constant(d, bits, letter_width(d, letter), ret) ? OK : no_memory(d);
}

static struct vg_operand absent(void)
{
    return (struct vg_operand){.at = VG_FRAME_SCRATCH, .bank = VG_FRAME, .absent = true};
}

static enum err_code variable(struct vg_decoder *d, const struct ptx_operand *o,
                              struct vg_operand *ret)
{
    struct vg_place place;
    if (!vg_decode_place(d, o, &place))
        return vg_decode_wrong(d, "names a variable that is not there");
    const uint64_t offset = o->kind == OPERAND_VAR ? (uint64_t)o->offset : 0;
    return vg_decode_constant(d, place.at + offset, 8, ret) ? OK : no_memory(d);
}

static enum err_code one_operand(struct vg_decoder *d, const struct ptx_operand *o, char letter,
                                 struct vg_operand *ret)
{
    switch ((enum ptx_operand_kind)(o->kind == OPERAND_MEMORY ? o->base : o->kind)) {
    case OPERAND_REG:
        if (o->index >= d->func->n_regs)
            return vg_decode_wrong(d, "names a register that is not there");
        if (o->kind == OPERAND_REG && o->count) /* .b0, .h1: a part of it */
            return vg_decode_refuse(d);
        *ret = (struct vg_operand){.at = d->reg_at[o->index],
                                   .bank = VG_FRAME,
                                   .type = d->func->regs[o->index].type,
                                   .negated = o->kind == OPERAND_REG && o->negated};
        return OK;
    case OPERAND_SINK:
        *ret = absent();
        return OK;
    case OPERAND_INT:
        if (o->kind == OPERAND_MEMORY) /* the offset is all there is */
            return vg_decode_constant(d, 0, 8, ret) ? OK : no_memory(d);
        return literal(d, o, letter, ret);
    case OPERAND_F32:
    case OPERAND_F64:
        return literal(d, o, letter, ret);
    case OPERAND_VAR:
        return variable(d, o, ret);
    case OPERAND_SREG:
        *ret = (struct vg_operand){
            .at = vg_decode_special(d, o->index, letter_width(d, letter) == 8 ? 8 : 4),
            .bank = VG_FRAME,
            .type = letter_width(d, letter) == 8 ? PTX_U64 : PTX_U32};
        return OK;
    default:
        return vg_decode_wrong(d, "has an operand that makes no sense there");
    }
}

/* What is read as a list of lane operands: labels and tables are none. */
static bool is_lanes(const struct ptx_operand *o)
{
    return o->kind != OPERAND_NONE && o->kind != OPERAND_LABEL && o->kind != OPERAND_TABLE &&
           o->kind != OPERAND_FUNC;
}

static uint32_t flatten(const struct vg_decoder *d, const struct ptx_operand **ret)
{
    uint32_t n = 0;
    for (uint32_t k = 0; k < d->instr->n_operands; k++) {
        const struct ptx_operand *o = &d->instr->operands[k];
        const bool list = o->kind == OPERAND_VECTOR || o->kind == OPERAND_PAIR;
        const uint32_t count = list ? o->count : 1;
        for (uint32_t e = 0; e < count && n < VG_DECODE_OPERANDS; e++) {
            if (list && o->index + e >= d->func->n_elements)
                return VG_DECODE_OPERANDS + 1;
            const struct ptx_operand *one = list ? &d->func->elements[o->index + e] : o;
            if (is_lanes(one))
                ret[n++] = one;
        }
    }
    return n;
}

struct letters { /* a shape, read */
    char letter[VG_DECODE_OPERANDS];
    bool maybe[VG_DECODE_OPERANDS];
    uint32_t n, n_results, n_maybe;
};

static void read_shape(const char *shape, uint32_t n_operands, struct letters *ret)
{
    *ret = (struct letters){.n = 0};
    bool repeats = false;
    for (const char *c = shape; *c; c++) {
        if (*c == '=')
            ret->n_results = ret->n;
        else if (*c == '?')
            ret->maybe[ret->n - 1] = true;
        else if (*c == '*')
            repeats = true;
        else if (ret->n < VG_DECODE_OPERANDS)
            ret->letter[ret->n++] = *c;
        ret->n_maybe += *c == '?';
    }
    while (repeats && ret->n < n_operands && ret->n < VG_DECODE_OPERANDS) {
        ret->letter[ret->n] = ret->letter[ret->n - 1];
        ret->n++;
    }
}

/* A lane array of another width would be read or written beyond its end. vg_arith_find has checked
 * registers itself; what stands behind 'x' the caller checks. */
static bool fits(const struct vg_decoder *d, char letter, const struct vg_operand *o)
{
    if (o->absent || d->trusted)
        return true;
    const uint32_t width = vg_lane_width(o->type);
    if (letter == 'a')
        return width == 4 || width == 8;
    if (letter == 'x')
        return width != 0;
    return letter == 'p' ? o->type == PTX_PRED : width == letter_width(d, letter);
}

enum err_code vg_decode_operands(struct vg_decoder *d, const char *shape)
{
    const struct ptx_operand *flat[VG_DECODE_OPERANDS] = {NULL};
    const uint32_t n = flatten(d, flat);
    struct letters letters;
    read_shape(shape, n, &letters);
    if (n > letters.n || n + letters.n_maybe < letters.n)
        return vg_decode_wrong(d, "has too many or too few operands");
    uint32_t given = letters.n_maybe - (letters.n - n), next = 0; /* the first ones */
    d->n_operands = letters.n;
    for (uint32_t k = 0; k < letters.n; k++) {
        if (letters.maybe[k] && given == 0) {
            d->operands[k] = absent();
            continue;
        }
        given -= letters.maybe[k];
        if (next >= n || !flat[next])
            return vg_decode_wrong(d, "has too few operands");
        const enum err_code rc = one_operand(d, flat[next++], letters.letter[k], &d->operands[k]);
        if (rc != OK)
            return rc;
        if (k < letters.n_results && d->operands[k].bank == VG_CONSTANTS)
            return vg_decode_wrong(d, "writes to a literal");
        if (!fits(d, letters.letter[k], &d->operands[k]))
            return vg_decode_wrong(d, "has an operand of the wrong width");
    }
    d->insn->n_results = letters.n_results;
    return OK;
}

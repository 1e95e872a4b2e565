/* Video instructions (9.7.18, 9.7.19): scalar ones and those on two halves or four bytes. Rare, so
 * the name is read as it runs.
 *
 * Selectors of operands (a.b0, d.h1, masks of lanes), negated operands and the scales of vmad are
 * no part of an instruction that the parser knows: such text is refused there or here. A selector
 * of the result, which stands among the modifiers, is known. */
#include "grader/vgpu/exec/arith/families.h"
#include "grader/vgpu/exec/arith/lanes.h"

struct video {
    uint8_t op;    /* the scalar instruction that it is, or is in each part */
    uint8_t parts; /* 1, 2 or 4 */
    bool set;      /* vset: two types, a comparison */
    bool d_signed, a_signed, b_signed;
    bool sat, wrap, shift_mode;
    uint8_t compare, second, part; /* enum ptx_mod + 1 of each; 0: not there */
};

static const struct {
    uint8_t op, scalar, parts;
} simd[] = {
    {PTX_VADD2, PTX_VADD, 2},         {PTX_VSUB2, PTX_VSUB, 2},         {PTX_VAVRG2, PTX_VAVRG2, 2},
    {PTX_VABSDIFF2, PTX_VABSDIFF, 2}, {PTX_VMIN2, PTX_VMIN, 2},         {PTX_VMAX2, PTX_VMAX, 2},
    {PTX_VSET2, PTX_VSET, 2},         {PTX_VADD4, PTX_VADD, 4},         {PTX_VSUB4, PTX_VSUB, 4},
    {PTX_VAVRG4, PTX_VAVRG2, 4},      {PTX_VABSDIFF4, PTX_VABSDIFF, 4}, {PTX_VMIN4, PTX_VMIN, 4},
    {PTX_VMAX4, PTX_VMAX, 4},         {PTX_VSET4, PTX_VSET, 4},
};

static bool take_op(struct video *v, uint8_t op)
{
    v->op = op;
    v->parts = 1;
    for (size_t k = 0; k < sizeof simd / sizeof *simd; k++)
        if (simd[k].op == op) {
            v->op = simd[k].scalar;
            v->parts = simd[k].parts;
        }
    v->set = v->op == PTX_VSET;
    return op >= PTX_VADD && op <= PTX_VSET4;
}

static bool take_types(struct video *v, const struct ptx_instr *i)
{
    const unsigned first = v->set ? 0 : 1;
    if (i->n_types != first + 2)
        return false;
    for (unsigned k = 0; k < i->n_types; k++)
        if (i->types[k] != PTX_U32 && i->types[k] != PTX_S32)
            return false;
    v->d_signed = !v->set && i->types[0] == PTX_S32;
    v->a_signed = i->types[first] == PTX_S32;
    v->b_signed = i->types[first + 1] == PTX_S32;
    return true;
}

static bool take_once(uint8_t *at, uint8_t mod)
{
    const bool first = *at == 0;
    *at = mod + 1;
    return first;
}

static bool take_modifier(struct video *v, uint8_t mod)
{
    switch (mod) {
    case MOD_SAT:
        return v->sat = !v->set;
    case MOD_CLAMP:
    case MOD_WRAP:
        v->wrap = mod == MOD_WRAP;
        return v->shift_mode = v->op == PTX_VSHL || v->op == PTX_VSHR;
    case MOD_EQ:
    case MOD_NE:
    case MOD_LT:
    case MOD_LE:
    case MOD_GT:
    case MOD_GE:
        return v->set && take_once(&v->compare, mod);
    case MOD_MIN:
    case MOD_MAX:
        return v->parts == 1 && v->op != PTX_VMAD && take_once(&v->second, mod);
    case MOD_ADD:
        return v->op != PTX_VMAD && take_once(&v->second, mod);
    case MOD_B0:
    case MOD_B1:
    case MOD_B2:
    case MOD_B3:
    case MOD_H0:
    case MOD_H1:
        return v->parts == 1 && v->op != PTX_VMAD && take_once(&v->part, mod);
    default:
        return false;
    }
}

static bool video_of(const struct ptx_instr *i, struct video *ret)
{
    struct video v = {0};
    if (!take_op(&v, (uint8_t)i->op) || !take_types(&v, i))
        return false;
    for (unsigned k = 0; k < i->n_mods; k++)
        if (!take_modifier(&v, i->mods[k]))
            return false;
    const bool shift = v.op == PTX_VSHL || v.op == PTX_VSHR;
    if ((v.set && !v.compare) || shift != v.shift_mode || (shift && v.b_signed) ||
        (v.second && v.part))
        return false;
    *ret = v;
    return true;
}

static bool compared(int64_t a, int64_t b, enum ptx_mod how)
{
    return how == MOD_EQ   ? a == b
           : how == MOD_NE ? a != b
           : how == MOD_LT ? a < b
           : how == MOD_LE ? a <= b
           : how == MOD_GT ? a > b
                           : a >= b;
}

/* The average rounds away from zero when it is positive, as the ISA's pseudo-code does. */
static int64_t average(int64_t sum)
{
    return sum >= 0 ? (sum + 1) >> 1 : sum >> 1;
}

static int64_t operate(const struct video *v, int64_t a, int64_t b, int64_t c)
{
    const uint32_t shift = v->wrap ? (uint32_t)b & 31 : b > 32 ? 32 : (uint32_t)b;
    switch (v->op) {
    case PTX_VADD:
        return a + b;
    case PTX_VSUB:
        return a - b;
    case PTX_VAVRG2:
        return average(a + b);
    case PTX_VABSDIFF:
        return a > b ? a - b : b - a;
    case PTX_VMIN:
        return a < b ? a : b;
    case PTX_VMAX:
        return a > b ? a : b;
    case PTX_VSET:
        return compared(a, b, v->compare - 1);
    case PTX_VSHL:
        return (int64_t)((uint64_t)a << shift);
    case PTX_VSHR:
        return a >> shift;
    default: /* vmad: a product of 32-bit numbers, with room for the sum only modulo 2^64 */
        return (int64_t)((uint64_t)a * (uint64_t)b + (uint64_t)c);
    }
}

static int64_t clamp(int64_t x, bool is_signed, unsigned bits)
{
    const int64_t high =
        is_signed ? INT64_MAX >> (64 - bits) : (int64_t)(UINT64_MAX >> (64 - bits));
    const int64_t low = is_signed ? -high - 1 : 0;
    return x > high ? high : x < low ? low : x;
}

static int64_t extended(uint32_t word, unsigned bits, unsigned at, bool is_signed)
{
    const uint32_t up = word << (32 - bits - at);
    return is_signed ? (int64_t)((int32_t)up >> (32 - bits)) : (int64_t)(up >> (32 - bits));
}

/* Where a part of the result goes, and how wide it is. */
static void place_of_part(uint8_t part, unsigned *ret_at, unsigned *ret_bits)
{
    const uint8_t mod = part - 1;
    *ret_bits = part == 0 ? 32 : mod == MOD_H0 || mod == MOD_H1 ? 16 : 8;
    *ret_at = part == 0                        ? 0
              : mod == MOD_H1 || mod == MOD_B2 ? 16
              : mod == MOD_B3                  ? 24
              : mod == MOD_B1                  ? 8
                                               : 0;
}

static uint32_t second(const struct video *v, uint32_t r, uint32_t c)
{
    const bool less = v->d_signed ? (int32_t)r < (int32_t)c : r < c;
    switch (v->second - 1) {
    case MOD_ADD:
        return r + c;
    case MOD_MIN:
        return less ? r : c;
    default:
        return less ? c : r;
    }
}

static uint32_t scalar(const struct video *v, uint32_t a, uint32_t b, uint32_t c)
{
    const bool mad_signed = v->a_signed || v->b_signed;
    const int64_t r = operate(v, extended(a, 32, 0, v->a_signed), extended(b, 32, 0, v->b_signed),
                              extended(c, 32, 0, mad_signed));
    unsigned at, bits;
    place_of_part(v->part, &at, &bits);
    if (v->op == PTX_VMAD && v->sat)
        return (uint32_t)(mad_signed                 ? clamp(r, true, 32)
                          : (uint64_t)r > UINT32_MAX ? UINT32_MAX
                                                     : r);
    const uint32_t t = (uint32_t)(v->sat ? clamp(r, v->d_signed, bits) : r);
    if (v->part == 0)
        return v->second ? second(v, t, c) : t;
    const uint32_t field = (UINT32_MAX >> (32 - bits)) << at;
    return (c & ~field) | (t << at & field);
}

static uint32_t parts(const struct video *v, uint32_t a, uint32_t b, uint32_t c)
{
    const unsigned bits = 32 / v->parts;
    uint32_t sum = c, merged = 0;
    for (unsigned k = 0; k < v->parts; k++) {
        const int64_t r = operate(v, extended(a, bits, bits * k, v->a_signed),
                                  extended(b, bits, bits * k, v->b_signed), 0);
        const uint32_t t = (uint32_t)(v->sat ? clamp(r, v->d_signed, bits) : r);
        sum += t;
        merged |= (t & UINT32_MAX >> (32 - bits)) << bits * k;
    }
    return v->second ? sum : merged;
}

HANDLER(video)
{
    struct video v;
    if (!video_of(i->source, &v))
        return; /* found by the same function: it is one */
    const uint32_t *const a = vg_lanes(w, i, 1), *const b = vg_lanes(w, i, 2);
    const uint32_t *const c = vg_lanes(w, i, i->n_operands > 3 ? 3 : 2);
    uint32_t *const d = vg_lanes(w, i, 0);
    for (int l = 0; l < VG_WARP; l++)
        if (ON(mask))
            d[l] = v.parts == 1 ? scalar(&v, a[l], b[l], c[l]) : parts(&v, a[l], b[l], c[l]);
}

bool vg_find_video(const struct ptx_instr *i, const struct ptx_func *f, struct vg_row *ret)
{
    struct video v;
    if (!video_of(i, &v))
        return false;
    const bool third = v.parts > 1 || v.second || v.part || v.op == PTX_VMAD;
    *ret = (struct vg_row){.run = video, .shape = third ? "w=www" : "w=ww"};
    const struct ptx_operand *o[VG_FLAT_MAX];
    return vg_shape_fits(ret->shape, f, o, vg_flatten(i, f, o));
}

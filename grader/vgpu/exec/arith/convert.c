/* cvt in general (9.7.9.21): any pair of types in registers as wide or wider, read off the
 * instruction as it runs. Slower than lanes_convert.c and without its tables: a value is brought to
 * one of two forms that hold every source exactly, rounded once into the result.
 *
 * cvt.pack and cvt.rs (random bits) are not known. */
#include <string.h>

#include "grader/vgpu/exec/arith/families.h"
#include "grader/vgpu/exec/arith/narrow.h"

struct plan { /* a cvt, taken apart */
    enum ptx_type to, from;
    enum vg_rounding how;
    bool rounded, whole; /* a rounding is named; it is one to integers */
    bool ftz, sat, relu, finite, away;
};

static bool is_float(enum ptx_type t)
{
    return t == PTX_F16 || t == PTX_BF16 || t == PTX_F32 || t == PTX_F64;
}

static bool is_integer(enum ptx_type t)
{
    return (t >= PTX_U8 && t <= PTX_U64) || (t >= PTX_S8 && t <= PTX_S64);
}

static bool is_signed(enum ptx_type t)
{
    return t >= PTX_S8 && t <= PTX_S64;
}

static bool set_rounding(struct plan *p, enum vg_rounding how, bool whole)
{
    const bool first = !p->rounded;
    p->rounded = true;
    p->how = how;
    p->whole = whole;
    return first;
}

static bool take_modifier(struct plan *p, uint8_t mod)
{
    switch (mod) {
    case MOD_RN:
        return set_rounding(p, VG_NEAREST, false);
    case MOD_RZ:
        return set_rounding(p, VG_ZERO, false);
    case MOD_RM:
        return set_rounding(p, VG_DOWN, false);
    case MOD_RP:
        return set_rounding(p, VG_UP, false);
    case MOD_RNA:
        return set_rounding(p, VG_AWAY, false);
    case MOD_RNI:
        return set_rounding(p, VG_NEAREST, true);
    case MOD_RZI:
        return set_rounding(p, VG_ZERO, true);
    case MOD_RMI:
        return set_rounding(p, VG_DOWN, true);
    case MOD_RPI:
        return set_rounding(p, VG_UP, true);
    case MOD_FTZ:
        return p->ftz = true;
    case MOD_SAT:
        return p->sat = true;
    case MOD_RELU:
        return p->relu = true;
    case MOD_SATFINITE:
        return p->finite = true;
    default:
        return false;
    }
}

static bool plan_of(const struct ptx_instr *i, struct plan *ret)
{
    struct plan p = {0};
    if (i->n_types != 2)
        return false;
    p.to = i->types[0];
    p.from = i->types[1];
    for (unsigned k = 0; k < i->n_mods; k++)
        if (!take_modifier(&p, i->mods[k]))
            return false;
    *ret = p;
    return true;
}

/* ---- values: an integer as int64 or uint64 bits, a float as a double ---- */

static uint64_t bits_at(const void *lanes, unsigned register_bits, int l)
{
    return register_bits <= 16   ? ((const uint16_t *)lanes)[l]
           : register_bits == 32 ? ((const uint32_t *)lanes)[l]
                                 : ((const uint64_t *)lanes)[l];
}

static void put_bits(void *lanes, unsigned register_bits, int l, uint64_t bits)
{
    if (register_bits <= 16)
        ((uint16_t *)lanes)[l] = (uint16_t)bits;
    else if (register_bits == 32)
        ((uint32_t *)lanes)[l] = (uint32_t)bits;
    else
        ((uint64_t *)lanes)[l] = bits;
}

/* The low bits of a register as a number of the type, extended to 64. */
static uint64_t as_integer(uint64_t bits, enum ptx_type t)
{
    const unsigned spare = 64 - ptx_type_bits(t);
    return is_signed(t) ? (uint64_t)((int64_t)(bits << spare) >> spare) : bits << spare >> spare;
}

static double as_float(uint64_t bits, enum ptx_type t, bool ftz)
{
    if (t == PTX_F16)
        return from_f16((uint16_t)bits);
    if (t == PTX_BF16)
        return from_bf16((uint16_t)bits);
    if (t == PTX_F64)
        return f64_of(bits);
    const float x = f32_of((uint32_t)bits);
    return (double)(ftz ? ftz_f32(x) : x);
}

/* x to an integer in its own format. */
static double to_whole(double x, enum vg_rounding how)
{
    switch (how) {
    case VG_NEAREST:
        return __builtin_rint(x);
    case VG_DOWN:
        return __builtin_floor(x);
    case VG_UP:
        return __builtin_ceil(x);
    case VG_ZERO:
    case VG_AWAY:
        break;
    }
    return __builtin_trunc(x);
}

static uint64_t highest(enum ptx_type t)
{
    return UINT64_MAX >> (64 - ptx_type_bits(t)) >> is_signed(t);
}

/* What a NaN becomes (9.7.9.21): 0 unless a side has 64 bits, then the top bit of the result. */
static uint64_t nan_as_integer(const struct plan *p)
{
    const bool wide = p->from == PTX_F64 || ptx_type_bits(p->to) == 64;
    return wide ? UINT64_C(1) << (ptx_type_bits(p->to) - 1) : 0;
}

static uint64_t float_to_integer(double x, const struct plan *p)
{
    if (x != x)
        return nan_as_integer(p);
    const double r = to_whole(x, p->how);
    const double end = (double)(highest(p->to) / 2 + 1) * 2.0; /* highest + 1, exactly */
    if (r >= end)
        return highest(p->to);
    if (is_signed(p->to))
        return r < -end ? ~highest(p->to) : (uint64_t)(int64_t)r;
    return r < 0 ? 0 : (uint64_t)r;
}

/* An integer as the double whose rounding to fewer bits rounds once. */
static double odd_of_integer(uint64_t bits, enum ptx_type t)
{
    const bool negative = is_signed(t) && (int64_t)bits < 0;
    const uint64_t magnitude = negative ? 0 - bits : bits;
    const uint64_t kept = magnitude < UINT64_C(1) << 53
                              ? magnitude
                              : (magnitude & ~UINT64_C(0x7ff)) | ((magnitude & 0x7ff) != 0) << 11;
    const double r = (double)kept;
    return negative ? -r : r;
}

/* An integer to f64: its 64 bits as a sum of two halves, which loses what `lost` says. */
static uint64_t integer_to_f64(uint64_t bits, const struct plan *p)
{
    const bool negative = is_signed(p->from) && (int64_t)bits < 0;
    const uint64_t m = negative ? 0 - bits : bits;
    const double high = (double)(m >> 32) * 0x1p32, low = (double)(uint32_t)m;
    const double near = high + low, lost = low - (near - high);
    const bool up = p->how == (negative ? VG_DOWN : VG_UP);
    const bool down = p->how == VG_ZERO || p->how == (negative ? VG_UP : VG_DOWN);
    uint64_t r = bits_of_f64(near);
    if (lost > 0 && up)
        r++;
    if (lost < 0 && down)
        r--;
    return r | (uint64_t)negative << 63;
}

static struct vg_format format_of(enum ptx_type t)
{
    return t == PTX_F16 || t == PTX_F16X2     ? VG_F16
           : t == PTX_BF16 || t == PTX_BF16X2 ? VG_BF16
           : t == PTX_TF32                    ? VG_TF32
           : t == PTX_E4M3X2                  ? VG_E4M3
           : t == PTX_E5M2X2                  ? VG_E5M2
                                              : VG_F32;
}

/* A float to a format, with what the modifiers do to the rounded value. */
static uint64_t float_to_float(double x, const struct plan *p)
{
    const double whole = p->whole ? to_whole(x, p->how) : x;
    if (p->to == PTX_F64)
        return bits_of_f64(p->sat ? (whole > 0 ? whole < 1 ? whole : 1 : 0)
                                  : nan_of_f64(whole, x, x, x));
    const struct vg_format f = format_of(p->to);
    const uint32_t code = narrow(whole, f, p->whole ? VG_NEAREST : p->how, p->finite);
    const uint32_t one = code_of(1.0, f), magnitude = code & (f.sign - 1);
    const bool negative = code & f.sign, nan = x != x;
    if (p->sat)
        return nan || negative ? 0 : magnitude > one ? one : code;
    if (p->relu && negative && !nan)
        return 0;
    return p->ftz && p->to == PTX_F32 && magnitude < 0x800000 ? code & f.sign : code;
}

static uint64_t saturated(uint64_t value, const struct plan *p)
{
    const int64_t s = (int64_t)value;
    if (is_signed(p->from) && s < 0)
        return !is_signed(p->to) ? 0 : s < (int64_t)~highest(p->to) ? ~highest(p->to) : value;
    return value > highest(p->to) ? highest(p->to) : value;
}

static uint64_t convert(uint64_t bits, const struct plan *p)
{
    if (is_float(p->from)) {
        const double x = as_float(bits, p->from, p->ftz);
        return is_integer(p->to) ? float_to_integer(x, p) : float_to_float(x, p);
    }
    const uint64_t value = as_integer(bits, p->from);
    if (p->to == PTX_F64)
        return integer_to_f64(value, p);
    if (is_float(p->to))
        return float_to_float(odd_of_integer(value, p->from), p);
    return p->sat ? saturated(value, p) : value;
}

HANDLER(cvt_any)
{
    struct plan p;
    if (!plan_of(i->source, &p))
        return; /* found by the same function: it has a plan */
    const unsigned to_bits = ptx_type_bits(i->operands[0].type);
    const void *const a = vg_lanes(w, i, 1);
    /* A literal is laid out in the source type's width. */
    const unsigned from_bits = i->operands[1].bank == VG_CONSTANTS
                                   ? ptx_type_bits(p.from)
                                   : ptx_type_bits(i->operands[1].type);
    void *const d = vg_lanes(w, i, 0);
    for (int l = 0; l < VG_WARP; l++) {
        if (!ON(mask))
            continue;
        const uint64_t r = convert(bits_at(a, from_bits, l), &p);
        put_bits(d, to_bits, l, is_integer(p.to) ? as_integer(r, p.to) : r);
    }
}

/* Two f32 to a pair: the first operand becomes the upper half (9.7.9.21). */
HANDLER(cvt_pair)
{
    struct plan p;
    if (!plan_of(i->source, &p))
        return;
    const bool bytes = p.to == PTX_E4M3X2 || p.to == PTX_E5M2X2;
    const float *const a = vg_lanes(w, i, 1), *const b = vg_lanes(w, i, 2);
    void *const d = vg_lanes(w, i, 0);
    for (int l = 0; l < VG_WARP; l++) {
        const uint64_t high = float_to_float((double)(p.ftz ? ftz_f32(a[l]) : a[l]), &p);
        const uint64_t low = float_to_float((double)(p.ftz ? ftz_f32(b[l]) : b[l]), &p);
        if (ON(mask))
            put_bits(d, bytes ? 16 : 32, l, low | high << (bytes ? 8 : 16));
    }
}

/* f16x2 to a pair of bytes: halves keep their places. */
HANDLER(cvt_halves_to_bytes)
{
    struct plan p;
    if (!plan_of(i->source, &p))
        return;
    const uint32_t *const a = vg_lanes(w, i, 1);
    uint16_t *const d = vg_lanes(w, i, 0);
    for (int l = 0; l < VG_WARP; l++) {
        const uint64_t low = float_to_float(from_f16(a[l] & 0xffff), &p);
        const uint64_t high = float_to_float(from_f16(a[l] >> 16), &p);
        d[l] = ON(mask) ? (uint16_t)(low | high << 8) : d[l];
    }
}

static double from_e4m3(uint32_t code)
{
    const double r = (code & 0x7f) == 0x7f ? (double)NAN : widen(code & 0x7f, VG_E4M3);
    return code & 0x80 ? -r : r;
}

HANDLER(cvt_bytes_to_halves)
{
    struct plan p;
    if (!plan_of(i->source, &p))
        return;
    const uint16_t *const a = vg_lanes(w, i, 1);
    uint32_t *const d = vg_lanes(w, i, 0);
    for (int l = 0; l < VG_WARP; l++) {
        uint64_t half[2];
        for (int k = 0; k < 2; k++) {
            const uint32_t code = a[l] >> 8 * k & 0xff;
            half[k] =
                float_to_float(p.from == PTX_E4M3X2 ? from_e4m3(code) : widen(code, VG_E5M2), &p);
        }
        d[l] = ON(mask) ? (uint32_t)(half[0] | half[1] << 16) : d[l];
    }
}

/* ---- which of them the ISA has ---- */

static bool only(const struct plan *p, bool rounded, bool sat, bool relu, bool finite)
{
    return (!p->rounded || rounded) && (!p->sat || sat) && (!p->relu || relu) &&
           (!p->finite || finite);
}

/* .sat stands only where something can be cut off. */
static bool holds_all(enum ptx_type to, enum ptx_type from)
{
    const unsigned wide = ptx_type_bits(to), narrow_bits = ptx_type_bits(from);
    return is_signed(to) == is_signed(from) ? wide >= narrow_bits
                                            : is_signed(to) && wide > narrow_bits;
}

static bool has_f32(const struct plan *p)
{
    return p->from == PTX_F32 || p->to == PTX_F32;
}

/* Numbers to numbers. A rounding is named exactly where one happens. */
static bool number_is_known(const struct plan *p)
{
    if (p->how == VG_AWAY || (p->ftz && !has_f32(p)))
        return false;
    if (is_integer(p->from) && is_integer(p->to))
        return only(p, false, !holds_all(p->to, p->from), false, false);
    if (is_integer(p->to))
        return p->whole && only(p, true, true, false, false);
    if (is_integer(p->from))
        return p->rounded && !p->whole && only(p, true, true, false, false);
    const unsigned from = ptx_type_bits(p->from), to = ptx_type_bits(p->to);
    if (p->from == p->to) /* to integers in the format, or clamped */
        return p->rounded ? p->whole && only(p, true, true, false, false)
                          : only(p, false, true, false, false);
    if (to > from)
        return only(p, false, true, false, false);
    const bool half = to == 16 && p->from == PTX_F32 && (p->how == VG_NEAREST || p->how == VG_ZERO);
    return p->rounded && !p->whole && (to != 16 || from == 16 || !p->sat || !p->relu) &&
           only(p, true, true, half, half);
}

static bool pair_is_known(const struct plan *p)
{
    const bool halves = p->to == PTX_F16X2 || p->to == PTX_BF16X2;
    const bool bytes = p->to == PTX_E4M3X2 || p->to == PTX_E5M2X2;
    if (!p->rounded || p->whole || p->sat || p->ftz || p->how == VG_AWAY)
        return false;
    if (p->from == PTX_F32 && halves)
        return p->how == VG_NEAREST || p->how == VG_ZERO;
    return bytes && p->finite && p->how == VG_NEAREST;
}

static bool register_holds(const struct ptx_operand *o, const struct ptx_func *f, enum ptx_type t,
                           bool result)
{
    if (o->kind != OPERAND_REG)
        return result ? o->kind == OPERAND_SINK
                      : o->kind == OPERAND_INT || o->kind == OPERAND_F32 || o->kind == OPERAND_F64;
    if (o->index >= f->n_regs || o->negated)
        return false;
    const unsigned bits = ptx_type_bits(f->regs[o->index].type), needed = ptx_type_bits(t);
    return bits <= 64 && (bits == needed || (bits > needed && is_integer(t)));
}

/* The shape for literals; widths of registers were looked at. */
static const char *shape_of(enum ptx_type from)
{
    return from == PTX_F32             ? "d=f"
           : from == PTX_F64           ? "d=F"
           : ptx_type_bits(from) <= 16 ? "d=h"
           : ptx_type_bits(from) == 32 ? "d=w"
                                       : "d=d";
}

bool vg_find_convert(const struct ptx_instr *i, const struct ptx_func *f, struct vg_row *ret)
{
    struct plan p;
    const struct ptx_operand *o[VG_FLAT_MAX];
    const size_t n = vg_flatten(i, f, o);
    if (!plan_of(i, &p))
        return false;
    const bool numbers =
        (is_float(p.from) || is_integer(p.from)) && (is_float(p.to) || is_integer(p.to));
    const bool tf32 = p.to == PTX_TF32 && p.from == PTX_F32 && p.rounded && !p.whole && !p.sat &&
                      !p.ftz && (p.how != VG_AWAY || !p.relu) && p.how != VG_DOWN && p.how != VG_UP;
    if ((numbers && number_is_known(&p)) || tf32) {
        *ret = (struct vg_row){.run = cvt_any, .shape = shape_of(p.from)};
        return n == 2 && register_holds(o[0], f, p.to, true) &&
               register_holds(o[1], f, p.from, false);
    }
    const bool bytes = p.from == PTX_E4M3X2 || p.from == PTX_E5M2X2;
    if (pair_is_known(&p) && p.from == PTX_F32)
        *ret =
            (struct vg_row){.run = cvt_pair, .shape = ptx_type_bits(p.to) == 16 ? "h=ff" : "w=ff"};
    else if (pair_is_known(&p) && p.from == PTX_F16X2)
        *ret = (struct vg_row){.run = cvt_halves_to_bytes, .shape = "h=w"};
    else if (bytes && p.to == PTX_F16X2 && p.rounded && !p.whole && p.how == VG_NEAREST && !p.sat &&
             !p.ftz && !p.finite)
        *ret = (struct vg_row){.run = cvt_bytes_to_halves, .shape = "w=h"};
    else
        return false;
    return vg_shape_fits(ret->shape, f, o, n);
}

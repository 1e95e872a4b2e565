/* atom and red (9.7.13.4, 9.7.13.5). Lanes of a warp follow each other by number, which the ISA
 * leaves open; so sums of floats repeat. */
#include <string.h>

#include "grader/vgpu/exec/access.h"
#include "grader/vgpu/exec/arith/narrow.h"
#include "grader/vgpu/exec/handlers.h"

/* ---- the operations, on bits ---- */

static uint64_t bits_f32(float x)
{
    uint32_t bits;
    memcpy(&bits, &x, sizeof bits);
    return bits;
}

static float f32_bits(uint64_t bits)
{
    const uint32_t low = (uint32_t)bits;
    float x;
    memcpy(&x, &low, sizeof x);
    return x;
}

static uint64_t flushed(uint64_t bits) /* a subnormal becomes a zero of its sign */
{
    return bits & 0x7f800000 ? bits : bits & 0x80000000;
}

static uint64_t add_f32(uint64_t a, uint64_t b, bool flush)
{
    if (flush)
        a = flushed(a), b = flushed(b);
    const float sum = f32_bits(a) + f32_bits(b);
    const uint64_t bits = sum != sum ? 0x7fffffff : bits_f32(sum);
    return flush ? flushed(bits) : bits;
}

static uint64_t add_f64(uint64_t a, uint64_t b)
{
    double x, y;
    memcpy(&x, &a, sizeof x);
    memcpy(&y, &b, sizeof y);
    x += y;
    memcpy(&a, &x, sizeof a);
    return a;
}

static uint64_t add_half(uint64_t a, uint64_t b, bool brain)
{
    a &= 0xffff;
    b &= 0xffff;
    if (brain)
        return to_bf16(from_bf16((uint32_t)a) + from_bf16((uint32_t)b)) & 0xffff;
    return to_f16(from_f16((uint32_t)a) + from_f16((uint32_t)b)) & 0xffff;
}

static uint64_t add(enum ptx_type type, uint64_t a, uint64_t b, bool flush)
{
    switch (type) {
    case PTX_F32:
        return add_f32(a, b, flush);
    case PTX_F64:
        return add_f64(a, b);
    case PTX_F16:
    case PTX_BF16:
        return add_half(a, b, type == PTX_BF16);
    case PTX_F16X2:
    case PTX_BF16X2:
        return add_half(a, b, type == PTX_BF16X2) | add_half(a >> 16, b >> 16, type == PTX_BF16X2)
                                                        << 16;
    default:
        return a + b;
    }
}

static bool less(enum ptx_type type, uint64_t a, uint64_t b)
{
    switch (type) {
    case PTX_S32:
        return (int32_t)a < (int32_t)b;
    case PTX_S64:
        return (int64_t)a < (int64_t)b;
    default:
        return a < b;
    }
}

static uint64_t combine(const struct vg_insn *i, uint64_t old, uint64_t b, uint64_t c, bool flush)
{
    const enum ptx_type type = (enum ptx_type)i->source->types[0];
    switch ((enum ptx_mod)i->a) {
    case MOD_ADD:
        return add(type, old, b, flush);
    case MOD_AND:
        return old & b;
    case MOD_OR:
        return old | b;
    case MOD_XOR:
        return old ^ b;
    case MOD_EXCH:
        return b;
    case MOD_CAS:
        return old == b ? c : old;
    case MOD_MIN:
        return less(type, b, old) ? b : old;
    case MOD_MAX:
        return less(type, old, b) ? b : old;
    case MOD_INC:
        return old >= b ? 0 : old + 1;
    default: /* MOD_DEC: the decoder lets nothing else through */
        return old == 0 || old > b ? b : old - 1;
    }
}

/* ---- memory ---- */

static uint64_t get(const void *lanes, uint32_t width, uint32_t l)
{
    if (width == 2)
        return ((const uint16_t *)lanes)[l];
    return width == 4 ? ((const uint32_t *)lanes)[l] : ((const uint64_t *)lanes)[l];
}

static void put(void *lanes, uint32_t width, uint32_t l, uint64_t value)
{
    if (width == 2)
        ((uint16_t *)lanes)[l] = (uint16_t)value;
    else if (width == 4)
        ((uint32_t *)lanes)[l] = (uint32_t)value;
    else
        ((uint64_t *)lanes)[l] = value;
}

/* Another worker may do the same: only operations whose order cannot be seen come here. */
static void update_together(const struct vg_insn *i, unsigned char *p, uint64_t b)
{
    if (i->lane_bytes == 8) {
        uint64_t *at = (uint64_t *)(void *)p, old = __atomic_load_n(at, __ATOMIC_RELAXED);
        while (!__atomic_compare_exchange_n(at, &old, combine(i, old, b, 0, false), true,
                                            __ATOMIC_RELAXED, __ATOMIC_RELAXED)) {
        }
    } else {
        uint32_t *at = (uint32_t *)(void *)p, old = __atomic_load_n(at, __ATOMIC_RELAXED);
        while (!__atomic_compare_exchange_n(at, &old, (uint32_t)combine(i, old, b, 0, false), true,
                                            __ATOMIC_RELAXED, __ATOMIC_RELAXED)) {
        }
    }
}

/* The word of a cooperative launch's barrier flips its top bit when the last block arrives. */
static void see_grid_barrier(struct vg_warp *w, uint64_t address, uint64_t old, uint64_t now)
{
    const uint64_t workspace = vg_live(w)->kernel->program->workspace;
    if (w->block->launch->cooperative && address == workspace + 4 && (old ^ now) >> 31 & 1)
        vg_tell_sync(w->block, w, VG_SYNC_GRID, 0, w->mask);
}

static void update(struct vg_warp *w, const struct vg_insn *i, uint32_t mask, const uint64_t *a,
                   unsigned char *const *p, enum ptx_space space)
{
    const uint32_t width = i->lane_bytes, k = i->b >> VG_ADDRESS_OPERAND;
    const void *b = vg_lanes(w, i, k + 1), *c = vg_lanes(w, i, k + 2);
    void *to = k ? vg_lanes(w, i, 0) : NULL;
    const bool flush = space != PTX_SHARED;
    const bool together = flush && vg_live(w)->shared_atomics && width >= 4;
    VG_EACH_LANE(l, mask)
    {
        uint64_t old = 0;
        const uint64_t operand = get(b, width, l);
        if (together) {
            update_together(i, p[l], operand);
            continue;
        }
        memcpy(&old, p[l], width);
        const uint64_t now = combine(i, old, operand, get(c, width, l), flush);
        memcpy(p[l], &now, width);
        see_grid_barrier(w, a[l], old, now);
        if (to)
            put(to, width, l, old);
    }
}

static void run_space(struct vg_warp *w, const struct vg_insn *i, uint32_t mask, const uint64_t *a,
                      enum ptx_space space)
{
    unsigned char *p[VG_WARP];
    const bool red = i->source->op == PTX_RED;
    if (space == PTX_LOCAL) {
        vg_fail(w, VG_INVALID_ADDRESS_SPACE, (uint32_t)__builtin_ctz(mask), a[__builtin_ctz(mask)],
                "atomic on local memory");
        return;
    }
    if (!vg_resolve(w, i, mask, a, i->lane_bytes, space, true, p))
        return;
    vg_told(w, i, mask, a, i->lane_bytes, space, red ? VG_REDUCTION : VG_ATOMIC, -1);
    update(w, i, mask, a, p, space);
}

void vg_run_atomic(struct vg_warp *w, const struct vg_insn *i, uint32_t mask)
{
    uint64_t a[VG_WARP];
    vg_addresses(w, i, a);
    for (uint32_t left = mask; left && w->fault == VG_FINE;) {
        enum ptx_space space = (enum ptx_space)i->space;
        uint32_t same = left;
        uint64_t own[VG_WARP];
        if (space == PTX_GENERIC)
            same = vg_same_space(a, left, &space);
        for (uint32_t l = 0; l < VG_WARP; l++)
            own[l] = i->space == PTX_GENERIC && space != PTX_GLOBAL ? (uint32_t)a[l] : a[l];
        run_space(w, i, same, own, space);
        left &= ~same;
    }
    if (i->b >> VG_ADDRESS_OPERAND && w->fault == VG_FINE) {
        const uint32_t l = (uint32_t)__builtin_ctz(mask);
        vg_polled(w, i, a[l], get(vg_lanes(w, i, 0), i->lane_bytes, l));
    }
}

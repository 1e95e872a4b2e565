/* Loads and stores, compiled once per instruction set (copies.h). A handler is made for each kind
 * of element, width of register and space; loops over lanes are written so that the compiler makes
 * vectors of them. */
#include <string.h>

#include "grader/vgpu/exec/access.h"
#include "grader/vgpu/exec/copies.h"

vg_access_finder VG_COPIED(vg_access_find);

enum shape { SCATTERED, LINE, SPLAT };

VG_INLINE enum shape shape_of(const uint64_t *a, uint32_t mask, uint32_t bytes)
{
    if (mask != VG_ALL)
        return SCATTERED;
    uint64_t line = 0, splat = 0;
    for (uint32_t l = 0; l < VG_WARP; l++) {
        line |= a[l] ^ (a[0] + (uint64_t)l * bytes);
        splat |= a[l] ^ a[0];
    }
    return line == 0 ? LINE : splat == 0 ? SPLAT : SCATTERED;
}

/* ---- one element of each lane ---- */

VG_INLINE uint32_t element_bytes(enum vg_element e)
{
    return e <= VG_S8 ? 1 : e <= VG_S16 ? 2 : e <= VG_S32 ? 4 : 8;
}

VG_INLINE uint64_t fetch(const unsigned char *p, enum vg_element e)
{
    uint16_t half;
    uint32_t word;
    uint64_t wide;
    switch (e) {
    case VG_U8:
        return *p;
    case VG_S8:
        return (uint64_t)(int64_t)(int8_t)*p;
    case VG_U16:
        memcpy(&half, p, 2);
        return half;
    case VG_S16:
        memcpy(&half, p, 2);
        return (uint64_t)(int64_t)(int16_t)half;
    case VG_B32:
        memcpy(&word, p, 4);
        return word;
    case VG_S32:
        memcpy(&word, p, 4);
        return (uint64_t)(int64_t)(int32_t)word;
    default:
        memcpy(&wide, p, 8);
        return wide;
    }
}

VG_INLINE void put(void *dst, uint32_t width, uint32_t l, uint64_t value)
{
    if (width == 2)
        ((uint16_t *)dst)[l] = (uint16_t)value;
    else if (width == 4)
        ((uint32_t *)dst)[l] = (uint32_t)value;
    else
        ((uint64_t *)dst)[l] = value;
}

VG_INLINE uint64_t get(const void *src, uint32_t width, uint32_t l)
{
    if (width == 2)
        return ((const uint16_t *)src)[l];
    return width == 4 ? ((const uint32_t *)src)[l] : ((const uint64_t *)src)[l];
}

VG_INLINE void keep(unsigned char *p, enum vg_element e, uint64_t value)
{
    memcpy(p, &value, element_bytes(e)); /* little-endian hosts only, as all of graded */
}

VG_INLINE void load_line(void *dst, uint32_t width, const unsigned char *p, uint32_t stride,
                         enum vg_element e)
{
    if (stride == width && element_bytes(e) == width) {
        memcpy(dst, p, (size_t)VG_WARP * width);
        return;
    }
    for (uint32_t l = 0; l < VG_WARP; l++)
        put(dst, width, l, fetch(p + (size_t)l * stride, e));
}

VG_INLINE void load_splat(void *dst, uint32_t width, const unsigned char *p, enum vg_element e)
{
    const uint64_t value = fetch(p, e);
    for (uint32_t l = 0; l < VG_WARP; l++)
        put(dst, width, l, value);
}

/* Lanes outside of the mask have pointers that may be read: the loop needs no branch. */
VG_INLINE void load_scattered(void *dst, uint32_t width, unsigned char *const *p, size_t at,
                              uint32_t mask, enum vg_element e)
{
    uint64_t got[VG_WARP];
    for (uint32_t l = 0; l < VG_WARP; l++)
        got[l] = fetch(p[l] + at, e);
    for (uint32_t l = 0; l < VG_WARP; l++)
        put(dst, width, l, mask >> l & 1 ? got[l] : get(dst, width, l));
}

/* ---- shared, global, constant memory ---- */

VG_INLINE unsigned char *line_at(struct vg_warp *w, const struct vg_insn *i, uint64_t address,
                                 uint64_t bytes, enum ptx_space space, bool store)
{
    if (space == PTX_SHARED) {
        const uint64_t room = w->block->shared_bytes;
        return address <= room && bytes <= room - address ? w->block->shared + address : NULL;
    }
    struct vg_reach *r = vg_reach_of(w, i);
    uint64_t offset = address - r->address;
    if (bytes > r->bytes || offset > r->bytes - bytes || (store && r->read_only)) {
        if (!vg_reach_find(w, r, address, bytes, store))
            return NULL;
        offset = address - r->address;
    }
    if (store && !vg_memory_touch(r->memory, address, bytes))
        return NULL;
    return r->host + offset;
}

/* Host bytes of all lanes of `mask` at once, where they stay in one allocation or in shared memory;
 * false: look lane by lane. */
VG_INLINE bool lanes_at(struct vg_warp *w, const struct vg_insn *i, uint32_t mask,
                        const uint64_t *a, uint32_t bytes, enum ptx_space space, bool store,
                        unsigned char **ret)
{
    const struct vg_reach *r = vg_reach_of(w, i);
    const bool shared = space == PTX_SHARED;
    const uint64_t from = shared ? 0 : r->address,
                   size = shared ? w->block->shared_bytes : r->bytes;
    unsigned char *const host = shared ? w->block->shared : r->host;
    uint64_t bad = 0, at[VG_WARP];
    if (size < bytes || (store && !shared))
        return false;
    for (uint32_t l = 0; l < VG_WARP; l++) {
        const uint64_t on = 0 - (uint64_t)(mask >> l & 1), offset = a[l] - from;
        bad |= on & ((uint64_t)(offset > size - bytes) | (a[l] & (bytes - 1)));
        at[l] = offset & on; /* idle lanes look at the first bytes */
    }
    if (bad)
        return false;
    for (uint32_t l = 0; l < VG_WARP; l++)
        ret[l] = host + at[l];
    return true;
}

VG_INLINE void load_flat(struct vg_warp *w, const struct vg_insn *i, uint32_t mask, uint64_t *a,
                         enum vg_element e, uint32_t width, enum ptx_space space)
{
    const uint32_t n = i->b & VG_VECTOR_MASK, each = element_bytes(e), bytes = n * each;
    const uint32_t first = i->b >> VG_ADDRESS_OPERAND == 0 ? 1 : 0;
    const enum shape shape = shape_of(a, mask, bytes);
    if (shape != SCATTERED && a[0] % bytes == 0) {
        const uint64_t span = shape == LINE ? (uint64_t)bytes * VG_WARP : bytes;
        const unsigned char *p = line_at(w, i, a[0], span, space, false);
        if (p) {
            vg_told(w, i, mask, a, bytes, space, VG_LOAD, shape == LINE ? (int)bytes : 0);
            for (uint32_t k = 0; k < n; k++) {
                void *dst = vg_lanes(w, i, first + k);
                if (shape == LINE)
                    load_line(dst, width, p + (size_t)k * each, bytes, e);
                else
                    load_splat(dst, width, p + (size_t)k * each, e);
            }
            return;
        }
    }
    unsigned char *p[VG_WARP];
    if (!lanes_at(w, i, mask, a, bytes, space, false, p) &&
        !vg_resolve(w, i, mask, a, bytes, space, false, p))
        return;
    vg_told(w, i, mask, a, bytes, space, VG_LOAD, -1);
    for (uint32_t k = 0; k < n; k++)
        load_scattered(vg_lanes(w, i, first + k), width, p, (size_t)k * each, mask, e);
}

VG_INLINE void store_line(unsigned char *p, uint32_t stride, const void *src, uint32_t width,
                          enum vg_element e)
{
    if (stride == width && element_bytes(e) == width) {
        memcpy(p, src, (size_t)VG_WARP * width);
        return;
    }
    for (uint32_t l = 0; l < VG_WARP; l++)
        keep(p + (size_t)l * stride, e, get(src, width, l));
}

VG_INLINE void store_flat(struct vg_warp *w, const struct vg_insn *i, uint32_t mask, uint64_t *a,
                          enum vg_element e, uint32_t width, enum ptx_space space)
{
    const uint32_t n = i->b & VG_VECTOR_MASK, each = element_bytes(e), bytes = n * each;
    const uint32_t first = (i->b >> VG_ADDRESS_OPERAND) + 1;
    if (shape_of(a, mask, bytes) == LINE && a[0] % bytes == 0) {
        unsigned char *p = line_at(w, i, a[0], (uint64_t)bytes * VG_WARP, space, true);
        if (p) {
            vg_told(w, i, mask, a, bytes, space, VG_STORE, (int)bytes);
            for (uint32_t k = 0; k < n; k++)
                store_line(p + (size_t)k * each, bytes, vg_lanes(w, i, first + k), width, e);
            return;
        }
    }
    unsigned char *p[VG_WARP];
    if (!lanes_at(w, i, mask, a, bytes, space, true, p) &&
        !vg_resolve(w, i, mask, a, bytes, space, true, p))
        return;
    vg_told(w, i, mask, a, bytes, space, VG_STORE, -1);
    for (uint32_t k = 0; k < n; k++) {
        const void *src = vg_lanes(w, i, first + k);
        VG_EACH_LANE(l, mask)
        keep(p[l] + (size_t)k * each, e, get(src, width, l));
    }
}

/* ---- local memory: a word of all lanes is one row ---- */

static bool local_fits(struct vg_warp *w, const struct vg_insn *i, uint32_t mask, uint64_t *a,
                       uint32_t bytes, bool store)
{
    const uint32_t base = i->b & VG_FRAME_LOCAL ? vg_local_base(w) : 0;
    uint64_t bad = 0;
    for (uint32_t l = 0; l < VG_WARP; l++) {
        a[l] += base;
        const bool wrong = !vg_local_holds(w, a[l], bytes) || a[l] % bytes != 0;
        bad |= wrong && vg_lane_in(mask, l);
    }
    if (bad == 0)
        return true;
    vg_access_fault(w, i, mask, a, bytes, PTX_LOCAL, store);
    return false;
}

VG_INLINE void load_local(struct vg_warp *w, const struct vg_insn *i, uint32_t mask, uint64_t *a,
                          enum vg_element e, uint32_t width)
{
    const uint32_t n = i->b & VG_VECTOR_MASK, each = element_bytes(e);
    const uint32_t first = i->b >> VG_ADDRESS_OPERAND == 0 ? 1 : 0;
    if (!local_fits(w, i, mask, a, n * each, false))
        return;
    const bool row = shape_of(a, mask, each) == SPLAT;
    vg_told(w, i, mask, a, n * each, PTX_LOCAL, VG_LOAD, row ? 0 : -1);
    for (uint32_t k = 0; k < n; k++) {
        void *dst = vg_lanes(w, i, first + k);
        if (row && each == 4 && width == 4) {
            memcpy(dst, vg_local_byte(w, a[0] + k * 4, 0), sizeof(uint32_t[VG_WARP]));
            continue;
        }
        VG_EACH_LANE(l, mask)
        {
            const unsigned char *p = vg_local_byte(w, a[l] + (uint64_t)k * each, l);
            if (each == 8) /* two rows */
                put(dst, width, l, fetch(p, VG_B32) | fetch(p + 4 * VG_WARP, VG_B32) << 32);
            else
                put(dst, width, l, fetch(p, e));
        }
    }
}

VG_INLINE void store_local(struct vg_warp *w, const struct vg_insn *i, uint32_t mask, uint64_t *a,
                           enum vg_element e, uint32_t width)
{
    const uint32_t n = i->b & VG_VECTOR_MASK, each = element_bytes(e);
    const uint32_t first = (i->b >> VG_ADDRESS_OPERAND) + 1;
    if (!local_fits(w, i, mask, a, n * each, true))
        return;
    const bool row = shape_of(a, mask, each) == SPLAT;
    vg_told(w, i, mask, a, n * each, PTX_LOCAL, VG_STORE, row ? 0 : -1);
    for (uint32_t k = 0; k < n; k++) {
        const void *src = vg_lanes(w, i, first + k);
        if (row && each == 4 && width == 4) {
            memcpy(vg_local_byte(w, a[0] + k * 4, 0), src, sizeof(uint32_t[VG_WARP]));
            continue;
        }
        VG_EACH_LANE(l, mask)
        {
            unsigned char *p = vg_local_byte(w, a[l] + (uint64_t)k * each, l);
            const uint64_t value = get(src, width, l);
            keep(p, each == 8 ? VG_B32 : e, value);
            if (each == 8)
                keep(p + 4 * VG_WARP, VG_B32, value >> 32);
        }
    }
}

/* ---- handlers ---- */

typedef void space_access(struct vg_warp *w, const struct vg_insn *i, uint32_t mask, uint64_t *a);

/* Lanes may point into different spaces; all of one kind is the rule. */
static void access_generic(struct vg_warp *w, const struct vg_insn *i, uint32_t mask, uint64_t *a,
                           space_access *global, space_access *shared, space_access *local)
{
    while (mask && w->fault == VG_FINE) {
        enum ptx_space space;
        uint64_t own[VG_WARP];
        const uint32_t same = vg_same_space(a, mask, &space);
        for (uint32_t l = 0; l < VG_WARP; l++)
            own[l] = space == PTX_GLOBAL ? a[l] : (uint32_t)a[l];
        (space == PTX_LOCAL ? local : space == PTX_SHARED ? shared : global)(w, i, same, own);
        mask &= ~same;
    }
}

VG_INLINE void access_space(struct vg_warp *w, const struct vg_insn *i, uint32_t mask, uint64_t *a,
                            bool store, enum vg_element e, uint32_t width, enum ptx_space space)
{
    if (space == PTX_LOCAL && store)
        store_local(w, i, mask, a, e, width);
    else if (space == PTX_LOCAL)
        load_local(w, i, mask, a, e, width);
    else if (store)
        store_flat(w, i, mask, a, e, width, space);
    else
        load_flat(w, i, mask, a, e, width, space);
    if (store || !(i->b & VG_POLLING) || w->fault != VG_FINE)
        return;
    const uint32_t l = (uint32_t)__builtin_ctz(mask), first = i->b >> VG_ADDRESS_OPERAND == 0;
    vg_polled(w, i, a[l], get(vg_lanes(w, i, first), width, l));
}

#define SPACE(store, element, width, space)                                                        \
    static void at_##store##_##element##_##width##_##space(                                        \
        struct vg_warp *w, const struct vg_insn *i, uint32_t mask, uint64_t *a)                    \
    {                                                                                              \
        access_space(w, i, mask, a, store, VG_##element, width, PTX_##space);                      \
    }                                                                                              \
    static void run_##store##_##element##_##width##_##space(                                       \
        struct vg_warp *w, const struct vg_insn *i, uint32_t mask)                                 \
    {                                                                                              \
        uint64_t a[VG_WARP];                                                                       \
        vg_addresses(w, i, a);                                                                     \
        at_##store##_##element##_##width##_##space(w, i, mask, a);                                 \
    }
#define SPACES(store, element, width)                                                              \
    SPACE(store, element, width, GLOBAL)                                                           \
    SPACE(store, element, width, SHARED)                                                           \
    SPACE(store, element, width, LOCAL)                                                            \
    static void run_##store##_##element##_##width##_GENERIC(                                       \
        struct vg_warp *w, const struct vg_insn *i, uint32_t mask)                                 \
    {                                                                                              \
        uint64_t a[VG_WARP];                                                                       \
        vg_addresses(w, i, a);                                                                     \
        access_generic(w, i, mask, a, at_##store##_##element##_##width##_GLOBAL,                   \
                       at_##store##_##element##_##width##_SHARED,                                  \
                       at_##store##_##element##_##width##_LOCAL);                                  \
    }
#define ELEMENTS(X)                                                                                \
    X(0, U8, 2)                                                                                    \
    X(0, U8, 4)                                                                                    \
    X(0, U8, 8)                                                                                    \
    X(0, S8, 2)                                                                                    \
    X(0, S8, 4)                                                                                    \
    X(0, S8, 8)                                                                                    \
    X(0, U16, 2)                                                                                   \
    X(0, U16, 4)                                                                                   \
    X(0, U16, 8)                                                                                   \
    X(0, S16, 4)                                                                                   \
    X(0, S16, 8)                                                                                   \
    X(0, B32, 4)                                                                                   \
    X(0, B32, 8)                                                                                   \
    X(0, S32, 8)                                                                                   \
    X(0, B64, 8)                                                                                   \
    X(1, U8, 2)                                                                                    \
    X(1, U8, 4)                                                                                    \
    X(1, U8, 8)                                                                                    \
    X(1, U16, 2)                                                                                   \
    X(1, U16, 4)                                                                                   \
    X(1, U16, 8)                                                                                   \
    X(1, B32, 4)                                                                                   \
    X(1, B32, 8)                                                                                   \
    X(1, B64, 8)
ELEMENTS(SPACES)

vg_handler *VG_COPIED(vg_access_find)(bool store, enum vg_element element, uint32_t register_bytes,
                                      enum ptx_space space)
{
    if (store || (element == VG_S16 && register_bytes == 2) ||
        (element == VG_S32 && register_bytes == 4)) /* the sign has nowhere to go */
        element = element == VG_S8    ? VG_U8
                  : element == VG_S16 ? VG_U16
                  : element == VG_S32 ? VG_B32
                                      : element;
    if (space == PTX_CONST)
        space = PTX_GLOBAL;
#define ONE(s, el, width, sp)                                                                      \
    if (store == s && element == VG_##el && register_bytes == width && space == PTX_##sp)          \
        return run_##s##_##el##_##width##_##sp;
#define ALL(s, el, width)                                                                          \
    ONE(s, el, width, GENERIC)                                                                     \
    ONE(s, el, width, GLOBAL)                                                                      \
    ONE(s, el, width, SHARED)                                                                      \
    ONE(s, el, width, LOCAL)
    ELEMENTS(ALL)
#undef ALL
#undef ONE
    return NULL;
}

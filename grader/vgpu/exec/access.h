/* Loads and stores of a warp. The files that include copies.h are compiled once per instruction
 * set; what is here is what they share with the decoder and with the rest, which is compiled once.
 *
 * Every access resolves its addresses first (space, bounds, alignment), tells the watchers, then
 * moves bytes: a fault leaves memory as it was. */
#pragma once

#include "grader/vgpu/exec/machine.h"

/* struct vg_insn.a of a load or store: what an element is. */
enum vg_element { VG_U8, VG_S8, VG_U16, VG_S16, VG_B32, VG_S32, VG_B64, VG_ELEMENTS };

/* struct vg_insn.b: flags, and the number of elements in the low bits. */
enum {
    VG_VECTOR_MASK = 15,
    VG_ADDRESS_64 = 1 << 4,  /* the base register has 64 bits */
    VG_POLLING = 1 << 5,     /* volatile, relaxed or acquire: somebody else may answer */
    VG_FRAME_LOCAL = 1 << 6, /* the offset counts from the activation's local memory */
    VG_ADDRESS_OPERAND = 8,  /* shift: which operand is the base */
};

/* The handler of ld or st for an element in registers of `register_bytes`; NULL: makes no sense. */
typedef vg_handler *vg_access_finder(bool store, enum vg_element element, uint32_t register_bytes,
                                     enum ptx_space space);
vg_access_finder vg_access_find_portable, vg_access_find_avx2, vg_access_find_avx512;
vg_handler *vg_access_find(enum vg_isa isa, bool store, enum vg_element element,
                           uint32_t register_bytes, enum ptx_space space);

/* The lanes' addresses: base register plus offset, in the instruction's space. */
static inline void vg_addresses(const struct vg_warp *w, const struct vg_insn *i,
                                uint64_t ret[VG_WARP])
{
    const void *base = vg_lanes(w, i, i->b >> VG_ADDRESS_OPERAND);
    if (i->b & VG_ADDRESS_64) {
        const uint64_t *wide = base;
        for (uint32_t l = 0; l < VG_WARP; l++)
            ret[l] = wide[l] + (uint64_t)i->offset;
    } else {
        const uint32_t *narrow = base; /* 32-bit addresses wrap */
        for (uint32_t l = 0; l < VG_WARP; l++)
            ret[l] = narrow[l] + (uint32_t)i->offset;
    }
}

/* The space of a generic address (5.1: windows). */
static inline enum ptx_space vg_space_of(uint64_t address)
{
    switch (address >> 32) {
    case VG_LOCAL_WINDOW >> 32:
        return PTX_LOCAL;
    case VG_SHARED_WINDOW >> 32:
        return PTX_SHARED;
    case VG_PARAM_WINDOW >> 32:
        return PTX_PARAM;
    default:
        return PTX_GLOBAL;
    }
}

/* The lanes of `mask` whose generic address is in the space of the first one. */
uint32_t vg_same_space(const uint64_t *a, uint32_t mask, enum ptx_space *ret_space);

/* Puts the allocation that holds [address, address + bytes) into the instruction's reach. False:
 * there is none; or, for a store, it must not be written. */
bool vg_reach_find(struct vg_warp *w, struct vg_reach *reach, uint64_t address, uint64_t bytes,
                   bool store);
static inline struct vg_reach *vg_reach_of(struct vg_warp *w, const struct vg_insn *i)
{
    return &vg_live(w)->reach[i->pc % VG_REACHES];
}

/* Says which lane of `mask` must not access its address, and why. Space: a resolved one. */
void vg_access_fault(struct vg_warp *w, const struct vg_insn *i, uint32_t mask, const uint64_t *a,
                     uint32_t bytes, enum ptx_space space, bool store);

/* Host bytes of each lane in `mask`; other lanes get bytes that may be read. False: a fault. Space
 * global, constant, shared or param. */
bool vg_resolve(struct vg_warp *w, const struct vg_insn *i, uint32_t mask, const uint64_t *a,
                uint32_t bytes, enum ptx_space space, bool store, unsigned char **ret);

void vg_tell_access(struct vg_warp *w, const struct vg_insn *i, uint32_t mask, const uint64_t *a,
                    uint32_t bytes, enum ptx_space space, enum vg_access_kind kind, int stride);
static inline void vg_told(struct vg_warp *w, const struct vg_insn *i, uint32_t mask,
                           const uint64_t *a, uint32_t bytes, enum ptx_space space,
                           enum vg_access_kind kind, int stride)
{
    if (__builtin_expect(w->state->watch_access, 0))
        vg_tell_access(w, i, mask, a, bytes, space, kind, stride);
}

/* An instruction that asks for news got `value`; the same answer many times is a spin. */
void vg_polled(struct vg_warp *w, const struct vg_insn *i, uint64_t address, uint64_t value);

/* Bytes of the launch's parameters, or NULL. */
const unsigned char *vg_param_at(const struct vg_warp *w, uint64_t offset, uint64_t bytes);

/* Local memory of the current activation's thread: word-interleaved. */
static inline bool vg_local_holds(const struct vg_warp *w, uint64_t offset, uint32_t bytes)
{
    const uint32_t top = w->state->local_bytes;
    return offset <= top && bytes <= top - offset;
}
static inline unsigned char *vg_local_byte(const struct vg_warp *w, uint64_t offset, uint32_t lane)
{
    return (unsigned char *)(w->state->local + offset / 4 * VG_WARP + lane) + offset % 4;
}
uint32_t vg_local_base(const struct vg_warp *w);

#include "grader/vgpu/exec/access.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

void vg_fail(struct vg_warp *w, enum vg_fault fault, uint32_t lane, uint64_t address,
             const char *format, ...)
{
    w->state->event = VG_FAULT;
    if (w->fault != VG_FINE)
        return;
    w->fault = fault;
    w->fault_lane = lane;
    w->fault_address = address;
    va_list args;
    va_start(args, format);
    vsnprintf(w->fault_text, sizeof w->fault_text, format, args);
    va_end(args);
}

vg_handler *vg_access_find(enum vg_isa isa, bool store, enum vg_element element,
                           uint32_t register_bytes, enum ptx_space space)
{
#ifdef VG_X86
    if (isa == VG_AVX512)
        return vg_access_find_avx512(store, element, register_bytes, space);
    if (isa == VG_AVX2)
        return vg_access_find_avx2(store, element, register_bytes, space);
#endif
    (void)isa;
    return vg_access_find_portable(store, element, register_bytes, space);
}

uint32_t vg_local_base(const struct vg_warp *w)
{
    const struct vg_warp_state *st = w->state;
    return st->splits[st->current].act->local;
}

const unsigned char *vg_param_at(const struct vg_warp *w, uint64_t offset, uint64_t bytes)
{
    const struct vg_live_block *live = vg_live(w);
    const uint64_t room = live->kernel->info.param_bytes;
    if (offset > room || bytes > room - offset)
        return NULL;
    return (const unsigned char *)w->block->launch->params + offset;
}

uint32_t vg_same_space(const uint64_t *a, uint32_t mask, enum ptx_space *ret_space)
{
    enum ptx_space space = vg_space_of(a[__builtin_ctz(mask)]);
    uint32_t same = 0;
    VG_EACH_LANE(l, mask)
    same |= (uint32_t)(vg_space_of(a[l]) == space) << l;
    /* Parameters go with global memory: vg_reach_find knows their window. */
    *ret_space = space == PTX_PARAM ? PTX_GLOBAL : space;
    return same;
}

/* ---- bounds ---- */

static bool reach_params(struct vg_warp *w, struct vg_reach *reach, uint64_t address,
                         uint64_t bytes, bool store)
{
    if (store || !vg_param_at(w, address - VG_PARAM_WINDOW, bytes))
        return false;
    *reach = (struct vg_reach){
        .address = VG_PARAM_WINDOW,
        .bytes = vg_live(w)->kernel->info.param_bytes,
        .host = (unsigned char *)(uintptr_t)w->block->launch->params,
        .read_only = true,
    };
    return true;
}

bool vg_reach_find(struct vg_warp *w, struct vg_reach *reach, uint64_t address, uint64_t bytes,
                   bool store)
{
    const struct vg_launch *launch = w->block->launch;
    if (vg_space_of(address) == PTX_PARAM)
        return reach_params(w, reach, address, bytes, store);
    const uint64_t device = (address >> 40) - 1;
    if (device >= (uint64_t)launch->n_devices || !launch->memories[device])
        return false;
    struct vg_memory *m = launch->memories[device];
    const struct vg_allocation *a = vg_memory_holds(m, address, bytes);
    if (!a || (store && a->read_only))
        return false;
    *reach = (struct vg_reach){
        .address = a->address,
        .bytes = a->bytes,
        .host = m->host + (a->address - m->base),
        .memory = m,
        .read_only = a->read_only,
    };
    return true;
}

static _Alignas(
    64) unsigned char idle_bytes[64]; /* where lanes that do nothing look; never written */

static unsigned char *lane_at(struct vg_warp *w, const struct vg_insn *i, uint64_t address,
                              uint32_t bytes, enum ptx_space space, bool store)
{
    if (space == PTX_SHARED) {
        const uint64_t room = w->block->shared_bytes;
        return address <= room && bytes <= room - address ? w->block->shared + address : NULL;
    }
    struct vg_reach *r = vg_reach_of(w, i);
    if (bytes > r->bytes || address - r->address > r->bytes - bytes || (store && r->read_only))
        if (!vg_reach_find(w, r, address, bytes, store))
            return NULL;
    if (store && !vg_memory_touch(r->memory, address, bytes))
        return NULL;
    return r->host + (address - r->address);
}

bool vg_resolve(struct vg_warp *w, const struct vg_insn *i, uint32_t mask, const uint64_t *a,
                uint32_t bytes, enum ptx_space space, bool store, unsigned char **ret)
{
    for (uint32_t l = 0; l < VG_WARP; l++)
        ret[l] = idle_bytes;
    VG_EACH_LANE(l, mask)
    {
        ret[l] = a[l] % bytes == 0 ? lane_at(w, i, a[l], bytes, space, store) : NULL;
        if (!ret[l]) {
            vg_access_fault(w, i, mask, a, bytes, space, store);
            return false;
        }
    }
    return true;
}

/* ---- stories ---- */

static const char *space_text(enum ptx_space space)
{
    switch (space) {
    case PTX_GENERIC:
    case PTX_GLOBAL:
        return "global";
    case PTX_CONST:
        return "constant";
    case PTX_LOCAL:
        return "local";
    case PTX_PARAM:
        return "parameter";
    case PTX_SHARED:
        return "shared";
    }
    return "global";
}

static void tell_global(struct vg_warp *w, uint64_t address, uint32_t bytes, bool store, char *ret,
                        size_t size)
{
    const struct vg_launch *launch = w->block->launch;
    const uint64_t device = (address >> 40) - 1;
    if (address < 4096) {
        snprintf(ret, size, "a null pointer");
    } else if (vg_space_of(address) != PTX_GLOBAL) {
        snprintf(ret, size, "that is an address of %s memory", space_text(vg_space_of(address)));
    } else if (device >= (uint64_t)launch->n_devices) {
        snprintf(ret, size, "no device has such an address");
    } else if (!launch->memories[device]) {
        snprintf(ret, size, "device %u, whose memory this one may not access", (unsigned)device);
    } else {
        const struct vg_memory *m = launch->memories[device];
        const struct vg_allocation *a = vg_memory_holds(m, address, bytes);
        if (a && store && a->read_only)
            snprintf(ret, size, "%s is read only", a->name ? a->name : "that");
        else if (a)
            snprintf(ret, size, "the device's resident memory is all used");
        else
            vg_memory_describe(m, address, ret, size);
    }
}

static void tell_range(struct vg_warp *w, const struct vg_insn *i, uint64_t address, uint32_t bytes,
                       enum ptx_space space, bool store, uint32_t lane)
{
    char place[192];
    if (space == PTX_SHARED)
        snprintf(place, sizeof place, "the block has %" PRIu32 " bytes", w->block->shared_bytes);
    else if (space == PTX_LOCAL)
        snprintf(place, sizeof place, "the thread has %" PRIu32 " bytes", w->state->local_bytes);
    else
        tell_global(w, address, bytes, store, place, sizeof place);
    const bool word = i->source->op == PTX_ATOM || i->source->op == PTX_RED;
    vg_fail(w, VG_ILLEGAL_ADDRESS, lane, address,
            "%s of %" PRIu32 " bytes %s %s memory at 0x%" PRIx64 ": %s",
            word    ? "atomic"
            : store ? "store"
                    : "load",
            bytes, store ? "to" : "from", space_text(space), address, place);
}

void vg_access_fault(struct vg_warp *w, const struct vg_insn *i, uint32_t mask, const uint64_t *a,
                     uint32_t bytes, enum ptx_space space, bool store)
{
    VG_EACH_LANE(l, mask)
    {
        if (a[l] % bytes != 0) {
            vg_fail(w, VG_MISALIGNED, l, a[l],
                    "%s of %" PRIu32 " bytes in %s memory at 0x%" PRIx64
                    ", which is no multiple of %" PRIu32,
                    store ? "store" : "load", bytes, space_text(space), a[l], bytes);
            return;
        }
        if (space == PTX_LOCAL ? !vg_local_holds(w, a[l], bytes)
                               : !lane_at(w, i, a[l], bytes, space, store)) {
            tell_range(w, i, a[l], bytes, space, store, l);
            return;
        }
    }
}

/* ---- who watches ---- */

void vg_tell_access(struct vg_warp *w, const struct vg_insn *i, uint32_t mask, const uint64_t *a,
                    uint32_t bytes, enum ptx_space space, enum vg_access_kind kind, int stride)
{
    const struct vg_launch *launch = w->block->launch;
    if (space == PTX_GLOBAL && vg_space_of(a[__builtin_ctz(mask)]) == PTX_PARAM)
        space = PTX_PARAM;
    const struct vg_access access = {
        .insn = i,
        .warp = w,
        .space = space,
        .kind = kind,
        .mask = mask,
        .bytes = bytes,
        .addresses = a,
        .uniform_stride = stride,
    };
    for (int k = 0; k < VG_WATCHERS; k++)
        if (launch->watchers[k] && launch->watchers[k]->access)
            launch->watchers[k]->access(launch->watchers[k]->context, &access);
}

void vg_polled(struct vg_warp *w, const struct vg_insn *i, uint64_t address, uint64_t value)
{
    struct vg_poll *p = &w->state->polls[i->pc % VG_POLLS];
    if (p->pc != i->pc || p->address != address || p->value != value) {
        *p = (struct vg_poll){.address = address, .value = value, .pc = i->pc};
        return;
    }
    if (++p->times >= VG_SPIN_TIMES && w->state->event == VG_STRAIGHT) {
        p->times = 0;
        w->state->event = VG_SPIN;
    }
}

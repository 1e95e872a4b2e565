#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "grader/vgpu/exec/memory_inner.h"

static const char *owner_text(const struct vg_allocation *a)
{
    switch (a->owner) {
    case VG_OWNER_MALLOC:
        return "allocation";
    case VG_OWNER_GLOBAL:
        return "__device__ variable";
    case VG_OWNER_CONST:
        return "__constant__ variable";
    case VG_OWNER_MANAGED:
        return "managed allocation";
    case VG_OWNER_HEAP:
        return "device-side malloc";
    case VG_OWNER_STRING:
        return "literal";
    }
    return "allocation";
}

static void name_allocation(const struct vg_allocation *a, char *ret, size_t size)
{
    const char *freed = a->freed ? "freed " : "";
    if (a->name)
        snprintf(ret, size, "%s%s %s (%" PRIu64 " bytes)", freed, owner_text(a), a->name, a->bytes);
    else
        snprintf(ret, size, "%s%s %" PRIu32 " (%" PRIu64 " bytes)", freed, owner_text(a), a->id,
                 a->bytes);
}

void vg_memory_describe(const struct vg_memory *m, uint64_t address, char *ret, size_t size)
{
    bool inside;
    const struct vg_allocation *a = vg_memory_find(m, address, &inside);
    char name[160];
    if (!a || address < m->base || address - m->base >= m->capacity) {
        snprintf(ret, size, "0x%" PRIx64 " is no address of this device", address);
        return;
    }
    name_allocation(a, name, sizeof name);
    if (address < a->address)
        snprintf(ret, size, "0x%" PRIx64 " is %" PRIu64 " bytes before %s", address,
                 a->address - address, name);
    else if (address - a->address < a->bytes)
        snprintf(ret, size, "0x%" PRIx64 " is byte %" PRIu64 " of %s", address,
                 address - a->address, name);
    else
        snprintf(ret, size, "0x%" PRIx64 " is %" PRIu64 " bytes past the end of %s", address,
                 address - a->address - a->bytes, name);
}

void *vg_memory_at(struct vg_memory *m, uint64_t address, uint64_t bytes)
{
    return vg_memory_holds(m, address, bytes) ? m->host + (address - m->base) : NULL;
}

static enum err_code out_of_range(const struct vg_memory *m, uint64_t address, uint64_t bytes,
                                  struct err *why)
{
    /* The first byte that is in no allocation is what a person wants to know. */
    bool inside;
    const struct vg_allocation *a = vg_memory_find(m, address, &inside);
    char place[256];
    vg_memory_describe(m, inside ? a->address + a->bytes : address, place, sizeof place);
    return err_set(why, ERR_RANGE, "%" PRIu64 " bytes at 0x%" PRIx64 ": %s", bytes, address, place);
}

static enum err_code full(const struct vg_memory *m, struct err *why)
{
    return err_set(why, ERR_NOMEM,
                   "device %d may have %" PRIu64 " MiB of resident memory: all used", m->device,
                   m->max_backed >> (20 - VG_GRANULE_SHIFT));
}

enum err_code vg_memory_write(struct vg_memory *m, uint64_t to, const void *from, uint64_t bytes,
                              struct err *why)
{
    if (bytes == 0)
        return OK;
    void *at = vg_memory_at(m, to, bytes);
    if (!at)
        return out_of_range(m, to, bytes, why);
    if (!vg_memory_touch(m, to, bytes))
        return full(m, why);
    memmove(at, from, bytes); /* a copy within the device may overlap */
    return OK;
}

enum err_code vg_memory_read(struct vg_memory *m, void *to, uint64_t from, uint64_t bytes,
                             struct err *why)
{
    if (bytes == 0)
        return OK;
    const void *at = vg_memory_at(m, from, bytes);
    if (!at)
        return out_of_range(m, from, bytes, why);
    memmove(to, at, bytes);
    return OK;
}

/* What was never written is zero already and stays a hole. */
static void fill_zeros(struct vg_memory *m, uint64_t to, uint64_t bytes)
{
    for (uint64_t at = to - m->base, end = at + bytes; at < end;) {
        const uint64_t g = at >> VG_GRANULE_SHIFT, next = (g + 1) << VG_GRANULE_SHIFT;
        const uint64_t stop = next < end ? next : end;
        if (atomic_load(&m->backed[g]))
            memset(m->host + at, 0, stop - at);
        at = stop;
    }
}

enum err_code vg_memory_fill(struct vg_memory *m, uint64_t to, uint8_t byte, uint64_t bytes,
                             struct err *why)
{
    if (bytes == 0)
        return OK;
    void *at = vg_memory_at(m, to, bytes);
    if (!at)
        return out_of_range(m, to, bytes, why);
    if (byte == 0) {
        fill_zeros(m, to, bytes);
        return OK;
    }
    if (!vg_memory_touch(m, to, bytes))
        return full(m, why);
    memset(at, byte, bytes);
    return OK;
}

static bool guard_hurt(const struct vg_memory *m, uint64_t from, uint64_t to, uint64_t *ret_address)
{
    for (uint64_t address = from; address < to; address++)
        if (m->host[address - m->base] != 0) {
            *ret_address = address;
            return true;
        }
    return false;
}

bool vg_memory_overrun(const struct vg_memory *m, const struct vg_allocation **ret,
                       uint64_t *ret_address)
{
    for (size_t k = 0; k < m->n_table; k++) {
        const struct vg_allocation *a = &m->table[k];
        const uint64_t end = a->address + a->bytes;
        if (!a->freed && (guard_hurt(m, a->address - VG_GUARD, a->address, ret_address) ||
                          guard_hurt(m, end, end + VG_GUARD, ret_address))) {
            *ret = a;
            return true;
        }
    }
    return false;
}

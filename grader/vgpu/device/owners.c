#include "grader/vgpu/device/owners.h"

#include <stdlib.h>
#include <string.h>

enum { RANGES = 64 };
struct range {
    uint64_t address, bytes;
    bool exact;
    uint8_t *who; /* [bytes]; several workers mark at once, each byte on its own */
};

struct owners {
    struct range ranges[RANGES];
    size_t n;
    struct vg_watcher watcher;
};

/* A copy from one device range to another, where the source is not watched: a kernel may have
 * computed it, and what came from the host came there by an upload that the profile allowed. */
enum { UNWATCHED_SOURCE = OWNER_KERNEL };

static void mark_range(struct range *r, uint64_t address, uint64_t bytes, enum owner who)
{
    const uint64_t end = address + bytes, range_end = r->address + r->bytes;
    const uint64_t from = address > r->address ? address : r->address;
    const uint64_t to = end < range_end ? end : range_end;
    for (uint64_t at = from; at < to; at++)
        __atomic_store_n(&r->who[at - r->address], (uint8_t)who, __ATOMIC_RELAXED);
}

void owners_mark(struct owners *o, uint64_t address, uint64_t bytes, enum owner who)
{
    for (size_t i = 0; o && i < o->n; i++)
        mark_range(&o->ranges[i], address, bytes, who);
}

static void note_access(void *context, const struct vg_access *a)
{
    struct owners *o = context;
    if (a->space != PTX_GLOBAL || a->kind == VG_LOAD || a->kind == VG_COPY_READ)
        return;
    for (uint32_t left = a->mask; left; left &= left - 1)
        owners_mark(o, a->addresses[__builtin_ctz(left)], a->bytes, OWNER_KERNEL);
}

enum err_code owners_new(struct owners **ret, struct err *why)
{
    struct owners *o = calloc(1, sizeof *o);
    if (!o)
        return err_set(why, ERR_NOMEM, "no memory for owners");
    o->watcher = (struct vg_watcher){.context = o, .access = note_access};
    *ret = o;
    return OK;
}

void owners_free(struct owners *o)
{
    for (size_t i = 0; o && i < o->n; i++)
        free(o->ranges[i].who);
    free(o);
}

void owners_forget(struct owners *o, uint64_t address)
{
    for (size_t i = 0; o && i < o->n; i++) {
        if (o->ranges[i].address != address)
            continue;
        free(o->ranges[i].who);
        o->ranges[i] = o->ranges[--o->n];
        return;
    }
}

enum err_code owners_watch(struct owners *o, uint64_t address, uint64_t bytes, bool exact,
                           struct err *why)
{
    owners_forget(o, address);
    if (o->n == RANGES)
        return err_set(why, ERR_LIMIT, "%d outputs are watched already", RANGES);
    uint8_t *who = calloc(bytes ? bytes : 1, 1);
    if (!who)
        return err_set(why, ERR_NOMEM, "no memory for the owners of an output");
    o->ranges[o->n++] =
        (struct range){.address = address, .bytes = bytes, .exact = exact, .who = who};
    return OK;
}

static const struct range *range_of(const struct owners *o, uint64_t address)
{
    for (size_t i = 0; o && i < o->n; i++)
        if (address - o->ranges[i].address < o->ranges[i].bytes)
            return &o->ranges[i];
    return NULL;
}

void owners_read(const struct owners *o, uint64_t address, uint64_t bytes, const uint8_t *now,
                 uint8_t *ret)
{
    for (uint64_t i = 0; i < bytes; i++) {
        const struct range *r = range_of(o, address + i);
        ret[i] = r ? r->who[address + i - r->address] : OWNER_NOBODY;
        if (r && !r->exact && ret[i] == OWNER_NOBODY && now[i] != 0xFF)
            ret[i] = OWNER_KERNEL;
    }
}

void owners_copy(struct owners *o, uint64_t to, uint64_t from, uint64_t bytes)
{
    if (!range_of(o, to) && !range_of(o, to + bytes - 1))
        return;
    for (uint64_t i = 0; i < bytes; i++) {
        const struct range *r = range_of(o, from + i);
        owners_mark(o, to + i, 1, r ? r->who[from + i - r->address] : UNWATCHED_SOURCE);
    }
}

const struct vg_watcher *owners_watcher(const struct owners *o)
{
    for (size_t i = 0; o && i < o->n; i++)
        if (o->ranges[i].exact)
            return &o->watcher;
    return NULL;
}

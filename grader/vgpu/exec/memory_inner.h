/* What the executor's own files know of a device's memory: where its bytes are on the host, so that
 * a checked access is an addition. Everyone else has memory.h. */
#pragma once

#include <stdatomic.h>

#include "grader/vgpu/exec/memory.h"

enum { VG_GRANULE_SHIFT = 16 }; /* 64 KiB: what is counted as backed at once */

struct vg_memory {
    int device;
    uint64_t base, capacity; /* device addresses: [base, base + capacity) */
    unsigned char *host;     /* the byte of address a is host[a - base] */

    /* A byte per granule, not 0 once something was written there: pages that were only read share
     * the kernel's zero page and cost nothing. */
    _Atomic unsigned char *backed;
    size_t n_granules;
    _Atomic uint64_t n_backed;
    uint64_t max_backed;

    struct vg_allocation *table; /* live and freed, by address; no two overlap */
    size_t n_table, room;
    uint64_t next; /* everything from here on was never given out */
    uint64_t used;
    uint32_t next_id;
    uint32_t changes; /* counted, so that who remembers an allocation knows when to forget it */
};

/* Makes [address, address + bytes), which lies inside an allocation, count as backed. False: the
 * bound of resident memory is reached. Several workers may call it at once. */
bool vg_memory_touch_slow(struct vg_memory *m, uint64_t at, uint64_t bytes);

static inline bool vg_memory_touch(struct vg_memory *m, uint64_t address, uint64_t bytes)
{
    const uint64_t at = address - m->base;
    const uint64_t first = at >> VG_GRANULE_SHIFT, last = (at + bytes - 1) >> VG_GRANULE_SHIFT;
    if (first == last && atomic_load_explicit(&m->backed[first], memory_order_relaxed))
        return true;
    return vg_memory_touch_slow(m, at, bytes);
}

/* The index of the last entry of the table that begins at or below the address, or SIZE_MAX. */
size_t vg_memory_below(const struct vg_memory *m, uint64_t address);

/* The live allocation that holds [address, address + bytes); NULL: none does. */
const struct vg_allocation *vg_memory_holds(const struct vg_memory *m, uint64_t address,
                                            uint64_t bytes);

/* "0x10000000240 is 64 bytes past the end of allocation 3 (256 bytes)", for stories. */
void vg_memory_describe(const struct vg_memory *m, uint64_t address, char *ret, size_t size);

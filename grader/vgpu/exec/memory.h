/* The memory of one virtual device: a range of device addresses, backed lazily by zeroed pages of
 * the host, and a table of what is allocated in it. Device addresses are numbers of their own: no
 * host pointer is ever one, and no check depends on what a kernel computes.
 *
 *     0x0000_0001_0000_0000 + lane offset    local memory, a window per thread
 *     0x0000_0002_0000_0000                  shared memory, a window per block
 *     (device + 1) << 40                     global memory of that device
 *
 * One more memory, number VG_HOST, is what host and devices share: managed and pinned allocations.
 * Every launch has it behind the devices' own, so vg_launch.n_devices is then VG_HOST + 1.
 *
 * An allocation is aligned to 256 bytes and stands between 512 guard bytes; a freed range stays
 * unused for as long as there is other room, so that a stale pointer is found out. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

enum { VG_DEVICES = 8, VG_HOST = VG_DEVICES, VG_GUARD = 512, VG_ALIGN = 256, VG_WARP = 32 };
#define VG_LOCAL_WINDOW   UINT64_C(0x100000000)
#define VG_SHARED_WINDOW  UINT64_C(0x200000000)
#define VG_WINDOW_BYTES   UINT64_C(0x100000000)
#define VG_GLOBAL(device) (((uint64_t)(device) + 1) << 40)

struct vg_memory;

enum vg_owner { /* what an allocation is, for stories */
                VG_OWNER_MALLOC,
                VG_OWNER_GLOBAL, /* a __device__ variable; `name` */
                VG_OWNER_CONST,  /* a __constant__ variable */
                VG_OWNER_MANAGED,
                VG_OWNER_HEAP,   /* malloc() on the device */
                VG_OWNER_STRING, /* literals of the module: read only */
};

struct vg_allocation {
    uint64_t address, bytes;
    uint32_t id; /* 1, 2, ... in the order of allocation */
    enum vg_owner owner;
    bool freed, read_only;
    const char *name; /* a variable's; NULL otherwise */
};

/* `capacity` bytes of device addresses (at most 64 GiB), of which at most `resident` may be backed
 * by pages at once (counted by 64 KiB granules as they are first written). `device`: 0 to VG_HOST.
 * ERR_NOMEM, ERR_RANGE. */
MUST_CHECK enum err_code vg_memory_new(struct vg_memory **ret, int device, uint64_t capacity,
                                       uint64_t resident, struct err *why);
void vg_memory_free(struct vg_memory *m);

/* ERR_NOMEM: no room, as cudaErrorMemoryAllocation. bytes 0 gives address 0. */
MUST_CHECK enum err_code vg_memory_allocate(struct vg_memory *m, uint64_t bytes,
                                            enum vg_owner owner, const char *name, uint64_t *ret,
                                            struct err *why);
/* ERR_NOT_FOUND: no live allocation begins there (also: freed twice, told so). */
MUST_CHECK enum err_code vg_memory_release(struct vg_memory *m, uint64_t address, struct err *why);

/* The live allocation that holds the address, else the nearest one (freed ones count), else NULL.
 * `ret_inside` says which. The memory's, until the next change. */
const struct vg_allocation *vg_memory_find(const struct vg_memory *m, uint64_t address,
                                           bool *ret_inside);
size_t vg_memory_allocations(const struct vg_memory *m, const struct vg_allocation **ret);

/* The host's view of [address, address + bytes) when all of it lies in one live allocation; else
 * NULL. Only for trusted code; kernels go through the executor's checked accesses. */
void *vg_memory_at(struct vg_memory *m, uint64_t address, uint64_t bytes);

/* Copies between host and device, or within it. ERR_RANGE names address, allocation and offset. */
MUST_CHECK enum err_code vg_memory_write(struct vg_memory *m, uint64_t to, const void *from,
                                         uint64_t bytes, struct err *why);
MUST_CHECK enum err_code vg_memory_read(struct vg_memory *m, void *to, uint64_t from,
                                        uint64_t bytes, struct err *why);
MUST_CHECK enum err_code vg_memory_fill(struct vg_memory *m, uint64_t to, uint8_t byte,
                                        uint64_t bytes, struct err *why);

uint64_t vg_memory_used(const struct vg_memory *m); /* allocated bytes */
uint64_t vg_memory_capacity(const struct vg_memory *m);
/* True when a guard byte of some allocation is not as it was; tells which. */
bool vg_memory_overrun(const struct vg_memory *m, const struct vg_allocation **ret,
                       uint64_t *ret_address);

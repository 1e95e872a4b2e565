/* Devices: what they are, which one is current, limits, peers, versions, errors in words. */
#include <stdio.h>
#include <string.h>

#include "grader/vgpu/rt/rt.h"

static bool is_device(int device)
{
    return device >= 0 && device < rt_devices();
}

int cudaGetDeviceCount(int *ret)
{
    const int n = rt_devices();
    if (ret)
        *ret = n;
    return rt_done(n > 0 ? RT_OK : RT_NO_DEVICE);
}

int cudaSetDevice(int device)
{
    if (!is_device(device))
        return rt_done(rt_devices() ? RT_INVALID_DEVICE : RT_NO_DEVICE);
    *rt_current_device() = device;
    return RT_OK;
}

int cudaInitDevice(int device, unsigned device_flags, unsigned flags)
{
    (void)device_flags, (void)flags;
    return rt_done(is_device(device) ? RT_OK : RT_INVALID_DEVICE);
}

int cudaGetDevice(int *ret)
{
    if (rt_devices() == 0)
        return rt_done(RT_NO_DEVICE);
    *ret = *rt_current_device();
    return RT_OK;
}

enum { LAST_ATTRIBUTE = 147 };

int cudaDeviceGetAttribute(int *ret, int attribute, int device)
{
    static const unsigned char known[LAST_ATTRIBUTE + 1] = {
#define ATTRIBUTE(number, value) [number] = 1,
#include "grader/vgpu/rt/attribute.def"
#undef ATTRIBUTE
    };
    const struct wire_device *d = rt_profile();
    if (!is_device(device))
        return rt_done(rt_devices() ? RT_INVALID_DEVICE : RT_NO_DEVICE);
    if (!ret || attribute < 1 || attribute > LAST_ATTRIBUTE)
        return rt_done(RT_INVALID_VALUE);
    *ret = 0;
    switch (known[attribute] ? attribute : 0) {
#define ATTRIBUTE(number, value)                                                                   \
    case number:                                                                                   \
        *ret = (int)(value);                                                                       \
        break;
#include "grader/vgpu/rt/attribute.def"
#undef ATTRIBUTE
    default:
        break;
    }
    return RT_OK;
}

static void set_limits(struct abi_device_prop *p, const struct wire_device *d)
{
    p->total_global_mem = d->memory;
    p->shared_mem_per_block = d->shared_block;
    p->shared_mem_per_block_optin = d->shared_optin;
    p->shared_mem_per_multiprocessor = d->shared_sm;
    p->reserved_shared_mem_per_block = d->shared_reserved;
    p->regs_per_block = p->regs_per_multiprocessor = (int)d->registers;
    p->warp_size = 32;
    p->mem_pitch = 2147483647;
    p->max_threads_per_block = 1024;
    memcpy(p->max_threads_dim, (const int[]){1024, 1024, 64}, sizeof p->max_threads_dim);
    memcpy(p->max_grid_size, (const int[]){2147483647, 65535, 65535}, sizeof p->max_grid_size);
    p->total_const_mem = 65536;
    p->texture_alignment = p->surface_alignment = 512;
    p->texture_pitch_alignment = 32;
    p->max_threads_per_multi_processor = (int)d->warps * 32;
    p->max_blocks_per_multi_processor = (int)d->blocks;
}

int cudaGetDeviceProperties(struct abi_device_prop *p, int device)
{
    const struct wire_device *d = rt_profile();
    if (!p || !is_device(device))
        return rt_done(rt_devices() ? RT_INVALID_DEVICE : RT_NO_DEVICE);
    memset(p, 0, sizeof *p);
    snprintf(p->name, sizeof p->name, "%s", d->name);
    memset(p->uuid, 0x40 + device, sizeof p->uuid);
    set_limits(p, d);
    p->major = (int)d->major;
    p->minor = (int)d->minor;
    p->multi_processor_count = (int)d->sms;
    p->l2_cache_size = (int)d->l2;
    p->memory_bus_width = (int)d->bus_bits;
    p->pci_bus_id = 1;
    p->pci_device_id = device;
    p->async_engine_count = 2;
    p->can_map_host_memory = p->concurrent_kernels = p->unified_addressing = 1;
    p->managed_memory = p->concurrent_managed_access = p->cooperative_launch = 1;
    p->stream_priorities_supported = p->memory_pools_supported = p->host_register_supported = 1;
    p->global_l1_cache_supported = p->local_l1_cache_supported = 1;
    return RT_OK;
}

int cudaGetDeviceProperties_v2(struct abi_device_prop *p, int device)
{
    return cudaGetDeviceProperties(p, device);
}

int cudaChooseDevice(int *ret, const struct abi_device_prop *wanted)
{
    (void)wanted; /* all are alike */
    *ret = 0;
    return rt_done(rt_devices() ? RT_OK : RT_NO_DEVICE);
}

int cudaDeviceGetPCIBusId(char *ret, int length, int device)
{
    if (!ret || !is_device(device))
        return rt_done(RT_INVALID_VALUE);
    snprintf(ret, (size_t)length, "0000:01:%02x.0", (unsigned)device);
    return RT_OK;
}

int cudaDeviceReset(void)
{
    struct wire_request q = {.call = WIRE_RESET, .device = (uint32_t)*rt_current_device()};
    struct wire_reply r;
    rt_print();
    return rt_done(rt_ask(&q, NULL, &r, NULL));
}

/* ---- peers ---- */

int cudaDeviceCanAccessPeer(int *ret, int device, int peer)
{
    if (!ret || !is_device(device) || !is_device(peer))
        return rt_done(RT_INVALID_DEVICE);
    *ret = device != peer;
    return RT_OK;
}

static int set_peer(int peer, uint64_t on)
{
    struct wire_request q = {.call = WIRE_PEER,
                             .device = (uint32_t)*rt_current_device(),
                             .arg = {(uint64_t)(int64_t)peer, on}};
    struct wire_reply r;
    return rt_done(rt_ask(&q, NULL, &r, NULL));
}

int cudaDeviceEnablePeerAccess(int peer, unsigned flags)
{
    return flags ? rt_done(RT_INVALID_VALUE) : set_peer(peer, 1);
}

int cudaDeviceDisablePeerAccess(int peer)
{
    return set_peer(peer, 0);
}

int cudaDeviceGetP2PAttribute(int *ret, int attribute, int device, int peer)
{
    if (!ret || !is_device(device) || !is_device(peer) || device == peer)
        return rt_done(RT_INVALID_DEVICE);
    *ret = attribute == 2; /* cudaDevP2PAttrAccessSupported */
    return RT_OK;
}

/* ---- limits and flags: kept, and said again ---- */

enum { LIMITS = 7 };
static size_t limits[LIMITS] = {1024, 1 << 20, 8 << 20, 2, 2048, 128, 0};
static unsigned device_flags;

int cudaDeviceSetLimit(int limit, size_t value)
{
    if (limit < 0 || limit >= LIMITS)
        return rt_done(RT_UNSUPPORTED_LIMIT);
    limits[limit] = value;
    return RT_OK;
}

int cudaDeviceGetLimit(size_t *ret, int limit)
{
    if (!ret || limit < 0 || limit >= LIMITS)
        return rt_done(ret ? RT_UNSUPPORTED_LIMIT : RT_INVALID_VALUE);
    *ret = limits[limit];
    return RT_OK;
}

int cudaSetDeviceFlags(unsigned flags)
{
    device_flags = flags;
    return RT_OK;
}

int cudaGetDeviceFlags(unsigned *ret)
{
    *ret = device_flags;
    return RT_OK;
}

int cudaDeviceSetCacheConfig(int config)
{
    (void)config;
    return RT_OK;
}

int cudaDeviceGetCacheConfig(int *ret)
{
    *ret = 0;
    return RT_OK;
}

int cudaDeviceSetSharedMemConfig(int config)
{
    (void)config;
    return RT_OK;
}

int cudaProfilerStart(void)
{
    return RT_OK;
}

int cudaProfilerStop(void)
{
    return RT_OK;
}

int cudaRuntimeGetVersion(int *ret)
{
    *ret = 13000;
    return RT_OK;
}

int cudaDriverGetVersion(int *ret)
{
    *ret = 13000;
    return RT_OK;
}

/* ---- memory pools: one for all, and nothing to set ---- */

static char the_pool;

int cudaDeviceGetDefaultMemPool(void **ret, int device)
{
    *ret = &the_pool;
    return rt_done(is_device(device) ? RT_OK : RT_INVALID_DEVICE);
}

int cudaDeviceGetMemPool(void **ret, int device)
{
    return cudaDeviceGetDefaultMemPool(ret, device);
}

int cudaMemPoolSetAttribute(void *pool, int attribute, void *value)
{
    (void)pool, (void)attribute, (void)value;
    return RT_OK;
}

int cudaMemPoolTrimTo(void *pool, size_t keep)
{
    (void)pool, (void)keep;
    return RT_OK;
}

/* ---- errors in words ---- */

static const struct {
    int number;
    const char *name, *text;
} errors[] = {
#define ERROR(number, name, text) {number, name, text},
#include "grader/vgpu/rt/error.def"
#undef ERROR
};

const char *cudaGetErrorName(int error)
{
    for (size_t i = 0; i < sizeof errors / sizeof *errors; i++)
        if (errors[i].number == error)
            return errors[i].name;
    return "unrecognized error code";
}

const char *cudaGetErrorString(int error)
{
    for (size_t i = 0; i < sizeof errors / sizeof *errors; i++)
        if (errors[i].number == error)
            return errors[i].text;
    return "unrecognized error code";
}

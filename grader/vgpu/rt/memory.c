/* Allocations and copies. Whose side a pointer is on, its number tells: device memory and shared
 * memory have ranges of their own. */
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "grader/vgpu/rt/rt.h"

static uint64_t number(const void *p)
{
    return (uint64_t)(uintptr_t)p;
}

static bool is_shared(const void *p)
{
    return number(p) >= RT_SHARED_BASE && number(p) < RT_SHARED_END;
}

static bool is_device(const void *p)
{
    return number(p) >= RT_DEVICE_BASE && number(p) < RT_SHARED_BASE;
}

/* ---- host memory that was registered ---- */

static struct registered {
    const void *at;
    size_t bytes;
    struct registered *next;
} * registered;

static bool is_pinned(const void *p)
{
    for (const struct registered *r = registered; r; r = r->next)
        if (number(p) - number(r->at) < r->bytes)
            return true;
    return false;
}

int cudaHostRegister(void *p, size_t bytes, unsigned flags)
{
    (void)flags;
    if (!p || bytes == 0)
        return rt_done(RT_INVALID_VALUE);
    if (is_pinned(p) || is_shared(p))
        return rt_done(RT_HOST_REGISTERED);
    struct registered *r = malloc(sizeof *r);
    if (!r)
        return rt_done(RT_MEMORY);
    *r = (struct registered){.at = p, .bytes = bytes, .next = registered};
    registered = r;
    return RT_OK;
}

int cudaHostUnregister(void *p)
{
    for (struct registered **r = &registered; *r; r = &(*r)->next) {
        if ((*r)->at != p)
            continue;
        struct registered *gone = *r;
        *r = gone->next;
        free(gone);
        return RT_OK;
    }
    return rt_done(RT_HOST_NOT_REGISTERED);
}

/* ---- allocations ---- */

static int allocate(void **ret, size_t bytes, uint32_t flags)
{
    struct wire_request q = {.call = WIRE_MALLOC,
                             .flags = flags,
                             .device = (uint32_t)*rt_current_device(),
                             .arg[0] = bytes};
    struct wire_reply r;
    if (!ret)
        return rt_done(RT_INVALID_VALUE);
    const int error = rt_ask(&q, NULL, &r, NULL);
    if (error == RT_OK)
        *ret = (void *)(uintptr_t)r.ret[0];
    return rt_done(error);
}

static int release(void *p, uint32_t flags)
{
    struct wire_request q = {.call = WIRE_FREE,
                             .flags = flags,
                             .device = (uint32_t)*rt_current_device(),
                             .arg[0] = number(p)};
    struct wire_reply r;
    return rt_done(p ? rt_ask(&q, NULL, &r, NULL) : RT_OK);
}

static int allocate_shared(void **ret, size_t bytes, bool managed)
{
    struct wire_request q = {.call = WIRE_HOST_MALLOC,
                             .device = (uint32_t)*rt_current_device(),
                             .arg = {bytes, managed}};
    struct wire_reply r;
    if (!ret)
        return rt_done(RT_INVALID_VALUE);
    if (bytes == 0) {
        *ret = NULL;
        return managed ? rt_done(RT_INVALID_VALUE) : RT_OK;
    }
    int error = rt_ask(&q, NULL, &r, NULL);
    if (error == RT_OK)
        error = rt_map_shared(r.ret[0], r.ret[1]);
    if (error == RT_OK)
        *ret = (void *)(uintptr_t)r.ret[0];
    return rt_done(error);
}

static int release_shared(void *p)
{
    struct wire_request q = {
        .call = WIRE_HOST_FREE, .device = (uint32_t)*rt_current_device(), .arg[0] = number(p)};
    struct wire_reply r;
    if (!p)
        return RT_OK;
    const int error = rt_ask(&q, NULL, &r, NULL);
    if (error == RT_OK)
        munmap(p, r.ret[0]);
    return rt_done(error);
}

int cudaMalloc(void **ret, size_t bytes)
{
    return allocate(ret, bytes, WIRE_BLOCKING);
}

int cudaFree(void *p)
{
    return is_shared(p) ? release_shared(p) : release(p, WIRE_BLOCKING);
}

int cudaMallocAsync(void **ret, size_t bytes, void *stream)
{
    (void)stream; /* memory is there at once: work is done in the order in which it is issued */
    return allocate(ret, bytes, 0);
}

int cudaMallocFromPoolAsync(void **ret, size_t bytes, void *pool, void *stream)
{
    (void)pool, (void)stream;
    return allocate(ret, bytes, 0);
}

int cudaFreeAsync(void *p, void *stream)
{
    (void)stream;
    return release(p, 0);
}

int cudaMallocPitch(void **ret, size_t *ret_pitch, size_t width, size_t height)
{
    size_t bytes;
    const size_t pitch = (width + 511) / 512 * 512;
    if (!ret_pitch || pitch < width || __builtin_mul_overflow(pitch, height, &bytes))
        return rt_done(RT_INVALID_VALUE);
    *ret_pitch = pitch;
    return allocate(ret, bytes, WIRE_BLOCKING);
}

int cudaMalloc3D(struct abi_pitched *ret, struct abi_extent extent)
{
    size_t rows;
    if (!ret || __builtin_mul_overflow(extent.height, extent.depth, &rows))
        return rt_done(RT_INVALID_VALUE);
    ret->xsize = extent.width;
    ret->ysize = extent.height;
    return cudaMallocPitch(&ret->ptr, &ret->pitch, extent.width, rows);
}

int cudaMallocManaged(void **ret, size_t bytes, unsigned flags)
{
    (void)flags;
    return allocate_shared(ret, bytes, true);
}

int cudaMallocHost(void **ret, size_t bytes)
{
    return allocate_shared(ret, bytes, false);
}

int cudaHostAlloc(void **ret, size_t bytes, unsigned flags)
{
    (void)flags; /* portable, mapped, write-combined: all of it is */
    return allocate_shared(ret, bytes, false);
}

int cudaFreeHost(void *p)
{
    return release_shared(p);
}

int cudaHostGetDevicePointer(void **ret, void *host, unsigned flags)
{
    if (!ret || flags != 0 || !is_shared(host))
        return rt_done(is_pinned(host) ? RT_NOT_SUPPORTED : RT_INVALID_VALUE);
    *ret = host;
    return RT_OK;
}

int cudaHostGetFlags(unsigned *ret, void *host)
{
    if (!ret || !is_shared(host))
        return rt_done(RT_INVALID_VALUE);
    *ret = 2; /* cudaHostAllocMapped */
    return RT_OK;
}

int cudaMemGetInfo(size_t *ret_free, size_t *ret_total)
{
    struct wire_request q = {.call = WIRE_INFO, .device = (uint32_t)*rt_current_device()};
    struct wire_reply r;
    const int error = rt_ask(&q, NULL, &r, NULL);
    if (error == RT_OK && ret_free)
        *ret_free = r.ret[0];
    if (error == RT_OK && ret_total)
        *ret_total = r.ret[1];
    return rt_done(error);
}

int cudaPointerGetAttributes(struct abi_pointer_attributes *ret, const void *p)
{
    struct wire_request q = {
        .call = WIRE_POINTER, .device = (uint32_t)*rt_current_device(), .arg[0] = number(p)};
    struct wire_reply r;
    if (!ret)
        return rt_done(RT_INVALID_VALUE);
    const int error = rt_ask(&q, NULL, &r, NULL);
    if (error != RT_OK)
        return rt_done(error);
    static const int types[] = {0, 2, 3, 1};
    void *there = (void *)(uintptr_t)number(p);
    memset(ret, 0, sizeof *ret);
    ret->type = r.ret[0] == 0 && is_pinned(p) ? 1 : types[r.ret[0] & 3];
    ret->device = ret->type == 2 ? (int)r.ret[1] : ret->type == 0 ? -2 : *rt_current_device();
    ret->device_pointer = r.ret[0] != 0 ? there : NULL;
    ret->host_pointer = ret->type == 2 ? NULL : there;
    return RT_OK;
}

/* What only moves pages on a device: nothing to do here, where host and devices share them. */
int cudaMemAdvise(const void *p, size_t bytes, int advice, struct abi_location place)
{
    (void)bytes, (void)advice, (void)place;
    return rt_done(is_shared(p) ? RT_OK : RT_INVALID_VALUE);
}

int cudaMemPrefetchAsync(const void *p, size_t bytes, struct abi_location place, unsigned flags,
                         void *stream)
{
    (void)bytes, (void)place, (void)flags;
    if (!rt_stream_of(stream))
        return rt_done(RT_INVALID_HANDLE);
    return rt_done(is_shared(p) ? RT_OK : RT_INVALID_VALUE);
}

int cudaStreamAttachMemAsync(void *stream, void *p, size_t bytes, unsigned flags)
{
    (void)stream, (void)p, (void)bytes, (void)flags;
    return RT_OK;
}

/* ---- copies as work ---- */

static bool kind_fits(const void *to, const void *from, int kind)
{
    const bool to_device = is_device(to) || is_shared(to);
    const bool from_device = is_device(from) || is_shared(from);
    switch (kind) {
    case ABI_HOST_TO_HOST:
        return !is_device(to) && !is_device(from);
    case ABI_TO_DEVICE:
        return to_device && !is_device(from);
    case ABI_TO_HOST:
        return from_device && !is_device(to);
    case ABI_LOCAL:
        return to_device && from_device;
    case ABI_DEFAULT:
        return true;
    default:
        return false;
    }
}

static void set_request(struct rt_work *w, uint32_t call, const uint64_t args[6], const void *host)
{
    w->q = (struct wire_request){.call = call, .device = (uint32_t)*rt_current_device()};
    memcpy(w->q.arg, args, 6 * sizeof *args);
    if (host && !is_pinned(host))
        w->q.flags = WIRE_PAGEABLE;
}

int rt_copy_work(struct rt_work *w, void *to, size_t to_pitch, const void *from, size_t from_pitch,
                 size_t width, size_t height, int kind)
{
    if (kind < ABI_HOST_TO_HOST || kind > ABI_DEFAULT)
        return 21; /* cudaErrorInvalidMemcpyDirection */
    if (!kind_fits(to, from, kind))
        return RT_INVALID_VALUE;
    if (height > 1 && (to_pitch < width || from_pitch < width))
        return 12; /* cudaErrorInvalidPitchValue */
    memset(w, 0, sizeof *w);
    w->to = to;
    w->from = from;
    w->to_pitch = to_pitch;
    w->from_pitch = from_pitch;
    w->width = width;
    w->height = height;
    const bool device = is_device(to) || is_device(from);
    const bool to_here = !is_device(to) && !is_shared(to);
    const bool from_here = !is_device(from) && !is_shared(from);
    if (!device) {
        w->kind = RT_COPY_HOST;
        set_request(w, WIRE_HOST_FUNC, (const uint64_t[6]){0}, NULL);
    } else if (from_here) {
        w->kind = RT_COPY_IN;
        set_request(w, WIRE_COPY_IN, (const uint64_t[6]){number(to), to_pitch, width, height},
                    from);
    } else if (to_here) {
        w->kind = RT_COPY_OUT;
        set_request(w, WIRE_COPY_OUT, (const uint64_t[6]){number(from), from_pitch, width, height},
                    to);
    } else {
        set_request(
            w, WIRE_COPY,
            (const uint64_t[6]){number(to), to_pitch, number(from), from_pitch, width, height},
            NULL);
    }
    return RT_OK;
}

static int copy(void *to, size_t to_pitch, const void *from, size_t from_pitch, size_t width,
                size_t height, int kind, void *stream, bool blocking)
{
    struct rt_work w;
    if (width == 0 || height == 0)
        return RT_OK;
    const int error = rt_copy_work(&w, to, to_pitch, from, from_pitch, width, height, kind);
    if (error != RT_OK)
        return rt_done(error);
    if (blocking)
        w.q.flags |= WIRE_BLOCKING;
    return rt_done(rt_enqueue(stream, &w));
}

int cudaMemcpy(void *to, const void *from, size_t bytes, int kind)
{
    return copy(to, bytes, from, bytes, bytes, 1, kind, NULL, true);
}

int cudaMemcpyAsync(void *to, const void *from, size_t bytes, int kind, void *stream)
{
    return copy(to, bytes, from, bytes, bytes, 1, kind, stream, false);
}

int cudaMemcpy2D(void *to, size_t to_pitch, const void *from, size_t from_pitch, size_t width,
                 size_t height, int kind)
{
    return copy(to, to_pitch, from, from_pitch, width, height, kind, NULL, true);
}

int cudaMemcpy2DAsync(void *to, size_t to_pitch, const void *from, size_t from_pitch, size_t width,
                      size_t height, int kind, void *stream)
{
    return copy(to, to_pitch, from, from_pitch, width, height, kind, stream, false);
}

int cudaMemcpyPeer(void *to, int to_device, const void *from, int from_device, size_t bytes)
{
    (void)to_device, (void)from_device; /* addresses say it */
    return copy(to, bytes, from, bytes, bytes, 1, ABI_LOCAL, NULL, true);
}

int cudaMemcpyPeerAsync(void *to, int to_device, const void *from, int from_device, size_t bytes,
                        void *stream)
{
    (void)to_device, (void)from_device;
    return copy(to, bytes, from, bytes, bytes, 1, ABI_LOCAL, stream, false);
}

/* A box is slices of rows. */
static int copy_box(const struct abi_memcpy3d *p, void *stream, bool blocking)
{
    if (!p || p->from_array || p->to_array)
        return rt_done(p ? RT_NOT_SUPPORTED : RT_INVALID_VALUE);
    int error = RT_OK;
    for (size_t z = 0; error == RT_OK && z < p->extent.depth; z++) {
        const size_t t = (p->to_pos.z + z) * p->to.ysize + p->to_pos.y;
        const size_t f = (p->from_pos.z + z) * p->from.ysize + p->from_pos.y;
        error = copy((char *)p->to.ptr + t * p->to.pitch + p->to_pos.x, p->to.pitch,
                     (const char *)p->from.ptr + f * p->from.pitch + p->from_pos.x, p->from.pitch,
                     p->extent.width, p->extent.height, p->kind, stream, blocking);
    }
    return error;
}

int cudaMemcpy3D(const struct abi_memcpy3d *p)
{
    return copy_box(p, NULL, true);
}

int cudaMemcpy3DAsync(const struct abi_memcpy3d *p, void *stream)
{
    return copy_box(p, stream, false);
}

/* ---- symbols ---- */

static int symbol_at(const void *symbol, size_t offset, size_t bytes, uint64_t *ret)
{
    uint64_t size;
    const int error = rt_symbol_find(symbol, ret, &size);
    if (error != RT_OK)
        return error;
    if (offset > size || bytes > size - offset)
        return RT_INVALID_VALUE;
    *ret += offset;
    return RT_OK;
}

static int copy_symbol(void *host, const void *symbol, size_t bytes, size_t offset, int kind,
                       bool to_symbol, void *stream, bool blocking)
{
    uint64_t address;
    struct rt_work w;
    int error = symbol_at(symbol, offset, bytes, &address);
    void *there = (void *)(uintptr_t)address;
    if (error == RT_OK)
        error = rt_copy_work(&w, to_symbol ? there : host, bytes, to_symbol ? host : there, bytes,
                             bytes, 1, kind);
    if (error == RT_OK && bytes > 0) {
        w.q.flags |= (blocking ? WIRE_BLOCKING : 0) | WIRE_SYMBOL;
        error = rt_enqueue(stream, &w);
    }
    return rt_done(error);
}

int cudaMemcpyToSymbol(const void *symbol, const void *from, size_t bytes, size_t offset, int kind)
{
    return copy_symbol((void *)(uintptr_t)from, symbol, bytes, offset, kind, true, NULL, true);
}

int cudaMemcpyToSymbolAsync(const void *symbol, const void *from, size_t bytes, size_t offset,
                            int kind, void *stream)
{
    return copy_symbol((void *)(uintptr_t)from, symbol, bytes, offset, kind, true, stream, false);
}

int cudaMemcpyFromSymbol(void *to, const void *symbol, size_t bytes, size_t offset, int kind)
{
    return copy_symbol(to, symbol, bytes, offset, kind, false, NULL, true);
}

int cudaMemcpyFromSymbolAsync(void *to, const void *symbol, size_t bytes, size_t offset, int kind,
                              void *stream)
{
    return copy_symbol(to, symbol, bytes, offset, kind, false, stream, false);
}

int cudaGetSymbolAddress(void **ret, const void *symbol)
{
    uint64_t address, bytes;
    const int error = rt_symbol_find(symbol, &address, &bytes);
    if (error == RT_OK)
        *ret = (void *)(uintptr_t)address;
    return rt_done(error);
}

int cudaGetSymbolSize(size_t *ret, const void *symbol)
{
    uint64_t address, bytes;
    const int error = rt_symbol_find(symbol, &address, &bytes);
    if (error == RT_OK)
        *ret = bytes;
    return rt_done(error);
}

/* ---- memset ---- */

int rt_fill_work(struct rt_work *w, void *to, size_t pitch, unsigned value, unsigned element,
                 size_t width, size_t height)
{
    memset(w, 0, sizeof *w);
    if (!is_device(to) && !is_shared(to))
        return RT_INVALID_VALUE;
    set_request(w, WIRE_FILL, (const uint64_t[6]){number(to), pitch, value, element, width, height},
                NULL);
    return RT_OK;
}

static int fill(void *to, size_t pitch, int value, size_t width, size_t height, void *stream)
{
    struct rt_work w;
    if (width == 0 || height == 0)
        return RT_OK;
    int error = rt_fill_work(&w, to, pitch, (unsigned)value & 0xFF, 1, width, height);
    if (error == RT_OK)
        error = rt_enqueue(stream, &w);
    return rt_done(error);
}

/* cudaMemset returns before the device has done it, as on a device; only the name differs. */
static int fill_now(void *to, size_t pitch, int value, size_t width, size_t height)
{
    struct rt_work w;
    if (width == 0 || height == 0)
        return RT_OK;
    int error = rt_fill_work(&w, to, pitch, (unsigned)value & 0xFF, 1, width, height);
    w.q.flags |= WIRE_BLOCKING;
    if (error == RT_OK)
        error = rt_enqueue(NULL, &w);
    return rt_done(error);
}

int cudaMemset(void *to, int value, size_t bytes)
{
    return fill_now(to, bytes, value, bytes, 1);
}

int cudaMemset2D(void *to, size_t pitch, int value, size_t width, size_t height)
{
    return fill_now(to, pitch, value, width, height);
}

int cudaMemsetAsync(void *to, int value, size_t bytes, void *stream)
{
    return fill(to, bytes, value, bytes, 1, stream);
}

int cudaMemset2DAsync(void *to, size_t pitch, int value, size_t width, size_t height, void *stream)
{
    return fill(to, pitch, value, width, height, stream);
}

int cudaMemset3D(struct abi_pitched to, int value, struct abi_extent extent)
{
    int error = RT_OK;
    for (size_t z = 0; error == RT_OK && z < extent.depth; z++)
        error = fill_now((char *)to.ptr + z * to.ysize * to.pitch, to.pitch, value, extent.width,
                         extent.height);
    return error;
}

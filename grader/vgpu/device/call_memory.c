/* Allocations, and copies between host and devices. */
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <sys/mman.h>

#include "base/checked.h"
#include "grader/vgpu/device/machine.h"
#include "grader/vgpu/device/owners.h"
#include "grader/vgpu/device/profile.h"

static int error_of(struct machine *m, enum err_code rc, const char *what, const struct err *why)
{
    if (rc == OK)
        return CUDA_SUCCESS;
    return machine_refuse(m, rc == ERR_NOMEM ? CUDA_MEMORY_ALLOCATION : CUDA_INVALID_VALUE,
                          "%s: %s", what, why->text);
}

int machine_call_MALLOC(const struct call *c)
{
    struct machine *m = c->m;
    struct vg_memory *memory = m->memory[c->q->device];
    const bool blocking = c->q->flags & WIRE_BLOCKING;
    const int error = machine_act(m, blocking ? ACT_MALLOC : ACT_MALLOC_ASYNC);
    if (error != CUDA_SUCCESS)
        return error;
    struct err why;
    uint64_t address = 0;
    /* Programs try how much there is and live with a no: not a word about it. */
    if (vg_memory_allocate(memory, c->q->arg[0], VG_OWNER_MALLOC, NULL, &address, &why) != OK)
        return CUDA_MEMORY_ALLOCATION;
    if (address)
        MACHINE_OBSERVE(m, allocated, memory, address, c->q->arg[0]);
    c->reply->ret[0] = address;
    return CUDA_SUCCESS;
}

int machine_call_FREE(const struct call *c)
{
    struct machine *m = c->m;
    const bool blocking = c->q->flags & WIRE_BLOCKING;
    const int error = machine_act(m, blocking ? ACT_FREE : ACT_FREE_ASYNC);
    int number = 0;
    struct vg_memory *memory = machine_memory(m, c->q->arg[0], &number);
    if (error != CUDA_SUCCESS)
        return error;
    if (!memory || number == VG_HOST)
        return machine_refuse(m, CUDA_INVALID_VALUE,
                              "cudaFree: 0x%" PRIx64 " is no address of a device", c->q->arg[0]);
    bool inside;
    const struct vg_allocation *a = vg_memory_find(memory, c->q->arg[0], &inside);
    if (a && inside && a->owner != VG_OWNER_MALLOC)
        return machine_refuse(m, CUDA_INVALID_VALUE, "cudaFree: %s is a variable",
                              a->name ? a->name : "the address");
    struct err why;
    const enum err_code rc = vg_memory_release(memory, c->q->arg[0], &why);
    if (rc != OK)
        return error_of(m, rc, "cudaFree", &why);
    MACHINE_OBSERVE(m, released, memory, c->q->arg[0]);
    owners_forget(m->owners, c->q->arg[0]);
    if (blocking)
        machine_see(m, machine_device_tail(m, number)); /* cudaFree waits for the device */
    return CUDA_SUCCESS;
}

int machine_call_INFO(const struct call *c)
{
    const struct vg_memory *memory = c->m->memory[c->q->device];
    c->reply->ret[0] = vg_memory_capacity(memory) - vg_memory_used(memory);
    c->reply->ret[1] = vg_memory_capacity(memory);
    return CUDA_SUCCESS;
}

/* ---- memory that host and devices share ---- */

enum { PAGE = 4096 };

/* Puts the shared memory's pages, or empty ones again, behind a range of device addresses. */
static bool back_range(struct machine *m, const struct host_range *r, bool shared)
{
    void *at = vg_memory_at(m->memory[VG_HOST], r->address, r->mapped);
    const off_t offset = (off_t)(WIRE_WINDOW + (r->address - VG_GLOBAL(VG_HOST)));
    if (!at || (uintptr_t)at % PAGE != 0)
        return false;
    if (!shared)
        memset(m->shared + offset, 0, r->mapped); /* the next owner finds zeros */
    const int flags = shared ? MAP_SHARED : MAP_PRIVATE | MAP_ANONYMOUS;
    return mmap(at, r->mapped, PROT_READ | PROT_WRITE, flags | MAP_FIXED | MAP_NORESERVE,
                shared ? m->shared_fd : -1, shared ? offset : 0) != MAP_FAILED;
}

/* A range has its pages for itself, since the program maps them. */
static enum err_code allocate_pages(struct machine *m, struct host_range *r, struct err *why)
{
    uint64_t bytes;
    if (r->bytes == 0 || ckd_add(&bytes, r->bytes, 2 * PAGE))
        return err_set(why, ERR_NOMEM, "%" PRIu64 " bytes of host memory", r->bytes);
    r->mapped = (r->bytes + PAGE - 1) / PAGE * PAGE;
    const enum vg_owner owner = VG_OWNER_MANAGED;
    const enum err_code rc =
        vg_memory_allocate(m->memory[VG_HOST], r->mapped + PAGE, owner, NULL, &r->allocation, why);
    r->address = (r->allocation + PAGE - 1) / PAGE * PAGE;
    return rc;
}

int machine_call_HOST_MALLOC(const struct call *c)
{
    struct machine *m = c->m;
    const int error = machine_act(m, ACT_HOST_MALLOC);
    struct host_range r = {.bytes = c->q->arg[0], .managed = c->q->arg[1] != 0};
    struct err why;
    if (error != CUDA_SUCCESS)
        return error;
    if (m->n_host_ranges == MACHINE_HOST_RANGES || allocate_pages(m, &r, &why) != OK)
        return CUDA_MEMORY_ALLOCATION;
    if (!back_range(m, &r, true)) {
        const enum err_code rc = vg_memory_release(m->memory[VG_HOST], r.allocation, &why);
        return rc == OK ? CUDA_MEMORY_ALLOCATION : error_of(m, rc, "host memory", &why);
    }
    m->host_ranges[m->n_host_ranges++] = r;
    MACHINE_OBSERVE(m, allocated, m->memory[VG_HOST], r.allocation, r.mapped + PAGE);
    /* What the host does to its own memory nobody sees: it counts as written. */
    MACHINE_OBSERVE(m, put, m->memory[VG_HOST], r.address, r.mapped);
    c->reply->ret[0] = r.address;
    c->reply->ret[1] = r.mapped;
    return CUDA_SUCCESS;
}

static struct host_range *range_at(struct machine *m, uint64_t address)
{
    for (size_t i = 0; i < m->n_host_ranges; i++)
        if (address - m->host_ranges[i].address < m->host_ranges[i].mapped)
            return &m->host_ranges[i];
    return NULL;
}

int machine_call_HOST_FREE(const struct call *c)
{
    struct machine *m = c->m;
    const int error = machine_act(m, ACT_HOST_FREE);
    struct host_range *r = range_at(m, c->q->arg[0]);
    if (error != CUDA_SUCCESS)
        return error;
    if (!r || r->address != c->q->arg[0])
        return machine_refuse(m, CUDA_INVALID_VALUE, "cudaFreeHost: no allocation at 0x%" PRIx64,
                              c->q->arg[0]);
    if (!back_range(m, r, false))
        return CUDA_MEMORY_ALLOCATION;
    struct err why;
    const enum err_code rc = vg_memory_release(m->memory[VG_HOST], r->allocation, &why);
    if (rc != OK)
        return error_of(m, rc, "cudaFreeHost", &why);
    MACHINE_OBSERVE(m, released, m->memory[VG_HOST], r->allocation);
    c->reply->ret[0] = r->mapped;
    *r = m->host_ranges[--m->n_host_ranges];
    return CUDA_SUCCESS;
}

int machine_call_POINTER(const struct call *c)
{
    int number = 0;
    const uint64_t address = c->q->arg[0];
    struct vg_memory *memory = machine_memory(c->m, address, &number);
    if (!memory)
        return CUDA_SUCCESS;
    uint64_t *ret = c->reply->ret;
    if (number == VG_HOST) {
        const struct host_range *r = range_at(c->m, address);
        if (r) {
            const uint64_t row[] = {r->managed ? 2 : 3, 0, r->address, r->bytes};
            memcpy(ret, row, sizeof row);
        }
        return CUDA_SUCCESS;
    }
    bool inside;
    const struct vg_allocation *a = vg_memory_find(memory, address, &inside);
    if (a && inside) {
        const uint64_t row[] = {1, (uint64_t)number, a->address, a->bytes};
        memcpy(ret, row, sizeof row);
    }
    return CUDA_SUCCESS;
}

/* ---- copies ---- */

struct area { /* rows in one memory */
    struct vg_memory *memory;
    int number;
    uint64_t address, pitch, width, height;
};

enum { ROWS_MAX = 1 << 24 };

/* An area that lies in one allocation, row by row. */
static int check_area(const struct call *c, const char *what, struct area *a)
{
    struct machine *m = c->m;
    uint64_t total, last;
    a->memory = machine_memory(m, a->address, &a->number);
    if (!a->memory)
        return machine_refuse(m, CUDA_INVALID_VALUE, "%s: 0x%" PRIx64 " is no address of a device",
                              what, a->address);
    if (a->height > ROWS_MAX || ckd_mul(&total, a->width, a->height) || total > UINT64_C(1) << 40 ||
        (a->height > 1 && a->pitch < a->width) || ckd_mul(&last, a->pitch, a->height))
        return machine_refuse(m, CUDA_INVALID_VALUE,
                              "%s: %" PRIu64 " rows of %" PRIu64 " bytes with pitch %" PRIu64, what,
                              a->height, a->width, a->pitch);
    const uint64_t span = (a->height - 1) * a->pitch + a->width;
    if (!vg_memory_at(a->memory, a->address, span)) {
        struct err why;
        unsigned char byte;
        /* One of its two ends tells the story. */
        enum err_code rc = vg_memory_read(a->memory, &byte, a->address, 1, &why);
        if (rc == OK)
            rc = vg_memory_read(a->memory, &byte, a->address + span - 1, 1, &why);
        return machine_refuse(m, CUDA_INVALID_VALUE, "%s of %" PRIu64 " bytes: %s", what, span,
                              rc == OK ? "it spans two allocations" : why.text);
    }
    return CUDA_SUCCESS;
}

static struct observer_range range_of(const struct area *a)
{
    return (struct observer_range){a->address, a->width, a->height, a->pitch};
}

static const struct observer_range host_side = {0};

static void copied(const struct call *c, uint32_t stream, enum observer_copy kind,
                   const struct area *to, const struct area *from)
{
    const struct observer_range t = to ? range_of(to) : host_side;
    const struct observer_range f = from ? range_of(from) : host_side;
    MACHINE_OBSERVE(c->m, copied, stream, kind, &t, &f);
}

static void mark_rows(struct machine *m, const struct area *a, enum owner who)
{
    for (uint64_t row = 0; m->owners && row < a->height; row++)
        owners_mark(m->owners, a->address + row * a->pitch, a->width, who);
}

/* Moves up to `n` bytes between window and memory, where the copy stands. */
static int move_piece(struct machine *m, uint64_t n, uint64_t *ret_moved)
{
    struct machine_copy *k = &m->copy;
    int number = 0;
    struct vg_memory *memory = machine_memory(m, k->address, &number);
    uint64_t moved = 0;
    enum err_code rc = OK;
    struct err why;
    if (n > k->total - k->done)
        n = k->total - k->done;
    while (rc == OK && moved < n) {
        const uint64_t row = k->done / k->width, column = k->done % k->width;
        const uint64_t left = k->width - column, at = k->address + row * k->pitch + column;
        const uint64_t piece = left < n - moved ? left : n - moved;
        rc = k->inward ? vg_memory_write(memory, at, m->shared + moved, piece, &why)
                       : vg_memory_read(memory, m->shared + moved, at, piece, &why);
        moved += piece;
        k->done += piece;
    }
    *ret_moved = moved;
    if (rc != OK)
        k->total = 0;
    return error_of(m, rc, "copy", &why);
}

/* What COPY_IN and COPY_OUT have in common. */
static int begin_copy(const struct call *c, bool inward, enum act act)
{
    struct machine *m = c->m;
    const uint64_t *q = c->q->arg;
    const char *what = inward ? "copy to the device" : "copy from the device";
    struct area a = {.address = q[0], .pitch = q[1], .width = q[2], .height = q[3]};
    uint32_t number;
    struct stream *s = machine_stream(c, &number);
    if (!s)
        return CUDA_INVALID_HANDLE;
    int error = machine_act(m, act);
    if (error != CUDA_SUCCESS || a.width == 0 || a.height == 0)
        return error;
    error = check_area(c, what, &a);
    if (error != CUDA_SUCCESS)
        return error;
    const int device = a.number == VG_HOST ? (int)c->q->device : a.number;
    struct timeline_line *line = &m->lines[device][inward ? ENGINE_IN : ENGINE_OUT];
    machine_place(c, s, &line, 1, timeline_host_copy_ns(a.width * a.height));
    copied(c, number, inward ? OBSERVER_IN : OBSERVER_OUT, inward ? &a : NULL, inward ? NULL : &a);
    if (inward)
        mark_rows(m, &a, OWNER_HOST);
    m->copy = (struct machine_copy){.inward = inward,
                                    .address = a.address,
                                    .pitch = a.pitch,
                                    .width = a.width,
                                    .total = a.width * a.height};
    return CUDA_SUCCESS;
}

int machine_call_COPY_IN(const struct call *c)
{
    const bool blocking = c->q->flags & WIRE_BLOCKING;
    if (c->q->arg[4] > WIRE_WINDOW)
        return CUDA_INVALID_VALUE;
    const int error = begin_copy(c, true,
                                 c->q->flags & WIRE_SYMBOL ? ACT_TO_SYMBOL
                                 : blocking                ? ACT_COPY_IN
                                                           : ACT_COPY_IN_ASYNC);
    if (error != CUDA_SUCCESS || c->m->copy.total == 0)
        return error;
    return move_piece(c->m, c->q->arg[4], &c->reply->ret[0]);
}

int machine_call_COPY_OUT(const struct call *c)
{
    const bool blocking = c->q->flags & WIRE_BLOCKING;
    const int error = begin_copy(c, false,
                                 c->q->flags & WIRE_SYMBOL ? ACT_FROM_SYMBOL
                                 : blocking                ? ACT_COPY_OUT
                                                           : ACT_COPY_OUT_ASYNC);
    if (error != CUDA_SUCCESS || c->m->copy.total == 0)
        return error;
    return move_piece(c->m, WIRE_WINDOW, &c->reply->ret[0]);
}

int machine_call_COPY_DATA(const struct call *c)
{
    if (c->q->arg[0] > WIRE_WINDOW || c->m->copy.done == c->m->copy.total)
        return CUDA_INVALID_VALUE;
    return move_piece(c->m, c->q->arg[0], &c->reply->ret[0]);
}

/* ---- copies that the host's memory has no part in, or only the shared one ---- */

static void place_copy(const struct call *c, struct stream *s, const struct area *to,
                       const struct area *from)
{
    struct machine *m = c->m;
    const uint64_t bytes = to->width * to->height;
    if (to->number == from->number && to->number != VG_HOST) {
        struct timeline_line *line = &m->lines[to->number][ENGINE_KERNEL];
        const double rate = profile_bandwidth(&m->config.profile);
        machine_place(c, s, &line, 1, timeline_local_ns(2 * bytes, rate));
    } else if (to->number == VG_HOST || from->number == VG_HOST) {
        const int device = to->number == VG_HOST ? from->number : to->number;
        struct timeline_line *line = &m->lines[device == VG_HOST ? (int)c->q->device : device]
                                              [to->number == VG_HOST ? ENGINE_OUT : ENGINE_IN];
        machine_place(c, s, &line, 1, timeline_host_copy_ns(bytes));
    } else {
        struct timeline_line *const lines[] = {&m->lines[from->number][ENGINE_PEER_OUT],
                                               &m->lines[to->number][ENGINE_PEER_IN]};
        machine_place(c, s, lines, 2, timeline_peer_copy_ns(bytes));
    }
}

static enum act act_of_copy(const struct call *c, const struct area *to, const struct area *from)
{
    const bool blocking = c->q->flags & WIRE_BLOCKING;
    if (from->number == VG_HOST)
        return blocking ? ACT_COPY_IN : ACT_COPY_IN_ASYNC;
    if (to->number == VG_HOST)
        return blocking ? ACT_COPY_OUT : ACT_COPY_OUT_ASYNC;
    if (to->number == from->number)
        return blocking ? ACT_COPY_LOCAL : ACT_COPY_LOCAL_ASYNC;
    return blocking ? ACT_COPY_PEER : ACT_COPY_PEER_ASYNC;
}

static int move_rows(struct machine *m, const struct area *to, const struct area *from)
{
    enum err_code rc = OK;
    struct err why;
    for (uint64_t row = 0; rc == OK && row < to->height; row++) {
        const uint64_t t = to->address + row * to->pitch, f = from->address + row * from->pitch;
        const void *bytes = vg_memory_at(from->memory, f, from->width);
        /* Rows that overlap are undefined on a device; here they are the old bytes, or nothing. */
        if (t != f && !(t < f + from->width && f < t + to->width))
            rc = vg_memory_write(to->memory, t, bytes, to->width, &why);
        else if (t != f)
            rc = err_set(&why, ERR_INVALID, "source and destination overlap");
        if (m->owners && rc == OK && from->number != VG_HOST)
            owners_copy(m->owners, t, f, to->width);
    }
    if (from->number == VG_HOST)
        mark_rows(m, to, OWNER_HOST);
    return error_of(m, rc, "copy", &why);
}

int machine_call_COPY(const struct call *c)
{
    struct machine *m = c->m;
    const uint64_t *q = c->q->arg;
    struct area to = {.address = q[0], .pitch = q[1], .width = q[4], .height = q[5]};
    struct area from = {.address = q[2], .pitch = q[3], .width = q[4], .height = q[5]};
    uint32_t number;
    struct stream *s = machine_stream(c, &number);
    if (!s)
        return CUDA_INVALID_HANDLE;
    if (q[4] == 0 || q[5] == 0)
        return CUDA_SUCCESS;
    int error = check_area(c, "copy, destination", &to);
    if (error == CUDA_SUCCESS)
        error = check_area(c, "copy, source", &from);
    if (error == CUDA_SUCCESS)
        error = machine_act(m, act_of_copy(c, &to, &from));
    if (error != CUDA_SUCCESS)
        return error;
    place_copy(c, s, &to, &from);
    copied(c, number, OBSERVER_LOCAL, &to, &from);
    return move_rows(m, &to, &from);
}

static int fill_row(const struct area *a, uint64_t at, uint32_t value, uint32_t size,
                    struct err *why)
{
    uint8_t pattern[4096];
    if (size == 1)
        return vg_memory_fill(a->memory, at, (uint8_t)value, a->width, why);
    for (size_t i = 0; i < sizeof pattern; i++)
        pattern[i] = (uint8_t)(value >> (i % size * 8));
    enum err_code rc = OK;
    for (uint64_t done = 0; rc == OK && done < a->width;) {
        const uint64_t left = a->width - done;
        const uint64_t n = left < sizeof pattern ? left : sizeof pattern;
        rc = vg_memory_write(a->memory, at + done, pattern, n, why);
        done += n;
    }
    return rc;
}

int machine_call_FILL(const struct call *c)
{
    struct machine *m = c->m;
    const uint64_t *q = c->q->arg;
    struct area a = {.address = q[0], .pitch = q[1], .height = q[5]};
    const uint32_t size = (uint32_t)q[3];
    uint32_t number;
    struct stream *s = machine_stream(c, &number);
    if (!s)
        return CUDA_INVALID_HANDLE;
    int error = machine_act(m, c->q->flags & WIRE_BLOCKING ? ACT_MEMSET : ACT_MEMSET_ASYNC);
    if (error != CUDA_SUCCESS)
        return error;
    if ((q[3] != 1 && q[3] != 2 && q[3] != 4) || ckd_mul(&a.width, q[4], q[3]))
        return CUDA_INVALID_VALUE;
    if (a.width == 0 || a.height == 0)
        return CUDA_SUCCESS;
    error = check_area(c, "memset", &a);
    if (error != CUDA_SUCCESS)
        return error;
    struct timeline_line *line =
        &m->lines[a.number == VG_HOST ? (int)c->q->device : a.number][ENGINE_KERNEL];
    const double rate = profile_bandwidth(&m->config.profile);
    machine_place(c, s, &line, 1, timeline_local_ns(a.width * a.height, rate));
    copied(c, number, OBSERVER_FILL, &a, NULL);
    mark_rows(m, &a, OWNER_FILL);
    enum err_code rc = OK;
    struct err why;
    for (uint64_t row = 0; rc == OK && row < a.height; row++)
        rc = fill_row(&a, a.address + row * a.pitch, (uint32_t)q[2], size, &why);
    return error_of(m, rc, "memset", &why);
}

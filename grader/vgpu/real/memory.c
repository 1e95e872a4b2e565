/* Allocations between guard zones, and copies. */
#include <inttypes.h>
#include <string.h>

#include "base/checked.h"
#include "grader/vgpu/real/inside.h"

enum { GUARD_BYTE = 0xA5, ROWS_MAX = 1 << 24 };

struct real_range *real_find(struct real *r, uint64_t address, uint64_t bytes)
{
    for (size_t i = 0; i < r->n_ranges; i++) {
        struct real_range *a = &r->ranges[i];
        if (address >= a->address && address - a->address <= a->bytes &&
            bytes <= a->bytes - (address - a->address))
            return a;
    }
    return NULL;
}

static int fill(struct real *r, uint64_t at, unsigned char value, uint64_t bytes)
{
    return bytes ? r->d->fill8(at, bytes, value, bytes, 1, NULL) : CUDA_SUCCESS;
}

static int prepare(struct real *r, int device, uint64_t base, uint64_t bytes)
{
    int error = fill(r, base, GUARD_BYTE, REAL_GUARD);
    if (error == CUDA_SUCCESS)
        error = fill(r, base + REAL_GUARD, 0, bytes);
    if (error == CUDA_SUCCESS)
        error = fill(r, base + REAL_GUARD + bytes, GUARD_BYTE, REAL_GUARD);
    /* Streams that do not wait for the legacy one would see what was there before. */
    return error ? error : real_wait(r, device, NULL);
}

int real_allocate(struct real *r, int device, uint64_t bytes, uint64_t *ret)
{
    driver_address base = 0;
    uint64_t whole;
    if (r->n_ranges == REAL_RANGES || bytes == 0 || ckd_add(&whole, bytes, 2 * REAL_GUARD))
        return bytes == 0 ? CUDA_INVALID_VALUE : CUDA_MEMORY_ALLOCATION;
    int error = real_use(r, device);
    if (error == CUDA_SUCCESS)
        error = r->d->memory_new(&base, whole);
    if (error != CUDA_SUCCESS)
        return error;
    error = prepare(r, device, base, bytes);
    if (error != CUDA_SUCCESS) {
        r->d->memory_free(base);
        return error;
    }
    *ret = base + REAL_GUARD;
    r->ranges[r->n_ranges++] =
        (struct real_range){.address = *ret, .bytes = bytes, .device = device};
    return CUDA_SUCCESS;
}

static enum err_code check_zone(struct real *r, const struct real_range *a, bool after,
                                struct err *why)
{
    unsigned char zone[REAL_GUARD];
    const uint64_t at = after ? a->address + a->bytes : a->address - REAL_GUARD;
    int error = r->d->copy_out(zone, at, sizeof zone, NULL);
    if (error == CUDA_SUCCESS)
        error = real_wait(r, a->device, NULL);
    if (error != CUDA_SUCCESS)
        return driver_check(r->d, error, why, "reading a guard zone");
    size_t spoilt = 0, nearest = 0;
    for (size_t i = 0; i < sizeof zone; i++) {
        const size_t away = after ? i : sizeof zone - 1 - i;
        if (zone[i] == GUARD_BYTE)
            continue;
        if (spoilt++ == 0 || away < nearest)
            nearest = away;
    }
    if (spoilt == 0)
        return OK;
    return err_set(why, ERR_RANGE,
                   "a kernel wrote %zu bytes %s an allocation of %" PRIu64
                   " bytes, the nearest %zu bytes away",
                   spoilt, after ? "after" : "before", a->bytes, nearest);
}

enum err_code real_check_guards(struct real *r, const struct real_range *range, struct err *why)
{
    if (range->variable || r->fault[range->device])
        return OK;
    int error = real_wait_device(r, range->device);
    enum err_code rc = driver_check(r->d, error, why, "waiting for the device");
    if (rc == OK)
        rc = check_zone(r, range, false, why);
    return rc == OK ? check_zone(r, range, true, why) : rc;
}

/* Zeroed first: the next owner of these pages is another submission. */
int real_release(struct real *r, uint64_t address)
{
    struct real_range *a = real_find(r, address, 1);
    if (!a || a->address != address || a->variable)
        return CUDA_INVALID_VALUE;
    struct err why;
    int error = real_use(r, a->device);
    if (real_check_guards(r, a, &why) == ERR_RANGE)
        error = real_refuse(r, a->device, DRIVER_ILLEGAL_ADDRESS, why.text);
    const uint64_t base = a->address - REAL_GUARD;
    const int zeroed = fill(r, base, 0, a->bytes + 2 * REAL_GUARD);
    const int freed = r->d->memory_free(base);
    if (r->owners)
        owners_forget(r->owners, address);
    *a = r->ranges[--r->n_ranges];
    return error ? error : zeroed ? zeroed : freed;
}

int real_MALLOC(const struct real_call *c)
{
    const bool blocking = c->q->flags & WIRE_BLOCKING;
    const int error = real_act(c->r, blocking ? ACT_MALLOC : ACT_MALLOC_ASYNC);
    if (error != CUDA_SUCCESS || c->q->arg[0] == 0)
        return error;
    return real_allocate(c->r, (int)c->q->device, c->q->arg[0], &c->reply->ret[0]);
}

int real_FREE(const struct real_call *c)
{
    const bool blocking = c->q->flags & WIRE_BLOCKING;
    const int error = real_act(c->r, blocking ? ACT_FREE : ACT_FREE_ASYNC);
    return error ? error : real_release(c->r, c->q->arg[0]);
}

int real_INFO(const struct real_call *c)
{
    size_t free_bytes = 0, total = 0;
    const int error = c->r->d->memory_info(&free_bytes, &total);
    c->reply->ret[0] = free_bytes;
    c->reply->ret[1] = total;
    return error;
}

int real_POINTER(const struct real_call *c)
{
    const struct real_range *a = real_find(c->r, c->q->arg[0], 1);
    if (!a)
        return CUDA_SUCCESS;
    const uint64_t row[] = {1, (uint64_t)a->device, a->address, a->bytes};
    memcpy(c->reply->ret, row, sizeof row);
    return CUDA_SUCCESS;
}

/* ---- copies ---- */

struct area {
    uint64_t address, pitch, width, height;
    int device;
};

/* Rows that lie in one allocation of the program's: nothing else may reach the driver. */
static int check_area(struct real *r, struct area *a)
{
    uint64_t total, span;
    if (a->height > ROWS_MAX || ckd_mul(&total, a->width, a->height) || total > UINT64_C(1) << 40 ||
        (a->height > 1 && a->pitch < a->width) || ckd_mul(&span, a->pitch, a->height - 1) ||
        ckd_add(&span, span, a->width))
        return CUDA_INVALID_VALUE;
    const struct real_range *range = real_find(r, a->address, span);
    if (!range)
        return CUDA_INVALID_VALUE;
    a->device = range->device;
    return CUDA_SUCCESS;
}

static void mark_rows(struct real *r, const struct area *a, enum owner who)
{
    for (uint64_t row = 0; r->owners && row < a->height; row++)
        owners_mark(r->owners, a->address + row * a->pitch, a->width, who);
}

/* Moves up to `n` bytes between window and device, where the copy stands. The program writes the
 * window again once it has our answer, so each piece is waited for. */
static int move_piece(const struct real_call *c, uint64_t n)
{
    struct real *r = c->r;
    struct machine_copy *k = &r->copy;
    driver_stream s;
    uint64_t moved = 0;
    int error = real_stream_of(c, &s) ? CUDA_SUCCESS : CUDA_INVALID_HANDLE;
    if (n > k->total - k->done)
        n = k->total - k->done;
    while (error == CUDA_SUCCESS && moved < n) {
        const uint64_t column = k->done % k->width, left = k->width - column;
        const uint64_t at = k->address + k->done / k->width * k->pitch + column;
        const uint64_t piece = left < n - moved ? left : n - moved;
        error = k->inward ? r->d->copy_in(at, r->window + moved, piece, s)
                          : r->d->copy_out(r->window + moved, at, piece, s);
        moved += piece;
        k->done += piece;
    }
    if (error == CUDA_SUCCESS)
        error = real_wait(r, (int)c->q->device, s);
    if (error != CUDA_SUCCESS)
        *k = (struct machine_copy){.inward = false};
    c->reply->ret[0] = moved;
    return error;
}

static int begin_copy(const struct real_call *c, bool inward, enum act act, uint64_t first)
{
    struct real *r = c->r;
    const uint64_t *q = c->q->arg;
    struct area a = {.address = q[0], .pitch = q[1], .width = q[2], .height = q[3]};
    int error = real_act(r, act);
    if (error != CUDA_SUCCESS || a.width == 0 || a.height == 0)
        return error;
    error = check_area(r, &a);
    if (error != CUDA_SUCCESS || first > WIRE_WINDOW)
        return CUDA_INVALID_VALUE;
    if (inward)
        mark_rows(r, &a, OWNER_HOST);
    r->copy = (struct machine_copy){.inward = inward,
                                    .address = a.address,
                                    .pitch = a.pitch,
                                    .width = a.width,
                                    .total = a.width * a.height};
    return move_piece(c, first);
}

int real_COPY_IN(const struct real_call *c)
{
    const enum act act = c->q->flags & WIRE_SYMBOL     ? ACT_TO_SYMBOL
                         : c->q->flags & WIRE_BLOCKING ? ACT_COPY_IN
                                                       : ACT_COPY_IN_ASYNC;
    return begin_copy(c, true, act, c->q->arg[4]);
}

int real_COPY_OUT(const struct real_call *c)
{
    const enum act act = c->q->flags & WIRE_SYMBOL     ? ACT_FROM_SYMBOL
                         : c->q->flags & WIRE_BLOCKING ? ACT_COPY_OUT
                                                       : ACT_COPY_OUT_ASYNC;
    return begin_copy(c, false, act, WIRE_WINDOW);
}

int real_COPY_DATA(const struct real_call *c)
{
    if (c->q->arg[0] > WIRE_WINDOW || c->r->copy.done == c->r->copy.total)
        return CUDA_INVALID_VALUE;
    return move_piece(c, c->q->arg[0]);
}

static enum act act_of_copy(const struct real_call *c, bool peer)
{
    const bool blocking = c->q->flags & WIRE_BLOCKING;
    if (peer)
        return blocking ? ACT_COPY_PEER : ACT_COPY_PEER_ASYNC;
    return blocking ? ACT_COPY_LOCAL : ACT_COPY_LOCAL_ASYNC;
}

int real_COPY(const struct real_call *c)
{
    struct real *r = c->r;
    const uint64_t *q = c->q->arg;
    struct area to = {.address = q[0], .pitch = q[1], .width = q[4], .height = q[5]};
    struct area from = {.address = q[2], .pitch = q[3], .width = q[4], .height = q[5]};
    driver_stream s;
    if (!real_stream_of(c, &s))
        return CUDA_INVALID_HANDLE;
    if (q[4] == 0 || q[5] == 0)
        return CUDA_SUCCESS;
    if (check_area(r, &to) != CUDA_SUCCESS || check_area(r, &from) != CUDA_SUCCESS)
        return CUDA_INVALID_VALUE;
    int error = real_act(r, act_of_copy(c, to.device != from.device));
    for (uint64_t row = 0; error == CUDA_SUCCESS && row < to.height; row++) {
        const uint64_t t = to.address + row * to.pitch, f = from.address + row * from.pitch;
        error = r->d->copy(t, f, to.width, s);
        if (r->owners && error == CUDA_SUCCESS)
            owners_copy(r->owners, t, f, to.width);
    }
    if (error == CUDA_SUCCESS && c->q->flags & WIRE_BLOCKING)
        error = real_wait(r, (int)c->q->device, s);
    return error;
}

int real_FILL(const struct real_call *c)
{
    struct real *r = c->r;
    const uint64_t *q = c->q->arg, size = q[3];
    struct area a = {.address = q[0], .pitch = q[1], .height = q[5]};
    driver_stream s;
    if (!real_stream_of(c, &s))
        return CUDA_INVALID_HANDLE;
    if ((size != 1 && size != 2 && size != 4) || ckd_mul(&a.width, q[4], size) || q[0] % size)
        return CUDA_INVALID_VALUE;
    if (q[4] == 0 || q[5] == 0)
        return CUDA_SUCCESS;
    int error = check_area(r, &a);
    if (error == CUDA_SUCCESS)
        error = real_act(r, c->q->flags & WIRE_BLOCKING ? ACT_MEMSET : ACT_MEMSET_ASYNC);
    if (error != CUDA_SUCCESS)
        return error;
    const uint64_t pitch = a.height > 1 ? a.pitch : a.width;
    if (size == 1)
        error = r->d->fill8(a.address, pitch, (unsigned char)q[2], q[4], a.height, s);
    else if (size == 2)
        error = r->d->fill16(a.address, pitch, (unsigned short)q[2], q[4], a.height, s);
    else
        error = r->d->fill32(a.address, pitch, (unsigned)q[2], q[4], a.height, s);
    mark_rows(r, &a, OWNER_FILL);
    return error;
}

#include "grader/vgpu/exec/memory_inner.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "base/checked.h"

/* Address space is not memory: what was never written has no pages. */
static void *reserve(uint64_t bytes)
{
    void *at = mmap(NULL, bytes, PROT_READ | PROT_WRITE,
                    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (at == MAP_FAILED)
        return NULL;
    /* A huge page would back 32 granules when one of them is counted. */
    (void)madvise(at, bytes, MADV_NOHUGEPAGE);
    return at;
}

enum err_code vg_memory_new(struct vg_memory **ret, int device, uint64_t capacity,
                            uint64_t resident, struct err *why)
{
    const uint64_t granule = UINT64_C(1) << VG_GRANULE_SHIFT;
    if (device < 0 || device > VG_HOST)
        return err_set(why, ERR_RANGE, "device %d of %d", device, VG_DEVICES);
    if (capacity < granule || capacity > UINT64_C(64) << 30)
        return err_set(why, ERR_RANGE, "a device of %" PRIu64 " bytes: 64 KiB to 64 GiB", capacity);

    struct vg_memory *m = calloc(1, sizeof *m);
    if (!m)
        return err_set(why, ERR_NOMEM, "no memory for a device");
    m->device = device;
    m->base = VG_GLOBAL(device);
    m->capacity = capacity / granule * granule;
    m->n_granules = m->capacity / granule;
    m->max_backed = resident / granule;
    m->next = m->base + VG_GUARD;
    m->next_id = 1;
    m->host = reserve(m->capacity);
    m->backed = calloc(m->n_granules, 1);
    if (!m->host || !m->backed) {
        vg_memory_free(m);
        return err_set(why, ERR_NOMEM, "no address space for a device of %" PRIu64 " bytes",
                       capacity);
    }
    *ret = m;
    return OK;
}

void vg_memory_free(struct vg_memory *m)
{
    if (!m)
        return;
    if (m->host)
        munmap(m->host, m->capacity);
    free((void *)m->backed);
    free(m->table);
    free(m);
}

/* ---- what is backed ---- */

static bool back_granule(struct vg_memory *m, uint64_t g)
{
    if (atomic_load_explicit(&m->backed[g], memory_order_relaxed))
        return true;
    if (atomic_fetch_add(&m->n_backed, 1) >= m->max_backed) {
        atomic_fetch_sub(&m->n_backed, 1);
        return false;
    }
    if (atomic_exchange(&m->backed[g], 1)) /* another worker was first and counted it */
        atomic_fetch_sub(&m->n_backed, 1);
    return true;
}

bool vg_memory_touch_slow(struct vg_memory *m, uint64_t at, uint64_t bytes)
{
    if (bytes == 0)
        return true;
    const uint64_t last = (at + bytes - 1) >> VG_GRANULE_SHIFT;
    for (uint64_t g = at >> VG_GRANULE_SHIFT; g <= last; g++)
        if (!back_granule(m, g))
            return false;
    return true;
}

/* Gives back the pages that lie wholly in [from, to); zeroes what remains of them, so that the next
 * owner finds zeros as in memory that was never used. */
static void drop_pages(struct vg_memory *m, uint64_t from, uint64_t to)
{
    const uint64_t granule = UINT64_C(1) << VG_GRANULE_SHIFT;
    for (uint64_t at = from - m->base; at < to - m->base;) {
        const uint64_t g = at >> VG_GRANULE_SHIFT, end = (g + 1) * granule;
        const uint64_t stop = end < to - m->base ? end : to - m->base;
        if (atomic_load(&m->backed[g])) {
            if (stop - at == granule) {
                (void)madvise(m->host + at, granule, MADV_DONTNEED);
                atomic_store(&m->backed[g], 0);
                atomic_fetch_sub(&m->n_backed, 1);
            } else {
                memset(m->host + at, 0, stop - at);
            }
        }
        at = stop;
    }
}

/* ---- the table ---- */

static uint64_t span_end(const struct vg_allocation *a) /* of its guard */
{
    return a->address + (a->bytes + VG_ALIGN - 1) / VG_ALIGN * VG_ALIGN + VG_GUARD;
}

size_t vg_memory_below(const struct vg_memory *m, uint64_t address)
{
    size_t lo = 0, hi = m->n_table;
    while (lo < hi) {
        const size_t mid = lo + (hi - lo) / 2;
        if (m->table[mid].address <= address)
            lo = mid + 1;
        else
            hi = mid;
    }
    return lo == 0 ? SIZE_MAX : lo - 1;
}

const struct vg_allocation *vg_memory_holds(const struct vg_memory *m, uint64_t address,
                                            uint64_t bytes)
{
    const size_t k = vg_memory_below(m, address);
    if (k == SIZE_MAX || m->table[k].freed)
        return NULL;
    const struct vg_allocation *a = &m->table[k];
    const uint64_t offset = address - a->address;
    return offset <= a->bytes && bytes <= a->bytes - offset ? a : NULL;
}

static uint64_t distance(const struct vg_allocation *a, uint64_t address)
{
    if (address < a->address)
        return a->address - address;
    return address - a->address < a->bytes ? 0 : address - a->address - a->bytes + 1;
}

const struct vg_allocation *vg_memory_find(const struct vg_memory *m, uint64_t address,
                                           bool *ret_inside)
{
    *ret_inside = false;
    if (m->n_table == 0)
        return NULL;
    const size_t k = vg_memory_below(m, address);
    if (k == SIZE_MAX)
        return &m->table[0];
    const struct vg_allocation *a = &m->table[k];
    *ret_inside = !a->freed && address - a->address < a->bytes;
    if (k + 1 < m->n_table && distance(a + 1, address) < distance(a, address))
        return a + 1;
    return a;
}

size_t vg_memory_allocations(const struct vg_memory *m, const struct vg_allocation **ret)
{
    *ret = m->table;
    return m->n_table;
}

enum { TABLE_MAX = 1 << 20 }; /* a stranger allocates; an entry is 40 bytes */

static bool grow_table(struct vg_memory *m)
{
    if (m->n_table < m->room)
        return true;
    if (m->room >= TABLE_MAX)
        return false;
    const size_t room = m->room ? 2 * m->room : 64;
    struct vg_allocation *table = realloc(m->table, room * sizeof *table);
    if (!table)
        return false;
    m->table = table;
    m->room = room;
    return true;
}

/* Replaces table[k .. k + n) by one live entry. */
static void put_entry(struct vg_memory *m, size_t k, size_t n, struct vg_allocation entry)
{
    memmove(&m->table[k + 1], &m->table[k + n], (m->n_table - k - n) * sizeof *m->table);
    m->n_table = m->n_table + 1 - n;
    m->table[k] = entry;
}

/* Behind everything that was ever given out: freed ranges stay in quarantine. */
static bool place_behind(struct vg_memory *m, struct vg_allocation *entry)
{
    const uint64_t left = m->base + m->capacity - m->next;
    if (entry->bytes > left || left - entry->bytes < VG_GUARD + VG_ALIGN || !grow_table(m))
        return false;
    entry->address = m->next;
    m->next = span_end(entry) + VG_GUARD;
    put_entry(m, m->n_table, 0, *entry);
    return true;
}

/* In the first run of freed neighbours that is wide enough; they end their quarantine. */
static bool place_among_freed(struct vg_memory *m, struct vg_allocation *entry)
{
    for (size_t k = 0; k < m->n_table; k++) {
        if (!m->table[k].freed)
            continue;
        size_t n = 1;
        while (k + n < m->n_table && m->table[k + n].freed)
            n++;
        const uint64_t end =
            k + n < m->n_table ? m->table[k + n].address - VG_GUARD : m->base + m->capacity;
        entry->address = m->table[k].address;
        if (entry->bytes <= end - entry->address && span_end(entry) <= end) {
            if (k + n == m->n_table && m->next < span_end(entry) + VG_GUARD)
                m->next = span_end(entry) + VG_GUARD;
            put_entry(m, k, n, *entry);
            return true;
        }
        k += n;
    }
    return false;
}

enum err_code vg_memory_allocate(struct vg_memory *m, uint64_t bytes, enum vg_owner owner,
                                 const char *name, uint64_t *ret, struct err *why)
{
    if (bytes == 0) {
        *ret = 0;
        return OK;
    }
    struct vg_allocation entry = {
        .bytes = bytes,
        .id = m->next_id,
        .owner = owner,
        .name = name,
        .read_only = owner == VG_OWNER_CONST || owner == VG_OWNER_STRING,
    };
    if (bytes > m->capacity || (!place_behind(m, &entry) && !place_among_freed(m, &entry)))
        return err_set(why, ERR_NOMEM,
                       "no room for %" PRIu64 " bytes on device %d: %" PRIu64 " of %" PRIu64
                       " are in use",
                       bytes, m->device, m->used, m->capacity);
    m->next_id++;
    m->changes++;
    m->used += bytes;
    *ret = entry.address;
    return OK;
}

enum err_code vg_memory_release(struct vg_memory *m, uint64_t address, struct err *why)
{
    const size_t k = vg_memory_below(m, address);
    if (k == SIZE_MAX || m->table[k].address != address)
        return err_set(why, ERR_NOT_FOUND, "no allocation begins at 0x%" PRIx64, address);
    struct vg_allocation *a = &m->table[k];
    if (a->freed)
        return err_set(why, ERR_NOT_FOUND,
                       "allocation %" PRIu32 " at 0x%" PRIx64 " was freed before", a->id, address);
    a->freed = true;
    m->changes++;
    m->used -= a->bytes;
    drop_pages(m, a->address, a->address + a->bytes);
    return OK;
}

uint64_t vg_memory_used(const struct vg_memory *m)
{
    return m->used;
}

uint64_t vg_memory_capacity(const struct vg_memory *m)
{
    return m->capacity;
}

#include "grader/vgpu/device/machine.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "grader/vgpu/device/owners.h"
#include "grader/vgpu/device/profile.h"

static uint64_t issue_rate_ns(void *context, const struct vg_launch *l, const struct vg_result *r);

/* The memory that a grader made and sealed. Its size is all that a cell lets us ask. */
static enum err_code take_shared(struct machine *m, size_t bytes, struct err *why)
{
    struct stat s;
    m->shared_fd = m->config.memory_fd;
    if (fstat(m->shared_fd, &s) != 0 || (size_t)s.st_size < bytes)
        return err_set(why, ERR_INVALID, "the memory to share has no %zu bytes", bytes);
    return OK;
}

static enum err_code create_shared(struct machine *m, size_t bytes, struct err *why)
{
    m->shared_fd = memfd_create("vgpu", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    if (m->shared_fd < 0 || ftruncate(m->shared_fd, (off_t)bytes) != 0 ||
        fcntl(m->shared_fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) != 0)
        return err_sys(why, ERR_IO, errno, "memory to share with the program");
    return OK;
}

static enum err_code make_shared(struct machine *m, struct err *why)
{
    const size_t bytes = WIRE_WINDOW + m->config.shared;
    const enum err_code rc =
        m->config.memory_fd >= 0 ? take_shared(m, bytes, why) : create_shared(m, bytes, why);
    if (rc != OK)
        return rc;
    const int flags = MAP_SHARED | MAP_NORESERVE;
    void *at = mmap(NULL, bytes, PROT_READ | PROT_WRITE, flags, m->shared_fd, 0);
    if (at == MAP_FAILED)
        return err_sys(why, ERR_NOMEM, errno, "memory to share with the program");
    m->shared = at;
    return OK;
}

static enum err_code make_tables(struct machine *m, struct err *why)
{
    m->modules = calloc(MACHINE_MODULES, sizeof *m->modules);
    m->kernels = calloc(MACHINE_KERNELS, sizeof *m->kernels);
    m->streams = calloc(MACHINE_STREAMS, sizeof *m->streams);
    m->events = calloc(MACHINE_EVENTS, sizeof *m->events);
    m->host_ranges = calloc(MACHINE_HOST_RANGES, sizeof *m->host_ranges);
    if (!m->modules || !m->kernels || !m->streams || !m->events || !m->host_ranges)
        return err_set(why, ERR_NOMEM, "no memory for the device's tables");
    for (int d = 0; d < m->config.n_devices; d++)
        m->streams[d] =
            (struct stream){.used = true, .legacy = true, .blocking = true, .device = d};
    return OK;
}

static enum err_code make_memories(struct machine *m, struct err *why)
{
    enum err_code rc = OK;
    for (int d = 0; rc == OK && d < m->config.n_devices; d++)
        rc = vg_memory_new(&m->memory[d], d, m->config.profile.memory, m->config.resident, why);
    if (rc == OK)
        rc = vg_memory_new(&m->memory[VG_HOST], VG_HOST, m->config.shared, m->config.shared, why);
    return rc;
}

enum err_code machine_new(struct machine **ret, const struct machine_config *config,
                          struct err *why)
{
    if (config->n_devices < 1 || config->n_devices > VG_DEVICES)
        return err_set(why, ERR_RANGE, "%d devices: 1 to %d", config->n_devices, VG_DEVICES);
    struct machine *m = calloc(1, sizeof *m);
    if (!m)
        return err_set(why, ERR_NOMEM, "no memory for devices");
    m->config = *config;
    m->shared_fd = -1;
    m->stream_end = VG_DEVICES;
    m->allowed = m->setup = config->allowed;
    m->account.forbidden = ACT_NONE;
    m->clock = (struct vg_clock){.context = m, .kernel_ns = issue_rate_ns};
    str_init(&m->upload, PTX_TEXT_MAX);
    str_init(&m->registers, 4 << 20);
    str_init(&m->printed, config->printed_bytes);
    enum err_code rc = make_shared(m, why);
    if (rc == OK)
        rc = make_tables(m, why);
    if (rc == OK)
        rc = make_memories(m, why);
    if (rc != OK) {
        machine_free(m);
        return rc;
    }
    *ret = m;
    return OK;
}

void machine_free(struct machine *m)
{
    if (!m)
        return;
    for (int d = 0; d < m->config.n_devices; d++)
        machine_unload(m, d);
    for (size_t i = 0; i < m->n_modules; i++)
        arena_done(&m->modules[i].arena);
    for (size_t i = 0; i < m->n_kernels; i++)
        free(m->kernels[i].name);
    for (int d = 0; d <= VG_HOST; d++)
        vg_memory_free(m->memory[d]);
    if (m->shared)
        munmap(m->shared, WIRE_WINDOW + m->config.shared);
    if (m->shared_fd >= 0 && m->shared_fd != m->config.memory_fd)
        close(m->shared_fd);
    str_done(&m->upload);
    str_done(&m->registers);
    str_done(&m->printed);
    owners_free(m->owners);
    free(m->modules);
    free(m->kernels);
    free(m->streams);
    free(m->events);
    free(m->host_ranges);
    free(m);
}

static void release_all(struct machine *m, int device)
{
    const struct vg_allocation *table;
    const size_t n = vg_memory_allocations(m->memory[device], &table);
    for (size_t i = 0; i < n; i++) {
        if (table[i].freed)
            continue;
        MACHINE_OBSERVE(m, released, m->memory[device], table[i].address);
        struct err why;
        const enum err_code rc = vg_memory_release(m->memory[device], table[i].address, &why);
        (void)rc; /* it was live a moment ago */
    }
}

void machine_reset(struct machine *m, int device)
{
    machine_unload(m, device);
    release_all(m, device);
    for (size_t i = VG_DEVICES; i < m->stream_end; i++)
        if (m->streams[i].used && m->streams[i].device == device)
            m->streams[i].used = false;
    for (int d = 0; d < m->config.n_devices; d++)
        m->peer[device][d] = m->peer[d][device] = false;
    m->fault[device] = 0;
}

int machine_act(struct machine *m, enum act act)
{
    if (act == ACT_NONE)
        return CUDA_SUCCESS;
    m->account.calls++;
    if (act_blocking() & ACT_BIT(act))
        m->account.blocking++;
    if (m->allowed & ACT_BIT(act))
        return CUDA_SUCCESS;
    m->account.refused++;
    if (m->account.forbidden == ACT_NONE)
        m->account.forbidden = act;
    return CUDA_NOT_PERMITTED;
}

int machine_refuse(struct machine *m, int error, const char *format, ...)
{
    if (m->config.checks_at_once) {
        va_list arguments;
        va_start(arguments, format);
        fprintf(stderr, "vgpu: ");
        vfprintf(stderr, format, arguments);
        fprintf(stderr, " (error %d)\n", error);
        va_end(arguments);
    }
    return error;
}

struct vg_memory *machine_memory(const struct machine *m, uint64_t address, int *ret_number)
{
    const uint64_t number = (address >> 40) - 1;
    if (number > VG_HOST || !m->memory[number])
        return NULL;
    *ret_number = (int)number;
    return m->memory[number];
}

/* ---- modelled time ---- */

/* Until a cost model is there: each SM issues one instruction of a warp per scheduler and clock,
 * and four of them work without a pause. */
static uint64_t issue_rate_ns(void *context, const struct vg_launch *l, const struct vg_result *r)
{
    const struct machine *m = context;
    (void)l;
    const double per_ns = 4.0 * m->config.profile.sms * m->config.profile.mhz / 1000.0;
    return 2000 + (uint64_t)((double)r->warp_instructions / per_ns);
}

static uint64_t later(uint64_t a, uint64_t b)
{
    return a > b ? a : b;
}

uint64_t machine_device_tail(const struct machine *m, int device)
{
    return m->device_end[device];
}

uint64_t machine_tail(const struct machine *m, const struct stream *s)
{
    if (!s->legacy)
        return s->blocking ? later(s->tail, m->streams[s->device].tail) : s->tail;
    uint64_t tail = s->tail;
    for (size_t i = 0; i < m->stream_end; i++)
        if (m->streams[i].used && m->streams[i].blocking && m->streams[i].device == s->device)
            tail = later(tail, m->streams[i].tail);
    return tail;
}

void machine_see(struct machine *m, uint64_t ns)
{
    m->host_ns = later(m->host_ns, ns);
}

enum { ISSUE_NS = 1000, ISSUE_GRAPH_NS = 100 }; /* what a call costs the host */

uint64_t machine_place(const struct call *c, struct stream *s, struct timeline_line *const *lines,
                       size_t n_lines, uint64_t ns)
{
    struct machine *m = c->m;
    m->host_ns += c->q->flags & WIRE_IN_GRAPH ? ISSUE_GRAPH_NS : ISSUE_NS;
    const uint64_t ready = later(m->host_ns, machine_tail(m, s));
    const uint64_t from =
        n_lines == 0 ? ready : timeline_place(lines, n_lines, ready, ns, m->host_ns);
    s->tail = from + ns;
    m->account.end_ns = later(m->account.end_ns, s->tail);
    m->device_end[s->device] = later(m->device_end[s->device], s->tail);
    /* cudaMemset returns at once, for all that its name has no Async. */
    if (c->q->call != WIRE_FILL && c->q->flags & (WIRE_BLOCKING | WIRE_PAGEABLE))
        machine_see(m, s->tail);
    return s->tail;
}

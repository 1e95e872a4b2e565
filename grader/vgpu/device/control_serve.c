#include "grader/vgpu/device/control_serve.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "grader/vgpu/device/control_wire.h"
#include "grader/vgpu/device/owners.h"

struct talk {
    struct machine *m;
    struct {
        struct control_request head;
        unsigned char payload[CONTROL_PAYLOAD];
    } q;
    struct {
        struct control_reply head;
        unsigned char payload[CONTROL_PAYLOAD];
    } r;
};

static enum err_code find(const struct talk *t, uint64_t address, struct vg_memory **ret,
                          struct err *why)
{
    int number;
    struct vg_memory *memory = machine_memory(t->m, address, &number);
    if (!memory)
        return err_set(why, ERR_RANGE, "0x%" PRIx64 " is no address of a device", address);
    *ret = memory;
    return OK;
}

static enum err_code allocate(struct talk *t, struct err *why)
{
    const uint64_t device = t->q.head.arg[0], bytes = t->q.head.arg[1];
    if (device >= (uint64_t)t->m->config.n_devices)
        return err_set(why, ERR_RANGE, "device %" PRIu64 " of %d", device, t->m->config.n_devices);
    struct vg_memory *memory = t->m->memory[device];
    const enum err_code rc =
        vg_memory_allocate(memory, bytes, VG_OWNER_MALLOC, NULL, &t->r.head.ret, why);
    if (rc == OK)
        MACHINE_OBSERVE(t->m, allocated, memory, t->r.head.ret, bytes);
    return rc;
}

static enum err_code release(struct talk *t, struct err *why)
{
    struct vg_memory *memory = NULL;
    enum err_code rc = find(t, t->q.head.arg[0], &memory, why);
    if (rc == OK)
        rc = vg_memory_release(memory, t->q.head.arg[0], why);
    if (rc != OK)
        return rc;
    MACHINE_OBSERVE(t->m, released, memory, t->q.head.arg[0]);
    owners_forget(t->m->owners, t->q.head.arg[0]);
    return OK;
}

static enum err_code put(struct talk *t, struct err *why)
{
    struct vg_memory *memory = NULL;
    const uint64_t to = t->q.head.arg[0], bytes = t->q.head.bytes;
    enum err_code rc = find(t, to, &memory, why);
    if (rc == OK)
        rc = vg_memory_write(memory, to, t->q.payload, bytes, why);
    if (rc == OK)
        MACHINE_OBSERVE(t->m, put, memory, to, bytes);
    return rc;
}

static enum err_code poison(struct talk *t, struct err *why)
{
    struct vg_memory *memory = NULL;
    const uint64_t *a = t->q.head.arg;
    enum err_code rc = find(t, a[0], &memory, why);
    if (rc == OK && !t->m->owners)
        rc = owners_new(&t->m->owners, why);
    if (rc == OK)
        rc = vg_memory_fill(memory, a[0], 0xFF, a[1], why);
    if (rc == OK)
        rc = owners_watch(t->m->owners, a[0], a[1], a[2] != 0, why);
    if (rc == OK)
        MACHINE_OBSERVE(t->m, poisoned, memory, a[0], a[1]);
    return rc;
}

static enum err_code get(struct talk *t, struct err *why)
{
    struct vg_memory *memory = NULL;
    const uint64_t *a = t->q.head.arg;
    if (a[1] > CONTROL_PAYLOAD / 2)
        return err_set(why, ERR_RANGE, "%" PRIu64 " bytes at once", a[1]);
    enum err_code rc = find(t, a[0], &memory, why);
    if (rc == OK)
        rc = vg_memory_read(memory, t->r.payload, a[0], a[1], why);
    if (rc != OK)
        return rc;
    t->r.head.bytes = (uint32_t)a[1];
    if (a[2]) {
        owners_read(t->m->owners, a[0], a[1], t->r.payload, t->r.payload + a[1]);
        t->r.head.bytes *= 2;
    }
    return OK;
}

static enum err_code registers(struct talk *t, struct err *why)
{
    if (!t->m->registers_fixed)
        str_clear(&t->m->registers);
    t->m->registers_fixed = true;
    str_add_bytes(&t->m->registers, t->q.payload, t->q.head.bytes);
    return t->m->registers.cut ? err_set(why, ERR_TOO_LARGE, "too many kernels") : OK;
}

static enum err_code begin(struct talk *t, struct err *why)
{
    struct vgpu_call call;
    struct machine *m = t->m;
    if (t->q.head.bytes != sizeof call)
        return err_set(why, ERR_FORMAT, "a call of %u bytes", t->q.head.bytes);
    memcpy(&call, t->q.payload, sizeof call);
    m->allowed = call.allowed;
    m->config.order = call.order;
    if (call.warp_instructions)
        m->config.launch.warp_instructions = call.warp_instructions;
    for (int d = 0; d < m->config.n_devices; d++)
        machine_see(m, machine_device_tail(m, d)); /* every device is idle when a call begins */
    m->account = (struct machine_account){.fail_launch = call.fail_launch,
                                          .forbidden = ACT_NONE,
                                          .begin_ns = m->host_ns,
                                          .end_ns = m->host_ns};
    return OK;
}

static enum err_code tell_counts(struct talk *t, struct err *why)
{
    (void)why;
    const struct machine_account *a = &t->m->account;
    struct vgpu_counts counts = {.calls = a->calls,
                                 .blocking = a->blocking,
                                 .launches = a->launches,
                                 .refused = a->refused,
                                 .warp_instructions = a->warp_instructions,
                                 .lane_instructions = a->lane_instructions,
                                 .kernel_ns = a->kernel_ns,
                                 .makespan_ns = a->end_ns - a->begin_ns,
                                 .forbidden = (int32_t)a->forbidden,
                                 .fault = a->fault};
    snprintf(counts.story, sizeof counts.story, "%s", a->story);
    memcpy(t->r.payload, &counts, sizeof counts);
    t->r.head.bytes = sizeof counts;
    return OK;
}

static enum err_code dispatch(struct talk *t, struct err *why)
{
    switch ((enum control_call)t->q.head.call) {
    case CONTROL_ALLOCATE:
        return allocate(t, why);
    case CONTROL_RELEASE:
        return release(t, why);
    case CONTROL_PUT:
        return put(t, why);
    case CONTROL_POISON:
        return poison(t, why);
    case CONTROL_GET:
        return get(t, why);
    case CONTROL_REGISTERS:
        return registers(t, why);
    case CONTROL_SETUP:
        t->m->setup = t->m->allowed = t->q.head.arg[0];
        return OK;
    case CONTROL_BEGIN:
        return begin(t, why);
    case CONTROL_END:
        t->m->allowed = t->m->setup;
        return tell_counts(t, why);
    case CONTROL_COUNTS:
        return tell_counts(t, why);
    case CONTROL_CALLS:
        break;
    }
    return err_set(why, ERR_INVALID, "no call %u of the control plane", t->q.head.call);
}

bool control_answer(struct machine *m, int fd)
{
    struct talk *t = calloc(1, sizeof *t);
    if (!t)
        return false;
    t->m = m;
    machine_run(m);
    const ssize_t n = read(fd, &t->q, sizeof t->q);
    bool alive = n >= (ssize_t)sizeof t->q.head;
    if (alive) {
        struct err why = {.code = OK};
        t->r.head.code = (size_t)n - sizeof t->q.head == t->q.head.bytes
                             ? dispatch(t, &why)
                             : err_set(&why, ERR_FORMAT, "%zd bytes", n);
        if (t->r.head.code != OK) {
            t->r.head.bytes = (uint32_t)strlen(why.text);
            memcpy(t->r.payload, why.text, t->r.head.bytes);
        }
        const size_t size = sizeof t->r.head + t->r.head.bytes;
        alive = write(fd, &t->r, size) == (ssize_t)size;
    }
    free(t);
    return alive;
}

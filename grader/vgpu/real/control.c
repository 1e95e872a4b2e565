/* The control plane of a real GPU: the packets of device/control_wire.h. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "grader/vgpu/device/control_wire.h"
#include "grader/vgpu/real/inside.h"

struct talk {
    struct real *r;
    struct {
        struct control_request head;
        unsigned char payload[CONTROL_PAYLOAD];
    } q;
    struct {
        struct control_reply head;
        unsigned char payload[CONTROL_PAYLOAD];
    } a;
};

/* All that the program started is over, and the range's context is the current one. */
static enum err_code find(const struct talk *t, uint64_t address, uint64_t bytes,
                          struct real_range **ret, struct err *why)
{
    struct real_range *range = real_find(t->r, address, bytes);
    if (!range)
        return err_set(why, ERR_RANGE, "%" PRIu64 " bytes at 0x%" PRIx64 " are in no allocation",
                       bytes, address);
    *ret = range;
    return driver_check(t->r->d, real_wait_device(t->r, range->device), why,
                        "waiting for the device");
}

static enum err_code allocate(struct talk *t, struct err *why)
{
    const uint64_t *a = t->q.head.arg;
    if (a[0] >= (uint64_t)t->r->config.n_devices)
        return err_set(why, ERR_RANGE, "device %" PRIu64 " of %d", a[0], t->r->config.n_devices);
    return driver_check(t->r->d, real_allocate(t->r, (int)a[0], a[1], &t->a.head.ret), why,
                        "allocating %" PRIu64 " bytes", a[1]);
}

static enum err_code put(struct talk *t, struct err *why)
{
    struct real_range *range = NULL;
    const uint64_t to = t->q.head.arg[0], bytes = t->q.head.bytes;
    const enum err_code rc = find(t, to, bytes, &range, why);
    if (rc != OK)
        return rc;
    int error = t->r->d->copy_in(to, t->q.payload, bytes, NULL);
    if (error == CUDA_SUCCESS)
        error = real_wait(t->r, range->device, NULL);
    return driver_check(t->r->d, error, why, "putting %" PRIu64 " bytes", bytes);
}

static enum err_code poison(struct talk *t, struct err *why)
{
    struct real *r = t->r;
    struct real_range *range = NULL;
    const uint64_t *a = t->q.head.arg;
    enum err_code rc = find(t, a[0], a[1], &range, why);
    if (rc == OK && !r->owners)
        rc = owners_new(&r->owners, why);
    if (rc != OK)
        return rc;
    int error = a[1] ? r->d->fill8(a[0], a[1], 0xFF, a[1], 1, NULL) : CUDA_SUCCESS;
    if (error == CUDA_SUCCESS)
        error = real_wait(r, range->device, NULL);
    rc = driver_check(r->d, error, why, "poisoning %" PRIu64 " bytes", a[1]);
    return rc == OK ? owners_watch(r->owners, a[0], a[1], false, why) : rc;
}

static enum err_code get(struct talk *t, struct err *why)
{
    struct real *r = t->r;
    struct real_range *range = NULL;
    const uint64_t *a = t->q.head.arg;
    if (a[1] > CONTROL_PAYLOAD / 2)
        return err_set(why, ERR_RANGE, "%" PRIu64 " bytes at once", a[1]);
    enum err_code rc = find(t, a[0], a[1], &range, why);
    if (rc == OK)
        rc = real_check_guards(r, range, why);
    if (rc != OK)
        return rc;
    int error = r->d->copy_out(t->a.payload, a[0], a[1], NULL);
    if (error == CUDA_SUCCESS)
        error = real_wait(r, range->device, NULL);
    t->a.head.bytes = (uint32_t)a[1];
    if (error == CUDA_SUCCESS && a[2]) {
        memset(t->a.payload + a[1], OWNER_NOBODY, a[1]);
        if (r->owners)
            owners_read(r->owners, a[0], a[1], t->a.payload, t->a.payload + a[1]);
        t->a.head.bytes *= 2;
    }
    return driver_check(r->d, error, why, "reading %" PRIu64 " bytes", a[1]);
}

static int record_all(struct real *r, const driver_event *events)
{
    int error = CUDA_SUCCESS;
    for (int d = 0; error == CUDA_SUCCESS && d < r->config.n_devices; d++) {
        error = real_wait_device(r, d);
        if (error == CUDA_SUCCESS)
            error = r->d->event_record(events[d], NULL);
    }
    return error;
}

static enum err_code begin(struct talk *t, struct err *why)
{
    struct real *r = t->r;
    struct vgpu_call call;
    if (t->q.head.bytes != sizeof call)
        return err_set(why, ERR_FORMAT, "a call of %u bytes", t->q.head.bytes);
    memcpy(&call, t->q.payload, sizeof call);
    const int error = record_all(r, r->begin);
    r->allowed = call.allowed;
    r->account = (struct machine_account){.fail_launch = call.fail_launch, .forbidden = ACT_NONE};
    return driver_check(r->d, error, why, "beginning a call");
}

/* Over all devices the longest; what the host did between launches is part of it. */
static uint64_t makespan_ns(struct real *r)
{
    float most = 0.0f;
    for (int d = 0; d < r->config.n_devices; d++) {
        float ms = 0.0f;
        if (real_use(r, d) == CUDA_SUCCESS && real_wait(r, d, NULL) == CUDA_SUCCESS &&
            r->d->event_ms(&ms, r->begin[d], r->end[d]) == CUDA_SUCCESS && ms > most)
            most = ms;
    }
    return (uint64_t)((double)most * 1e6);
}

/* A kernel that wrote beside its allocations has failed, as it has on the virtual GPU. */
static void check_all(struct real *r)
{
    struct err why;
    for (size_t i = 0; i < r->n_ranges; i++) {
        if (real_check_guards(r, &r->ranges[i], &why) != ERR_RANGE)
            continue;
        r->account.fault = DRIVER_ILLEGAL_ADDRESS;
        snprintf(r->account.story, sizeof r->account.story, "%s", why.text);
        return;
    }
}

static enum err_code tell_counts(struct talk *t, uint64_t ns)
{
    const struct machine_account *a = &t->r->account;
    struct vgpu_counts counts = {.calls = a->calls,
                                 .blocking = a->blocking,
                                 .launches = a->launches,
                                 .refused = a->refused,
                                 .makespan_ns = ns,
                                 .forbidden = (int32_t)a->forbidden,
                                 .fault = a->fault};
    snprintf(counts.story, sizeof counts.story, "%s", a->story);
    memcpy(t->a.payload, &counts, sizeof counts);
    t->a.head.bytes = sizeof counts;
    return OK;
}

static enum err_code end(struct talk *t)
{
    struct real *r = t->r;
    uint64_t ns = 0;
    r->allowed = r->setup;
    /* A fault is told by the counts: the call did end. */
    if (record_all(r, r->end) == CUDA_SUCCESS) {
        ns = makespan_ns(r);
        check_all(r);
    }
    return tell_counts(t, ns);
}

static enum err_code dispatch(struct talk *t, struct err *why)
{
    switch ((enum control_call)t->q.head.call) {
    case CONTROL_ALLOCATE:
        return allocate(t, why);
    case CONTROL_RELEASE:
        return driver_check(t->r->d, real_release(t->r, t->q.head.arg[0]), why, "releasing");
    case CONTROL_PUT:
        return put(t, why);
    case CONTROL_POISON:
        return poison(t, why);
    case CONTROL_GET:
        return get(t, why);
    case CONTROL_REGISTERS:
        return OK; /* the driver's compiler knows them */
    case CONTROL_SETUP:
        t->r->setup = t->r->allowed = t->q.head.arg[0];
        return OK;
    case CONTROL_BEGIN:
        return begin(t, why);
    case CONTROL_END:
        return end(t);
    case CONTROL_COUNTS:
        return tell_counts(t, 0);
    case CONTROL_CALLS:
        break;
    }
    return err_set(why, ERR_INVALID, "no call %u of the control plane", t->q.head.call);
}

bool real_control(void *context, int fd)
{
    struct talk *t = calloc(1, sizeof *t);
    if (!t)
        return false;
    t->r = context;
    const ssize_t n = read(fd, &t->q, sizeof t->q);
    bool alive = n >= (ssize_t)sizeof t->q.head;
    if (alive) {
        struct err why = {.text = ""};
        t->a.head.code = (size_t)n - sizeof t->q.head == t->q.head.bytes
                             ? dispatch(t, &why)
                             : err_set(&why, ERR_FORMAT, "%zd bytes", n);
        if (t->a.head.code != OK) {
            t->a.head.bytes = (uint32_t)strlen(why.text);
            memcpy(t->a.payload, why.text, t->a.head.bytes);
        }
        const size_t size = sizeof t->a.head + t->a.head.bytes;
        alive = write(fd, &t->a, size) == (ssize_t)size;
    }
    free(t);
    return alive;
}

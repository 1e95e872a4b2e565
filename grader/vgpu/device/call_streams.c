/* Streams and events: handles and modelled time. */
#include "grader/vgpu/device/machine.h"

struct stream *machine_stream(const struct call *c, uint32_t *ret_number)
{
    struct machine *m = c->m;
    const uint64_t number = c->q->stream == 0 ? c->q->device : c->q->stream;
    if (number >= MACHINE_STREAMS || !m->streams[number].used)
        return NULL;
    if (c->q->stream != 0 && number < (uint64_t)m->config.n_devices)
        return NULL; /* the legacy streams have no numbers for programs */
    *ret_number = (uint32_t)number;
    return &m->streams[number];
}

int machine_call_STREAM_NEW(const struct call *c)
{
    struct machine *m = c->m;
    const int error = machine_act(m, ACT_STREAM);
    if (error != CUDA_SUCCESS)
        return error;
    for (uint32_t i = VG_DEVICES; i < MACHINE_STREAMS; i++) {
        if (m->streams[i].used)
            continue;
        const bool blocking = c->q->arg[0] == 0;
        m->streams[i] = (struct stream){
            .used = true, .blocking = blocking, .device = (int)c->q->device, .tail = m->host_ns};
        if (m->stream_end <= i)
            m->stream_end = i + 1;
        MACHINE_OBSERVE(m, stream_made, i, (int)c->q->device, false, blocking);
        c->reply->ret[0] = i;
        return CUDA_SUCCESS;
    }
    return CUDA_MEMORY_ALLOCATION;
}

int machine_call_STREAM_FREE(const struct call *c)
{
    uint32_t number;
    struct stream *s = machine_stream(c, &number);
    if (!s || s->legacy)
        return CUDA_INVALID_HANDLE;
    s->used = false;
    MACHINE_OBSERVE(c->m, stream_gone, number);
    return CUDA_SUCCESS;
}

/* Whether the host's modelled time has reached `ns`. A program may ask in a loop until it has, so
 * each no costs it time, the more the longer there is to wait. */
static int reached(struct machine *m, uint64_t ns)
{
    if (ns <= m->host_ns)
        return CUDA_SUCCESS;
    m->host_ns += 1000 + (ns - m->host_ns) / 8;
    return CUDA_NOT_READY;
}

int machine_call_STREAM_QUERY(const struct call *c)
{
    uint32_t number;
    struct stream *s = machine_stream(c, &number);
    if (!s)
        return CUDA_INVALID_HANDLE;
    int error = machine_act(c->m, ACT_STREAM_QUERY);
    if (error == CUDA_SUCCESS)
        error = reached(c->m, machine_tail(c->m, s));
    if (error == CUDA_SUCCESS)
        MACHINE_OBSERVE(c->m, stream_seen, number);
    return error;
}

int machine_call_STREAM_SYNC(const struct call *c)
{
    uint32_t number;
    struct stream *s = machine_stream(c, &number);
    if (!s)
        return CUDA_INVALID_HANDLE;
    const int error = machine_act(c->m, ACT_SYNC_STREAM);
    if (error != CUDA_SUCCESS)
        return error;
    machine_see(c->m, machine_tail(c->m, s));
    MACHINE_OBSERVE(c->m, stream_seen, number);
    return CUDA_SUCCESS;
}

int machine_call_DEVICE_SYNC(const struct call *c)
{
    const int error = machine_act(c->m, ACT_SYNC_DEVICE);
    if (error != CUDA_SUCCESS)
        return error;
    machine_see(c->m, machine_device_tail(c->m, (int)c->q->device));
    MACHINE_OBSERVE(c->m, device_seen, (int)c->q->device);
    return CUDA_SUCCESS;
}

/* The timeline part of a host function: it runs in the program, once all before it is done. */
int machine_call_HOST_FUNC(const struct call *c)
{
    uint32_t number;
    struct stream *s = machine_stream(c, &number);
    if (!s)
        return CUDA_INVALID_HANDLE;
    const int error = machine_act(c->m, ACT_HOST_FUNC);
    if (error == CUDA_SUCCESS)
        machine_place(c, s, NULL, 0, 1000);
    return error;
}

static struct event *event_of(const struct call *c, uint64_t number)
{
    return number < MACHINE_EVENTS && c->m->events[number].used ? &c->m->events[number] : NULL;
}

int machine_call_EVENT_NEW(const struct call *c)
{
    struct machine *m = c->m;
    const int error = machine_act(m, ACT_EVENT);
    if (error != CUDA_SUCCESS)
        return error;
    for (uint32_t i = 1; i < MACHINE_EVENTS; i++) {
        if (m->events[i].used)
            continue;
        m->events[i] = (struct event){.used = true, .timed = c->q->arg[0] == 0};
        c->reply->ret[0] = i;
        return CUDA_SUCCESS;
    }
    return CUDA_MEMORY_ALLOCATION;
}

int machine_call_EVENT_FREE(const struct call *c)
{
    struct event *e = event_of(c, c->q->arg[0]);
    if (!e)
        return CUDA_INVALID_HANDLE;
    e->used = false;
    return CUDA_SUCCESS;
}

int machine_call_EVENT_RECORD(const struct call *c)
{
    struct machine *m = c->m;
    struct event *e = event_of(c, c->q->arg[0]);
    uint32_t number;
    struct stream *s = machine_stream(c, &number);
    if (!e || !s)
        return CUDA_INVALID_HANDLE;
    const int error = machine_act(m, ACT_EVENT_RECORD);
    if (error != CUDA_SUCCESS)
        return error;
    e->ns = machine_place(c, s, NULL, 0, 0);
    e->recorded = true;
    MACHINE_OBSERVE(m, recorded, (uint32_t)c->q->arg[0], number);
    return CUDA_SUCCESS;
}

int machine_call_EVENT_WAIT(const struct call *c)
{
    const struct event *e = event_of(c, c->q->arg[0]);
    uint32_t number;
    struct stream *s = machine_stream(c, &number);
    if (!e || !s)
        return CUDA_INVALID_HANDLE;
    const int error = machine_act(c->m, ACT_STREAM_WAIT);
    if (error != CUDA_SUCCESS || !e->recorded)
        return error; /* an event that was never recorded holds nobody up */
    if (s->tail < e->ns)
        s->tail = e->ns;
    MACHINE_OBSERVE(c->m, waited, number, (uint32_t)c->q->arg[0]);
    return CUDA_SUCCESS;
}

int machine_call_EVENT_QUERY(const struct call *c)
{
    const struct event *e = event_of(c, c->q->arg[0]);
    if (!e)
        return CUDA_INVALID_HANDLE;
    int error = machine_act(c->m, ACT_EVENT_QUERY);
    if (error == CUDA_SUCCESS)
        error = reached(c->m, e->ns);
    if (error == CUDA_SUCCESS && e->recorded)
        MACHINE_OBSERVE(c->m, event_seen, (uint32_t)c->q->arg[0]);
    return error;
}

int machine_call_EVENT_SYNC(const struct call *c)
{
    const struct event *e = event_of(c, c->q->arg[0]);
    if (!e)
        return CUDA_INVALID_HANDLE;
    const int error = machine_act(c->m, ACT_SYNC_EVENT);
    if (error != CUDA_SUCCESS)
        return error;
    machine_see(c->m, e->ns);
    if (e->recorded)
        MACHINE_OBSERVE(c->m, event_seen, (uint32_t)c->q->arg[0]);
    return CUDA_SUCCESS;
}

int machine_call_EVENT_TIME(const struct call *c)
{
    const struct event *a = event_of(c, c->q->arg[0]), *b = event_of(c, c->q->arg[1]);
    if (!a || !b || !a->timed || !b->timed || !a->recorded || !b->recorded)
        return CUDA_INVALID_HANDLE;
    const int error = machine_act(c->m, ACT_EVENT_TIME);
    if (error != CUDA_SUCCESS)
        return error;
    if (a->ns > c->m->host_ns || b->ns > c->m->host_ns)
        return CUDA_NOT_READY;
    c->reply->ret[0] = b->ns - a->ns; /* two's complement: may be negative */
    return CUDA_SUCCESS;
}

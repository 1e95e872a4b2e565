/* Streams, events, and waiting with an end. */
#include <time.h>

#include "grader/vgpu/real/inside.h"

static int64_t now_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* The driver's own waits have no end, and a stranger's kernel may have none either. */
int real_wait(struct real *r, int device, driver_stream s)
{
    const int64_t end = now_ms() + r->config.wait_ms;
    long pause_ns = 1000;
    int error;
    while ((error = r->d->stream_query(s)) == DRIVER_NOT_READY) {
        if (now_ms() > end)
            return real_refuse(r, device, DRIVER_LAUNCH_TIMEOUT, "a kernel runs for too long");
        nanosleep(&(struct timespec){.tv_nsec = pause_ns}, NULL);
        if (pause_ns < 200000)
            pause_ns *= 2;
    }
    return error ? real_refuse(r, device, error, "waiting for a stream") : CUDA_SUCCESS;
}

int real_wait_device(struct real *r, int device)
{
    int error = real_use(r, device);
    if (error == CUDA_SUCCESS)
        error = real_wait(r, device, NULL);
    for (size_t i = 1; error == CUDA_SUCCESS && i < REAL_STREAMS; i++)
        if (r->streams[i].used && r->streams[i].device == device)
            error = real_wait(r, device, r->streams[i].handle);
    return error;
}

bool real_stream_of(const struct real_call *c, driver_stream *ret)
{
    const uint64_t n = c->q->stream;
    *ret = NULL;
    if (n == 0)
        return true;
    if (n >= REAL_STREAMS || !c->r->streams[n].used || c->r->streams[n].device != (int)c->q->device)
        return false;
    *ret = c->r->streams[n].handle;
    return true;
}

int real_STREAM_NEW(const struct real_call *c)
{
    struct real *r = c->r;
    int error = real_act(r, ACT_STREAM);
    for (size_t i = 1; error == CUDA_SUCCESS && i < REAL_STREAMS; i++) {
        struct real_stream *s = &r->streams[i];
        if (s->used)
            continue;
        error = r->d->stream_new(&s->handle, c->q->arg[0] ? DRIVER_STREAM_NON_BLOCKING : 0,
                                 (int)(int64_t)c->q->arg[1]);
        s->used = error == CUDA_SUCCESS;
        s->device = (int)c->q->device;
        c->reply->ret[0] = i;
        return error;
    }
    return error ? error : CUDA_MEMORY_ALLOCATION;
}

int real_STREAM_FREE(const struct real_call *c)
{
    driver_stream s;
    if (c->q->stream == 0 || !real_stream_of(c, &s))
        return CUDA_INVALID_HANDLE;
    c->r->streams[c->q->stream].used = false;
    return c->r->d->stream_free(s);
}

int real_STREAM_QUERY(const struct real_call *c)
{
    driver_stream s;
    if (!real_stream_of(c, &s))
        return CUDA_INVALID_HANDLE;
    const int error = real_act(c->r, ACT_STREAM_QUERY);
    return error ? error : c->r->d->stream_query(s);
}

int real_STREAM_SYNC(const struct real_call *c)
{
    driver_stream s;
    if (!real_stream_of(c, &s))
        return CUDA_INVALID_HANDLE;
    const int error = real_act(c->r, ACT_SYNC_STREAM);
    return error ? error : real_wait(c->r, (int)c->q->device, s);
}

int real_DEVICE_SYNC(const struct real_call *c)
{
    const int error = real_act(c->r, ACT_SYNC_DEVICE);
    return error ? error : real_wait_device(c->r, (int)c->q->device);
}

static struct real_event *event_of(const struct real_call *c, uint64_t n)
{
    return n < REAL_EVENTS && c->r->events[n].handle ? &c->r->events[n] : NULL;
}

int real_EVENT_NEW(const struct real_call *c)
{
    struct real *r = c->r;
    int error = real_act(r, ACT_EVENT);
    for (size_t i = 1; error == CUDA_SUCCESS && i < REAL_EVENTS; i++) {
        struct real_event *e = &r->events[i];
        if (e->handle)
            continue;
        *e = (struct real_event){.timed = c->q->arg[0] == 0, .device = (int)c->q->device};
        error = r->d->event_new(&e->handle, e->timed ? 0 : DRIVER_EVENT_UNTIMED);
        c->reply->ret[0] = i;
        return error;
    }
    return error ? error : CUDA_MEMORY_ALLOCATION;
}

int real_EVENT_FREE(const struct real_call *c)
{
    struct real_event *e = event_of(c, c->q->arg[0]);
    if (!e)
        return CUDA_INVALID_HANDLE;
    const int error = c->r->d->event_free(e->handle);
    *e = (struct real_event){.handle = NULL};
    return error;
}

int real_EVENT_RECORD(const struct real_call *c)
{
    struct real_event *e = event_of(c, c->q->arg[0]);
    driver_stream s;
    if (!e || !real_stream_of(c, &s) || e->device != (int)c->q->device)
        return CUDA_INVALID_HANDLE;
    int error = real_act(c->r, ACT_EVENT_RECORD);
    if (error == CUDA_SUCCESS)
        error = c->r->d->event_record(e->handle, s);
    e->recorded |= error == CUDA_SUCCESS;
    return error;
}

int real_EVENT_WAIT(const struct real_call *c)
{
    const struct real_event *e = event_of(c, c->q->arg[0]);
    driver_stream s;
    if (!e || !real_stream_of(c, &s))
        return CUDA_INVALID_HANDLE;
    const int error = real_act(c->r, ACT_STREAM_WAIT);
    return error ? error : c->r->d->stream_wait(s, e->handle, 0);
}

int real_EVENT_QUERY(const struct real_call *c)
{
    const struct real_event *e = event_of(c, c->q->arg[0]);
    if (!e)
        return CUDA_INVALID_HANDLE;
    const int error = real_act(c->r, ACT_EVENT_QUERY);
    return error ? error : c->r->d->event_query(e->handle);
}

int real_EVENT_SYNC(const struct real_call *c)
{
    const struct real_event *e = event_of(c, c->q->arg[0]);
    if (!e)
        return CUDA_INVALID_HANDLE;
    int error = real_act(c->r, ACT_SYNC_EVENT);
    const int64_t end = now_ms() + c->r->config.wait_ms;
    if (error != CUDA_SUCCESS)
        return error;
    while ((error = c->r->d->event_query(e->handle)) == DRIVER_NOT_READY) {
        if (now_ms() > end)
            return real_refuse(c->r, e->device, DRIVER_LAUNCH_TIMEOUT,
                               "a kernel before an event runs for too long");
        nanosleep(&(struct timespec){.tv_nsec = 20000}, NULL);
    }
    return error;
}

int real_EVENT_TIME(const struct real_call *c)
{
    const struct real_event *a = event_of(c, c->q->arg[0]), *b = event_of(c, c->q->arg[1]);
    if (!a || !b || !a->timed || !b->timed || !a->recorded || !b->recorded)
        return CUDA_INVALID_HANDLE;
    float ms = 0.0f;
    int error = real_act(c->r, ACT_EVENT_TIME);
    if (error == CUDA_SUCCESS)
        error = c->r->d->event_ms(&ms, a->handle, b->handle);
    c->reply->ret[0] = (uint64_t)(int64_t)((double)ms * 1e6); /* may be negative */
    return error;
}

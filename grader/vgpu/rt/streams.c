/* Streams, events, and the way of work to the device process. */
#include <stdlib.h>
#include <string.h>

#include "grader/vgpu/rt/rt.h"

enum { NON_BLOCKING = 1, DISABLE_TIMING = 2 };

static struct rt_stream legacy[RT_DEVICES];
static struct rt_stream *streams; /* all that were created */
static pthread_mutex_t streams_mutex = PTHREAD_MUTEX_INITIALIZER;
static _Thread_local struct rt_stream *own[RT_DEVICES]; /* per-thread default streams */

struct rt_stream *rt_streams(void)
{
    return streams;
}

static int new_stream(struct rt_stream **ret, unsigned flags, int priority)
{
    struct rt_stream *s = calloc(1, sizeof *s);
    if (!s)
        return RT_MEMORY;
    *s = (struct rt_stream){.magic = RT_STREAM_MAGIC,
                            .flags = flags,
                            .device = *rt_current_device(),
                            .priority = priority};
    struct wire_request q = {.call = WIRE_STREAM_NEW,
                             .device = (uint32_t)s->device,
                             .arg = {flags & NON_BLOCKING, (uint64_t)(int64_t)priority}};
    struct wire_reply r;
    const int error = rt_ask(&q, NULL, &r, NULL);
    if (error != RT_OK) {
        free(s);
        return error;
    }
    s->id = r.ret[0];
    pthread_mutex_lock(&streams_mutex);
    s->next = streams;
    streams = s;
    pthread_mutex_unlock(&streams_mutex);
    *ret = s;
    return RT_OK;
}

static struct rt_stream *legacy_stream(void)
{
    struct rt_stream *s = &legacy[*rt_current_device()];
    s->magic = RT_STREAM_MAGIC;
    s->device = *rt_current_device();
    return s;
}

static struct rt_stream *own_stream(void)
{
    struct rt_stream **s = &own[*rt_current_device()];
    if (!*s && new_stream(s, 0, 0) != RT_OK)
        return NULL;
    return *s;
}

struct rt_stream *rt_stream_of(void *handle)
{
    const uintptr_t number = (uintptr_t)handle;
    if (number == 2 || (number == 0 && *rt_per_thread()))
        return own_stream();
    if (number < 2)
        return legacy_stream();
    struct rt_stream *s = handle;
    return s->magic == RT_STREAM_MAGIC ? s : NULL;
}

/* ---- the way of work ---- */

/* Moves bytes `done` to `done + n` of rows between the window and the program's memory. */
static void move_rows(unsigned char *host, size_t pitch, size_t width, size_t done, size_t n,
                      bool to_window)
{
    unsigned char *window = rt_window();
    for (size_t moved = 0; moved < n;) {
        const size_t row = (done + moved) / width, column = (done + moved) % width;
        const size_t left = width - column;
        const size_t piece = left < n - moved ? left : n - moved;
        unsigned char *at = host + row * pitch + column;
        memcpy(to_window ? window + moved : at, to_window ? at : window + moved, piece);
        moved += piece;
    }
}

static size_t bounded(size_t n)
{
    return n < WIRE_WINDOW ? n : WIRE_WINDOW;
}

static int copy_in(struct rt_work *w)
{
    const size_t total = w->width * w->height;
    unsigned char *host = (unsigned char *)(uintptr_t)w->from;
    struct wire_request q = w->q;
    struct wire_reply r;
    int error = rt_window() ? RT_OK : RT_NO_DEVICE;
    rt_lock();
    for (size_t done = 0; error == RT_OK && done < total;) {
        const size_t n = bounded(total - done);
        move_rows(host, w->from_pitch, w->width, done, n, true);
        q.arg[done == 0 ? 4 : 0] = n;
        error = rt_ask_locked(&q, NULL, &r, NULL);
        q = (struct wire_request){.call = WIRE_COPY_DATA, .device = q.device};
        done += n;
    }
    rt_unlock();
    return error;
}

static int copy_out(struct rt_work *w)
{
    const size_t total = w->width * w->height;
    struct wire_request q = w->q;
    struct wire_reply r;
    int error = RT_OK;
    rt_lock();
    for (size_t done = 0; error == RT_OK && done < total;) {
        error = rt_ask_locked(&q, NULL, &r, NULL);
        if (error == RT_OK && (r.ret[0] == 0 || r.ret[0] > total - done))
            error = RT_INVALID_VALUE;
        if (error != RT_OK)
            break;
        move_rows(w->to, w->to_pitch, w->width, done, r.ret[0], false);
        done += r.ret[0];
        q = (struct wire_request){
            .call = WIRE_COPY_DATA, .device = q.device, .arg[0] = bounded(total - done)};
    }
    rt_unlock();
    return error;
}

static int copy_host(struct rt_work *w)
{
    struct wire_reply r;
    const int error = rt_ask(&w->q, NULL, &r, NULL);
    for (size_t row = 0; error == RT_OK && row < w->height; row++)
        memmove((char *)w->to + row * w->to_pitch, (const char *)w->from + row * w->from_pitch,
                w->width);
    return error;
}

int rt_submit(struct rt_stream *s, struct rt_work *w)
{
    struct wire_reply r;
    int error = RT_OK;
    w->q.stream = s->id;
    w->q.device = (uint32_t)s->device;
    switch (w->kind) {
    case RT_PLAIN:
        if (w->q.call == WIRE_LAUNCH)
            error = rt_managed_push();
        return error == RT_OK ? rt_ask(&w->q, w->payload, &r, NULL) : error;
    case RT_COPY_IN:
        return copy_in(w);
    case RT_COPY_OUT:
        error = copy_out(w);
        if (w->q.flags & WIRE_BLOCKING && !(w->q.flags & WIRE_SYMBOL))
            rt_print();
        return error;
    case RT_COPY_HOST:
        return copy_host(w);
    case RT_HOST_FUNC:
        error = rt_ask(&w->q, NULL, &r, NULL);
        if (error == RT_OK)
            w->host_func(w->host_data);
        return error;
    case RT_EMPTY:
        return RT_OK;
    }
    return RT_INVALID_VALUE;
}

int rt_enqueue(void *stream_handle, struct rt_work *w)
{
    struct rt_stream *s = rt_stream_of(stream_handle);
    if (!s)
        return RT_INVALID_HANDLE;
    if (!s->capture)
        return rt_submit(s, w);
    return w->q.flags & WIRE_BLOCKING ? RT_CAPTURE_UNSUPPORTED : rt_capture(s, w);
}

/* Asks something about a stream or a device after which the host has seen its work. */
static int wait_for(struct wire_request *q)
{
    struct wire_reply r;
    int error = rt_ask(q, NULL, &r, NULL);
    if (r.printed)
        rt_print();
    if (error == RT_OK)
        error = rt_managed_pull();
    return rt_done(error);
}

/* ---- streams ---- */

int cudaStreamCreateWithPriority(void **ret, unsigned flags, int priority)
{
    struct rt_stream *s = NULL;
    if (!ret)
        return rt_done(RT_INVALID_VALUE);
    const int error = new_stream(&s, flags, priority < -5 ? -5 : priority > 0 ? 0 : priority);
    if (error == RT_OK)
        *ret = s;
    return rt_done(error);
}

int cudaStreamCreateWithFlags(void **ret, unsigned flags)
{
    return cudaStreamCreateWithPriority(ret, flags, 0);
}

int cudaStreamCreate(void **ret)
{
    return cudaStreamCreateWithPriority(ret, 0, 0);
}

int cudaStreamDestroy(void *handle)
{
    struct rt_stream *s = (uintptr_t)handle > 2 ? rt_stream_of(handle) : NULL;
    if (!s)
        return rt_done(RT_INVALID_HANDLE); /* the streams that are always there stay */
    struct wire_request q = {
        .call = WIRE_STREAM_FREE, .device = (uint32_t)s->device, .stream = s->id};
    struct wire_reply r;
    const int error = rt_ask(&q, NULL, &r, NULL);
    pthread_mutex_lock(&streams_mutex);
    for (struct rt_stream **at = &streams; *at; at = &(*at)->next)
        if (*at == s) {
            *at = s->next;
            break;
        }
    pthread_mutex_unlock(&streams_mutex);
    s->magic = 0;
    free(s->tail);
    free(s);
    return rt_done(error);
}

static int ask_stream(void *handle, uint32_t call)
{
    const struct rt_stream *s = rt_stream_of(handle);
    if (!s)
        return rt_done(RT_INVALID_HANDLE);
    if (s->capture)
        return rt_done(RT_CAPTURE_UNSUPPORTED);
    struct wire_request q = {.call = call, .device = (uint32_t)s->device, .stream = s->id};
    return wait_for(&q);
}

int cudaStreamSynchronize(void *stream)
{
    return ask_stream(stream, WIRE_STREAM_SYNC);
}

int cudaStreamQuery(void *stream)
{
    return ask_stream(stream, WIRE_STREAM_QUERY);
}

int cudaDeviceSynchronize(void)
{
    struct wire_request q = {.call = WIRE_DEVICE_SYNC, .device = (uint32_t)*rt_current_device()};
    return wait_for(&q);
}

int cudaStreamGetFlags(void *stream, unsigned *ret)
{
    const struct rt_stream *s = rt_stream_of(stream);
    if (!s || !ret)
        return rt_done(s ? RT_INVALID_VALUE : RT_INVALID_HANDLE);
    *ret = s->flags;
    return RT_OK;
}

int cudaStreamGetPriority(void *stream, int *ret)
{
    const struct rt_stream *s = rt_stream_of(stream);
    if (!s || !ret)
        return rt_done(s ? RT_INVALID_VALUE : RT_INVALID_HANDLE);
    *ret = s->priority;
    return RT_OK;
}

int cudaStreamGetDevice(void *stream, int *ret)
{
    const struct rt_stream *s = rt_stream_of(stream);
    if (!s || !ret)
        return rt_done(s ? RT_INVALID_VALUE : RT_INVALID_HANDLE);
    *ret = s->device;
    return RT_OK;
}

int cudaStreamGetId(void *stream, unsigned long long *ret)
{
    const struct rt_stream *s = rt_stream_of(stream);
    if (!s || !ret)
        return rt_done(s ? RT_INVALID_VALUE : RT_INVALID_HANDLE);
    *ret = s->id ? s->id : (unsigned)s->device;
    return RT_OK;
}

int cudaDeviceGetStreamPriorityRange(int *least, int *greatest)
{
    if (least)
        *least = 0;
    if (greatest)
        *greatest = -5;
    return RT_OK;
}

/* ---- host functions ---- */

int cudaLaunchHostFunc(void *stream, void (*fn)(void *), void *data)
{
    struct rt_work w = {
        .kind = RT_HOST_FUNC, .q = {.call = WIRE_HOST_FUNC}, .host_func = fn, .host_data = data};
    return rt_done(fn ? rt_enqueue(stream, &w) : RT_INVALID_VALUE);
}

int cudaStreamAddCallback(void *stream, void (*fn)(void *, int, void *), void *data, unsigned flags)
{
    struct rt_stream *s = rt_stream_of(stream);
    struct wire_request q = {.call = WIRE_HOST_FUNC};
    struct wire_reply r;
    if (!s || !fn || flags != 0)
        return rt_done(s ? RT_INVALID_VALUE : RT_INVALID_HANDLE);
    if (s->capture)
        return rt_done(RT_CAPTURE_UNSUPPORTED);
    q.stream = s->id;
    q.device = (uint32_t)s->device;
    const int error = rt_ask(&q, NULL, &r, NULL);
    fn(stream, error, data);
    return rt_done(error);
}

/* ---- events ---- */

static struct rt_event *event_of(void *handle)
{
    struct rt_event *e = handle;
    return e && e->magic == RT_EVENT_MAGIC ? e : NULL;
}

int cudaEventCreateWithFlags(void **ret, unsigned flags)
{
    struct rt_event *e = calloc(1, sizeof *e);
    struct wire_request q = {.call = WIRE_EVENT_NEW,
                             .device = (uint32_t)*rt_current_device(),
                             .arg[0] = flags & DISABLE_TIMING};
    struct wire_reply r;
    if (!ret || !e) {
        free(e);
        return rt_done(ret ? RT_MEMORY : RT_INVALID_VALUE);
    }
    const int error = rt_ask(&q, NULL, &r, NULL);
    if (error != RT_OK) {
        free(e);
        return rt_done(error);
    }
    *e = (struct rt_event){.magic = RT_EVENT_MAGIC, .id = r.ret[0], .device = *rt_current_device()};
    *ret = e;
    return RT_OK;
}

int cudaEventCreate(void **ret)
{
    return cudaEventCreateWithFlags(ret, 0);
}

int cudaEventDestroy(void *handle)
{
    struct rt_event *e = event_of(handle);
    if (!e)
        return rt_done(RT_INVALID_HANDLE);
    struct wire_request q = {
        .call = WIRE_EVENT_FREE, .device = (uint32_t)e->device, .arg[0] = e->id};
    struct wire_reply r;
    const int error = rt_ask(&q, NULL, &r, NULL);
    e->magic = 0;
    free(e->tail);
    free(e);
    return rt_done(error);
}

int cudaEventRecordWithFlags(void *handle, void *stream, unsigned flags)
{
    struct rt_event *e = event_of(handle);
    struct rt_stream *s = rt_stream_of(stream);
    (void)flags;
    if (!e || !s)
        return rt_done(RT_INVALID_HANDLE);
    if (s->capture)
        return rt_done(rt_capture_record(s, e));
    e->capture = NULL;
    struct wire_request q = {
        .call = WIRE_EVENT_RECORD, .device = (uint32_t)s->device, .stream = s->id, .arg[0] = e->id};
    struct wire_reply r;
    return rt_done(rt_ask(&q, NULL, &r, NULL));
}

int cudaEventRecord(void *event, void *stream)
{
    return cudaEventRecordWithFlags(event, stream, 0);
}

int cudaStreamWaitEvent(void *stream, void *handle, unsigned flags)
{
    struct rt_event *e = event_of(handle);
    struct rt_stream *s = rt_stream_of(stream);
    (void)flags;
    if (!e || !s)
        return rt_done(RT_INVALID_HANDLE);
    if (e->capture)
        return rt_done(rt_capture_wait(s, e));
    if (s->capture)
        return rt_done(905); /* cudaErrorStreamCaptureIsolation: work from outside */
    struct wire_request q = {
        .call = WIRE_EVENT_WAIT, .device = (uint32_t)s->device, .stream = s->id, .arg[0] = e->id};
    struct wire_reply r;
    return rt_done(rt_ask(&q, NULL, &r, NULL));
}

static int ask_event(void *handle, uint32_t call)
{
    const struct rt_event *e = event_of(handle);
    if (!e)
        return rt_done(RT_INVALID_HANDLE);
    if (e->capture)
        return rt_done(907); /* cudaErrorCapturedEvent */
    struct wire_request q = {.call = call, .device = (uint32_t)e->device, .arg[0] = e->id};
    return wait_for(&q);
}

int cudaEventSynchronize(void *event)
{
    return ask_event(event, WIRE_EVENT_SYNC);
}

int cudaEventQuery(void *event)
{
    return ask_event(event, WIRE_EVENT_QUERY);
}

int cudaEventElapsedTime(float *ret, void *from, void *to)
{
    const struct rt_event *a = event_of(from), *b = event_of(to);
    if (!a || !b || !ret)
        return rt_done(ret ? RT_INVALID_HANDLE : RT_INVALID_VALUE);
    struct wire_request q = {
        .call = WIRE_EVENT_TIME, .device = (uint32_t)a->device, .arg = {a->id, b->id}};
    struct wire_reply r;
    const int error = rt_ask(&q, NULL, &r, NULL);
    if (error == RT_OK)
        *ret = (float)((double)(int64_t)r.ret[0] / 1e6);
    return rt_done(error);
}

int cudaEventElapsedTime_v2(float *ret, void *from, void *to)
{
    return cudaEventElapsedTime(ret, from, to);
}

#include "grader/vgpu/check/order.h"

#include <stdlib.h>
#include <string.h>

struct clock {
    uint32_t at[ORDER_STREAMS];
};

struct stream {
    bool used, legacy, blocking;
    uint32_t name;
    int device;
    struct clock clock;
};

struct event {
    bool used;
    uint32_t name;
    struct clock *clock; /* NULL: never recorded */
};

struct order {
    struct stream streams[ORDER_STREAMS];
    struct event events[ORDER_EVENTS];
    struct clock host;
    uint32_t now; /* place of the stream that issued last */
    bool lost;    /* more streams or events than there is room for */
};

struct order *order_new(void)
{
    return calloc(1, sizeof(struct order));
}

void order_free(struct order *o)
{
    for (size_t e = 0; o && e < ORDER_EVENTS; e++)
        free(o->events[e].clock);
    free(o);
}

static void join(struct clock *to, const struct clock *from)
{
    for (size_t s = 0; s < ORDER_STREAMS; s++)
        if (from->at[s] > to->at[s])
            to->at[s] = from->at[s];
}

static struct stream *find_stream(struct order *o, uint32_t name)
{
    for (size_t s = 0; s < ORDER_STREAMS; s++)
        if (o->streams[s].used && o->streams[s].name == name)
            return &o->streams[s];
    return NULL;
}

/* A place is used again with its count, so that old points stay old. */
void order_stream_made(struct order *o, uint32_t stream, int device, bool legacy, bool blocking)
{
    for (size_t s = 0; s < ORDER_STREAMS; s++) {
        struct stream *t = &o->streams[s];
        if (t->used)
            continue;
        const uint32_t number = t->clock.at[s];
        *t = (struct stream){
            .used = true, .legacy = legacy, .blocking = blocking, .name = stream, .device = device};
        t->clock = o->host;
        t->clock.at[s] = number;
        return;
    }
    o->lost = true;
}

void order_stream_gone(struct order *o, uint32_t stream)
{
    struct stream *s = find_stream(o, stream);
    if (s)
        s->used = false;
}

uint32_t order_streams_open(const struct order *o)
{
    uint32_t n = 0;
    for (size_t s = 0; s < ORDER_STREAMS; s++)
        n += o->streams[s].used && !o->streams[s].legacy;
    return n;
}

/* The legacy stream of a device waits for its blocking streams, and they for it. */
static void join_legacy(struct order *o, struct stream *s)
{
    for (size_t k = 0; k < ORDER_STREAMS; k++) {
        const struct stream *t = &o->streams[k];
        if (!t->used || t == s || t->device != s->device)
            continue;
        if ((s->legacy && t->blocking) || (s->blocking && t->legacy))
            join(&s->clock, &t->clock);
    }
}

struct order_point order_issue(struct order *o, uint32_t stream)
{
    struct stream *s = find_stream(o, stream);
    if (!s) {
        o->lost = true;
        return (struct order_point){0, 0};
    }
    const uint32_t place = (uint32_t)(s - o->streams);
    join(&s->clock, &o->host);
    join_legacy(o, s);
    o->now = place;
    return (struct order_point){place, ++s->clock.at[place]};
}

static struct event *find_event(struct order *o, uint32_t name, bool make)
{
    for (uint32_t k = 0; k < ORDER_EVENTS; k++) {
        struct event *e = &o->events[(name + k) % ORDER_EVENTS];
        if (e->used && e->name == name)
            return e;
        if (!e->used && make) {
            e->used = true;
            e->name = name;
            return e;
        }
        if (!e->used)
            return NULL;
    }
    o->lost = o->lost || make;
    return NULL;
}

void order_recorded(struct order *o, uint32_t event, uint32_t stream)
{
    struct stream *s = find_stream(o, stream);
    struct event *e = find_event(o, event, true);
    if (!s || !e)
        return;
    if (!e->clock && !(e->clock = calloc(1, sizeof(*e->clock)))) {
        o->lost = true;
        return;
    }
    join_legacy(o, s);
    *e->clock = s->clock;
}

void order_waited(struct order *o, uint32_t stream, uint32_t event)
{
    struct stream *s = find_stream(o, stream);
    const struct event *e = find_event(o, event, false);
    if (s && e && e->clock)
        join(&s->clock, e->clock);
}

void order_event_seen(struct order *o, uint32_t event)
{
    const struct event *e = find_event(o, event, false);
    if (e && e->clock)
        join(&o->host, e->clock);
}

void order_stream_seen(struct order *o, uint32_t stream)
{
    const struct stream *s = find_stream(o, stream);
    if (s)
        join(&o->host, &s->clock);
}

void order_device_seen(struct order *o, int device)
{
    for (size_t s = 0; s < ORDER_STREAMS; s++)
        if (o->streams[s].used && o->streams[s].device == device)
            join(&o->host, &o->streams[s].clock);
}

bool order_before(const struct order *o, struct order_point p)
{
    return o->lost || p.number == 0 || o->streams[o->now].clock.at[p.stream] >= p.number;
}

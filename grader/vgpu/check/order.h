/* What happens before what: streams, events and the host, by vector clocks. A point is (stream,
 * number of the work in it); work A is before work B when B's stream knew A when B was issued. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

enum { ORDER_STREAMS = 256, ORDER_EVENTS = 4096 };

struct order_point {
    uint32_t stream, number; /* number 0: before everything */
};

struct order;

struct order *order_new(void); /* NULL: no memory */
void order_free(struct order *o);

/* Streams and events by any numbers of the caller's. Beyond ORDER_STREAMS and ORDER_EVENTS all
 * order is taken for granted: a hazard may then be missed, and none is invented. */
void order_stream_made(struct order *o, uint32_t stream, int device, bool legacy, bool blocking);
void order_stream_gone(struct order *o, uint32_t stream);
/* Streams that were made and are not gone, without the legacy ones. */
uint32_t order_streams_open(const struct order *o);
/* The next work of a stream; what it knows is what order_before() asks from now on. */
struct order_point order_issue(struct order *o, uint32_t stream);
void order_recorded(struct order *o, uint32_t event, uint32_t stream);
void order_waited(struct order *o, uint32_t stream, uint32_t event);
/* The host has waited; what it issues later is behind that. */
void order_event_seen(struct order *o, uint32_t event);
void order_stream_seen(struct order *o, uint32_t stream);
void order_device_seen(struct order *o, int device);

/* Whether the work at `p` is over before the work that was issued last begins. */
bool order_before(const struct order *o, struct order_point p);

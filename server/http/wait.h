/* Where requests wait without a thread. Waking the topic that a waiter watches, its time, or
 * closing the room resumes its connection. All functions but wait_until may be called by any
 * thread. */
#pragma once

#include <microhttpd.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

struct wait_room;

enum { WAIT_TOPIC_MAX = 64 };
struct waiter { /* zeroed but for the connection; belongs to the room while inside */
    struct MHD_Connection *connection;
    char topic[WAIT_TOPIC_MAX]; /* "": none */
    struct waiter *previous, *next;
    int64_t until_ms;
    bool inside, suspended, woken;
};

MUST_CHECK enum err_code wait_room_new(struct wait_room **ret, struct err *why);
/* Nobody may be inside any more. */
void wait_room_free(struct wait_room *room);

enum wait_result { WAIT_SUSPENDED, WAIT_LOOK_AGAIN, WAIT_OVER };
/* Suspends the connection, unless it was woken since the last look, the time is over or the room is
 * closed. Call it on the connection's own thread. */
enum wait_result wait_until(struct wait_room *room, struct waiter *w, int64_t until_ms);

/* Starts to watch; what is woken from now on is remembered until the next wait. */
void wait_watch(struct wait_room *room, struct waiter *w, const char *topic);
void wait_wake(struct wait_room *room, const char *topic);
/* Nothing touches the waiter any more. */
void wait_leave(struct wait_room *room, struct waiter *w);
/* Everyone looks again and nobody is suspended any more. */
void wait_close(struct wait_room *room);
bool wait_closed(struct wait_room *room);

int64_t wait_now_ms(void);

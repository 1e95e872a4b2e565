/* Where requests wait without a thread. A wake, its time, or closing the room resumes a waiter's
 * connection. All functions but wait_until may be called from any thread. */
#pragma once

#include <microhttpd.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

struct wait_room;

struct waiter { /* zeroed but for the connection; belongs to the room while inside */
    struct MHD_Connection *connection;
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

/* What is woken before it waits is remembered until it does. */
void wait_wake(struct wait_room *room, struct waiter *w);
/* Nothing touches the waiter any more. */
void wait_leave(struct wait_room *room, struct waiter *w);
/* Everyone looks again and nobody is suspended any more. */
void wait_close(struct wait_room *room);
bool wait_closed(struct wait_room *room);

int64_t wait_now_ms(void);

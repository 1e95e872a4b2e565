/* Events of finished submissions, as they are replayed to those who come later. While a submission
 * is graded its events live in the dispatcher's memory (dispatch_events, which readers use
 * for both); they are stored with the report. A grading that is cut short is done again from the
 * start, so its events are worth no fsync of their own. */
#pragma once

#include "server/store/store.h"

enum {
    EVENT_NAME_MAX = 40,
    EVENT_JSON_MAX = 16 * 1024,
    EVENTS_PER_ATTEMPT = 10000, /* seq = attempt * this + number in the attempt, from 1 */
};

struct event {
    int64_t seq;      /* grows without end for one submission, also across restarts */
    const char *name; /* "group_finished"; the last one is "finished" */
    const char *json; /* one object on one line, unredacted */
};

/* The stored events with a greater seq than `after`, in order. */
MUST_CHECK enum err_code event_list(struct store *s, const char *submission, int64_t after,
                                    struct arena *a, struct event **ret, size_t *ret_count,
                                    struct err *why);

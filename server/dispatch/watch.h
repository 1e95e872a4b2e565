/* Watching one submission: its events as one stream, whether they are still being made or were
 * stored long ago.
 *
 *     struct watch *w = NULL;
 *     if ((rc = watch_open(hub, store, id, last_event_id, NULL, NULL, &w, why)) != OK) ...
 *     while ((rc = watch_next(w, 15000, &arena, &event, why)) != ERR_NOT_FOUND)
 *         ... OK: send the event; ERR_TIMEOUT: send a comment line; ERR_BUSY: the server stops
 *     watch_close(w);
 *
 * To be sure to miss nothing, open the watch first and read the submission from the store then.
 * A client that resumes passes its Last-Event-ID as `after`; seq grows across restarts, so a
 * grading that had to start again is shown from its start.
 *
 * Beside the grader's events (compile_started ... timed_finished) there is
 * {"event":"state","state":"running"|"queued"}: it was leased, or its grader died and it waits
 * again. The last one is `finished`; it appears only after the report is on the disk. Events are
 * unredacted, but the grader puts no case data of hidden groups into them. */
#pragma once

#include "server/store/event.h"

struct hub;
struct watch;

/* `wake` (may be NULL) is called whenever watch_next has become able to return at once, by another
 * thread, under the hub's lock: it must not block nor call functions of this header. After
 * watch_close it is never called. ERR_NOT_FOUND: no such submission. */
MUST_CHECK enum err_code watch_open(struct hub *hub, struct store *store, const char *submission,
                                    int64_t after, void (*wake)(void *ctx), void *ctx,
                                    struct watch **ret, struct err *why);
void watch_close(struct watch *w); /* NULL is fine */

/* The next event, waiting up to timeout_ms (0: not at all). Its texts are the arena's.
 * ERR_TIMEOUT: none yet. ERR_NOT_FOUND: `finished` was the last one. ERR_BUSY: the server stops. */
MUST_CHECK enum err_code watch_next(struct watch *w, int64_t timeout_ms, struct arena *a,
                                    struct event *ret, struct err *why);

/* Waits until the submission is finished, without reading events.
 * OK: finished; ERR_TIMEOUT; ERR_BUSY. */
MUST_CHECK enum err_code watch_finished(struct watch *w, int64_t timeout_ms, struct err *why);

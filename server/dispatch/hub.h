/* What is said of the gradings under way, kept in memory from a job's lease until its report is
 * stored; and the one listener who is told that something was said. */
#pragma once

#include "server/store/event.h"

struct hub;

MUST_CHECK enum err_code hub_new(struct hub **ret, struct err *why);
void hub_free(struct hub *h);

/* See dispatch_listen. */
void hub_listen(struct hub *h, void (*on_change)(void *ctx, const char *submission), void *ctx);

/* An attempt begins: what was said in one before is forgotten. ERR_NOMEM. */
MUST_CHECK enum err_code hub_begin(struct hub *h, const char *submission, int attempt,
                                   struct err *why);
/* Adds an event and tells the listener. One too many for an attempt, too long, or without memory
 * for it: it is dropped, as a reader would rather miss one event than lose the grading. So is one
 * of an attempt that is not the present one: its worker has lost the lease and does not know yet.
 */
void hub_add(struct hub *h, const char *submission, int attempt, const char *name,
             const char *json);
/* The attempt is over and its events are in the store: forgets it and tells. */
void hub_end(struct hub *h, const char *submission, int attempt);

/* Copies the events after a number. False: nothing is known here of this submission. */
MUST_CHECK enum err_code hub_read(struct hub *h, const char *submission, int64_t after,
                                  struct arena *a, struct event **ret, size_t *ret_count,
                                  bool *ret_known, struct err *why);

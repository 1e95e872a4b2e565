/* The dispatcher: takes queued jobs, lets `grade` judge them in child processes, relays what they
 * say, stores what they find.
 *
 *     struct dispatch *d = NULL;
 *     rc = dispatch_start(&(struct dispatch_config){.store = s, ...}, &d, why);
 *     ... submission_create(s, ...); dispatch_wake(d); ...
 *     dispatch_stop(d, 30000);
 *
 * Each worker is a thread that lives until the end: the grader asks the kernel to be killed when
 * the thread that started it dies. One worker grades one job at a time. */
#pragma once

#include "server/dispatch/watch.h"
#include "server/store/store.h"

struct dispatch_config {
    struct store *store;    /* borrowed until dispatch_stop */
    const char *jobs_dir;   /* DATA/jobs; emptied at start: whoever worked there is dead */
    const char *grade_path; /* the program `grade` */
    const char *labs_dir;   /* passed as --labs; NULL: grade's own default */
    unsigned workers;       /* 0: one per core this process may run on */
    bool pin;               /* give each worker's grader a core of its own (--core N) */
    int64_t timeout_ms;     /* a grader that takes longer is killed; 0: ten minutes. Longer than all
                               limits inside, or else it would judge instead of them */
    int64_t lease_ms;       /* 0: 30 s; renewed at a third of it */
};

struct dispatch;

/* Takes back the leases of servers that died, and starts the workers. */
MUST_CHECK enum err_code dispatch_start(const struct dispatch_config *config, struct dispatch **ret,
                                        struct err *why);

/* Takes no further job; waits up to `grace_ms` for those under way, then kills their graders and
 * puts the jobs back into the queue, uncounted. Readers waiting in a watch are told ERR_BUSY. All
 * watches must be closed before dispatch_free. NULL is fine for both. */
void dispatch_stop(struct dispatch *d, int64_t grace_ms);
void dispatch_free(struct dispatch *d);

/* There is something new in the queue. Any thread; cheap. */
void dispatch_wake(struct dispatch *d);

/* What is said while grading goes on; for the API's watch_open. Borrowed until dispatch_free. */
struct hub *dispatch_hub(struct dispatch *d);

struct dispatch_stats {
    unsigned workers, busy;
    int64_t graded, died; /* gradings since the start: that gave a report; whose grader died */
};
struct dispatch_stats dispatch_stats(struct dispatch *d);
